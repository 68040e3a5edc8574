"""Rules of artifacts, through the SDK: numbers, aliases, time to live, what is refused."""

import time
import urllib.error
import urllib.request

import pytest

from housing_sweep.server.chores.collector import collect
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from tests.support.local_server import AT_ONCE, LocalServer
from tests.support.sdk_tools import TOOLS

pytestmark = pytest.mark.slow


def test_the_number_of_a_deleted_or_unlinked_version_is_not_given_again(
    local_server: LocalServer,
) -> None:
    local_server.sdk(
        TOOLS
        + """
target = "wandb-registry-model/numbers"
with wandb.init(project="ar-numbers") as run:
    log(run, "m", "0").link(target)
    gone = log(run, "m", "1")
    gone.link(target, aliases=["staging"])
    wandb.Api().artifact(target + ":v1").delete()  # of a link: unlinks
    wandb.Api().artifact("ar-numbers/m:v1").delete(delete_aliases=True)
    log(run, "m", "2").link(target)
"""
    )
    held = local_server.sdk(
        """
import json, wandb
api = wandb.Api()
def versions(path):
    return [a.version for a in api.artifacts("model", path)]
linked = api.artifact("wandb-registry-model/numbers:latest")
print(json.dumps([versions("ar-numbers/m"), versions("wandb-registry-model/numbers"),
    api.artifact("ar-numbers/m:latest").version, [linked.version, linked.source_version],
    api.artifact_exists("ar-numbers/m:v1"),
    api.artifact_exists("wandb-registry-model/numbers:staging")]))
"""
    )
    sources, links, latest, newest, deleted, unlinked = held
    assert sources == ["v2", "v0"]
    assert sorted(links) == ["v0", "v2"]
    assert latest == "v2"
    assert newest == ["v2", "v2"]
    assert not deleted
    assert not unlinked


def test_an_alias_that_moved_meanwhile_is_not_taken_from_its_new_holder(
    local_server: LocalServer,
) -> None:
    local_server.sdk(
        TOOLS
        + """
with wandb.init(project="ar-moved") as run:
    log(run, "m", "0")
    first = wandb.Api().artifact("ar-moved/m:v0")
    first.aliases += ["prod", "old"]
    first.save()
    second = log(run, "m", "1")
    second.aliases.append("prod")
    second.save()
    first.aliases.remove("prod")  # as this process knows it, v0 holds it still
    first.aliases.remove("old")
    first.save()
"""
    )
    told = local_server.sdk(
        """
import json, wandb
api = wandb.Api()
print(json.dumps([[a.version, sorted(a.aliases)] for a in api.artifacts("model", "ar-moved/m")]))
"""
    )
    assert told == [["v1", ["latest", "prod"]], ["v0", []]]


def _collect(server: LocalServer, days: float) -> None:
    """Collect in the stopped server's folder, as its collector would after some days."""
    later = Server(ServerConfig(data_dir=server.data_dir), lambda: time.time() + days * 86400)
    try:
        collect(Context.own(later.services))
    finally:
        later.close()


def test_versions_past_their_time_go_with_their_bytes_and_linked_ones_stay(
    own_server: LocalServer,
) -> None:
    own_server.sdk(
        TOOLS
        + """
from datetime import timedelta
def lasting(run, text, days):
    made = wandb.Artifact("m", "model")
    with made.new_file("f.txt") as file:
        file.write(text)
    made.ttl = days and timedelta(days=days)
    return run.log_artifact(made, aliases=["at-" + text]).wait()
with wandb.init(project="ar-ttl") as run:
    lasting(run, "two days", 2)
    lasting(run, "nine days", 9)
    lasting(run, "for ever", None)
    lasting(run, "linked", 2).link("wandb-registry-model/kept")
    lasting(run, "last", 2)
    log(run, "deleted", "deleted by hand")
    wandb.Api().artifact("ar-ttl/deleted:v0").delete(delete_aliases=True)
"""
    )

    def stored() -> set[str]:
        return {p.read_text(errors="replace") for p in own_server.data_dir.glob("blobs/??/*")}

    assert {"two days", "deleted by hand"} <= stored()
    own_server.stop()
    _collect(own_server, days=3)
    assert not stored() & {"two days", "deleted by hand", "last"}
    own_server.start()
    held = own_server.sdk(
        """
import json, pathlib, wandb
api = wandb.Api()
def text(name):
    return pathlib.Path(api.artifact(name).download(root="ttl-" + name[-2:]), "f.txt").read_text()
print(json.dumps([{a.version: text("ar-ttl/m:" + a.version)
                   for a in api.artifacts("model", "ar-ttl/m")},
                  api.artifact("ar-ttl/m:latest").version,
                  api.artifact_exists("ar-ttl/m:at-two days"),
                  text("wandb-registry-model/kept:v0")]))
"""
    )
    assert held == [{"v1": "nine days", "v2": "for ever", "v3": "linked"}, "v3", False, "linked"]


