"""Flexible calibration: the smooth curve of observed against predicted risk and the distances drawn from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.bootstrap import Seed, percentile_interval, resampled_counts
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored
from spinecast.statistics.foundations.loess import SPAN, Smoother

__all__ = ["CalibrationCurve", "CalibrationErrors", "calibration_errors", "flexible_calibration"]

# Up to here every patient gets a local fit of their own; above, fits on a grid are interpolated.
EXACT_LIMIT = 5000
SMOOTHER = f"local quadratic regression (loess, span {SPAN:g})"
DISTANCE_INTERVAL = (
    "bootstrap over patients, {replicates} resamples: upper limit by percentile, lower limit reflected at the "
    "estimate, 0 where chance alone gives as much"
)


@dataclass(frozen=True)
class CalibrationCurve:
    """A smooth calibration curve with a pointwise 95 % band.

    Parameters
    ----------
    predicted : tuple of float
        Risks at which the curve is evaluated, ascending.
    observed : tuple of float
        Smoothed observed proportion at each, limited to [0, 1].
    lower, upper : tuple of float or None
        The band, limited to [0, 1]; None when it was not asked for.
    method : str
        How curve and band were computed.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    lower: tuple[float, ...] | None
    upper: tuple[float, ...] | None
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON-ready values."""
        return {
            "predicted": list(self.predicted),
            "observed": list(self.observed),
            "lower": None if self.lower is None else list(self.lower),
            "upper": None if self.upper is None else list(self.upper),
            "method": self.method,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> CalibrationCurve:
        """Rebuild a curve from :meth:`to_dict`."""
        return cls(
            predicted=tuple(value["predicted"]),
            observed=tuple(value["observed"]),
            lower=None if value["lower"] is None else tuple(value["lower"]),
            upper=None if value["upper"] is None else tuple(value["upper"]),
            method=value["method"],
        )


@dataclass(frozen=True)
class CalibrationErrors:
    """Distances between the smooth calibration curve and the predictions, over the patients.

    Parameters
    ----------
    ici : Estimate or Absent
        Integrated calibration index, the mean absolute distance.
    e50, e90, e_max : Estimate or Absent
        Median, 90th percentile and maximum of the absolute distance.
    """

    ici: Measure
    e50: Measure
    e90: Measure
    e_max: Measure


def flexible_calibration(
    outcome: ArrayLike,
    risk: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    points: int = 101,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> CalibrationCurve | Absent:
    """Smooth the outcome over the predicted risk, at evenly spaced risks from the smallest to the largest.

    Unweighted, the band is normal with the variance of a linear smoother, sum_i L_i(p)^2 m_i (1 - m_i): L(p) is the
    row of the smoother that yields the fit at p (Cleveland & Devlin 1988, J Am Stat Assoc 83:596) and m_i the fitted
    proportion at patient i, limited to [0, 1], since an outcome of 0 or 1 has the variance m(1 - m). With weights the
    band is a percentile bootstrap over patients. Either way it covers sampling error and not the smoother's bias.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.
    weights : array-like of shape (n,), optional
        Case weights.
    points : int
        Length of the curve.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Returns
    -------
    CalibrationCurve or Absent
        Absent when all patients have the same outcome, or fewer than three distinct risks.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1] or weights cannot be used.
    """
    scored = check_scored(outcome, risk, weights)
    absent = _too_little(scored)
    if absent:
        return absent
    data = _Sorted.of(scored)
    at = np.linspace(data.risk[0], data.risk[-1], points)
    smoother = Smoother(data.risk, data.weights)
    band: tuple[Floats, Floats] | None
    if weights is None:
        (observed, band), how = _normal_band(data, smoother, at), "pointwise normal band with local binomial variance"
    else:
        observed = smoother.fit(data.outcome, at)
        band = _percentile_band(scored, at, bootstrap, seed)
        how = f"weighted; pointwise percentile bootstrap band, {bootstrap} resamples"
    return CalibrationCurve(
        predicted=tuple(at.tolist()),
        observed=_as_proportions(observed),
        lower=None if band is None else _as_proportions(band[0]),
        upper=None if band is None else _as_proportions(band[1]),
        method=f"{SMOOTHER}; {how if band is not None else 'no band asked for'}",
    )


def calibration_errors(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> CalibrationErrors | Absent:
    """Integrated calibration index and its companions E50, E90 and Emax (Austin & Steyerberg 2019, Stat Med 38:4051).

    The point estimates are exact, one local fit a patient, for up to 5000 patients. Above that, and in every bootstrap
    resample, fits at about 100 risks (half of them quantiles, half evenly spaced) are interpolated linearly.

    A distance has no sign: it is above 0 even for a perfectly calibrated model, and resampling adds to it again, so
    that percentiles of the resamples lie above the truth and may leave out their own estimate. The interval is
    therefore put together from what the resamples do tell. Its upper limit is their 97.5 % point (never below the
    estimate). Its lower limit is that point reflected at the estimate, which takes off what resampling added (the basic
    bootstrap: Davison & Hinkley 1997, Bootstrap Methods, 5.2), or 0 where the estimate is no larger than the 97.5 %
    point of what chance alone gives: the distance of each resampled curve from the curve of all patients instead of
    from the diagonal (Hall & Wilson 1991, Biometrics 47:757: resample as if the hypothesis held).

    Parameters
    ----------
    outcome, risk, weights
        As :func:`flexible_calibration`. With weights both the smoother and the mean and quantiles are weighted.
    bootstrap : int
        Number of resamples; 0 for no intervals.
    seed : int or numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    CalibrationErrors or Absent
        Absent when all patients have the same outcome, or fewer than three distinct risks.

    Raises
    ------
    ValueError
        As :func:`flexible_calibration`.
    """
    scored = check_scored(outcome, risk, weights)
    absent = _too_little(scored)
    if absent:
        return absent
    data = _Sorted.of(scored)
    exact = data.risk.size <= EXACT_LIMIT
    fitted = _fitted(data, np.unique(data.risk) if exact else _grid(data.risk))
    point = _summaries(data, fitted - data.risk)
    drawn, chance = [], []
    for one in _resamples(scored, bootstrap, seed):
        again = _fitted(one, _grid(one.risk))
        drawn.append(_summaries(one, again - one.risk))
        chance.append(_summaries(one, again - np.interp(one.risk, data.risk, fitted)))
    words = ", ".join(
        (SMOOTHER, *([] if exact else ["interpolated on a grid"]), *(["weighted"] if weights is not None else []))
    )
    estimates = []
    for position, value in enumerate(point):
        lower, upper, how = _distance_interval(
            value, [one[position] for one in drawn], [one[position] for one in chance], bootstrap
        )
        estimates.append(Estimate(value, lower, upper, scored.n, scored.events, f"{words}; {how}"))
    ici, e50, e90, e_max = estimates
    return CalibrationErrors(ici, e50, e90, e_max)


@dataclass(frozen=True)
class _Sorted:
    """Patients with a known outcome in the order of their predicted risk."""

    risk: Floats
    outcome: Floats
    weights: Floats
    equal_weights: bool

    @classmethod
    def of(cls, scored: Scored) -> _Sorted:
        order = np.argsort(scored.score, kind="stable")
        cases = scored.case_weights[order]
        keep = cases > 0
        return cls(scored.score[order][keep], scored.outcome[order][keep], cases[keep], scored.weights is None)


def _resamples(scored: Scored, replicates: int, seed: Seed) -> Iterator[_Sorted]:
    """Yield resampled patients, already sorted: repeating sorted patients keeps them sorted."""
    order = np.argsort(scored.score, kind="stable")
    risk, outcome, cases = scored.score[order], scored.outcome[order], scored.case_weights[order]
    for counts in resampled_counts(scored.n, replicates, seed):
        rows = np.repeat(np.arange(scored.n), np.where(cases > 0, counts, 0))
        if rows.size >= 4:
            yield _Sorted(risk[rows], outcome[rows], cases[rows], scored.weights is None)


def _too_little(scored: Scored) -> Absent | None:
    absent = scored.missing_class()
    if absent:
        return absent
    known = scored.score[scored.case_weights > 0]
    distinct = np.unique(known).size
    if distinct < 3 or known.size < 4:
        return Absent(f"{known.size} patients with {distinct} distinct predicted risks are too few for a smooth curve")
    return None


def _grid(risk: Floats) -> Floats:
    """Return about 100 risks: half follow the patients, half span the range where patients are few."""
    quantiles = risk[np.linspace(0, risk.size - 1, 51).round().astype(np.intp)]
    return np.unique(np.concatenate((quantiles, np.linspace(risk[0], risk[-1], 51))))


def _fitted(data: _Sorted, at: Floats) -> Floats:
    """Return the smoothed observed proportion at every patient's risk, interpolated between fits at ``at``."""
    return np.interp(data.risk, at, Smoother(data.risk, data.weights).fit(data.outcome, at))


