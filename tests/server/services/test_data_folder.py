"""The data folder: made for its owner alone, and shut if it was open."""

import logging
import stat
from pathlib import Path

import pytest

from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.data_folder import make_private
from tests.support.inprocess import server_on


def mode(path: Path) -> int:
    """Return who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [0o755, 0o777, 0o750, 0o701, 0o700])
def test_a_folder_that_was_there_is_shut_too(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(before)
    make_private(folder)
    assert mode(folder) == 0o700


def test_a_new_one_is_its_owners_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "data")
    assert mode(tmp_path / "a" / "data") == 0o700


def test_a_folder_that_all_share_is_left_as_it_is_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    with caplog.at_level(logging.WARNING):
        make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    assert "other users can look into" in caplog.text


def test_a_server_shuts_the_folder_it_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    server_on(ServerConfig(data_dir=folder)).close()
    folder.chmod(0o755)
    server_on(ServerConfig(data_dir=folder)).close()
    assert mode(folder) == 0o700
