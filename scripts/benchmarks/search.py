"""Which search finds good points soonest: ours, random, Optuna's TPE, W&B's own engine.

    scripts/bench search                       # every task, 30 seeds, one trial at a time and 4
    scripts/bench search --seeds 5 --task hgb --player ours
    scripts/bench search --cost                # what a suggestion costs

Prints Markdown tables: regret (best value so far minus the task's best) and mean ranks.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Protocol

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy.stats import rankdata  # noqa: E402
from search_fits import CACHE  # noqa: E402
from search_tasks import Task, tasks  # noqa: E402
from search_wandb import WandbEngine  # noqa: E402

from housing_sweep.search import bayes, sampling  # noqa: E402
from housing_sweep.search.trial import Trial, TrialState  # noqa: E402

AT = (10, 20, 30, 50)
Point = Mapping[str, Any]


class Player(Protocol):
    """One search, playing one game."""

    def ask(self) -> Point:
        """Return the next point."""

    def tell(self, point: Point, value: float) -> None:
        """Take note of a score."""


class Ours:
    """This package's bayes."""

    def __init__(self, task: Task, seed: int) -> None:
        self.spec, self.seed, self.n = task.spec, seed, 0
        self.done: list[Trial] = []
        self.pending: list[Trial] = []

    def ask(self) -> Point:
        """Return the next point."""
        point = self.choose()
        self.pending.append(Trial(self.n, point, TrialState.RUNNING, None))
        self.n += 1
        return point

    def choose(self) -> dict[str, object]:
        """Return the point of trial `n`."""
        return bayes.suggest(self.spec, self.done, self.pending, self.seed, self.n)

    def tell(self, point: Point, value: float) -> None:
        """Take note of a score."""
        (told,) = (trial for trial in self.pending if trial.params is point)
        self.pending.remove(told)
        self.done.append(Trial(told.number, point, TrialState.FINISHED, value))


class Random(Ours):
    """This package's random: quasi-random."""

    def choose(self) -> dict[str, object]:
        """Return the point of trial `n`."""
        return sampling.point(self.spec, self.seed, self.n)


class Tpe:
    """Optuna's default sampler."""

    def __init__(self, task: Task, seed: int) -> None:
        import optuna
        from wandb.sdk.sweeps.scheduler.optuna import search_space_from_sweep_config

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        self.space = search_space_from_sweep_config(dict(task.raw["parameters"]))
        self.asked: list[tuple[Point, Any]] = []

    def ask(self) -> Point:
        """Return the next point."""
        trial = self.study.ask(self.space)
        self.asked.append((trial.params, trial))
        return self.asked[-1][0]

    def tell(self, point: Point, value: float) -> None:
        """Take note of a score."""
        (trial,) = (held for asked, held in self.asked if asked is point)
        self.study.tell(trial, value)


class Wandb:
    """W&B's `sweeps` package."""

    engine: WandbEngine | None = None

    def __init__(self, task: Task, seed: int) -> None:
        type(self).engine = type(self).engine or WandbEngine()
        self.raw, self.seed = dict(task.raw), seed
        self.done: list[tuple[Point, float]] = []
        self.pending: list[Point] = []

    def ask(self) -> Point:
        """Return the next point."""
        assert self.engine is not None
        state = {"done": self.done, "pending": self.pending}
        point = self.engine.ask({"spec": self.raw, "seed": self.seed, **state})
        self.pending.append(point)
        return point

    def tell(self, point: Point, value: float) -> None:
        """Take note of a score."""
        self.pending = [held for held in self.pending if held is not point]
        self.done.append((point, value))


PLAYERS: dict[str, Callable[[Task, int], Player]] = {
    "ours": Ours,
    "random": Random,
    "optuna-tpe": Tpe,
    "wandb": Wandb,
}


Job = tuple[str, str, int, int]
"""Player, task, seed, trials at once."""


def play(job: Job) -> list[float]:
    """Return the best value so far after each trial of one game."""
    player_name, task_name, seed, at_once = job
    task = next(task for task in tasks() if task.name == task_name)
    player = PLAYERS[player_name](task, seed)
    waiting: list[Point] = []
    values: list[float] = []
    while len(values) < AT[-1]:
        while len(waiting) < at_once and len(values) + len(waiting) < AT[-1]:
            waiting.append(player.ask())
        point = waiting.pop(0)
        values.append(task.value(point))
        player.tell(point, values[-1])
    return [float(value) for value in np.minimum.accumulate(values)]


