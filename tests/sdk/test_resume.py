"""Runs that begin again, go on, fork, rewind or are synced, through the real SDK."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.impatient import ImpatientServer
from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm

pytestmark = pytest.mark.slow

LOG = """
import json, sys, wandb
kind, count, first = json.loads(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with wandb.init(**kind) as run:
    for i in range(count):
        run.log({"x": first + i})
    print("line of", first)
print(json.dumps(run.id))
"""

READ = """
import json, sys, wandb
run = wandb.Api().run(sys.argv[1])
print(json.dumps({
    "rows": [[row["_step"], row["x"]] for row in run.scan_history()],
    "sampled": [row["x"] for row in run.history(pandas=False)],
    "state": run.state, "config": dict(run.config), "tags": run.tags, "name": run.name,
    "last": run.summary.get("x"), "files": sorted(file.name for file in run.files()),
}))
"""


def log(server: LocalServer, count: int, first: int = 0, **init: object) -> Any:
    """Log `x = first, first + 1, ...` in a process of its own; return the run id."""
    return server.sdk(LOG, json.dumps(init), str(count), str(first))


def read(server: LocalServer, path: str) -> Any:
    """Read a run in another process."""
    return {**server.sdk(READ, path), "console": server.console(path)}


def refused(server: LocalServer, **init: object) -> str:
    """Return what a process that cannot start its run says."""
    done = server.cli(warm(SDK_PYTHON), "-c", LOG, json.dumps(init), "1", "0", check=False)
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_a_used_run_id_without_resume_starts_over(local_server: LocalServer) -> None:
    log(local_server, 5, project="reused", id="one", tags=["kept"])
    log(local_server, 2, first=70, project="reused", id="one")
    held = read(local_server, "reused/one")
    assert held["rows"] == [[0, 70], [1, 71]]
    assert held["sampled"] == [70, 71]
    assert held["console"] == ["line of 70"]
    assert (held["state"], held["last"], held["tags"]) == ("finished", 71, ["kept"])


@pytest.mark.parametrize("mode", ["allow", "must", "auto"])
def test_a_resumed_run_keeps_its_past(local_server: LocalServer, mode: str) -> None:
    path = f"resumed/{mode}"
    kind: dict[str, Any] = {
        "project": "resumed",
        "id": mode,
        "config": {"a": 1},
        "tags": ["t"],
        "name": "n",
    }
    log(local_server, 3, **kind)
    log(local_server, 2, first=3, project="resumed", id=mode, resume=mode, config={"b": 2})
    held = read(local_server, path)
    assert held["rows"] == [[i, i] for i in range(5)]
    assert held["config"] == {"a": 1, "b": 2}
    assert (held["tags"], held["name"], held["last"]) == (["t"], "n", 4)
    assert held["console"] == ["line of 0", "line of 3"]


def test_a_resumed_run_is_running_until_it_ends(local_server: LocalServer) -> None:
    log(local_server, 1, project="resumed", id="state")
    code = """
import json, sys, time, wandb
run = wandb.init(project="resumed", id="state", resume="must")
print(json.dumps(wandb.Api().run("resumed/state").state))
sys.stdout.flush()
run.finish()
"""
    assert local_server.sdk(code) == "running"
    assert read(local_server, "resumed/state")["state"] == "finished"


def test_must_needs_a_run_and_never_needs_none(local_server: LocalServer) -> None:
    log(local_server, 1, project="modes", id="there", resume="never")
    assert "already exists" in refused(local_server, project="modes", id="there", resume="never")
    told = refused(local_server, project="modes", id="none", resume="must")
    assert "does not exist" in told or "has not been initialized" in told  # 0.28.2
    assert read(local_server, "modes/there")["rows"] == [[0, 0]]


def test_a_fork_has_the_history_of_its_parent_up_to_the_branch(local_server: LocalServer) -> None:
    log(local_server, 5, project="forks", id="parent")
    fork = log(local_server, 2, first=50, project="forks", fork_from="parent?_step=2")
    assert read(local_server, f"forks/{fork}")["rows"] == [
        *([0, 0], [1, 1], [2, 2]),
        *([3, 50], [4, 51]),
    ]
    assert read(local_server, "forks/parent")["rows"] == [[i, i] for i in range(5)]
    assert "forks/nobody" in refused(local_server, project="forks", fork_from="nobody?_step=0")


def test_a_rewound_run_goes_on_behind_its_step(local_server: LocalServer) -> None:
    log(local_server, 5, project="rewound", id="one")
    log(local_server, 2, first=50, project="rewound", resume_from="one?_step=1")
    assert read(local_server, "rewound/one")["rows"] == [[0, 0], [1, 1], [2, 50], [3, 51]]
    assert "no step 9" in refused(local_server, project="rewound", resume_from="one?_step=9")


def offline(server: LocalServer, folder: Path, count: int, first: int, **init: object) -> Path:
    """Log offline; return the folder that `wandb sync` takes."""
    held = set(folder.glob("wandb/offline-run-*"))
    env = {"WANDB_DIR": str(folder), "WANDB_MODE": "offline"}
    server.sdk(LOG, json.dumps(init), str(count), str(first), env=env)
    (made,) = set(folder.glob("wandb/offline-run-*")) - held
    return made


def test_an_offline_run_can_be_synced_again_and_in_parts(
    local_server: LocalServer, tmp_path: Path
) -> None:
    one = offline(local_server, tmp_path, 3, 0, project="synced", id="off", config={"a": 1})
    for _ in range(2):
        local_server.cli("wandb", "sync", "--include-synced", str(one))
        held = read(local_server, "synced/off")
        assert held["rows"] == [[0, 0], [1, 1], [2, 2]]
        assert (held["state"], held["console"]) == ("finished", ["line of 0"])
    version = local_server.sdk("import json, wandb; print(json.dumps(wandb.__version__))")
    if version.startswith("0.28."):
        pytest.skip(f"wandb {version} sends what an offline run resumed as if it began anew")
    two = offline(local_server, tmp_path, 2, 3, project="synced", id="off", resume="allow")
    local_server.cli("wandb", "sync", str(two))
    held = read(local_server, "synced/off")
    assert held["rows"] == [[i, i] for i in range(5)]
    assert (held["config"], held["last"]) == ({"a": 1}, 4)
    local_server.cli("wandb", "sync", "--yes", "--include-synced", str(one), str(two))
    assert read(local_server, "synced/off")["rows"] == [[i, i] for i in range(5)]


KILLED = """
import os, signal, time, wandb
run = wandb.init(project="killed", id="one",
                 settings=wandb.Settings(x_file_stream_transmit_interval=1))
for i in range(2000):
    run.log({"x": i})
time.sleep(4)
os.killpg(0, signal.SIGKILL)
"""


def test_a_killed_run_is_crashed_and_syncing_what_is_left_of_it_loses_nothing(
    tmp_path: Path,
) -> None:
    with ImpatientServer(tmp_path, crash_after=2.0) as server:
        died = subprocess.run(
            [SDK_PYTHON, "-c", KILLED],
            env=server.env,
            cwd=server.env["HOME"],
            start_new_session=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        assert died.returncode == -9
        server.wait_for_state("killed/one", "crashed")
        everything = [[i, i] for i in range(2000)]
        assert read(server, "killed/one")["rows"] == everything
        (folder,) = Path(server.env["WANDB_DIR"]).glob("wandb/run-*-one")
        # The file on disk lacks what the killed process had not flushed.
        server.cli("wandb", "sync", "--include-online", str(folder), check=False)
        assert read(server, "killed/one")["rows"] == everything


SHARED = """
import json, sys, time, wandb
label, first = sys.argv[1], sys.argv[1] == "a"
settings = wandb.Settings(mode="shared", x_label=label, x_primary=first,
                          x_update_finish_state=first, x_file_stream_transmit_interval=1)
with wandb.init(project="shared", id="one", config={label: 1}, settings=settings) as run:
    for i in range(int(sys.argv[2])):
        run.log({label: i})
        time.sleep(0.1)
    print("said by", label)
"""

READ_SHARED = """
import json, wandb
run = wandb.Api().run("shared/one")
rows = list(run.scan_history())
print(json.dumps({
    "rows": {key: [row[key] for row in rows if row.get(key) is not None] for key in "abc"},
    "count": len(rows), "state": run.state, "summary": [run.summary.get(key) for key in "abc"],
    "config": dict(run.config),
}))
"""


def test_processes_write_a_shared_run_together_and_one_joins_when_it_is_over(
    local_server: LocalServer,
) -> None:
    together = [
        subprocess.Popen(
            [warm(SDK_PYTHON), "-c", SHARED, label, "30"],
            env=local_server.env,
            cwd=local_server.env["HOME"],
            stdout=subprocess.DEVNULL,
        )
        for label in "ab"
    ]
    assert [process.wait(PATIENCE) for process in together] == [0, 0]
    local_server.cli(warm(SDK_PYTHON), "-c", SHARED, "c", "3")
    held = local_server.sdk(READ_SHARED)
    assert held["rows"] == {"a": list(range(30)), "b": list(range(30)), "c": [0, 1, 2]}
    assert (held["count"], held["state"]) == (63, "finished")
    assert held["summary"] == [29, 29, 2]
    assert held["config"] == {"a": 1, "b": 1, "c": 1}
    said = [local_server.console("shared/one", field) for field in ("label", "line")]
    assert sorted(zip(*said, strict=True)) == [(key, f"said by {key}") for key in "abc"]
