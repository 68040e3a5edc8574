"""Break server and verifier on purpose, one fault at a time, and show that a test notices each.

    scripts/bench faults             every fault
    scripts/bench faults latest nan  those whose name has one of the words

Each fault is a small edit in a copy of the tree. The tests named for it must pass on the unbroken
copy and turn red on the broken one. No fault switch lives in the product.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faults_list import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("housing_sweep", "tests", "scripts", "sweeps", "pyproject.toml", "README.md", "LICENSE")


def main() -> int:
    """Read which are wanted, and look at them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="those with one of these in their names; all")
    return look(parser.parse_args().words)


def look(words: list[str]) -> int:
    """Try every fault whose name has one of the words; return how many went unnoticed."""
    chosen = [f for f in FAULTS if not words or any(word in f.name for word in words)]
    unnoticed = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        tree = copy_tree(Path(folder) / "tree")
        sound = {tests: run_tests(tree, tests) for tests in {f.tests for f in chosen}}
        for fault in chosen:
            began = time.monotonic()
            verdict = try_fault(tree, fault, sound[fault.tests])
            seconds = time.monotonic() - began
            print(f"{verdict:10} {fault.name:45} {seconds:5.1f} s  {fault.tests}", flush=True)
            unnoticed += [fault.name] if verdict != "noticed" else []
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} faults noticed")
    return len(unnoticed)


def copy_tree(target: Path) -> Path:
    """Return a copy of the sources, without environments and leftovers."""
    target.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / name)
    return target


def try_fault(tree: Path, fault: Fault, sound: bool) -> str:
    """Break the tree, run the fault's tests, mend the tree; return what came of it."""
    path = tree / fault.file
    text = path.read_text("utf-8")
    if text.count(fault.old) != 1:
        return "stale"  # the code moved on: the fault must be written anew
    if not sound:
        return "red before"
    path.write_text(text.replace(fault.old, fault.new))
    try:
        return "UNNOTICED" if run_tests(tree, fault.tests) else "noticed"
    finally:
        path.write_text(text)


def run_tests(tree: Path, tests: str) -> bool:
    """Return whether the tests pass in this tree."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "--timeout", "600", *tests.split()],
        cwd=tree,
        env=_env(tree),
        capture_output=True,
    )
    return done.returncode == 0


def _env(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main())
