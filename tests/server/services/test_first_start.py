"""What an empty data folder is given, once."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.first_start import DEFAULT_ORGANIZATION, first_start
from housing_sweep.server.store.db import Database, open_database
from housing_sweep.server.store.people import keys, members, users
from tests.support.inprocess import START


class Folder:
    """An empty data folder."""

    def __init__(self, path: Path) -> None:
        self.config = ServerConfig(data_dir=path)
        self.database: Database = open_database(self.config.database)
        self.db = self.database.connection()

    def start(self) -> dict[str, str]:
        """Start on it; return what the owner's client finds."""
        first_start(self.database, self.config, START)
        client: dict[str, str] = json.loads(self.config.client_env.read_text())
        return client


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Of a user who is called `owner` here."""
    monkeypatch.setattr("getpass.getuser", lambda: "owner")
    folder = Folder(tmp_path / "data")
    yield folder
    folder.database.close()


def test_the_owner_gets_a_key_that_works_and_nobody_else_can_read(folder: Folder) -> None:
    client = folder.start()
    assert client["user"] == "owner"
    user = users.user_by_key(folder.db, client["api_key"])
    assert user is not None
    assert (user.name, user.is_admin) == ("owner", True)
    assert [item.name for item in users.organizations(folder.db)] == [DEFAULT_ORGANIZATION]
    assert stat.S_IMODE(folder.config.client_env.stat().st_mode) == 0o600


def test_a_second_start_changes_nothing(folder: Folder) -> None:
    client = folder.start()
    user = users.user_by_name(folder.db, "owner")
    assert folder.start() == client
    assert user is not None
    assert len(keys.of_user(folder.db, user.id)) == 1
    assert len(users.users(folder.db)) == 1
    assert len(users.organizations(folder.db)) == 1


def test_a_lost_key_is_made_anew_for_the_same_user(folder: Folder) -> None:
    client = folder.start()
    folder.config.client_env.unlink()
    renewed = folder.start()
    assert renewed["user"] == client["user"]
    assert renewed["api_key"] != client["api_key"]
    owners = [users.user_by_key(folder.db, item["api_key"]) for item in (client, renewed)]
    assert owners[0] == owners[1] is not None


def test_an_owner_whose_name_is_a_teams_is_called_otherwise(folder: Folder) -> None:
    client = folder.start()
    owner = users.user_by_name(folder.db, client["user"])
    assert owner is not None
    boss = users.create_user(folder.db, "boss", now=START)
    members.remove_user(folder.db, owner, now=START)
    organization = users.create_organization(folder.db, "acme", now=START)
    members.create_team(folder.db, "owner", organization.id, boss.id, now=START)
    folder.config.client_env.unlink()
    assert folder.start()["user"] == "owner-owner"


@pytest.mark.parametrize(
    ("account", "name"), [("Jo.Smith", "Jo-Smith"), ("-_x", "x"), ("...", "local"), ("", "local")]
)
def test_an_account_becomes_a_name_that_a_user_may_have(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, account: str, name: str
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: account)
    assert folder.start()["user"] == name


def test_a_container_without_accounts_has_a_local_user(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr("getpass.getuser", fail)
    assert folder.start()["user"] == "local"
