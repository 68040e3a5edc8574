"""The real server in a process of its own, and the real SDK in another: what most proofs need."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.warm.commands import fork_of

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0
"""Seconds until a wait is called a hang: whatever works is done by then, on a busy machine too."""
AT_ONCE = 60.0
"""Seconds within which the SDK gives up what it does not try again; the rest it tries for 90."""
SDK_PYTHON = os.environ.get("HOUSING_SWEEP_SDK_PYTHON") or sys.executable
"""The Python whose wandb the tests drive; `scripts/test_sdk VERSION` sets it to another one."""
WARM = "HOUSING_SWEEP_TESTS_COMMANDS"
"""Variable with the folder of commands that need not import (`tests/support/warm`), in pytest."""


def warm(python: str) -> str:
    """Return the command for a Python that has imported: what runs is the same."""
    folder = os.environ.get(WARM)
    return f"{folder}/python" if folder and python == SDK_PYTHON else python


def child_env(folder: Path, **extra: str) -> dict[str, str]:
    """Return an environment in which wandb keeps everything below `folder` and phones nobody."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "HOUSING_SWEEP_"))}
    installed = (str(Path(python).parent) for python in (SDK_PYTHON, sys.executable))
    scripts = os.pathsep.join((*filter(None, [os.environ.get(WARM)]), *installed))
    folder.mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "share"),
        "WANDB_DIR": str(folder),
        "WANDB_CACHE_DIR": str(folder / "cache"),
        "WANDB_CONFIG_DIR": str(folder / "config"),
        "WANDB_DATA_DIR": str(folder / "data"),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "OMP_NUM_THREADS": "1",
        **extra,
    }


class LocalServer:
    """`housing-sweep server` on a free port, on its own data folder.

    Attributes:
        url: address of the server, known after `start`.
        api_key: the owner's key.
        user: the owner's name, which is also the default entity.
        data_dir: the server's folder.
        env: environment for wandb in other processes, logged in as the owner.
        python: what it runs with.
    """

    def __init__(self, folder: Path, *options: str, python: str | None = None) -> None:
        self.folder, self.options = folder, options
        self.python = python or warm(sys.executable)
        self.data_dir = folder / "server"
        self.url = self.api_key = self.user = ""
        self.env: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def command(self, port: int) -> list[str]:
        """Return the command line that starts it."""
        return [
            *(self.python, "-m", "housing_sweep.cli.main", "server"),
            *("--port", str(port), "--data-dir", str(self.data_dir), *self.options),
        ]

    def start(self, port: int = 0) -> "LocalServer":
        """Start it and wait until it can write."""
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                self.command(port),
                env=child_env(self.folder / "server-home"),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"(?: is ready at |WANDB_BASE_URL=)(\S+)", line):
                self.url = found[1]
                break
        assert self.url, f"the server did not start: {self.log()}"
        self._wait_until_healthy()
        client = json.loads((self.data_dir / "client.json").read_text())
        self.user, self.api_key = client["user"], client["api_key"]
        self.env = child_env(
            self.folder / "home", WANDB_BASE_URL=self.url, WANDB_API_KEY=self.api_key
        )
        return self

    def peak_memory_kb(self) -> int:
        """Return the most memory its process ever held (VmHWM), in kB; of a cold `python`."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self._process is None:
            return 0
        for process in fork_of(os.environ.get(WARM), self._process.pid) or [self._process.pid]:
            os.kill(process, how)
        code = self._process.wait(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return code

    def restart(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Kill it and start it again on the same port and folder."""
        self.stop(how)
        self.start(int(self.url.rsplit(":", 1)[1]))

    def log(self) -> str:
        """Return what the server wrote to stderr so far."""
        path = self.folder / "server.log"
        return path.read_text() if path.exists() else ""

    def sdk(self, code: str, *args: str, env: Mapping[str, str] | None = None) -> Any:
        """Run Python code in a fresh process; return the JSON that it prints last."""
        return run_sdk(code, *args, env={**self.env, **(env or {})})

    def cli(
        self,
        *args: str,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command line (`wandb ...`, `housing-sweep ...`) as the owner."""
        done = subprocess.run(
            args,
            env={**self.env, **(env or {})},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, f"{args}: {done.stdout}\n{done.stderr}"
        return done

    def post(self, path: str, body: object, key: str | None = None) -> tuple[int, Any]:
        """Post JSON with a key (the owner's by default); return status and answer."""
        import base64

        credentials = base64.b64encode(f"api:{self.api_key if key is None else key}".encode())
        request = urllib.request.Request(
            self.url + path,
            json.dumps(body).encode(),
            {"Authorization": f"Basic {credentials.decode()}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def graphql(self, query: str, key: str | None = None, **variables: object) -> tuple[int, Any]:
        """Send one GraphQL request; return status and answer."""
        return self.post("/graphql", {"query": query, "variables": variables}, key)

    def console(self, path: str, field: str = "line") -> list[Any]:
        """Return the console lines of a run (`project/run`), asked without the SDK.

        `Run.console_logs` is newer than the oldest SDK that is supported.
        """
        query = """query Q($p: String!, $r: String!) {project(name: $p) {run(name: $r) {
            logLines(first: 1000) {edges {node {line label}}}}}}"""
        project, run = path.split("/")
        status, answer = self.graphql(query, p=project, r=run)
        assert status == 200, answer
        edges = answer["data"]["project"]["run"]["logLines"]["edges"]
        return [edge["node"][field] for edge in edges]

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=PATIENCE) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server is not healthy: {self.log()}")


def run_sdk(code: str, *args: str, env: Mapping[str, str]) -> Any:
    """Run Python code in a fresh process; return the JSON that it prints last.

    The process runs in its own working folder, so that nothing lands in the checkout.
    """
    done = subprocess.run(
        [warm(SDK_PYTHON), "-c", code, *args],
        env=dict(env),
        cwd=env["HOME"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else None
