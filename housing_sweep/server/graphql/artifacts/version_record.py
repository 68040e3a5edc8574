"""What a version can be filtered and ordered by, in a collection or in registry search."""

import json
from collections.abc import Iterator, Mapping

from housing_sweep.server.rules.filters import Kind, fields_of
from housing_sweep.server.store.artifacts import memberships, versions
from housing_sweep.server.store.artifacts.memberships import Membership
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.db import Connection

_CREATED = ("created_at", "artifact_created_at", "createdAt")

KINDS = {
    **dict.fromkeys(("id", "artifact_id", "artifact_size", "size"), Kind.NUMBER),
    **dict.fromkeys(("version", "version_index", "metadata", "artifact_metadata"), Kind.VALUE),
    **dict.fromkeys(("tag", "tags", "alias", "aliases"), Kind.TEXT),
    **dict.fromkeys(("state", "digest", "description"), Kind.TEXT),
    **dict.fromkeys((*_CREATED, "updated_at", "updatedAt"), Kind.TIME),
    **dict.fromkeys(("acm_created_at", "linked_at"), Kind.TIME),
}
FIELDS = fields_of("versions", KINDS)


class VersionRecord(Mapping[str, object]):
    """What a linked version can be filtered and ordered by; read when it is asked for."""

    def __init__(self, db: Connection, membership: Membership) -> None:
        self._db, self._membership = db, membership
        self._row: Artifact | None = None

    def __getitem__(self, name: str) -> object:
        membership, db = self._membership, self._db
        match name:
            case "version" | "version_index":
                return membership.version_index, f"v{membership.version_index}"
            case "id" | "artifact_id":
                return membership.artifact_id
            case "acm_created_at" | "linked_at":
                return membership.created_at
            case "tag" | "tags":
                return tuple(versions.tags(db, membership.artifact_id))
            case "alias" | "aliases":
                aliases = memberships.aliases_of_membership(db, membership.id)
                return tuple(alias.name for alias in aliases)
            case "metadata" | "artifact_metadata":
                return json.loads(self._artifact.metadata or "{}")
            case "created_at" | "artifact_created_at" | "createdAt":
                return self._artifact.created_at
            case "updated_at" | "updatedAt":
                return self._artifact.updated_at
            case "artifact_size" | "size":
                return self._artifact.size
            case "state" | "digest" | "description":
                return getattr(self._artifact, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(KINDS)

    def __len__(self) -> int:
        return len(KINDS)

    def __contains__(self, name: object) -> bool:
        return name in KINDS

    @property
    def _artifact(self) -> Artifact:
        if self._row is None:
            self._row = versions.get(self._db, self._membership.artifact_id)
        return self._row
