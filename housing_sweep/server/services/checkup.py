"""Examines a data folder: the database, blobs against digests, and each against the other.

A server may run on it. Nothing is changed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.errors import NotFound
from housing_sweep.server.content import blob_check
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.store import books
from housing_sweep.server.store.books import Books
from housing_sweep.server.store.references import Reference, UploadPart


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found.

    Attributes:
        problems: what is wrong, each in a sentence.
        notes: what is there and does no harm.
        counts: how much was looked at, by what.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    counts: dict[str, int]


def examine_folder(config: ServerConfig) -> Checkup:
    """Examine a data folder, or a backup, which looks like one.

    Raises:
        NotFound: there is none.
        BadInput: the database is of something else.
        Damaged: the database cannot even be opened.
    """
    if not config.database.exists():
        raise NotFound(f"there is no database {config.database}", fix="name its folder")
    before = books.read(config.database)
    if not before.counts:
        return Checkup(before.problems, tuple(_of_another_version(before)), {})
    wrong, notes, files, size = _files(config.blobs, before.blobs)
    missing = _missing(config.blobs, before)
    # What was deleted meanwhile is not missing.
    now = books.read(config.database) if missing else before
    missing = _missing(config.blobs, now) if missing else []
    return Checkup(
        (*before.problems, *wrong, *missing),
        (*notes, *_left_over(config, now.parts)),
        {**before.counts, "files": files, "bytes": size},
    )


def _of_another_version(database: Books) -> Iterator[str]:
    if not database.problems:
        yield (
            f"schema version {database.schema}, not the newest: the rows are examined once a server"
            " of this version was started"
        )


def _files(root: Path, known: Sequence[Reference]) -> tuple[list[str], list[str], int, int]:
    """Return (problems, notes, how many files, their bytes) of what lies in a folder of blobs."""
    problems, notes, files, total = list[str](), list[str](), 0, 0
    by_name: dict[str, list[Reference]] = defaultdict(list)
    for reference in known:
        by_name[reference.sha256].append(reference)
    for file in blob_check.blob_files(root) if root.is_dir() else ():
        files += 1
        if file.name is None:
            problems.append(f"{file.path} is not a blob: its name is no digest of its folder")
            continue
        try:
            examined = blob_check.examine(file.path)
        except FileNotFoundError:
            continue  # collected meanwhile
        except OSError as error:
            problems.append(f"blob {file.path} cannot be read: {error.strerror}")
            continue
        total += examined.size
        if examined.sha256 != file.name:
            problems.append(f"blob {file.path} is damaged: it has SHA-256 {examined.sha256}")
            continue
        if file.name not in by_name:
            notes.append(f"nothing refers to blob {file.path}: it is collected a day after it came")
        problems += [
            f"{reference.owner} is not what blob {file.name} holds: {what}"
            for reference in by_name[file.name]
            for what in _differences(reference, examined)
        ]
    return problems, notes, files, total


def _differences(reference: Reference, examined: blob_check.Examined) -> Iterator[str]:
    if reference.size != examined.size:
        yield f"{reference.size} bytes are noted, it has {examined.size}"
    noted = Digests(reference.md5, reference.xxh128)
    for name, mine, its in (
        ("MD5", noted.md5, examined.digests.md5),
        ("XXH128", noted.xxh128, examined.digests.xxh128),
    ):
        if mine and mine != its:
            yield f"{name} {mine} is noted, it has {its}"


def _missing(root: Path, database: Books) -> list[str]:
    blobs = (
        f"{reference.owner} refers to blob {reference.sha256}, which is not stored"
        for reference in database.blobs
        if not (root / reference.sha256[:2] / reference.sha256).is_file()
    )
    return [*blobs, *_missing_parts(root, database.parts)]


def _missing_parts(root: Path, parts: Sequence[UploadPart]) -> list[str]:
    problems = []
    for part in parts:
        path = root / "parts" / part.upload / f"{part.number:06d}"
        if not path.is_file() or path.stat().st_size != part.size:
            problems.append(f"part {part.number} of upload {part.upload} is not stored as noted")
    return problems


def _left_over(config: ServerConfig, parts: Sequence[UploadPart]) -> Iterator[str]:
    uploads, folder = {part.upload for part in parts}, config.blobs / "parts"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in uploads:
            yield f"nothing refers to {path}: it is collected a day after it came"
    own = {config.blobs.name, config.client_env.name, "server.lock", "backup.json"}
    own |= {f"{config.database.name}{end}" for end in ("", "-wal", "-shm", "-journal")}
    for path in sorted(config.data_dir.iterdir()):
        if path.name not in own:
            yield f"{path} is not of this program, or was left over: nothing reads it"
