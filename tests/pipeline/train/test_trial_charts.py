import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.pipeline.train import trial_charts
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig

FRAME = synthetic.make(2500)
SPLIT = make_split(PROBLEM, FRAME, "random", 0)
VALIDATION = FRAME.iloc[SPLIT.validation]
SMALL: dict[str, dict[str, object]] = {
    "hist_gradient_boosting": {"max_iter": 60},
    "random_forest": {"model": "random_forest", "n_estimators": 20},
}


def _fit(name: str) -> FitResult:
    with threadpool_limits(1):
        config = TrialConfig.from_sweep({"features": "raw", **SMALL[name]}, PROBLEM)
        return fit(PROBLEM, config, FRAME, SPLIT, lambda _: False)


def test_the_worst_predictions_come_worst_first_with_their_error() -> None:
    truth = VALIDATION[TARGET].to_numpy()
    predicted = truth.copy()
    predicted[[3, 7]] += [0.5, -2.0]
    shown = trial_charts.worst(PROBLEM, VALIDATION, predicted)
    assert len(shown) == trial_charts.WORST
    assert shown["error"].tolist()[:3] == pytest.approx([-2.0, 0.5, 0.0])
    assert shown["actual"].tolist()[:2] == truth[[7, 3]].tolist()


@pytest.mark.parametrize("rows", [2, 500, 2500])
def test_residuals_are_truth_less_prediction_in_order_and_few(rows: int) -> None:
    frame = FRAME.iloc[:rows]
    predicted = frame[TARGET].to_numpy()[::-1] + 0.25
    shown = trial_charts.residuals(PROBLEM, frame, predicted)
    assert len(shown) == min(rows, trial_charts.SCATTER)
    assert shown["predicted"].is_monotonic_increasing
    truth = dict(zip(predicted, frame[TARGET], strict=True))
    if len(truth) == rows:
        assert np.allclose(shown["residual"], shown["predicted"].map(truth) - shown["predicted"])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_income_matters_most_and_the_same_each_time(name: str) -> None:
    result = _fit(name)
    shown = trial_charts.importances(PROBLEM, result, VALIDATION, seed=0)
    assert shown["importance"].is_monotonic_decreasing
    assert shown["feature"][0] == "MedInc"
    assert trial_charts.importances(PROBLEM, result, VALIDATION, seed=0).equals(shown)


def test_importances_do_not_depend_on_how_many_inputs_are_shuffled_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = _fit("hist_gradient_boosting")
    whole = trial_charts.importances(PROBLEM, result, VALIDATION, seed=0)
    copy = trial_charts.PERMUTED_ROWS * 8 * 8
    for at_once in (1, 3 * copy):
        monkeypatch.setattr(trial_charts, "BYTES_AT_ONCE", at_once)
        assert trial_charts.importances(PROBLEM, result, VALIDATION, seed=0).equals(whole)
