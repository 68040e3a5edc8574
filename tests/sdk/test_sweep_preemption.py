"""Trials that are preempted (`run.mark_preempting`), through real agents.

W&B queues such a trial again; an agent runs it under its old id before any new one. It goes on
where it was if its program says `wandb.init(resume=...)`, else it logs from its first step again.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import LocalServer
from tests.support.sweep_desk import GRID, Desk, end, hasty, kill_tree

__all__ = ["hasty"]

pytestmark = pytest.mark.slow

TRIAL = """
import os, sys, time, wandb
with wandb.init(resume=os.environ.get("TRIAL_RESUME") or None) as run:
    again, mark = os.path.exists("was-" + run.id), "was-" + run.id
    open(mark, "w").close()
    for step in range(run.starting_step, 6):
        run.log({"loss": run.config["lr"] + step, "attempt": int(again)})
        if step == 2 and not again and run.config["lr"] == 0.1:
            run.mark_preempting()
            if os.environ.get("TRIAL_HOLD"):
                open("held", "w").close()
                time.sleep(600)
            sys.exit(3)
"""
LOOK = """
import json, sys, wandb
sweep = wandb.Api().sweep(sys.argv[1])
print(json.dumps([sweep.state, sorted(
    [run.config["lr"], run.state,
     [[row["_step"], row["loss"], row["attempt"]] for row in run.scan_history()]]
    for run in sweep.runs)]))
"""
SPEC: dict[str, Any] = {**GRID, "parameters": {"lr": {"values": [0.1, 0.2]}}}


@pytest.mark.parametrize("resume", ["allow", ""])
def test_a_preempted_trial_is_run_again_by_its_agent_and_goes_on_if_it_says_so(
    hasty: LocalServer, tmp_path: Path, resume: str
) -> None:
    desk = Desk(hasty, tmp_path, f"preempted-{resume or 'anew'}")
    (tmp_path / "trial.py").write_text(TRIAL)
    sweep = desk.sweep(SPEC)
    end([desk.agent(sweep, TRIAL_RESUME=resume)])
    state, trials = hasty.sdk(LOOK, sweep)
    attempts = [0, 0, 0, 1, 1, 1] if resume else [1] * 6
    assert state == "FINISHED"
    assert [trial[:2] for trial in trials] == [[0.1, "finished"], [0.2, "finished"]]
    assert trials[0][2] == [[n, 0.1 + n, mine] for n, mine in enumerate(attempts)]
    assert [row[0] for row in trials[1][2]] == list(range(6))


def test_a_preempted_trial_whose_machine_went_away_goes_on_at_another_agent(
    hasty: LocalServer, tmp_path: Path
) -> None:
    desk = Desk(hasty, tmp_path, "preempted-machine")
    (tmp_path / "trial.py").write_text(TRIAL)
    sweep = desk.sweep(SPEC)
    victim = desk.agent(sweep, TRIAL_RESUME="allow", TRIAL_HOLD="1")
    desk.wait(sweep, "preempting")
    kill_tree(victim)
    end([desk.agent(sweep, TRIAL_RESUME="allow")])
    state, trials = hasty.sdk(LOOK, sweep)
    assert state == "FINISHED"
    assert [trial[:2] for trial in trials] == [[0.1, "finished"], [0.2, "finished"]]
    assert trials[0][2] == [[n, 0.1 + n, int(n > 2)] for n in range(6)]
