"""A login: what is refused before anybody is asked, and what is remembered."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from housing_sweep.errors import BadInput, Unavailable
from housing_sweep.pipeline.wandb_io.connection import Connection

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""

KEY = "k" * 40


@dataclass
class Api:
    """Answers with artifacts, and keeps what it was asked."""

    requests: list[str] = field(default_factory=list)

    def artifact(self, name: str) -> SimpleNamespace:
        self.requests.append(name)
        return SimpleNamespace(qualified_name=name, version="v3")


def test_another_backend_needs_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with pytest.raises(BadInput, match=f"no API key is given for {NOWHERE}") as caught:
        Connection.open(f"{NOWHERE}/")
    assert KEY not in str(caught.value)


def test_where_nothing_answers_is_told_at_once() -> None:
    with pytest.raises(Unavailable, match=f"nothing answers at {NOWHERE}") as caught:
        Connection.open(NOWHERE, KEY)
    assert "housing-sweep server" in caught.value.fix


def test_what_is_no_address_is_bad_input() -> None:
    with pytest.raises(BadInput, match="'nonsense' is not an address"):
        Connection.open("nonsense", KEY)


def test_a_version_named_by_its_number_is_asked_for_once_and_an_alias_each_time() -> None:
    api = Api()
    connection = Connection(NOWHERE, KEY, "e", "p", "ada", api)
    for name in ("e/p/m:v3", "e/p/m:v3", "e/p/m:staging", "e/p/m:staging"):
        connection.artifact(name)
    assert api.requests == ["e/p/m:v3", "e/p/m:staging", "e/p/m:staging"]


def test_a_key_is_never_shown() -> None:
    assert KEY not in repr(Connection(NOWHERE, KEY, "e", "p", "ada", Api()))
