"""Users, teams and projects through the real SDK: who may do what, and what refusals say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.local_server import AT_ONCE, LocalServer

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Crew:
    """A server with a team: alice rules it, bob is a member, vic only looks, eve is a stranger.

    dan belongs to the organisation, zoe to none.
    """

    server: LocalServer
    keys: dict[str, str]

    def sdk(self, who: str, code: str, *args: str) -> Any:
        """Run code in a fresh process as one of them."""
        return self.server.sdk(code, *args, env={"WANDB_API_KEY": self.keys[who]})


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    server = LocalServer(tmp_path_factory.mktemp("crew")).start()
    folder = ("--data-dir", str(server.data_dir), "--json")

    def run(*args: str) -> Any:
        return json.loads(server.cli("housing-sweep", *args, *folder).stdout)

    keys = {}
    for name in ("alice", "bob", "vic", "eve"):
        keys[name] = run("users", "add", name, "--email", f"{name}@example.org")["api_key"]
    keys["dan"] = run("users", "add", "dan", "--email", "dan@acme.org")["api_key"]
    keys["zoe"] = run("users", "add", "zoe", "--email", "zoe@elsewhere.org")["api_key"]
    run("orgs", "add", "acme", "--admin", "alice")
    run("orgs", "add", "evil", "--admin", "eve")
    run("orgs", "add-member", "acme", "dan")
    run("teams", "add", "crew", "--org", "acme", "--admin", "alice")
    run("teams", "add-member", "crew", "bob")
    run("teams", "add-member", "crew", "vic", "--role", "viewer")
    yield Crew(server, keys)
    server.stop()


LOG = """
import json, sys, time, wandb
began = time.monotonic()
told = None
try:
    with wandb.init(entity=sys.argv[1], project=sys.argv[2]) as run:
        run.log({"x": 1})
        told = run.path
except Exception as error:
    told = f"{type(error).__name__}: {error}"
print(json.dumps([told, time.monotonic() - began]))
"""


def test_a_member_logs_to_the_team_and_another_reads_it_in_another_process(crew: Crew) -> None:
    path, _ = crew.sdk("bob", LOG, "crew", "shared")
    assert path.startswith("crew/shared/")
    read = """
import json, sys, wandb
run = wandb.Api().run(sys.argv[1])
print(json.dumps([run.user.username, run.entity, [row["x"] for row in run.scan_history()]]))
"""
    for who in ("alice", "vic"):
        assert crew.sdk(who, read, path) == ["bob", "crew", [1]]


@pytest.mark.parametrize(
    ("who", "entity", "word"),
    [
        ("vic", "crew", "permission denied"),
        ("eve", "crew", "permission denied"),
        ("eve", "alice", "permission denied"),
        ("alice", "nowhere", "not found"),
    ],
)
def test_who_may_not_write_is_told_so_at_once(crew: Crew, who: str, entity: str, word: str) -> None:
    told, seconds = crew.sdk(who, LOG, entity, "forbidden")
    assert word in told
    assert entity in told
    assert seconds < AT_ONCE


def test_a_bad_project_name_is_refused_at_once(crew: Crew) -> None:
    told, seconds = crew.sdk("alice", LOG, "crew", "wandb-registry-x")
    assert "registry" in told
    assert seconds < AT_ONCE


READ = """
import json, sys, time, wandb
api = wandb.Api()
def told(function):
    began = time.monotonic()
    try:
        answer = function()
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    assert time.monotonic() - began < 60  # it would try again for 90 s
    return answer if isinstance(answer, (str, list, bool, type(None))) else repr(answer)
print(json.dumps({
    "projects": told(lambda: [p.name for p in api.projects("crew")]),
    "runs": told(lambda: [r.name for r in api.runs("crew/secret")]),
    "run": told(lambda: api.run("crew/secret/" + sys.argv[1])),
    "artifact": told(lambda: api.artifact("crew/secret/thing:latest")),
    "exists": told(lambda: api.artifact_exists("crew/secret/thing:latest")),
    "delete": told(lambda: api.run("crew/secret/" + sys.argv[1]).delete()),
    "team": told(lambda: [m.name for m in api.team("crew").members]),
    "user": told(lambda: [u.username for u in api.users("example.org")]),
    "organization": told(lambda: api.organization("acme").name),
}))
"""


def test_a_stranger_finds_nothing_and_a_member_everything(crew: Crew) -> None:
    made = crew.sdk(
        "alice",
        """
import json, wandb
with wandb.init(entity="crew", project="secret") as run:
    thing = wandb.Artifact("thing", "dataset")
    with thing.new_file("x") as file:
        file.write("x")
    run.log_artifact(thing).wait()
print(json.dumps(run.id))
""",
    )
    seen = crew.sdk("eve", READ, made)
    for name in ("projects", "runs", "run", "artifact", "delete", "organization"):
        assert "not found" in seen[name].lower() or "could not find" in seen[name].lower(), seen
    assert seen["exists"] is False
    assert seen["team"] == []
    assert seen["user"] == ["eve"]
    mine = crew.sdk("bob", READ.replace(".delete()", ".state"), made)
    assert "secret" in mine["projects"]
    assert len(mine["runs"]) == 1
    assert mine["exists"] is True
    assert mine["team"] == ["alice", "bob", "vic"]
    assert mine["user"] == ["alice", "bob", "vic"]
    assert mine["organization"] == "acme"


def test_projects_are_made_listed_and_described(crew: Crew) -> None:
    seen = crew.sdk(
        "alice",
        """
