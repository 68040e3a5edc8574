"""Python that tests hand to other processes as text, where neither mypy nor an editor reads it."""

import ast
import importlib
import re
from collections.abc import Iterator

import pytest

from tests.support.local_server import ROOT

FILES = sorted(path for folder in ("tests", "scripts") for path in (ROOT / folder).rglob("*.py"))
IMPORT = re.compile(r"(?:^|[\n;])\s*from (housing_sweep[\w.]*) import ([\w, ]+)")


def embedded_imports() -> Iterator[tuple[str, str, str]]:
    """Yield file, module and name of each import of ours in a file's strings."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for module, names in IMPORT.findall(node.value):
                    for name in names.split(","):
                        yield path.name, module, name.split(" as ")[0].strip()


@pytest.mark.parametrize(("file", "module", "name"), sorted(set(embedded_imports())))
def test_what_embedded_code_imports_exists(file: str, module: str, name: str) -> None:
    if not hasattr(importlib.import_module(module), name):
        importlib.import_module(f"{module}.{name}")
