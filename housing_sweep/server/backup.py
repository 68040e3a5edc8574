"""`backup` and `restore` of a data folder: a backup is a folder that looks like one.

The database is copied as it is at one moment; then every file that it refers to. Those are never
changed, only added and collected, so that a server may go on writing.
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.errors import BadInput, Conflict, Damaged, NotFound
from housing_sweep.server.content import blob_check
from housing_sweep.server.services.checkup import examine_folder
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.data_folder import failures_in_words
from housing_sweep.server.services.lock import exclusive
from housing_sweep.server.store import database_file, references, settings
from housing_sweep.server.store.db import open_database

Report = dict[str, object]
"""What a command did, ready for JSON."""

MARK = "backup.json"
"""The file that says that a folder is a backup, and of when."""

MOST_SNAPSHOTS = 5
"""Times that a copy begins again because a file was collected before it was copied."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How many files were copied, their bytes, and what is wrong with those that were not."""

    files: int
    size: int
    problems: tuple[str, ...]


def back_up(data_dir: Path, target: Path, clock: Callable[[], float] = time.time) -> Report:
    """Copy a data folder; an earlier backup in the same place is brought up to date.

    Returns:
        Where it is, how many files it has and their bytes, how many of them were copied now.

    Raises:
        NotFound: there is no data folder.
        Conflict: the target holds something else.
        Damaged: the database is not sound: nothing was replaced. Or files are missing or damaged:
            all the others were copied.
        Unavailable: the disk is full.
    """
    source, backup = ServerConfig(data_dir=data_dir), ServerConfig(data_dir=target)
    if not source.database.exists():
        raise NotFound(f"there is no database {source.database}", fix="name it with --data-dir")
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise BadInput(f"{target} lies in the data folder itself", fix="choose another folder")
    with failures_in_words(target):
        _claim(backup)
        fresh = target / f"{backup.database.name}.new-{secrets.token_hex(4)}"
        try:
            copied = _copy_whole(source, backup, fresh)
            if source.client_env.exists():
                _write(backup.client_env, source.client_env.read_text("utf-8"))
            fresh.replace(backup.database)
        finally:
            fresh.unlink(missing_ok=True)
        database_file.settle_on_disk(target)
        left = _drop_others(backup)
        _write(target / MARK, json.dumps({"made_at": clock(), "complete": not copied.problems}))
    if copied.problems:
        raise Damaged(
            f"{target} lacks files that are missing or damaged in {data_dir}: "
            + "; ".join(copied.problems[:5]),
            fix=f"`housing-sweep server --check --data-dir {data_dir}` names them all",
        )
    return {
        "backup": str(target),
        **left,
        "copied_files": copied.files,
        "copied_bytes": copied.size,
    }


def _claim(backup: ServerConfig) -> None:
    """Make the target a backup's folder, if it is new, empty, or one already."""
    target = backup.data_dir
    if not (target / MARK).exists() and target.exists() and any(target.iterdir()):
        raise Conflict(
            f"{target} is no backup, and not empty", fix="choose a new folder, or an empty one"
        )
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.chmod(0o700)
    if not (target / MARK).exists():
        _write(target / MARK, json.dumps({"complete": False}))
    backup.blobs.mkdir(exist_ok=True, mode=0o700)
    for leftover in target.glob("*.new-*"):  # of a backup that was interrupted
        leftover.unlink()


def _copy_whole(source: ServerConfig, backup: ServerConfig, fresh: Path) -> Copied:
    """Copy the database to `fresh`, and the files that this copy refers to."""
    files, size = 0, 0
    for rounds_left in reversed(range(MOST_SNAPSHOTS)):
        db = database_file.open_to_read(source.database)
        try:
            database_file.copy(db, source.database, fresh)
        finally:
            db.close()
        copied = _copy_files(source, backup, fresh)
        files, size = files + copied.files, size + copied.size
        if not (copied.problems and rounds_left and _changed(source, fresh)):
            break
        fresh.unlink()
    return Copied(files, size, copied.problems)


def _changed(source: ServerConfig, fresh: Path) -> bool:
    """Return whether the source refers to other files by now."""
    return _referred(source.database).keys() != _referred(fresh).keys()


def _referred(database: Path) -> dict[Path, str | None]:
    """Return the files that a database refers to, below `blobs`, with their SHA-256 if known."""
    db = database_file.open_to_read(database)
    try:
        names, parts = references.blobs(db), references.upload_parts(db)
    finally:
        db.close()
    files: dict[Path, str | None] = {Path(name[:2], name): name for name in sorted(names)}
    return files | {Path("parts", p.upload, f"{p.number:06d}"): None for p in parts}


def _copy_files(source: ServerConfig, backup: ServerConfig, database: Path) -> Copied:
    """Copy the files that a database refers to, but for the blobs that are there already."""
    files, size, problems = 0, 0, list[str]()
    for name, sha256 in _referred(database).items():
        target, original = backup.blobs / name, source.blobs / name
        if sha256 is not None and target.exists():
            continue
        try:
            size += _copy_file(original, target, sha256)
            files += 1
        except FileNotFoundError:
            problems.append(f"{original} is missing")
        except Damaged as error:
            problems.append(error.what)
    return Copied(files, size, tuple(problems))


