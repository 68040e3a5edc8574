"""Versions in this process: drafts, bytes and commits through GraphQL, without HTTP."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from housing_sweep.server.content.blobs import Blob
from housing_sweep.server.graphql.relay import from_id, to_id
from housing_sweep.server.store.artifacts import files, memberships, versions
from housing_sweep.server.store.artifacts.collections import ArtifactId
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from tests.support.inprocess import START, House

CREATE = """mutation($input: CreateArtifactInput!) { createArtifact(input: $input) { artifact {
    id state } } }"""
MANIFEST = """mutation($input: CreateArtifactManifestInput!) {
    createArtifactManifest(input: $input) { artifactManifest { id file { uploadUrl } } } }"""
FILES = """mutation($files: [CreateArtifactFileSpecInput!]!) {
    createArtifactFiles(input: {artifactFiles: $files, storageLayout: V2}) { files { edges { node {
    name uploadUrl uploadMultipartUrls { uploadID uploadUrlParts { partNumber } } } } } } }"""
COMMIT = """mutation($input: CommitArtifactInput!) { commitArtifact(input: $input) { artifact {
    id state } } }"""
LINK = """mutation($input: LinkArtifactInput!) { linkArtifact(input: $input) { versionIndex
    artifactMembership { id } } }"""


def md5(data: bytes) -> str:
    """Return what a manifest calls bytes by."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


class VersionDesk:
    """A team's project `core/mine`: Ann writes, Vic looks, Eve is a stranger."""

    def __init__(self, house: House) -> None:
        self.house, self.db = house, house.db
        self.ann = users.get_user(house.db, house.id_of("ann"))
        self.project: Project = projects.ensure(house.db, self.ann, "core", "mine", now=START)

    def create(self, digest: str = "d", /, **fields: object) -> str:
        """Start a draft of `nets`; return its id on the wire."""
        request = {
            "artifactTypeName": "model",
            "artifactCollectionName": "nets",
            "entityName": "core",
            "projectName": "mine",
            "digest": digest,
            **fields,
        }
        answer = self.house.ask("ann", CREATE, input=request)
        return str(answer["createArtifact"]["artifact"]["id"])

    def announce(self, draft: str, *specs: Mapping[str, object]) -> list[dict[str, Any]]:
        """Announce files; return what is told of each."""
        files_input = [{"artifactID": draft, **spec} for spec in specs]
        answer = self.house.ask("ann", FILES, files=files_input)
        return [edge["node"] for edge in answer["createArtifactFiles"]["files"]["edges"]]

    def store(self, draft: str, name: str, data: bytes) -> Blob:
        """Let a file's bytes arrive."""
        blob = self.house.server.services.blobs.put(data)
        files.record_upload(self.db, ArtifactId(self.number(draft)), name, blob, START)
        return blob

    def manifest(self, draft: str, document: object, **fields: object) -> str:
        """Announce a manifest and let its body arrive; return its id on the wire."""
        body = json.dumps(document).encode()
        blob = self.house.server.services.blobs.put(body)
        request = {
            "artifactID": draft,
            "name": "wandb_manifest.json",
            "digest": blob.digests.md5,
            "entityName": "core",
            "projectName": "mine",
            "runName": "",
            **fields,
        }
        answer = self.house.ask("ann", MANIFEST, input=request)
        opaque = str(answer["createArtifactManifest"]["artifactManifest"]["id"])
        number = versions.ManifestId(from_id("ArtifactManifest", opaque))
        versions.set_manifest(self.db, number, sha256=blob.sha256, size=blob.size)
        return opaque

    def commit(self, draft: str) -> Artifact:
        """Publish a draft."""
        self.house.ask("ann", COMMIT, input={"artifactID": draft})
        return versions.get(self.db, self.number(draft))

    def publish(self, digest: str = "d", data: bytes = b"weights", **fields: object) -> Artifact:
        """Publish a version of `nets` that holds one file, `w`."""
        draft = self.create(digest, **fields)
        self.announce(draft, {"name": "w", "md5": md5(data)})
        self.store(draft, "w", data)
        self.manifest(draft, {"contents": {"w": {"digest": md5(data), "size": len(data)}}})
        return self.commit(draft)

    def link(self, artifact: Artifact, name: str = "shown", **fields: object) -> Any:
        """Link a version into a portfolio of the project."""
        request = {
            "artifactID": self.id(artifact),
            "artifactPortfolioName": name,
            "entityName": "core",
            "projectName": "mine",
            **fields,
        }
        return self.house.ask("ann", LINK, input=request)["linkArtifact"]

    def aliases(self, artifact: Artifact) -> set[str]:
        """Return a version's aliases, wherever it has a place."""
        return {alias.name for alias in memberships.aliases_of_artifact(self.db, artifact.id)}

    def id(self, artifact: Artifact) -> str:
        """Return a version's id on the wire."""
        return to_id("Artifact", artifact.id)

    def number(self, opaque: str) -> int:
        """Return a version's number."""
        return from_id("Artifact", opaque)
