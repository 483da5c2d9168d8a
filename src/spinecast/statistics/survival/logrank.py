"""The log-rank test of equal survival in two or more groups, with strata and Fleming-Harrington weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincc

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.follow_up import Integers, check_follow_up, product_limit

__all__ = ["GroupTest", "check_labels", "group_test", "log_rank"]


@dataclass(frozen=True)
class GroupTest:
    """A test that groups do not differ.

    Parameters
    ----------
    chi2, degrees_of_freedom, p_value
        Statistic, its degrees of freedom and its two-sided p-value.
    groups : tuple
        The groups, in ascending order.
    observed, expected : tuple of float
        Events of each group, and those expected were the groups alike; weighted where the test is.
    n, events : int
        Patients, and those with the event.
    method : str
        What was computed.
    """

    chi2: float
    degrees_of_freedom: int
    p_value: float
    groups: tuple[Any, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    n: int
    events: int
    method: str


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    strata: ArrayLike | None = None,
    *,
    rho: float = 0.0,
    gamma: float = 0.0,
) -> GroupTest | Absent:
    """Test that groups have the same survival.

    (Mantel 1966, Cancer Chemother Rep 50:163; Peto & Peto 1972, J R Stat Soc A 135:185.) At each event time the events
    d are compared with those expected if they fell on the groups as the patients at risk do, Y_g/Y each; the variance
    is that of the (multivariate) hypergeometric distribution, d (Y - d)/(Y - 1) Y_g/Y (1 - Y_g/Y). Strata are summed
    (every patient is compared with those of the same stratum only). Weights S(t-)^rho (1 - S(t-))^gamma make it the
    test of Harrington & Fleming (1982, Biometrika 69:553; with gamma, Fleming & Harrington 1991, Counting Processes and
    Survival Analysis): ``rho = 1`` is Peto-Peto's Wilcoxon and stresses early differences, ``gamma = 1`` late ones.
    With ``gamma = 0`` the numbers are those of R's ``survival::survdiff``.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    group : array-like of shape (n,)
        The group of each patient: numbers or words.
    strata : array-like of shape (n,), optional
        The stratum of each patient.
    rho, gamma : float
        Exponents of the weights, not negative; 0 and 0 for the log-rank test.

    Returns
    -------
    GroupTest or Absent
        Absent when fewer than two groups were ever at risk of an event, or the test has no variance.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1 or an exponent is negative.
    """
    follow_up = check_follow_up(time, event, causes=False)
    if min(rho, gamma) < 0:
        raise ValueError("rho and gamma must not be negative")
    groups, member = check_labels(group, "group", follow_up.n)
    _, stratum = check_labels(np.zeros(follow_up.n) if strata is None else strata, "strata", follow_up.n)
    size = groups.size
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for number in range(stratum.max() + 1):
        rows = stratum == number
        one = _stratum(follow_up.time[rows], follow_up.event[rows], member[rows], size, (rho, gamma))
        observed, expected, variance = observed + one[0], expected + one[1], variance + one[2]
    name = "log-rank test" if rho == gamma == 0 else f"Fleming-Harrington test, rho {rho:g}, gamma {gamma:g}"
    method = name if strata is None else f"{name}, {stratum.max() + 1} strata"
    return group_test(groups, observed, expected, variance, n=follow_up.n, events=follow_up.count(1), method=method)


def group_test(
    groups: Any, observed: Floats, expected: Floats, variance: Floats, *, n: int, events: int, method: str
) -> GroupTest | Absent:
    """Return the quadratic form of observed minus expected, over the groups that were at risk of an event."""
    compared = np.flatnonzero(expected > 0)
    if compared.size < 2:
        return Absent(
            f"events were possible in {compared.size} group{'' if compared.size == 1 else 's'}: two are needed"
        )
    kept = compared[1:]
    score, matrix = (observed - expected)[kept], variance[np.ix_(kept, kept)]
    scale = np.sqrt(np.diag(matrix))
    if not (scale > 0).all() or np.linalg.cond(matrix / np.outer(scale, scale)) > 1e12:
        return Absent("the test has no variance: at each event time a single group was at risk")
    chi2 = float(score @ np.linalg.solve(matrix, score))
    return GroupTest(
        chi2,
        int(kept.size),
        float(gammaincc(kept.size / 2, chi2 / 2)),
        tuple(groups.tolist()),
        tuple(observed.tolist()),
        tuple(expected.tolist()),
        n,
        events,
        method,
    )


def check_labels(labels: ArrayLike, name: str, n: int) -> tuple[Any, Integers]:
    """Return the distinct labels in order and the number of each patient's own.

    Raises
    ------
    ValueError
        If there is not one label a patient, or a label is missing (NaN).
    """
    values = np.asarray(labels)
    if values.shape != (n,):
        raise ValueError(f"{name} must hold one label for each of {n} patients, not be of shape {values.shape}")
    missing = 0
    if values.dtype.kind == "f":
        missing = int(np.isnan(values).sum())
    elif values.dtype.kind == "O":
        # Of all labels only NaN does not equal itself.
        missing = sum(value is None or value != value for value in values.tolist())
    if missing:
        raise ValueError(f"{name} holds {missing} missing labels")
    distinct, position = np.unique(values, return_inverse=True)
    return distinct, position.astype(np.intp)


def _stratum(
    time: Floats, event: Integers, member: Integers, size: int, exponents: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Return weighted observed and expected events of each group and the variance of their difference."""
    follow_up = check_follow_up(time, event)
    k = follow_up.times.size
    cell = follow_up.position * size + member
    leaving = np.bincount(cell, minlength=k * size).reshape(k, size)
    happened = np.bincount(cell, weights=event, minlength=k * size).reshape(k, size)
    events, at_risk = follow_up.ending(), follow_up.at_risk
    # S(t-): the curve just before each time.
    survival = np.concatenate(([1.0], product_limit(events, at_risk)[:-1]))
    steps = events > 0
    weight = (survival ** exponents[0] * (1 - survival) ** exponents[1])[steps]
    share = (np.cumsum(leaving[::-1], axis=0)[::-1] / at_risk[:, None])[steps]
    d, y = events[steps], at_risk[steps]
    # The last patient at risk leaves no choice: 0, not 0/0.
    spread = weight**2 * d * np.divide(y - d, y - 1, out=np.zeros_like(y), where=y > 1)
    variance = np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    return weight @ happened[steps], (weight * d) @ share, variance