def _copy_file(original: Path, target: Path, sha256: str | None) -> int:
    """Copy a file so that it is there whole or not at all; return its bytes.

    Raises:
        Damaged: its bytes are not those of the digest.
        FileNotFoundError: there is no such file.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = target.with_name(f"{target.name}.new")
    try:
        shutil.copyfile(original, beside)
        beside.chmod(0o600)
        examined = blob_check.examine(beside)  # what was written, not what was read
        if sha256 is not None and examined.sha256 != sha256:
            raise Damaged(f"{original} is damaged: it has SHA-256 {examined.sha256}")
        database_file.settle_on_disk(beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return examined.size


def _drop_others(backup: ServerConfig) -> Report:
    """Delete the files that the new database does not refer to; return what is left."""
    known, files, size = _referred(backup.database), 0, 0
    for path in [path for path in backup.blobs.rglob("*") if path.is_file()]:
        if path.relative_to(backup.blobs) in known:
            files, size = files + 1, size + path.stat().st_size
        else:
            path.unlink()
    return {"files": files, "bytes": size}


def restore(
    source_dir: Path, data_dir: Path, *, replace: bool, clock: Callable[[], float] = time.time
) -> Report:
    """Put a backup in the place of a data folder, after examining it.

    Signed URLs and logins of before are not valid any more: ids that were given after the backup
    will be given again.

    Returns:
        What was restored, and where that went which was there before.

    Raises:
        NotFound: there is no backup.
        Damaged: the backup is not sound; nothing was changed.
        Conflict: a server runs on the folder, or there is something in it and `replace` is off.
        Unavailable: the disk is full; nothing was changed.
    """
    backup, config = ServerConfig(data_dir=source_dir), ServerConfig(data_dir=data_dir)
    if not backup.database.exists():
        raise NotFound(f"there is no backup in {source_dir}", fix="name the folder of a backup")
    if source_dir.resolve() == data_dir.resolve():
        raise BadInput(f"{source_dir} is the data folder itself", fix="name the folder of a backup")
    with failures_in_words(source_dir):
        problems = examine_folder(backup).problems
    if problems:
        raise Damaged(
            f"the backup {source_dir} is damaged: " + "; ".join(problems[:5]),
            fix="use an older one; nothing was changed",
        )
    with failures_in_words(data_dir), exclusive(data_dir):
        for leftover in data_dir.glob("restoring-*"):
            shutil.rmtree(leftover)
        occupied = sorted(p.name for p in data_dir.iterdir() if p.name != "server.lock")
        if occupied and not replace:
            raise Conflict(
                f"the data folder {data_dir} is not empty: it has {occupied[0]}",
                fix="--replace puts aside what is there; or name an empty --data-dir",
            )
        staged = ServerConfig(data_dir=data_dir / f"restoring-{secrets.token_hex(4)}")
        try:
            copied = _stage(backup, staged)
            aside = _put_aside(data_dir, _own(config), clock()) if occupied else None
            for path in _own(staged):
                path.rename(data_dir / path.name)
            database_file.settle_on_disk(data_dir)
        finally:
            shutil.rmtree(staged.data_dir, ignore_errors=True)
    return {
        "restored": str(data_dir),
        "made_at": _made_at(source_dir),
        "files": copied.files,
        "bytes": copied.size,
        "put_aside": str(aside) if aside else None,
    }


def _stage(backup: ServerConfig, staged: ServerConfig) -> Copied:
    """Copy a backup to a folder beside its place."""
    staged.blobs.mkdir(parents=True, mode=0o700)
    staged.data_dir.chmod(0o700)
    db = database_file.open_to_read(backup.database)
    try:
        database_file.copy(db, backup.database, staged.database)
    finally:
        db.close()
    database = open_database(staged.database)  # an older version's gets today's tables
    try:
        settings.forget_secrets(database.connection())
    finally:
        database.close()
    copied = _copy_files(backup, staged, staged.database)
    if copied.problems:
        raise Damaged(f"the backup lacks files: {copied.problems[0]}", fix="use an older one")
    if backup.client_env.exists():
        _write(staged.client_env, backup.client_env.read_text("utf-8"))
    return copied


def _own(config: ServerConfig) -> list[Path]:
    """Return what a data folder is made of; the database last: without it nothing is used."""
    ends = ("-wal", "-shm", "-journal", "")
    databases = (Path(f"{config.database}{end}") for end in ends)
    return [p for p in (config.blobs, config.client_env, *databases) if os.path.lexists(p)]


def _put_aside(data_dir: Path, paths: Iterable[Path], now: float) -> Path:
    """Move what is there into a folder of its own."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    aside = data_dir / f"replaced-{stamp}-{secrets.token_hex(2)}"
    aside.mkdir(mode=0o700)
    for path in reversed(list(paths)):
        path.rename(aside / path.name)
    return aside


def _made_at(folder: Path) -> str | None:
    try:
        moment = float(json.loads((folder / MARK).read_text("utf-8"))["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.new-{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
