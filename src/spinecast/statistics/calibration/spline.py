"""Calibration curve by a restricted cubic spline, with a pointwise and a simultaneous band and a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit

from spinecast.statistics.calibration.flexible import CalibrationErrors, _distance_interval, _weighted_quantiles
from spinecast.statistics.calibration.significance import CalibrationTest
from spinecast.statistics.foundations.bootstrap import Seed, resampled_counts
from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored
from spinecast.statistics.foundations.logistic_regression import LogisticRegression, fit_logistic_regression
from spinecast.statistics.foundations.logistic_resamples import RESAMPLED_TOGETHER, logistic_regressions
from spinecast.statistics.foundations.splines import knot_positions, restricted_cubic_basis

__all__ = ["SplineCalibration", "spline_calibration"]

SIMULTANEOUS_DRAWS = 10_000


@dataclass(frozen=True)
class SplineCalibration:
    """A smooth calibration curve on the log-odds scale with two 95 % bands.

    Parameters
    ----------
    predicted : tuple of float
        Risks at which the curve is evaluated, ascending, evenly spaced on the log-odds scale.
    observed : tuple of float
        Smoothed observed proportion at each.
    lower, upper : tuple of float
        Pointwise band: at each risk by itself it covers with 95 %.
    band_lower, band_upper : tuple of float
        Simultaneous band: it covers the whole curve at once with 95 %. A diagonal that leaves it is a miscalibration
        that can be pointed at.
    errors : CalibrationErrors
        ICI, E50, E90 and Emax of this curve.
    knots : tuple of float
        Log-odds at which the spline has its knots.
    test : CalibrationTest or Absent
        Likelihood ratio of the spline against the risks as given.
    method : str
        How curve and bands were computed.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    band_lower: tuple[float, ...]
    band_upper: tuple[float, ...]
    errors: CalibrationErrors
    knots: tuple[float, ...]
    test: CalibrationTest | Absent
    method: str

    @property
    def outside_band(self) -> tuple[tuple[float, float], ...]:
        """Ranges of risk at which the simultaneous band leaves out the diagonal: ends on the grid of ``predicted``."""
        inside = [
            low <= risk <= high
            for risk, low, high in zip(self.predicted, self.band_lower, self.band_upper, strict=True)
        ]
        ranges: list[tuple[float, float]] = []
        for position, (risk, held) in enumerate(zip(self.predicted, inside, strict=True)):
            if held:
                continue
            begins = position == 0 or inside[position - 1]
            ranges = [*ranges, (risk, risk)] if begins else [*ranges[:-1], (ranges[-1][0], risk)]
        return tuple(ranges)

    def to_dict(self) -> dict[str, Any]:
        """Return curve, bands, errors and test as JSON-ready values."""
        errors: Mapping[str, Any] = {
            name: getattr(self.errors, name).to_dict() for name in ("ici", "e50", "e90", "e_max")
        }
        return {
            "predicted": list(self.predicted),
            "observed": list(self.observed),
            "lower": list(self.lower),
            "upper": list(self.upper),
            "band_lower": list(self.band_lower),
            "band_upper": list(self.band_upper),
            "outside_band": [list(one) for one in self.outside_band],
            **errors,
            "knots": list(self.knots),
            "test": self.test.to_dict(),
            "method": self.method,
        }


def spline_calibration(
    outcome: ArrayLike,
    risk: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    knots: int = 5,
    points: int = 101,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> SplineCalibration | Absent:
    """Fit the outcome's log-odds as a restricted cubic spline of the predicted log-odds.

    (Harrell, Regression Modeling Strategies, 2nd ed. 2015, 10.9; Van Calster et al. 2016, J Clin Epidemiol 74:167.) The
    pointwise band is Wald's on the log-odds scale. The simultaneous one takes, instead of 1.96, the 95 % point of the
    largest standardised distance over the curve among normal draws of the coefficients (Liu 2010, Simultaneous
    Inference in Regression, 3.2), so that no correction for looking at many risks is needed. With weights the
    covariance is the sandwich, weights held fixed. Intervals of the errors are those of :func:`calibration_errors`.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities, strictly between 0 and 1.
    weights : array-like of shape (n,), optional
        Case weights.
    knots : int
        3, 4 or 5, at Harrell's quantiles of the predicted log-odds.
    points : int
        Length of the curve.
    bootstrap : int
        Resamples behind the intervals of the errors; 0 for none.
    seed : int or numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    SplineCalibration or Absent
        Absent when all patients have the same outcome, a risk is 0 or 1, the risks are too few or too tied for the
        knots, or they separate the outcomes.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1], weights cannot be used, or the
        number of knots is another.
    """
    scored = check_scored(outcome, risk, weights)
    log_odds = scored.log_odds()
    if isinstance(log_odds, Absent):
        return log_odds
    known = log_odds[scored.case_weights > 0]
    positions = knot_positions(known, knots)
    if positions is None:
        return Absent(f"the predicted risks are too tied for {knots} knots at their quantiles")
    basis = restricted_cubic_basis(log_odds, positions)
    model = fit_logistic_regression(scored.outcome, basis, scored.weights)
    if isinstance(model, Absent):
        return model
    generator = np.random.default_rng(seed)
    grid = np.linspace(known.min(), known.max(), points)
    covariance = model.covariance if scored.weights is None else _sandwich(model, basis, scored)
    at = restricted_cubic_basis(grid, positions)
    centre, pointwise = model.log_odds(at), _spread(at, covariance)
    wide = _simultaneous_factor(at, covariance, generator) * pointwise
    words = f"restricted cubic spline of the log-odds, {knots} knots{'' if weights is None else ', weighted'}"
    return SplineCalibration(
        predicted=tuple(expit(grid).tolist()),
        observed=tuple(expit(centre).tolist()),
        lower=tuple(expit(centre - NORMAL_975 * pointwise).tolist()),
        upper=tuple(expit(centre + NORMAL_975 * pointwise).tolist()),
        band_lower=tuple(expit(centre - wide).tolist()),
        band_upper=tuple(expit(centre + wide).tolist()),
        errors=_errors(scored, basis, model, words, bootstrap, generator),
        knots=tuple(positions.tolist()),
        test=_test(scored, model, log_odds),
        method=f"{words}; pointwise Wald band and simultaneous band of the largest distance",
    )


def _spread(at: Floats, covariance: Floats) -> Floats:
    design = np.column_stack((np.ones(at.shape[0]), at))
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design)))