import json, wandb
api = wandb.Api()
for number in range(5):
    api.create_project(f"made-{number}", "alice")
projects = api.projects("alice", per_page=2)
one = api.project("made-3", entity="alice")
print(json.dumps({
    "names": [p.name for p in projects], "owner": one.owner.username, "url": one.url,
    "viewer": api.viewer.username, "default": api.default_entity,
    "email": api.user("alice@example.org").username,
    "nobody": api.user("nobody"), "teams": api.viewer.teams, "admin": api.viewer.admin,
}))
""",
    )
    assert seen == {
        "names": [f"made-{number}" for number in range(5)],
        "owner": "alice",
        "url": f"{crew.server.url}/alice/made-3/workspace",
        "viewer": "alice",
        "default": "alice",
        "email": "alice",
        "nobody": None,
        "teams": ["alice", "crew"],
        "admin": False,
    }


def test_keys_are_made_used_and_deleted(crew: Crew) -> None:
    made = crew.sdk(
        "bob",
        """
import json, wandb
me = wandb.Api().viewer
key = me.generate_api_key("for a test")
print(json.dumps([key, len(wandb.Api().viewer.api_keys)]))
""",
    )
    key, count = made
    assert count == 2
    env = {"WANDB_API_KEY": key}
    ask = "import json, wandb; print(json.dumps(wandb.Api().viewer.username))"
    assert crew.server.sdk(ask, env=env) == "bob"
    delete = """
import json, sys, wandb
me = wandb.Api().viewer
(name,) = [name for name in me.api_keys if sys.argv[1].startswith(name)]
print(json.dumps(me.delete_api_key(name)))
"""
    assert crew.sdk("bob", delete, key) is True
    refused = """
import json, wandb
try:
    print(json.dumps(wandb.Api().viewer.username))
except Exception as error:
    print(json.dumps(str(error)))
"""
    assert "not logged in" in crew.server.sdk(refused, env=env)


def test_a_team_is_made_grows_and_shrinks(crew: Crew) -> None:
    seen = crew.sdk(
        "alice",
        """
import json, wandb
api = wandb.Api()
team = api.create_team("second")
answers = [team.invite("bob"), team.invite("bob"), team.invite("nobody"),
           team.invite("zoe@elsewhere.org"), team.invite("dan@acme.org", admin=True)]
before = [[m.username, m.admin] for m in team.load(force=True)["members"]]
bob = next(m for m in team.members if m.username == "bob")
answers.append(bob.delete())
answers.append(bob.delete())
print(json.dumps([answers, before, [m.username for m in api.team("second").members]]))
""",
    )
    assert seen == [
        [True, False, False, False, True, True, False],
        [["alice", True], ["bob", False], ["dan", True]],
        ["alice", "dan"],
    ]


def test_a_server_admins_teams_and_users_are_of_the_organizations_they_are_made_in(
    crew: Crew,
) -> None:
    seen = crew.server.sdk(
        """
import json, wandb
api = wandb.Api()
teams = [api.create_team("of-eve", admin_username="eve"), api.create_team("of-zoe", "zoe")]
print(json.dumps([[[m.username for m in team.members], team.organization["name"]
                   if getattr(team, "organization", None) else None] for team in teams]))
"""
    )
    assert [members for members, _ in seen] == [["eve"], ["zoe"]]
    shown = crew.server.cli(
        "housing-sweep", "teams", "list", "--json", "--data-dir", str(crew.server.data_dir)
    )
    homes = {team["name"]: team["organization"] for team in json.loads(shown.stdout)}
    assert (homes["of-eve"], homes["of-zoe"]) == ("evil", "local-org")
    made = crew.sdk(
        "alice",
        """
import json, wandb
api = wandb.Api()
user = api.create_user("new.hire@acme.org")
print(json.dumps([user.username, api.user("new.hire@acme.org").username,
                  api.create_team("third").invite(user.username)]))
""",
    )
    assert made == ["new-hire", "new-hire", True]


def test_links_go_from_a_team_to_its_organizations_registry(crew: Crew) -> None:
    path = crew.sdk(
        "bob",
        """
import json, wandb
with wandb.init(entity="crew", project="models") as run:
    model = wandb.Artifact("net", "model")
    with model.new_file("x") as file:
        file.write("x")
    run.log_artifact(model).wait()
    linked = run.link_artifact(model, "wandb-registry-model/net", aliases=["staging"])
print(json.dumps(linked.qualified_name))
""",
    )
    assert path == "acme/wandb-registry-model/net:v0"
    read = """
import json, wandb
try:
    found = wandb.Api().artifact("wandb-registry-model/net:staging")
    print(json.dumps([found.qualified_name, found.source_qualified_name]))
except Exception as error:
    print(json.dumps(f"{type(error).__name__}: {error}"))
"""
    assert crew.sdk("alice", read) == [
        "acme/wandb-registry-model/net:staging",
        "crew/models/net:v0",
    ]
    assert "not found" in crew.sdk("eve", read).lower()
