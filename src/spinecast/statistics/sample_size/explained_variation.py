"""What an R2 of a model for a binary or a survival outcome can be, and how it follows from other measures."""

from __future__ import annotations

import math

import numpy as np
import scipy  # a part of it is loaded when it is used
from scipy.special import log_expit, logit, ndtri

from spinecast.statistics.foundations.inputs import Floats

__all__ = [
    "c_statistic_from_cox_snell",
    "cox_snell_from_c_statistic",
    "cox_snell_from_nagelkerke",
    "largest_cox_snell_r2",
    "largest_cox_snell_r2_survival",
]

# Nodes of the trapezoid rule on a smooth density that has vanished at both ends: exact to rounding.
NODES = 4001
REACH = 12.0


def largest_cox_snell_r2(proportion: float) -> float:
    """Largest Cox-Snell R2 a model of a binary outcome can have, 1 - exp(2 l0) with l0 = p log p + (1 - p) log(1 - p).

    (Riley et al. 2019, Stat Med 38:1276, eq. 23.)

    Parameters
    ----------
    proportion : float
        Proportion p with the outcome, strictly between 0 and 1.

    Raises
    ------
    ValueError
        If the proportion is out of range.
    """
    _check_proportion(proportion)
    return -math.expm1(2 * (proportion * math.log(proportion) + (1 - proportion) * math.log1p(-proportion)))


def largest_cox_snell_r2_survival(events_per_person: float) -> float:
    """Largest Cox-Snell R2 a model of a time-to-event outcome can have, 1 - exp(2 l0) with l0 = e log e - e.

    The null model is exponential, with the mean follow-up as unit of time, so that it does not depend on the unit in
    which times are given (Riley et al. 2020, BMJ 368:m441; R's ``pmsampsize`` from version 1.0.2).

    Parameters
    ----------
    events_per_person : float
        Event rate times mean follow-up, e: above 0 and at most 1, since a person has the event once.

    Raises
    ------
    ValueError
        If it is out of range.
    """
    if not 0 < events_per_person <= 1:
        raise ValueError(
            f"the rate times the mean follow-up, events a person, must lie in (0, 1], not {events_per_person:g}"
        )
    return -math.expm1(2 * (events_per_person * math.log(events_per_person) - events_per_person))


def cox_snell_from_nagelkerke(nagelkerke: float, largest: float) -> float:
    """Cox-Snell R2 from Nagelkerke's and the largest value it can have (Nagelkerke 1991, Biometrika 78:691).

    Parameters
    ----------
    nagelkerke : float
        Strictly between 0 and 1.
    largest : float
        Largest Cox-Snell R2 at the outcome's frequency.

    Raises
    ------
    ValueError
        If Nagelkerke's R2 is out of range.
    """
    if not 0 < nagelkerke < 1:
        raise ValueError(f"Nagelkerke's R2 must lie strictly between 0 and 1, not {nagelkerke:g}")
    return nagelkerke * largest


def cox_snell_from_c_statistic(c_statistic: float, proportion: float) -> float:
    """Cox-Snell R2 that goes with a C statistic where the linear predictor is normal with and without the outcome.

    With equal variances in the two classes C fixes their distance, d = sqrt(2) Phi^-1(C), and Bayes' theorem the risk
    at each linear predictor, so that the expected likelihood is an integral. Riley, Van Calster & Collins (2021, Stat
    Med 40:859) find it by simulating a million patients; this is what their simulation tends to.

    Parameters
    ----------
    c_statistic : float
        Above 0.5 and below 1.
    proportion : float
        Proportion with the outcome, strictly between 0 and 1.

    Raises
    ------
    ValueError
        If either is out of range.
    """
    if not 0.5 < c_statistic < 1:
        raise ValueError(f"the C statistic must lie strictly between 0.5 and 1, not {c_statistic:g}")
    _check_proportion(proportion)
    distance = math.sqrt(2) * float(ndtri(c_statistic))
    z = np.linspace(-REACH, REACH, NODES)
    density = np.exp(-(z**2) / 2)
    density /= density.sum()
    shift = float(logit(proportion)) - distance**2 / 2

    def expected(at: Floats, sign: float) -> float:
        return float(density @ log_expit(sign * (shift + distance * at)))

    fitted = proportion * expected(z + distance, 1.0) + (1 - proportion) * expected(z, -1.0)
    null = proportion * math.log(proportion) + (1 - proportion) * math.log1p(-proportion)
    return -math.expm1(-2 * (fitted - null))


def c_statistic_from_cox_snell(cox_snell: float, proportion: float) -> float:
    """C statistic that goes with a Cox-Snell R2, under the assumptions of :func:`cox_snell_from_c_statistic`.

    Raises
    ------
    ValueError
        If the R2 is not above 0 and below the largest it can be with this proportion.
    """
    largest = largest_cox_snell_r2(proportion)
    if not 0 < cox_snell < largest:
        raise ValueError(
            f"a Cox-Snell R2 must lie above 0 and, with a proportion of {proportion:g}, below {largest:.4g}, "
            f"not {cox_snell:g}"
        )
    nearest, farthest = 0.5 + 1e-9, 1 - 1e-9

    def excess(c_statistic: float) -> float:
        return cox_snell_from_c_statistic(c_statistic, proportion) - cox_snell

    if excess(farthest) <= 0:
        return 1.0
    return nearest if excess(nearest) >= 0 else float(scipy.optimize.brentq(excess, nearest, farthest, xtol=1e-10))


def _check_proportion(proportion: float) -> None:
    if not 0 < proportion < 1:
        raise ValueError(f"the proportion with the outcome must lie strictly between 0 and 1, not {proportion:g}")
