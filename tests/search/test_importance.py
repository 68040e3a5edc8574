import numpy as np
import pytest

from housing_sweep.search.importance import importances

RNG = np.random.default_rng(1)


def _points(n: int) -> list[dict[str, object]]:
    return [
        {
            "rate": float(10 ** RNG.uniform(-3, 0)),
            "kind": str(RNG.choice(["a", "b"])),
            "noise": float(RNG.random()),
            "fixed": 3,
        }
        for _ in range(n)
    ]


@pytest.mark.slow
def test_what_the_score_depends_on_comes_first() -> None:
    points = _points(60)
    scores = [np.log10(float(str(p["rate"]))) + 0.1 * (p["kind"] == "a") for p in points]
    found = importances(points, scores)
    assert found is not None
    assert next(row.name for row in found.rows) == "rate"
    assert {row.name for row in found.rows} == {"rate", "kind", "noise"}
    assert sum(row.share for row in found.rows) == pytest.approx(1.0)
    by_name = {row.name: row for row in found.rows}
    assert by_name["rate"].correlation == pytest.approx(1.0, abs=0.05)
    assert by_name["kind"].correlation is None
    assert by_name["noise"].share < 0.05
    assert found.r2 > 0.8
    assert importances(points, scores) == found


def test_noise_is_told_as_noise() -> None:
    points = _points(40)
    found = importances(points, [float(RNG.random()) for _ in points])
    assert found is not None
    assert found.r2 < 0.3


def test_too_little_says_nothing() -> None:
    assert importances(_points(5), [1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert importances([{"a": 1}] * 20, [float(i) for i in range(20)]) is None
    assert importances(_points(20), [1.0] * 20) is None
    assert importances([], []) is None
