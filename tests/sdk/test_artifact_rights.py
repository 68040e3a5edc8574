"""Who may see, download and change versions and registries: each asked as that person, by SDK."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sdk.test_people import Crew
from tests.support.local_server import AT_ONCE, PATIENCE, LocalServer
from tests.support.sdk_tools import TOOLS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Alice rules acme; bob writes in team crew; lin is of acme only; rex and eve may least.

    Registry `vault` takes models, holds crew's `net` twice, and knows rex as restricted viewer, bob
    as viewer and lin as member.
    """
    server = LocalServer(tmp_path_factory.mktemp("house")).start()
    folder = ("--data-dir", str(server.data_dir), "--json")

    def run(*args: str) -> Any:
        return json.loads(server.cli("housing-sweep", *args, *folder).stdout)

    keys = {}
    for name in ("alice", "bob", "lin", "rex", "eve"):
        keys[name] = run("users", "add", name, "--email", f"{name}@example.org")["api_key"]
    run("orgs", "add", "acme", "--admin", "alice")
    run("orgs", "add", "evil", "--admin", "eve")
    run("teams", "add", "crew", "--org", "acme", "--admin", "alice")
    run("teams", "add-member", "crew", "bob")
    for name in ("lin", "rex"):
        run("orgs", "add-member", "acme", name)
    crew = Crew(server, keys)
    crew.sdk(
        "alice",
        TOOLS
        + """
api = wandb.Api()
registry = api.create_registry("vault", visibility="organization", organization="acme",
                               artifact_types=["model"])
for name, role in (("rex", "restricted_viewer"), ("bob", "viewer"), ("lin", "member")):
    (user,) = api.users(f"{name}@example.org")
    registry.add_members(user)
    registry.update_member(user, role=role)
with wandb.init(entity="crew", project="nets") as run:
    log(run, "rows", "rows", "dataset")
    run.use_artifact("rows:latest")
    log(run, "net", "weights", metadata={"r2": 0.5}).link(
        "wandb-registry-vault/net", aliases=["prod"])
with wandb.init(entity="crew", project="nets") as run:
    run.use_artifact("net:v0")
""",
    )
    yield crew
    server.stop()


def test_lineage_shows_only_projects_that_the_reader_may_see(house: Crew) -> None:
    look = (
        TOOLS
        + """
held = wandb.Api().artifact("wandb-registry-vault/net:prod")
made = held.logged_by()
root = pathlib.Path(held.download(root="lineage"))
print(json.dumps([made and made.project, len(held.used_by()), held.source_project,
                  (root / "f.txt").read_text(), held.metadata]))
"""
    )
    assert house.sdk("alice", look) == ["nets", 1, "nets", "weights", {"r2": 0.5}]
    assert house.sdk("lin", look) == [None, 0, "", "weights", {"r2": 0.5}]


def test_a_restricted_viewers_page_of_a_version_shows_it_without_its_files(house: Crew) -> None:
    page = f"{house.server.url}/acme/wandb-registry-vault/artifacts/model/net/v0"
    seen = {}
    for name in ("lin", "rex"):
        asked = urllib.request.Request(page, headers={"Authorization": _basic(house.keys[name])})
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            seen[name] = answer.read().decode()
    assert "<h1>net:v0" in seen["lin"]
    assert "f.txt</a>" in seen["lin"]
    assert "<h1>net:v0" in seen["rex"]
    assert "f.txt" not in seen["rex"]
    assert "rex may see this version but not download it" in seen["rex"]
    assert "token=" not in seen["rex"]


def test_a_restricted_viewer_sees_versions_but_gets_no_bytes(house: Crew) -> None:
    told = house.sdk(
        "rex",
        TOOLS
        + """
api = wandb.Api()
held = api.artifact("wandb-registry-vault/net:prod")
with wandb.init(project="mine") as run:
    used = tries(lambda: run.use_artifact("wandb-registry-vault/net:prod"))
print(json.dumps({"seen": [held.version, sorted(held.aliases), held.metadata],
    "files": sorted(held.manifest.entries),
    "download": tries(lambda: held.download(root="rex", skip_cache=True)),
    "entry": tries(lambda: held.get_entry("f.txt").download(
        root="rex1", skip_cache=True)),
    "used": used, "edit": tries(lambda: held.unlink()),
    "left": [str(p) for p in pathlib.Path("rex").rglob("*") if p.is_file()]}))
""",
    )
    version, aliases, metadata = told["seen"]
    assert (version, metadata) == ("v0", {"r2": 0.5})
    assert {"latest", "prod"} <= set(aliases)
    assert told["files"] == ["f.txt"]
    for action, word in (
        ("download", "permission denied: rex may see this version but not download it"),
        ("used", "permission denied: rex may see this version but not download it"),
        ("edit", "permission denied: rex may only read acme/wandb-registry-vault"),
        ("entry", "403 Client Error: Forbidden"),  # by digest: the SDK shows no body
    ):
        message, seconds = told[action]
        assert word in message, (action, message)
        assert seconds < AT_ONCE, (action, seconds)
    assert told["left"] == []
    url = f"{house.server.url}/artifactsV2/default/acme/wandb-registry-vault/x/{'0' * 32}/f.txt"
    request = urllib.request.Request(url, headers={"Authorization": _basic(house.keys["rex"])})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    caught.value.close()


