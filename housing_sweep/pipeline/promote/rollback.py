"""Put an alias back to the version that the last promotion displaced.

Which one that was is told by records, which any member of the project can write by hand: so the
version is proved before the alias goes to it, as a promotion would.
"""

from collections.abc import Callable

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import Backend
from housing_sweep.registry.alias_history import ROLLBACK, Move, back_from
from housing_sweep.registry.promotion import Version, rollback_record
from housing_sweep.registry.proof import How, Proof
from housing_sweep.registry.references import SweepRef, Target


def rollback(
    backend: Backend,
    prove: Callable[[Version], Proof],
    alias: str,
    reason: str,
    to_version: str = "",
    *,
    dry_run: bool = False,
) -> tuple[Version, Version]:
    """Move an alias back and record it; return (the version that lost it, the one that has it).

    Args:
        backend: holds the alias, and the record of its moves.
        prove: returns how a version came to be believed, or raises Refused.
        alias: its name.
        reason: why, for the record.
        to_version: such as v3; default what the last promotion displaced.
        dry_run: change nothing.

    Raises:
        NotFound: nothing holds the alias, or the version is gone.
        Conflict: there is no earlier version, or the alias was moved by other means.
        Refused: the version is not what its run says.
    """
    registry, promotions = backend.registry, backend.promotions
    target, home = Target(alias), registry.home
    holder = registry.champion(home, target)
    if holder is None:
        raise NotFound(f"nothing holds {target}", fix="promote a version first")
    moves = promotions.moves(home, target)
    unfinished = _unfinished(moves, holder)
    name = to_version or (
        holder.version if unfinished else back_from(alias, holder.name, moves).rpartition(":")[2]
    )
    version = registry.version(home, target.path, name)
    if version is None:
        raise NotFound(
            f"{target.path}:{name} is not there any more",
            fix="name another version with --to-version",
        )
    if version.name == holder.name and unfinished is None:
        return holder, version
    proof = prove(version)
    if dry_run:
        return holder, version
    record = rollback_record(target, version, holder.name, promotions.who, reason, proof)
    ref, run_id = home, None
    if unfinished is not None:  # the alias has moved: complete its record
        entity, project, run_id = unfinished.record.split("/")
        ref = SweepRef(entity, project, home.id)
        record["displaced"] = unfinished.displaced
    with promotions.write(ref, target, run_id, record) as run:
        run.uses(version.source)
        run.wait_for_turn()
        registry.move_alias(home, target, version, unverified=proof.how is How.UNVERIFIED)
        run.applied({"promoted": version.name})
    return holder, version


def _unfinished(moves: list[Move], holder: Version) -> Move | None:
    """Return a rollback that moved the alias to its holder, but died before it said so."""
    newest = moves[-1] if moves else None
    if newest is None or newest.kind != ROLLBACK or newest.applied:
        return None
    return newest if newest.artifact_id == holder.source_id else None
