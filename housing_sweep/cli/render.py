"""Decisions for people: a table, the decision, and where everything comes from."""

from rich.console import Console
from rich.table import Table

from housing_sweep.registry.promotion import Decision, Version
from housing_sweep.registry.selection import Ranked

console = Console()


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
    best, swept = decision.challenger, _swept(decision)
    for rank, row in enumerate(decision.ranked, start=1):
        wins = best is not None and row is best
        table.add_row(
            str(rank),
            row.candidate.name or row.candidate.id,
            "-" if row.score is None else f"{row.score:.5f}",
            _parameters(row, swept),
            "winner" if wins else row.why_not,
            style="bold green" if wins else ("dim" if row.why_not else ""),
        )
    return table


def _swept(decision: Decision) -> list[str]:
    """Return the parameters whose values differ among the rows: what the sweep varied."""
    configs = [row.candidate.config for row in decision.ranked]
    names = sorted({name for config in configs for name in config})
    return [name for name in names if len({repr(c.get(name)) for c in configs}) > 1]


def _parameters(row: Ranked, swept: list[str]) -> str:
    config = row.candidate.config
    head = [str(config[name]) for name in ("model", "features") if name in config]
    rest = [name for name in swept if name in config and name not in ("model", "features")]
    return ", ".join([*head, *(f"{name}={_short(config[name])}" for name in rest)])


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
        ("config", _parameters(best, _swept(decision))),
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
