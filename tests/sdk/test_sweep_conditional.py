"""`sweeps/optuna_conditional.yaml` through the real `wandb sweep-scheduler`."""

import shutil
from pathlib import Path

import pytest
import yaml

from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.trial_config import TrialConfig
from tests.support.local_server import ROOT, SDK_PYTHON, LocalServer, warm
from tests.support.sweep_desk import Desk, end

pytestmark = pytest.mark.slow

TRIAL = """
import sys, wandb
with wandb.init() as run:
    run.log({"val_rmse": 0.5 + len(sys.argv) / 100})
"""


def test_a_conditional_space_reaches_the_trials(local_server: LocalServer, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    desk = Desk(local_server, tmp_path, "conditional")
    (tmp_path / "trial.py").write_text(TRIAL)
    shutil.copytree(ROOT / "sweeps", tmp_path / "sweeps")
    spec = yaml.safe_load((ROOT / "sweeps/optuna_conditional.yaml").read_text())
    sweep = desk.sweep({**spec, "run_cap": 3, "command": [warm(SDK_PYTHON), "trial.py", "${args}"]})
    agent = desk.agent(sweep)
    said = desk.wandb("sweep-scheduler", "--batch-size", "3", "--poll-interval", "5", sweep)
    end([agent])
    assert "the sweep is FINISHED" in said
    configs = local_server.sdk(
        "import json, sys, wandb\n"
        "runs = wandb.Api().sweep(sys.argv[1]).runs\n"
        "print(json.dumps([[run.state, run.config] for run in runs]))",
        sweep,
    )
    assert [state for state, _ in configs] == ["finished"] * 3
    for _, config in configs:
        assert TrialConfig.from_sweep(config, PROBLEM).features == "geo_blend"
