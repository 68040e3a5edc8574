"""The finalizer against the real SDK and the real server, as a user runs it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import PATIENCE, ROOT, LocalServer

pytestmark = pytest.mark.slow

SWEEP = """
import json, sys, wandb
from housing_sweep.pipeline import trial
project, cases = sys.argv[1], json.loads(sys.argv[2])
sweep = wandb.sweep({
    "method": "grid", "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {"seed": {"values": list(range(len(cases)))}},
}, project=project)
coming = iter(cases)
def run():
    case = next(coming)
    if "max_iter" in case:
        trial.run({"features": "geo", "plots": "none", **case})
        return
    with wandb.init() as run:
        if "score" in case:
            run.log({"val_rmse": float(case["score"])})
        if case.get("model"):
            model = wandb.Artifact(f"model-{run.id}", "model")
            with model.new_file("model.joblib") as file:
                file.write(run.id)
            run.log_artifact(model)
        if case.get("fails"):
            run.finish(exit_code=1)
wandb.agent(sweep, function=run, project=project, count=len(cases))
runs = wandb.Api().runs(project, {"sweep": sweep}, lazy=False)
print(json.dumps([sweep, {r.config["seed"]: r.id for r in runs}]))
"""

TAMPER = """
import sys, wandb
run = wandb.Api().run(sys.argv[1])
run.summary["val_rmse"] = float(sys.argv[2])
run.update()
"""

RECORDS = """
import json, sys, wandb
records = {"jobType": "promote"}
runs = wandb.Api().runs(sys.argv[1], filters=records, order="+created_at", lazy=False)
print(json.dumps([
    {"id": r.id, "state": r.state, "config": r.config, "applied": r.summary.get("applied"),
     "used": sorted(a.type for a in r.used_artifacts())}
    for r in runs
]))
"""

HOLDER = """
import json, sys, wandb
held = wandb.Api().artifact("wandb-registry-model/california-housing:" + sys.argv[1])
print(json.dumps([held.version, held.source_name]))
"""

INTERRUPTED = """
import json, sys
from dataclasses import replace
from housing_sweep.pipeline.promote.promote import promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.pipeline.wandb_io.registry_versions import WandbRegistry
from housing_sweep.registry.policy import Guard, Policy, Require
class Dies(WandbRegistry):
    def move_alias(self, *arguments, **options):
        if sys.argv[3] == "after":
            super().move_alias(*arguments, **options)
        raise RuntimeError("power cut")
backend = WandbBackend.connect()
dying = replace(backend, registry=Dies(backend.connection))
try:
    policy = Policy(Require.NONE, guard=Guard.NONE)
    promote(dying, PromotionRequest(sys.argv[1], alias=sys.argv[2], policy=policy))
except RuntimeError as error:
    print(json.dumps(str(error)))
