"""The finalizer against the real SDK and the real server, as a user runs it."""

import json
from typing import Any

import pytest

from tests.local_server import ROOT, LocalServer

pytestmark = pytest.mark.slow

SWEEP = """
import json, sys, wandb
project, cases, goal = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
sweep = wandb.sweep({
    "method": "grid", "metric": {"name": "val_rmse", "goal": goal},
    "parameters": {"case": {"values": list(range(len(cases)))}},
}, project=project)
def trial():
    with wandb.init() as run:
        case = cases[run.config.case]
        data = wandb.Artifact("california-housing", "dataset", metadata={"source": "synthetic"})
        with data.new_file("housing.csv") as file:
            file.write("MedInc")
        run.use_artifact(run.log_artifact(data).wait())
        if "score" in case:
            run.log({"val_rmse": float(case["score"])})
        if case.get("model", True):
            model = wandb.Artifact(f"model-{run.id}", "model")
            with model.new_file("model.json") as file:
                file.write(run.id)
            run.log_artifact(model)
        if case.get("fails"):
            run.finish(exit_code=1)
wandb.agent(sweep, function=trial, project=project, count=len(cases))
print(json.dumps(sweep))
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
from housing_sweep.pipeline.finalize import apply_promotion, decide_promotion
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
class Dies(WandbBackend):
    def move_alias(self, *arguments):
        if sys.argv[3] == "after":
            super().move_alias(*arguments)
        raise RuntimeError("power cut")
backend = Dies()
decision = decide_promotion(backend, sys.argv[1], alias=sys.argv[2])
try:
    apply_promotion(backend, decision)
except RuntimeError as error:
    print(json.dumps(str(error)))
"""


def _sweep(
    server: LocalServer, project: str, *cases: dict[str, Any], goal: str = "minimize"
) -> str:
    return f"{project}/{server.sdk(SWEEP, project, json.dumps(cases), goal)}"


def _promote(server: LocalServer, *arguments: str, code: int = 0, **env: str) -> Any:
    done = server.cli("python", "scripts/finalize.py", *arguments, check=False, env=env)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in arguments and not code else done


def test_the_best_sound_run_is_promoted_once(local_server: LocalServer) -> None:
    sweep = _sweep(
        local_server,
        "finalize-best",
        {"score": 0.5},
        {"score": "nan"},
        {"score": 0.2, "model": False},
        {"score": 0.4},
        {"score": "-inf"},
        {},
        {"score": 0.1, "fails": True},
    )
    dry = _promote(local_server, sweep, "--alias", "first", "--dry-run", "--json")
    assert dry["promoted"] is None
    assert local_server.sdk(RECORDS, "finalize-best") == []

    done = _promote(local_server, sweep, "--alias", "first", "--json")
    assert done["winner"]["score"] == 0.4
    why = {row["config"]["case"]: row["why_not"] for row in done["ranked"]}
    assert why == {
        6: "not finished: failed",
        2: "no committed model artifact",
        3: "",
        0: "",
        1: "val_rmse is nan, not a finite number",
        4: "val_rmse is -inf, not a finite number",
        5: "no val_rmse in its summary",
    }
    assert done["dataset"]["source"] == "synthetic"
    version, source = local_server.sdk(HOLDER, "first")
    assert done["promoted"].endswith(f"wandb-registry-model/california-housing:{version}")
    assert source in done["winner"]["model"]

    again = _promote(local_server, sweep, "--alias", "first", "--json")
    assert again["verdict"] == "unchanged"
    assert local_server.sdk(HOLDER, "first") == [version, source]
    (record,) = local_server.sdk(RECORDS, "finalize-best")
    assert record["applied"] is True
    assert record["used"] == ["dataset", "model"]
    assert record["config"]["who"] == local_server.user


def test_a_better_sweep_displaces_the_champion_and_says_so(local_server: LocalServer) -> None:
    old = _sweep(local_server, "finalize-next", {"score": 1})
    new = _sweep(local_server, "finalize-next", {"score": 3}, {"score": 2}, goal="maximize")
    first = _promote(local_server, old, "--alias", "second", "--json")
    second = _promote(local_server, new, "--alias", "second", "--json")
    assert second["winner"]["score"] == 3
    assert second["displaced"] == first["promoted"] != second["promoted"]
    _, record = local_server.sdk(RECORDS, "finalize-next")
    assert record["config"]["displaced"] == first["promoted"]
    assert record["used"] == ["dataset", "model", "model"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupted_promotion_is_completed_by_the_next(
    local_server: LocalServer, moment: str
) -> None:
    project = f"finalize-cut-{moment}"
    sweep = _sweep(local_server, project, {"score": 1})
    assert local_server.sdk(INTERRUPTED, sweep, f"cut-{moment}", moment) == "power cut"
    (record,) = local_server.sdk(RECORDS, project)
    assert not record["applied"]
    _promote(local_server, sweep, "--alias", f"cut-{moment}")
    (completed,) = local_server.sdk(RECORDS, project)
    assert (completed["id"], completed["applied"]) == (record["id"], True)
    assert completed["state"] == "finished"
    held = local_server.sdk(HOLDER, f"cut-{moment}")
    _promote(local_server, sweep, "--alias", f"cut-{moment}")
    assert local_server.sdk(HOLDER, f"cut-{moment}") == held
    assert len(local_server.sdk(RECORDS, project)) == 1


def test_a_refusal_names_every_run_and_changes_nothing(local_server: LocalServer) -> None:
    sweep = _sweep(local_server, "finalize-none", {"score": 0.2, "model": False}, {})
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
