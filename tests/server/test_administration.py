"""Administration of a data folder, and that it holds from the next request on."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound
from housing_sweep.server.administration import administration
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects

KEY = "0123456789" * 4


def test_a_new_folder_becomes_what_a_first_start_makes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    with administration(folder) as opened:
        owner = opened.users()
        assert [held["default"] for held in opened.organizations()] == [True]
    assert len(owner) == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("housing-sweep.db", "client.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    Server(ServerConfig(data_dir=folder)).close()
    with administration(folder) as opened:
        assert opened.users() == owner


def test_an_owner_whose_name_was_given_away_gets_another(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        (owner,) = opened.users()
        opened.add_user("alice", api_key=None, email=None, is_admin=False)
        opened.remove_user(str(owner["name"]))
        opened.add_team(str(owner["name"]), organization="local-org", admin="alice")
    (tmp_path / "client.json").unlink()
    with administration(tmp_path) as opened:
        assert [user["name"] for user in opened.users()] == ["alice", f"{owner['name']}-owner"]


def test_a_given_key_is_taken_as_it_is_and_a_made_one_is_long_enough(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        given = opened.add_user("alice", api_key=KEY, email=None, is_admin=False)
        made = opened.add_user("bob", api_key=None, email=None, is_admin=True)
        assert given["api_key"] == KEY
        assert len(str(made["api_key"])) >= 40
        for key, name in ((KEY, "alice"), (str(made["api_key"]), "bob")):
            user = users.user_by_key(opened.db, key)
            assert user is not None
            assert user.name == name
        assert [given["admin"], made["admin"]] == [False, True]


def test_a_refused_user_leaves_nothing(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        opened.add_user("alice", api_key=KEY, email="a@b.c", is_admin=False)
        before = opened.users()
        for name, key, email in [
            ("b b", None, None),
            ("bob", "short", None),
            ("bob", None, "no address"),
        ]:
            with pytest.raises(BadInput):
                opened.add_user(name, api_key=key, email=email, is_admin=False)
        for name, key, email in [("alice", None, None), ("bob", KEY, None), ("bob", None, "A@B.c")]:
            with pytest.raises(Conflict):
                opened.add_user(name, api_key=key, email=email, is_admin=False)
        assert opened.users() == before
        assert users.entity_by_name(opened.db, "bob") is None


def test_a_removed_users_key_and_projects_are_gone_and_the_name_is_free(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        opened.add_user("alice", api_key=KEY, email="a@b.c", is_admin=False)
        alice = users.user_by_name(opened.db, "alice")
        assert alice is not None
        projects.ensure(opened.db, alice, None, "p", now=1.0)
        assert opened.remove_user("alice") == {"removed": "alice", "projects": 1}
        assert users.user_by_key(opened.db, KEY) is None
        with pytest.raises(NotFound):
            opened.remove_user("alice")
        with pytest.raises(NotFound):
            opened.remove_user(f"alice~{alice.id}")
        again = opened.add_user("alice", api_key=KEY, email="a@b.c", is_admin=False)
        assert again["name"] == "alice"


def test_a_team_is_not_left_to_members_without_an_admin(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        for name in ("alice", "bob"):
            opened.add_user(name, api_key=None, email=None, is_admin=False)
        opened.add_team("crew", organization="local-org", admin="alice")
        opened.set_team_member("crew", "bob", "member")
        with pytest.raises(Conflict, match="only admin"):
            opened.remove_user("alice")
        changes: list[Callable[[], object]] = [
            lambda: opened.set_team_member("crew", "alice", "viewer"),
            lambda: opened.remove_team_member("crew", "alice"),
        ]
        for change in changes:
            with pytest.raises(Conflict, match="needs an admin"):
                change()
        opened.set_team_member("crew", "bob", "admin")
        opened.remove_user("alice")
        (crew,) = opened.teams()
        assert crew["members"] == [{"user": "bob", "role": "admin"}]


def test_an_organization_goes_with_its_teams_and_not_with_its_users(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        for name in ("alice", "bob"):
            opened.add_user(name, api_key=None, email=None, is_admin=False)
        opened.add_organization("Acme Inc.", admin="alice")
        opened.set_organization_member("Acme-Inc", "bob", "viewer")
        opened.add_team("crew", organization="Acme Inc.", admin="bob")
        bob = users.user_by_name(opened.db, "bob")
        assert bob is not None
        projects.ensure(opened.db, bob, "crew", "p", now=1.0)
        acme = next(held for held in opened.organizations() if held["name"] == "Acme Inc.")
        assert acme == {
            "name": "Acme Inc.",
            "entity": "Acme-Inc",
            "default": False,
            "members": [{"user": "alice", "role": "admin"}, {"user": "bob", "role": "viewer"}],
            "teams": ["crew"],
        }
        gone = opened.remove_organization("Acme Inc.")
        assert gone == {"removed": "Acme Inc.", "teams": ["crew"], "projects": 1}
        assert opened.teams() == []
        homes = {user["name"]: user["organizations"] for user in opened.users()}
        assert homes["alice"] == homes["bob"] == ["local-org"]


def test_the_default_organization_stays(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        with pytest.raises(Conflict, match="default"):
            opened.remove_organization("local-org")
        assert len(opened.organizations()) == 1


def test_everything_unknown_is_not_found(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        opened.add_user("alice", api_key=None, email=None, is_admin=False)
        opened.add_team("crew", organization="local-org", admin="alice")
        attempts: list[Callable[[], object]] = [
            lambda: opened.add_key("nobody", api_key=None),
            lambda: opened.add_organization("acme", admin="nobody"),
            lambda: opened.set_organization_member("nowhere", "alice", "member"),
            lambda: opened.remove_organization("nowhere"),
            lambda: opened.remove_organization_member("local-org", "nobody"),
            lambda: opened.add_team("second", organization="nowhere", admin="alice"),
            lambda: opened.add_team("second", organization="local-org", admin="nobody"),
            lambda: opened.set_team_member("alice", "alice", "member"),
            lambda: opened.remove_team_member("crew", "nobody"),
            lambda: opened.remove_team("nowhere"),
        ]
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()
        assert users.organization_by_name(opened.db, "acme") is None
        assert [team["name"] for team in opened.teams()] == ["crew"]


def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with administration(tmp_path) as opened:
        opened.db.execute("PRAGMA user_version = 999")
    with pytest.raises(BadInput, match="999"), administration(tmp_path):
        pass


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot use"), administration(tmp_path / "file"):
        pass
