"""Real fits that the search benchmarks build on, made once: points, scores, curves, CPU times.

    scripts/bench fits                     # all spaces, two processes, about half an hour of CPU
    scripts/bench fits --space hgb -n 100

Lines of JSON under `~/.cache/housing-sweep/bench`, one per fit; another call makes what
is missing.
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

CACHE = Path("~/.cache/housing-sweep/bench").expanduser()
FOREST_ROWS = 6000
"""Of 20,640 rows, so that a forest takes a second; all rows for boosting, whose curves are used."""

COUNTS = {"hgb": 100, "forest": 80, "mixed": 120, "hyperband": 80}
SPEC_FILES = {"hgb": "hist_gradient_boosting", "hyperband": "hist_gradient_boosting_hyperband"}

FOREST = """
method: bayes
metric: {name: val_rmse, goal: minimize}
parameters:
  model: {value: random_forest}
  features: {value: raw}
  n_estimators: {distribution: q_log_uniform_values, q: 1, min: 10, max: 120}
  max_features: {distribution: uniform, min: 0.1, max: 1.0}
  min_samples_leaf: {distribution: q_log_uniform_values, q: 1, min: 1, max: 20}
  min_samples_split: {distribution: int_uniform, min: 2, max: 12}
"""
MIXED = """
method: bayes
metric: {name: val_rmse, goal: minimize}
parameters:
  model: {values: [random_forest, extra_trees]}
  features: {values: [raw, geo, geo_knn]}
  n_estimators: {values: [10, 20, 40, 80]}
  max_features: {distribution: uniform, min: 0.1, max: 1.0}
  min_samples_leaf: {distribution: q_log_uniform_values, q: 1, min: 1, max: 20}
  min_samples_split: {distribution: int_uniform, min: 2, max: 12}
"""


def spec_text(space: str) -> str:
    """Return the sweep spec of a space, as YAML."""
    if space in SPEC_FILES:
        return (ROOT / "sweeps" / f"{SPEC_FILES[space]}.yaml").read_text()
    return {"forest": FOREST, "mixed": MIXED}[space]


def load(space: str) -> list[dict[str, object]]:
    """Return the fits of a space that were made: n, params, value, seconds, curve."""
    path = CACHE / f"{space}.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    wanted = {row["n"]: row for row in rows if row["n"] < COUNTS[space]}
    return [wanted[n] for n in sorted(wanted)]


def one(job: tuple[str, int, str]) -> dict[str, object]:
    """Fit the n-th random point of a space."""
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.search import sampling
    from housing_sweep.search.spec import parse_yaml
    from housing_sweep.tabular import split, tables
    from housing_sweep.tabular.families import FitProgress
    from housing_sweep.tabular.fit import fit
    from housing_sweep.tabular.trial_config import TrialConfig

    space, n, csv = job
    point = sampling.point(parse_yaml(spec_text(space)), 0, n)
    frame = tables.read_csv(PROBLEM, Path(csv))
    if space not in SPEC_FILES:
        frame = frame.sample(FOREST_ROWS, random_state=0).reset_index(drop=True)
    curve: list[tuple[int, float, float]] = []
    began = time.process_time()

    def report(progress: FitProgress) -> bool:
        curve.append((progress.iteration, progress.val_rmse, time.process_time() - began))
        return False

    config, rows = (
        TrialConfig.from_sweep(point, PROBLEM),
        split.make_split(PROBLEM, frame, "random", 0),
    )
    result = fit(PROBLEM, config, frame, rows, report)
    return {
        "n": n,
        "params": point,
        "value": result.scores["val_rmse"],
        "seconds": time.process_time() - began,
        "curve": curve,
    }


def main() -> int:
    """Make the fits that are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", choices=tuple(COUNTS), action="append")
    parser.add_argument("-n", "--count", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--csv", default=os.environ.get("HOUSING_SWEEP_CSV"))
    options = parser.parse_args()
    if not options.csv:
        parser.error("name the housing CSV: --csv PATH, or HOUSING_SWEEP_CSV")
    CACHE.mkdir(parents=True, exist_ok=True)
    for space in options.space or COUNTS:
        made = {row["n"] for row in load(space)}
        wanted = [n for n in range(options.count or COUNTS[space]) if n not in made]
        jobs = [(space, n, options.csv) for n in wanted]
        with ProcessPoolExecutor(options.jobs) as pool, (CACHE / f"{space}.jsonl").open("a") as out:
            for i, row in enumerate(pool.map(one, jobs), 1):
                out.write(json.dumps(row) + "\n")
                out.flush()
                print(f"\r{space}: {i} of {len(jobs)}", end="", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