"""

ANY = ("--require", "none", "--no-spatial")
"""Promotes whatever is sound, in less time."""


@dataclass
class Sweep:
    """A finished sweep: its path, and run ids by case."""

    server: LocalServer
    project: str
    path: str
    runs: dict[str, str]

    def run(self, case: int) -> str:
        return f"{self.project}/{self.runs[str(case)]}"


@pytest.fixture(scope="module")
def server(local_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> LocalServer:
    csv = tmp_path_factory.mktemp("data") / "housing.csv"
    csv.write_bytes(csv_bytes(PROBLEM, synthetic.make(3000)))
    for project in ("story", "faults"):
        local_server.cli(
            *("housing-sweep", "data", "publish", "--csv", str(csv)), "--project", project
        )
    return local_server


@pytest.fixture(scope="module")
def weak(server: LocalServer) -> "Sweep":
    return _sweep(server, "story", {"max_iter": 8})


@pytest.fixture(scope="module")
def strong(server: LocalServer) -> "Sweep":
    return _sweep(server, "story", {"max_iter": 60}, {"max_iter": 90})


def _sweep(server: LocalServer, project: str, *cases: dict[str, Any]) -> Sweep:
    sweep, runs = server.sdk(SWEEP, project, json.dumps(cases))
    return Sweep(server, project, f"{project}/{sweep}", runs)


def _promote(server: LocalServer, *arguments: str, code: int = 0, **env: str) -> Any:
    done = server.cli("python", "scripts/finalize.py", *arguments, check=False, env=env)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments and not code else done


def _records(server: LocalServer, alias: str) -> Any:
    found = server.sdk(RECORDS, "story")
    return [record for record in found if record["config"]["alias"] == alias]


def _cli(server: LocalServer, *arguments: str, project: str) -> Any:
    done = server.cli("housing-sweep", *arguments, "--json", env={"WANDB_PROJECT": project})
    return json.loads(done.stdout)


def test_the_life_of_an_alias(server: LocalServer, weak: Sweep, strong: Sweep) -> None:
    """First promotion, refused, better, moved on, rolled back; each is on record."""
    refused = _promote(server, weak.path, "--alias", "live", "--no-spatial", code=4)
    assert "the baseline (default forest, raw columns)" in refused.stderr
    assert _records(server, "live") == []
    first = _promote(server, weak.path, "--alias", "live", *ANY, "--json")
    assert first["comparison"]["first"]
    again = _promote(server, weak.path, "--alias", "live", *ANY, "--json")
    assert (again["verdict"], again["promoted"]) == ("unchanged", first["promoted"])

    second = _promote(server, strong.path, "--alias", "live", "--json")
    found = second["comparison"]
    assert second["displaced"] == first["promoted"] != second["promoted"]
    assert found["challenger"]["rmse"] < found["champion"]["rmse"]
    assert found["low"] < found["difference"] < found["high"] < 0
    assert found["rows"] == 600
    assert found["challenger"]["spatial_rmse"] > found["challenger"]["rmse"]
    assert found["challenger"]["bytes"] > found["champion"]["bytes"]
    assert sum(group["rows"] for group in found["challenger"]["by_region"]) == 600
    not_better = _promote(server, weak.path, "--alias", "live", "--no-spatial", code=4)
    assert "not below 0 as --require better wants" in not_better.stderr
    assert server.sdk(HOLDER, "live")[0] == second["promoted"].rpartition(":")[2]

    on = _promote(
        server, *("--from", "live", "--to", "prod"), *ANY, "--json", WANDB_PROJECT="story"
    )
    assert (on["promoted"], on["moved_from"]) == (second["promoted"], second["promoted"])
    assert server.sdk(HOLDER, "prod") == server.sdk(HOLDER, "live")

    back = _cli(server, "rollback", "live", "--reason", "it is slow", project="story")
    assert (back["from"], back["to"]) == (second["promoted"], first["promoted"])
    assert server.sdk(HOLDER, "live")[0] == first["promoted"].rpartition(":")[2]
    told = _cli(server, "model", "history", "--alias", "live", project="story")
    assert [(move["kind"], move["version"], move["displaced"]) for move in told["moves"]] == [
        ("promote", first["promoted"], ""),
        ("promote", second["promoted"], first["promoted"]),
        ("rollback", first["promoted"], second["promoted"]),
    ]
    assert told["moves"][-1]["reason"] == "it is slow"
    assert {move["who"] for move in told["moves"]} == {server.user}
    further = server.cli("housing-sweep", "rollback", "live", "--reason", "x", check=False)
    assert further.returncode == 4
    assert "no earlier version" in further.stderr
    [moved_on] = _records(server, "prod")
    assert moved_on["used"] == ["dataset", "model"]


def test_liars_and_broken_models_are_rejected_and_the_next_is_taken(server: LocalServer) -> None:
    sweep = _sweep(
        server,
        "faults",
        {"max_iter": 70},
        {"max_iter": 60},
        {"max_iter": 50},
        {"score": 0.01, "model": True},
        {"score": 0.02},
        {"score": "nan"},
        {"score": "-inf"},
        {"score": 0.001, "fails": True},
        {},
    )
    server.sdk(TAMPER, sweep.run(0), "0.05")
    blob = _blob(server, sweep.run(1))
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    done = _promote(server, sweep.path, "--alias", "sound", *ANY, "--json")
    why = {row["config"]["seed"]: row["why_not"] for row in done["ranked"]}
    assert why.pop(0).startswith("rejected: val_rmse is 0.05 in its run, built again it is 0.")
    assert why.pop(1).startswith("rejected: model.joblib was changed")
    assert why == {
        2: "",
        3: "rejected: it has no model.json: not a model of housing-sweep",
        4: "no committed model artifact",
        5: "val_rmse is nan, not a finite number",
        6: "val_rmse is -inf, not a finite number",
        7: "not finished: failed",
        8: "no val_rmse in its summary",
    }
    assert done["winner"]["run"].endswith(sweep.runs["2"])


def _blob(server: LocalServer, run: str) -> Path:
    """Return the file in the server's data folder that is a run's model.joblib."""
    size = server.sdk(
        "import json, sys, wandb; [m] = wandb.Api().run(sys.argv[1]).logged_artifacts();"
        "print(json.dumps(m.metadata['model_sha256']))",
        run,
    )
    files = (path for path in server.data_dir.rglob("*") if path.is_file())
    return next(p for p in files if hashlib.sha256(p.read_bytes()).hexdigest() == size)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupted_promotion_is_completed_by_the_next(
    server: LocalServer, weak: Sweep, moment: str
) -> None:
    alias = f"cut-{moment}"
    assert server.sdk(INTERRUPTED, weak.path, alias, moment) == "power cut"
    [record] = _records(server, alias)
    assert not record["applied"]
    promoted = _promote(server, weak.path, "--alias", alias, *ANY, "--json")["promoted"]
    assert server.sdk(HOLDER, alias)[0] == promoted.rpartition(":")[2]
    [record] = _records(server, alias)
    assert record["applied"]


def test_two_finalizers_at_once_leave_one_holder_and_true_records(
    server: LocalServer, weak: Sweep, strong: Sweep
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "scripts/finalize.py", sweep.path, "--alias", "race", *ANY, "--json"],
            env=server.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for sweep in (weak, strong)
    ]
    answers = [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in processes]
    names = {answer["promoted"]: answer["displaced"] for answer in answers}
    assert len(names) == 2
    [first] = [name for name, displaced in names.items() if displaced is None]
    [second] = [name for name, displaced in names.items() if displaced == first]
    assert server.sdk(HOLDER, "race")[0] == second.rpartition(":")[2]
    told = _cli(server, "model", "history", "--alias", "race", project="story")
    applied = [move for move in told["moves"] if move["applied"]]
    assert sorted((move["version"], move["displaced"]) for move in applied) == sorted(
        [(first, ""), (second, first)]
    )


def test_a_refit_is_promoted_with_its_lineage(server: LocalServer, strong: Sweep) -> None:
    wanted = (strong.path, "--alias", "refit", "--refit", *ANY, "--json")
    done = _promote(server, *wanted)
    assert done["refit"]
    assert done["comparison"]["challenger"]["name"].startswith("the refit of ")
    source = server.sdk(HOLDER, "refit")[1]
    assert "-refit:v0" in source
    again = _promote(server, *wanted)
    assert (again["verdict"], again["promoted"]) == ("unchanged", done["promoted"])
    on = _promote(
        server, *("--from", "refit", "--to", "refit-prod"), *ANY, "--json", WANDB_PROJECT="story"
    )
    assert on["promoted"] == done["promoted"]


SPEC = """
method: grid
metric: {name: val_rmse, goal: minimize}
parameters:
  features: {value: geo}
  max_iter: {value: 40}
  plots: {value: none}
