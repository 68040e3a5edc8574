"""The map of the code, executed: floors, who may import whom and what, mirrored tests, names.

An import goes to the own folder or to a lower floor. `scripts/map` draws the same in figures.
"""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter

import pytest

from tests.support import house_map
from tests.support.local_server import ROOT

PACKAGE = ROOT / "housing_sweep"
SOURCES = house_map.read_sources(ROOT)
FILES = {house_map.module_of(path): ROOT / path for path in SOURCES}
GRAPH = house_map.import_graph(SOURCES, typing_only=False)

REST = "*"
"""The floor of all rooms of a folder that are on no other."""

FLOORS: dict[str, tuple[set[str], ...]] = {
    "housing_sweep": (
        {"cli"},
        {"pipeline", "server"},
        {"report", "housing"},
        {"registry", "tabular"},
        {"search", "drawing"},
        {"errors"},
    ),
    "housing_sweep.pipeline": (
        {"export", "trace"},
        {"use", "promote", "mlflow_loader"},
        {"judge", "trial", "child"},
        {"train", "report"},
        {"wandb_io"},
        {"ports"},
        {"values"},
    ),
    "housing_sweep.server": (
        {"serve"},
        {"app"},
        {"web"},
        {"edge", "chores"},
        {"graphql"},
        {"sweeping", "administration", "backup"},
        {"services"},
        {"store"},
        {"content", "rules"},
    ),
    "housing_sweep.server.graphql": (
        {"execute"},
        {"artifacts", "runs", "sweeps"},
        {"people", "projects"},
        {REST},
    ),
    "housing_sweep.server.store": (
        {"artifacts", "sweeps"},
        {"runs"},
        {"projects"},
        {"people"},
        {REST},
    ),
}
"""Folder -> its floors, top first. Rooms of one floor do not import each other, but for `REST`."""

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "drawing": {"errors"},
    "search": {"errors"},
    "tabular": {"errors"},
    "housing": {"errors", "tabular"},
    "registry": {"errors", "search"},
    "report": {"errors", "drawing", "search"},
    "pipeline": {"errors", "search", "tabular", "registry", "report"},
    "server": {"errors", "search", "drawing"},
    "cli": {"errors", "search", "tabular", "registry", "report", "drawing", "pipeline", "server"},
}
"""Of the packages. `housing` is imported by none: it is found through its entry point."""

_S = "housing_sweep/server/"
ONLY_IN: dict[str, tuple[str, ...]] = {
    "mlflow": ("housing_sweep/pipeline/export/to_mlflow.py",),
    "wandb": ("housing_sweep/pipeline/wandb_io/",),
    "sqlite3": (f"{_S}store/",),
    "graphql": (f"{_S}graphql/", f"{_S}edge/graphql_endpoint.py", "housing_sweep/cli/server.py"),
    "starlette": (f"{_S}edge/", f"{_S}web/", f"{_S}app.py", "housing_sweep/cli/server.py"),
    "uvicorn": (f"{_S}serve.py", "housing_sweep/cli/server.py"),
    "click": ("housing_sweep/cli/",),
    "skops": ("housing_sweep/tabular/skops_file.py",),
    "sklearn": ("housing_sweep/tabular/", "housing_sweep/housing/", "housing_sweep/search/"),
}

SAME_STEM = {
    "trial": "a trial of the search, and the program that stored sweeps name (pipeline/trial.py)",
}
"""Stems that two files may share although neither folder says whose they are, with the reason."""
SAID_BY_FOLDER = (
    "housing_sweep.cli.",  # a file per command
    "housing_sweep.server.store.",  # a noun's rows ...
    "housing_sweep.server.graphql.",  # ... and its wire: artifacts/files, runs/files
    "housing_sweep.housing.",  # what one table has of its own, beside any table's in tabular/
)

MOST_LINES = 450
"""A ceiling is a smell detector: a file above it holds two things."""


