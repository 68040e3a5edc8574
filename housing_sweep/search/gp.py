"""A small Gaussian process: ARD Matern 5/2, noise, marginal likelihood with its gradient.

Notation: n points, f features; X (n, f); y (n,) standardised; theta: log lengths (f,), log noise.
Own code, because the scale is profiled out and a pending point is added without a new fit.
Source: Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, ch. 2, 4, 5.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.optimize import minimize

from housing_sweep.search.distributions import Floats

SQRT5 = np.sqrt(5.0)
PRIOR_LENGTH, PRIOR_LENGTH_SD = np.log(0.6), 0.9
PRIOR_NOISE, PRIOR_NOISE_SD = np.log(1e-3), 2.0
BOUNDS_LENGTH, BOUNDS_NOISE = (np.log(0.03), np.log(20.0)), (np.log(1e-6), np.log(0.5))
MOST_ITERATIONS = 30


@dataclass(frozen=True, slots=True)
class Posterior:
    """A fitted process, ready to predict."""

    x: Floats
    lengths: Floats
    noise: float
    scale: float
    factor: Floats
    weights: Floats

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Return (mean, standard deviation), each (m,), at rows `x` (m, f)."""
        k = matern(x, self.x, self.lengths)
        mean = k @ self.weights
        v = solve_triangular(self.factor, k.T, lower=True, check_finite=False)
        variance = self.scale * np.maximum(1.0 - np.einsum("ij,ij->j", v, v), 1e-12)
        return mean, np.sqrt(variance)

    def with_points(self, x: Floats) -> "Posterior":
        """Return the process as if rows `x` (m, f) had come out as predicted (kriging believer).

        The mean stays everywhere as it is, so that all can be added at once.
        """
        if not len(x):
            return self
        mean, _ = self.predict(x)
        y = matern(self.x, self.x, self.lengths) @ self.weights + self.noise * self.weights
        return condition(
            np.vstack([self.x, x]), np.append(y, mean), self.lengths, self.noise, self.scale
        )


def matern(a: Floats, b: Floats, lengths: Floats) -> Floats:
    """Return the Matern 5/2 correlations of rows `a` (n, f) and `b` (m, f): (n, m)."""
    r = np.sqrt(_squares(a / lengths, b / lengths))
    k: Floats = (1 + SQRT5 * r + 5 / 3 * r**2) * np.exp(-SQRT5 * r)
    return k


def _squares(a: Floats, b: Floats) -> Floats:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    clipped: Floats = np.maximum(squares, 0.0)
    return clipped


def fit(x: Floats, y: Floats, start: Floats | None = None) -> Posterior:
    """Return the process with the most likely lengths and noise, given `x` (n, f), `y` (n,)."""
    f = x.shape[1]
    theta0 = np.r_[np.full(f, PRIOR_LENGTH), PRIOR_NOISE] if start is None else start
    differences = (x[:, None, :] - x[None, :, :]) ** 2
    best = minimize(
        _loss_and_gradient,
        theta0,
        args=(differences, y),
        jac=True,
        method="L-BFGS-B",
        bounds=[BOUNDS_LENGTH] * f + [BOUNDS_NOISE],
        options={"maxiter": MOST_ITERATIONS},
    ).x
    lengths, noise = np.exp(best[:-1]), float(np.exp(best[-1]))
    return condition(x, y, lengths, noise, None)


def condition(
    x: Floats, y: Floats, lengths: Floats, noise: float, scale: float | None
) -> Posterior:
    """Return the process with the given lengths, conditioned on `x` (n, f) and `y` (n,)."""
    k = matern(x, x, lengths)
    k[np.diag_indices_from(k)] += noise + 1e-9
    factor = np.asarray(np.linalg.cholesky(k), dtype=np.float64)
    weights = cho_solve((factor, True), y, check_finite=False)
    if scale is None:
        scale = float(max(y @ weights / len(y), 1e-12))
    return Posterior(x, lengths, noise, scale, factor, weights)


def _loss_and_gradient(theta: Floats, differences: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the negative log posterior of theta and its gradient; the scale is profiled out."""
    n = len(y)
    inverse_squares, noise = np.exp(-2 * theta[:-1]), np.exp(theta[-1])
    r = np.sqrt(np.maximum(differences @ inverse_squares, 1e-16))
    decay = np.exp(-SQRT5 * r)
    k = (1 + SQRT5 * r + 5 / 3 * r**2) * decay
    k[np.diag_indices(n)] = 1.0 + noise + 1e-9
    try:
        factor = cho_factor(k, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e10, np.zeros_like(theta)
    inverse = cho_solve(factor, np.eye(n), check_finite=False)
    alpha = inverse @ y
    scale = max(float(y @ alpha) / n, 1e-12)
    log_det = 2 * np.log(np.diag(factor[0])).sum()
    spread = np.r_[
        (theta[:-1] - PRIOR_LENGTH) / PRIOR_LENGTH_SD, (theta[-1] - PRIOR_NOISE) / PRIOR_NOISE_SD
    ]
    loss = 0.5 * (n * np.log(scale) + log_det) + 0.5 * (spread**2).sum()
    outer = inverse - np.outer(alpha, alpha) / scale
    slope = 5 / 3 * (1 + SQRT5 * r) * decay  # dk/d(log l_j) = slope * difference_j / l_j**2
    np.fill_diagonal(slope, 0.0)
    per_length = 0.5 * np.einsum("ij,ijk->k", outer * slope, differences) * inverse_squares
    per_noise = 0.5 * noise * np.trace(outer)
    sds = np.r_[np.full(len(theta) - 1, PRIOR_LENGTH_SD), PRIOR_NOISE_SD]
    return float(loss), np.r_[per_length, per_noise] + spread / sds
