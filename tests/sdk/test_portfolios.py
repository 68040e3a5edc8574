"""Collections of links, and versions that several processes make; another process reads them."""

import subprocess

import pytest

from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm

pytestmark = pytest.mark.slow

MAKE = """
import json, sys, wandb
def log(run, name, text):
    made = wandb.Artifact(name, "model")
    with made.new_file("f.txt") as file:
        file.write(text)
    return run.log_artifact(made).wait()
"""

SHOW = """
import json, sys, wandb
api = wandb.Api()
def shown(name):
    c = api.artifact_collection("model", name)
    return [c.name, c.description, sorted(c.tags), c.is_sequence(), sorted(c.aliases),
            [[v.version, sorted(v.aliases), v.source_name] for v in c.artifacts()]]
print(json.dumps({name: shown(name) if api.artifact_collection_exists(name, "model") else None
                  for name in sys.argv[1:]}))
"""


def test_a_registry_collection_is_described_tagged_renamed_and_deleted_and_its_sources_stay(
    local_server: LocalServer,
) -> None:
    local_server.sdk(
        MAKE
        + """
with wandb.init(project="po") as run:
    for n in range(3):
        made = log(run, "source", str(n))
        for name in ("kept", "dropped"):
            run.link_artifact(made, "wandb-registry-model/po-" + name, aliases=[f"a{n}", "best"])
c = wandb.Api().artifact_collection("model", "wandb-registry-model/po-kept")
c.name, c.description, c.tags = "po-renamed", "the good ones", ["x", "y"]
c.save()
c.tags = ["y", "z"]
c.save()
wandb.Api().artifact_collection("model", "wandb-registry-model/po-dropped").delete()
print(1)
"""
    )
    names = [f"wandb-registry-model/po-{name}" for name in ("renamed", "kept", "dropped")]
    found = local_server.sdk(SHOW, *names, "po/source")
    assert found[names[1]] is found[names[2]] is None
    assert found[names[0]] == [
        "po-renamed",
        "the good ones",
        ["y", "z"],
        False,
        ["a0", "a1", "a2", "best", "latest"],
        [
            ["v2", ["a2", "best", "latest"], "source:v2"],
            ["v1", ["a1"], "source:v1"],
            ["v0", ["a0"], "source:v0"],
        ],
    ]
    source = found["po/source"]
    assert source[3:5] == [True, ["latest"]]
    assert [version[0] for version in source[5]] == ["v2", "v1", "v0"]


UPSERT = """
import json, sys, wandb
with wandb.init(project="po-parts", group="crew") as run:
    made = wandb.Artifact("together", "dataset")
    with made.new_file(sys.argv[1] + ".txt") as file:
        file.write(sys.argv[1])
    if sys.argv[2] == "finish":
        run.finish_artifact(made, distributed_id=sys.argv[3]).wait()
    else:
        run.upsert_artifact(made, distributed_id=sys.argv[3])
"""

READ = """
import json, tempfile, wandb
api = wandb.Api()
told = []
for version in sorted(api.artifacts("dataset", "po-parts/together"), key=lambda v: v.version):
    folder = version.download(tempfile.mkdtemp())
    version.verify(folder)
    names = sorted(version.manifest.entries)
    texts = []
    for name in names:
        with open(folder + "/" + name) as file:
            texts.append(file.read())
    told.append([version.version, names, texts])
print(json.dumps(told))
"""


def test_processes_that_share_a_version_make_one_and_the_next_round_another(
    local_server: LocalServer,
) -> None:
    def part(name: str, how: str, round_: str) -> "subprocess.Popen[bytes]":
        command = [warm(SDK_PYTHON), "-c", UPSERT, name, how, round_]
        return subprocess.Popen(command, env=local_server.env, cwd=local_server.env["HOME"])

    for round_ in ("one", "two"):
        for process in [part(f"{round_}-{n}", "upsert", round_) for n in range(2)]:
            assert process.wait(PATIENCE) == 0
        assert part(f"{round_}-last", "finish", round_).wait(PATIENCE) == 0
        expected = [f"{round_}-0", f"{round_}-1", f"{round_}-last"]
        held = local_server.sdk(READ)
        assert held[-1] == [f"v{len(held) - 1}", [f"{name}.txt" for name in expected], expected]
    assert [version[0] for version in held] == ["v0", "v1"]