def _floor_of(folder: str, room: str) -> int:
    floors = FLOORS[folder]
    named = [n for n, rooms in enumerate(floors) if room in rooms]
    rest = [n for n, rooms in enumerate(floors) if REST in rooms]
    assert named or rest, f"{folder}.{room} is on no floor: give it one in FLOORS"
    return (named or rest)[0]


@pytest.mark.parametrize("folder", FLOORS)
def test_imports_go_down(folder: str) -> None:
    for (above, below), behind in house_map.arrows_of(GRAPH, folder).items():
        high, low = _floor_of(folder, above), _floor_of(folder, below)
        same = high == low and REST in FLOORS[folder][high]
        assert high < low or same, f"{above} must not import {below}: {behind}"


@pytest.mark.parametrize("folder", FLOORS)
def test_every_floor_is_that_of_a_room(folder: str) -> None:
    rooms = house_map.rooms_of(FILES, folder)
    named = {room for floor in FLOORS[folder] for room in floor} - {REST}
    assert named <= rooms, f"no such room: {named - rooms}"


def test_packages_import_what_the_map_says() -> None:
    assert set(MAY_IMPORT) == house_map.rooms_of(FILES, "housing_sweep")
    for (package, imported), behind in house_map.arrows_of(GRAPH, "housing_sweep").items():
        assert imported in MAY_IMPORT[package], f"{package} must not import {imported}: {behind}"


@pytest.mark.parametrize("module", sorted(FILES))
def test_libraries_are_imported_in_their_rooms_only(module: str) -> None:
    path = FILES[module].relative_to(ROOT).as_posix()
    for name in house_map.imports(SOURCES[path], FILES, typing_only=False):
        library = name.split(".")[0]
        if library in ONLY_IN:
            assert path.startswith(ONLY_IN[library]), f"{library} is for {ONLY_IN[library]} only"


def test_no_module_and_no_folder_reaches_itself() -> None:
    TopologicalSorter(GRAPH).prepare()  # raises CycleError, naming the loop
    for folder in house_map.folders_of(FILES):
        assert house_map.circles_of(house_map.arrows_of(GRAPH, folder)) == (), folder


def test_no_stem_is_used_for_two_things() -> None:
    modules = defaultdict(list)
    for module in FILES:
        if FILES[module].name != "__init__.py":
            modules[module.rsplit(".", 1)[1]].append(module)
    twice = {
        stem: names
        for stem, names in modules.items()
        if sum(not name.startswith(SAID_BY_FOLDER) for name in names) > 1 and stem not in SAME_STEM
    }
    assert twice == {}


