"""Promote a sweep's best run: `decide_promotion` reads, `apply_promotion` writes.

Interrupted anywhere, running it again completes it: the promotion's run is opened first and holds
what will be displaced, then the version is linked and the alias moved in one request, then the run
is finished as promoted. A second call finds alias and record in place and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import replace

from housing_sweep.errors import Refused
from housing_sweep.pipeline.ports import Backend, SweepFacts
from housing_sweep.registry.names import check_alias, parse_sweep_path
from housing_sweep.registry.promotion import Decision
from housing_sweep.registry.selection import SHOWN, Candidate, Ranked, order, why_not

LOOKED_AT = 200
"""Runs without a chance (unfinished, no model) that are skipped before giving up."""


def decide_promotion(
    backend: Backend, sweep: str, *, alias: str = "staging", metric: str | None = None
) -> Decision:
    """Return what promoting a sweep's best run would do; changes nothing.

    Args:
        backend: who is asked.
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL.
        alias: what the winner's version gets.
        metric: key of the score; default the sweep's own.

    Raises:
        BadInput: the sweep or the alias cannot be one.
        NotFound: the sweep does not exist.
        Refused: no run can be promoted; the reasons are named.
    """
    check_alias(alias)
    facts = backend.sweep(str(parse_sweep_path(sweep)))
    metric = metric or facts.metric or "val_rmse"
    maximize = facts.maximize and metric == facts.metric
    table, winner = _rank(backend, facts, metric, maximize)
    if winner is None:
        raise _no_winner(facts, metric, table)
    candidate = winner.candidate
    assert candidate.models
    decision = Decision(
        sweep=facts.path,
        metric=metric,
        alias=alias,
        table=table,
        winner=winner,
        model=candidate.models[0],
        champion=backend.champion(alias),
        provenance=backend.provenance(candidate),
        reason="",
    )
    return replace(decision, reason=_reason(decision, maximize))


def apply_promotion(backend: Backend, decision: Decision) -> str:
    """Carry a decision out; return the registry version's path. Again is harmless."""
    if decision.changes_nothing and backend.is_recorded(decision):
        assert decision.champion is not None
        return decision.champion.path
    return backend.promote(decision)


def _rank(
    backend: Backend, facts: SweepFacts, metric: str, maximize: bool
) -> tuple[tuple[Ranked, ...], Ranked | None]:
    """Return the lines of the table, best first, and the one that wins."""
    table: list[Ranked] = []
    winner: Ranked | None = None
    for group in _ties(backend.ranked(facts, metric, maximize)):
        for candidate in order(group, maximize):
            line = Ranked(candidate, why_not(candidate))
            if winner is None and line.reason is None:
                known = replace(candidate, models=backend.models(candidate))
                line = Ranked(known, why_not(known))
                winner = line if line.reason is None else None
            if len(table) < SHOWN or line is winner:
                table.append(line)
        if len(table) >= SHOWN and (winner is not None or len(table) >= LOOKED_AT):
            break
    return tuple(table), winner


def _ties(candidates: Iterator[Candidate]) -> Iterator[list[Candidate]]:
    """Yield runs of equal score together: a backend may order those as it likes."""
    group: list[Candidate] = []
    for candidate in candidates:
        if group and candidate.score != group[0].score:
            yield group
            group = []
        group.append(candidate)
        if len(group) >= LOOKED_AT:
            yield group
            group = []
    if group:
        yield group


def _no_winner(facts: SweepFacts, metric: str, table: tuple[Ranked, ...]) -> Refused:
    if not table:
        return Refused(
            f"sweep {facts.path} has no run yet", fix=f"start one: wandb agent {facts.path}"
        )
    lines = "".join(f"\n  - {line.candidate.run}: {line.reason}" for line in table)
    return Refused(
        f"no run of sweep {facts.path} can be promoted by {metric}:{lines}",
        fix="let a trial finish, or name another metric with --metric",
    )


def _reason(decision: Decision, maximize: bool) -> str:
    assert decision.winner is not None
    assert decision.model is not None
    score = decision.winner.candidate.score
    if decision.changes_nothing:
        return f"{decision.alias} is on {decision.model.path} already"
    best = "highest" if maximize else "lowest"
    text = f"{best} {decision.metric} of the sweep's finished runs: {score:.6g}"
    return f"{text}; displaces {decision.champion.path}" if decision.champion else text
