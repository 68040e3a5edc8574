"""Users, entities and organisations on the wire."""

from dataclasses import replace
from typing import Any

from graphql import FieldNode

from housing_sweep.errors import NotFound, NotSupported, PermissionDenied
from housing_sweep.server.graphql.relay import Info, Resolvers, from_id
from housing_sweep.server.rules import names
from housing_sweep.server.services import rights
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import keys, members, users
from housing_sweep.server.store.people.users import Entity, EntityId, Organization, User


def viewer(_root: None, info: Info) -> User:
    """Return who asks."""
    return info.context.viewer


def search(_root: None, info: Info, query: str | None = None) -> dict[str, Any]:
    """Return the users of that name or e-mail address whom the viewer may know of."""
    ctx = info.context
    rows = users.search_users(ctx.db, query) if query else users.users(ctx.db)
    visible = [user for user in rows if users.may_know(ctx.db, ctx.viewer, user.id)]
    return {"edges": [{"node": user} for user in visible]}


def entity(_root: None, info: Info, name: str | None = None) -> Entity | None:
    """Return an entity by name; none is the viewer's default.

    Whoever asks whether a free name is `available` gets a placeholder: the SDK's `Team` breaks on
    null. Everybody else gets null for a free name.
    """
    ctx = info.context
    if not name:
        return users.default_entity(ctx.db, ctx.viewer)
    owner = users.entity_by_name(ctx.db, name)
    if owner is None and _asks_for(info, "available"):
        return Entity(EntityId(0), name, "user", None, None, ctx.now)
    return owner


def _asks_for(info: Info, field: str) -> bool:
    return any(
        isinstance(selection, FieldNode) and selection.name.value == field
        for node in info.field_nodes
        if node.selection_set
        for selection in node.selection_set.selections
    )


def organization(_root: None, info: Info, name: str) -> Organization | None:
    """Return an organisation of the viewer's, by display or entity name."""
    ctx = info.context
    named = users.organization_by_name(ctx.db, name)
    mine = users.organizations_of_user(ctx.db, ctx.viewer.id)
    return named if named in mine else None


