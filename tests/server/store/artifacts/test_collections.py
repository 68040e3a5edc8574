"""Rows of collections."""

import pytest

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.store.artifacts import collections
from housing_sweep.server.store.artifacts.collections import PORTFOLIO, SEQUENCE, Collection
from housing_sweep.server.store.projects.projects import Project
from tests.support.inprocess import START, House


def test_what_is_written_is_what_is_returned(house: House, collection: Collection) -> None:
    assert collections.get(house.db, collection.id) == collection
    assert (collection.name, collection.kind, collection.created_at) == ("nets", SEQUENCE, START)
    renamed = collections.edit(house.db, collection.id, name="n", description="d", now=START + 1)
    assert (renamed.name, renamed.description, renamed.updated_at) == ("n", "d", START + 1)
    kept = collections.edit(house.db, collection.id, name=None, description=None, now=START + 2)
    assert (kept.name, kept.description, kept.updated_at) == ("n", "d", START + 2)
    moved = collections.move(house.db, kept, "dataset", START + 3)
    assert collections.type_of(house.db, moved.id).name == "dataset"
    assert collections.get(house.db, collection.id) == moved


def test_a_collection_asked_for_again_is_the_same_one(
    house: House, project: Project, collection: Collection
) -> None:
    again = collections.ensure(house.db, project.id, "nets", "model", SEQUENCE, START + 9)
    assert again == collection
    with pytest.raises(Conflict, match="has type 'model', not 'dataset'"):
        collections.ensure(house.db, project.id, "nets", "dataset", SEQUENCE, START)
    with pytest.raises(Conflict, match="is a sequence already"):
        collections.ensure(house.db, project.id, "nets", "model", PORTFOLIO, START)


def test_a_type_asked_for_again_is_the_same_one(house: House, project: Project) -> None:
    first = collections.ensure_type(house.db, project.id, "model", START)
    assert collections.ensure_type(house.db, project.id, "model", START + 9) == first
    assert collections.types_of(house.db, project.id) == [first]


def test_a_collection_that_was_deleted_is_gone(house: House, collection: Collection) -> None:
    collections.delete(house.db, collection.id)
    assert collections.find_by_id(house.db, collection.id) is None
    with pytest.raises(Gone, match="was deleted"):
        collections.get(house.db, collection.id)
    with pytest.raises(Gone):
        collections.type_of(house.db, collection.id)
    with pytest.raises(Gone):
        collections.edit(house.db, collection.id, name="n", description=None, now=START)
    with pytest.raises(Gone):
        collections.move(house.db, collection, "dataset", START)
    # A move that fails leaves no type behind.
    types = collections.types_of(house.db, collection.project_id)
    assert [kind.name for kind in types] == ["model"]
