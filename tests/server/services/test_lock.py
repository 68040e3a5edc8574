"""One server per data folder."""

import os
import socket
import stat
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, Conflict
from housing_sweep.server.services.lock import exclusive


def test_a_second_server_is_refused_and_told_who_has_the_folder(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        with (
            pytest.raises(
                Conflict, match=f"another server .process {os.getpid()} on {socket.gethostname()}."
            ),
            exclusive(tmp_path),
        ):
            raise AssertionError("two servers on one folder")
        with pytest.raises(Conflict), exclusive(tmp_path):
            raise AssertionError("who was refused has let go of the lock of another")


def test_the_next_server_may_have_it_even_after_a_failure(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ArithmeticError), exclusive(tmp_path):
            raise ArithmeticError


def test_other_folders_are_free(tmp_path: Path) -> None:
    with exclusive(tmp_path / "a"), exclusive(tmp_path / "b"):
        assert (tmp_path / "b" / "server.lock").is_file()


def test_a_new_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    with exclusive(tmp_path / "deep" / "data"):
        pass
    folder = tmp_path / "deep" / "data"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.lock").stat().st_mode) == 0o600


def test_a_folder_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot use the data folder"), exclusive(tmp_path / "file"):
        raise AssertionError("a file is no folder")


def test_a_lock_file_that_was_deleted_lets_no_second_server_in(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        (tmp_path / "server.lock").unlink()
        with pytest.raises(Conflict, match="another server"), exclusive(tmp_path):
            raise AssertionError("two servers on one folder")
