"""Commands in this process, logged in to a backend in memory."""

from collections.abc import Callable

import pytest

from housing_sweep.cli import connect
from housing_sweep.cli.main import cli, run
from tests.support.fakes import FakeBackend

Ask = Callable[..., tuple[int, str, str]]
"""Runs a command; returns its exit code, what it printed, and what it said on stderr."""


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command logged in to `backend`; without one, logging in fails the test."""

    def answer(*args: str, backend: object = None) -> tuple[int, str, str]:
        def login() -> object:
            if backend is None:
                pytest.fail(f"{args} logged in before it looked at what it was given")
            return backend

        monkeypatch.setattr(connect, "backend", login)
        code = run(cli, list(args))
        said = capsys.readouterr()
        return code, said.out, said.err

    return answer


@pytest.fixture
def empty() -> FakeBackend:
    """A backend where nothing was ever done; a write is a power cut."""
    return FakeBackend([], writes_left=0)
