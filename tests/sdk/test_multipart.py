"""Large files in parts: as wandb-core sends them from 2 GiB on, here with small parts."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

DRAFT = """
import json, wandb
with wandb.init(project="parts") as run:
    artifact = wandb.Artifact("seed", "data")
    with artifact.new_file("a") as file:
        file.write("a")
    run.log_artifact(artifact).wait()
    print(json.dumps([run.entity, run.id]))
"""

CREATE = """mutation($entity: String!, $run: String!, $client: ID!) {
    createArtifact(input: {entityName: $entity, projectName: "parts", runName: $run,
        artifactTypeName: "data", artifactCollectionNames: ["big"], digest: "d",
        digestAlgorithm: MANIFEST_MD5, clientID: $client, sequenceClientID: $client}) {
        artifact { id state } } }"""
ANNOUNCE = """mutation($id: ID!, $md5: String!, $parts: [UploadPartsInput!]) {
    createArtifactFiles(input: {storageLayout: V2, artifactFiles: [
        {artifactID: $id, name: "f.bin", md5: $md5, uploadPartsInput: $parts}]}) {
        files { edges { node { storagePath uploadUrl
            uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } } } }"""
COMPLETE = """mutation($how: CompleteMultipartAction!, $parts: [UploadPartsInput!]!, $id: ID!,
    $path: String!, $upload: String!) {
    completeMultipartUploadArtifact(input: {completeMultipartAction: $how, completedParts: $parts,
        artifactID: $id, storagePath: $path, uploadID: $upload}) { digest } }"""

PARTS = [bytes([n]) * 70_000 for n in range(3)]


@dataclass
class Upload:
    """A file on its way in three parts."""

    server: LocalServer
    artifact: str
    path: str
    id: str
    urls: dict[int, str]
    whole: str

    def send(self, number: int, content: bytes) -> str:
        """Put one part; return its ETag."""
        request = urllib.request.Request(self.urls[number], content, method="PUT")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(answer.headers["ETag"])

    def complete(self, etags: list[str], how: str = "Complete") -> tuple[int, Any]:
        parts = [{"partNumber": n, "hexMD5": tag} for n, tag in enumerate(etags, start=1)]
        return self.server.graphql(
            COMPLETE, how=how, parts=parts, id=self.artifact, path=self.path, upload=self.id
        )


def _hex(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def upload(local_server: LocalServer, request: pytest.FixtureRequest) -> Upload:
    entity, run = local_server.sdk(DRAFT)
    _, made = local_server.graphql(CREATE, entity=entity, run=run, client=request.node.name)
    artifact = made["data"]["createArtifact"]["artifact"]["id"]
    content = b"".join([*PARTS, request.node.name.encode()])
    whole = base64.b64encode(hashlib.md5(content).digest()).decode()
    sent = [*PARTS[:2], PARTS[2] + request.node.name.encode()]
    parts = [{"partNumber": n, "hexMD5": _hex(c)} for n, c in enumerate(sent, start=1)]
    _, answer = local_server.graphql(ANNOUNCE, id=artifact, md5=whole, parts=parts)
    [edge] = answer["data"]["createArtifactFiles"]["files"]["edges"]
    node = edge["node"]
    urls = node["uploadMultipartUrls"]["uploadUrlParts"]
    return Upload(
        local_server,
        artifact,
        node["storagePath"],
        node["uploadMultipartUrls"]["uploadID"],
        {part["partNumber"]: part["uploadUrl"] for part in urls},
        whole,
    )


def _parts_kept(upload: Upload) -> int:
    folder = upload.server.data_dir / "blobs" / "parts" / upload.id
    return len(list(folder.iterdir())) if folder.exists() else 0


def _contents(upload: Upload, name: str) -> list[bytes]:
    del upload
    return [*PARTS[:2], PARTS[2] + name.encode()]


def test_parts_in_any_order_and_twice_become_one_file(
    upload: Upload, request: pytest.FixtureRequest
) -> None:
    contents = _contents(upload, request.node.name)
    etags = {n: upload.send(n, contents[n - 1]) for n in (3, 1, 2, 1)}
    assert etags == {n: f'"{_hex(content)}"' for n, content in enumerate(contents, start=1)}
    for _ in range(2):  # an answer may get lost
        status, answer = upload.complete([etags[n] for n in (1, 2, 3)])
        assert (status, answer["data"]["completeMultipartUploadArtifact"]) == (
            200,
            {"digest": upload.whole},
        )
    assert _parts_kept(upload) == 0


def test_a_part_that_is_missing_or_another_one_is_refused(
    upload: Upload, request: pytest.FixtureRequest
) -> None:
    contents = _contents(upload, request.node.name)
    with pytest.raises(urllib.error.HTTPError) as refused:
        upload.send(1, b"something else")
    with refused.value as error:
        assert error.code == 400
        assert b"announced was" in error.read()
    etags = [upload.send(n, contents[n - 1]) for n in (1, 2)]
    with pytest.raises(urllib.error.HTTPError) as again:
        upload.send(2, b"worse than what came before")
    again.value.close()
    assert _parts_kept(upload) == 2
    _, answer = upload.complete([*etags, _hex(contents[2])])
    assert "2 of 3 parts came as announced" in json.dumps(answer["errors"])
    status, answer = upload.complete(etags, how="Abort")
    assert (status, answer["data"]["completeMultipartUploadArtifact"]) == (200, {"digest": None})
    assert _parts_kept(upload) == 0
    _, answer = upload.complete(etags)
    assert "0 of 2 parts" in json.dumps(answer["errors"])


def test_parts_survive_a_restart(own_server: LocalServer, request: pytest.FixtureRequest) -> None:
    entity, run = own_server.sdk(DRAFT)
    _, made = own_server.graphql(CREATE, entity=entity, run=run, client="restart")
    artifact = made["data"]["createArtifact"]["artifact"]["id"]
    whole = base64.b64encode(hashlib.md5(b"".join(PARTS)).digest()).decode()
    parts = [{"partNumber": n, "hexMD5": _hex(c)} for n, c in enumerate(PARTS, start=1)]
    _, answer = own_server.graphql(ANNOUNCE, id=artifact, md5=whole, parts=parts)
    node = answer["data"]["createArtifactFiles"]["files"]["edges"][0]["node"]
    found = node["uploadMultipartUrls"]
    urls = {part["partNumber"]: part["uploadUrl"] for part in found["uploadUrlParts"]}
    going = Upload(own_server, artifact, node["storagePath"], found["uploadID"], urls, whole)
    etags = [going.send(n, PARTS[n - 1]) for n in (1, 2)]
    own_server.restart()
    etags.append(going.send(3, PARTS[2]))
    _, answer = going.complete(etags)
    assert answer["data"]["completeMultipartUploadArtifact"]["digest"] == whole
