"""A server's services inside the test's process, asked through GraphQL as this or that user."""

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from housing_sweep.errors import HousingSweepError
from housing_sweep.server.app import make_server
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import Connection
from housing_sweep.server.store.failures import as_ours
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.people.users import Entity, Organization, User

START = 1_790_000_000.0


@cache
def _started_once() -> Path:
    """A data folder after its first start, closed: one a process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="housing-sweep-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make_server(ServerConfig(data_dir=folder)).close()
    return folder


@cache
def shared_api() -> Api:
    """The schema, one a process: it keeps no state but what it compiled of each query's text."""
    return Api()


def server_on(
    config: ServerConfig,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] = time.monotonic,
) -> Server:
    """Return a server on its data folder; a new folder is copied, not made: 18 fsyncs less."""
    if not config.database.exists():
        shutil.copytree(_started_once(), config.data_dir, dirs_exist_ok=True)
    return make_server(config, clock, ticks)


class House:
    """One server without HTTP; its clock stands still unless a test turns it."""

    def __init__(self, folder: Path) -> None:
        self.api = shared_api()
        self.server = server_on(ServerConfig(data_dir=folder / "server"))
        self.db: Connection = self.server.services.database.connection()

    def user(self, name: str, **given: Any) -> User:
        """Add a user."""
        return users.create_user(self.db, name, now=START, **given)

    def organization(self, name: str, **roles: str) -> Organization:
        """Add an organisation with members, by name and role."""
        made = users.create_organization(self.db, name, now=START)
        for user, role in roles.items():
            members.set_organization_role(self.db, made.id, self.id_of(user), role, now=START)
        return made

    def team(self, name: str, organization: Organization, **roles: str) -> Entity:
        """Add a team with members, by name and role; the first is its admin."""
        first = next(iter(roles))
        team = members.create_team(self.db, name, organization.id, self.id_of(first), now=START)
        for user, role in roles.items():
            members.set_team_role(self.db, team.id, self.id_of(user), role, now=START)
        return team

    def id_of(self, name: str) -> users.UserId:
        """Return a user's number."""
        user = users.user_by_name(self.db, name)
        assert user is not None, name
        return user.id

    def context(self, who: str) -> Context:
        """Return what a request of this user comes with."""
        return Context(
            services=self.server.services,
            db=self.db,
            base_url="http://test",
            user=users.user_by_name(self.db, who),
        )

    def ask(self, who: str, query: str, **variables: object) -> Any:
        """Return the data of an answer; raise the first error as what the server made of it."""
        result = self.api.execute(query, variables, None, self.context(who))
        if result.errors:
            error = result.errors[0]
            ours = as_ours(error.original_error) if error.original_error else None
            raise ours or error
        return result.data

    def refused(self, who: str, query: str, **variables: object) -> HousingSweepError:
        """Return the error that an answer must be."""
        try:
            answer = self.ask(who, query, **variables)
        except HousingSweepError as error:
            return error
        raise AssertionError(f"{who} was not refused but told {answer}")

    def close(self) -> None:
        """Close the database."""
        self.server.close()
