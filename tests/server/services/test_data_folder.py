"""A data folder that is not as it should be is refused in words that say what to do."""

import errno
import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, Conflict, Damaged, HousingSweepError, Unavailable
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.data_folder import failures_in_words, make_private, open_folder
from tests.support.filled_folder import fill
from tests.support.inprocess import server_on
from tests.support.local_server import ROOT


@pytest.fixture
def config(tmp_path: Path) -> ServerConfig:
    """A data folder with a file, whose server has ended."""
    return fill(tmp_path / "data")


def refusal(config: ServerConfig) -> HousingSweepError:
    """Return what opening a folder is answered with."""
    with pytest.raises(HousingSweepError) as raised, failures_in_words(config.data_dir):
        open_folder(config)
    assert raised.value.fix
    return raised.value


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda c: c.database.unlink(), Damaged, "is missing, though client.json is there"),
        (
            lambda c: (c.database.unlink(), c.client_env.unlink()),
            *(Damaged, "is missing, though blobs/ is there"),
        ),
        (lambda c: shutil.rmtree(c.blobs), Damaged, "the database refers to 2 files in it"),
        (
            lambda c: c.blobs.rename(c.blobs.with_name("b")) and c.blobs.write_text(""),
            *(BadInput, "blobs is not a folder"),
        ),
        (lambda c: c.database.write_bytes(b""), Damaged, "is empty"),
    ],
)
def test_what_is_missing_is_named(
    config: ServerConfig,
    spoil: Callable[[ServerConfig], object],
    kind: type[Exception],
    words: str,
) -> None:
    open_folder(config).close()
    spoil(config)
    error = refusal(config)
    assert isinstance(error, kind)
    assert words in error.what


def test_a_folder_without_files_needs_no_folder_for_them(tmp_path: Path) -> None:
    config = ServerConfig(data_dir=tmp_path / "new")
    open_folder(config).close()
    open_folder(config).close()
    assert not config.blobs.exists()


def test_without_its_files_a_folder_is_opened_if_one_says_so(config: ServerConfig) -> None:
    shutil.rmtree(config.blobs)
    assert f"mkdir {config.blobs}" in refusal(config).fix
    config.blobs.mkdir()
    open_folder(config).close()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refusal(ServerConfig(data_dir=tmp_path / "file"))
    assert str(tmp_path / "file") in error.what


@pytest.mark.parametrize("part", ["", "housing-sweep.db", "blobs", "blobs/incoming"])
def test_what_another_user_owns_is_named(config: ServerConfig, part: str) -> None:
    """As the user `nobody`, where we may become that; else by taking our own rights."""
    for path in (config.data_dir, *config.data_dir.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    path = config.data_dir / part
    path.chmod(0o755 if path.is_dir() else 0o644)
    if os.geteuid() != 0:
        path.chmod(0o500 if path.is_dir() else 0o400)
        assert str(path) in refusal(config).what
        path.chmod(0o700 if path.is_dir() else 0o600)
        return
    for parent in config.data_dir.parents:
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    code = (
        "import sys; from pathlib import Path\n"
        "from housing_sweep.server.services import data_folder\n"
        "from housing_sweep.server.store import db\n"
        "steps = db._steps(); db._steps = lambda: steps  # the checkout may be for its owner only\n"
        "import os; os.setgid(65534); os.setuid(65534)\n"
        "data_dir = Path(sys.argv[1])\n"
        "with data_folder.failures_in_words(data_dir):\n"
        "    data_folder.open_folder(data_folder.ServerConfig(data_dir=data_dir))\n"
    )
    command = [sys.executable, "-c", code, str(config.data_dir)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"{path} cannot be read and written by this user" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "no space left"), Unavailable),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), BadInput),
        (OSError(errno.EROFS, "Read-only file system"), BadInput),
        (sqlite3.OperationalError("attempt to write a readonly database"), Unavailable),
    ],
)
def test_what_the_system_says_is_put_in_words(error: Exception, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised, failures_in_words(Path("/data")):
        raise error
    assert "fix: " in str(raised.value)


@pytest.mark.parametrize("error", [KeyError("a bug"), Conflict("ours already")])
def test_bugs_and_errors_of_ours_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, failures_in_words(Path("/data")):
        raise error
    assert raised.value is error


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
