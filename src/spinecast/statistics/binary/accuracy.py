"""How far predictions lie from outcomes: Brier score, logarithmic loss, discrimination slope."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from spinecast.statistics.foundations.bootstrap import Seed, bootstrap_estimate
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored

__all__ = ["brier", "brier_null", "compare_loss", "discrimination_slope", "log_loss", "scaled_brier"]

Loss = Literal["brier", "log_loss"]


def brier(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Mean squared distance of risk and outcome (Brier 1950, Mon Weather Rev 78:1); smaller is better.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.
    weights : array-like of shape (n,), optional
        Case weights; the interval is then a bootstrap, otherwise the normal interval of a mean.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1] or weights cannot be used.
    """
    scored = check_scored(outcome, risk, weights)
    return _mean_loss(scored, (scored.outcome - scored.score) ** 2, "Brier score", bootstrap, seed)


def brier_null(
    outcome: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Brier score of the prediction that gives everyone the observed proportion: p(1 - p).

    The unweighted interval is by the delta method, SE = abs(1 - 2p) sqrt(p(1 - p)/n).

    Parameters
    ----------
    outcome, weights, bootstrap, seed
        As :func:`brier`.

    Raises
    ------
    ValueError
        As :func:`brier`.
    """
    scored = check_scored(outcome, np.zeros_like(np.asarray(outcome, dtype=np.float64)), weights)

    def statistic(cases: Floats) -> float | None:
        return _null(scored.outcome, cases)

    if scored.weights is not None:
        return bootstrap_estimate(scored, statistic, name="null Brier score", replicates=bootstrap, seed=seed)
    share = scored.prevalence
    influence = (1 - 2 * share) * (scored.outcome - share)
    return _wald(scored, share * (1 - share), influence, "delta method", bounds=(0.0, 0.25))


def scaled_brier(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Share of the null Brier score that the predictions remove: 1 - Brier / Brier null; 1 is perfect, 0 is no use.

    (Steyerberg et al. 2010, Epidemiology 21:128.) The unweighted interval is Wald with the influence function of the
    ratio, -(l_i - B)/B0 + B (1 - 2p)(y_i - p)/B0^2, l_i being the squared error, B its mean, B0 = p(1 - p).

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`brier`.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome.

    Raises
    ------
    ValueError
        As :func:`brier`.
    """
    scored = check_scored(outcome, risk, weights)
    absent = scored.missing_class()
    if absent:
        return absent
    loss = (scored.outcome - scored.score) ** 2

    def statistic(cases: Floats) -> float | None:
        null = _null(scored.outcome, cases)
        return None if not null else 1 - float(np.average(loss, weights=cases)) / null

    if scored.weights is not None:
        return bootstrap_estimate(scored, statistic, name="scaled Brier score", replicates=bootstrap, seed=seed)
    share, mean = scored.prevalence, float(loss.mean())
    null = share * (1 - share)
    influence = -(loss - mean) / null + mean * (1 - 2 * share) * (scored.outcome - share) / null**2
    return _wald(scored, 1 - mean / null, influence, "delta method", bounds=(-math.inf, 1.0))


def log_loss(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Mean negative log-likelihood of the outcomes under the predicted risks, natural logarithm; smaller is better.

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`brier`.

    Returns
    -------
    Estimate or Absent
        Absent when the loss is infinite: a patient had an outcome that was given probability 0.

    Raises
    ------
    ValueError
        As :func:`brier`.
    """
    scored = check_scored(outcome, risk, weights)
    loss = _losses(scored, "log_loss")
    if isinstance(loss, Absent):
        return loss
    return _mean_loss(scored, loss, "logarithmic loss", bootstrap, seed)


def compare_loss(
    outcome: ArrayLike,
    risk: ArrayLike,
    other: ArrayLike,
    loss: Loss,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> Measure:
    """Difference in mean loss of two predictions of the same patients: ``risk`` less ``other``; below 0 is better.

    It is a mean over patients of paired differences, so that its unweighted standard error is that of a mean.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk, other : array-like of shape (n,)
        Predicted probabilities.
    loss : {"brier", "log_loss"}
    weights, bootstrap, seed
        As :func:`brier`.

    Returns
    -------
    Estimate or Absent
        Absent where a loss is infinite.

    Raises
    ------
    ValueError
        As :func:`brier`.
    """
    first, second = check_scored(outcome, risk, weights), check_scored(outcome, other, weights)
    one, two = _losses(first, loss), _losses(second, loss)
    if isinstance(one, Absent):
        return one
    if isinstance(two, Absent):
        return two
    words = "Brier score" if loss == "brier" else "logarithmic loss"
    return _mean_loss(first, one - two, f"paired difference of the {words}", bootstrap, seed, lowest=-math.inf)


def discrimination_slope(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Mean predicted risk of those with the outcome minus that of those without.

    (Yates 1982, Organ Behav Hum Perform 30:132.) The unweighted interval is Wald with the unpooled standard error of a
    difference of two means.

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`brier`.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome.

    Raises
    ------
    ValueError
        As :func:`brier`.
    """
    scored = check_scored(outcome, risk, weights)
    absent = scored.missing_class()
    if absent:
        return absent

    def statistic(cases: Floats) -> float | None:
        with_event, without = cases * scored.outcome, cases * (1 - scored.outcome)
        if not (with_event.any() and without.any()):
            return None
        high, low = np.average(scored.score, weights=with_event), np.average(scored.score, weights=without)
        return float(high - low)

    if scored.weights is not None:
        return bootstrap_estimate(scored, statistic, name="discrimination slope", replicates=bootstrap, seed=seed)
    high, low = scored.score[scored.outcome == 1], scored.score[scored.outcome == 0]
    difference = float(high.mean() - low.mean())
    if min(high.size, low.size) < 2:
        reason = "no interval: fewer than two patients in a class"
        return Estimate(difference, None, None, scored.n, scored.events, reason)
    half = NORMAL_975 * math.sqrt(high.var(ddof=1) / high.size + low.var(ddof=1) / low.size)
    return Estimate(
        difference, difference - half, difference + half, scored.n, scored.events, "Wald, unpooled variance"
    )


def _null(outcome: Floats, cases: Floats) -> float | None:
    total = float(cases.sum())
    if total == 0:
        return None
    share = float(np.sum(cases * outcome)) / total
    return share * (1 - share)


def _losses(scored: Scored, loss: Loss) -> Floats | Absent:
    """Return each patient's loss."""
    if loss == "brier":
        return (scored.outcome - scored.score) ** 2
    likelihood = xlogy(scored.outcome, scored.score) + xlog1py(1 - scored.outcome, -scored.score)
    impossible = int(np.count_nonzero(np.isinf(likelihood) & (scored.case_weights > 0)))
    if impossible:
        return Absent(f"infinite: {impossible} of {scored.n} patients had the outcome that was given probability 0")
    # A patient of weight 0 has a placeholder outcome: it must not turn 0 * infinity into NaN.
    return np.where(np.isinf(likelihood), 0.0, -likelihood)


def _mean_loss(
    scored: Scored, loss: Floats, name: str, replicates: int, seed: Seed, *, lowest: float = 0.0
) -> Estimate:
    def statistic(cases: Floats) -> float | None:
        total = float(cases.sum())
        return None if total == 0 else float(np.sum(cases * loss)) / total

    if scored.weights is not None:
        return bootstrap_estimate(scored, statistic, name=name, replicates=replicates, seed=seed)
    mean = float(loss.mean())
    return _wald(scored, mean, loss - mean, "Wald, standard error of the mean", bounds=(lowest, math.inf))


def _wald(scored: Scored, value: float, influence: Floats, method: str, *, bounds: tuple[float, float]) -> Estimate:
    if scored.n < 2:
        return Estimate(value, None, None, scored.n, scored.events, "no interval: one patient")
    half = NORMAL_975 * float(influence.std(ddof=1)) / math.sqrt(scored.n)
    lower, upper = max(bounds[0], value - half), min(bounds[1], value + half)
    return Estimate(value, lower, upper, scored.n, scored.events, method)
