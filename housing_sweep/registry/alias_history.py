"""What an alias pointed at over time, read from the promotion runs; and the way back.

Every move of an alias, forward or back, is a run with job type "promote". Replayed in order they
are a stack: a promotion pushes a version, a rollback pops one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from housing_sweep.errors import Conflict
from housing_sweep.search.score import finite

PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True, slots=True)
class Move:
    """One move of an alias, or one that was begun.

    Attributes:
        record: entity/project/id of the promotion run.
        at: when, ISO 8601.
        kind: promote or rollback.
        version: name of the version the alias went to, or "" if it never did.
        displaced: name of the version that lost it, or "".
        who: the person.
        applied: whether the alias has moved.
        reason: why: the last check of a promotion, or what the person said.
        run: the run that made the model, or "".
        score: its validation score, or None.
        artifact_id: of the artifact that the version links to.
        alias: that moved.
        proof: how its version came to be believed (`proof.How`), or "" where a record says nothing.
        model_sha256: of the `model.joblib` that was built for the proof, or "".
        skops_sha256: of the `model.skops` that was, or "".
    """

    record: str
    at: str
    kind: str
    version: str
    displaced: str
    who: str
    applied: bool
    reason: str = ""
    run: str = ""
    score: float | None = None
    artifact_id: str = ""
    alias: str = ""
    proof: str = ""
    model_sha256: str = ""
    skops_sha256: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return asdict(self)


def read_move(
    record: str, at: str, config: Mapping[str, object], summary: Mapping[str, object]
) -> Move:
    """Return the move that a promotion run tells of (`promotion.record`)."""
    promoted, proof = _mapping(config.get("challenger")), _mapping(config.get("proof"))
    built = _mapping(proof.get("built"))
    return Move(
        record=record,
        at=at,
        kind=str(config.get("decision", PROMOTE)),
        version=str(summary.get("promoted") or ""),
        displaced=str(config.get("displaced") or ""),
        who=str(config.get("who") or ""),
        applied=summary.get("applied") is True,
        reason=str(config.get("reason") or ""),
        run=str(promoted.get("run") or ""),
        score=finite(config.get("score")),
        artifact_id=str(summary.get("artifact_id") or promoted.get("artifact_id") or ""),
        alias=str(config.get("alias") or ""),
        proof=str(proof.get("how") or ""),
        model_sha256=str(built.get("model_sha256") or ""),
        skops_sha256=str(built.get("skops_sha256") or ""),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def stack(moves: Iterable[Move]) -> tuple[str, ...]:
    """Return the versions that promotions put on an alias and no rollback took, oldest first."""
    versions: list[str] = []
    for move in sorted(moves, key=lambda one: (one.at, one.record)):
        if not move.applied or not move.version:
            continue
        if move.kind == ROLLBACK:
            if move.version in versions:  # back to it, over whatever came later
                del versions[len(versions) - versions[::-1].index(move.version) :]
            else:
                versions = [move.version]
        elif versions[-1:] != [move.version]:
            versions.append(move.version)
    return tuple(versions)


def back_from(alias: str, holder: str, moves: Iterable[Move]) -> str:
    """Return the version that a rollback of an alias goes to.

    Args:
        alias: its name, for messages.
        holder: the version that has it now.
        moves: of the alias.

    Raises:
        Conflict: there is no earlier version, or the alias was moved by other means.
    """
    versions = stack(moves)
    fix = f"name the version yourself: housing-sweep rollback {alias} --to-version vN"
    if not versions:
        raise Conflict(f"no promotion of {alias} is on record", fix=fix)
    if versions[-1] != holder:
        raise Conflict(
            f"{alias} is on {holder}, but the last promotion on record put it on {versions[-1]}:"
            " somebody moved it by other means",
            fix=fix,
        )
    if len(versions) < 2:
        raise Conflict(f"{alias} has no earlier version than {holder}", fix=fix)
    return versions[-2]
