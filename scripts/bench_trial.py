"""Where one trial's time goes, apart from the fit: imports, init, dataset, charts, upload, end.

Runs real trials against a server of its own on synthetic data; prints medians over the trials.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PARTS = """
import json, sys, time
t = [("start", time.perf_counter())]
def mark(name): t.append((name, time.perf_counter()))
import wandb; mark("import wandb")
import sklearn.ensemble, pandas; mark("import scikit-learn, pandas")
from housing_sweep.pipeline import trial
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.wandb_io.tracking import open_run
from housing_sweep.tabular import fit, split, tables
from housing_sweep.tabular.trial_config import TrialConfig; mark("import ours")
with open_run("bench", {"max_iter": int(sys.argv[1])}) as run:
    mark("init")
    data = run.use_dataset("california-housing:latest"); mark("use dataset")
    config = TrialConfig.from_sweep(run.config, data.problem)
    frame = tables.read_csv(data.problem, data.csv)
    rows = split.make_split(data.problem, frame, "random", 0); mark("read, split")
    log = lambda p: run.log({"val_rmse": p.val_rmse}) or False
    result = fit.fit(data.problem, config, frame, rows, log); mark("FIT")
    trial._log_charts(run, config, data, frame, rows, result); mark("charts")
    import tempfile, pathlib
    with tempfile.TemporaryDirectory() as folder:
        facts = model_files.write(pathlib.Path(folder), config, result, rows, data)
        files = model_files.paths(pathlib.Path(folder))
        mark("dump model")
        run.log_artifact(f"model-{run.id}", "model", files, facts, wait=True); mark("log model")
mark("finish")
print(json.dumps({b[0]: b[1] - a[1] for a, b in zip(t, t[1:])}))
"""


def main() -> int:
    """Run the trials and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--max-iter", type=int, default=300)
    options = parser.parse_args()
    from tests.support.local_server import LocalServer

    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder)).start()
        try:
            env = {**server.env, "WANDB_PROJECT": "california-housing"}
            server.cli("housing-sweep", "data", "publish", "--source", "synthetic", env=env)
            rows, walls = [], []
            for _ in range(options.trials):
                began = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, "-c", PARTS, str(options.max_iter)],
                    env={**os.environ, **env},
                    cwd=env["HOME"],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                walls.append(time.perf_counter() - began)
                rows.append(json.loads(done.stdout.strip().splitlines()[-1]))
        finally:
            server.stop()
    wall = statistics.median(walls)
    for name in rows[0]:
        seconds = statistics.median(row[name] for row in rows)
        print(f"{name:30} {seconds:7.3f} s  {seconds / wall:5.1%}")
    print(f"{'whole process':30} {wall:7.3f} s  100.0%   (median of {options.trials})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
