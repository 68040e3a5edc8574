"""What a promotion costs beside the fit that it repeats: at most 1.5 fits and 5 s.

A server of its own, two sweeps of one trial each, then `housing-sweep promote`: the first time,
again, in a dry run against a champion that was proved here, for good where nothing was proved, and
on to production. Give real data with --csv.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SWEEP = """
import json, os, sys
import wandb
from housing_sweep.pipeline import trial
os.environ["WANDB_PROJECT"] = "bench"
values = {"seed": {"values": [int(seed) for seed in sys.argv[1].split(",")]}}
space = {"method": "grid", "metric": {"name": "val_rmse", "goal": "minimize"}, "parameters": values}
sweep = wandb.sweep(space, project="bench")
config = {"plots": "none", "n_iter_no_change": 50, **json.loads(sys.argv[2])}
wandb.agent(sweep, function=lambda: trial.run(config), project="bench")
runs = wandb.Api().runs("bench", {"sweep": sweep}, lazy=False)
print(json.dumps([f"bench/{sweep}", [run.summary["fit_seconds"] for run in runs]]))
"""


def main() -> int:
    """Run the promotions and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, help="housing data; without it a synthetic stand-in")
    parser.add_argument("--config", type=json.loads, default={}, help="JSON, of the trials")
    options = parser.parse_args()
    from tests.support.local_server import LocalServer

    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder)).start()
        try:
            source = ["--csv", str(options.csv.resolve())] if options.csv else []
            source = source or ["--source", "synthetic"]
            server.cli("housing-sweep", "data", "publish", *source, "--project", "bench")
            config = json.dumps(options.config)
            first, seconds = server.sdk(SWEEP, "0", config)
            second, more = server.sdk(SWEEP, "1", config)
            fits = {first: max(seconds), second: max(more)}
            env = {**os.environ, **server.env, "WANDB_PROJECT": "bench"}
            print(
                f"load {os.getloadavg()[0]:.1f}; fits took {fits[first]:.1f}, {fits[second]:.1f} s"
            )
            print(f"{'':42} {'wall s':>7} {'CPU s':>7} {'1.5 fits + 5':>13}")
            always = ("--require", "none")
            for name, sweep, arguments, cold in (
                ("first, against the baseline", first, always, True),
                ("again, nothing to do", first, always, False),
                ("dry run elsewhere, champion known", second, ("--dry-run",), False),
                ("second, champion to be proved", second, always, True),
                ("to production, proved here", "", ("--from", "staging", "--to", "prod"), False),
            ):
                if cold:
                    env["WANDB_CACHE_DIR"] = tempfile.mkdtemp(dir=folder)
                wall, cpu = _promote(env, [*([sweep] if sweep else []), *arguments, *always])
                allowed = 1.5 * fits.get(sweep, fits[second]) + 5
                print(f"{name:42} {wall:7.1f} {cpu:7.1f} {allowed:13.1f}")
        finally:
            server.stop()
    return 0


def _promote(env: dict[str, str], arguments: list[str]) -> tuple[float, float]:
    """Return the wall time and the CPU time of one promotion, its children included."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "housing_sweep.cli.main", "promote", *arguments]
    done = subprocess.run(command, env=env, cwd=env["HOME"], capture_output=True, text=True)
    if done.returncode not in (0, 4):
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    sys.exit(main())
