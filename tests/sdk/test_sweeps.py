"""Sweeps through the real `wandb` command, real agents and `wandb.Api`, read back elsewhere."""

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm
from tests.support.sweep_desk import GRID, METRIC, TRIAL, Desk, end

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(local_server: LocalServer, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return Desk(local_server, tmp_path, f"sweeps-{request.node.name.split('[')[0]}"[:100])


def test_two_agents_finish_a_grid_and_leave(desk: Desk) -> None:
    sweep = desk.sweep(GRID)
    assert desk.state(sweep) == "PENDING"
    end([desk.agent(sweep, poll=5), desk.agent(sweep, poll=5)])
    seen = desk.look(sweep)
    points = [(lr, kind) for lr, kind, _ in seen["runs"]]
    assert sorted(points) == [(lr, kind) for lr in (0.1, 0.2, 0.3) for kind in ("a", "b")]
    assert {state for _, _, state in seen["runs"]} == {"finished"}
    assert [len(lines) for lines in seen["losses"]] == [3] * 6
    assert seen["state"] == "FINISHED"
    assert seen["expected"] == 6
    assert seen["order"] == "+summary_metrics.loss"
    assert seen["best"] == [0.3, 0.0]
    assert seen["best_loss"] == 0.0
    assert [state for state, _, _ in seen["agents"]] == ["FINISHED", "FINISHED"]
    assert sum(total for _, total, _ in seen["agents"]) == 6
    assert all(total == listed > 0 for _, total, listed in seen["agents"])


def test_a_function_agent_takes_as_many_trials_as_it_counts(desk: Desk) -> None:
    spec = {
        "method": "bayes",
        "metric": METRIC,
        "parameters": {"lr": {"min": 0.0, "max": 1.0}, "kind": {"value": "f"}},
    }
    sweep = desk.sweep(spec)
    code = """
import json, sys, wandb
def train():
    with wandb.init() as run:
        for step in range(3):
            run.log({"loss": (run.config["lr"] - 0.3) ** 2})
wandb.agent(sys.argv[1], function=train, count=3)
print(json.dumps("done"))
"""
    assert desk.server.sdk(code, sweep, env={"WANDB_AGENT_DISABLE_FLAPPING": "true"}) == "done"
    seen = desk.look(sweep)
    assert [(kind, state) for _, kind, state in seen["runs"]] == [("f", "finished")] * 3
    assert len({lr for lr, _, _ in seen["runs"]}) == 3
    assert seen["state"] == "RUNNING"
    assert seen["expected"] is None
    assert seen["agents"][0][1:] == [3, 3]


def test_states_follow_the_command_line_and_are_seen_elsewhere(desk: Desk) -> None:
    sweep = desk.sweep(GRID)
    assert "Cannot pause pending sweep" in desk.wandb("sweep", "--pause", sweep, fails=True)
    desk.wandb("sweep", "--resume", sweep)
    assert desk.look(sweep)["state"] == "RUNNING"
    for option, state in (("--pause", "PAUSED"), ("--resume", "RUNNING"), ("--stop", "FINISHED")):
        desk.wandb("sweep", option, sweep)
        assert desk.state(sweep) == state
    assert "already finished" in desk.wandb("sweep", "--cancel", sweep, fails=True)
    desk.wandb("sweep", "--resume", sweep)
    desk.wandb("sweep", "--cancel", sweep)
    assert desk.state(sweep) == "CANCELED"


def test_a_paused_sweep_holds_its_agent_and_a_cancelled_one_kills_its_trial(desk: Desk) -> None:
    sweep = desk.sweep(GRID)
    desk.wandb("sweep", "--resume", sweep)
    desk.wandb("sweep", "--pause", sweep)
    agent = desk.agent(sweep, STEP_SECONDS="60")
    try:
        time.sleep(5)
        assert desk.state(sweep) == "PAUSED"
        assert desk.trial_states == []
        desk.wandb("sweep", "--resume", sweep)
        desk.wait(sweep, "running")
        desk.wandb("sweep", "--cancel", sweep)
        agent.wait(PATIENCE)
        desk.wait(sweep, "killed")
    finally:
        agent.kill()


def test_an_updated_sweep_tries_the_new_points_only(desk: Desk) -> None:
    sweep = desk.sweep({**GRID, "parameters": {**GRID["parameters"], "lr": {"values": [0.1]}}})
    desk.sweep(GRID, "--update", sweep)
    prior = desk.server.sdk(
        "import json, sys, wandb\n"
        "with wandb.init(project=sys.argv[1], config={'lr': 0.2, 'kind': 'b'}) as run:\n"
        "    run.summary['loss'] = 0.05\n"
        "    print(json.dumps(run.id))",
        desk.project,
    )
    desk.sweep(GRID, "--update", sweep, "--prior_run", prior)
    query = "query P($p: String, $e: String, $name: String!) { project(name: $p, entityName: $e) {"
    query += " sweep(sweepName: $name) { priorRuns { edges { node { name } } } } } }"
    entity, project, name = sweep.split("/")
    _, answer = desk.server.graphql(query, p=project, e=entity, name=name)
    assert [
        e["node"]["name"] for e in answer["data"]["project"]["sweep"]["priorRuns"]["edges"]
    ] == [prior]
    end([desk.agent(sweep), desk.agent(sweep)])
    seen = desk.look(sweep)
    assert len(seen["runs"]) == 5
    assert [0.2, "b", "finished"] not in seen["runs"]


def test_the_server_may_be_killed_in_mid_sweep(own_server: LocalServer, tmp_path: Path) -> None:
    desk = Desk(own_server, _folder(tmp_path), "killed")
    sweep = desk.sweep(GRID)
    agents = [desk.agent(sweep, poll=5, STEP_SECONDS="0.7") for _ in range(2)]
    try:
        deadline = time.monotonic() + PATIENCE
        while "finished" not in (desk.state(sweep), *desk.trial_states)[1:]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        own_server.restart()
        time.sleep(4)
        own_server.restart()
    except BaseException:
        for agent in agents:
            agent.kill()
        raise
    end(agents)
    seen = desk.look(sweep)
    points = [(lr, kind) for lr, kind, _ in seen["runs"]]
    assert sorted(points) == [(lr, kind) for lr in (0.1, 0.2, 0.3) for kind in ("a", "b")]
    assert {state for _, _, state in seen["runs"]} == {"finished"}
    assert [len(lines) for lines in seen["losses"]] == [3] * 6
    assert seen["state"] == "FINISHED"


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


def test_one_agent_fills_a_machine(tmp_path: Path) -> None:
    server = LocalServer(tmp_path, "--trials-per-agent", "3").start()
    try:
        desk = Desk(server, _folder(tmp_path), "parallel")
        sweep = desk.sweep({**GRID, "run_cap": 5})
        agent = desk.agent(sweep, STEP_SECONDS="1")
        desk.wait(sweep, "running", "running", "running")
        end([agent])
        assert desk.state(sweep) == "FINISHED"
        assert desk.trial_states == ["finished"] * 5
    finally:
        server.stop()


def test_a_program_that_never_starts_ends_and_leaves_nothing_running(desk: Desk) -> None:
    sweep = desk.sweep({**GRID, "run_cap": 1, "command": [warm(SDK_PYTHON), "-c", "exit(3)"]})
    end([desk.agent(sweep, poll=4.5)])
    assert desk.state(sweep) == "FINISHED"
    assert desk.trial_states == ["failed"]


def test_an_agent_killed_with_its_trial_loses_no_point(desk: Desk) -> None:
    sweep = desk.sweep({**GRID, "run_cap": 2})
    victim = desk.agent(sweep, STEP_SECONDS="2")
    desk.wait(sweep, "running")
    victim.kill()  # its child lives on and ends as it should
    victim.wait()
    end([desk.agent(sweep)])
    desk.wait(sweep, "finished", "finished")
    assert desk.state(sweep) == "FINISHED"


def test_an_agent_of_a_deleted_project_ends_with_a_message(desk: Desk) -> None:
    sweep = desk.sweep(GRID)
    agent = desk.agent(sweep, STEP_SECONDS="1")
    desk.wait(sweep, "running")
    _, found = desk.server.graphql(
        "query($p: String, $e: String) { project(name: $p, entityName: $e) { id } }",
        p=desk.project,
        e=sweep.split("/")[0],
    )
    status, _ = desk.server.graphql(
        "mutation($input: DeleteModelInput!) { deleteModel(input: $input) { success } }",
        input={"id": found["data"]["project"]["id"]},
    )
    assert status == 200
    end([agent])


def test_wrong_specs_and_ids_end_quickly_with_our_words(desk: Desk) -> None:
    bad = {**GRID, "parameters": {"lr": {"min": 0.0, "max": 1.0}, "kind": {"valuess": [1]}}}
    (desk.folder / "bad.yaml").write_text(yaml.safe_dump(bad))
    said = desk.wandb("sweep", "bad.yaml", fails=True)
    assert "parameters.lr" in said
    assert "parameters.kind" in said
    nowhere = f"{desk.server.user}/{desk.project}/nosuch"
    assert "not found" in desk.wandb("agent", nowhere, fails=True)
    assert "not found" in desk.wandb("sweep", "--stop", nowhere, fails=True)
    (desk.folder / "sweep.yaml").write_text(yaml.safe_dump(GRID))
    assert "prior run nope not found" in desk.wandb(
        "sweep", "--prior_run", "nope", "sweep.yaml", fails=True
    )


def test_sweeps_are_listed_in_pages_and_filtered(desk: Desk) -> None:
    names = [desk.sweep({**GRID, "name": f"sweep {i}"}) for i in range(3)]
    desk.wandb("sweep", "--stop", names[1])
    seen = desk.server.sdk(
        "import json, sys, wandb\n"
        "project = wandb.Api().project(sys.argv[1])\n"
        "print(json.dumps([[s.name for s in project.sweeps(per_page=1)],"
        " [s.name for s in project.sweeps(filters={'state': 'FINISHED'})],"
        " [s.name for s in project.sweeps(filters={'$or': [{'displayName': 'sweep 2'}]})],"
        " len(project.sweeps()),"
        " repr(wandb.Api().sweep(sys.argv[2]))]))",
        desk.project,
        names[0],
    )
    assert seen[:4] == [["sweep 2", "sweep 1", "sweep 0"], ["sweep 1"], ["sweep 2"], 3]
    assert seen[4] == f"<Sweep {names[0]} (PENDING)>"


def test_a_scheduler_feeds_a_sweep_and_the_cap_holds(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    known = subprocess.run(
        [SDK_PYTHON, "-m", "wandb", "sweep-scheduler", "--help"], capture_output=True
    )
    if known.returncode:
        pytest.skip("this SDK has no `wandb sweep-scheduler`")
    server = LocalServer(tmp_path, "--trials-per-agent", "3").start()
    try:
        desk = Desk(server, _folder(tmp_path), "optuna")
        spec = {k: v for k, v in GRID.items() if k != "method"} | {
            "scheduler": {"engine": "optuna"},
            "run_cap": 4,
            "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        }
        sweep = desk.sweep(spec)
        agent = desk.agent(sweep)
        said = desk.wandb("sweep-scheduler", "--batch-size", "3", "--poll-interval", "5", sweep)
        end([agent])
        assert "finished with value" in said
        assert "the sweep is FINISHED" in said
        assert desk.state(sweep) == "FINISHED"
        assert desk.trial_states == ["finished"] * 4
        logs = server.sdk(
            "import json, sys, wandb\n"
            "runs = wandb.Api().runs(sys.argv[1], filters={'jobType': 'sweep-controller'})\n"
            "print(json.dumps([run.name for run in runs]))",
            f"{server.user}/optuna",
        )
        assert logs == [f"scheduler of {sweep.rsplit('/', 1)[1]}"]
    finally:
        server.stop()


def test_a_user_may_queue_a_point(desk: Desk) -> None:
    spec = {**GRID, "method": "custom", "scheduler": {"engine": "optuna"}}
    sweep = desk.sweep(spec)
    code = """
import json, sys, wandb
sweep = wandb.Api().sweep(sys.argv[1])
config = {"lr": {"value": 0.25}, "kind": {"value": "q"}}
print(json.dumps(sweep.enqueue_run(config, display_name="by hand")))
"""
    name = desk.server.sdk(code, sweep)
    agent = desk.agent(sweep, "--count", "1")
    desk.wait(sweep, "finished")
    end([agent])
    seen = desk.server.sdk(
        "import json, sys, wandb\n"
        "run = wandb.Api().run(sys.argv[1])\n"
        "print(json.dumps([run.name, run.config, run.state, run.sweep.id]))",
        f"{sweep.rsplit('/', 1)[0]}/{name}",
    )
    assert seen == ["by hand", {"lr": 0.25, "kind": "q"}, "finished", sweep.rsplit("/", 1)[1]]


def test_a_trial_that_falls_behind_is_stopped_cleanly(desk: Desk) -> None:
    spec = {
        **GRID,
        "parameters": {"lr": {"values": [0.3, 0.9]}},
        "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
    }
    (desk.folder / "trial.py").write_text(TRIAL.replace("range(3)", "range(60)"))
    sweep = desk.sweep(spec)
    desk.env |= {"STEP_SECONDS": "0.5", "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "1"}
    agents = [desk.agent(sweep)]
    try:
        desk.wait_for_lines(sweep, 5)  # the first one is ahead, whoever takes it
        agents.append(desk.agent(sweep))
    finally:
        end(agents if len(agents) == 2 else [])
    seen = desk.look(sweep)
    assert [(lr, state) for lr, _, state in seen["runs"]] == [(0.3, "finished"), (0.9, "killed")]
    full, cut = seen["losses"]
    assert len(full) == 60
    assert 2 <= len(cut) < 60
    assert seen["state"] == "FINISHED"
