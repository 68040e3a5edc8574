"""Fixtures that several packages' tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import examples
from tests.support.local_server import ROOT, LocalServer

REAL_CSV = ROOT.parent / "shared" / "data" / "cal_housing.csv"

# Before numpy and scikit-learn are imported. Threads of several test processes that wait for each
# other by spinning made one fit of 0.5 s last 25 s on two busy cores.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
examples.load_profile()  # before a test module is imported: `@given` takes the one of that moment


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
