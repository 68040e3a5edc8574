"""The Gaussian process behind bayes."""

import numpy as np
import pytest

from housing_sweep.search import gp


def test_the_likelihoods_gradient_is_its_slope() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((15, 3)), rng.normal(size=15)
    differences = (x[:, None, :] - x[None, :, :]) ** 2
    theta = np.array([-0.5, 0.2, -1.0, -4.0])
    _, gradient = gp._loss_and_gradient(theta, differences, y)
    for i in range(4):
        step = np.eye(4)[i] * 1e-5
        up, down = (gp._loss_and_gradient(theta + s, differences, y)[0] for s in (step, -step))
        assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-3, abs=1e-5)


def test_pending_points_added_at_once_or_one_by_one_are_the_same() -> None:
    rng = np.random.default_rng(0)
    posterior = gp.fit(rng.random((12, 2)), rng.normal(size=12))
    more, rows = rng.random((3, 2)), rng.random((20, 2))
    one_by_one = posterior
    for row in more:
        one_by_one = one_by_one.with_points(row[None, :])
    for a, b in zip(
        posterior.with_points(more).predict(rows), one_by_one.predict(rows), strict=True
    ):
        assert a == pytest.approx(b, abs=1e-6)
    assert posterior.with_points(np.empty((0, 2))) is posterior


def test_correlation_is_one_at_the_same_row_and_falls_with_the_distance() -> None:
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [0.5, 0.0], [5.0, 5.0]])
    correlations = gp.matern(rows[:1], rows, np.array([0.3, 0.3]))[0]
    assert correlations[0] == pytest.approx(1.0)
    assert (np.diff(correlations) < 0).all()
    assert 0 < correlations[-1] < 1e-6


def test_a_fit_goes_through_its_points_and_doubts_what_lies_far_away() -> None:
    x = np.linspace(0, 1, 12)[:, None]
    y = np.sin(6 * x[:, 0])
    mean, deviation = gp.fit(x, y - y.mean()).predict(np.array([[1 / 11], [0.5], [9.0]]))
    assert mean[0] + y.mean() == pytest.approx(y[1], abs=0.02)
    assert mean[1] + y.mean() == pytest.approx(np.sin(3), abs=0.05)
    assert deviation[2] > 5 * deviation[1]


def test_a_feature_that_does_not_matter_gets_a_longer_length() -> None:
    x = np.random.default_rng(1).random((40, 2))
    lengths = gp.fit(x, np.sin(6 * x[:, 0])).lengths
    assert lengths[1] > 2 * lengths[0]


def test_points_twice_and_values_all_alike_are_no_accident() -> None:
    x = np.repeat(np.random.default_rng(2).random((4, 2)), 2, axis=0)
    mean, deviation = gp.fit(x, np.zeros(8)).predict(x)
    assert mean == pytest.approx(np.zeros(8))
    assert np.isfinite(deviation).all()
