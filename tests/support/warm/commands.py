"""Makes the folder of commands, and the one parent of a test session behind it."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.warm import command, parent

SCRIPTS = ("wandb", "housing-sweep")


def fork_of(folder: str | None, command: int) -> list[int]:
    """Return the number of the fork behind a command that runs; nothing if it is no such command.

    The fork is no child of the command: who looks for a process tree must ask.
    """
    path = Path(folder or "", "forks", str(command))
    return [int(path.read_text())] if folder and path.exists() else []


def start(python: str, env: dict[str, str]) -> tuple[Path, Callable[[], None]]:
    """Start a parent; return its folder of commands, and what ends the one and removes the other.

    It imports at the first command, so a session without one pays nothing, and ends with this
    process at the latest.

    Args:
        python: the interpreter whose packages are imported.
        env: environment of the parent: what its forks cannot change must be the same in theirs.
    """
    folder = Path(tempfile.mkdtemp(prefix="housing-sweep-commands-"))
    address, table = str(folder / "parent"), folder / "forks"
    table.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(128)
        process = subprocess.Popen(
            [python, parent.__file__, str(listener.fileno()), str(table)],
            env={**env, "HOME": str(folder), "WANDB_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
    scripts = Path(python).parent
    interpreter = {"python": "", "python3": "", Path(python).name: ""}
    programs = {name: str(scripts / name) for name in SCRIPTS if (scripts / name).is_file()}
    for name, program in (interpreter | programs).items():
        path = folder / name
        path.write_text(
            f"#!{python} -IS\n"
            f"import sys; sys.path.insert(0, {str(Path(command.__file__).parent)!r})\n"
            f"import command\n"
            f"command.main({python!r}, {program!r}, {address!r}, {command.read_at_import(env)!r})\n"
        )
        path.chmod(0o755)

    def stop() -> None:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    return folder, stop
