"""This checkout against another one, in one run: the server's calls, and whole trials.

    git worktree add /tmp/other COMMIT
    scripts/bench against /tmp/other [--runs 20000] [--trials 5]

Each checkout's code runs with this one's libraries, on its own data folder. They are asked in turn,
so that other work on the machine slows both; what counts is the ratio, this one over the other.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from client import BenchServer, Client, operations
from server import in_turn

ROOT = Path(__file__).resolve().parents[2]
FILL = "import sys; from pathlib import Path; fill(Path(sys.argv[1]), *map(int, sys.argv[2:]))"
TRIAL = ["-m", "housing_sweep.pipeline.trial", "--plots=none", "--max_iter=100"]


class CodeServer(BenchServer):
    """The server of a checkout."""

    def __init__(self, folder: Path, code: Path) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.code = code

    def command(self, port: int) -> list[str]:
        """Return the command line that starts it."""
        python, *arguments = super().command(port)
        return [
            "env",
            f"PYTHONPATH={self.code}",
            python,
            "-P",
            *arguments,
        ]  # not the folder we are in

    def run(self, *arguments: str) -> None:
        """Run Python with the checkout's code, as the owner of this server."""
        folders = (self.code, self.code / "scripts" / "benchmarks", self.code / "scripts")
        env = {**os.environ, **self.env, "PYTHONPATH": os.pathsep.join(map(str, folders))}
        subprocess.run(
            [sys.executable, *arguments], env=env, cwd=self.folder, check=True, capture_output=True
        )

    def fill(self, runs: int) -> None:
        """Start it once, and put runs into its folder with the checkout's own script."""
        self.start().stop()
        module = "fill" if (self.code / "scripts" / "benchmarks").is_dir() else "bench_fill"
        self.run(
            "-c", f"from {module} import fill; {FILL}", str(self.folder), str(runs), "20", "2000"
        )


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, help="folder with the other code")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--trials", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ours = CodeServer(Path(scratch) / "ours", ROOT)
        other = CodeServer(Path(scratch) / "other", options.checkout.resolve())
        try:
            for server in (ours, other):
                server.fill(options.runs)
                server.start()
            compare_calls(ours, other)
            compare_trials(ours, other, options.trials)
        finally:
            ours.stop()
            other.stop()
    return 0


def compare_calls(ours: BenchServer, other: BenchServer) -> None:
    """Print what each call takes on the wire and of the server's computing, and the ratios."""
    print(f"{'':36} {'other':>10} {'this':>10} {'wall':>6} {'cpu':>6}")
    calls = [(server, operations(Client(server))) for server in (other, ours)]
    ratios = []
    for name in calls[0][1]:
        a, b = in_turn([(server, by_name[name]) for server, by_name in calls])
        ratios.append(b.cpu / a.cpu)
        print(
            f"{name:36} {a.wall * 1e3:7.2f} ms {b.wall * 1e3:7.2f} ms"
            f" {b.wall / a.wall:6.2f} {ratios[-1]:6.2f}",
            flush=True,
        )
    print(f"{'all calls, geometric mean':60} {statistics.geometric_mean(ratios):12.2f}")


def compare_trials(ours: CodeServer, other: CodeServer, trials: int) -> None:
    """Print wall and CPU seconds of whole trials, by turns, and the ratios."""
    walls: dict[str, list[float]] = {"other": [], "this": []}
    cpus: dict[str, list[float]] = {"other": [], "this": []}
    for server in (other, ours):
        server.env |= {"WANDB_PROJECT": "california-housing", "WANDB_SILENT": "true"}
        server.run("-m", "housing_sweep.cli.main", "data", "publish", "--source", "synthetic")
        server.run(*TRIAL)
    for _ in range(trials):
        for name, server in (("other", other), ("this", ours)):
            began, before = time.perf_counter(), _children()
            server.run(*TRIAL)
            walls[name].append(time.perf_counter() - began)
            cpus[name].append(_children() - before)
    for what, seconds in (("a trial, wall", walls), ("a trial, CPU", cpus)):
        a, b = (statistics.median(seconds[name]) for name in ("other", "this"))
        print(f"{what:36} {a:8.2f} s {b:8.2f} s  {b / a:6.2f}   (median of {trials})")


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
