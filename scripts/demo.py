"""The whole story on one machine: server, dataset, sweep, agents, promotion.

Every step is the command a user would type; the demo prints it, runs it, and shows what came of it.
Run it through `scripts/demo`, which makes the environment first.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wandb
import yaml
from rich.console import Console
from rich.live import Live
from rich.table import Table

from housing_sweep.errors import BadInput, HousingSweepError, Unavailable

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SWEEP = ROOT / "sweeps" / "hist_gradient_boosting.yaml"
PROJECT = "california-housing"
POLL_SECONDS = 2.0
START_SECONDS = 30.0
STALLED_SECONDS = 900.0
"""How long the progress may stand still before the demo gives up and says where the logs are."""

console = Console()


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    csv: Path | None
    source: str
    trials: int
    agents: int
    data_dir: Path
    backend: str
    sweep: Path
    keep_serving: bool


@dataclass(slots=True)
class Children:
    """The processes the demo started, ended in order: agents first, the server last."""

    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        """Interrupt the agents (each ends its trial cleanly), then the server."""
        for agent in self.agents:
            _signal_group(agent, signal.SIGINT)
        for agent in self.agents:
            _reap(agent)
        if self.server is not None:
            _signal_group(self.server, signal.SIGTERM)
            _reap(self.server)


def main() -> int:
    """Run the demo and return its exit code."""
    options = parse_arguments()
    children = Children()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run(options, children)
    except HousingSweepError as error:
        console.print(f"[bold red]error:[/] {error}", soft_wrap=True, highlight=False)
        return error.exit_code
    except subprocess.CalledProcessError as failed:
        console.print(f"[bold red]error:[/] `{failed.cmd[0]}` ended with {failed.returncode}")
        return 1
    except KeyboardInterrupt:
        console.print("\nstopped; everything finished so far is kept in", str(options.data_dir))
        return 130
    finally:
        children.end()
    return 0


def parse_arguments() -> Options:
    """Return the options of the command line, checked."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.split("\n")[0])
    parser.add_argument("--csv", type=Path, help="housing CSV (default: $HOUSING_SWEEP_CSV)")
    parser.add_argument(
        "--source",
        choices=("auto", "california", "csv", "synthetic"),
        default="auto",
        help="where the data comes from; auto tries csv, california, synthetic in that order",
    )
    parser.add_argument("--trials", type=int, default=12, help="trials of the sweep (default: 12)")
    parser.add_argument("--agents", type=int, default=2, help="wandb agents at once (default: 2)")
    parser.add_argument("--sweep", type=Path, default=DEFAULT_SWEEP, help="sweep YAML")
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=ROOT / ".housing-sweep" / "demo",
        help="folder of the server and the logs (default: .housing-sweep/demo)",
    )
    parser.add_argument(
        "--backend",
        choices=("local", "wandb"),
        default="local",
        help="local: our server, no account; wandb: W&B, with WANDB_API_KEY",
    )
    parser.add_argument(
        "--keep-serving", action="store_true", help="leave the server running until Ctrl-C"
    )
    options = Options(**vars(parser.parse_args()))
    for name, value in (("--trials", options.trials), ("--agents", options.agents)):
        if value < 1:
            parser.error(f"{name} must be at least 1, got {value}")
    if not options.sweep.is_file():
        parser.error(f"--sweep {options.sweep} does not exist; see {ROOT / 'sweeps'}")
    return options


def run(options: Options, children: Children) -> None:
    """Tell the story, step by step."""
    began = time.monotonic()
    logs = options.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    env = backend_env(options, children, logs)

    publish = ["housing-sweep", "data", "publish", "--source", options.source]
    show(publish + (["--csv", str(options.csv)] if options.csv else []), env)
    sweep = create_sweep(options, env, logs)

    for number in range(options.agents):
        children.agents.append(start_agent(sweep, number, env, logs))
    watch(sweep, options, children, env, logs)

    show([sys.executable, "scripts/finalize.py", sweep, "--alias", "staging"], env)
    console.print(f"\nDone in {time.monotonic() - began:.0f} s.", style="bold green")
    look_further(options, sweep, env)
    if options.keep_serving and children.server is not None:
        console.print(f"Serving at {env['WANDB_BASE_URL']} until Ctrl-C ...")
        with contextlib.suppress(KeyboardInterrupt):
            children.server.wait()