RENAME = """mutation($id: ID!, $name: String) { updateArtifactSequence(
    input: {artifactSequenceID: $id, name: $name}) { artifactCollection { name } } }"""
MOVE = """mutation($id: ID!, $to: String!) { moveArtifactSequence(
    input: {artifactSequenceID: $id, destinationArtifactTypeName: $to}) {
    artifactCollection { name } } }"""
LINK = """mutation($id: ID!, $to: ID!) { linkArtifact(
    input: {artifactID: $id, artifactPortfolioID: $to}) { versionIndex } }"""
CREATE = """mutation($name: String!, $project: String!, $entity: String!) { createArtifact(input: {
    artifactTypeName: "model", artifactCollectionName: $name, entityName: $entity,
    projectName: $project, digest: "d"}) { artifact { id } } }"""


def test_what_the_sdk_would_not_send_is_refused_too(local_server: LocalServer) -> None:
    local_server.sdk(
        TOOLS
        + """
with wandb.init(project="ar-raw") as run:
    log(run, "one", "1")
    log(run, "two", "2")
"""
    )
    _, answer = local_server.graphql(
        'query { project(name: "ar-raw") { one: artifactCollection(name: "one") { id }'
        ' two: artifact(name: "two:v0") { id currentManifest { file { uploadUrl } } } } }'
    )
    project = answer["data"]["project"]
    one, two = project["one"]["id"], project["two"]["id"]
    for name in ("", " ", "a/b", "a:v1", "x" * 129, "two"):
        status, answer = local_server.graphql(RENAME, id=one, name=name)
        assert answer["errors"][0]["message"], (name, answer)
        assert 400 <= status < 500
    for kind in ("", "a/b", "x" * 129):
        _, answer = local_server.graphql(MOVE, id=one, to=kind)
        assert "artifact type" in answer["errors"][0]["message"]
    _, answer = local_server.graphql(LINK, id=two, to=one)  # a sequence takes no links
    assert "portfolio not found" in answer["errors"][0]["message"]
    _, answer = local_server.graphql(CREATE, name="a:b", project="ar-raw", entity=local_server.user)
    assert "artifact collection" in answer["errors"][0]["message"]
    upload = project["two"]["currentManifest"]["file"]["uploadUrl"]
    request = urllib.request.Request(upload, b"{}", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:  # a version cannot change
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    caught.value.close()
    names = local_server.sdk(
        "import json, wandb; print(json.dumps(sorted(c.name for c in"
        " wandb.Api().artifact_collections('ar-raw', 'model'))))"
    )
    assert names == ["one", "two"]


def test_a_draft_whose_base_was_deleted_is_refused_not_cut_short(
    local_server: LocalServer,
) -> None:
    told = local_server.sdk(
        TOOLS
        + """
with wandb.init(project="ar-base") as run:
    log(run, "m", "base")
    draft = run.use_artifact("m:v0").new_draft()
    with draft.new_file("more.txt") as file:
        file.write("more")
    wandb.Api().artifact("ar-base/m:v0").delete(delete_aliases=True)
    told = tries(lambda: run.log_artifact(draft).wait().name)
print(json.dumps([told, [a.name for a in wandb.Api().artifacts("model", "ar-base/m")]]))
"""
    )
    (message, seconds), left = told
    assert "was deleted" in message
    assert seconds < AT_ONCE
    assert left == []
