"""The decision to promote, and the record that outlives it.

A decision is a value: `--dry-run`, `--json`, the table and `pipeline.promote` read the same one.
Its checks stand in the order in which they were made; the first that fails ends them:
`finished` (some run of the sweep is), `candidate` (one has a finite score and a model that was
built again), `data` (nothing is wrong with its table), `change` (the alias is not there already),
`earned` (it beats the champion, by policy), `guard` (it is not worse on the hard split).

The record (version 1) is the config of a run with `job_type="promote"`, grouped by target; its
summary says `applied` once the alias has moved. Rollback and audit read these runs and nothing
else (`registry.alias_history`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from housing_sweep.registry.alias_history import PROMOTE, ROLLBACK
from housing_sweep.registry.findings import Findings
from housing_sweep.registry.model_facts import DatasetUse
from housing_sweep.registry.policy import (
    Comparison,
    Guard,
    NoComparison,
    Policy,
    earned,
    guarded,
)
from housing_sweep.registry.proof import How, Proof
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.registry.selection import Model, Ranked, Winner, winner
from housing_sweep.search.score import Score

RECORD_VERSION = 1
JOB_TYPE = "promote"
EARN_IT = (
    "improve the model, or choose another rule: --require noninferior --margin 0.005,"
    " --require none"
)
GUARD_OFF = "improve the model where it is new, or let it be worse there: --guard none"


class Verdict(Enum):
    """What shall happen."""

    PROMOTE = "promote"
    UNCHANGED = "unchanged"  # the alias is on that version already
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Check:
    """One question that a promotion must answer with yes, and the figures behind the answer.

    Attributes:
        name: of the question.
        passed: whether the answer is yes.
        reason: the figures.
        fix: what to do about a no.
    """

    name: str
    passed: bool
    reason: str
    fix: str = ""


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
        unverified: whether it is marked as one that nobody built again.
    """

    name: str
    version: str
    source_id: str
    source: str
    digest: str
    url: str = ""
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """The newest record of a target that says `applied: false`: someone was interrupted.

    Attributes:
        run_id: of the record.
        of: name of the trial's model, or of the version, that was promoted.
        built: what was built here for it: refit, rebuilt, or "" for itself.
        displaced: name of the version that lost the alias, or "".
        who: whose key wrote it, by the backend's word; nobody else completes it.
    """

    run_id: str
    of: str
    built: str
    displaced: str
    who: str


@dataclass(frozen=True, slots=True)
class PromotionCase:
    """What a promotion was asked for, and what was read to answer; `decide` judges it.

    Attributes:
        sweep: whose best run it is; id "" when a version is moved on from another alias.
        target: the alias.
        score: by which runs are ranked.
        ranked: the best runs, best first, each with the reason why it cannot win.
        policy: what the challenger must show.
        dataset: what the winner was built from; unproved, what its run says it used; or None.
        champion: the version that holds the alias now, or None.
        open_record: an interrupted promotion of the alias, whichever model it was of.
        who: the person who decides.
        refit: whether the winner's config, fitted on training and validation rows, is promoted.
        moved_from: the version that is moved on from another alias, or None.
        proof: how the winner came to be believed; None without one.
        findings: what is wrong with the dataset.
        data_policy: by which that was judged.
        champion_has_its_bits: whether the alias is on what would be built here for the winner.
    """

    sweep: SweepRef
    target: Target
    score: Score
    ranked: tuple[Ranked, ...]
    policy: Policy
    dataset: DatasetUse | None = None
    champion: Version | None = None
    open_record: OpenRecord | None = None
    who: str = ""
    refit: bool = False
    moved_from: Version | None = None
    proof: Proof | None = None
    findings: Findings = ()
    data_policy: Mapping[str, object] = field(default_factory=dict)
    champion_has_its_bits: bool = False

    @property
    def challenger(self) -> Winner | None:
        """Return the winner, or None."""
        return winner(self.ranked)

    @property
    def built(self) -> str:
        """What is built here and linked instead of the winner's artifact: refit, rebuilt, or ""."""
        if self.refit:
            return "refit"
        return "rebuilt" if self.proof and self.proof.how is How.REBUILT else ""

    @property
    def unverified(self) -> bool:
        """Whether nothing was built again, because somebody said so."""
        return self.proof is not None and self.proof.how is How.UNVERIFIED

    @property
    def is_champion(self) -> bool:
        """Whether the alias is on the winner's version (or on what is built for it) already."""
        best = self.challenger
        if best is None or self.champion is None:
            return False
        if self.built:
            return self.champion_has_its_bits
        return self.champion.source_id == best.model.id


