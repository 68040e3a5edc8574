"""Fills a server's database, through its store: runs, history, a sweep, artifact versions."""

import json
import random
import time
from pathlib import Path

from housing_sweep.server.store.artifacts import collections
from housing_sweep.server.store.artifacts import versions as artifacts
from housing_sweep.server.store.db import Connection, open_database, write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.sweeps import agents, sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep

MODELS = ("extra_trees", "hist_gradient_boosting", "random_forest")
"""Values of `config.model`: every third run has the same, so text orders are full of ties."""

SWEEP = "method: random\nmetric: {name: val_rmse}\nparameters: {x: {min: 0.0, max: 1.0}}"
ANSWERS = 60
"""Runs that are rare in some way, and trials of the sweep: as many on either server, so that the
answers to the same question are equally long."""

BATCH = 1000


def fill(folder: Path, count: int, lines: int, versions: int) -> None:
    """Put `count` runs of `lines` history lines, and artifact versions, into a server's folder."""
    database = open_database(folder / "server" / "housing-sweep.db")
    db, now = database.connection(), time.time()
    owner = json.loads((folder / "server" / "client.json").read_text())["user"]
    user = users.user_by_name(db, owner)
    assert user is not None
    project = projects.ensure(db, user, None, "bench", now=now)
    sweep = sweeps.create(
        db,
        project.id,
        "benchswp",
        config=SWEEP,
        seed=1,
        user_id=user.id,
        controller_run_name=None,
        now=now,
    )
    agents.create(db, sweep.id, "bench", user.id, now)
    db.execute("PRAGMA synchronous = OFF")  # of this connection: the benchmark's, not the server's
    _runs(db, project, user, sweep, count, lines, now)
    _versions(db, project, user, versions, now)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _runs(
    db: Connection,
    project: Project,
    user: User,
    sweep: Sweep,
    count: int,
    lines: int,
    now: float,
) -> None:
    rng = random.Random(0)
    every = max(1, count // ANSWERS)
    for start in range(0, count, BATCH):
        with write(db):
            for i in range(start, min(start + BATCH, count)):
                config: dict[str, object] = {"lr": rng.random(), "i": i, "model": MODELS[i % 3]}
                if i % every == 0:
                    config["note"] = "rare"
                _run(db, project, user, i, config, now + i * 1e-3, lines, rng)
                if i % every == 0:
                    _trial(db, sweep, user, now + i * 1e-3, rng)


def _run(
    db: Connection,
    project: Project,
    user: User,
    number: int,
    config: dict[str, object],
    now: float,
    lines: int,
    rng: random.Random,
) -> None:
    run = runs.create(
        db,
        project.id,
        f"run{number}",
        user_id=user.id,
        state="finished",
        now=now,
        config=json.dumps({key: {"value": value} for key, value in config.items()}),
        summary=json.dumps({"val_rmse": rng.random(), "_step": lines}),
        tags=json.dumps(["rare"] if "note" in config else ["common"]),
    )
    content = [json.dumps({"_step": n, "loss": rng.random()}) for n in range(lines)]
    history.append_history(db, run.id, 0, content)


def _trial(db: Connection, sweep: Sweep, user: User, now: float, rng: random.Random) -> None:
    held = sweeps.find_by_id(db, sweep.id)
    assert held is not None
    point = {"x": rng.random()}
    run = trials.reserve(db, held, point, agent_id=None, user_id=user.id, now=now)
    runs.update(db, run.id, now=now, summary=json.dumps({"val_rmse": rng.random()}))
    runs.set_state(db, run.id, "finished", now)


def _versions(db: Connection, project: Project, user: User, versions: int, now: float) -> None:
    home = collections.ensure(db, project.id, "model-bench", "model", collections.SEQUENCE, now)
    for start in range(0, versions, BATCH):
        with write(db):
            for i in range(start, min(start + BATCH, versions)):
                draft = artifacts.create(
                    db,
                    collection_id=home.id,
                    digest=f"{i:032x}",
                    user_id=user.id,
                    pending_aliases=json.dumps(["best"] if i == versions // 2 else []),
                    created_at=now,
                    updated_at=now,
                )
                artifacts.publish(db, draft, digest=f"{i:032x}", size=1000, file_count=2, now=now)
