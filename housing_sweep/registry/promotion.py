"""The decision to promote, and the record that outlives it.

A decision is a value: `--dry-run`, `--json`, the text and `apply_promotion` read the same one.
Its checks stand in the order in which they were made; the first that fails ends them:
`finished` (some run of the sweep is), `candidate` (one has a finite score and a model),
`change` (the alias is not there already). Verification of the model and comparison with the
champion are further checks between `candidate` and `change`.

The record (version 1) is the config of a run with `job_type="promote"`, grouped by target; its
summary says `applied` once the alias has moved. Rollback and audit read these runs and nothing
else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from housing_sweep.registry.names import SweepRef, Target
from housing_sweep.registry.selection import Goal, Ranked, winner

RECORD_VERSION = 1
JOB_TYPE = "promote"


class Verdict(Enum):
    """What shall happen."""

    PROMOTE = "promote"
    UNCHANGED = "unchanged"  # the alias is on that version already
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Check:
    """One question that a promotion must answer with yes, and the figures behind the answer."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version in the registry collection.

    Attributes:
        name: `registry/collection:vN`.
        version: `vN`, counted in the collection.
        source_id: id of the artifact it links to; equal to `Model.id`.
        source: qualified name of that artifact.
        digest: of its contents.
        url: its page, or "".
    """

    name: str
    version: str
    source_id: str
    source: str
    digest: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The dataset version a model came from, as its run used it."""

    name: str
    digest: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """The newest record of a target that says `applied: false`: someone was interrupted."""

    run_id: str
    challenger_id: str
    displaced: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who shall hold the alias, and why.

    Attributes:
        ranked: the best runs, best first, each with the reason why it cannot win.
        dataset: what the winner's run used, or None.
        champion: the version that holds the alias now, or None.
        open_record: an interrupted promotion of the same model, to be completed.
        who: the person who decides.
    """

    sweep: SweepRef
    target: Target
    metric: str
    goal: Goal
    verdict: Verdict
    checks: tuple[Check, ...]
    ranked: tuple[Ranked, ...]
    dataset: Dataset | None = None
    champion: Version | None = None
    open_record: OpenRecord | None = None
    who: str = ""

    @property
    def challenger(self) -> Ranked | None:
        """Return the winning row, or None."""
        return winner(self.ranked)

    @property
    def displaced(self) -> str:
        """Return the name of the version that loses the alias, or "".

        An interrupted promotion may have moved the alias already; its record knows better.
        """
        if self.open_record is not None:
            return self.open_record.displaced
        if self.champion is None or self.verdict is Verdict.UNCHANGED:
            return ""
        return self.champion.name

    @property
    def must_write(self) -> bool:
        """Whether applying it changes anything."""
        return self.verdict is Verdict.PROMOTE or self.open_record is not None


def decide(
    sweep: SweepRef,
    target: Target,
    metric: str,
    goal: Goal,
    ranked: tuple[Ranked, ...],
    champion: Version | None,
    dataset: Dataset | None,
    open_record: OpenRecord | None,
    who: str,
) -> Decision:
    """Return the decision over what was read; never raises, a refusal is a decision too."""
    best = winner(ranked)
    mine = open_record if best and open_record and _same(best, open_record.challenger_id) else None
    checks = _checks(ranked, best, champion, target, metric)
    if not all(check.passed for check in checks):
        held = checks[-1].name == "change"
        verdict = Verdict.UNCHANGED if held else Verdict.REFUSE
    else:
        verdict = Verdict.PROMOTE
    return Decision(
        sweep, target, metric, goal, verdict, checks, ranked, dataset, champion, mine, who
    )


def _same(row: Ranked, source_id: str) -> bool:
    return row.model is not None and row.model.id == source_id


def _checks(
    ranked: tuple[Ranked, ...],
    best: Ranked | None,
    champion: Version | None,
    target: Target,
    metric: str,
) -> tuple[Check, ...]:
    finished = sum(row.candidate.state == "finished" for row in ranked)
    if not finished:
        return (Check("finished", False, "the sweep has no finished run"),)
    some = Check("finished", True, "the sweep has finished runs")
    if best is None:
        return (some, Check("candidate", False, "no finished run has a score and a model"))
    found = Check("candidate", True, f"{best.candidate.id} has {metric} {best.score:.6g}")
    if champion is not None and _same(best, champion.source_id):
        held = f"{target.alias} is on {champion.name} already, which is this model"
        return (some, found, Check("change", False, held))
    now = f"{target.alias} is on {champion.name}" if champion else f"nothing holds {target.alias}"
    return (some, found, Check("change", True, now))


def record(decision: Decision) -> dict[str, object]:
    """Return the config of the promotion run: decision, reasons, figures, who, what it displaced.

    Keys keep their meaning within `RECORD_VERSION`; later versions only add.
    """
    best = decision.challenger
    assert best is not None
    assert best.model is not None
    return {
        "record_version": RECORD_VERSION,
        "decision": Verdict.PROMOTE.value,
        "sweep": str(decision.sweep),
        "target": decision.target.path,
        "alias": decision.target.alias,
        "metric": decision.metric,
        "goal": decision.goal.value,
        "score": best.score,
        "who": decision.who,
        "challenger": {
            "run": best.candidate.id,
            "artifact": best.model.name,
            "artifact_id": best.model.id,
            "digest": best.model.digest,
            "commit": best.candidate.commit,
            "config": dict(best.candidate.config),
        },
        "displaced": decision.displaced,
        "dataset": _dataset(decision.dataset),
        "checks": [_check(check) for check in decision.checks],
        "ranked": [_row(row) for row in decision.ranked],
    }


def as_json(decision: Decision, promoted: Version | None) -> dict[str, object]:
    """Return the decision for programs; `promoted` is None when nothing was written."""
    best = decision.challenger
    return {
        "verdict": decision.verdict.value,
        "sweep": str(decision.sweep),
        "target": str(decision.target),
        "metric": decision.metric,
        "goal": decision.goal.value,
        "who": decision.who,
        "winner": None if best is None else _row(best),
        "displaced": decision.displaced or None,
        "dataset": _dataset(decision.dataset),
        "checks": [_check(check) for check in decision.checks],
        "ranked": [_row(row) for row in decision.ranked],
        "promoted": None if promoted is None else promoted.name,
    }


def _check(check: Check) -> dict[str, object]:
    return {"name": check.name, "passed": check.passed, "reason": check.reason}


def _dataset(dataset: Dataset | None) -> dict[str, str] | None:
    if dataset is None:
        return None
    return {"artifact": dataset.name, "digest": dataset.digest, "source": dataset.source}


def _row(row: Ranked) -> Mapping[str, object]:
    return {
        "run": row.candidate.id,
        "name": row.candidate.name,
        "state": row.candidate.state,
        "score": row.score,
        "why_not": row.why_not,
        "model": row.model.name if row.model else None,
        "commit": row.candidate.commit,
        "config": dict(row.candidate.config),
    }