def test_every_init_says_what_is_here() -> None:
    silent = [
        module
        for module, path in FILES.items()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_no_file_holds_two_things() -> None:
    lengths = {path: len(text.splitlines()) for path, text in SOURCES.items()}
    assert {path: n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_every_file_has_its_test() -> None:
    for path in SOURCES:
        if path.endswith("__init__.py"):
            continue
        mirrored = _test_of(path)
        other = next((t for start, t in COVERED_BY.items() if path.startswith(start)), None)
        if (ROOT / mirrored).exists():
            continue
        assert other is not None, f"{path} needs {mirrored}, or its reason in COVERED_BY"


def _test_of(path: str) -> str:
    folder, _, name = path.removeprefix("housing_sweep/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def test_every_test_that_stands_for_another_exists_and_is_needed() -> None:
    without = {path for path in SOURCES if not (ROOT / _test_of(path)).exists()}
    for start, tests in COVERED_BY.items():
        files = {path for path in without if path.startswith(start)}
        assert any(not path.endswith("__init__.py") for path in files), f"{start} has its tests"
        for test in tests:
            assert (ROOT / test).exists(), f"{start}: {test} does not exist"


def test_rows_are_returned_or_their_absence_is_raised() -> None:
    for path, text in SOURCES.items():
        if path.startswith((f"{_S}store/", f"{_S}graphql/")):
            assert list(_asserts_of_presence(text)) == [], f"{path}: let `get` raise"


def _asserts_of_presence(text: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            comparison = ast.unparse(node.test)
            if comparison.endswith("is not None"):
                yield node.lineno


def test_vague_words_become_fewer() -> None:
    counts = {name: sum(c.values()) for name, c in house_map.words_by_package(SOURCES).items()}
    more = {name: (n, MOST_VAGUE.get(name, 0)) for name, n in counts.items()}
    more = {name: (n, most) for name, (n, most) in more.items() if n > most}
    assert more == {}, "names that say nothing of their value: held, found, asked, made ..."
    fewer = {name: counts.get(name, 0) for name, n in MOST_VAGUE.items() if counts.get(name, 0) < n}
    assert fewer == {}, "fewer than allowed: lower MOST_VAGUE to these"


def _imports_without(missing: tuple[str, ...], *modules: str) -> None:
    block = f"import sys; sys.modules.update(dict.fromkeys({missing!r}))"
    code = f"{block}; import {', '.join(modules)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_training_machine_needs_nothing_of_the_server() -> None:
    extras = ("starlette", "uvicorn", "graphql", "itsdangerous", "jinja2")
    training = ("housing_sweep.tabular", "housing_sweep.housing", "housing_sweep.pipeline")
    mine = [module for module in FILES if module.startswith(training)]
    _imports_without(extras, *mine, "housing_sweep.cli.main")


@pytest.mark.slow
def test_the_server_needs_neither_wandb_nor_a_model() -> None:
    theirs = [module for module in FILES if module.startswith("housing_sweep.server")]
    others = ("wandb", "housing_sweep.housing", "housing_sweep.tabular", "housing_sweep.pipeline")
    _imports_without(others, *theirs)


@pytest.mark.slow
def test_a_promotion_reads_configs_and_rows_without_scikit_learn() -> None:
    tabular = ("trial_config", "split", "tables", "evaluation", "refit")
    judging = ("judge.contest", "judge.prove", "train.model_files", "promote.promote")
    _imports_without(
        ("sklearn",),
        *(f"housing_sweep.tabular.{name}" for name in tabular),
        *(f"housing_sweep.pipeline.{name}" for name in judging),
    )


def test_help_starts_without_wandb_or_scikit_learn() -> None:
    _imports_without(("wandb", "sklearn", "pandas", "starlette"), "housing_sweep.cli.main")


_PORTS = ("tests/backends/test_ports.py", "tests/backends/test_two_servers.py")
_P = "housing_sweep/pipeline/"
COVERED_BY: dict[str, tuple[str, ...]] = {
    # What an adapter is worth only a backend can tell: each port's suite runs on real servers.
    f"{_P}wandb_io/": _PORTS,
    f"{_P}ports.py": _PORTS,
    f"{_P}export/to_mlflow.py": ("tests/pipeline/export/test_checked_export.py",),
    # What is read before a decision is part of it.
    f"{_P}promote/gather.py": ("tests/pipeline/promote/test_promote.py",),
    # Composition, and values without rules of their own.
    f"{_S}app.py": ("tests/server/services/test_runtime.py", "tests/server/edge/test_request.py"),
    f"{_S}serve.py": ("tests/cli/test_server.py",),
    f"{_S}store/events.py": ("tests/server/store/test_db.py",),
}
"""File or folder -> the tests that prove it, where another than the mirrored one does."""

MOST_VAGUE = {"housing": 1, "pipeline": 5, "registry": 1, "report": 22, "tabular": 19}
"""Package -> uses of vague words as names; the number may only fall, and new packages start at 0.

What is left is `place`: the two columns of a problem that say where a row lies.
"""


def test_nothing_unpickles() -> None:
    """What is loaded is `model.skops`, which cannot run code; a pickle is hashed and compared."""
    for path, text in SOURCES.items():
        for call in ("pickle.load", "joblib.load", "allow_pickle=True", "read_pickle", "shelve."):
            assert call not in text, f"{path} calls {call}"
