"""Print the house in figures, for the working tree or a commit; `scripts/map` starts it.

A room of a folder is a file or folder directly in it, an arrow that one room imports another, and
the floors are the longest chain of arrows. `tests/support/house_map.py` counts.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.house_map import (  # noqa: E402
    PACKAGE,
    VAGUE_WORDS,
    Sources,
    floors_of,
    folders_of,
    import_graph,
    module_of,
    read_sources,
    words_by_package,
)


def read_commit(commit: str) -> dict[str, str]:
    """Return the package's Python files as a commit has them."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit, PACKAGE],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    sources = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            if member.name.endswith(".py") and (file := files.extractfile(member)):
                sources[member.name] = file.read().decode()
    return sources


def measure(sources: Sources) -> dict[str, Any]:
    """Return all figures: per folder with more than one room, and the words per package."""
    graph = import_graph(sources)
    folders = {}
    for folder in folders_of(graph):
        inside = [t for p, t in sources.items() if f"{module_of(p)}.".startswith(f"{folder}.")]
        floors = floors_of(graph, folder)
        folders[folder] = {
            "files": len(inside),
            "lines": sum(text.count("\n") for text in inside),
            "rooms": len(floors.of),
            "arrows": len(floors.arrows),
            "imports": sum(map(len, floors.arrows.values())),
            "floors": floors.count,
            "back_up": [" -> ".join(arrow) for arrow in floors.back_up],
            "circles": [list(circle) for circle in floors.circles],
        }
    return {"folders": folders, "words": words_by_package(sources)}


def show(figures: dict[str, Any], title: str, everything: bool) -> None:
    """Print the two tables, and each arrow that goes back up by name."""
    table = Table("folder", title=f"Rooms of {title}", title_justify="left", box=None)
    for name in ("files", "lines", "rooms", "arrows", "imports", "floors", "back up", "circles"):
        table.add_column(name, justify="right")
    folders: dict[str, dict[str, Any]] = figures["folders"]
    parents = {name.rsplit(".", 1)[0] for name in folders}
    for name, row in folders.items():
        depth = name.count(".")
        if everything or depth < 2 or name in parents:
            counts = (len(value) if isinstance(value, list) else value for value in row.values())
            table.add_row("  " * depth + name.rsplit(".", 1)[-1], *map(str, counts))
    console = Console(width=max(100, Console().width))
    console.print(table)
    for name, row in folders.items():
        for arrow in row["back_up"]:
            console.print(f"back up in {name}: {arrow}")
    words = Table("package", title="\nVague words as Python names", title_justify="left", box=None)
    for word in (*VAGUE_WORDS, "all"):
        words.add_column(word, justify="right")
    total: Counter[str] = Counter()
    for package, counts in figures["words"].items():
        total.update(counts)
        words.add_row(package, *(str(counts[w]) for w in VAGUE_WORDS), str(counts.total()))
    words.add_row("all", *(str(total[word]) for word in VAGUE_WORDS), str(total.total()))
    console.print(words)


def main() -> None:
    """Read the arguments, count, print."""
    parser = argparse.ArgumentParser(prog="scripts/map", description=__doc__)
    parser.add_argument("--ref", metavar="COMMIT", help="a commit instead of the working tree")
    parser.add_argument("--all", action="store_true", help="every folder with more than one room")
    parser.add_argument("--json", action="store_true", help="for programs; always every folder")
    options = parser.parse_args()
    sources = read_commit(options.ref) if options.ref else read_sources(ROOT)
    figures = measure(sources)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        show(figures, options.ref or "the working tree", options.all)


if __name__ == "__main__":
    main()
