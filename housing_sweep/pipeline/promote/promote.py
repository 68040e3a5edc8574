"""Promote a model: `promote` decides and writes; `--dry-run` only decides.

Deciding reads: it ranks the sweep's runs, has a judge build the best again and settle ties, and
lets the winner contest the champion (`judge`). The order of the writes, and what an interruption
after each leaves:

1. The record, not yet `applied`, with what is about to be displaced; that is known only before the
   alias moves. Left alone it promises nothing; a rerun resumes the same run.
2. What was built here for it, a refit or a trial of another environment, is logged: an artifact
   that nobody points at. The link. Both again return the version that is there.
3. The alias, in one request: readers see the old version or the new one.
4. The record, `applied`. Missing, a rerun finds the alias in place and an open record of this very
   model, repeats 2 and 3, which change nothing, and closes it.

Two finalizers at once: each waits, its record written, for promotions of the alias that began
earlier. If the champion is another one then, it withdraws its record and decides again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from housing_sweep.errors import Conflict, Refused
from housing_sweep.pipeline.judge.contest import ModelJudge
from housing_sweep.pipeline.ports import Backend, Judge
from housing_sweep.pipeline.promote.gather import gather
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.values import Say
from housing_sweep.registry.policy import NoComparison
from housing_sweep.registry.promotion import (
    Decision,
    PromotionCase,
    Verdict,
    Version,
    decide,
    record,
)
from housing_sweep.registry.selection import Winner

Judges = Callable[[Backend, Say], AbstractContextManager[Judge]]

MOST_ROUNDS = 5
"""Times a promotion decides again because another one was faster."""


def quiet(_: str) -> None:
    """Say nothing."""


def promote(
    backend: Backend, request: PromotionRequest, say: Say = quiet, judges: Judges = ModelJudge
) -> tuple[Decision, Version]:
    """Decide and carry it out; return the decision and the version that holds the alias.

    Doing it again changes nothing, and completes what an interrupted one left.

    Args:
        backend: who is asked, and written to.
        request: what to promote.
        say: told what is being done.
        judges: makes the judge of models.

    Raises:
        NotPromoted: no model earns the alias; the reasons are named, nothing is changed.
        Conflict: other promotions were faster, again and again.
    """
    for _ in range(MOST_ROUNDS):
        with judges(backend, say) as judge:
            decision = _decide(backend, judge, request, say)
            best, champion = decision.case.challenger, decision.case.champion
            if best is None or decision.verdict is Verdict.REFUSE:
                raise refusal(decision)
            if champion is not None and not decision.must_write:
                return decision, champion
            say(f"moving {decision.case.target}")
            version = _apply(backend, judge, decision, best)
            if version is not None:
                return decision, version
        say("another promotion was faster: deciding again")
    raise Conflict(f"{request.alias} was moved {MOST_ROUNDS} times meanwhile", fix="run it again")


def decide_promotion(
    backend: Backend, request: PromotionRequest, say: Say = quiet, judges: Judges = ModelJudge
) -> Decision:
    """Return what `promote` would do; changes nothing.

    Raises:
        BadInput: the sweep or the alias cannot be one, or no finished trial has the metric.
        NotFound: the sweep or the version does not exist.
    """
    with judges(backend, say) as judge:
        return _decide(backend, judge, request, say)


def _decide(backend: Backend, judge: Judge, request: PromotionRequest, say: Say) -> Decision:
    case = gather(backend, judge, request, say)
    best, before = case.challenger, decide(case, None)
    if best is None or before.verdict is not Verdict.PROMOTE or case.unverified:
        return before  # nothing that a contest could change
    compared = judge.contest(
        best.model, case.champion, refit=request.refit, spatial=request.spatial
    )
    return decide(case, compared)


def _apply(backend: Backend, judge: Judge, decision: Decision, best: Winner) -> Version | None:
    """Carry a decision out; return None if another promotion was faster."""
    case, registry = decision.case, backend.registry
    ref, target, model = case.sweep, case.target, best.model
    own = judge.own(model, refit=case.refit) if case.built else None
    resumed = decision.resumes.run_id if decision.resumes else None
    with backend.promotions.write(ref, target, resumed, record(decision, best)) as run:
        for artifact in _inputs(case, model.name):
            run.uses(artifact)
        if own is not None:
            model = run.logs(own)
        version = registry.link(ref, target, model)
        run.wait_for_turn()
        holder = registry.champion(ref, target)
        if _id(holder) != _id(case.champion) and _id(holder) != model.id:
            run.withdrawn(f"{target.alias} went to {holder.name if holder else 'nobody'} meanwhile")
            return None
        registry.move_alias(ref, target, version, unverified=case.unverified)
        run.applied(
            {
                "promoted": version.name,
                "score": decision.score,
                "artifact": model.name,
                "artifact_id": model.id,
                **_compared(decision),
            }
        )
    return version


def _id(version: Version | None) -> str:
    return version.source_id if version else ""


def _compared(decision: Decision) -> dict[str, object]:
    comparison = decision.comparison
    if comparison is None or isinstance(comparison, NoComparison):
        return {}
    return {
        "test_rmse": comparison.challenger.rmse,
        "champion_test_rmse": comparison.champion.rmse,
        "test_rmse_difference": comparison.difference,
        "spatial_test_rmse": comparison.challenger.as_json()["spatial_rmse"],
        **({"hard_difference": comparison.hard.difference} if comparison.hard else {}),
    }


def _inputs(case: PromotionCase, model: str) -> list[str]:
    champion = case.champion
    dataset = [case.dataset.name] if case.dataset else []
    # Interrupted after the alias had moved, what was built for it is the champion already.
    other = champion and champion.source != model and not case.is_champion
    displaced = [champion.source] if champion and other else []
    return [*dataset, model, *displaced]


class NotPromoted(Refused):
    """A refusal, with the decision behind it."""

    def __init__(self, what: str, *, fix: str, decision: Decision) -> None:
        super().__init__(what, fix=fix)
        self.decision = decision


def refusal(decision: Decision) -> NotPromoted:
    """Return the error that says why nothing is promoted."""
    case = decision.case
    what = f"cannot promote to {case.target}: {decision.reason}"
    if case.moved_from is None and case.challenger is None:
        lines = "".join(
            f"\n  - {row.candidate.id}: {row.why_not}" for row in case.ranked if row.why_not
        )
        what = (
            f"no run of sweep {case.sweep} can be promoted by {case.score.name}:"
            f" {decision.reason}{lines}"
        )
    return NotPromoted(what, fix=decision.checks[-1].fix, decision=decision)
