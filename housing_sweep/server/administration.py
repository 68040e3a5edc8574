"""Administration of a data folder: users, organisations, teams. A server may run on it or not.

Both sides go through SQLite, and the server looks keys and memberships up at every request, so a
change holds from the next request on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.errors import BadInput, Conflict, NotFound
from housing_sweep.server.rules import names
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.data_folder import make_private
from housing_sweep.server.services.first_start import first_start
from housing_sweep.server.store.db import Connection, open_database, write
from housing_sweep.server.store.failures import as_ours
from housing_sweep.server.store.people import keys, members, users
from housing_sweep.server.store.people.users import Entity, Organization, User
from housing_sweep.server.store.projects import projects

Report = dict[str, object]
"""What a command did or found, ready for JSON."""


@dataclass(frozen=True, slots=True)
class Administration:
    """The administration commands on one open database."""

    db: Connection
    clock: Callable[[], float]

    def add_user(
        self, name: str, *, api_key: str | None, email: str | None, is_admin: bool
    ) -> Report:
        """Add a user and report the key, which is not shown again.

        Raises:
            BadInput: the name or the key breaks W&B's rules.
            Conflict: the name, the e-mail address or the key is taken.
        """
        names.check_entity_name(name)
        key = names.check_api_key(api_key) if api_key is not None else keys.new_api_key()
        if email is not None:
            names.user_name_of(email)
        now = self.clock()
        with write(self.db):
            user = users.create_user(self.db, name, email=email, is_admin=is_admin, now=now)
            keys.add(self.db, user.id, key, description="made by an administrator", now=now)
        return {**self._user(user), "api_key": key}

    def add_key(self, name: str, *, api_key: str | None) -> Report:
        """Give a user one more key and report it."""
        key = names.check_api_key(api_key) if api_key is not None else keys.new_api_key()
        user = self._find_user(name)
        keys.add(self.db, user.id, key, description="made by an administrator", now=self.clock())
        return {"name": name, "api_key": key}

    def remove_user(self, name: str) -> Report:
        """Remove a user with their keys and own projects; what they made in teams stays.

        Raises:
            NotFound: no such user.
            Conflict: a team would be left without an admin.
        """
        with write(self.db):
            user = self._find_user(name)
            for team in users.teams_of_user(self.db, user.id):
                if self._is_last_admin(team, user):
                    raise Conflict(
                        f"{name} is the only admin of team {team.name}, which has other members",
                        fix=f"housing-sweep teams add-member {team.name} USER --role admin",
                    )
            gone = self._projects(users.entity_of_user(self.db, user.id))
            members.remove_user(self.db, user, now=self.clock())
        return {"removed": name, "projects": gone}

    def _is_last_admin(self, team: Entity, user: User) -> bool:
        others = [m for m in members.of_team(self.db, team.id) if m.user.id != user.id]
        return bool(others) and all(member.role != "admin" for member in others)

    def users(self) -> list[Report]:
        """Return everybody, by name."""
        return [self._user(user) for user in users.users(self.db)]

    def add_organization(self, name: str, *, admin: str) -> Report:
        """Add an organisation with its first admin.

        Raises:
            BadInput: the name breaks W&B's rules.
            NotFound: no such user.
            Conflict: the name is taken.
        """
        names.check_organization_name(name)
        with write(self.db):
            user = self._find_user(admin)
            now = self.clock()
            organization = users.create_organization(self.db, name, now=now)
            members.set_organization_role(self.db, organization.id, user.id, "admin", now=now)
        return self._organization(organization)

    def set_organization_member(self, name: str, user_name: str, role: str) -> Report:
        """Make a user a member of an organisation, or change the role of one."""
        with write(self.db):
            organization, user = self._find_organization(name), self._find_user(user_name)
            members.set_organization_role(self.db, organization.id, user.id, role, now=self.clock())
        return {"organization": organization.name, "user": user.name, "role": role}

    def remove_organization_member(self, name: str, user_name: str) -> Report:
        """Take a user out of an organisation and its teams."""
        with write(self.db):
            organization, user = self._find_organization(name), self._find_user(user_name)
            if not members.leave_organization(self.db, organization.id, user.id):
                raise NotFound(f"{user_name} is no member of {name}")
        return {"organization": organization.name, "removed": user.name}

    def remove_organization(self, name: str) -> Report:
        """Remove an organisation with its registries, its teams and their projects."""
        with write(self.db):
            organization = self._find_organization(name)
            if organization.is_default:
                raise Conflict(
                    f"{name!r} is the default organization: users without another belong to it"
                )
            owner = users.organization_entity(self.db, organization.id)
            teams = self._teams_of(organization)
            gone = sum(self._projects(entity) for entity in [owner, *teams])
            members.remove_organization(self.db, organization.id, now=self.clock())
        return {"removed": name, "teams": [team.name for team in teams], "projects": gone}

    def organizations(self) -> list[Report]:
        """Return every organisation, by name."""
        return [self._organization(row) for row in users.organizations(self.db)]

    def add_team(self, name: str, *, organization: str, admin: str) -> Report:
        """Add a team of an organisation, with its first admin.

        Raises:
            BadInput: the name breaks W&B's rules.
            NotFound: no such organisation or user.
            Conflict: the name is taken.
        """
        names.check_entity_name(name, "team")
        with write(self.db):
            home, user = self._find_organization(organization), self._find_user(admin)
            team = members.create_team(self.db, name, home.id, user.id, now=self.clock())
        return self._team(team)

    def set_team_member(self, name: str, user_name: str, role: str) -> Report:
        """Make a user a member of a team, or change the role of one."""
        with write(self.db):
            team, user = self._find_team(name), self._find_user(user_name)
            members.set_team_role(self.db, team.id, user.id, role, now=self.clock())
        return {"team": name, "user": user.name, "role": role}

    def remove_team_member(self, name: str, user_name: str) -> Report:
        """Take a user out of a team."""
        with write(self.db):
            team, user = self._find_team(name), self._find_user(user_name)
            if members.team_role(self.db, team.id, user.id) is None:
                raise NotFound(f"{user_name} is no member of {name}")
            members.leave_team(self.db, team.id, user.id)
        return {"team": name, "removed": user.name}

    def remove_team(self, name: str) -> Report:
        """Remove a team with its projects and service accounts."""
        with write(self.db):
            team = self._find_team(name)
            gone = self._projects(team)
            members.remove_team(self.db, team, now=self.clock())
        return {"removed": name, "projects": gone}

    def teams(self) -> list[Report]:
        """Return every team, by name."""
        return [self._team(team) for team in users.teams(self.db)]

    def _find_user(self, name: str) -> User:
        user = users.user_by_name(self.db, name)
        if user is None or user.deleted_at is not None:
            raise NotFound(f"there is no user {name!r}", fix=f"housing-sweep users add {name}")
        return user

    def _find_organization(self, name: str) -> Organization:
        organization = users.organization_by_name(self.db, name)
        if organization is None:
            raise NotFound(
                f"there is no organization {name!r}", fix="housing-sweep orgs list shows them all"
            )
        return organization

    def _find_team(self, name: str) -> Entity:
        team = users.entity_by_name(self.db, name)
        if team is None or team.kind != "team":
            raise NotFound(f"there is no team {name!r}", fix="housing-sweep teams list")
        return team

    def _projects(self, entity: Entity) -> int:
        return len(projects.of_entity(self.db, entity.id, after=0, limit=10**9))

    def _teams_of(self, organization: Organization) -> list[Entity]:
        return [t for t in users.teams(self.db) if t.organization_id == organization.id]

    def _user(self, user: User) -> Report:
        return {
            "name": user.name,
            "email": user.email,
            "admin": user.is_admin,
            "service": user.is_service,
            "organizations": [o.name for o in users.organizations_of_user(self.db, user.id)],
            "teams": [team.name for team in users.teams_of_user(self.db, user.id)],
            "keys": [key.name for key in keys.of_user(self.db, user.id)],
        }

    def _organization(self, organization: Organization) -> Report:
        rows = members.of_organization(self.db, organization.id)
        return {
            "name": organization.name,
            "entity": users.organization_entity(self.db, organization.id).name,
            "default": organization.is_default,
            "members": [{"user": m.user.name, "role": m.role} for m in rows],
            "teams": [team.name for team in self._teams_of(organization)],
        }

    def _team(self, team: Entity) -> Report:
        home = (
            users.get_organization(self.db, team.organization_id)
            if team.organization_id is not None
            else None
        )
        rows = members.of_team(self.db, team.id)
        return {
            "name": team.name,
            "organization": home.name if home else None,
            "members": [{"user": m.user.name, "role": m.role} for m in rows],
        }


@contextmanager
def administration(
    data_dir: Path, clock: Callable[[], float] = time.time
) -> Iterator[Administration]:
    """Open a data folder, made as by a first start when it is new.

    Raises:
        BadInput: the folder cannot be used, or was written by a newer version.
        Unavailable: the database stays locked.
    """
    config = ServerConfig(data_dir=data_dir)
    try:
        make_private(data_dir)
    except OSError as error:
        raise BadInput(
            f"cannot use the data folder {data_dir}: {error.strerror}", fix="choose another one"
        ) from None
    try:
        database = open_database(config.database)
        try:
            first_start(database, config, clock())
            yield Administration(database.connection(), clock)
        finally:
            database.close()
    except Exception as error:
        ours = as_ours(error)
        if ours is None or ours is error:
            raise
        raise ours from error
