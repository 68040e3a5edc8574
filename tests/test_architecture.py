"""The map of the code, executed: who may import whom, no cycles, no god files."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.local_server import ROOT

PACKAGE = ROOT / "housing_sweep"
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "tabular": {"errors"},
    "housing": {"errors", "tabular"},
    "search": {"errors"},
    "registry": {"errors", "search"},
    "drawing": {"errors"},
    "report": {"drawing", "errors", "search"},
    "pipeline": {"drawing", "errors", "registry", "report", "search", "tabular"},
    "server": {
        "drawing",
        "errors",
        "search",
        "registry",
    },  # not tabular: it is nobody's model's server
    "cli": {"errors", "drawing", "tabular", "search", "registry", "report", "pipeline", "server"},
}
ONLY_IN: dict[str, tuple[str, ...]] = {
    "mlflow": ("housing_sweep/pipeline/export/to_mlflow.py",),
    "wandb": ("housing_sweep/pipeline/wandb_io/",),
    "sqlite3": ("housing_sweep/server/store/",),
    "graphql": (
        "housing_sweep/server/graphql/",
        "housing_sweep/server/edge/graphql_endpoint.py",
        "housing_sweep/cli/server.py",
    ),
    "starlette": ("housing_sweep/server/", "housing_sweep/cli/server.py"),
    "uvicorn": ("housing_sweep/server/", "housing_sweep/cli/server.py"),
    "click": ("housing_sweep/cli/",),
    "sklearn": ("housing_sweep/tabular/", "housing_sweep/housing/", "housing_sweep/search/"),
}
MOST_LINES = 450
"""A ceiling is a smell detector: a file above it holds two things."""


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path) -> set[str]:
    """Return the modules a file imports anywhere in it, those for type checking only left out."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in node.body
        for inner in ast.walk(child)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            known = submodules & FILES.keys()
            found |= known or {node.module}
    return found


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_point_one_way(module: str) -> None:
    package = (module + ".").split(".")[1]
    for name in imports(FILES[module]):
        top, *rest = name.split(".")
        if top == "housing_sweep" and rest and package in MAY_IMPORT:
            assert rest[0] in MAY_IMPORT[package] | {package}, f"{module} must not import {name}"
        if top in ONLY_IN:
            inside = FILES[module].relative_to(ROOT).as_posix()
            assert inside.startswith(ONLY_IN[top]), f"{top} is for {ONLY_IN[top]} only"


def test_no_cycles() -> None:
    graph = {module: (imports(path) - {module}) & FILES.keys() for module, path in FILES.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, naming the loop


def test_every_package_is_on_the_map() -> None:
    packages = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    assert packages == set(MAY_IMPORT) - {"errors"}


def test_every_init_says_what_is_here() -> None:
    silent = [
        _module(path)
        for path in PACKAGE.rglob("__init__.py")
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_no_file_holds_two_things() -> None:
    lengths = {module: len(path.read_text("utf-8").splitlines()) for module, path in FILES.items()}
    assert {m: n for m, n in lengths.items() if n > MOST_LINES} == {}


def _imports_without(missing: tuple[str, ...], *modules: str) -> None:
    block = f"import sys; sys.modules.update(dict.fromkeys({missing!r}))"
    code = f"{block}; import {', '.join(modules)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_training_machine_needs_nothing_of_the_server() -> None:
    extras = ("starlette", "uvicorn", "graphql", "itsdangerous", "jinja2")
    packages = ("housing_sweep.housing", "housing_sweep.tabular", "housing_sweep.pipeline")
    mine = [m for m in FILES if m.startswith(packages)]
    _imports_without(extras, *mine, "housing_sweep.cli.main")


def test_the_server_needs_neither_wandb_nor_a_model() -> None:
    theirs = [m for m in FILES if m.startswith("housing_sweep.server")]
    models = ("housing_sweep.housing", "housing_sweep.tabular", "housing_sweep.pipeline")
    _imports_without(("wandb", *models), *theirs)


def test_help_starts_without_wandb_or_scikit_learn() -> None:
    _imports_without(("wandb", "sklearn", "pandas", "starlette"), "housing_sweep.cli.main")
