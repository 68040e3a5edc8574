"""Decisions for people: a table, the decision, and where everything comes from."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import Node
from housing_sweep.registry.policy import Comparison, Figures
from housing_sweep.registry.promotion import Decision, PromotionCase, Version
from housing_sweep.registry.references import Target
from housing_sweep.registry.reproduction import Reproduction
from housing_sweep.registry.selection import Ranked

HARD = {"spatial": "RMSE in places never seen"}
"""What a hard split holds out."""

PIPED_WIDTH = 160
"""Columns where no terminal says how many: nothing is cut in a log."""

console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, markup=False, emoji=False)
"""Names and reasons come from outside: `[/x]` in one is text, neither markup nor an error."""


def render(decision: Decision, promoted: Version | None) -> None:
    """Print a decision; `promoted` is None when nothing was changed (a dry run, a refusal)."""
    console.print(_table(decision))
    if isinstance(decision.comparison, Comparison):
        console.print(_contest(decision.comparison))
    console.print(
        f"Decision: {decision.verdict.value}: {decision.reason}",
        style="bold",
        soft_wrap=True,
        highlight=False,
    )
    for label, value in _facts(decision, promoted):
        console.print(f"  {label:<10} {value}", soft_wrap=True, highlight=False)


def _table(decision: Decision) -> Table:
    case, moved = decision.case, decision.case.moved_from
    title = f"Best trials of {case.sweep} by {case.score.name}"
    table = Table(title=f"Moving on {moved.name}" if moved else title)
    table.add_column("", justify="right")
    table.add_column("run")
    table.add_column(case.score.name, justify="right")
    table.add_column("model, features, parameters", overflow="fold")
    table.add_column("verdict", overflow="fold")
    best, swept = case.challenger, _swept(case)
    for rank, row in enumerate(case.ranked, start=1):
        wins = best is not None and row is best.row
        table.add_row(
            str(rank),
            row.candidate.name or row.candidate.id,
            "-" if row.score is None else f"{row.score:.5f}",
            _parameters(row, swept),
            "winner" if wins else row.why_not or ("tie, larger" if row.tied else ""),
            style="bold green" if wins else ("dim" if row.why_not else ""),
        )
    return table


def _contest(compared: Comparison) -> Table:
    """Return challenger and champion side by side, with where the challenger is worst."""
    one, other = compared.challenger, compared.champion
    table = Table(title=f"On {compared.rows} test rows that neither model has seen")
    for column in ("", one.name, other.name):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    unit = f", {compared.unit}" if compared.unit else ""
    hard = next((figures.hard.kind for figures in (one, other) if figures.hard), "")
    for name, mine, theirs in (
        (f"RMSE{unit}", one.rmse, other.rmse),
        (f"MAE{unit}", one.mae, other.mae),
        ("R2", one.r2, other.r2),
        (HARD.get(hard, "RMSE of the hard split"), _hard(one), _hard(other)),
        ("one prediction, ms", one.latency_ms, other.latency_ms),
    ):
        table.add_row(name, _figure(mine), _figure(theirs))
    table.add_row("model file, kB", _kilobytes(one.bytes), _kilobytes(other.bytes))
    for kind, parts in one.slices.items():
        theirs_by_name = {part["name"]: part for part in other.slices.get(kind, ())}
        for part in parts[-1:] if kind == "decile" else parts:  # where the target is highest
            name = str(part["name"]).replace("_", " ")
            same = theirs_by_name.get(part["name"], {})
            label = f"RMSE, {kind} {name} ({part['rows']} rows)"
            table.add_row(label, _figure(part["rmse"]), _figure(same.get("rmse")), style="dim")
    return table


def _hard(figures: Figures) -> float | None:
    return figures.hard.rmse if figures.hard else None


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "-"


def _kilobytes(value: int | None) -> str:
    return "-" if value is None else f"{value / 1000:,.0f}"


def render_history(target: Target, moves: Sequence[Move], holder: Version | None) -> None:
    """Print how an alias moved, newest last."""
    table = Table(title=f"Moves of {target}")
    for column in ("when (UTC)", "what", "to", "from", "score", "proof", "who", "why"):
        table.add_column(column, overflow="fold")
    for move in moves:
        table.add_row(
            move.at[:19].replace("T", " "),
            move.kind if move.applied else f"{move.kind}, not completed",
            move.version.rpartition(":")[2] or "-",
            move.displaced.rpartition(":")[2] or "nothing",
            "-" if move.score is None else f"{move.score:.5f}",
            move.proof or "-",
            move.who,
            move.reason,
            style="" if move.applied else "dim",
        )
    console.print(table)
    now = f"{target.alias} is on {holder.name}" if holder else f"nothing holds {target.alias}"
    console.print(now, soft_wrap=True, highlight=False)


def render_reproduction(reproduction: Reproduction) -> None:
    """Print a model built again beside its record."""
    table = Table(title=f"{reproduction.model}, built again")
    for column in ("", "recorded", "now", ""):
        table.add_column(column, overflow="fold")
    for line in reproduction.lines:
        same = "equal" if line.same else "DIFFERS"
        row = (line.name, str(line.recorded), str(line.rebuilt), same)
        table.add_row(*row, style="" if line.same else "red")
    console.print(table)
    for library in reproduction.libraries:
        console.print(f"  library: {library}", style="yellow", highlight=False)
    code = reproduction.code + (
        "" if reproduction.same_code else "; not the code that was recorded"
    )
    console.print(f"  code: {code}", soft_wrap=True, highlight=False)
    console.print(f"Outcome: {reproduction.outcome.value}", style="bold", highlight=False)


def render_lineage(root: Node) -> None:
    """Print a lineage tree."""
    console.print(_branch(root, Tree(_label(root), guide_style="dim")), soft_wrap=True)


def _branch(node: Node, tree: Tree) -> Tree:
    for child in node.children:
        _branch(child, tree.add(_label(child)))
    return tree


def _label(node: Node) -> Text:
    label = Text(f"{node.relation} " if node.relation else "", style="dim")
    label.append(f"{node.kind} ", style="cyan")
    label.append(node.name, style="bold")
    for key, value in node.facts:
        label.append(f"\n{key}: ", style="dim")
        label.append(value)
    return label


def _swept(case: PromotionCase) -> list[str]:
    """Return the parameters whose values differ among the rows: what the sweep varied."""
    configs = [row.candidate.config for row in case.ranked]
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
    case = decision.case
    best, data = case.challenger, case.dataset
    if best is None:
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
        ("config", _parameters(best.row, _swept(case))),
    ]
    if data and data.source == "synthetic":
        facts.append(("WARNING", "trained on the SYNTHETIC STAND-IN, not on real data"))
    if promoted is None:
        return [*facts, ("not done", "nothing was changed")]
    return [
        *facts,
        ("promoted", f"{promoted.name} has alias {case.target.alias}"),
        ("displaced", decision.displaced or "nothing"),
        *([("open", promoted.url)] if promoted.url else []),
        ("use it", f'wandb artifact get "{case.target}"'),
    ]
