"""What was built on this machine, kept by what it was built from: equal inputs, equal bits.

A person builds the same model more than once: in a dry run, then for good; later as the champion of
other promotions. What is kept are facts and predictions, never a model: 0.4 MB for 20,640 rows.
"""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

FACTS = "facts.json"
MOST_KEPT = 200
"""Builds, the newest: about 80 MB at 20,640 rows each."""
_FOLDER_MODE = 0o700


class BuildCache:
    """Answers of builds, with the arrays beside them, in a folder that only its owner may write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, inputs: Mapping[str, object]) -> tuple[dict[str, object], Path] | None:
        """Return the answer of a build and the folder with its arrays, or None.

        Args:
            inputs: everything that decides the outcome, libraries and code included.
        """
        folder = self._folder / _key(inputs)
        try:
            if not (_mine(self._folder) and _mine(folder) and _mine(folder / FACTS)):
                return None
            answer = json.loads((folder / FACTS).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        os.utime(folder)
        return (answer, folder) if isinstance(answer, dict) else None

    def put(
        self, inputs: Mapping[str, object], answer: Mapping[str, object], arrays: Mapping[str, Path]
    ) -> None:
        """Keep a build: whole or not at all. A folder that cannot be written keeps nothing."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
            if not _mine(self._folder):
                return
            part = Path(tempfile.mkdtemp(dir=self._folder, prefix="."))
            try:
                for name, path in arrays.items():
                    shutil.copyfile(path, part / name)
                (part / FACTS).write_text(json.dumps(dict(answer)))
                for file in part.iterdir():
                    file.chmod(0o600)
                part.rename(self._folder / _key(inputs))
            except OSError:  # another process kept the same one first
                shutil.rmtree(part, ignore_errors=True)
            self._forget_oldest()
        except OSError:
            return

    def _forget_oldest(self) -> None:
        kept = [one for one in self._folder.iterdir() if not one.name.startswith(".")]
        for folder in sorted(kept, key=lambda one: one.stat().st_mtime)[:-MOST_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)


def _mine(path: Path) -> bool:
    """Return whether only this user can have written a file or folder."""
    status = path.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return own and not stat.S_ISLNK(status.st_mode) and not status.st_mode & others


def _key(inputs: Mapping[str, object]) -> str:
    text = json.dumps(dict(inputs), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
