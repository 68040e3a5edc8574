"""Pruning against a backend in memory."""

from dataclasses import replace
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.promote.prune import PruneRequest, apply, plan
from housing_sweep.registry.prune_rules import StoredModel
from housing_sweep.registry.selection import Candidate
from housing_sweep.search.score import Goal
from tests.support.fakes import FakeBackend, PowerCut, candidate


def _backend(*trials: Candidate) -> FakeBackend:
    stored = {
        str(trial.id): [StoredModel(f"e/p/model-{trial.id}:v0", f"id-{trial.id}", trial.id, 10)]
        for trial in trials
    }
    return FakeBackend(list(trials), stored=stored)


def _prune(backend: FakeBackend, **request: Any) -> set[str]:
    """Prune, and return the runs whose models are left."""
    planned = plan(backend.sweeps, backend.stored_models, PruneRequest("s", **request))
    list(apply(backend.stored_models, planned))
    return {run for run, models in backend.stored.items() if models}


def _trial(run: str, **metrics: object) -> Candidate:
    return replace(candidate(run, None), summary=metrics)


def test_the_best_stay_whichever_way_is_good() -> None:
    trials = [_trial(c, val_rmse=n / 10, val_r2=n / 10, lift=n) for n, c in enumerate("abc")]
    assert _prune(_backend(*trials), keep=1) == {"a"}
    assert _prune(_backend(*trials), keep=1, metric="val_r2") == {"c"}
    assert _prune(_backend(*trials), keep=1, metric="lift", goal=Goal.MAXIMIZE) == {"c"}


@pytest.mark.parametrize("metric", ["val_rsme", "typo", "fit_seconds"])
@pytest.mark.parametrize("unscored", [False, True])
def test_a_metric_that_nobody_has_changes_nothing(metric: str, unscored: bool) -> None:
    backend = _backend(_trial("a", val_rmse=0.1), _trial("b", val_rmse=0.2))
    backend.writes_left = 0
    with pytest.raises(BadInput) as error:
        _prune(backend, keep=0, metric=metric, goal=Goal.MINIMIZE, unscored=unscored)
    assert "they have val_rmse" in error.value.fix


def test_what_cannot_be_ranked_stays_unless_it_shall_go_too() -> None:
    trials = [
        _trial("best", val_rmse=0.1),
        _trial("rule", val_rmse={"min": 0.2}),
        _trial("nan", val_rmse="NaN"),
        _trial("none"),
        replace(_trial("crashed", val_rmse=0.05), state="crashed"),
        replace(_trial("busy", val_rmse=0.01), state="running"),
    ]
    planned = plan(_backend(*trials).sweeps, _backend(*trials).stored_models, PruneRequest("s", 1))
    assert {kept.model.run: kept.why_kept for kept in planned.verdicts} == {
        "rule": "",
        "nan": "unscored: val_rmse is NaN, not a finite number",
        "none": "unscored: no val_rmse in its summary",
        "crashed": "unscored: not finished: crashed",
    }
    assert _prune(_backend(*trials), keep=1) == {"best", "nan", "none", "crashed", "busy"}
    assert _prune(_backend(*trials), keep=1, unscored=True) == {"best", "busy"}


def test_a_model_that_is_promoted_meanwhile_stays() -> None:
    backend = _backend(_trial("a", val_rmse=0.1), _trial("b", val_rmse=0.2))
    planned = plan(backend.sweeps, backend.stored_models, PruneRequest("s", 1))
    (doomed,) = backend.stored["b"]
    backend.stored["b"] = [replace(doomed, linked_to=("r/c:v0",))]
    (late,) = apply(backend.stored_models, planned)
    assert late.why_kept == "linked to r/c:v0"
    assert len(backend.stored["b"]) == 1


def test_interrupted_it_deletes_the_rest_when_it_is_run_again() -> None:
    backend = _backend(*(_trial(c, val_rmse=n) for n, c in enumerate("abcd")))
    backend.writes_left = 1
    with pytest.raises(PowerCut):
        _prune(backend, keep=1)
    backend.writes_left = None
    assert _prune(backend, keep=1) == {"a"}
