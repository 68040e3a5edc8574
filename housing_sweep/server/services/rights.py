"""Who may see, download and change what: the one place that decides, by whatever path one came.

Every row of the store that is somebody's has its decision here. GraphQL asks it for each object
that a field returns (`graphql/decisions.py`), signed URLs when they are used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import ArtifactType, Collection, CollectionId
from housing_sweep.server.store.artifacts.memberships import Alias, Membership
from housing_sweep.server.store.artifacts.versions import Artifact, Manifest
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.keys import ApiKey
from housing_sweep.server.store.people.users import Entity, Organization, OrganizationId, User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project, ProjectId
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import sweeps
from housing_sweep.server.store.sweeps.agents import Agent
from housing_sweep.server.store.sweeps.sweeps import Sweep

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was read, and how many rows this connection had changed by then."""

    value: Any
    changes: int


def _once(ctx: Context, key: object, read: Callable[[], T]) -> T:
    """Return what was read before in this request, unless something was written since."""
    changes = ctx.db.total_changes
    known = ctx.cache.get(key)
    if not isinstance(known, _Answer) or known.changes != changes:
        known = ctx.cache[key] = _Answer(read(), changes)
    value: T = known.value
    return value


def role(ctx: Context, project_id: ProjectId) -> str | None:
    """Return what the viewer is in a project; None if it does not exist, or not for them."""
    known = ctx.cache.get(("role", project_id))
    if isinstance(known, _Answer) and known.changes == ctx.db.total_changes:
        own: str | None = known.value  # asked of each row of a page: without a closure
        return own

    def read() -> str | None:
        project = projects.find_by_id(ctx.db, project_id)
        return projects.role(ctx.db, ctx.viewer, project) if project else None

    return _once(ctx, ("role", project_id), read)


def sees(ctx: Context, row: object) -> bool:
    """Return whether the viewer may see a row of the store.

    Raises:
        KeyError: it is of a kind that nobody decided on.
    """
    return _SEES[type(row)](ctx, row)


def downloads(ctx: Context, row: Run | Artifact | Manifest) -> bool:
    """Return whether the viewer may have the bytes of a run, a version or a manifest.

    Who only looks may not; of a version, anywhere that they see it. A manifest tells what a version
    holds, which they see.
    """
    if isinstance(row, Manifest):
        return sees(ctx, row)
    if isinstance(row, Run):
        roles = [own] if (own := role(ctx, row.project_id)) else []
    else:
        roles = roles_in_places(ctx, row)
    return any(own != projects.LOOKS_ONLY for own in roles)


def require_download(ctx: Context, row: Run | Artifact | Manifest) -> None:
    """Raise unless the viewer may have the bytes of a run, a version or a manifest.

    Raises:
        PermissionDenied: they may not see it, or only look at it.
    """
    if not downloads(ctx, row):
        noun = "run" if isinstance(row, Run) else "version"
        raise PermissionDenied(
            f"permission denied: {ctx.viewer.name} may see this {noun} but not download it",
            fix="ask an admin of the project or registry for the viewer role",
        )


def writes(ctx: Context, row: Run | Artifact) -> bool:
    """Return whether the viewer may change a run, or a version in its own project."""
    project_id = row.project_id if isinstance(row, Run) else home(ctx, row.collection_id)
    return project_id is not None and role(ctx, project_id) in projects.WRITERS


def roles_in_places(ctx: Context, artifact: Artifact) -> list[str]:
    """Return the viewer's roles in the projects that a version has a place in."""

    def read() -> list[str]:
        members = memberships.of_artifact(ctx.db, artifact.id)
        homes = {artifact.collection_id, *(member.collection_id for member in members)}
        projects_of = {project_id for one in homes if (project_id := home(ctx, one)) is not None}
        return [own for one in projects_of if (own := role(ctx, one))]

    return _once(ctx, ("roles in places", artifact.id), read)


def home(ctx: Context, collection_id: CollectionId) -> ProjectId | None:
    """Return the project of a collection, whoever asks; None if it was deleted meanwhile."""

    def read() -> ProjectId | None:
        collection = collections.find_by_id(ctx.db, collection_id)
        return collection.project_id if collection else None

    return _once(ctx, ("home", collection_id), read)


def belongs(ctx: Context, organization_id: OrganizationId | None) -> bool:
    """Return whether the viewer is in an organisation."""

    def read() -> set[OrganizationId]:
        return {one.id for one in users.organizations_of_user(ctx.db, ctx.viewer.id)}

    return organization_id in _once(ctx, "organizations", read)


def lists(ctx: Context, entity: Entity) -> bool:
    """Return whether the viewer may know more of an entity than its name and its kind.

    Of a person, who may know them; of a team, its organisation; of an organisation, its members.
    """
    if entity.kind == "user":
        return entity.user_id is not None and _knows(ctx, entity.user_id)
    if entity.kind == "team" and ctx.viewer.is_admin:
        return True
    in_team = users.role_in_entity(ctx.db, ctx.viewer, entity) is not None
    return in_team or belongs(ctx, entity.organization_id)


def email(ctx: Context, user: User) -> str | None:
    """Return a user's e-mail address, to who may know them."""
    return user.email if _knows(ctx, user.id) else None


def _knows(ctx: Context, user_id: users.UserId) -> bool:
    return _once(ctx, ("knows", user_id), lambda: users.may_know(ctx.db, ctx.viewer, user_id))


def _reads(ctx: Context, project_id: ProjectId | None) -> bool:
    return project_id is not None and role(ctx, project_id) is not None


def _sees_version(ctx: Context, artifact: Artifact) -> bool:
    """Most are looked at in their own project: no need to look for other places."""
    return _reads(ctx, home(ctx, artifact.collection_id)) or bool(roles_in_places(ctx, artifact))


def _sees_manifest(ctx: Context, manifest: Manifest) -> bool:
    artifact = versions.find_by_id(ctx.db, manifest.artifact_id)
    return artifact is not None and _sees_version(ctx, artifact)


def _sees_agent(ctx: Context, agent: Agent) -> bool:
    def read() -> ProjectId | None:
        sweep = sweeps.find_by_id(ctx.db, agent.sweep_id)
        return sweep.project_id if sweep else None

    return _reads(ctx, _once(ctx, ("project of sweep", agent.sweep_id), read))


_SEES: dict[type, Callable[[Context, Any], bool]] = {
    Project: lambda ctx, row: _reads(ctx, row.id),
    Run: lambda ctx, row: _reads(ctx, row.project_id),
    Sweep: lambda ctx, row: _reads(ctx, row.project_id),
    Agent: _sees_agent,
    ArtifactType: lambda ctx, row: _reads(ctx, row.project_id),
    Collection: lambda ctx, row: _reads(ctx, row.project_id),
    Alias: lambda ctx, row: _reads(ctx, home(ctx, row.collection_id)),
    Membership: lambda ctx, row: _reads(ctx, home(ctx, row.collection_id)),
    Artifact: _sees_version,
    Manifest: _sees_manifest,
    User: lambda ctx, row: _knows(ctx, row.id),
    Entity: lists,
    Organization: lambda ctx, row: belongs(ctx, row.id),
    ApiKey: lambda ctx, row: ctx.viewer.id == row.user_id or ctx.viewer.is_admin,
}
"""Kind of row -> whether the viewer may see one. A kind that is not here is shown to nobody."""
