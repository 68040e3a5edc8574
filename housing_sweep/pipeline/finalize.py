"""Promote a sweep's best run: `decide_promotion` reads, `apply_promotion` writes.

Interrupted anywhere, running it again completes it: the promotion's run is opened first and holds
what will be displaced, then the version is linked and the alias moved in one request, then the run
is marked applied. A second call finds alias and record in place and changes nothing.
"""

from collections.abc import Iterator
from itertools import islice

from housing_sweep.errors import Refused
from housing_sweep.pipeline.ports import Backend
from housing_sweep.registry.names import SweepRef, Target
from housing_sweep.registry.promotion import Decision, Verdict, Version, decide
from housing_sweep.registry.selection import Candidate, Goal, select, winner

MOST_RUNS = 200
"""Runs near the top that are looked at: those without a model are skipped, not for ever."""


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
    top: Iterator[Candidate] = islice(backend.runs(facts.ref, metric, goal), MOST_RUNS)
    ranked = select(top, metric, goal, backend.model_of)
    best = winner(ranked)
    return decide(
        facts.ref,
        target,
        metric,
        goal,
        ranked,
        backend.champion(target),
        backend.dataset_of(best.candidate) if best else None,
        backend.open_record(facts.ref, target),
        backend.who,
    )


def apply_promotion(backend: Backend, decision: Decision) -> Version | None:
    """Carry a decision out and return the version that holds the alias; again is harmless.

    Raises:
        Refused: no run can be promoted; the reasons are named.
    """
    if decision.verdict is Verdict.REFUSE:
        raise refusal(decision)
    return backend.promote(decision) if decision.must_write else decision.champion


def refusal(decision: Decision) -> Refused:
    """Return the error that says why no run of the sweep can be promoted."""
    lines = "".join(f"\n  - {row.candidate.id}: {row.why_not}" for row in decision.ranked)
    return Refused(
        f"no run of sweep {decision.sweep} can be promoted by {decision.metric}:"
        f" {decision.checks[-1].reason}{lines}",
        fix=f"let a trial finish (wandb agent {decision.sweep}), or name another --metric",
    )
