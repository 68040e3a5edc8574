"""XXH128, offered from 0.29 on: written by the newest SDK, read by the one under test."""

import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest
import xxhash

from tests.support.local_server import PATIENCE, LocalServer, warm

pytestmark = pytest.mark.slow

LOG = """
import json, os, sys, wandb
os.chdir(os.environ["HOME"])
def log(run, name, files, algorithm):
    made = wandb.Artifact(name, "model", digest_algorithm=algorithm)
    for path, content in files.items():
        with open(path, "w") as file:
            file.write(content)
        made.add_file(path)
    return run.log_artifact(made).wait()
"""
CREATE = """mutation($run: String!) {
    createArtifact(input: {entityName: "%s", projectName: "digests", runName: $run,
        artifactTypeName: "data", artifactCollectionNames: ["raw"], digest: "d",
        digestAlgorithm: MANIFEST_XXH128, clientID: "raw"}) { artifact { id } } }"""
ANNOUNCE = """mutation($id: ID!, $md5: String, $digest: String) {
    createArtifactFiles(input: {storageLayout: V2, digestAlgorithm: MANIFEST_XXH128,
        artifactFiles: [{artifactID: $id, name: "f", md5: $md5, digest: $digest}]}) {
        files { edges { node { uploadUrl md5 digest } } } } }"""


def _log(server: LocalServer, code: str) -> Any:
    done = server.cli(warm(sys.executable), "-c", LOG + code)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_a_version_by_xxh128_is_read_whole_through_every_way(local_server: LocalServer) -> None:
    """`wandb` before 0.29 reads it too; only its `verify` cannot, by W&B's own word."""
    files = {"a.txt": "hello", "b.txt": "world"}
    made = _log(
        local_server,
        f"""
with wandb.init(project="xxh") as run:
    made = log(run, "whole", {files!r}, "XXH128")
    linked = run.link_artifact(made, "wandb-registry-model/by-xxh128")
    print(json.dumps([made.digest, made.digest_algorithm.name, linked.qualified_name]))
""",
    )
    hasher = xxhash.xxh3_128(b"wandb-artifact-manifest-v1\n")
    for path, content in files.items():
        digest = base64.b64encode(xxhash.xxh3_128(content.encode()).digest()).decode()
        hasher.update(f"{path}:{digest}\n".encode())
    assert made[:2] == [hasher.hexdigest(), "MANIFEST_XXH128"]
    read = """
import json, os, sys, tempfile, wandb
found = wandb.Api().artifact(sys.argv[1])
digest = found.digest  # before 0.29 computed anew, by MD5, once the manifest is there
def text(path):
    with open(path) as file:
        return file.read()
folder = found.download(tempfile.mkdtemp())
if hasattr(found, "digest_algorithm"):
    assert found.digest_algorithm.name == "MANIFEST_XXH128", found.digest_algorithm
    found.verify(folder)
alone = found.get_entry("b.txt").download(tempfile.mkdtemp(), skip_cache=True)
print(json.dumps([digest, {name: text(f"{folder}/{name}") for name in os.listdir(folder)},
                  text(alone)]))
"""
    for name in ("xxh/whole:v0", made[2]):
        assert local_server.sdk(read, name) == [made[0], files, "world"]


def test_a_draft_of_such_a_version_keeps_its_algorithm(local_server: LocalServer) -> None:
    digest, again = _log(
        local_server,
        """
with wandb.init(project="xxh") as run:
    log(run, "drafted", {"a": "1", "b": "2"}, "XXH128")
draft = wandb.Api().artifact("xxh/drafted:v0").new_draft()
draft.remove("a")
with draft.new_file("c") as file:
    file.write("3")
with wandb.init(project="xxh") as run:
    made = run.log_artifact(draft).wait()
found = wandb.Api().artifact("xxh/drafted:v1")
found.verify(found.download())
print(json.dumps([found.digest, found.manifest.digest()]))
""",
    )
    assert digest == again


def test_a_collection_by_md5_stays_so_and_one_by_xxh128_takes_both(
    local_server: LocalServer,
) -> None:
    found = _log(
        local_server,
        """
with wandb.init(project="xxh") as run:
    for name, algorithms in {"old": ["MD5", "XXH128"], "new": ["XXH128", "MD5"]}.items():
        for text, algorithm in enumerate(algorithms):
            log(run, name, {"f": str(text)}, algorithm)
api = wandb.Api()
print(json.dumps([[v.digest_algorithm.name for v in api.artifacts("model", f"xxh/{name}")]
                  for name in ("old", "new")]))
""",
    )
    assert found == [["MANIFEST_MD5"] * 2, ["MANIFEST_MD5", "MANIFEST_XXH128"]]  # newest first


def test_bytes_that_are_here_by_md5_are_not_sent_again_under_xxh128(
    local_server: LocalServer,
) -> None:
    def blobs() -> set[str]:
        folders = (local_server.data_dir / "blobs").iterdir()
        return {file.name for held in folders if len(held.name) == 2 for file in held.iterdir()}

    text = "sent once only"
    _log(
        local_server,
        f"""
with wandb.init(project="xxh") as run:
    log(run, "first", {{"f": {text!r}}}, "MD5")
print(1)
""",
    )
    before, name = blobs(), hashlib.sha256(text.encode()).hexdigest()
    written = local_server.data_dir / "blobs" / name[:2] / name
    stamp = written.stat().st_mtime_ns
    size = _log(
        local_server,
        f"""
with wandb.init(project="xxh") as run:
    made = log(run, "second", {{"f": {text!r}}}, "XXH128")
print(json.dumps(made.size))
""",
    )
    assert size == len(text)
    assert name in before
    assert name in blobs()
    assert written.stat().st_mtime_ns == stamp


def test_an_upload_must_have_both_digests_that_were_announced(local_server: LocalServer) -> None:
    run = _log(
        local_server,
        """
with wandb.init(project="digests") as run:
    print(json.dumps(run.id))
""",
    )
    _, made = local_server.graphql(CREATE % local_server.user, run=run)
    artifact = made["data"]["createArtifact"]["artifact"]["id"]
    md5 = base64.b64encode(hashlib.md5(b"good").digest()).decode()
    good, bad = (base64.b64encode(xxhash.xxh3_128(c).digest()).decode() for c in (b"good", b"bad"))

    def send(digest: str) -> int:
        _, answer = local_server.graphql(ANNOUNCE, id=artifact, md5=md5, digest=digest)
        [edge] = answer["data"]["createArtifactFiles"]["files"]["edges"]
        assert (edge["node"]["md5"], edge["node"]["digest"]) == (md5, digest)
        put = urllib.request.Request(edge["node"]["uploadUrl"], b"good", method="PUT")
        with urllib.request.urlopen(put, timeout=PATIENCE) as answered:
            return int(answered.status)

    with pytest.raises(urllib.error.HTTPError) as refused:
        send(bad)
    with refused.value as error:
        assert error.code == 400
        assert b"XXH128" in error.read()
    assert send(good) == 200
