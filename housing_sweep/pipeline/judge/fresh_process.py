"""Work in fresh processes, which hold no API key and may be killed at any moment."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from housing_sweep.errors import HousingSweepError

TIMEOUT_SECONDS = 1800.0
SECRETS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
MODULE = "housing_sweep.pipeline.child"


class ChildFailed(HousingSweepError):
    """The child said why it cannot do what was asked, or died."""


class Children:
    """Children that run at the same time; `kill` ends all of them."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(
        self,
        command: str,
        request: Mapping[str, object],
        code: Path | None = None,
        limit_seconds: float | None = None,
    ) -> dict[str, object]:
        """Run one command of `pipeline.child` in a new process and return its answer.

        Args:
            command: its name.
            request: what it needs.
            code: folder with the package to run; default the one running now.
            limit_seconds: how long it may take; default `TIMEOUT_SECONDS`.

        Raises:
            ChildFailed: naming what it said last.
        """
        limit = TIMEOUT_SECONDS if limit_seconds is None else limit_seconds
        with tempfile.TemporaryDirectory() as scratch:
            question, answer = Path(scratch) / "request.json", Path(scratch) / "answer.json"
            question.write_text(json.dumps(dict(request)))
            process = self._start([command, str(question), str(answer)], code)
            try:
                _, said = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                raise ChildFailed(f"{command} took longer than {limit:g} s") from None
            finally:
                _end(process)
                with self._lock:
                    self._running.discard(process)
            if process.returncode:
                lines = said.strip().splitlines()
                last = lines[-1] if lines else f"exit code {process.returncode}"
                raise ChildFailed(last.removeprefix("error: "))
            try:
                result = json.loads(answer.read_text())
            except (OSError, ValueError, RecursionError):
                raise ChildFailed(f"{command} ended without an answer") from None
            if not isinstance(result, dict):
                raise ChildFailed(f"{command} answered with a {type(result).__name__}")
            return result

    def kill(self) -> None:
        """End every child, and start no more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _start(self, arguments: list[str], code: Path | None) -> "subprocess.Popen[str]":
        env = {name: value for name, value in os.environ.items() if name not in SECRETS}
        env |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        # -P: what lies in the current folder is not what is installed.
        python = [sys.executable, "-P"]
        if code is not None:
            env["PYTHONPATH"] = str(code)
        with self._lock:
            if self._closed:
                raise ChildFailed("given up")
            process = subprocess.Popen(
                [*python, "-m", MODULE, *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                cwd=code,
                start_new_session=True,  # Ctrl-C reaches the parent, which ends them
            )
            self._running.add(process)
        return process


def run_in_fresh_process(
    command: str, request: Mapping[str, object], code: Path | None = None
) -> dict[str, object]:
    """Run one command of `pipeline.child` in a new process, which ends with this call.

    Raises:
        ChildFailed: naming what it said last.
    """
    children = Children()
    try:
        return children.run(command, request, code)
    finally:
        children.kill()


def _end(process: "subprocess.Popen[str]") -> None:
    """End a child and all that it started."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stderr is not None:
        process.stderr.close()
