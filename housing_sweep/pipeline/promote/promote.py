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
from housing_sweep.pipeline.ports import SCORE, Backend, Judge, Refit, Runs, Say
from housing_sweep.registry.policy import NoComparison, Policy
from housing_sweep.registry.promotion import Asked, Decision, Verdict, Version, decide, record
from housing_sweep.registry.references import SweepId, SweepRef, Target, artifact_name
from housing_sweep.registry.selection import (
    Ranked,
    merge,
    select,
    settle_ties,
    winner,
)
from housing_sweep.registry.verification import usual_dataset
from housing_sweep.search.score import Goal, finite

Judges = Callable[[Backend, Say], AbstractContextManager[Judge]]

SHOWN = 10
"""Rows of the table: runs near the top that get their reason, and that may tie with the best."""

MOST_ROUNDS = 5
"""Times a promotion decides again because another one was faster."""


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to promote, where, and under which conditions.

    Attributes:
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL; "" to move a version on.
        source: alias (or v3) of the version to move on; "" to take a sweep's best.
        alias: where to.
        metric: key of the score; default the sweep's own, else val_rmse.
        policy: what the challenger must show against the champion.
        strict_best: take the best score even if a lighter model ties with it.
        refit: promote the winner's config fitted on training and validation rows.
        spatial: measure both models where whole regions are held out too.
    """

    sweep: str = ""
    source: str = ""
    alias: str = "staging"
    metric: str | None = None
    policy: Policy = field(default_factory=Policy)
    strict_best: bool = False
    refit: bool = False
    spatial: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            BadInput: both a sweep and a source, or neither; options that need a sweep.
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
        if self.source and (self.refit or self.metric or self.strict_best):
            raise BadInput(
                "--refit, --metric and --strict-best choose among the trials of a sweep;"
                " --from takes a version as it is",
                fix="leave them out, or name a sweep",
            )


def promote(
    backend: Backend, wanted: Wanted, say: Say = quiet, judges: Judges = ModelJudge
) -> tuple[Decision, Version]:
    """Decide and carry it out; return the decision and the version that holds the alias.

    Doing it again changes nothing, and completes what an interrupted one left.

    Args:
        backend: who is asked, and written to.
        wanted: what to promote.
        say: told what is being done.
        judges: makes the judge of models.

    Raises:
        NotPromoted: no model earns the alias; the reasons are named, nothing is changed.
        Conflict: other promotions were faster, again and again.
    """
    for _ in range(MOST_ROUNDS):
        with judges(backend, say) as judge:
            decision, refit = _decide(backend, judge, wanted, say)
            if decision.verdict is Verdict.REFUSE:
                raise refusal(decision)
            if not decision.must_write:
                assert decision.asked.champion is not None
                return decision, decision.asked.champion
            say(f"moving {decision.asked.target}")
            version = _apply(backend, decision, refit)
            if version is not None:
                return decision, version
        say("another promotion was faster: deciding again")
    raise Conflict(f"{wanted.alias} was moved {MOST_ROUNDS} times meanwhile", fix="run it again")


def decide_promotion(
    backend: Backend, wanted: Wanted, say: Say = quiet, judges: Judges = ModelJudge
) -> Decision:
    """Return what `promote` would do; changes nothing.

    Raises:
        BadInput: the sweep or the alias cannot be one.
        NotFound: the sweep or the version does not exist.
    """
    with judges(backend, say) as judge:
        return _decide(backend, judge, wanted, say)[0]


def _decide(
    backend: Backend, judge: Judge, wanted: Wanted, say: Say
) -> tuple[Decision, Refit | None]:
    if wanted.sweep:
        asked = _of_sweep(backend, judge, wanted, say)
    else:
        asked = _of_version(backend, judge, wanted)
    best = asked.challenger
    if best is None or best.model is None or asked.held_already:
        return decide(asked, None), None
    refit = judge.refit(best.model) if wanted.refit else None
    compared = judge.contest(refit or best.model, asked.champion, spatial=wanted.spatial)
    return decide(asked, compared), refit


def _of_sweep(backend: Backend, judge: Judge, wanted: Wanted, say: Say) -> Asked:
    target = Target(wanted.alias)
    facts = backend.sweep(SweepRef.parse(wanted.sweep))
    metric, goal = facts.ranked_by(wanted.metric)
    say(f"ranking the runs of {facts.ref} by {metric}")
    ranked = rank(backend, judge, facts.ref, metric, goal)
    if not wanted.strict_best and metric == SCORE and goal is Goal.MINIMIZE:
        ranked = settle_ties(ranked, judge.ties, judge.examine)
    best = winner(ranked)
    dataset = backend.dataset_of(best.candidate) if best else None
    if dataset is not None:
        target = replace(target, collection=artifact_name(dataset.name))
    return Asked(
        sweep=facts.ref,
        target=target,
        metric=metric,
        goal=goal,
        ranked=ranked,
        policy=wanted.policy,
        dataset=dataset,
        champion=backend.champion(facts.ref, target),
        open_record=backend.open_record(facts.ref, target),
        who=backend.who,
        refit=wanted.refit,
    )


def rank(backend: Runs, judge: Judge, ref: SweepRef, metric: str, goal: Goal) -> tuple[Ranked, ...]:
    """Return the best runs of a sweep, best first; costs a page or two, whatever its size."""
    finished = backend.finished(ref, metric, goal)
    top = list(islice(finished, SHOWN))
    judge.expect_dataset(usual_dataset(run.summary.get("dataset_digest") for run in top))
    ranked = select(chain(top, finished), metric, goal, judge.examine, SHOWN)
    return merge(ranked, backend.unfinished(ref, metric, goal, SHOWN), metric, goal)


def _of_version(backend: Backend, judge: Judge, wanted: Wanted) -> Asked:
    target, home = Target(wanted.alias), backend.home()
    source = backend.version(home, target.path, wanted.source)
    if source is None:
        raise NotFound(
            f"{target.path} has no version with alias {wanted.source!r}",
            fix="housing-sweep model history shows what is there",
        )
    model = backend.model(source.source)
    candidate = backend.made_by(model)
    if candidate is None:
        raise NotFound(f"the run that made {source.source} was deleted", fix="promote from a sweep")
    why = judge.rejection_of(model)
    row = Ranked(candidate, finite(candidate.summary.get(SCORE)), why, None if why else model)
    row = replace(row, won=not why)
    entity, project, _ = candidate.id.split("/")
    ref = SweepRef(entity, project, SweepId(""))
    return Asked(
        sweep=ref,
        target=target,
        metric=SCORE,
        goal=Goal.MINIMIZE,
        ranked=(row,),
        policy=wanted.policy,
        dataset=backend.dataset_of(candidate),
        champion=backend.champion(ref, target),
        open_record=backend.open_record(ref, target),
        who=backend.who,
        moved_from=source,
    )


def _apply(backend: Backend, decision: Decision, refit: Refit | None) -> Version | None:
    """Carry a decision out; return None if another promotion was faster."""
    asked, best = decision.asked, decision.asked.challenger
    assert best is not None
    assert best.model is not None
    ref, target, model = asked.sweep, asked.target, best.model
    if refit is not None:
        model = backend.log_refit(ref, refit)
    elif asked.refit:  # an interrupted one moved the alias: the refit is the champion
        assert asked.champion is not None
        model = backend.model(asked.champion.source)
    resumed = decision.resumes.run_id if decision.resumes else None
    with backend.write(ref, target, resumed, record(decision, model)) as run:
        for artifact in _inputs(asked, model.name):
            run.uses(artifact)
        version = backend.link(ref, target, model)
        run.wait_for_turn()
        holder = backend.champion(ref, target)
        if _id(holder) != _id(asked.champion) and _id(holder) != model.id:
            run.withdrawn(f"{target.alias} went to {holder.name if holder else 'nobody'} meanwhile")
            return None
        backend.move_alias(ref, target, version)
        run.applied({"promoted": version.name, "score": best.score, **_compared(decision)})
    return version


def _id(version: Version | None) -> str:
    return version.source_id if version else ""


def _compared(decision: Decision) -> dict[str, object]:
    found = decision.comparison
    if found is None or isinstance(found, NoComparison):
        return {}
    return {
        "test_rmse": found.challenger.rmse,
        "champion_test_rmse": found.champion.rmse,
        "test_rmse_difference": found.difference,
        "spatial_test_rmse": found.challenger.as_json()["spatial_rmse"],
    }


def _inputs(asked: Asked, model: str) -> list[str]:
    champion = asked.champion
    dataset = [asked.dataset.name] if asked.dataset else []
    displaced = [champion.source] if champion and champion.source != model else []
    return [*dataset, model, *displaced]


class NotPromoted(Refused):
    """A refusal, with the decision behind it."""

    def __init__(self, what: str, *, fix: str, decision: Decision) -> None:
        super().__init__(what, fix=fix)
        self.decision = decision


def refusal(decision: Decision) -> NotPromoted:
    """Return the error that says why nothing is promoted."""
    asked = decision.asked
    what = f"cannot promote to {asked.target}: {decision.reason}"
    fix = "promote another version"
    if decision.checks[-1].name == "earned":
        fix = (
            "improve the model, or choose another rule: --require noninferior --margin 0.005,"
            " --require none"
        )
    elif asked.moved_from is None:
        lines = "".join(
            f"\n  - {row.candidate.id}: {row.why_not}" for row in asked.ranked if row.why_not
        )
        what = (
            f"no run of sweep {asked.sweep} can be promoted by {asked.metric}:"
            f" {decision.reason}{lines}"
        )
        fix = f"let a trial finish (wandb agent {asked.sweep}), or name another --metric"
    return NotPromoted(what, fix=fix, decision=decision)
