"""A sweep in play: the real scheduler and database, with agents, trials and a clock by hand."""

import json
import time
from pathlib import Path
from typing import Any

import yaml

from housing_sweep.server.chores import reaper
from housing_sweep.server.edge.filestream import take
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import agents, sweeps
from housing_sweep.server.store.sweeps.agents import Agent
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import heartbeat
from housing_sweep.server.sweeping.heartbeat import AgentCommand
from tests.support.inprocess import server_on, shared_api
from tests.support.local_server import PATIENCE

GRID6: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]}},
}
RANDOM: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"distribution": "uniform", "min": 0.0, "max": 1.0}, "seed": {"value": 7}},
}
BAYES = {**RANDOM, "method": "bayes"}
BEAT = 5.0


class Play:
    """One server in this process, without HTTP, and what agents and trials would do to it."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.ticks, self.ahead = 1_000_000.0, 0.0
        self.api = shared_api()
        self._config = ServerConfig(data_dir=folder, **config)
        self._open()
        db = self.services.database.connection()
        user = users.user_by_id(db, 1)  # type: ignore[arg-type]
        assert user is not None
        self.user: User = user
        self.project: Project = projects.ensure(db, user, None, "play", now=self.now)

    def _open(self) -> None:
        self.server = server_on(self._config, lambda: self.now, lambda: self.ticks)
        self.services = self.server.services

    @property
    def now(self) -> float:
        """The system's time; set it to let time pass."""
        return self.ticks + self.ahead

    @now.setter
    def now(self, moment: float) -> None:
        self.ticks += moment - self.now

    def jump(self, seconds: float) -> None:
        """Put the system's clock ahead, or back; no time passes."""
        self.ahead += seconds

    def restart(self, down: float = 0.0) -> None:
        """End the server and start it again on its folder, after a while."""
        self.server.close()
        self.ticks += down
        self._open()

    @property
    def ctx(self) -> Context:
        """A request's context, as the owner."""
        db = self.services.database.connection()
        return Context(services=self.services, db=db, base_url="http://server", user=self.user)

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        """Execute a request and return its data; raise the first error as it was raised."""
        result = self.api.execute(query, variables, None, self.ctx)
        for error in result.errors or []:
            raise error.original_error or error
        assert result.data is not None
        return result.data

    def upsert(self, **input: object) -> dict[str, Any]:
        """Send `upsertSweep` and return the sweep's id, name, state and counts."""
        data = self.graphql(
            "mutation($input: UpsertSweepInput!) { upsertSweep(input: $input) { sweep {"
            " id name state runCount runCountExpected bestLoss method config displayName } } }",
            input={"entityName": self.project.entity_name, "projectName": "play", **input},
        )
        found: dict[str, Any] = data["upsertSweep"]["sweep"]
        return found

    def sweep(self, spec: dict[str, Any], **input: object) -> Sweep:
        """Make a sweep; its points are the same each time, though its name is another."""
        made = self.upsert(config=yaml.safe_dump(spec), **input)
        self.ctx.db.execute("UPDATE sweeps SET seed = 7 * id WHERE name = ?", (made["name"],))
        return self.look(made["name"])

    def sweep_state(self, sweep: Sweep, state: str) -> None:
        """Ask for a state, as `wandb sweep --pause` and its like do."""
        self.upsert(id=to_id("Sweep", sweep.id), state=state)

    def look(self, name: str) -> Sweep:
        """Return a sweep as it is now."""
        held = sweeps.find(self.ctx.db, self.project.id, name)
        assert held is not None
        return held

    def agent(self, sweep: Sweep) -> Agent:
        """Register an agent."""
        with write(self.ctx.db):
            return agents.create(self.ctx.db, sweep.id, "host", self.user.id, self.now)

    def beat(self, agent: Agent, *running: str, after: float = BEAT) -> list[AgentCommand]:
        """Let time pass, then send one heartbeat."""
        self.now += after
        return heartbeat.heartbeat(self.ctx, agent.id, frozenset(running))

    def given(self, agent: Agent, *running: str, after: float = BEAT) -> str:
        """Beat, and return the name of the one trial that was given.

        On a busy machine a suggestion may not be ready yet; then nothing comes, and it asks again.
        """
        deadline, commands = time.monotonic() + PATIENCE, self.beat(agent, *running, after=after)
        while not commands and time.monotonic() < deadline:
            time.sleep(0.05)
            commands = self.beat(agent, *running, after=0)
        (told,) = commands
        assert told.kind in ("run", "resume"), told
        assert told.run is not None
        return told.run.name

    def run(self, name: str) -> Run:
        """Return a run as it is now."""
        held = runs.find(self.ctx.db, self.project.id, name)
        assert held is not None
        return held

    def post(self, name: str, **body: Any) -> Run:
        """Send one file-stream post of a run."""
        ctx = self.ctx
        with write(ctx.db):
            take(ctx, self.run(name), body)
        return self.run(name)

    def start(self, name: str) -> Run:
        """Let a trial call `wandb.init`."""
        return self.post(name)

    def log(self, name: str, *values: float, key: str = "loss") -> Run:
        """Let a trial log values of its metric."""
        offset = self.run(name).history_lines
        lines = [json.dumps({"_step": offset + i, key: v}) for i, v in enumerate(values)]
        summary = json.dumps({key: values[-1]})
        files = {
            "wandb-history.jsonl": {"offset": offset, "content": lines},
            "wandb-summary.json": {"offset": 0, "content": [summary]},
        }
        return self.post(name, files=files)

    def finish(self, name: str, value: float | None = None, exitcode: int = 0) -> Run:
        """Let a trial end."""
        if value is not None:
            self.log(name, value)
        return self.post(name, complete=True, exitcode=exitcode)

    def trial(self, agent: Agent, value: float | None = None) -> Run:
        """Let an agent take one trial from beginning to end."""
        name = self.given(agent)
        self.start(name)
        return self.finish(name, value)

    def reap(self) -> None:
        """Do one round of the reaper."""
        reaper.reap(self.ctx)

    def points(self, sweep: Sweep) -> list[dict[str, Any]]:
        """Return the points of a sweep's runs, by trial number."""
        rows = self.ctx.db.execute(
            "SELECT config FROM runs WHERE sweep_id = ? ORDER BY trial_number, id", (sweep.id,)
        )
        return [runs.unwrap(json.loads(config)) for (config,) in rows]

    def states(self, sweep: Sweep) -> list[str]:
        """Return the states of a sweep's runs, by trial number."""
        rows = self.ctx.db.execute(
            "SELECT state FROM runs WHERE sweep_id = ? ORDER BY trial_number, id", (sweep.id,)
        )
        return [state for (state,) in rows]

    def close(self) -> None:
        """End the server."""
        self.server.close()
