"""One run in a database of its own, for tests of the rows that belong to runs."""

from collections.abc import Sequence
from pathlib import Path

from housing_sweep.server.store.db import Connection, open_database
from housing_sweep.server.store.events import Event
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run

NOW = 1_790_000_000.0


class Rows:
    """A database with one run in it, and what its writes published."""

    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder / "x.db")
        self.db: Connection = self.database.connection()
        users.create_organization(self.db, "org", is_default=True, now=NOW)
        ann = users.create_user(self.db, "ann", now=NOW)
        self.project: Project = projects.ensure(self.db, ann, None, "p", now=NOW)
        self.events: list[Event] = []
        self.database.followers.publish = self.hear
        self.run = self.create("one")

    def hear(self, events: Sequence[Event]) -> None:
        """Note what was published."""
        self.events.extend(events)

    def create(self, name: str, state: str = "running", **columns: object) -> Run:
        """Add a run."""
        return runs.create(
            self.db, self.project.id, name, user_id=None, state=state, now=NOW, **columns
        )