def backend_env(options: Options, children: Children, logs: Path) -> dict[str, str]:
    """Return the environment of every wandb command; starts the local server if that is asked.

    Raises:
        BadInput: W&B is asked for and no key is set.
    """
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "WANDB_PROJECT": os.environ.get("WANDB_PROJECT", PROJECT),
        "WANDB_DIR": str(options.data_dir),
        "WANDB_SILENT": "false",
    }
    if options.backend == "wandb":
        if not env.get("WANDB_API_KEY"):
            raise BadInput(
                "--backend wandb needs an API key, and WANDB_API_KEY is not set",
                fix="export WANDB_API_KEY=..., or use --backend local",
            )
        return env
    for name in ("WANDB_ENTITY", "WANDB_MODE"):
        env.pop(name, None)
    url, key, children.server = start_server(options, env, logs)
    return {
        **env,
        "WANDB_BASE_URL": url,
        "WANDB_API_KEY": key,
        "WANDB_ERROR_REPORTING": "false",
    }


def start_server(
    options: Options, env: Mapping[str, str], logs: Path
) -> tuple[str, str, subprocess.Popen[bytes]]:
    """Start the embedded server on a free port; return its address, its key and its process."""
    folder, log = options.data_dir / "server", logs / "server.log"
    command = ["housing-sweep", "server", "--port", "0", "--data-dir", str(folder)]
    announce(command)
    process = start(command, env, log)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r" is ready at (\S+)", log.read_text()):
            client = json.loads((folder / "client.json").read_text())
            console.print(f"  ready at {found[1]}", style="dim")
            return found[1], client["api_key"], process
        time.sleep(0.1)
    _signal_group(process, signal.SIGTERM)
    raise Unavailable("the server did not start", fix=f"see {log}:\n{_tail(log)}")


def create_sweep(options: Options, env: Mapping[str, str], logs: Path) -> str:
    """Run `wandb sweep` on the spec, capped at the trials asked for; return ENTITY/PROJECT/ID."""
    spec = yaml.safe_load(options.sweep.read_text())
    spec["run_cap"] = options.trials
    capped = logs / options.sweep.name
    capped.write_text(yaml.safe_dump(spec, sort_keys=False))
    command = ["wandb", "sweep", "--project", env["WANDB_PROJECT"], str(capped)]
    announce(command)
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, cwd=ROOT)
    said = done.stdout + done.stderr
    found = re.search(r"wandb agent (\S+/\S+/\S+)", said)
    if done.returncode or not found:
        raise BadInput(f"wandb sweep refused {options.sweep.name}:\n{said.strip()}")
    console.print(f"  sweep {found[1]}: {options.trials} trials", style="dim")
    return found[1]


