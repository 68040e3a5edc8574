"""Artifacts, lineage and the registry through the real SDK, read back in another process."""

import urllib.error
import urllib.request

import pytest

from tests.support.local_server import LocalServer

pytestmark = pytest.mark.slow

LOG = """
import json, sys, wandb
project, name, text, alias = sys.argv[1:5]
with wandb.init(project=project, job_type="make") as run:
    artifact = wandb.Artifact(name, "dataset", metadata={"text": text}, description="d")
    with artifact.new_file("a/b.txt") as file:
        file.write(text)
    with artifact.new_file("same.bin") as file:
        file.write("x" * 5000)
    run.log_artifact(artifact, aliases=[alias]).wait()
print(json.dumps([artifact.version, artifact.digest, run.id]))
"""

READ = """
import json, os, sys, wandb
held = wandb.Api().artifact(sys.argv[1])
root = held.download(root=os.path.join(os.getcwd(), "out-" + held.digest))
held.verify(root)
print(json.dumps({
    "version": held.version, "aliases": sorted(held.aliases), "metadata": held.metadata,
    "text": open(os.path.join(root, "a/b.txt")).read(), "size": held.size,
    "state": held.state, "type": held.type, "description": held.description,
    "files": sorted(held.manifest.entries), "by": held.logged_by().id,
    "users": [r.id for r in held.used_by()],
}))
"""


def test_versions_dedupe_by_content_and_aliases_move(local_server: LocalServer) -> None:
    first = local_server.sdk(LOG, "sdk-art", "data", "one", "prod")
    again = local_server.sdk(LOG, "sdk-art", "data", "one", "prod")
    second = local_server.sdk(LOG, "sdk-art", "data", "two", "prod")
    assert (first[0], again[0], second[0]) == ("v0", "v0", "v1")
    assert first[1] == again[1] != second[1]
    held = local_server.sdk(READ, "sdk-art/data:prod")
    assert (held["version"], held["text"]) == ("v1", "two")
    assert held["aliases"] == ["latest", "prod"]
    assert held["metadata"] == {"text": "two"}
    assert (held["state"], held["type"], held["description"]) == ("COMMITTED", "dataset", "d")
    assert held["files"] == ["a/b.txt", "same.bin"]
    assert held["size"] == 5003
    assert held["by"] == second[2]
    old = local_server.sdk(READ, "sdk-art/data:v0")
    assert (old["text"], old["aliases"]) == ("one", [])


USE = """
import json, sys, wandb
with wandb.init(project=sys.argv[1], job_type="use") as run:
    run.use_artifact(sys.argv[2])
    model = wandb.Artifact(f"model-{run.id}", "model")
    with model.new_file("m.txt") as file:
        file.write(run.id)
    run.log_artifact(model).wait()
    linked = run.link_artifact(model, "wandb-registry-model/" + sys.argv[3], aliases=["staging"])
print(json.dumps([run.id, linked.version, linked.qualified_name]))
"""

LINKED = """
import json, sys, wandb
api = wandb.Api()
held = api.artifact("wandb-registry-model/" + sys.argv[1] + ":staging")
made = held.logged_by()
print(json.dumps({
    "version": held.version, "source": held.source_name, "is_link": held.is_link,
    "aliases": sorted(held.aliases), "run": made.id,
    "inputs": [a.name for a in made.used_artifacts()],
    "outputs": [a.name for a in made.logged_artifacts()],
    "used_by": [r.id for r in api.artifact(sys.argv[2]).used_by()],
    "path": open(held.get_entry("m.txt").download(root="linked")).read(),
}))
"""


def test_lineage_and_links_tell_where_a_model_comes_from(local_server: LocalServer) -> None:
    local_server.sdk(LOG, "sdk-link", "data", "x", "prod")
    one, version, _ = local_server.sdk(USE, "sdk-link", "data:prod", "linked-models")
    two, next_version, _ = local_server.sdk(USE, "sdk-link", "data:prod", "linked-models")
    assert (version, next_version) == ("v0", "v1")
    held = local_server.sdk(LINKED, "linked-models", "sdk-link/data:prod")
    assert held["version"] == "v1"
    assert held["aliases"] == ["latest", "staging"]  # the alias moved from v0
    assert held["is_link"]
    assert held["source"] == f"model-{two}:v0"
    assert (held["run"], held["path"]) == (two, two)
    assert held["inputs"] == ["data:v0"]
    assert held["outputs"] == [f"model-{two}:v0"]
    assert sorted(held["used_by"]) == sorted([one, two])


EDIT = """
import json, sys, wandb
api, path = wandb.Api(), sys.argv[1]
held = api.artifact(path + ":v0")
held.aliases.append("old"); held.metadata["k"] = 1; held.description = "new"; held.tags = ["t"]
held.save()
again = wandb.Api().artifact(path + ":old")
seen = [again.version, again.metadata["k"], again.description, list(again.tags)]
refusal = None
try:
    api.artifact(path + ":v0").delete()
except Exception as error:
    refusal = str(error)
api.artifact(path + ":v0").delete(delete_aliases=True)
fresh = wandb.Api()
print(json.dumps([seen, refusal, fresh.artifact_exists(path + ":v0"),
                  fresh.artifact_exists(path + ":v1"), fresh.artifact(path + ":latest").version,
                  fresh.artifact_exists(path.replace("data", "nothing"))]))
"""


def test_versions_are_edited_and_deleted_by_the_rules(local_server: LocalServer) -> None:
    local_server.sdk(LOG, "sdk-edit", "data", "one", "a")
    local_server.sdk(LOG, "sdk-edit", "data", "two", "b")
    seen, refusal, gone, kept, latest, nothing = local_server.sdk(EDIT, "sdk-edit/data")
    assert seen == ["v0", 1, "new", ["t"]]
    assert "aliases" in refusal
    assert (gone, kept, latest, nothing) == (False, True, "v1", False)


def test_an_unchanged_file_is_not_sent_again(own_server: LocalServer) -> None:
    own_server.sdk(LOG, "dedupe", "data", "one", "a")
    blobs = own_server.data_dir / "blobs"
    before = {p.name for p in blobs.glob("??/*")}
    own_server.sdk(LOG, "dedupe", "data", "two", "a")
    new = [p for p in blobs.glob("??/*") if p.name not in before]
    assert not [p for p in new if p.stat().st_size == 5000]
    assert any(p.read_bytes() == b"two" for p in new)


def test_a_signed_url_is_good_for_its_file_only(own_server: LocalServer) -> None:
    own_server.sdk(LOG, "signed", "data", "secret", "a")
    _, answer = own_server.graphql(
        'query { project(name: "signed") { artifactCollectionMembership(name: "data:a")'
        " { files { edges { node { name directUrl } } } } } }"
    )
    edges = answer["data"]["project"]["artifactCollectionMembership"]["files"]["edges"]
    urls = {e["node"]["name"]: e["node"]["directUrl"] for e in edges}
    with urllib.request.urlopen(urls["a/b.txt"]) as got:
        assert got.read() == b"secret"
    token = urls["same.bin"].split("token=")[1]
    swapped = urls["a/b.txt"].split("token=")[0] + "token=" + token
    with urllib.request.urlopen(swapped) as got:  # the token decides, not the path
        assert got.read() != b"secret"
    for bad in (urls["a/b.txt"][:-3] + "xyz", urls["a/b.txt"].split("?")[0]):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(bad)
        assert caught.value.code == 403
        caught.value.close()