def update_user(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set the viewer's default entity."""
    ctx = info.context
    if (username := input.get("username")) and username != ctx.viewer.name:
        raise NotSupported("the local server cannot rename users", fix="add a new one instead")
    viewer = ctx.viewer
    if name := input.get("defaultEntity"):
        owner = users.entity_by_name(ctx.db, name)
        if owner is None or not users.role_in_entity(ctx.db, viewer, owner):
            raise NotFound(f"entity {name!r} not found", fix="use your own name or a team of yours")
        viewer = users.set_default_entity(ctx.db, viewer.id, owner.id)
    return {"user": viewer}


def create_user(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Add a user, named after the e-mail address, to the organisation that the viewer is admin of.

    Admins of the server may, and those of an organisation; only the former make such as they are.
    The new user has no key yet: `housing-sweep users add-key NAME` makes one.

    Raises:
        PermissionDenied: the viewer is neither, or not enough.
    """
    ctx = info.context
    organization = _administered(info)
    is_admin = bool(input.get("admin"))
    if not ctx.viewer.is_admin and (organization is None or is_admin):
        raise PermissionDenied(
            "permission denied: only admins of this server or of an organization may add users,"
            " and only the former add admins of the server",
            fix="ask the owner of the server: housing-sweep users add NAME",
        )
    email = str(input["email"])
    name = names.check_entity_name(names.user_name_of(email))
    with write(ctx.db):
        user = users.create_user(ctx.db, name, email=email, is_admin=is_admin, now=ctx.now)
        # Whoever is in none belongs to the default one.
        if organization is not None and not organization.is_default:
            members.set_organization_role(ctx.db, organization.id, user.id, "member", now=ctx.now)
    return {"user": user}


def _administered(info: Info) -> Organization | None:
    """Return the organisation that the viewer is admin of.

    Of several, that of the viewer's default entity, else the newest.
    """
    ctx = info.context
    mine = [
        one
        for one in users.organizations_of_user(ctx.db, ctx.viewer.id)
        if _role_in(info, one) == "admin"
    ]
    chosen = users.default_entity(ctx.db, ctx.viewer).organization_id
    return next((one for one in mine if one.id == chosen), mine[-1] if mine else None)


def _role_in(info: Info, organization: Organization) -> str | None:
    ctx = info.context
    owner = users.organization_entity(ctx.db, organization.id)
    return users.role_in_entity(ctx.db, ctx.viewer, owner)


def generate_api_key(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Make a key for the viewer; its `name` is the whole key, this once, as the SDK wants it."""
    ctx = info.context
    secret = keys.new_api_key()
    key = keys.add(ctx.db, ctx.viewer.id, secret, description=input.get("description"), now=ctx.now)
    return {"apiKey": replace(key, name=secret)}


def delete_api_key(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Make a key of the viewer's worthless; server admins may do it to any."""
    ctx = info.context
    with write(ctx.db):
        key = keys.find_by_id(ctx.db, from_id("ApiKey", input["id"]))
        if key is None or (key.user_id != ctx.viewer.id and not ctx.viewer.is_admin):
            raise NotFound(f"API key {input['id']!r} not found")
        keys.delete(ctx.db, key.id)
    return {"success": True}


def user_entity(user: User, info: Info) -> str:
    """Return the name of the entity that a request without one means, if the viewer may list it."""
    if user.deleted_at is not None:
        return user.name
    entity = users.default_entity(info.context.db, user)
    return entity.name if rights.lists(info.context, entity) else user.name


def user_teams(user: User, info: Info) -> dict[str, Any]:
    """Return the user's own entity, which the client needs, and those teams the viewer may list."""
    teams = users.teams_of_user(info.context.db, user.id)
    listed = [team.name for team in teams if rights.lists(info.context, team)]
    return {"edges": [{"node": {"name": name}} for name in [user.name, *listed]]}


def user_keys(user: User, info: Info) -> dict[str, Any]:
    """Return a user's keys by their first characters, to the user and to server admins."""
    own = keys.of_user(info.context.db, user.id)
    return {"edges": [{"node": key} for key in own if rights.sees(info.context, key)]}


def user_organizations(user: User, info: Info) -> list[Organization]:
    """Return the organisations a user belongs to, as far as the viewer belongs to them too."""
    ctx = info.context
    rows = users.organizations_of_user(ctx.db, user.id)
    return [one for one in rows if rights.belongs(ctx, one.id)]


def entity_organization(source: Entity, info: Info) -> Organization | None:
    """Return an entity's organisation, to its members; of a person, the only one they have."""
    ctx = info.context
    mine = users.organizations_of_user(ctx.db, ctx.viewer.id)
    if source.organization_id is not None:
        return next((one for one in mine if one.id == source.organization_id), None)
    if source.user_id is None:
        return None
    theirs = users.organizations_of_user(ctx.db, source.user_id)
    return theirs[0] if len(theirs) == 1 and theirs[0] in mine else None


def entity_user(source: Entity, info: Info) -> User | None:
    """Return the person behind a personal entity."""
    return users.user_by_id(info.context.db, source.user_id) if source.user_id else None


def organization_entity(source: Organization, info: Info) -> Entity:
    """Return the entity that owns an organisation's registries."""
    return users.organization_entity(info.context.db, source.id)


RESOLVERS: Resolvers = {
    "Query": {
        "viewer": viewer,
        "users": search,
        "entity": entity,
        "organization": organization,
    },
    "Mutation": {
        "updateUser": update_user,
        "createUser": create_user,
        "generateApiKey": generate_api_key,
        "deleteApiKey": delete_api_key,
    },
    "User": {
        "name": lambda user, _info: user.description or user.name,
        "username": lambda user, _info: user.name,
        "admin": lambda user, _info: user.is_admin,
        # A flag "code_saving_enabled" would make every run upload its script.
        "flags": lambda _user, _info: "{}",
        "entity": user_entity,
        "apiKeys": user_keys,
        "teams": user_teams,
        "organizations": user_organizations,
    },
    "Entity": {
        "organization": entity_organization,
        "user": entity_user,
        "entityType": lambda source, _info: source.kind,
        "isTeam": lambda source, _info: source.kind == "team",
        "available": lambda source, _info: source.id == 0,
        "readOnly": lambda _source, _info: False,
        "readOnlyAdmin": lambda _source, _info: False,
        "privateOnly": lambda _source, _info: False,
        "storageBytes": lambda _source, _info: 0,
        "codeSavingEnabled": lambda _source, _info: False,
        "defaultAccess": lambda _source, _info: "PRIVATE",
        "isPaid": lambda _source, _info: True,
        "limits": lambda _source, _info: "{}",
        "xxhashDigestsEnabled": lambda _source, _info: True,
    },
    "Organization": {
        "orgEntity": organization_entity,
        "featureFlags": lambda _source, _info, **_: [],
    },
}
