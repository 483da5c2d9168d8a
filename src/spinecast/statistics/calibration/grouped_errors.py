"""Calibration errors over groups of risk and by lowess: here to be compared with papers that print them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, as_vector, check_scored

__all__ = ["LowessErrors", "expected_calibration_error", "lowess", "lowess_calibration_errors"]

# rms::val.prob: lowess(p, y, iter = 0) with R's defaults.
LOWESS_SPAN = 2 / 3
LOWESS_DELTA = 0.01  # of the range; between fits that far apart the curve is a straight line


@dataclass(frozen=True)
class LowessErrors:
    """Mean, 90th percentile and maximum of the distance of a lowess curve from the risks, over the patients.

    Parameters
    ----------
    e_mean, e90, e_max : float
        ``Eavg``, ``E90`` and ``Emax`` of R's ``rms::val.prob``.
    n : int
        Patients.
    """

    e_mean: float
    e90: float
    e_max: float
    n: int


def expected_calibration_error(
    outcome: ArrayLike, risk: ArrayLike, *, groups: int = 10, by: Literal["quantile", "width"] = "quantile"
) -> float:
    """Mean absolute distance of observed proportion and mean risk over groups, weighted by their size.

    (Naeini, Cooper & Hauskrecht 2015, AAAI 29:2901.) It depends on how patients are grouped and is above 0 for perfect
    risks; the integrated calibration index needs no groups.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.
    groups : int
        Number of groups; empty ones do not count.
    by : {"quantile", "width"}
        Groups of equal size (limits at type-7 quantiles, equal limits merge) or of equal width from 0 to 1; closed on
        the right, the first on both sides.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1] or ``groups`` is less than 1.
    """
    scored = check_scored(outcome, risk)
    if groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}")
    levels = np.linspace(0, 1, groups + 1)
    limits = levels if by == "width" else np.unique(np.quantile(scored.score, levels))
    position = np.searchsorted(limits[1:-1], scored.score, side="left")
    return float(np.abs(np.bincount(position, weights=scored.outcome - scored.score)).sum()) / scored.n


def lowess_calibration_errors(outcome: ArrayLike, risk: ArrayLike) -> LowessErrors | Absent:
    """Compute Eavg, E90 and Emax as R's ``rms::val.prob`` does, with Cleveland's lowess.

    The project's own measures are those of :func:`calibration_errors`, by local quadratic regression, after Austin &
    Steyerberg 2019; these differ by about 0.01 in small cohorts and are here to be compared with printed ones.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.

    Returns
    -------
    LowessErrors or Absent
        Absent with fewer than three distinct risks.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a risk lies outside [0, 1].
    """
    scored = check_scored(outcome, risk)
    distinct = np.unique(scored.score).size
    if distinct < 3:
        return Absent(f"{distinct} distinct predicted risks are too few for a smooth curve")
    order = np.argsort(scored.score, kind="stable")
    sorted_risk = scored.score[order]
    distance = np.abs(lowess(sorted_risk, scored.outcome[order]) - sorted_risk)
    ninetieth = float(np.quantile(distance, 0.9))
    return LowessErrors(float(distance.mean()), ninetieth, float(distance.max()), scored.n)


def lowess(x: ArrayLike, y: ArrayLike, *, span: float = LOWESS_SPAN, delta: float = LOWESS_DELTA) -> Floats:
    """Smooth y over ascending x by local straight lines with tricube weights, without robustness steps.

    (Cleveland 1979, J Am Stat Assoc 74:829.) As R's ``lowess(x, y, f = span, iter = 0, delta = delta * range)``.

    Parameters
    ----------
    x : array-like of shape (n,)
        Ascending.
    y : array-like of shape (n,)
        Data.
    span : float
        Share of the data in each neighbourhood, in (0, 1].
    delta : float
        Fits this share of the range of x apart are joined by straight lines.

    Returns
    -------
    ndarray of shape (n,)
        Fitted values at x.

    Raises
    ------
    ValueError
        If lengths differ, x is not ascending, a value is not finite or the span is not in (0, 1].
    """
    abscissa, ordinate = as_vector(x, "x"), as_vector(y, "y")
    if abscissa.size != ordinate.size or (np.diff(abscissa) < 0).any():
        raise ValueError("x must be ascending and as long as y")
    if not 0 < span <= 1:
        raise ValueError(f"span must lie in (0, 1], not {span:g}")
    # The small addend is R's guard against a product that falls just short of an integer.
    neighbours = max(2, min(abscissa.size, int(span * abscissa.size + 1e-7)))
    at = _fitted_at(abscissa, delta * float(abscissa[-1] - abscissa[0]))
    fits = np.array([_local_line(abscissa, ordinate, point, neighbours) for point in abscissa[at]])
    return np.asarray(np.interp(abscissa, abscissa[at], fits))


def _fitted_at(x: Floats, delta: float) -> NDArray[np.intp]:
    """Return where lowess fits: the first of each run of equal values, as far on as delta allows."""
    chosen = [0]
    while True:
        last = chosen[-1]
        following = int(np.searchsorted(x, x[last], side="right"))
        if following >= x.size:
            return np.array(chosen, dtype=np.intp)
        reach = int(np.searchsorted(x, x[last] + delta, side="right")) - 1
        chosen.append(int(np.searchsorted(x, x[max(following, reach)], side="left")))


def _local_line(x: Floats, y: Floats, point: float, neighbours: int) -> float:
    # The nearest neighbours are a window: it moves right while the point that leaves is farther than the one that
    # enters.
    start = int(np.searchsorted(x[: x.size - neighbours] + x[neighbours:], 2 * point, side="left"))
    width = max(point - x[start], x[start + neighbours - 1] - point)
    if width <= 0:
        return float(y[x == point].mean())
    # As R counts: everything nearer than 0.001 of the width fully, what is farther than 0.999 of it not at all.
    first, last = np.searchsorted(x, [point - width, point + width], side="left")
    span, values = x[first : last + 1], y[first : last + 1]
    distance = np.abs(span - point) / width
    kernel = 1 - distance * distance * distance
    weight = kernel * kernel * kernel
    weight[distance <= 0.001] = 1.0
    weight[distance > 0.999] = 0.0
    weight /= weight.sum()
    centre = float(weight @ span)
    from_centre = span - centre
    spread = float(weight @ (from_centre * from_centre))
    if np.sqrt(spread) <= 0.001 * float(x[-1] - x[0]):
        return float(weight @ values)
    return float(weight @ values + (point - centre) * (weight @ (from_centre * values)) / spread)
