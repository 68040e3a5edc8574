"""Rows of roles in one project: added once, changed, removed, and told in order."""

from dataclasses import dataclass

import pytest

from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import EntityId, UserId
from housing_sweep.server.store.projects import projects, roles
from housing_sweep.server.store.projects.projects import ProjectId
from tests.support.inprocess import START, House


@dataclass(frozen=True)
class Registry:
    """A registry that Ann made, with Bob and the team `core` beside it."""

    house: House
    id: ProjectId
    bob: UserId
    core: EntityId

    @property
    def roles(self) -> dict[str, str]:
        """Who is what, users and teams."""
        by_user = {item.user.name: item.role for item in roles.users(self.house.db, self.id)}
        return by_user | {item.team.name: item.role for item in roles.teams(self.house.db, self.id)}


@pytest.fixture
def registry(house: House) -> Registry:
    """A registry with its maker as admin."""
    ann, bob = house.user("ann"), house.user("bob")
    acme = house.organization("acme", ann="admin", bob="member")
    core = house.team("core", acme, ann="admin")
    entity = users.organization_entity(house.db, acme.id)
    project = projects.ensure(house.db, ann, entity.name, "wandb-registry-nets", now=START)
    return Registry(house, project.id, bob.id, core.id)


def test_users_and_teams_are_added_in_order(registry: Registry) -> None:
    roles.add(registry.house.db, registry.id, [registry.bob], [registry.core], "viewer", START)
    assert list(registry.roles.items()) == [("ann", "admin"), ("bob", "viewer"), ("core", "viewer")]


def test_who_is_added_again_keeps_the_role(registry: Registry) -> None:
    for role in ("viewer", "admin"):
        roles.add(registry.house.db, registry.id, [registry.bob], [registry.core], role, START)
    assert registry.roles == {"ann": "admin", "bob": "viewer", "core": "viewer"}


def test_a_role_is_changed_only_of_who_has_one(registry: Registry) -> None:
    db = registry.house.db
    assert not roles.set_role(db, registry.id, "member", user=registry.bob)
    roles.add(db, registry.id, [registry.bob], [registry.core], "viewer", START)
    assert roles.set_role(db, registry.id, "member", user=registry.bob)
    assert registry.roles == {"ann": "admin", "bob": "member", "core": "viewer"}
    assert roles.set_role(db, registry.id, "restricted_viewer", team=registry.core)
    assert registry.roles == {"ann": "admin", "bob": "member", "core": "restricted_viewer"}


def test_removing_tells_how_many_were_members(registry: Registry) -> None:
    db = registry.house.db
    roles.add(db, registry.id, [registry.bob], [registry.core], "viewer", START)
    assert roles.remove(db, registry.id, [registry.bob, UserId(999)], [registry.core]) == 2
    assert roles.remove(db, registry.id, [registry.bob], [registry.core]) == 0
    assert registry.roles == {"ann": "admin"}


def test_roles_of_one_project_are_not_those_of_another(registry: Registry) -> None:
    db = registry.house.db
    ann = users.user_by_name(db, "ann")
    assert ann is not None
    other = projects.ensure(db, ann, None, "plain", now=START)
    roles.add(db, other.id, [registry.bob], [], "viewer", START)
    assert registry.roles == {"ann": "admin"}
    assert roles.remove(db, registry.id, [registry.bob], []) == 0
    assert [item.user.name for item in roles.users(db, other.id)] == ["bob"]
