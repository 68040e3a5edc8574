"""Teams and their members on the wire. An invitation is a membership at once: nobody sends mail.

So it can only reach who belongs to the team's organisation already: nobody else has agreed.
"""

from dataclasses import dataclass
from typing import Any

from housing_sweep.errors import Conflict, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import Info, Resolvers, from_id, to_id
from housing_sweep.server.rules import names
from housing_sweep.server.services import rights
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import keys, members, users
from housing_sweep.server.store.people.members import Member
from housing_sweep.server.store.people.users import Entity, Organization, OrganizationId, User


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as a team lists it. `api_key` is set once, for a service account just made."""

    team: Entity
    member: Member
    api_key: str | None


def entity_members(source: Entity, info: Info) -> list[Listed]:
    """Return a team's members in the order they joined; of a person, the person.

    The SDK takes the last one for the service account it just made (wandb/apis/public/teams.py).
    """
    ctx = info.context
    if source.kind == "user" and source.user_id is not None:
        user = users.user_by_id(ctx.db, source.user_id)
        return [Listed(source, Member(0, user, "admin"), None)] if user else []
    if source.kind != "team" or not rights.lists(ctx, source):
        return []
    fresh = ctx.services.fresh_keys
    return [
        Listed(source, member, fresh.pop_once(ctx.viewer.id, member.user.id))
        for member in members.of_team(ctx.db, source.id)
    ]


def create_team(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Add a team to the organisation of its admin, who is the viewer unless another is named.

    Raises:
        NotFound: there is no such user in an organisation of the viewer's.
        PermissionDenied: the viewer only looks at the organisation.
    """
    ctx = info.context
    name = names.check_entity_name(input["teamName"], "team")
    with write(ctx.db):
        admin = _known_user(info, input.get("teamAdminUserName") or ctx.viewer.name)
        organization = _home(info, admin)
        team = members.create_team(ctx.db, name, organization.id, admin.id, now=ctx.now)
    return {"entity": team}


def _home(info: Info, admin: User) -> Organization:
    """Return the organisation that a new team belongs to: its admin's, and the viewer's too.

    Of several, that of the admin's default entity, else the newest. Server admins make teams
    anywhere.
    """
    ctx = info.context
    theirs = users.organizations_of_user(ctx.db, admin.id)
    if not ctx.viewer.is_admin:
        theirs = [one for one in theirs if rights.belongs(ctx, one.id)]
    if not theirs:
        raise _no_user(admin.name)
    chosen = users.default_entity(ctx.db, admin).organization_id
    home = next((organization for organization in theirs if organization.id == chosen), theirs[-1])
    owner = users.organization_entity(ctx.db, home.id)
    if users.role_in_entity(ctx.db, ctx.viewer, owner) == "viewer":
        raise PermissionDenied(
            f"permission denied: {ctx.viewer.name} may only read {home.name}",
            fix="ask an admin of the organization for the member role",
        )
    return home


def create_invite(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Make a user a member of a team, at once.

    Raises:
        NotFound: no such user in the team's organisation; a server admin may enrol anybody.
        Conflict: the user is a member already.
    """
    ctx = info.context
    team = _managed_team(info, input["entityName"])
    with write(ctx.db):
        user = _known_user(info, input.get("username") or input.get("email") or "")
        if not (ctx.viewer.is_admin or _belongs(info, user, team.organization_id)):
            raise _no_user(user.name)
        if members.team_role(ctx.db, team.id, user.id):
            raise Conflict(f"{user.name} is a member of {team.name} already")
        role = "admin" if input.get("admin") else "member"
        members.set_team_role(ctx.db, team.id, user.id, role, now=ctx.now)
        member = next(m for m in members.of_team(ctx.db, team.id) if m.user.id == user.id)
    return {
        "invite": {
            "id": to_id("Member", member.id),
            "name": user.name,
            "email": user.email,
            "createdAt": ctx.now,
            "toUser": user,
        }
    }


def delete_invite(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Take a member out of a team: admins anybody, everybody themselves."""
    ctx = info.context
    team = users.entity_by_name(ctx.db, input.get("entityName") or "")
    number = from_id("Member", input.get("id") or "")
    with write(ctx.db):
        rows = members.of_team(ctx.db, team.id) if team else []
        member = next((member for member in rows if member.id == number), None)
        if team is None or member is None:
            raise NotFound(f"member {input.get('id')!r} of {input.get('entityName')!r} not found")
        if member.user.id != ctx.viewer.id:
            _managed_team(info, team.name)
        members.leave_team(ctx.db, team.id, member.user.id)
        if member.user.is_service:
            members.remove_user(ctx.db, member.user, now=ctx.now)
    return {"success": True}


def create_service_account(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Add an account for machines to a team; its key is shown at the next look at the team."""
    ctx = info.context
    team = _managed_team(info, input["entityName"])
    with write(ctx.db):
        number = sum(m.user.is_service for m in members.of_team(ctx.db, team.id)) + 1
        while users.entity_by_name(ctx.db, name := f"{team.name[:100]}-service-{number}"):
            number += 1
        user = users.create_user(ctx.db, name, service_for=str(input["description"]), now=ctx.now)
        members.set_team_role(ctx.db, team.id, user.id, "member", now=ctx.now)
        users.set_default_entity(ctx.db, user.id, team.id)
        secret = keys.new_api_key()
        keys.add(ctx.db, user.id, secret, description="service account", now=ctx.now)
    ctx.services.fresh_keys.put(ctx.viewer.id, user.id, secret)
    return {"user": user}


def _managed_team(info: Info, name: str) -> Entity:
    ctx = info.context
    team = users.entity_by_name(ctx.db, name)
    if team is None or team.kind != "team" or not rights.lists(ctx, team):
        raise NotFound(f"team {name!r} not found")
    if not users.may_manage(ctx.db, ctx.viewer, team):
        raise PermissionDenied(
            f"permission denied: {ctx.viewer.name} is no admin of {name}",
            fix="ask an admin of the team",
        )
    return team


def _known_user(info: Info, name: str) -> User:
    db = info.context.db
    user = users.user_by_name(db, name) or users.user_by_email(db, name)
    if user is None or user.deleted_at is not None:
        raise _no_user(name)
    return user


def _belongs(info: Info, user: User, organization_id: OrganizationId | None) -> bool:
    theirs = users.organizations_of_user(info.context.db, user.id)
    return organization_id in {organization.id for organization in theirs}


def _no_user(name: str) -> NotFound:
    """Return the same for a user who does not exist and one of another organisation."""
    return NotFound(
        f"user {name!r} not found in the organization",
        fix="an admin of the server adds users to it: housing-sweep orgs add-member ORG USER",
    )


RESOLVERS: Resolvers = {
    "Mutation": {
        "createTeam": create_team,
        "createInvite": create_invite,
        "deleteInvite": delete_invite,
        "createServiceAccount": create_service_account,
    },
    "Entity": {"members": entity_members},
    "Member": {
        "id": lambda it, _info: to_id("Member", it.member.id),
        "role": lambda it, _info: it.member.role,
        "admin": lambda it, _info: it.member.role == "admin",
        "pending": lambda _it, _info: False,
        "email": lambda it, info: rights.email(info.context, it.member.user),
        "username": lambda it, _info: it.member.user.name,
        "name": lambda it, _info: it.member.user.description or it.member.user.name,
        "accountType": lambda it, _info: "SERVICE" if it.member.user.is_service else "USER",
    },
}
