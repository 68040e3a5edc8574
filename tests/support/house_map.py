"""What the code's map says, counted from the files' text alone: rooms, arrows, floors, vague words.

A room of a folder is a file or a folder directly in it; an arrow is that one room imports another.
`tests/test_architecture.py` holds the working tree to its map; `scripts/map` prints the figures of
any commit. Nothing here imports the package, reads git or needs an environment.
"""

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = "housing_sweep"
VAGUE_WORDS = ("held", "found", "wanted", "asked", "place", "made", "shown", "told", "_again")
"""Names that say nothing of the value they bear."""

Sources = Mapping[str, str]
"""Python files: path from the repository's root, with slashes -> text."""
Arrow = tuple[str, str]
"""Who imports, and what."""


@dataclass(frozen=True, slots=True)
class Floors:
    """The rooms of one folder, in floors: an arrow goes down.

    Attributes:
        arrows: per arrow between two rooms, the imports it stands for, as module names.
        circles: rooms that reach each other, sorted; none in a house that stands.
        back_up: fewest arrows that must be left out so that every other one goes down.
        of: floor of each room, counted from the ground, 1; an arrow goes to a lower number.
    """

    arrows: Mapping[Arrow, tuple[Arrow, ...]]
    circles: tuple[tuple[str, ...], ...]
    back_up: tuple[Arrow, ...]
    of: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many floors there are: the longest chain of rooms."""
        return max(self.of.values(), default=0)


def read_sources(root: Path, package: str = PACKAGE) -> dict[str, str]:
    """Return the Python files below `root/package`."""
    files = sorted((root / package).rglob("*.py"))
    return {file.relative_to(root).as_posix(): file.read_text("utf-8") for file in files}


def module_of(path: str) -> str:
    """Return the module's name of a file: `a/b/__init__.py` is `a.b`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(text: str, modules: Collection[str], *, typing_only: bool = True) -> set[str]:
    """Return the modules, ours and others, that a file imports anywhere in it.

    Args:
        text: the file.
        modules: names of our modules: tells `from a import module` from `from a import name`.
        typing_only: count what stands below `if TYPE_CHECKING:` too.
    """
    tree = ast.parse(text)
    left_out = set() if typing_only else {id(node) for node in _below_type_checking(tree)}
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (submodules & set(modules)) or {node.module}
    return names


def _below_type_checking(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                yield from ast.walk(child)


def import_graph(sources: Sources, *, typing_only: bool = True) -> dict[str, set[str]]:
    """Return each module of ours with those of ours that it imports."""
    texts = {module_of(path): text for path, text in sources.items()}
    return {
        module: (imports(text, texts, typing_only=typing_only) & texts.keys()) - {module}
        for module, text in texts.items()
    }


def room_of(module: str, folder: str) -> str | None:
    """Return the room of `folder` (a module's name) that a module is in, or None: it is in none."""
    inside = module.removeprefix(f"{folder}.")
    return None if inside == module else inside.split(".")[0]


def rooms_of(modules: Iterable[str], folder: str) -> set[str]:
    """Return the names of the files and folders directly in `folder`."""
    return {room for module in modules if (room := room_of(module, folder)) is not None}


def arrows_of(graph: Mapping[str, set[str]], folder: str) -> dict[Arrow, tuple[Arrow, ...]]:
    """Return the arrows between the rooms of `folder`, each with the imports it stands for."""
    arrows: dict[Arrow, tuple[Arrow, ...]] = {}
    for module in sorted(graph):
        for name in sorted(graph[module]):
            start, end = room_of(module, folder), room_of(name, folder)
            if start is not None and end is not None and start != end:
                arrows[start, end] = (*arrows.get((start, end), ()), (module, name))
    return arrows


def circles_of(arrows: Iterable[Arrow]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of rooms that reach each other, largest first."""
    reached = _reach(arrows)
    groups = {
        tuple(sorted(other for other in ends if room in reached.get(other, ())))
        for room, ends in reached.items()
        if room in ends
    }
    return tuple(sorted(groups, key=lambda group: (-len(group), group)))


def _reach(arrows: Iterable[Arrow]) -> dict[str, set[str]]:
    """Return every room that an arrow leaves, with all those that lead on from it."""
    direct: dict[str, set[str]] = {}
    for start, end in arrows:
        direct.setdefault(start, set()).add(end)
    reach = {}
    for room in direct:
        reach[room], ahead = set[str](), [room]
        while ahead:
            fresh = direct.get(ahead.pop(), set()) - reach[room]
            reach[room] |= fresh
            ahead += fresh
    return reach


def floors_of(graph: Mapping[str, set[str]], folder: str) -> Floors:
    """Return the rooms of `folder` in floors."""
    arrows = arrows_of(graph, folder)
    back_up = _back_up({arrow: len(behind) for arrow, behind in arrows.items()})
    ground = dict.fromkeys(rooms_of(graph, folder), 1)
    return Floors(
        arrows, circles_of(arrows), back_up, ground | _heights(arrows.keys() - set(back_up))
    )


def _heights(arrows: Iterable[Arrow]) -> dict[str, int]:
    """Return the floor of each room that an arrow touches; no circle may be among them."""
    below: dict[str, set[str]] = {}
    for start, end in arrows:
        below.setdefault(start, set()).add(end)
    heights: dict[str, int] = {}
    for room in TopologicalSorter(below).static_order():
        heights[room] = 1 + max((heights[lower] for lower in below.get(room, ())), default=0)
    return heights


def _back_up(weights: Mapping[Arrow, int]) -> tuple[Arrow, ...]:
    """Return arrows without which no circle is left: each time the one that dissolves most.

    Of equals goes the one that leaves the lower house, then the thinnest.

    Args:
        weights: how many imports an arrow stands for.
    """
    left, removed = dict(weights), []

    def cost(arrow: Arrow) -> tuple[int, int, int, Arrow]:
        rest = left.keys() - {arrow}
        in_circles = sum(map(len, circles_of(rest)))
        height = 0 if in_circles else max(_heights(rest).values(), default=0)
        return in_circles, height, weights[arrow], arrow

    while circles := circles_of(left):
        worst = min((a for a in left if any(set(a) <= set(c) for c in circles)), key=cost)
        removed.append(worst)
        del left[worst]
    return tuple(sorted(removed))


def count_words(texts: Iterable[str], words: Collection[str] = VAGUE_WORDS) -> Counter[str]:
    """Return how often each word is a Python name in the texts (not in strings or comments)."""
    counts = Counter(dict.fromkeys(words, 0))
    for text in texts:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        counts.update(t.string for t in tokens if t.type == tokenize.NAME and t.string in words)
    return counts


def words_by_package(sources: Sources, root: str = PACKAGE) -> dict[str, Counter[str]]:
    """Return `count_words` of every room of the whole package: its packages, and its own files."""
    texts: dict[str, list[str]] = {}
    for path, text in sources.items():
        texts.setdefault(room_of(module_of(path), root) or root, []).append(text)
    return {package: count_words(texts[package]) for package in sorted(texts)}


def folders_of(modules: Collection[str]) -> list[str]:
    """Return the folders (as module names) with more than one room, from the root on."""
    parents = {module.rsplit(".", 1)[0] for module in modules if "." in module}
    return sorted(parent for parent in parents if len(rooms_of(modules, parent)) > 1)