@dataclass(frozen=True, slots=True)
class Decision:
    """Who shall hold the alias, and why.

    Attributes:
        case: what it answers.
        verdict: what shall happen.
        checks: in the order in which they were made; the last one decided.
        comparison: what the challenger showed; None before it was asked.
        resumes: an interrupted promotion of the same model, to be completed.
    """

    case: PromotionCase
    verdict: Verdict
    checks: tuple[Check, ...]
    comparison: Comparison | NoComparison | None = None
    resumes: OpenRecord | None = None

    @property
    def reason(self) -> str:
        """Return the sentence that decided, or both that compared."""
        compared = [check.reason for check in self.checks if check.name in ("earned", "guard")]
        return "; ".join(compared) or self.checks[-1].reason

    @property
    def displaced(self) -> str:
        """Return the name of the version that loses the alias, or "".

        An interrupted promotion may have moved the alias already; its record knows better.
        """
        if self.resumes is not None:
            return self.resumes.displaced
        champion = self.case.champion
        return "" if champion is None or self.verdict is Verdict.UNCHANGED else champion.name

    @property
    def score(self) -> float | None:
        """Return the winner's score, as it was built where that can be."""
        best, proof = self.case.challenger, self.case.proof
        if best is None:
            return None
        built = proof.facts.scores if proof and proof.facts else {}
        return built.get(self.case.score.name, best.score)

    @property
    def must_write(self) -> bool:
        """Whether applying it changes anything."""
        return self.verdict is Verdict.PROMOTE or self.resumes is not None


def decide(case: PromotionCase, comparison: Comparison | NoComparison | None) -> Decision:
    """Return the decision over what was read; never raises, a refusal is a decision too.

    Args:
        case: what was asked for, and what was read.
        comparison: with the champion or the baseline; None where there was nothing to compare.
    """
    best, unfinished = case.challenger, case.open_record
    checks = tuple(_checks(case, best, comparison))
    if all(check.passed for check in checks):
        verdict = Verdict.PROMOTE
    else:
        verdict = Verdict.UNCHANGED if checks[-1].name == "change" else Verdict.REFUSE
    mine = best and unfinished and _completes(case, best.model, unfinished)
    resumes = unfinished if mine and verdict is not Verdict.REFUSE else None
    return Decision(case, verdict, checks, comparison, resumes)


def _completes(case: PromotionCase, model: Model, record: OpenRecord) -> bool:
    """Return whether a promotion is the one that was interrupted, by the same person.

    Any member of the project can write a record by hand.
    """
    return (record.of, record.built, record.who) == (model.name, case.built, case.who)


def _checks(
    case: PromotionCase, best: Winner | None, comparison: Comparison | NoComparison | None
) -> Iterator[Check]:
    if case.moved_from is None:
        if not any(row.candidate.state == "finished" for row in case.ranked):
            yield Check("finished", False, "the sweep has no finished run", _another(case))
            return
        yield Check("finished", True, "the sweep has finished runs")
    if best is None:
        what = "no finished run has a score and a model that can be built again"
        if case.moved_from is None:
            yield Check("candidate", False, what, _another(case))
        else:
            yield Check("candidate", False, _why_not(case), "promote another version")
        return
    yield Check("candidate", True, _sentence(case, best))
    refused = [finding for finding in case.findings if finding.refused]
    if refused:
        reasons = "; ".join(finding.says for finding in refused)
        allow = " ".join(f"--allow {kind}" for kind in sorted({one.kind for one in refused}))
        fix = f"publish the table without it and sweep again, or let it pass, on record: {allow}"
        yield Check("data", False, f"scores on its data say nothing: {reasons}", fix)
        return
    champion, alias = case.champion, case.target.alias
    if case.is_champion and champion:
        yield Check("change", False, f"{alias} is on {champion.name} already, which is this model")
        return
    now = f"{alias} is on {champion.name}" if champion else f"nothing holds {alias}"
    yield Check("change", True, now)
    if case.unverified:
        yield Check("earned", True, "not compared: nothing was built or loaded (--unverified)")
    elif comparison is not None:
        passed, reason = earned(case.policy, comparison)
        yield Check("earned", passed, reason, EARN_IT)
        guard = guarded(case.policy, comparison)
        if passed and guard is not None:
            yield Check("guard", *guard, GUARD_OFF)


def _another(case: PromotionCase) -> str:
    return f"let a trial finish (wandb agent {case.sweep}), or name another --metric"


def _sentence(case: PromotionCase, best: Winner) -> str:
    proof = case.proof
    how = _HOW[proof.how] if proof else "not built again"
    if proof and proof.how is How.REBUILT:
        how += f" ({proof.why})"
    if best.score is None:
        return f"{best.candidate.id} is {how}"
    ties = sum(row.tied for row in case.ranked)
    among = f", the lightest of {ties} that tie within noise" if ties else ""
    return f"{best.candidate.id} has {case.score.name} {best.score:.6g}, {how}{among}"


_HOW = {
    How.IDENTICAL: "built again bit for bit",
    How.REBUILT: "built here instead",
    How.UNVERIFIED: "UNVERIFIED: its run's word, nothing was built",
}


