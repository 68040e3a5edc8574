"""The one place that decides: of each kind of row, and anew after each write."""

from dataclasses import dataclass

import pytest

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services import rights
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.projects import projects, roles
from tests.support.inprocess import House
from tests.support.shared_world import make_world

TEAM = ("ann", "mem", "vic", "ray")


def test_a_kind_of_row_that_nobody_decided_on_is_shown_to_nobody(house: House) -> None:
    @dataclass
    class Secret:
        id: int

    with pytest.raises(KeyError):
        rights.sees(house.context(house.user("ann").name), Secret(1))


def test_bytes_are_for_who_may_download_and_changes_for_writers(house: House) -> None:
    world = make_world(house)
    run = world.runs["one"]
    downloads = {who: rights.downloads(house.context(who), run) for who in TEAM}
    assert downloads == {"ann": True, "mem": True, "vic": True, "ray": False}
    writes = {who: rights.writes(house.context(who), run) for who in TEAM}
    assert writes == {"ann": True, "mem": True, "vic": False, "ray": False}
    for who, may in (("lin", True), ("rex", False), ("eve", False)):
        ctx = house.context(who)
        assert rights.downloads(ctx, world.linked) is may
        assert not rights.writes(ctx, world.linked)
        assert not rights.downloads(ctx, world.private)
    with pytest.raises(PermissionDenied, match="ray may see this run but not download it"):
        rights.require_download(house.context("ray"), run)


def test_an_answer_holds_until_something_is_written(house: House) -> None:
    world = make_world(house)
    ctx, project = house.context("vic"), world.project
    statements: list[str] = []
    house.db.set_trace_callback(statements.append)
    assert [rights.role(ctx, project.id) for _ in range(3)] == ["viewer"] * 3
    house.db.set_trace_callback(None)
    assert sum("FROM projects" in sql for sql in statements) == 1, "read once a request"
    roles.add(house.db, project.id, [house.id_of("vic")], [], "restricted_viewer", 0.0)
    assert rights.role(ctx, project.id) == "restricted_viewer"


def test_an_admin_of_the_team_is_one_of_its_projects_whatever_they_say(house: House) -> None:
    world = make_world(house)
    ann = world.desk.ann
    roles.add(house.db, world.project.id, [ann.id], [], "restricted_viewer", 0.0)
    assert projects.role(house.db, ann, world.project) == "admin"
    assert rights.writes(house.context("ann"), world.runs["one"])


def test_who_leaves_a_team_keeps_no_role_in_its_projects(house: House) -> None:
    world = make_world(house)
    ctx = house.context("ray")
    assert rights.role(ctx, world.project.id) == "restricted_viewer"
    members.leave_team(house.db, users.EntityId(int(world.entity("core"))), house.id_of("ray"))
    assert rights.role(ctx, world.project.id) is None
