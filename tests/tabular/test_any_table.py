"""A table that nobody registered: published, read, fitted, judged, refitted."""

import pytest
from threadpoolctl import threadpool_limits

from housing_sweep.errors import DataError
from housing_sweep.tabular import evaluation, metrics, refit
from housing_sweep.tabular.dataset_files import files_of, problem_of
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.families import MODELS
from housing_sweep.tabular.fit import fit
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.tables import parse_csv
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS, flats

SMALL: dict[str, dict[str, object]] = {
    "hist_gradient_boosting": {"max_iter": 150, "learning_rate": 0.1},
    "random_forest": {"n_estimators": 20},
    "extra_trees": {"n_estimators": 20},
}


def test_every_family_is_fitted_here() -> None:
    assert set(SMALL) == set(MODELS)


@pytest.mark.parametrize("model", sorted(SMALL))
def test_a_trial_learns_from_what_was_published_and_nothing_else(model: str) -> None:
    files = files_of(LoadedTable(FLATS, flats(1200), "csv", "here"))
    problem = problem_of(files.schema)  # a trial has the two files only
    frame = parse_csv(problem, files.csv.decode(), problem.file)
    config = TrialConfig.from_sweep({"model": model, **SMALL[model]}, problem)
    split = make_split(problem, frame, config.split, 0)
    with threadpool_limits(1):
        result = fit(problem, config, frame, split, lambda _: False)
        hard = refit.hard_test(problem, frame, 0)
        assert hard is not None
        far = metrics.rmse(hard.truth, refit.predict_hard(problem, config, frame, hard))
    test = frame.iloc[split.test]
    truth = test[problem.target.name].to_numpy()
    found = evaluation.figures(problem, test, result.model.predict(test))
    mean = refit.mean_rmse(problem, frame, split, split.test)
    assert 5_000 < metrics.rmse(truth, result.model.predict(test)) < mean / 4
    assert far < mean
    assert isinstance(found["slices"], dict)
    assert list(found["slices"]) == ["decile"]


def test_a_value_out_of_range_is_told_with_the_range_there_is() -> None:
    rows = "4,2,50,10,100000\n50,0,50,10,100000\n50,2,inf,10,-1\n"
    with pytest.raises(DataError) as caught:
        parse_csv(FLATS, f'area,rooms,lat,lon,"price, EUR"\n{rows}', "flats.csv")
    assert "flats.csv is not flats data" in caught.value.what
    assert "line 2, column area: 4 is outside 5 to 1000 m2" in caught.value.what
    assert "line 3, column rooms: 0 is outside 1 to infinity" in caught.value.what
    assert "line 4, column lat: inf is not finite" in caught.value.what
    assert "line 4, column price, EUR: -1 is outside 0 to infinity EUR" in caught.value.what
