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
from housing_sweep.pipeline.nursery import AVAILABLE, Forked, Nursery

TIMEOUT_SECONDS = 1800.0
SECRETS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
MODULE = "housing_sweep.pipeline.child"
LIGHT = ("examine_data",)
"""Commands that need no scikit-learn: a process of their own costs less than the nursery does."""


class ChildFailed(HousingSweepError):
    """The child said why it cannot do what was asked, or died."""


class Children:
    """Children that run at the same time; `kill` ends all of them."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str] | Forked] = set()
        self._nursery: Nursery | None = None
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
            arguments = [command, str(question), str(answer)]
            try:
                if AVAILABLE and code is None and command not in LIGHT:
                    said, failed = self._fork(arguments, limit), False
                else:
                    said, failed = self._start(arguments, code, limit)
            except TimeoutError:
                raise ChildFailed(f"{command} took longer than {limit:g} s") from None
            if failed or (said.strip() and not answer.exists()):
                raise ChildFailed(said.strip().splitlines()[-1].removeprefix("error: "))
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
        if self._nursery is not None:
            self._nursery.close()

    def _fork(self, arguments: list[str], limit: float) -> str:
        """Return what a child said that was forked from one nursery, begun when it is needed."""
        with self._lock:
            if self._closed:
                raise ChildFailed("given up")
            try:
                if self._nursery is None:
                    self._nursery = Nursery(MODULE, _env())
                forked = self._nursery.fork(arguments)
            except OSError as error:
                raise ChildFailed(f"no process can be started: {error}") from None
            self._running.add(forked)
        try:
            return forked.wait(limit)
        finally:
            _end(forked)
            with self._lock:
                self._running.discard(forked)
            forked.connection.close()

    def _start(self, arguments: list[str], code: Path | None, limit: float) -> tuple[str, bool]:
        """Return what a child said that was started from nothing, and whether it failed."""
        env = _env() if code is None else {**_env(), "PYTHONPATH": str(code)}
        with self._lock:
            if self._closed:
                raise ChildFailed("given up")
            process = subprocess.Popen(
                # -P: what lies in the current folder is not what is installed.
                [sys.executable, "-P", "-m", MODULE, *arguments],
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
        try:
            _, said = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)
        failed = bool(process.returncode)
        return (said if said.strip() or not failed else f"exit code {process.returncode}"), failed


def _env() -> dict[str, str]:
    """Return the environment of a child, which holds no secret."""
    env = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return env | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


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


def _end(process: "subprocess.Popen[str] | Forked") -> None:
    """End a child and all that it started."""
    if isinstance(process, Forked):
        process.end()
        return
    if process.poll() is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stderr is not None:
        process.stderr.close()
