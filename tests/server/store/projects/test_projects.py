"""Rows of projects."""

import pytest

from housing_sweep.errors import Gone, NotFound
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START, House


def test_what_is_written_is_what_is_returned(house: House) -> None:
    ann = house.user("ann")
    project = projects.ensure(house.db, ann, None, "mine", now=START)
    assert projects.get(house.db, project.id) == project
    assert projects.ensure(house.db, ann, "ann", "mine", now=START + 9) == project
    described = projects.update(house.db, project.id, description="all of it", now=START + 1)
    assert (described.description, described.updated_at) == ("all of it", START + 1)
    assert projects.update(house.db, project.id, now=START + 1) == described
    renamed = projects.rename(house.db, described, "yours", START + 2)
    assert projects.get(house.db, project.id) == renamed
    assert (renamed.name, renamed.description) == ("yours", "all of it")


def test_a_project_that_was_deleted_is_gone(house: House) -> None:
    project = projects.ensure(house.db, house.user("ann"), None, "mine", now=START)
    projects.delete(house.db, project.id)
    assert projects.find_by_id(house.db, project.id) is None
    assert projects.find(house.db, "ann", "mine") is None
    with pytest.raises(Gone, match="was deleted"):
        projects.get(house.db, project.id)
    with pytest.raises(Gone):
        projects.update(house.db, project.id, description="late", now=START)
    with pytest.raises(Gone):
        projects.rename(house.db, project, "late", START)
    assert issubclass(Gone, NotFound)
