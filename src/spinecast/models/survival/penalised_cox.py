"""Cox's model with an elastic-net penalty, and the baseline hazard that belongs to any score.

scikit-survival fits the same model, under the GPL and therefore in an extra only. A study must give the same bits
wherever it runs, so the fit does not depend on what happens to be installed.
"""

from __future__ import annotations

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import NDArray

__all__ = ["fit_penalised_cox", "log_baseline_hazard"]

FloatArray = NDArray[np.float64]


def fit_penalised_cox(
    columns: FloatArray, time: FloatArray, event: FloatArray, *, penalty: float, l1_ratio: float
) -> FloatArray:
    """Maximise the penalised partial likelihood, ties by Breslow.

    What is minimised is ``-log partial likelihood / n + penalty * (l1_ratio * sum|b| + (1 - l1_ratio) / 2 * sum b^2)``
    (Simon et al. 2011, J Stat Softw 39(5)). Each coefficient is written as the difference of two numbers that are not
    negative, which makes the penalty smooth and the problem one of bounds alone (L-BFGS-B, Byrd et al. 1995).

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Standardised.
    time, event : ndarray, shape (n,)
        Follow-up, and 1 where the event ended it, else 0.
    penalty : float
    l1_ratio : float
        In [0, 1]: 0 is ridge, 1 the lasso.

    Returns
    -------
    ndarray, shape (p,)
    """
    likelihood = _PartialLikelihood(columns, time, event)
    width = columns.shape[1]

    def objective(halves: FloatArray) -> tuple[float, FloatArray]:
        beta = halves[:width] - halves[width:]
        value, gradient = likelihood(beta)
        value += penalty * (l1_ratio * float(halves.sum()) + (1 - l1_ratio) / 2 * float((beta**2).sum()))
        gradient = gradient + penalty * (1 - l1_ratio) * beta
        lasso = penalty * l1_ratio
        return value, np.concatenate([gradient + lasso, lasso - gradient])

    found = scipy.optimize.minimize(
        objective,
        np.zeros(2 * width),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * (2 * width),
        options={"maxiter": 1000, "ftol": 1e-11, "gtol": 1e-6, "maxcor": 20},
    )
    return np.asarray(found.x[:width] - found.x[width:], dtype=np.float64)


class _PartialLikelihood:
    """Minus the mean log partial likelihood and its gradient, by running sums over patients sorted by time."""

    def __init__(self, columns: FloatArray, time: FloatArray, event: FloatArray) -> None:
        order = np.argsort(-time, kind="stable")
        self.columns, self.event = np.ascontiguousarray(columns[order]), event[order]
        ordered = time[order]
        # With Breslow's ties everybody of the same time is at risk: the sum up to the last of them.
        self.last = np.searchsorted(-ordered, -ordered, side="right") - 1
        self.first = np.searchsorted(-ordered, -ordered, side="left")

    def __call__(self, beta: FloatArray) -> tuple[float, FloatArray]:
        linear = self.columns @ beta
        top = float(linear.max())
        relative = np.exp(linear - top)
        at_risk = np.cumsum(relative)[self.last]
        count = len(linear)
        value = -float((self.event * (linear - np.log(at_risk) - top)).sum()) / count
        # Hazard each patient was exposed to: that of the events no later than their own time.
        hazard = np.cumsum((self.event / at_risk)[::-1])[::-1][self.first]
        return value, -(self.columns.T @ (self.event - relative * hazard)) / count


def log_baseline_hazard(score: FloatArray, time: FloatArray, event: FloatArray, grid: FloatArray) -> FloatArray:
    """Breslow's cumulative baseline hazard of a score, on the logarithm, at the days of the grid.

    The hazard at an event time is the events there over the summed ``exp(score)`` of those at risk (Breslow 1972, J R
    Stat Soc B 34:216). Before the first event half an event stands in, so that no risk is exactly 0.

    Parameters
    ----------
    score, time, event : ndarray, shape (n,)
        Log relative hazard, follow-up, and 1 where the event ended it.
    grid : ndarray, shape (k,)

    Returns
    -------
    ndarray, shape (k,)
    """
    order = np.argsort(-time, kind="stable")
    top = float(score.max())
    ordered, happened = time[order], event[order]
    at_risk = np.cumsum(np.exp(score[order] - top))[np.searchsorted(-ordered, -ordered, side="right") - 1]
    steps = (happened / at_risk)[::-1]
    cumulative = np.concatenate([[0.0], np.cumsum(steps)])[np.searchsorted(ordered[::-1], grid, side="right")]
    return np.asarray(np.log(np.maximum(cumulative, 0.5 / at_risk[-1])) - top, dtype=np.float64)
