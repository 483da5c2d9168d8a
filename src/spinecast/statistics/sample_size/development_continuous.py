"""Smallest sample for developing a prediction model of a continuous outcome: the criteria of Riley and colleagues."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaincinv, stdtrit

from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.sample_size.criteria import (
    PARAMETER_NOTE,
    REGRESSION_NOTE,
    Criterion,
    SampleSize,
    check_targets,
    whole,
)

__all__ = ["degrees_for_deviation", "development_size_continuous"]

PART_I = "Riley et al. 2019, Stat Med 38:1262"

SEARCH = 10_000_000
"""Where a search for a number of patients gives up."""


def development_size_continuous(
    *,
    parameters: int,
    r2: float,
    mean: float,
    standard_deviation: float,
    shrinkage: float = 0.9,
    r2_margin: float = 0.05,
    error_ratio: float = 1.1,
) -> SampleSize:
    """Smallest sample for a model of a continuous outcome, by four criteria.

    Expected shrinkage of at least S; apparent and adjusted R2 within ``r2_margin``, n = 1 + P (1 - R2)/margin; residual
    standard deviation within a factor ``error_ratio``, by the chi-squared interval of a variance; mean outcome within
    the same factor, by the t interval with the residual variance.

    Parameters
    ----------
    parameters, shrinkage, r2_margin
        As :func:`development_size_binary`.
    r2 : float
        Anticipated adjusted R2.
    mean, standard_deviation : float
        Of the outcome.
    error_ratio : float
        Multiplicative margin of error, above 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    check_targets(parameters, shrinkage=shrinkage, r2_margin=r2_margin)
    if not 0 < r2 < 1:
        raise ValueError(f"R2 must lie strictly between 0 and 1, not {r2:g}")
    if not (math.isfinite(standard_deviation) and standard_deviation > 0 and math.isfinite(mean)):
        raise ValueError(
            f"mean and standard deviation must be numbers, the second above 0, not {mean:g} and {standard_deviation:g}"
        )
    if not 1 < error_ratio < math.inf:
        raise ValueError(f"the factor of error must be above 1, not {error_ratio:g}")
    percent = f"{100 * (error_ratio - 1):g} %"
    criteria = (
        Criterion(
            "shrinkage",
            f"expected shrinkage of at least {shrinkage:g}",
            shrinkage,
            _linear_shrinkage(parameters, r2, shrinkage),
            f"{PART_I}, criterion 1",
        ),
        Criterion(
            "r2_difference",
            f"apparent and adjusted R2 within {r2_margin:g}",
            r2_margin,
            max(parameters + 2, whole(1 + parameters * (1 - r2) / r2_margin)),
            f"{PART_I}, criterion 2",
        ),
        Criterion(
            "residual_deviation",
            f"residual standard deviation within {percent}",
            error_ratio,
            parameters + 1 + degrees_for_deviation(error_ratio),
            f"{PART_I}, criterion 3",
        ),
        _mean_within(parameters, r2, mean, standard_deviation, error_ratio, percent),
    )
    assumptions: dict[str, float | str] = {
        "parameters": parameters,
        "r2": r2,
        "mean": mean,
        "standard_deviation": standard_deviation,
    }
    notes = (PARAMETER_NOTE, REGRESSION_NOTE)
    return SampleSize("development", "continuous", criteria, assumptions, notes, parameters=parameters)


def degrees_for_deviation(ratio: float) -> int:
    """Fewest residual degrees of freedom at which both 95 % limits of a standard deviation are within a factor.

    Parameters
    ----------
    ratio : float
        The factor, above 1.

    Raises
    ------
    ValueError
        If the factor asks for more degrees of freedom than are searched.
    """
    degrees = np.arange(1.0, 1e5)
    # Quantiles of chi-squared; gammaincinv is that of the gamma distribution of half the degrees.
    lower, upper = (2 * gammaincinv(degrees / 2, level) for level in (0.025, 0.975))
    met = np.sqrt(np.maximum(degrees / lower, upper / degrees)) <= ratio
    if not met.any():
        raise ValueError(f"a factor of error of {ratio:g} asks for more than {degrees.size:,} patients")
    return int(degrees[np.argmax(met)])


def _linear_shrinkage(parameters: int, r2: float, target: float) -> int:
    """Fewest patients from which on the expected shrinkage of a linear model reaches the target."""
    start, size = parameters + 2, 1024
    while start + size < SEARCH:
        n = np.arange(start, start + size, dtype=np.float64)
        short = np.flatnonzero(_linear_expected(n, parameters, r2) < target)
        if short.size == 0:
            return start
        if short[-1] < size - 1:
            return start + int(short[-1]) + 1
        start, size = start + size, 2 * size
    raise ValueError(f"an R2 of {r2:g} with {parameters:,} parameters asks for more than {SEARCH:,} patients")


def _linear_expected(n: Floats, parameters: int, r2: float) -> Floats:
    apparent = (r2 * (n - parameters - 1) + parameters) / (n - 1)
    return np.asarray(1 + (parameters - 2) / (n * np.log1p(-apparent)))


def _mean_within(parameters: int, r2: float, mean: float, deviation: float, ratio: float, percent: str) -> Criterion:
    label, source = f"mean outcome within {percent}", f"{PART_I}, criterion 4"
    if mean == 0:
        return Criterion("mean_outcome", label, ratio, None, source, "a mean of 0 has no relative error")
    width, start, size = (ratio - 1) * abs(mean), parameters + 2, 1024
    while start + size < SEARCH:
        n = np.arange(start, start + size, dtype=np.float64)
        met = stdtrit(n - parameters - 1, 0.975) * np.sqrt(deviation**2 * (1 - r2) / n) <= width
        if met.any():
            return Criterion("mean_outcome", label, ratio, start + int(np.argmax(met)), source)
        start, size = start + size, 2 * size
    return Criterion("mean_outcome", label, ratio, None, source, f"it asks for more than {SEARCH:,} patients")