def _summaries(data: _Sorted, difference: Floats) -> tuple[float, float, float, float]:
    distance = np.abs(difference)
    if data.equal_weights:
        median, ninetieth = np.quantile(distance, (0.5, 0.9))
        return float(distance.mean()), float(median), float(ninetieth), float(distance.max())
    median, ninetieth = _weighted_quantiles(distance, data.weights, (0.5, 0.9))
    return float(np.average(distance, weights=data.weights)), median, ninetieth, float(distance.max())


def _distance_interval(
    estimate: float, drawn: list[float], chance: list[float], replicates: int
) -> tuple[float | None, float | None, str]:
    """Return lower limit, upper limit and their description; see :func:`calibration_errors`."""
    resampled, by_chance = percentile_interval(drawn, replicates), percentile_interval(chance, replicates)
    if resampled.upper is None or by_chance.upper is None:
        return None, None, resampled.description
    upper = max(estimate, resampled.upper)
    lower = 0.0 if estimate <= by_chance.upper else max(0.0, 2 * estimate - upper)
    return lower, upper, DISTANCE_INTERVAL.format(replicates=replicates)


def _weighted_quantiles(values: Floats, weights: Floats, levels: tuple[float, float]) -> tuple[float, float]:
    """Interpolated quantiles that are the usual ones (type 7) when all weights are equal."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    position = (cumulative - cumulative[0]) / (cumulative[-1] - cumulative[0])
    low, high = np.interp(levels, position, values[order])
    return float(low), float(high)


def _normal_band(data: _Sorted, smoother: Smoother, at: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    grid = _grid(data.risk)
    smoothed = np.interp(data.risk, grid, np.clip(smoother.fit(data.outcome, grid), 0, 1))
    observed, variance = smoother.fit_with_variance(data.outcome, smoothed * (1 - smoothed), at)
    half = NORMAL_975 * np.sqrt(variance)
    return observed, (observed - half, observed + half)


def _percentile_band(scored: Scored, at: Floats, replicates: int, seed: Seed) -> tuple[Floats, Floats] | None:
    curves = [Smoother(one.risk, one.weights).fit(one.outcome, at) for one in _resamples(scored, replicates, seed)]
    if len(curves) < 2:
        return None
    lower, upper = np.quantile(np.array(curves), (0.025, 0.975), axis=0)
    return lower, upper


def _as_proportions(values: Floats) -> tuple[float, ...]:
    return tuple(np.clip(values, 0.0, 1.0).tolist())