command: ["${env}", "python", "-m", "housing_sweep.pipeline.trial", "${args}"]
"""


def test_of_another_environment_what_is_built_here_is_promoted(
    server: LocalServer, tmp_path: Path
) -> None:
    """The trial ran with another version of our code, which measures land a little longer."""
    other = tmp_path / "other"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "housing_sweep", other / "housing_sweep", ignore=ignored)
    geography = other / "housing_sweep/housing/geography.py"
    geography.write_text(geography.read_text().replace("= 111.2", "= 111.3"))
    (tmp_path / "spec.yaml").write_text(SPEC)
    command = ("wandb", "sweep", "--project", "story", str(tmp_path / "spec.yaml"))
    done = server.cli(*command, env={"WANDB_SILENT": "false"})
    (sweep,) = re.findall(r"wandb agent (\S+)", done.stdout + done.stderr)
    env = server.env | {"PYTHONPATH": str(other)}
    agent = [sys.executable, "-m", "wandb", "agent", sweep]
    subprocess.run(agent, cwd=other, env=env, check=True, capture_output=True, timeout=PATIENCE)

    wanted = (sweep, "--alias", "other", *ANY, "--json")
    promoted = _promote(server, *wanted)
    assert promoted["proof"]["how"] == "rebuilt here"
    assert promoted["proof"]["why"] == "the code of housing-sweep differs"
    assert server.sdk(HOLDER, "other")[1].endswith("-rebuilt:v0")
    (record,) = _records(server, "other")
    assert record["used"] == ["dataset", "model"]
    assert record["config"]["challenger"]["built"] == "rebuilt"
    again = _promote(server, *wanted)
    assert (again["verdict"], again["promoted"]) == ("unchanged", promoted["promoted"])


def test_a_refusal_names_every_run_and_changes_nothing(local_server: LocalServer) -> None:
    sweep = _sweep(local_server, "finalize-none", {"score": 0.2}, {}).path
    done = _promote(local_server, sweep, "--alias", "none", code=4)
    assert "no committed model artifact" in done.stderr
    assert "no val_rmse in its summary" in done.stderr
    assert local_server.sdk(RECORDS, "finalize-none") == []


def test_bad_input_is_one_clear_error(local_server: LocalServer) -> None:
    assert "nonesuch" in _promote(local_server, "nowhere/nonesuch", code=3).stderr
    assert "fix:" in _promote(local_server, "a/b/c/d", code=2).stderr
    assert "fix:" in _promote(local_server, "p/x", "--alias", "v1", code=2).stderr
    wrong = _promote(local_server, "p/x", code=2, WANDB_API_KEY="x" * 40)
    assert "API key" in wrong.stderr
    gone = _promote(local_server, "p/x", code=1, WANDB_BASE_URL="http://127.0.0.1:9")
    assert "nothing answers at http://127.0.0.1:9" in gone.stderr


def test_both_doors_are_one_function(local_server: LocalServer) -> None:
    script = local_server.cli("python", str(ROOT / "scripts/finalize.py"), "--help").stdout
    command = local_server.cli("housing-sweep", "promote", "--help").stdout
    assert script.split("\n", 1)[1] == command.split("\n", 1)[1]
