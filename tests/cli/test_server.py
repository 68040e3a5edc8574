"""`housing-sweep server` and `env`: starting, refusing to start, ending."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from housing_sweep.cli.main import cli, run
from housing_sweep.server.administration import administration
from tests.support.local_server import PATIENCE, LocalServer, child_env


def start(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "housing_sweep.cli.main", "server", *options],
        env=child_env(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_env_prints_two_exports_to_evaluate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with administration(tmp_path):
        pass
    assert run(cli, ["env", "--data-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    key = json.loads((tmp_path / "client.json").read_text())["api_key"]
    assert shown == [
        "export WANDB_BASE_URL=http://127.0.0.1:8080",
        f"export WANDB_API_KEY={key}",
    ]


def test_env_without_a_server_ever_started_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cli, ["env", "--data-dir", str(tmp_path)]) == 3
    assert "housing-sweep server" in capsys.readouterr().err


@pytest.mark.slow
def test_two_servers_never_share_a_data_folder(own_server: LocalServer, tmp_path: Path) -> None:
    second = start(tmp_path, "--port", "0", "--data-dir", str(own_server.data_dir))
    assert second.returncode == 4
    assert "another server (process" in second.stderr
    assert "Traceback" not in second.stderr
    assert own_server.graphql("{ viewer { username } }")[0] == 200
    own_server.restart(signal.SIGKILL)  # a killed server leaves no lock behind
    assert own_server.graphql("{ viewer { username } }")[0] == 200


@pytest.mark.slow
def test_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = start(tmp_path, "--port", port, "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o500)
    refused = start(tmp_path, "--port", "0", "--data-dir", str(tmp_path / "shut"))
    assert refused.returncode == 2
    assert "shut" in refused.stderr


@pytest.mark.slow
def test_a_folder_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with administration(tmp_path / "data") as opened:
        opened.db.execute("PRAGMA user_version = 999")
    refused = start(tmp_path, "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 2
    assert "schema version 999" in refused.stderr
    assert "fix: upgrade" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    server = LocalServer(tmp_path).start()
    code = server.stop(how)
    assert code in (0, -how, 128 + how)
    assert "Traceback" not in server.log()
    assert not (server.data_dir / "housing-sweep.db-wal").exists()


@pytest.mark.slow
def test_nobody_else_can_read_what_the_server_keeps(own_server: LocalServer) -> None:
    own_server.sdk(
        "import wandb; run = wandb.init(project='modes'); run.log({'x': 1}); run.finish()"
    )
    open_to_others = [
        path
        for path in [own_server.data_dir, *own_server.data_dir.rglob("*")]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    # Below a 0700 folder nothing can be reached; the database and keys are shut on their own too.
    assert stat.S_IMODE(own_server.data_dir.stat().st_mode) == 0o700
    assert [p.name for p in open_to_others if p.is_file()] == []


def rest_of_greeting(server: LocalServer) -> str:
    """Return what a server said after its address, up to the empty line behind the commands."""
    process = server._process
    assert process is not None
    assert process.stdout is not None
    lines: list[str] = []
    while lines.count("\n") < 2:
        lines.append(process.stdout.readline())
    return "".join(lines)


@pytest.mark.slow
def test_the_first_key_is_printed_once(tmp_path: Path) -> None:
    server = LocalServer(tmp_path).start()
    assert f"export WANDB_API_KEY={server.api_key}" in rest_of_greeting(server)
    for _ in range(2):
        server.restart(signal.SIGTERM)
        greeting = rest_of_greeting(server)
        assert server.api_key not in greeting
        assert f'eval "$(housing-sweep env --data-dir {server.data_dir})"' in greeting
    server.stop()


@pytest.mark.slow
def test_the_key_survives_a_restart_and_env_tells_it(own_server: LocalServer) -> None:
    key, url = own_server.api_key, own_server.url
    own_server.restart(signal.SIGTERM)
    assert (own_server.api_key, own_server.url) == (key, url)
    told = own_server.cli("housing-sweep", "env", "--data-dir", str(own_server.data_dir)).stdout
    assert f"WANDB_API_KEY={key}" in told
    assert f"WANDB_BASE_URL={url}" in told
    assert own_server.graphql("{ viewer { username } }")[0] == 200
