"""Promote a model: `promote` decides and writes; `--dry-run` only decides.

Deciding reads: it ranks the sweep's runs, has a judge verify the best and settle ties, and lets the
winner contest the champion (`judge`). The order of the writes, and what an interruption after
each leaves:

0. A refit is logged: an artifact that nobody points at.
1. The record, not yet `applied`, with what is about to be displaced; that is known only before the
   alias moves. Left alone it promises nothing; a rerun resumes the same run.
2. The link. Linking again returns the same version.
3. The alias, in one request: readers see the old version or the new one.
4. The record, `applied`. Missing, a rerun finds the alias in place and an open record of this very
   model, repeats 2 and 3, which change nothing, and closes it.

Two finalizers at once: each waits, its record written, for promotions of the alias that began
earlier. If the champion is another one then, it withdraws its record and decides again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from housing_sweep.errors import BadInput, Conflict, NotFound, Refused
from housing_sweep.pipeline.judge.contest import ModelJudge
from housing_sweep.pipeline.ports import Backend, Judge, Sweeps
from housing_sweep.pipeline.values import Refit, Say, SweepFacts
from housing_sweep.registry.policy import Guard, NoComparison, Policy
from housing_sweep.registry.promotion import (
    Decision,
    PromotionCase,
    Verdict,
    Version,
    decide,
    record,
)
from housing_sweep.registry.references import SweepId, SweepRef, Target, artifact_name
from housing_sweep.registry.selection import (
    Ranked,
    Winner,
    merge,
    select,
    settle_ties,
    winner,
)
from housing_sweep.registry.verification import usual_dataset
from housing_sweep.search.score import Goal, Score, metric_names, score_of, unknown_metric

Judges = Callable[[Backend, Say], AbstractContextManager[Judge]]

SHOWN = 10
"""Rows of the table: runs near the top that get their reason, and that may tie with the best."""

MOST_ROUNDS = 5
"""Times a promotion decides again because another one was faster."""


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class PromotionRequest:
    """What to promote, where, and under which conditions.

    Attributes:
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL; "" to move a version on.
        source: alias (or v3) of the version to move on; "" to take a sweep's best.
        alias: where to.
        metric: key of the score; default the sweep's own, else val_rmse.
        goal: whether a small or a large value of it is good; None where that is known.
        policy: what the challenger must show against the champion.
        strict_best: take the best score even if a lighter model ties with it.
        refit: promote the winner's config fitted on training and validation rows.
        spatial: measure both models where whole regions are held out too.
    """

    sweep: str = ""
    source: str = ""
    alias: str = "staging"
    metric: str | None = None
    goal: Goal | None = None
    policy: Policy = field(default_factory=Policy)
    strict_best: bool = False
    refit: bool = False
    spatial: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            BadInput: both a sweep and a source, or neither; options that need a sweep; a guard over
                what is not measured.
        """
        if bool(self.sweep) == bool(self.source):
            raise BadInput(
                "name a sweep to promote from, or --from ALIAS, one of the two",
                fix="e.g. housing-sweep promote ENTITY/PROJECT/ID --alias staging",
            )
        if self.source and self.source == self.alias:
            raise BadInput(
                f"--from {self.source} --to {self.alias} moves nothing", fix="name another --to"
            )
        if self.source and (self.refit or self.metric or self.goal or self.strict_best):
            raise BadInput(
                "--refit, --metric, --goal and --strict-best choose among the trials of a sweep;"
                " --from takes a version as it is",
                fix="leave them out, or name a sweep",
            )
        if self.policy.guard is Guard.HARD and not self.spatial:
            raise BadInput(
                "the policy guards what `spatial=False` does not measure",
                fix="Policy(guard=Guard.NONE)",
            )


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
            decision, refit = _decide(backend, judge, request, say)
            best, champion = decision.case.challenger, decision.case.champion
            if best is None or decision.verdict is Verdict.REFUSE:
                raise refusal(decision)
            if champion is not None and not decision.must_write:
                return decision, champion
            say(f"moving {decision.case.target}")
            version = _apply(backend, decision, best, refit)
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
        return _decide(backend, judge, request, say)[0]


def _decide(
    backend: Backend, judge: Judge, request: PromotionRequest, say: Say
) -> tuple[Decision, Refit | None]:
    if request.sweep:
        case = _of_sweep(backend, judge, request, say)
    else:
        case = _of_version(backend, judge, request)
    best, before = case.challenger, decide(case, None)
    if best is None or before.verdict is not Verdict.PROMOTE:
        return before, None  # nothing that a contest could change
    refit = judge.refit(best.model) if request.refit else None
    compared = judge.contest(refit or best.model, case.champion, spatial=request.spatial)
    return decide(case, compared), refit