def compare(options: argparse.Namespace) -> None:
    """Play every game and print the tables."""
    names = [task.name for task in tasks() if not options.task or task.name in options.task]
    players = options.player or list(PLAYERS)
    for at_once in options.at_once or (1, 4):
        jobs = [(p, t, s, at_once) for s in range(options.seeds) for t in names for p in players]
        traces = _played(jobs, options)
        seeds = sorted({job[2] for job in traces})
        if not seeds:
            continue
        shown = "one at a time" if at_once == 1 else f"{at_once} at once"
        print(f"\n### {shown}, {len(seeds)} seeds: regret, mean ± sd (median)\n")
        print(f"| task | player | {' | '.join(f'@{n}' for n in AT)} |")
        print("|---|---|" + "---|" * len(AT))
        ranks: dict[str, list[list[float]]] = {player: [[] for _ in AT] for player in players}
        for name in names:
            task = next(task for task in tasks() if task.name == name)
            found = np.array([[traces[p, name, s, at_once] for s in seeds] for p in players])[
                :, :, [n - 1 for n in AT]
            ]
            for i, player in enumerate(players):
                cells = [_cell(found[i, :, k] - task.best) for k in range(len(AT))]
                print(f"| {name} | {player} | {' | '.join(cells)} |")
                for k in range(len(AT)):
                    # Equal to the last digits that matter is a tie.
                    placed = rankdata(np.round(found[:, :, k], 9), axis=0)
                    ranks[player][k] += list(placed[i])
        print(
            f"\n### {shown}: mean rank over {len(names)} tasks x {len(seeds)} seeds ± its error\n"
        )
        print(f"| player | {' | '.join(f'@{n}' for n in AT)} |\n|---|" + "---|" * len(AT))
        for player in players:
            cells = [f"{np.mean(r):.2f} ± {np.std(r) / len(r) ** 0.5:.2f}" for r in ranks[player]]
            print(f"| {player} | {' | '.join(cells)} |")
        sys.stdout.flush()


def _played(jobs: list[Job], options: argparse.Namespace) -> dict[Job, list[float]]:
    """Return every game's trace; games played before, by the same code, come from the cache."""
    path = CACHE / "games.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    known = {tuple(key): trace for key, trace in map(json.loads, lines)}
    keys = {job: (*job, _version(job)) for job in jobs}
    missing = [job for job in jobs if keys[job] not in known]
    if options.played_only:
        seeds = {job[2] for job in jobs} - {job[2] for job in missing}
        return {job: known[keys[job]] for job in jobs if job[2] in seeds}
    with ProcessPoolExecutor(options.jobs) as pool, path.open("a") as out:
        for job, trace in zip(missing, pool.map(play, missing), strict=True):
            known[keys[job]] = trace
            out.write(json.dumps([keys[job], trace]) + "\n")
            out.flush()
    return {job: known[keys[job]] for job in jobs}


def _version(job: Job) -> str:
    """Return what a game depends on besides its numbers: the task, and our code if we play."""
    task = next(task for task in tasks() if task.name == job[1])
    parts = [f"{task.best:.12f}"]
    if job[0] in ("ours", "random"):
        files = ("bayes", "gp", "sampling", "space", "distributions")
        parts += [(ROOT / f"housing_sweep/search/{name}.py").read_text() for name in files]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def _cell(regret: Any) -> str:
    return f"{regret.mean():.4f} ± {regret.std():.4f} ({np.median(regret):.4f})"


def cost() -> None:
    """Print what a suggestion costs against the number of finished trials."""
    task = next((task for task in tasks() if task.name == "hgb"), tasks()[0])
    spec = task.spec
    print(f"space {task.name}, 4 pending, 1 thread\n")
    # CPU time too: what the machine does beside must not be held against a suggestion.
    print("| finished trials | CPU ms, median | wall ms, median | wall ms, lowest |")
    print("|---|---|---|---|")
    made = [sampling.point(spec, 0, n) for n in range(5004)]
    trials = [Trial(n, p, TrialState.FINISHED, task.value(p)) for n, p in enumerate(made)]
    for count in (10, 100, 500, 1000, 5000):
        pending = [Trial(count + i, made[count + i], TrialState.RUNNING, None) for i in range(4)]
        taken, used = [], []
        for repeat in range(7):
            began, before = time.perf_counter(), time.process_time()
            bayes.suggest(spec, trials[:count], pending, repeat, count + 4)
            taken.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() - before))
        cells = (statistics.median(used), statistics.median(taken), min(taken))
        print(f"| {count} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--task", action="append")
    parser.add_argument("--player", action="append", choices=tuple(PLAYERS))
    parser.add_argument("--at-once", type=int, action="append")
    parser.add_argument("--played-only", action="store_true", help="tables of what was played")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.cost:
        cost()
    else:
        compare(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