def _why_not(case: PromotionCase) -> str:
    return "; ".join(row.why_not for row in case.ranked if row.why_not)


def record(decision: Decision, best: Winner) -> dict[str, object]:
    """Return the config of the promotion run: decision, reasons, figures, who, what it displaced.

    Nothing in it is a run's word where it was built again: config, scores and data are those of the
    build. Keys keep their meaning within `RECORD_VERSION`; later versions only add.

    Args:
        decision: to promote.
        best: who wins it.
    """
    case, model, proof = decision.case, best.model, decision.case.proof
    built = proof.facts if proof else None
    facts = built or model.facts
    return {
        "record_version": RECORD_VERSION,
        "decision": PROMOTE,
        "reason": decision.reason,
        "sweep": str(case.sweep),
        "target": case.target.path,
        "alias": case.target.alias,
        "metric": case.score.name,
        "goal": case.score.goal.value,
        "score": decision.score,
        "who": case.who,
        "verified": built is not None,
        "challenger": {
            "run": best.candidate.id,
            "artifact": model.name,
            "artifact_id": model.id,
            "digest": model.digest,
            "of": model.name,
            "built": case.built,
            "model_sha256": facts.model_sha256 if facts else None,
            "refit_of": model.name if case.refit else "",
            "commit": best.candidate.commit,
            "config": dict(built.config if built else best.candidate.config),
        },
        "proof": proof.as_json() if proof else None,
        "displaced": decision.displaced,
        "moved_from": case.moved_from.name if case.moved_from else "",
        "dataset": _dataset(case.dataset),
        "data_findings": [finding.as_json() for finding in case.findings],
        "data_policy": dict(case.data_policy),
        "policy": _policy(case.policy, decision.comparison),
        "comparison": decision.comparison.as_json() if decision.comparison else None,
        "checks": [_check(check) for check in decision.checks],
        "ranked": [_row(case, row) for row in case.ranked],
    }


def rollback_record(
    target: Target, back_to: Version, displaced: str, who: str, reason: str, proof: Proof
) -> dict[str, object]:
    """Return the config of the run that records a rollback."""
    return {
        "record_version": RECORD_VERSION,
        "decision": ROLLBACK,
        "reason": reason,
        "target": target.path,
        "alias": target.alias,
        "who": who,
        "challenger": {"artifact": back_to.source, "artifact_id": back_to.source_id},
        "displaced": displaced,
        "proof": proof.as_json(),
    }


def as_json(decision: Decision, promoted: Version | None) -> dict[str, object]:
    """Return the decision for programs; `promoted` is None when nothing was written."""
    case, best = decision.case, decision.case.challenger
    return {
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "sweep": str(case.sweep),
        "target": str(case.target),
        "metric": case.score.name,
        "goal": case.score.goal.value,
        "who": case.who,
        "winner": None if best is None else _row(case, best.row),
        "refit": case.refit,
        "moved_from": case.moved_from.name if case.moved_from else None,
        "displaced": decision.displaced or None,
        "dataset": _dataset(case.dataset),
        "proof": case.proof.as_json() if case.proof else None,
        "data_findings": [finding.as_json() for finding in case.findings],
        "data_policy": dict(case.data_policy),
        "policy": _policy(case.policy, decision.comparison),
        "comparison": decision.comparison.as_json() if decision.comparison else None,
        "checks": [_check(check) for check in decision.checks],
        "ranked": [_row(case, row) for row in case.ranked],
        "promoted": None if promoted is None else promoted.name,
    }


def _policy(policy: Policy, compared: Comparison | NoComparison | None) -> dict[str, object]:
    """Return rule and guard; margins are what intervals had to stay below, if they were asked."""
    margin, guard_margin = policy.margin, None
    if isinstance(compared, Comparison):
        margin = policy.bound(compared.margin)
        if compared.hard is not None and policy.guard is Guard.HARD:
            guard_margin = compared.hard.margin
    return {
        "require": policy.require.value,
        "margin": margin,
        "guard": policy.guard.value,
        "guard_margin": guard_margin,
    }


def _check(check: Check) -> dict[str, object]:
    return {"name": check.name, "passed": check.passed, "reason": check.reason}


def _dataset(dataset: DatasetUse | None) -> dict[str, str] | None:
    if dataset is None:
        return None
    return {"artifact": dataset.name, "digest": dataset.digest, "source": dataset.source}


def _row(case: PromotionCase, row: Ranked) -> Mapping[str, object]:
    """Return a row; a winner that was built has the config that it was built from."""
    built = case.proof.facts if case.proof and row.won else None
    return {
        "run": row.candidate.id,
        "name": row.candidate.name,
        "state": row.candidate.state,
        "score": row.score,
        "why_not": row.why_not,
        "tied": row.tied,
        "model": row.model.name if row.model else None,
        "commit": row.candidate.commit,
        "config": dict(built.config if built else row.candidate.config),
    }
