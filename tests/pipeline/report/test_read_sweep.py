"""A sweep read for its report."""

from dataclasses import replace

import pytest

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.pipeline.report.read_sweep import read_sweep, reported
from housing_sweep.registry.references import SweepRef
from housing_sweep.search.score import Goal, Score
from tests.support.fakes import FakeBackend, candidate

LOSS = Score("val_rmse", Goal.MINIMIZE)


def test_nested_parameters_have_dotted_names_and_only_the_sweeps_own_are_shown() -> None:
    config = {"optimizer": {"lr": 0.1, "more": {"decay": 2}}, "seed": 3, "depth": 4}
    trial = reported(
        1, replace(candidate("e/p/a", 0.4), config=config), LOSS, ("depth", "optimizer")
    )
    assert trial.params == {"depth": 4, "optimizer.lr": 0.1, "optimizer.more.decay": 2}
    assert (trial.id, trial.score) == ("a", 0.4)


def test_figures_that_are_none_are_left_out() -> None:
    summary = {"val_rmse": "NaN", "val_mae": 0.3, "val_r2": "Infinity", "error": "it broke"}
    trial = reported(1, replace(candidate("a", None), summary=summary), LOSS, ())
    assert trial.facts == {"val_mae": 0.3}
    assert (trial.score, trial.error) == (None, "it broke")


class _Backend(FakeBackend):
    """A backend in memory where nothing of the sweep was promoted."""

    @property
    def reports(self) -> "_Backend":
        return self

    def promotion(self, ref: SweepRef) -> None:
        return None


def _read(backend: _Backend, sweep: str = "s", metric: str | None = None) -> object:
    return read_sweep(backend, SweepRef.parse(sweep), metric)  # type: ignore[arg-type]


def test_trials_are_numbered_from_one_in_the_order_of_creation() -> None:
    backend = _Backend([candidate("a", 0.5), candidate("b", None, "failed"), candidate("c", 0.4)])
    report = read_sweep(backend, SweepRef.parse("s"))  # type: ignore[arg-type]
    assert [(trial.number, trial.id) for trial in report.trials] == [(1, "a"), (2, "b"), (3, "c")]
    assert (report.metric, report.maximize) == ("val_rmse", False)
    assert report.best is report.trials[2]


def test_a_metric_that_no_finished_trial_has_is_refused_with_theirs() -> None:
    with pytest.raises(BadInput) as caught:
        _read(_Backend([candidate("a", 0.5)]), metric="val_mae")
    assert "val_rmse" in caught.value.fix


def test_a_sweep_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound, match="no sweep e/p/other"):
        _read(_Backend([]), "e/p/other")
