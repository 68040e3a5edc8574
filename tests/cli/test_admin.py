"""`housing-sweep users|orgs|teams`: what they print, and with which exit code they end."""

import json
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.cli.main import cli, run
from tests.support.local_server import LocalServer

KEY = "0123456789" * 4


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def tell(*args: str) -> tuple[int, str, str]:
        code = run(cli, [*args, "--data-dir", str(tmp_path / "data")])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return tell


def test_a_user_is_added_and_the_key_shown(tell: Any) -> None:
    code, out, _ = tell("users", "add", "alice")
    assert code == 0
    assert "added user alice" in out
    assert len(out.split()[-1]) >= 40


def test_json_is_one_value_and_nothing_else(tell: Any) -> None:
    code, out, err = tell("users", "add", "alice", "--api-key", KEY, "--admin", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "name": "alice",
        "email": None,
        "admin": True,
        "service": False,
        "organizations": ["local-org"],
        "teams": [],
        "keys": [KEY[:8]],
        "api_key": KEY,
    }
    _, out, _ = tell("users", "list", "--json")
    assert "api_key" not in json.loads(out)[0]
    assert KEY not in out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("users", "add", "b b"), 2),
        (("users", "add", "bob", "--api-key", "short"), 2),
        (("users", "add", "alice"), 4),
        (("users", "add", "bob", "--api-key", KEY), 4),
        (("users", "add"), 2),
        (("users", "add-key", "nobody"), 3),
        (("users", "remove", "nobody"), 3),
        (("orgs", "add", "acme", "--admin", "nobody"), 3),
        (("orgs", "add", "alice", "--admin", "alice"), 4),
        (("orgs", "add", "a/b", "--admin", "alice"), 2),
        (("orgs", "add-member", "nowhere", "alice"), 3),
        (("orgs", "add-member", "local-org", "alice", "--role", "king"), 2),
        (("orgs", "remove", "local-org"), 4),
        (("orgs", "remove", "nowhere"), 3),
        (("teams", "add", "crew", "--org", "nowhere", "--admin", "alice"), 3),
        (("teams", "add", "alice", "--org", "local-org", "--admin", "alice"), 4),
        (("teams", "add", "-x", "--org", "local-org", "--admin", "alice"), 2),
        (("teams", "add-member", "nowhere", "alice"), 3),
        (("teams", "remove", "nowhere"), 3),
    ],
)
def test_a_refusal_is_one_message_and_its_exit_code(
    tell: Any, args: tuple[str, ...], code: int
) -> None:
    tell("users", "add", "alice", "--api-key", KEY)
    got, out, err = tell(*args)
    assert (got, out) == (code, "")
    assert err
    assert "Traceback" not in err


def test_organizations_and_teams_from_the_first_to_the_last_command(tell: Any) -> None:
    for name in ("alice", "bob"):
        tell("users", "add", name)
    for args, shown in [
        (("orgs", "add", "Acme Inc.", "--admin", "alice"), "added organization Acme Inc."),
        (("orgs", "add-member", "Acme Inc.", "bob", "--role", "viewer"), "bob is viewer"),
        (("orgs", "list"), "Acme Inc.  alice (admin), bob (viewer)"),
        (("teams", "add", "crew", "--org", "Acme Inc.", "--admin", "alice"), "added team crew"),
        (("teams", "add-member", "crew", "bob"), "bob is member of crew"),
        (("teams", "list"), "crew  of Acme Inc.  alice (admin), bob (member)"),
        (("users", "list"), "bob  in Acme Inc., crew"),
        (("teams", "remove-member", "crew", "bob"), "bob is no member of crew"),
        (("orgs", "remove-member", "Acme Inc.", "bob"), "bob is no member of Acme Inc."),
        (("teams", "remove", "crew"), "removed team crew"),
        (("orgs", "remove", "Acme Inc."), "removed organization Acme Inc."),
        (("users", "remove", "bob"), "removed user bob"),
    ]:
        code, out, err = tell(*args)
        assert (code, err) == (0, "")
        assert shown in out
    assert json.loads(tell("teams", "list", "--json")[1]) == []
    assert [org["name"] for org in json.loads(tell("orgs", "list", "--json")[1])] == ["local-org"]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_a_members_role_is_what_was_asked_for(tell: Any, role: str) -> None:
    for name in ("alice", "bob"):
        tell("users", "add", name)
    tell("orgs", "add", "acme", "--admin", "alice")
    tell("teams", "add", "crew", "--org", "acme", "--admin", "alice")
    for kind, group, named in (("orgs", "acme", "organization"), ("teams", "crew", "team")):
        _, out, _ = tell(kind, "add-member", group, "bob", "--role", role, "--json")
        assert json.loads(out) == {named: group, "user": "bob", "role": role}
        held = next(x for x in json.loads(tell(kind, "list", "--json")[1]) if x["name"] == group)
        assert {"user": "bob", "role": role} in held["members"]
    _, out, _ = tell("orgs", "remove-member", "acme", "bob", "--json")
    assert json.loads(out) == {"organization": "acme", "removed": "bob"}
    assert json.loads(tell("teams", "list", "--json")[1])[0]["members"] == [
        {"user": "alice", "role": "admin"}
    ]


@pytest.mark.slow
def test_a_running_server_obeys_from_the_next_request_on(own_server: LocalServer) -> None:
    folder = ("--data-dir", str(own_server.data_dir), "--json")
    viewer = "{ viewer { username organizations { name } } }"
    assert own_server.graphql(viewer, KEY)[0] == 401
    own_server.cli("housing-sweep", "users", "add", "alice", "--api-key", KEY, *folder)
    status, answer = own_server.graphql(viewer, KEY)
    assert (status, answer["data"]["viewer"]["username"]) == (200, "alice")
    own_server.cli("housing-sweep", "orgs", "add", "acme", "--admin", "alice", *folder)
    _, answer = own_server.graphql(viewer, KEY)
    assert answer["data"]["viewer"]["organizations"] == [{"name": "acme"}]
    own_server.cli("housing-sweep", "users", "remove", "alice", *folder)
    assert own_server.graphql(viewer, KEY)[0] == 401


@pytest.mark.slow
def test_the_sdk_logs_in_with_a_key_made_by_command_and_not_with_another(
    own_server: LocalServer,
) -> None:
    add = ("housing-sweep", "users", "add", "alice", "--data-dir", str(own_server.data_dir))
    own_server.cli(*add, "--api-key", f"user_gw0-{KEY}")
    ask = "import json, wandb; print(json.dumps(wandb.Api().viewer.username))"
    assert own_server.sdk(ask, env={"WANDB_API_KEY": f"user_gw0-{KEY}"}) == "alice"
    wrong = own_server.cli("wandb", "login", "--verify", "--relogin", "x" * 40, check=False)
    assert wrong.returncode != 0
    assert "user is not logged in" in wrong.stdout + wrong.stderr
