"""Promote a sweep's best run: `decide_promotion` reads, `apply_promotion` writes.

The order of the writes, and what an interruption after each leaves:

1. The record, not yet `applied`, with what is about to be displaced; that is known only before the
   alias moves. Left alone it promises nothing; a rerun resumes the same run.
2. The link. Linking again returns the same version.
3. The alias, in one request: readers see the old version or the new one.
4. The record, `applied`. Missing, a rerun finds the alias in place and an open record of this very
   model, repeats 2 and 3, which change nothing, and closes it.
"""

from housing_sweep.errors import Refused
from housing_sweep.pipeline.ports import Backend, Runs
from housing_sweep.registry.names import SweepRef, Target
from housing_sweep.registry.promotion import Decision, Verdict, Version, decide, record
from housing_sweep.registry.selection import Goal, Ranked, merge, select, winner

SHOWN = 10
"""Rows of the table: runs near the top that get their reason."""


def decide_promotion(
    backend: Backend, sweep: str, *, alias: str = "staging", metric: str | None = None
) -> Decision:
    """Return what promoting a sweep's best run would do; changes nothing.

    Args:
        backend: who is asked.
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL.
        alias: what the winner's version gets.
        metric: key of the score; default the sweep's own, else val_rmse.

    Raises:
        BadInput: the sweep or the alias cannot be one.
        NotFound: the sweep does not exist.
    """
    target = Target(alias)
    facts = backend.sweep(SweepRef.parse(sweep))
    metric = metric or facts.metric or "val_rmse"
    goal = facts.goal if metric == facts.metric else Goal.MINIMIZE
    ranked = rank(backend, facts.ref, metric, goal)
    best = winner(ranked)
    return decide(
        facts.ref,
        target,
        metric,
        goal,
        ranked,
        backend.champion(facts.ref, target),
        backend.dataset_of(best.candidate) if best else None,
        backend.open_record(facts.ref, target),
        backend.who,
    )


def rank(backend: Runs, ref: SweepRef, metric: str, goal: Goal) -> tuple[Ranked, ...]:
    """Return the best runs of a sweep, best first; costs a page or two, whatever its size."""
    ranked = select(backend.finished(ref, metric, goal), metric, goal, backend.model_of, SHOWN)
    return merge(ranked, backend.unfinished(ref, metric, goal, SHOWN), metric, goal)


def apply_promotion(backend: Backend, decision: Decision) -> Version | None:
    """Carry a decision out and return the version that holds the alias; again is harmless.

    Raises:
        Refused: no run can be promoted; the reasons are named.
    """
    best = decision.challenger
    if decision.verdict is Verdict.REFUSE or best is None or best.model is None:
        raise refusal(decision)
    if not decision.must_write:
        return decision.champion
    ref, target = decision.sweep, decision.target
    resumed = decision.open_record.run_id if decision.open_record else None
    with backend.write(ref, target, resumed, record(decision)) as run:
        for artifact in _inputs(decision, best.model.name):
            run.uses(artifact)
        version = backend.link(ref, target, best.model)
        backend.move_alias(ref, target, version)
        run.applied({"promoted": version.name, "score": best.score})
    return version


def _inputs(decision: Decision, model: str) -> list[str]:
    champion = decision.champion
    dataset = [decision.dataset.name] if decision.dataset else []
    displaced = [champion.source] if champion and champion.source != model else []
    return [*dataset, model, *displaced]


def refusal(decision: Decision) -> Refused:
    """Return the error that says why no run of the sweep can be promoted."""
    lines = "".join(f"\n  - {row.candidate.id}: {row.why_not}" for row in decision.ranked)
    return Refused(
        f"no run of sweep {decision.sweep} can be promoted by {decision.metric}:"
        f" {decision.checks[-1].reason}{lines}",
        fix=f"let a trial finish (wandb agent {decision.sweep}), or name another --metric",
    )
