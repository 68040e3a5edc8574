import math
from collections.abc import Mapping

import pytest

from housing_sweep.registry.run_differences import RunRecord, diff


def _run(name: str, **aspects: Mapping[str, object]) -> RunRecord:
    return RunRecord(f"a/b/{name}", name, "finished", aspects)


def test_only_what_disagrees_differs() -> None:
    one = _run("1", config={"rate": 0.1, "depth": 3, "seed": 1}, metrics={"rmse": 0.5})
    two = _run("2", config={"rate": 0.2, "depth": 3.0, "extra": None}, metrics={"rmse": 0.4})
    found = diff([one, two])
    assert [row.name for row in found.differing("config")] == ["rate", "seed"]
    assert found.differing("metrics")[0].change == pytest.approx(-0.1)
    assert found.verdict == "config differs"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "nothing that is recorded differs"),
        ({"metrics"}, "same code, data, config and environment, yet other metrics"),
        ({"data", "metrics"}, "data differs"),
        ({"code", "data", "environment", "metrics"}, "code, data and environment differ"),
        ({"code"}, "code differs; the metrics do not"),
    ],
)
def test_the_verdict_names_the_aspects(changes: set[str], verdict: str) -> None:
    names = ("code", "data", "config", "environment", "metrics")
    one = _run("1", **{name: {"x": 1} for name in names})
    two = _run("2", **{name: {"x": 2 if name in changes else 1} for name in names})
    assert diff([one, two]).verdict == verdict
    assert diff([one, one, two]).verdict == verdict


def test_true_is_not_one_and_nan_is_itself() -> None:
    one, two = (
        _run("1", config={"a": True, "b": math.nan}),
        _run("2", config={"a": 1, "b": math.nan}),
    )
    assert [row.name for row in diff([one, two]).differing("config")] == ["a"]


def test_one_run_is_not_a_comparison() -> None:
    with pytest.raises(ValueError, match="two runs"):
        diff([_run("1")])