def start_agent(
    sweep: str, number: int, env: Mapping[str, str], logs: Path
) -> subprocess.Popen[bytes]:
    """Start one unmodified `wandb agent`."""
    command = ["wandb", "agent", sweep]
    announce(command)
    return start(command, env, logs / f"agent-{number}.log")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sweep stands."""

    done: int
    failed: int
    running: int
    best: float | None


def watch(
    sweep: str, options: Options, children: Children, env: Mapping[str, str], logs: Path
) -> None:
    """Show trials done, the best score and the time until every agent has left.

    Raises:
        Unavailable: nothing moved for a long while, or no trial finished at all.
    """
    began = moved = time.monotonic()
    seen = Progress(0, 0, 0, None)
    watcher = Watcher(sweep, env)
    with Live(console=console, refresh_per_second=4) as live:
        while any(agent.poll() is None for agent in children.agents):
            with contextlib.suppress(wandb.Error, ValueError, OSError):  # asked again soon
                now = watcher.progress()
                moved = moved if now == seen else time.monotonic()
                seen = now
            live.update(_progress_view(seen, options.trials, time.monotonic() - began))
            if time.monotonic() - moved > STALLED_SECONDS:
                raise Unavailable("the sweep stands still", fix=f"see the logs in {logs}")
            time.sleep(POLL_SECONDS)
        with contextlib.suppress(wandb.Error, ValueError, OSError):
            seen = watcher.progress()
        live.update(_progress_view(seen, options.trials, time.monotonic() - began))
    if seen.done == 0:
        raise Unavailable(
            "no trial finished",
            fix=f"see {logs / 'agent-0.log'}:\n{_tail(logs / 'agent-0.log')}",
        )


class Watcher:
    """Asks the backend where a sweep stands."""

    def __init__(self, sweep: str, env: Mapping[str, str]) -> None:
        os.environ.update(
            {**{k: v for k, v in env.items() if k.startswith("WANDB_")}, "WANDB_SILENT": "true"}
        )
        self._api = wandb.Api()
        self._entity, self._project, self._sweep = sweep.split("/")

    def progress(self) -> Progress:
        """Return where the sweep stands now: three small queries, however many trials there are."""
        self._api.flush()  # type: ignore[no-untyped-call]  # the client would answer from its cache
        done = self._runs(("finished",))
        count = len(done)
        best = done[0].summary.get("val_rmse") if count else None
        return Progress(
            done=count,
            failed=len(self._runs(("failed", "crashed", "killed"))),
            running=len(self._runs(("running",))),
            best=best if isinstance(best, float) else None,
        )

    def _runs(self, states: tuple[str, ...]) -> Any:
        return self._api.runs(
            f"{self._entity}/{self._project}",
            filters={"$and": [{"sweep": self._sweep}, {"state": {"$in": list(states)}}]},
            order="+summary_metrics.val_rmse",
            per_page=1,
            lazy=False,
        )


def _progress_view(seen: Progress, trials: int, seconds: float) -> Table:
    width = 28
    filled = round(width * min(1.0, (seen.done + seen.failed) / trials))
    best = "-" if seen.best is None else f"{seen.best:.4f}"
    table = Table.grid(padding=(0, 2))
    table.add_row(
        f"  [green]{'━' * filled}[/][dim]{'━' * (width - filled)}[/]",
        f"{seen.done}/{trials} trials",
        f"{seen.running} running" + (f", [red]{seen.failed} failed[/]" if seen.failed else ""),
        f"best val_rmse [bold]{best}[/]",
        f"{seconds:.0f} s",
    )
    return table


def look_further(options: Options, sweep: str, env: Mapping[str, str]) -> None:
    """Say how to look at what the demo made."""
    if options.backend == "wandb":
        return
    folder = options.data_dir / "server"
    console.print("To look further, serve the same folder again:", style="bold")
    for line in (
        f"housing-sweep server --data-dir {folder}",
        f'eval "$(housing-sweep env --data-dir {folder})"   # in another terminal',
        f"wandb agent {sweep}                      # any wandb command works here",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def announce(command: Sequence[str]) -> None:
    """Print a command as a user would type it."""
    shown = ["python" if part == sys.executable else part for part in command]
    console.print(f"[bold cyan]$[/] {' '.join(shown)}", highlight=False, soft_wrap=True)


def show(command: Sequence[str], env: Mapping[str, str]) -> None:
    """Announce a command and run it in this terminal.

    Raises:
        subprocess.CalledProcessError: it failed; it has said why.
    """
    announce(command)
    subprocess.run(command, env={**env, "WANDB_SILENT": "true"}, cwd=ROOT, check=True)


def start(command: Sequence[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, so that Ctrl-C reaches it when we say so."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _reap(process: subprocess.Popen[bytes], patience: float = 15.0) -> None:
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
