"""A small world of people who share some things and not others, for tests of who sees what."""

from dataclasses import dataclass, field

from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.people import keys, users
from housing_sweep.server.store.projects import projects, roles
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import files, runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import agents, sweeps
from tests.support.inprocess import START, House
from tests.support.version_desk import VersionDesk

USE = "mutation($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }"
SPEC = "program: t.py\nmethod: random\nmetric: {name: loss}\nparameters: {a: {values: [1, 2]}}\n"


@dataclass
class World:
    """Of organisation acme are Ann, its admin and that of team core; Mem, a member of the team;
    Vic, who only looks at the team; Ray, of the team, but a restricted viewer of its project; Lin,
    who is in no team and reads the registry; Rex, a restricted viewer of the registry.

    Eve rules another organisation. `linked` of the project's versions is in the registry.
    """

    house: House
    desk: VersionDesk
    project: Project
    registry: Project
    linked: Artifact
    private: Artifact
    draft: str
    agent: str = ""
    runs: dict[str, Run] = field(default_factory=dict)

    def number(self, who: str) -> str:
        """Return a user's number."""
        return str(self.house.id_of(who))

    def entity(self, name: str) -> str:
        """Return the number of a person's, a team's or an organisation's entity."""
        entity = users.entity_by_name(self.house.db, name)
        assert entity is not None
        return str(entity.id)


def make_world(house: House) -> World:
    """Fill a house."""
    for name in ("ann", "mem", "vic", "ray", "lin", "rex", "eve"):
        user = house.user(name, email=f"{name}@example.org")
        keys.add(house.db, user.id, name * 14, description=None, now=START)
    acme = house.organization("acme", ann="admin", lin="member", rex="member")
    evil = house.organization("evil", eve="admin")
    house.team("core", acme, ann="admin", mem="member", vic="viewer", ray="member")
    house.team("horde", evil, eve="admin")
    desk = VersionDesk(house)
    ann, project = desk.ann, desk.project
    roles.add(house.db, project.id, [house.id_of("ray")], [], "restricted_viewer", START)
    linked, private = desk.publish("one", b"one"), desk.publish("two", b"two")
    draft = desk.create("three", clientID="mine")
    desk.manifest(draft, {"contents": {}})
    desk.link(private, "shown")
    registry = projects.ensure(house.db, ann, "acme", "wandb-registry-model", now=START)
    roles.add(house.db, registry.id, [house.id_of("rex")], [], "restricted_viewer", START)
    team = users.entity_by_name(house.db, "core")
    assert team is not None
    roles.add(house.db, registry.id, [], [team.id], "viewer", START)
    desk.link(linked, "best", entityName="acme", projectName=registry.name)
    house.db.execute("UPDATE artifact_types SET description = 'of ' || name")
    world = World(house, desk, project, registry, linked, private, draft)
    _fill_project(world)
    own = projects.ensure(house.db, ann, "ann", "own", now=START)
    world.runs["own"] = runs.create(
        house.db, own.id, "own", user_id=ann.id, state="running", now=START
    )
    return world


def _fill_project(world: World) -> None:
    house, ann = world.house, world.desk.ann
    sweep = sweeps.create(
        house.db,
        world.project.id,
        "sw",
        config=SPEC,
        seed=1,
        user_id=ann.id,
        controller_run_name=None,
        now=START,
    )
    agent = agents.create(house.db, sweep.id, "host", ann.id, START)
    one, trial = (
        runs.create(house.db, world.project.id, name, user_id=ann.id, state="running", now=START)
        for name in ("one", "trial")
    )
    house.db.execute(
        "UPDATE runs SET sweep_id = ?, agent_id = ?, trial_number = 0 WHERE id = ?",
        (sweep.id, agent.id, trial.id),
    )
    sweeps.attach_prior_runs(house.db, sweep.id, ["one"])
    blob = house.server.services.blobs.put(b"log")
    files.record_upload(house.db, one.id, "output.log", blob, START)
    house.db.execute(
        "INSERT INTO artifact_outputs VALUES (?, ?, ?)", (one.id, world.linked.id, 0.0)
    )
    house.db.execute("UPDATE artifacts SET run_id = ? WHERE id = ?", (one.id, world.linked.id))
    request = {"entityName": "core", "projectName": "mine", "runName": "one"}
    for artifact in (world.linked, world.private):
        house.ask("ann", USE, input={**request, "artifactID": world.desk.id(artifact)})
    world.runs |= {"one": one, "trial": trial}
    world.agent = agent.name
