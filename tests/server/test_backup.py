"""Backups: whole and of one moment, brought up to date, put back; or refused without a change."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, Conflict, Damaged, HousingSweepError, NotFound
from housing_sweep.server import backup
from housing_sweep.server.app import make_server
from housing_sweep.server.backup import back_up, restore
from housing_sweep.server.content.blobs import BlobStore
from housing_sweep.server.services.checkup import examine_folder
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.lock import exclusive
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import open_database
from tests.support.filled_folder import fill
from tests.support.local_server import ROOT


@pytest.fixture
def config(tmp_path: Path) -> ServerConfig:
    """A data folder."""
    return fill(tmp_path / "data")


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def weights(folder: Path) -> Path:
    """Return the blob of 7000 bytes."""
    (path,) = (p for p in (folder / "blobs").glob("??/*") if p.stat().st_size == 7000)
    return path


def test_what_was_backed_up_can_be_put_elsewhere(config: ServerConfig, tmp_path: Path) -> None:
    report = back_up(config.data_dir, tmp_path / "b", lambda: 0.0)
    assert (report["files"], report["copied_files"], report["bytes"]) == (2, 2, 7005)
    report = restore(tmp_path / "b", tmp_path / "new", replace=False)
    assert (report["made_at"], report["put_aside"]) == ("1970-01-01T00:00:00Z", None)
    new = ServerConfig(data_dir=tmp_path / "new")
    assert examine_folder(new).problems == examine_folder(new).notes == ()
    assert examine_folder(new).counts == examine_folder(config).counts
    assert new.client_env.read_text() == config.client_env.read_text()
    Server(new).close()


def test_a_backup_is_for_its_owner_only(config: ServerConfig, tmp_path: Path) -> None:
    back_up(config.data_dir, tmp_path / "b")
    for path in [tmp_path / "b", *(tmp_path / "b").rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_it_is_consistent_while_a_server_writes(config: ServerConfig, tmp_path: Path) -> None:
    server = Server(config)
    database = server.services.database
    database.connection().execute("BEGIN IMMEDIATE")
    database.connection().execute("DELETE FROM run_files")
    back_up(config.data_dir, tmp_path / "b")
    database.connection().execute("COMMIT")
    server.close()
    assert examine_folder(ServerConfig(data_dir=tmp_path / "b")).problems == ()
    assert len(list((tmp_path / "b" / "blobs").glob("??/*"))) == 2


def test_again_it_copies_what_is_new_and_drops_what_is_gone(
    config: ServerConfig, tmp_path: Path
) -> None:
    back_up(config.data_dir, tmp_path / "b")
    BlobStore(config.blobs).put(b"nothing refers to this")
    database = open_database(config.database)
    database.connection().execute("DELETE FROM artifacts")
    database.close()
    report = back_up(config.data_dir, tmp_path / "b")
    assert (report["files"], report["copied_files"]) == (1, 0)
    assert examine_folder(ServerConfig(data_dir=tmp_path / "b")).problems == ()


def test_what_is_collected_meanwhile_makes_it_begin_again(
    config: ServerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_files, rounds = backup._copy_files, list[int]()

    def collected_before(*arguments: ServerConfig) -> backup.Copied:
        if not rounds:
            database = open_database(config.database)
            database.connection().execute("DELETE FROM artifacts")
            database.close()
            weights(config.data_dir).unlink()
        rounds.append(1)
        return copy_files(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "_copy_files", collected_before)
    assert back_up(config.data_dir, tmp_path / "b")["files"] == 1
    assert len(rounds) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c.database.write_bytes(c.database.read_bytes()[:9000]),
        lambda c: c.database.write_bytes(
            c.database.read_bytes()[: 8 * 4096]
            + b"\xff" * 40960
            + c.database.read_bytes()[18 * 4096 :]
        ),
        lambda c: c.database.write_bytes(b""),
    ],
)
def test_a_damaged_database_does_not_replace_a_good_backup(
    config: ServerConfig, tmp_path: Path, spoil: Callable[[ServerConfig], object]
) -> None:
    back_up(config.data_dir, tmp_path / "b")
    before = content(tmp_path / "b")
    spoil(config)
    with pytest.raises(Damaged):
        back_up(config.data_dir, tmp_path / "b")
    assert content(tmp_path / "b") == before


def test_without_a_file_the_rest_is_backed_up_and_the_file_named(
    config: ServerConfig, tmp_path: Path
) -> None:
    weights(config.data_dir).write_bytes(b"x" * 7000)
    with pytest.raises(Damaged, match=r"is damaged: it has SHA-256"):
        back_up(config.data_dir, tmp_path / "b")
    assert len(list((tmp_path / "b" / "blobs").glob("??/*"))) == 1


def test_a_blob_that_the_backup_has_is_kept_when_the_original_rots(
    config: ServerConfig, tmp_path: Path
) -> None:
    back_up(config.data_dir, tmp_path / "b")
    weights(config.data_dir).write_bytes(b"x" * 7000)
    back_up(config.data_dir, tmp_path / "b")
    assert examine_folder(ServerConfig(data_dir=tmp_path / "b")).problems == ()


@pytest.mark.parametrize(
    ("target", "kind"),
    [("data", BadInput), ("data/inside", BadInput), ("full", Conflict), ("data.txt", BadInput)],
)
def test_a_folder_that_cannot_be_a_backup_is_refused(
    config: ServerConfig, tmp_path: Path, target: str, kind: type[Exception]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").write_text("")
    (tmp_path / "data.txt").write_text("")
    before = content(tmp_path)
    with pytest.raises(kind):
        back_up(config.data_dir, tmp_path / target)
    assert content(tmp_path) == before


def test_of_no_data_folder_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        back_up(tmp_path / "none", tmp_path / "b")
    with pytest.raises(NotFound):
        restore(tmp_path / "none", tmp_path / "data", replace=False)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_put_aside_not_lost(config: ServerConfig, tmp_path: Path) -> None:
    back_up(config.data_dir, tmp_path / "b")
    weights(config.data_dir).unlink()
    before = content(config.data_dir)
    with pytest.raises(Conflict, match="is not empty"):
        restore(tmp_path / "b", config.data_dir, replace=False)
    report = restore(tmp_path / "b", config.data_dir, replace=True)
    aside = Path(str(report["put_aside"]))
    assert content(aside) == before
    assert examine_folder(config).problems == ()
    Server(config).close()


def test_a_damaged_backup_changes_nothing(config: ServerConfig, tmp_path: Path) -> None:
    back_up(config.data_dir, tmp_path / "b")
    weights(tmp_path / "b").write_bytes(b"x")
    before = content(config.data_dir)
    with pytest.raises(Damaged, match=r"the backup .* is damaged"):
        restore(tmp_path / "b", config.data_dir, replace=True)
    assert content(config.data_dir) == before


def test_a_folder_that_a_server_runs_on_is_not_replaced(
    config: ServerConfig, tmp_path: Path
) -> None:
    back_up(config.data_dir, tmp_path / "b")
    with (
        exclusive(config.data_dir),
        pytest.raises(Conflict, match=f"another server .process {os.getpid()}"),
    ):
        restore(tmp_path / "b", config.data_dir, replace=True)


def test_what_was_signed_before_is_not_valid_after(config: ServerConfig, tmp_path: Path) -> None:
    """Ids that were given after the backup will be given again, to other things."""
    server = Server(config)
    token = server.services.signer.sign({"allows": "get"})
    server.close()
    back_up(config.data_dir, tmp_path / "b")
    restore(tmp_path / "b", config.data_dir, replace=True)
    server = Server(config)
    with pytest.raises(HousingSweepError, match="not signed by this server"):
        server.services.signer.check(token)
    server.close()


def test_a_restore_that_was_killed_leaves_what_was_there(
    config: ServerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(config.data_dir, tmp_path / "b")

    def killed(*_ignored: object) -> None:
        raise KeyboardInterrupt

    before = content(config.data_dir)
    monkeypatch.setattr(backup, "_put_aside", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "b", config.data_dir, replace=True)
    assert {k: v for k, v in content(config.data_dir).items() if k != "server.lock"} == before
    monkeypatch.undo()
    (config.data_dir / "restoring-0123").mkdir()
    shutil.copy(config.database, config.data_dir / "restoring-0123")
    restore(tmp_path / "b", config.data_dir, replace=True)
    assert not (config.data_dir / "restoring-0123").exists()


def test_a_folder_of_an_older_version_can_be_restored(tmp_path: Path) -> None:
    shutil.unpack_archive(ROOT / "tests/golden/server-0.1.zip", tmp_path / "old")
    restore(tmp_path / "old", tmp_path / "new", replace=False)
    assert examine_folder(ServerConfig(data_dir=tmp_path / "new")).problems == ()
    make_server(ServerConfig(data_dir=tmp_path / "new")).close()
