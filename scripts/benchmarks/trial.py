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

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PARTS = Path(__file__).with_name("trial_parts.py")


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
                    [sys.executable, str(PARTS), str(options.max_iter)],
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
