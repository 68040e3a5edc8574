"""What the tests of runs' rows share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.run_rows import Rows


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    """A database with one running run."""
    rows = Rows(tmp_path)
    yield rows
    rows.database.close()
