"""Registries, their collections and versions, found through the SDK in another process."""

import pytest

from tests.support.local_server import LocalServer

pytestmark = pytest.mark.slow

FILL = """
import json, wandb
api = wandb.Api()
org = "local-org"
for name, types in (("vision", ["model"]), ("speech", None)):
    made = api.create_registry(name=name, organization=org, visibility="organization",
                               description=f"all of {name}", artifact_types=types)
sizes = {"small": 10, "large": 5000, "middle": 400}
with wandb.init(project="search") as run:
    for number, (name, size) in enumerate(sizes.items()):
        facts = {"acc": number / 10, "deep": {"er": name}}
        art = wandb.Artifact(f"m-{name}", "model", metadata=facts)
        with art.new_file("w") as file:
            file.write("x" * size)
        logged = run.log_artifact(art).wait()
        logged.tags = [f"tag-{name}", "all"]
        logged.save()
        run.link_artifact(logged, "wandb-registry-vision/nets", aliases=[f"a-{name}"])
    run.link_artifact(logged, "wandb-registry-speech/voices")
found = api.registry("vision", organization=org).collections()
nets = next(iter(found))
nets.description = "all the nets"
nets.tags = ["cnn"]
nets.save()
print(json.dumps(org))
"""

SEARCH = """
import inspect, json, sys, wandb
org = sys.argv[1]
api = wandb.Api()
def names(found):
    return [r.name for r in found]
def versions(found):
    return [f"{v.project.removeprefix('wandb-registry-')}/{v.name}" for v in found]
all_of = api.registries(organization=org)
vision = api.registries(organization=org, filter={"name": "vision"})
nets = vision.collections()
told = {
    "registries": names(all_of),
    "one": names(vision),
    "regex": names(api.registries(organization=org, filter={"name": {"$regex": "(vis|spee)"}})),
    "described": names(api.registries(organization=org, filter={"description": "all of speech"})),
    "collections": [[c.project, c.name, c.type, c.description, sorted(c.tags)]
                    for c in all_of.collections(order="-name")],
    "tagged": [c.name for c in all_of.collections({"tag": "cnn"})],
    "none": [c.name for c in all_of.collections({"name": "nothing"})],
    "versions": versions(vision.versions()),
    "paged": versions(vision.versions(per_page=1)),
    "collected": versions(nets.versions()),
    "alias": versions(all_of.versions({"alias": "a-large"})),
    "tag": versions(all_of.versions({"tag": "tag-middle"})),
    "metadata": versions(all_of.versions({"metadata.deep.er": "small"})),
    "best": versions(all_of.versions({"metadata.acc": {"$gt": 0.05}})),
    "either": versions(all_of.versions({"$or": [{"alias": "a-small"}, {"version": 1}]})),
    "linked": [v.is_link for v in vision.versions()],
    "source": [v.source_name for v in vision.versions({"alias": "a-small"})],
    "registry": versions(api.registry("speech", organization=org).versions()),
    "ordered": names(api.registries(organization=org, order="-name")),
}
if "order" in inspect.signature(vision.versions).parameters:  # not in 0.28.2
    told["by_size"] = versions(vision.versions(order="-artifact_size"))
    try:
        list(all_of.versions(order="-colour"))
        told["bad"] = ""
    except Exception as error:
        told["bad"] = str(error)
print(json.dumps(told))
"""


def test_registries_collections_and_versions_are_found(own_server: LocalServer) -> None:
    org = own_server.sdk(FILL)
    found = own_server.sdk(SEARCH, org)
    assert {"vision", "speech"} <= set(found["registries"])
    assert found["one"] == ["vision"]
    assert sorted(found["regex"]) == ["speech", "vision"]
    assert found["described"] == ["speech"]
    assert found["collections"][:2] == [
        ["wandb-registry-speech", "voices", "model", None, []],
        ["wandb-registry-vision", "nets", "model", "all the nets", ["cnn"]],
    ]
    assert found["tagged"] == ["nets"]
    assert found["none"] == []
    everything = ["vision/nets:v0", "vision/nets:v1", "vision/nets:v2"]
    assert sorted(found["versions"]) == sorted(found["paged"]) == everything
    assert sorted(found["collected"]) == everything
    assert found["alias"] == ["vision/nets:v1"]
    assert sorted(found["tag"]) == ["speech/voices:v0", "vision/nets:v2"]
    assert found["metadata"] == ["vision/nets:v0"]
    assert sorted(found["best"]) == ["speech/voices:v0", "vision/nets:v1", "vision/nets:v2"]
    assert sorted(found["either"]) == ["vision/nets:v0", "vision/nets:v1"]
    assert found["linked"] == [True] * 3
    assert found["source"] == ["m-small:v0"]
    assert found["registry"] == ["speech/voices:v0"]
    assert found["ordered"] == sorted(found["registries"], reverse=True)
    if "by_size" in found:  # an SDK that can order versions
        assert found["by_size"] == ["vision/nets:v1", "vision/nets:v2", "vision/nets:v0"]
        assert "colour" in found["bad"]
