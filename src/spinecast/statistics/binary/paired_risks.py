"""How far two risks of the same patients lie apart, whatever happened to them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, as_vector, check_thresholds
from spinecast.statistics.foundations.proportions import proportion

__all__ = ["RiskAgreement", "changed_side", "risk_agreement"]


@dataclass(frozen=True)
class RiskAgreement:
    """Agreement of two risks of the same patients, first less second.

    Parameters
    ----------
    mean_difference : Estimate
        By how much the first is higher on average.
    lower_limit, upper_limit : Estimate
        Limits of agreement: 95 % of patients differ by something between, if differences are normal.
    mean_absolute_difference : Estimate
    absolute_difference_median, absolute_difference_90th : float
        Half, and nine tenths, of the patients have a smaller one.
    """

    mean_difference: Estimate
    lower_limit: Estimate
    upper_limit: Estimate
    mean_absolute_difference: Estimate
    absolute_difference_median: float
    absolute_difference_90th: float

    def to_dict(self) -> dict[str, Any]:
        """Return the agreement as JSON-ready values."""
        return {
            "mean_difference": self.mean_difference.to_dict(),
            "lower_limit": self.lower_limit.to_dict(),
            "upper_limit": self.upper_limit.to_dict(),
            "mean_absolute_difference": self.mean_absolute_difference.to_dict(),
            "absolute_difference_median": self.absolute_difference_median,
            "absolute_difference_90th": self.absolute_difference_90th,
        }


def risk_agreement(risk: ArrayLike, other: ArrayLike) -> RiskAgreement:
    """Measure how two risks of the same patients agree.

    Mean difference and limits of agreement after Bland & Altman (1986, Lancet 327:307), the variance of a limit
    s^2 (1/n + z^2/(2(n - 1))) (Bland & Altman 1999, Stat Methods Med Res 8:135), z = 1.96. The mean absolute
    difference is, between models that differ only by who was among their patients, the mean absolute prediction error
    of an instability plot (Riley & Collins 2023, Biom J 65:2200302).

    Parameters
    ----------
    risk, other : array-like of shape (n,)
        Predicted probabilities of n patients, in the same order.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than two patients, or a value is no probability.
    """
    first, second = _pair(risk, other)
    if first.size < 2:
        raise ValueError("agreement needs two patients or more")
    difference = first - second
    n, mean, spread = difference.size, float(difference.mean()), float(difference.std(ddof=1))
    error = spread * math.sqrt(1 / n + NORMAL_975**2 / (2 * (n - 1)))
    distance = np.abs(difference)
    return RiskAgreement(
        mean_difference=_around(mean, spread / math.sqrt(n), n, "Wald, standard error of the mean"),
        lower_limit=_around(mean - NORMAL_975 * spread, error, n, "Bland & Altman 1999"),
        upper_limit=_around(mean + NORMAL_975 * spread, error, n, "Bland & Altman 1999"),
        mean_absolute_difference=_around(
            float(distance.mean()),
            float(distance.std(ddof=1)) / math.sqrt(n),
            n,
            "Wald, standard error of the mean",
            lowest=0.0,
        ),
        absolute_difference_median=float(np.median(distance)),
        absolute_difference_90th=float(np.quantile(distance, 0.9)),
    )


def changed_side(risk: ArrayLike, other: ArrayLike, threshold: float) -> Measure:
    """Share of patients whom one of two risks puts at or above a threshold and the other below it.

    Between models that differ only by who was among their patients it is the classification instability index at that
    threshold (Riley & Collins 2023).

    Parameters
    ----------
    risk, other : array-like of shape (n,)
        Predicted probabilities of n patients, in the same order.
    threshold : float
        Strictly between 0 and 1.

    Returns
    -------
    Estimate or Absent
        With Wilson's interval.

    Raises
    ------
    ValueError
        If lengths differ, a value is no probability or the threshold is out of range.
    """
    first, second = _pair(risk, other)
    level = float(check_thresholds(threshold)[0])
    changed = int(np.count_nonzero((first >= level) != (second >= level)))
    return proportion(changed, first.size, events=None, empty="no patients")


def _pair(risk: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    first, second = as_vector(risk, "risk"), as_vector(other, "other")
    if first.shape != second.shape:
        raise ValueError(f"risk has {first.size} values, other has {second.size}")
    if min(first.min(), second.min()) < 0 or max(first.max(), second.max()) > 1:
        raise ValueError("a risk lies between 0 and 1")
    return first, second


def _around(value: float, error: float, n: int, method: str, *, lowest: float = -math.inf) -> Estimate:
    half = NORMAL_975 * error
    return Estimate(value, max(lowest, value - half), value + half, n, None, method)
