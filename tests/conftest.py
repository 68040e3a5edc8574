"""Fixtures that several packages' tests share."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import examples
from tests.support.local_server import ROOT, SDK_PYTHON, WARM, LocalServer, child_env
from tests.support.warm import commands

REAL_CSV = ROOT.parent / "shared" / "data" / "cal_housing.csv"

# Before numpy and scikit-learn are imported. Threads of several test processes that wait for each
# other by spinning made one fit of 0.5 s last 25 s on two busy cores.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started by a script with `&`: processes of the tests would never hear of a stop (PROTOCOL 43).
    signal.signal(signal.SIGINT, signal.default_int_handler)
examples.load_profile()  # before a test module is imported: `@given` takes the one of that moment

LONGEST_FIRST = (
    *("tests/pipeline/test_promote_for_real.py", "tests/sdk/test_sweeps.py"),
    *("tests/sdk/test_sweep_complaints.py", "tests/pipeline/test_loop.py"),
    *("tests/cli/test_sweeps.py", "tests/pipeline/test_trial.py", "tests/sdk/test_outages.py"),
    *("tests/sdk/test_sweep_long_grid.py", "tests/sdk/test_resume.py", "tests/test_docs.py"),
)
"""Files of one to seven minutes. A file's tests share fixtures and so a process: one that begins
last would keep the others waiting at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the commands that the tests start, once for all processes of pytest-xdist."""
    if WARM in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="housing-sweep-tests-"))
    folder, stop = commands.start(SDK_PYTHON, child_env(home))
    os.environ[WARM] = str(folder)
    config.add_cleanup(stop)
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by how long they take: those above, others that start processes, the quick."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(ROOT).as_posix()
        if item.path not in slow:
            return len(LONGEST_FIRST) + 1
        return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """One real server for the session; tests keep apart by project names of their own."""
    server = LocalServer(tmp_path_factory.mktemp("local-server")).start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[LocalServer]:
    """A real server of this test's own, to kill, restart or fill."""
    server = LocalServer(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def sdk(local_server: LocalServer) -> Callable[..., Any]:
    """Run Python code with the real wandb in a fresh process; returns the JSON it prints last."""
    return local_server.sdk


@pytest.fixture(scope="session")
def real_csv() -> Path:
    """The California housing CSV, or a skip that says where it was looked for."""
    path = Path(os.environ.get("HOUSING_SWEEP_CSV") or REAL_CSV)
    if not path.is_file():
        pytest.skip("no real data: set HOUSING_SWEEP_CSV, or lay ../shared/data beside the clone")
    return path
