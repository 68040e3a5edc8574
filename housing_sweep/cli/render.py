"""Decisions for people: a table, the decision, and where everything comes from."""

from rich.console import Console
from rich.table import Table

from housing_sweep.registry.promotion import Decision, Version
from housing_sweep.registry.selection import Ranked

console = Console()

SHOWN_PARAMETERS = 5
BORING = frozenset({"dataset", "plots", "split_seed", "seed", "split", "model", "features"})


def render(decision: Decision, promoted: Version | None) -> None:
    """Print a decision; `promoted` is None when nothing was changed (a dry run, a refusal)."""
    console.print(_table(decision))
    verdict = decision.checks[-1].reason
    console.print(
        f"Decision: {decision.verdict.value}: {verdict}",
        style="bold",
        soft_wrap=True,
        highlight=False,
    )
    for label, value in _facts(decision, promoted):
        console.print(f"  {label:<10} {value}", soft_wrap=True, highlight=False)


def _table(decision: Decision) -> Table:
    table = Table(title=f"Best trials of {decision.sweep} by {decision.metric}")
    table.add_column("", justify="right")
    table.add_column("run")
    table.add_column(decision.metric, justify="right")
    table.add_column("model, features, parameters", overflow="fold")
    table.add_column("verdict", overflow="fold")
    best = decision.challenger
    for rank, row in enumerate(decision.ranked, start=1):
        wins = best is not None and row is best
        table.add_row(
            str(rank),
            row.candidate.name or row.candidate.id,
            "-" if row.score is None else f"{row.score:.5f}",
            _parameters(row),
            "winner" if wins else row.why_not,
            style="bold green" if wins else ("dim" if row.why_not else ""),
        )
    return table


def _parameters(row: Ranked) -> str:
    config = row.candidate.config
    head = [str(config[name]) for name in ("model", "features") if name in config]
    rest = [(k, v) for k, v in config.items() if k not in BORING][:SHOWN_PARAMETERS]
    return ", ".join([*head, *(f"{k}={_short(v)}" for k, v in rest)])


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _facts(decision: Decision, promoted: Version | None) -> list[tuple[str, str]]:
    best, data = decision.challenger, decision.dataset
    if best is None or best.model is None:
        return []
    commit = best.candidate.commit
    facts = [
        ("model", best.model.name),
        ("run", f"{best.candidate.id} by {best.candidate.user or 'unknown'}"),
        (
            "data",
            f"{data.name} (source: {data.source}, digest {data.digest})"
            if data
            else "not recorded",
        ),
        ("code", f"commit {commit}" if commit else "not run from a git checkout"),
        ("config", _parameters(best)),
    ]
    if data and data.source == "synthetic":
        facts.append(("WARNING", "trained on the SYNTHETIC STAND-IN, not on California"))
    if promoted is None:
        return [*facts, ("dry run", "nothing was changed")]
    return [
        *facts,
        ("promoted", f"{promoted.name} has alias {decision.target.alias}"),
        ("displaced", decision.displaced or "nothing"),
        *([("open", promoted.url)] if promoted.url else []),
        ("use it", f'wandb artifact get "{decision.target}"'),
    ]