def _simultaneous_factor(at: Floats, covariance: Floats, generator: np.random.Generator) -> float:
    design = np.column_stack((np.ones(at.shape[0]), at))
    drawn = generator.multivariate_normal(np.zeros(design.shape[1]), covariance, SIMULTANEOUS_DRAWS, method="cholesky")
    distance = np.abs(drawn @ design.T) / _spread(at, covariance)
    return float(np.quantile(distance.max(axis=1), 0.95))


def _sandwich(model: LogisticRegression, basis: Floats, scored: Scored) -> Floats:
    design = np.column_stack((np.ones(scored.n), basis))
    score = design * (scored.case_weights * (scored.outcome - expit(model.log_odds(basis))))[:, None]
    return np.asarray(model.covariance @ (score.T @ score) @ model.covariance)


def _test(scored: Scored, model: LogisticRegression, log_odds: Floats) -> CalibrationTest | Absent:
    if scored.weights is not None:
        return Absent("a likelihood ratio has no known distribution with case weights")
    given = float(-np.sum(np.logaddexp(0, np.where(scored.outcome == 1, -log_odds, log_odds))))
    statistic, degrees = max(0.0, 2 * (model.log_likelihood - given)), int(model.coefficients.size)
    p_value = float(chdtrc(degrees, statistic))
    return CalibrationTest("likelihood ratio of the spline", statistic, degrees, p_value, scored.n, scored.events)


def _errors(
    scored: Scored,
    basis: Floats,
    model: LogisticRegression,
    words: str,
    replicates: int,
    generator: np.random.Generator,
) -> CalibrationErrors:
    cases, smooth = scored.case_weights, expit(model.log_odds(basis))
    point = _summaries(smooth - scored.score, cases)
    drawn, chance = [], []
    for cases_of in _blocks(resampled_counts(scored.n, replicates, generator), cases):
        events, others = cases_of * scored.outcome, cases_of * (1 - scored.outcome)
        fitted = logistic_regressions(basis, events, others, model.coefficients)
        for coefficients, again in zip(fitted, cases_of, strict=True):
            if np.isnan(coefficients[0]):
                continue
            curve = expit(coefficients[0] + basis @ coefficients[1:])
            drawn.append(_summaries(curve - scored.score, again))
            chance.append(_summaries(curve - smooth, again))
    estimates = []
    for position, value in enumerate(point):
        lower, upper, how = _distance_interval(
            value, [one[position] for one in drawn], [one[position] for one in chance], replicates
        )
        estimates.append(Estimate(value, lower, upper, scored.n, scored.events, f"{words}; {how}"))
    return CalibrationErrors(*estimates)


def _blocks(counts: Iterator[NDArray[np.intp]], cases: Floats) -> Iterator[Floats]:
    """Yield case weights of resamples by blocks, one resample a row."""
    while block := list(islice(counts, max(1, RESAMPLED_TOGETHER // cases.size))):
        yield cases * np.array(block)


def _summaries(difference: Floats, cases: Floats) -> tuple[float, float, float, float]:
    held = cases > 0
    distance, mass = np.abs(difference[held]), cases[held]
    if (mass == 1).all():
        median, ninetieth = (float(value) for value in np.quantile(distance, (0.5, 0.9)))
    else:
        median, ninetieth = _weighted_quantiles(distance, mass, (0.5, 0.9))
    return float(np.average(distance, weights=mass)), median, ninetieth, float(distance.max())
