"""Users, entities and organisations on the wire."""

from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import people
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import Entity, Organization, User


def viewer(_root: None, info: Info) -> User:
    """Return who asks."""
    return info.context.viewer


def entity(_root: None, info: Info, name: str | None = None) -> Entity | None:
    """Return an entity by name; none is the viewer's default."""
    ctx = info.context
    if not name:
        return people.default_entity(ctx.db, ctx.viewer)
    return people.entity_by_name(ctx.db, name)


def update_user(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set the viewer's default entity."""
    ctx = info.context
    if name := input.get("defaultEntity"):
        chosen = people.entity_by_name(ctx.db, name)
        if chosen is None or not people.role_in_entity(ctx.db, ctx.viewer, chosen):
            raise NotFound(f"entity {name!r} not found", fix="use your own name or a team of yours")
        with write(ctx.db):
            ctx.db.execute(
                "UPDATE users SET default_entity_id = ? WHERE id = ?", (chosen.id, ctx.viewer.id)
            )
    return {"user": people.user_by_id(ctx.db, ctx.viewer.id)}


def user_entity(user: User, info: Info) -> str:
    """Return the name of the entity that a request without one means."""
    return people.default_entity(info.context.db, user).name


def user_teams(user: User, info: Info) -> dict[str, Any]:
    """Return the entities a user writes to; the client needs the user's own among them."""
    names = [user.name, *(team.name for team in people.teams_of_user(info.context.db, user.id))]
    return {"edges": [{"node": {"name": name}} for name in names]}


def user_organizations(user: User, info: Info) -> list[Organization]:
    """Return the organisations a user belongs to."""
    return people.organizations_of_user(info.context.db, user.id)


def entity_organization(source: Entity, info: Info) -> Organization | None:
    """Return an entity's organisation; of a person, the only one they belong to."""
    db = info.context.db
    if source.organization_id is not None:
        return people.organization_by_id(db, source.organization_id)
    if source.user_id is None:
        return None
    held = people.organizations_of_user(db, source.user_id)
    return held[0] if len(held) == 1 else None


def entity_user(source: Entity, info: Info) -> User | None:
    """Return the person behind a personal entity."""
    return people.user_by_id(info.context.db, source.user_id) if source.user_id else None


def organization_entity(source: Organization, info: Info) -> Entity:
    """Return the entity that owns an organisation's registries."""
    return people.organization_entity(info.context.db, source.id)


RESOLVERS: Resolvers = {
    "Query": {"viewer": viewer, "entity": entity},
    "Mutation": {"updateUser": update_user},
    "User": {
        "username": lambda user, _info: user.name,
        "admin": lambda user, _info: user.is_admin,
        # A flag "code_saving_enabled" would make every run upload its script.
        "flags": lambda _user, _info: "{}",
        "entity": user_entity,
        "teams": user_teams,
        "organizations": user_organizations,
    },
    "Entity": {
        "organization": entity_organization,
        "user": entity_user,
        "entityType": lambda source, _info: source.kind,
        "isTeam": lambda source, _info: source.kind == "team",
        "available": lambda _source, _info: False,
        "readOnly": lambda _source, _info: False,
        "readOnlyAdmin": lambda _source, _info: False,
        "privateOnly": lambda _source, _info: False,
        "storageBytes": lambda _source, _info: 0,
        "codeSavingEnabled": lambda _source, _info: False,
        "defaultAccess": lambda _source, _info: "PRIVATE",
        "isPaid": lambda _source, _info: True,
        "xxhashDigestsEnabled": lambda _source, _info: False,
    },
    "Organization": {
        "orgEntity": organization_entity,
        "featureFlags": lambda _source, _info, **_: [],
        "advancedRegistryFeatures": lambda _source, _info: {"advancedSearch": False},
    },
}
