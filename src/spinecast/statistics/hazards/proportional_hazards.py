"""Test of proportional hazards: whether the coefficients of a Cox model drift with time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike
from scipy.special import gammaincc

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.hazards.cox import CoxData, Ties
from spinecast.statistics.survival.follow_up import Integers, check_follow_up, product_limit

__all__ = ["ProportionalHazardsTest", "TermTest", "TimeScale", "proportional_hazards_test"]

TimeScale = Literal["km", "identity", "log", "rank"]


@dataclass(frozen=True)
class TermTest:
    """Score test that the coefficients of some covariates do not change with time."""

    covariates: tuple[int, ...]
    chi2: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True)
class ProportionalHazardsTest:
    """Tests of proportional hazards, term by term and of all together, with what to draw.

    Parameters
    ----------
    terms : tuple of TermTest
        One a term, in the order given.
    overall : TermTest
        All coefficients.
    times : ndarray of shape (d,)
        Event times, one an event.
    scaled_residuals : ndarray of shape (d, p)
        Scaled Schoenfeld residuals plus the coefficients: their smooth over time shows how each coefficient drifts.
    """

    terms: tuple[TermTest, ...]
    overall: TermTest
    times: Floats
    scaled_residuals: Floats


def proportional_hazards_test(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    terms: Sequence[Sequence[int]] | None = None,
    *,
    scale: TimeScale = "km",
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
) -> ProportionalHazardsTest | Absent:
    """Test whether coefficients drift with time (Grambsch & Therneau 1994, Biometrika 81:515).

    It is the score test of adding each covariate of a term times g(t) to the fitted model, with the exact information
    matrix at each event, as R's ``survival::cox.zph`` from version 3.0 on. The scaled residuals are beta plus the
    number of events times the model's covariance times each event's Schoenfeld residual.

    Parameters
    ----------
    time, event, covariates, entry, weights, strata, ties
        As :func:`fit_cox`.
    terms : sequence of sequences of int, optional
        Columns that are tested together, as the indicators of one nominal variable; each alone where not given.
    scale : {"km", "identity", "log", "rank"}
        g(t): one minus the Kaplan-Meier curve just before t, t itself, its logarithm, or its rank among the event
        times.

    Returns
    -------
    ProportionalHazardsTest or Absent
        Absent where the model cannot be fitted.

    Raises
    ------
    ValueError
        As :func:`fit_cox`, if a term names a column that is not there, or for the logarithm of a time of 0.
    """
    data = CoxData.of(time, event, covariates, entry=entry, weights=weights, strata=strata, ties=ties)
    if isinstance(data, Absent):
        return data
    p = data.scale.size
    groups = [(column,) for column in range(p)] if terms is None else [tuple(term) for term in terms]
    if any(not term or min(term) < 0 or max(term) >= p for term in groups):
        raise ValueError(f"every term must name columns from 0 to {p - 1}")
    best = data.fit()
    if isinstance(best, Absent):
        return best
    risk_sets = data.sets
    sets = risk_sets.sets(best.coefficients)
    times = risk_sets.event_times[risk_sets.at]
    # One column of g is enough: centring leaves the test as it is and its matrix better conditioned.
    g = _scaled(times, scale, time, event, entry, weights)
    g = g - g.mean()
    means = np.column_stack([risk_sets.mean_over_ties(column) for column in sets.means.T])
    residuals = risk_sets.covariates[risk_sets.events] - means
    score = (g * risk_sets.weights[risk_sets.events]) @ residuals
    plain, crossed, squared = (risk_sets.information(sets, factor) for factor in (np.ones(g.size), g, g * g))
    scaled = best.coefficients + times.size * residuals @ best.covariance
    return ProportionalHazardsTest(
        tuple(_test(term, score, plain, crossed, squared) for term in groups),
        _test(tuple(range(p)), score, plain, crossed, squared),
        times,
        scaled / data.scale,
    )


def _test(term: tuple[int, ...], score: Floats, plain: Floats, crossed: Floats, squared: Floats) -> TermTest:
    """Return the score test of the term's drifts, the coefficients themselves being estimated."""
    rows = list(term)
    variance = squared[np.ix_(rows, rows)] - crossed[rows] @ np.linalg.solve(plain, crossed[:, rows])
    chi2 = max(0.0, float(score[rows] @ np.linalg.pinv(variance, hermitian=True) @ score[rows]))
    return TermTest(term, chi2, len(rows), float(gammaincc(len(rows) / 2, chi2 / 2)))


def _scaled(
    times: Floats,
    scale: TimeScale,
    time: ArrayLike,
    event: ArrayLike,
    entry: ArrayLike | None,
    weights: ArrayLike | None,
) -> Floats:
    if scale == "identity":
        return times
    if scale == "rank":
        return np.asarray(scipy.stats.rankdata(times), dtype=np.float64)
    if scale == "log":
        if times.min() <= 0:
            raise ValueError("an event at time 0 has no logarithm; use another scale")
        return np.log(times)
    follow_up = check_follow_up(time, event, weights, causes=False)
    at_risk = follow_up.at_risk
    if entry is not None:
        begins = np.asarray(entry, dtype=np.float64)
        order = np.argsort(begins)
        entered = np.concatenate(([0.0], np.cumsum(follow_up.weights[order])))
        # Those who enter at a time or after it are not at risk there.
        outside = entered[-1] - entered[np.searchsorted(begins[order], follow_up.times, side="left")]
        at_risk = at_risk - outside
    before = np.concatenate(([1.0], product_limit(follow_up.ending(), at_risk)))
    steps: Integers = np.searchsorted(follow_up.times, times, side="left").astype(np.intp)
    return 1 - before[steps]