def _basic(key: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode()


def test_what_others_hold_linked_is_neither_deleted_nor_replaced(house: Crew) -> None:
    told = house.sdk(
        "bob",
        TOOLS
        + """
api = wandb.Api()
told = {
    "version": tries(lambda: api.artifact("crew/nets/net:v0").delete(delete_aliases=True)),
    "collection": tries(lambda: api.artifact_collection("model", "crew/nets/net").delete()),
    "link": tries(lambda: api.artifact("crew/nets/net:v0").link("wandb-registry-vault/other")),
}
print(json.dumps(told))
""",
    )
    assert (
        "permission denied: this version is linked into acme/wandb-registry-vault"
        in (told["version"][0])
    )
    assert "v0 of net is linked elsewhere" in told["collection"][0]
    assert "permission denied" in told["link"][0]
    assert max(seconds for _, seconds in told.values()) < AT_ONCE
    kept = "import json, wandb; print(json.dumps(wandb.Api().artifact('{}').source_name))"
    assert house.sdk("lin", kept.format("wandb-registry-vault/net:prod")) == "net:v0"
    assert house.sdk("alice", kept.format("crew/nets/net:v0")) == "net:v0"


def test_a_registry_of_models_takes_nothing_else(house: Crew) -> None:
    told = house.sdk(
        "alice",
        TOOLS
        + """
told = [tries(lambda: wandb.Api().artifact("crew/nets/rows:v0").link(
    "wandb-registry-vault/rows"))]
registry = wandb.Api().registry("vault", organization="acme")
registry.artifact_types.append("dataset")
registry.save()
told.append(tries(lambda: wandb.Api().artifact("crew/nets/rows:v0").link(
    "wandb-registry-vault/rows").name))
print(json.dumps(told))
""",
    )
    (refused, seconds), (done, _) = told
    assert "'vault' accepts artifacts of type model, not 'dataset'" in refused
    assert seconds < AT_ONCE
    assert done.startswith("done: rows")
    read = """
import json, wandb
print(json.dumps(sorted(c.name for c in wandb.Api().registries(organization="acme").collections())))
"""
    assert house.sdk("lin", read) == ["net", "rows"]


def test_a_stranger_finds_nothing_of_a_registry(house: Crew) -> None:
    told = house.sdk(
        "eve",
        TOOLS
        + """
api = wandb.Api()
path = "acme/wandb-registry-vault/net"
print(json.dumps([tries(lambda: api.artifact(path + ":prod")),
    [False, 0] if not api.artifact_exists(path + ":prod") else [True, 0],
    tries(lambda: list(api.artifacts("model", path))),
    tries(lambda: api.artifact_collection("model", path).name)]))
""",
    )
    assert told[1][0] is False
    for message, seconds in (told[0], told[2], told[3]):
        assert "done" not in message
        assert seconds < AT_ONCE


def test_aliases_of_a_registry_are_its_members_business(house: Crew) -> None:
    """Lin may write in the registry but not see the source; bob may write to the source only."""
    code = (
        TOOLS
        + """
held = wandb.Api().artifact("wandb-registry-vault/net:v0")
held.aliases.append(sys.argv[1])
print(json.dumps(tries(held.save)))
"""
    )
    done, _ = house.sdk("lin", code, "by-lin")
    refused, seconds = house.sdk("bob", code, "by-bob")
    assert done.startswith("done")
    assert "permission" in refused
    assert seconds < AT_ONCE
    read = """
import json, wandb
print(json.dumps(sorted(wandb.Api().artifact("wandb-registry-vault/net:v0").aliases)))
"""
    assert house.sdk("alice", read) == ["by-lin", "latest", "prod"]


def test_processes_that_make_the_same_at_once_get_one_registry_and_numbers_of_their_own(
    house: Crew,
) -> None:
    """Each waits for a moment they agree on, so that their requests meet."""
    code = (
        TOOLS
        + """
api = wandb.Api()
with wandb.init(entity="crew", project="race") as run:
    time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
    made = tries(lambda: api.create_registry("race", visibility="organization",
                                             organization="acme").name)
    logged = log(run, "same", sys.argv[1])
print(json.dumps([made, logged.version]))
"""
    )
    at = str(time.time() + 8)
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda who: house.sdk("alice", code, who, at), "abc"))
    made = sorted(outcome for (outcome, _), _ in told)
    assert [outcome.startswith("done: race") for outcome in made].count(True) == 1, made
    # The later ones hear "Failed to create", or "already exists" where they asked late.
    assert sum("'race'" in outcome and "ValueError" in outcome for outcome in made) == 2, made
    assert sorted(version for _, version in told) == ["v0", "v1", "v2"]
    read = """
import json, wandb
api = wandb.Api()
print(json.dumps([[r.name for r in api.registries(organization="acme", filter={"name": "race"})],
                  sorted(a.version for a in api.artifacts("model", "crew/race/same"))]))
"""
    assert house.sdk("bob", read) == [["race"], ["v0", "v1", "v2"]]
