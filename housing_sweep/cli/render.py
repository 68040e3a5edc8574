"""Decisions for people: a table, the decision, and where everything comes from."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from housing_sweep.errors import plain
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.lineage_tree import Node
from housing_sweep.registry.policy import (
    HARD_WORDS,
    Comparison,
    HardComparison,
    SliceDifference,
)
from housing_sweep.registry.promotion import Decision, PromotionCase, Version
from housing_sweep.registry.references import Target
from housing_sweep.registry.reproduction import Reproduction
from housing_sweep.registry.selection import Ranked

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
            plain(row.candidate.name or row.candidate.id),
            "-" if row.score is None else f"{row.score:.5f}",
            plain(_parameters(row, swept)),
            "winner" if wins else row.why_not or ("tie, larger" if row.tied else ""),
            style="bold green" if wins else ("dim" if row.why_not else ""),
        )
    return table


def _contest(compared: Comparison) -> Table:
    """Return challenger and champion side by side, with where the challenger is worst."""
    one, other = compared.challenger, compared.champion
    metric = compared.metric.upper()
    table = Table(title=f"On {compared.rows} test rows that neither model has seen")
    for column in ("", one.name, other.name, f"difference of {metric} (95 %)"):
        table.add_column(column, justify="right" if column else "left", overflow="fold")
    unit = f", {compared.unit}" if compared.unit else ""
    for name, mine, theirs in (
        ("RMSE", one.rmse, other.rmse),
        ("MAE", one.mae, other.mae),
    ):
        difference = _difference(compared) if name == metric else ""
        table.add_row(f"{name}{unit}", _figure(mine), _figure(theirs), difference)
    table.add_row("R2", _figure(one.r2), _figure(other.r2))
    if hard := compared.hard:
        where, units = HARD_WORDS.get(hard.kind, ("on the hard split", "groups"))
        label = f"{metric} {where} ({hard.rows} rows of {hard.units} {units})"
        table.add_row(label, _figure(hard.challenger), _figure(hard.champion), _difference(hard))
    table.add_row("one prediction, ms", _figure(one.latency_ms), _figure(other.latency_ms))
    table.add_row("model file, kB", _kilobytes(one.bytes), _kilobytes(other.bytes))
    _add_slices(table, compared)
    return table


def _add_slices(table: Table, compared: Comparison) -> None:
    """Add the problem's own slices, the highest tenth of the target, and what is clearly worse."""
    by_name = {(part.kind, part.name): part for part in compared.slices}
    for kind, parts in compared.challenger.slices.items():
        theirs = {part["name"]: part for part in compared.champion.slices.get(kind, ())}
        for part in parts:
            difference = by_name.get((kind, str(part["name"])))
            worse = difference is not None and difference.worse
            if kind == "decile" and part is not parts[-1] and not worse:
                continue
            name = str(part["name"]).replace("_", " ")
            table.add_row(
                f"RMSE, {kind} {name} ({part['rows']} rows)",
                _figure(part["rmse"]),
                _figure(theirs.get(part["name"], {}).get("rmse")),
                (_difference(difference) if difference else "") + (" WORSE" if worse else ""),
                style="bold red" if worse else "dim",
            )


def _difference(of: Comparison | HardComparison | SliceDifference) -> str:
    return f"{of.difference:+.4f} ({of.low:+.4f} to {of.high:+.4f})"


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
            plain(move.who),
            plain(move.reason),
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
