"""Decisions for people: tables and the lines below them."""

from rich.console import Console
from rich.table import Table

from housing_sweep.registry import names
from housing_sweep.registry.promotion import Decision
from housing_sweep.registry.selection import Ranked

console = Console()

SHOWN_PARAMETERS = 5
BORING = frozenset({"dataset", "plots", "split_seed", "seed", "split", "model", "features"})


def render(decision: Decision, *, promoted: str | None) -> None:
    """Print a decision.

    Args:
        decision: what was decided.
        promoted: the registry version's path, or None when nothing was changed (a dry run).
    """
    console.print(_table(decision))
    console.print(f"Decision: {decision.reason}", style="bold", soft_wrap=True, highlight=False)
    for label, value in _facts(decision, promoted):
        console.print(f"  {label:<10} {value}", soft_wrap=True, highlight=False)


def _table(decision: Decision) -> Table:
    table = Table(title=f"Best trials of {decision.sweep} by {decision.metric}")
    table.add_column("", justify="right")
    table.add_column("run")
    table.add_column(decision.metric, justify="right")
    table.add_column("model, features, parameters", overflow="fold")
    table.add_column("verdict", overflow="fold")
    for rank, line in enumerate(decision.table, start=1):
        score = line.candidate.score
        wins = decision.winner is not None and line.candidate.run == decision.winner.candidate.run
        table.add_row(
            str(rank),
            line.candidate.name or line.candidate.run,
            "-" if score is None else f"{score:.5f}",
            _parameters(line),
            "winner" if wins else line.reason or "",
            style="bold green" if wins else ("dim" if line.reason else ""),
        )
    return table


def _parameters(line: Ranked) -> str:
    config = line.candidate.config
    head = [str(config[name]) for name in ("model", "features") if name in config]
    rest = [(k, v) for k, v in config.items() if k not in BORING][:SHOWN_PARAMETERS]
    return ", ".join([*head, *(f"{k}={_short(v)}" for k, v in rest)])


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _facts(decision: Decision, promoted: str | None) -> list[tuple[str, str]]:
    origin = decision.provenance
    assert decision.winner is not None
    assert decision.model is not None
    facts = [
        ("model", decision.model.path),
        ("run", decision.winner.candidate.run),
        ("sweep", decision.sweep),
        ("data", f"{origin.dataset or 'unknown'} (source: {origin.dataset_source or 'unknown'})"),
        ("code", f"commit {origin.commit}" if origin.commit else "not run from a git checkout"),
    ]
    if origin.dataset_source == "synthetic":
        facts.append(("WARNING", "trained on the SYNTHETIC STAND-IN, not on California"))
    if promoted is None:
        return [*facts, ("dry run", "nothing was changed")]
    version = promoted.rsplit(":", 1)[1]
    return [
        *facts,
        ("promoted", f"{promoted} as {decision.alias}"),
        ("use it", f'wandb artifact get "{names.registry_path(decision.alias)}"  ({version})'),
    ]
