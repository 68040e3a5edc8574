"""The code of a recorded commit, with the changes that were not committed."""

import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

COMMIT = re.compile(r"[0-9a-f]{7,64}")
ENTRY = "housing_sweep/pipeline/child.py"


@dataclass(frozen=True, slots=True)
class Code:
    """Where code lies.

    Attributes:
        root: folder that holds the package, or None for the installed one.
        note: where it came from, in words.
    """

    root: Path | None
    note: str


def code_at(commit: str | None, diff: Path | None, folder: Path) -> Code:
    """Return the code of a commit, unpacked into `folder`; else the installed one, and why.

    The commit is looked for in the checkout around the current folder, then in the one around this
    package.

    Args:
        commit: recorded with the run, or None.
        diff: what the checkout had beyond its commit, or None.
        folder: an empty one, outside of any checkout.
    """
    if not commit:
        return Code(None, "installed here (the run was not started in a git checkout)")
    homes = [path for path in (Path.cwd(), Path(__file__).parents[3]) if _has(path, commit)]
    if not homes:
        return Code(None, f"installed here (no checkout here holds commit {commit[:10]})")
    home = homes[0]
    if _git(home, "cat-file", "-e", f"{commit}:{ENTRY}").returncode:
        return Code(None, f"installed here (commit {commit[:10]} does not hold this package)")
    packed = folder / "code.tar"
    if _git(home, "archive", "--format=tar", f"--output={packed}", commit).returncode:
        return Code(None, f"installed here (commit {commit[:10]} cannot be unpacked)")
    root = folder / "code"
    root.mkdir()
    with tarfile.open(packed) as archive:
        archive.extractall(root, filter="data")
    if diff is None:
        return Code(root, f"commit {commit[:10]}")
    done = _git(root, "apply", str(diff.resolve()))
    if done.returncode:
        why = " ".join(done.stderr.split())
        return Code(root, f"commit {commit[:10]}, without its uncommitted changes ({why})")
    return Code(root, f"commit {commit[:10]} with its uncommitted changes")


def _has(folder: Path, commit: str) -> bool:
    known = COMMIT.fullmatch(commit)
    return bool(known) and not _git(folder, "cat-file", "-e", f"{commit}^{{commit}}").returncode


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *arguments]
    try:
        # S603: a fixed program; commit ids come from the record, never a shell.
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:  # no git here
        return subprocess.CompletedProcess(command, 127, "", str(error))