def _of_sweep(backend: Backend, judge: Judge, request: PromotionRequest, say: Say) -> PromotionCase:
    target = Target(request.alias)  # an impossible alias is refused before anything is read
    facts = backend.sweeps.sweep(SweepRef.parse(request.sweep))
    score = score_of(facts.objectives, request.metric, request.goal)
    say(f"ranking the runs of {facts.ref} by {score.name}, {score.goal.value}")
    ranked = rank(backend.sweeps, judge, facts, score)
    if not request.strict_best and score == score_of({}):
        ranked = settle_ties(ranked, judge.ties, judge.examine)
    best = winner(ranked)
    dataset = backend.runs.dataset_of(best.candidate) if best else None
    if dataset is not None:
        target = replace(target, collection=artifact_name(dataset.name))
    return PromotionCase(
        sweep=facts.ref,
        target=target,
        score=score,
        ranked=ranked,
        policy=request.policy,
        dataset=dataset,
        champion=backend.registry.champion(facts.ref, target),
        open_record=backend.promotions.open_record(facts.ref, target),
        who=backend.promotions.who,
        refit=request.refit,
    )


def rank(sweeps: Sweeps, judge: Judge, facts: SweepFacts, score: Score) -> tuple[Ranked, ...]:
    """Return the best runs of a sweep, best first; costs a page or two, whatever its size.

    Raises:
        BadInput: trials have finished, and none of them has the score; theirs are named.
    """
    finished = sweeps.finished(facts.ref, score)
    top = list(islice(finished, SHOWN))
    judge.expect_dataset(usual_dataset(run.summary.get("dataset_digest") for run in top))
    ranked = select(chain(top, finished), score, judge.examine, SHOWN)
    summaries = [row.candidate.summary for row in ranked]
    if summaries and all(score.raw(summary) is None for summary in summaries):
        raise unknown_metric(score.name, metric_names(summaries))
    return merge(ranked, sweeps.unfinished(facts.ref, score, SHOWN), score)


def _of_version(backend: Backend, judge: Judge, request: PromotionRequest) -> PromotionCase:
    target, home = Target(request.alias), backend.registry.home
    source = backend.registry.version(home, target.path, request.source)
    if source is None:
        raise NotFound(
            f"{target.path} has no version with alias {request.source!r}",
            fix="housing-sweep model history shows what is there",
        )
    model = backend.artifacts.model(source.source)
    candidate = backend.runs.made_by(model)
    if candidate is None:
        raise NotFound(f"the run that made {source.source} was deleted", fix="promote from a sweep")
    score = score_of({})
    why = judge.rejection_of(model)
    row = Ranked(candidate, score.read(candidate.summary), why, None if why else model)
    row = replace(row, won=not why)
    entity, project, _ = candidate.id.split("/")
    ref = SweepRef(entity, project, SweepId(""))
    return PromotionCase(
        sweep=ref,
        target=target,
        score=score,
        ranked=(row,),
        policy=request.policy,
        dataset=backend.runs.dataset_of(candidate),
        champion=backend.registry.champion(ref, target),
        open_record=backend.promotions.open_record(ref, target),
        who=backend.promotions.who,
        moved_from=source,
    )


def _apply(
    backend: Backend, decision: Decision, best: Winner, refit: Refit | None
) -> Version | None:
    """Carry a decision out; return None if another promotion was faster."""
    case, registry = decision.case, backend.registry
    ref, target, model = case.sweep, case.target, best.model
    if refit is not None:
        model = registry.log_refit(ref, refit)
    elif case.refit and case.champion:  # an interrupted one moved the alias to the refit
        model = backend.artifacts.model(case.champion.source)
    resumed = decision.resumes.run_id if decision.resumes else None
    with backend.promotions.write(ref, target, resumed, record(decision, best, model)) as run:
        for artifact in _inputs(case, model.name):
            run.uses(artifact)
        version = registry.link(ref, target, model)
        run.wait_for_turn()
        holder = registry.champion(ref, target)
        if _id(holder) != _id(case.champion) and _id(holder) != model.id:
            run.withdrawn(f"{target.alias} went to {holder.name if holder else 'nobody'} meanwhile")
            return None
        registry.move_alias(ref, target, version)
        run.applied({"promoted": version.name, "score": best.score, **_compared(decision)})
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
    }


def _inputs(case: PromotionCase, model: str) -> list[str]:
    champion = case.champion
    dataset = [case.dataset.name] if case.dataset else []
    displaced = [champion.source] if champion and champion.source != model else []
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
