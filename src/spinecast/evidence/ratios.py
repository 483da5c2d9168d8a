"""Observed to expected ratios of published validations: printed, or computed from what is printed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spinecast.evidence.results import PublishedResult
from spinecast.statistics import observed_expected_from_intercept, ratio_effects, ratio_standard_error

__all__ = ["NORMAL_975", "Ratio", "ratio_of"]

NORMAL_975 = 1.959963984540054  # 97.5 % point of the standard normal: every interval covers 95 %


@dataclass(frozen=True)
class Ratio:
    """An observed to expected ratio.

    Parameters
    ----------
    value, lower, upper : float
        Ratio with its 95 % interval.
    standard_error : float
        Of its logarithm.
    basis : str
        What it was computed from.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    basis: str


def ratio_of(result: PublishedResult) -> Ratio | str:
    """Return the observed to expected ratio of a result, or why it cannot be computed.

    In this order: the printed ratio with its interval; events, expected events and patients; the printed ratio with
    events and patients; the observed proportion and calibration-in-the-large with its interval.
    """
    if result.ratio is not None and result.ratio_lower is not None and result.ratio_upper is not None:
        _, error = ratio_effects([result.ratio], [result.ratio_lower], [result.ratio_upper])
        return Ratio(result.ratio, result.ratio_lower, result.ratio_upper, float(error[0]), "printed")
    if result.events and result.n and result.n > result.events:
        if result.expected is not None:
            return _from_counts(
                result.events / result.expected, result.events, result.n, "observed and expected events"
            )
        if result.ratio is not None:
            return _from_counts(result.ratio, result.events, result.n, "printed ratio, interval from events")
    proportion = _proportion(result)
    if proportion is not None and result.intercept is not None:
        return _from_intercept(result, proportion, result.intercept)
    return _missing(result, proportion)


def _proportion(result: PublishedResult) -> float | None:
    if result.event_proportion is not None:
        return result.event_proportion
    if result.events and result.n and result.n > result.events:
        return result.events / result.n
    return None


def _from_counts(value: float, events: int, n: int, basis: str) -> Ratio:
    error = ratio_standard_error(events, n)
    reach = math.exp(NORMAL_975 * error)
    return Ratio(value, value / reach, value * reach, error, basis)


def _from_intercept(result: PublishedResult, proportion: float, intercept: float) -> Ratio | str:
    if result.intercept_lower is None or result.intercept_upper is None:
        return "calibration-in-the-large has no interval"
    value, lower, upper = (
        observed_expected_from_intercept(proportion, each)
        for each in (intercept, result.intercept_lower, result.intercept_upper)
    )
    _, error = ratio_effects([value], [lower], [upper])
    return Ratio(value, lower, upper, float(error[0]), "calibration-in-the-large, approximately")


def _missing(result: PublishedResult, proportion: float | None) -> str:
    if result.intercept is not None:
        return "no proportion with the outcome beside calibration-in-the-large"
    if result.ratio is not None:
        return "a ratio without an interval, and no events and patients to compute one from"
    if result.expected is not None:
        return "expected events without observed events and patients"
    if proportion is not None:
        return "neither a ratio, nor expected events, nor calibration-in-the-large is printed"
    return "no ratio is printed, and nothing to compute one from"
