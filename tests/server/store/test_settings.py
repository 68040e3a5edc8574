"""Facts of a server, kept until they are forgotten."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_sweep.server.store import settings
from housing_sweep.server.store.people import keys, sessions, users
from housing_sweep.server.store.people.users import UserId
from tests.support.run_rows import NOW, Rows


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    """A database."""
    rows = Rows(tmp_path)
    yield rows
    rows.database.close()


def test_a_fact_is_made_once(rows: Rows) -> None:
    assert settings.ensure(rows.db, "name", "one") == "one"
    assert settings.ensure(rows.db, "name", "two") == "one"


def test_secrets_are_forgotten_and_sessions_with_them(rows: Rows) -> None:
    settings.ensure(rows.db, "url_secret", "one")
    settings.ensure(rows.db, "name", "one")
    key = keys.new_api_key()
    keys.add(rows.db, users.get_user(rows.db, UserId(1)).id, key, description=None, now=NOW)
    (key_id,) = rows.db.execute("SELECT max(id) FROM api_keys").fetchone()
    sessions.start(rows.db, key_id, lifetime=60, now=NOW)
    settings.forget_secrets(rows.db)
    assert settings.ensure(rows.db, "url_secret", "two") == "two"
    assert settings.ensure(rows.db, "name", "two") == "one"
    assert rows.db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0
