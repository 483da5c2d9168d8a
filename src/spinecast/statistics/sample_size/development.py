"""Smallest sample for developing a prediction model: the criteria of Riley, van Smeden and colleagues."""

from __future__ import annotations

import math

import numpy as np
import scipy  # a part of it is loaded when it is used

from spinecast.statistics.sample_size.criteria import (
    PARAMETER_NOTE,
    REGRESSION_NOTE,
    Criterion,
    SampleSize,
    Z,
    check_targets,
    whole,
)
from spinecast.statistics.sample_size.explained_variation import (
    c_statistic_from_cox_snell,
    largest_cox_snell_r2,
    largest_cox_snell_r2_survival,
)

__all__ = [
    "development_size_binary",
    "development_size_survival",
    "expected_mean_absolute_error",
    "expected_of_development",
    "expected_shrinkage",
]

PART_II = "Riley et al. 2019, Stat Med 38:1276"
BMJ = "Riley et al. 2020, BMJ 368:m441"
VAN_SMEDEN = "van Smeden et al. 2019, Stat Methods Med Res 28:2455; Riley et al. 2020, BMJ 368:m441"

MOST_PARAMETERS = 30
"""The formula of the mean absolute error is offered for up to 30 parameters (Riley et al. 2020), fitted to fewer."""

STRONG_NOTE = (
    "Where the C statistic is above 0.8 the shrinkage formula asks for too few: twice as many patients were needed at "
    "0.9 (Pavlou et al. 2024, BMC Med Res Methodol 24:146)."
)


def development_size_binary(
    *,
    parameters: int,
    proportion: float,
    cox_snell_r2: float,
    shrinkage: float = 0.9,
    r2_margin: float = 0.05,
    risk_margin: float = 0.05,
    mean_error: float = 0.05,
) -> SampleSize:
    """Smallest sample for a model of a binary outcome, by four criteria.

    The overall risk within ``risk_margin``, n = (1.96/margin)^2 p (1 - p); the mean absolute error of predicted risks
    at most ``mean_error``, see :func:`expected_mean_absolute_error`; expected shrinkage of at least S, n = P/((S - 1)
    log(1 - R2/S)); apparent and adjusted Nagelkerke R2 within ``r2_margin`` m, the same with S = R2/(R2 + m max R2).

    Parameters
    ----------
    parameters : int
        Candidate predictor parameters, P.
    proportion : float
        Expected proportion with the outcome, p.
    cox_snell_r2 : float
        Anticipated Cox-Snell R2 in new patients: adjusted, or from a validation, and rather too low than too high; see
        :func:`cox_snell_from_c_statistic` where only a C statistic is known.
    shrinkage, r2_margin, risk_margin, mean_error : float
        Targets; the defaults are those of the papers.

    Raises
    ------
    ValueError
        If a number is out of range, or the R2 larger than it can be with this proportion.
    """
    check_targets(parameters, shrinkage=shrinkage, r2_margin=r2_margin, risk_margin=risk_margin, mean_error=mean_error)
    largest = largest_cox_snell_r2(proportion)
    _check_r2(cox_snell_r2, largest, f"with a proportion of {proportion:g}")
    c_statistic = c_statistic_from_cox_snell(cox_snell_r2, proportion)
    spread = proportion * (1 - proportion)
    criteria = (
        Criterion(
            "overall_risk",
            f"overall risk within {risk_margin:g}",
            risk_margin,
            whole((Z / risk_margin) ** 2 * spread),
            f"{PART_II}, criterion 3",
        ),
        _mean_error(parameters, proportion, mean_error),
        *_overfitting(parameters, cox_snell_r2, largest, shrinkage, r2_margin),
    )
    return SampleSize(
        "development",
        "binary",
        criteria,
        {
            "parameters": parameters,
            "proportion": proportion,
            "cox_snell_r2": cox_snell_r2,
            "largest_cox_snell_r2": largest,
            "nagelkerke_r2": cox_snell_r2 / largest,
            "c_statistic_if_normal": c_statistic,
        },
        (PARAMETER_NOTE, REGRESSION_NOTE, *((STRONG_NOTE,) if c_statistic > 0.8 else ())),
        events_per_patient=proportion,
        parameters=parameters,
    )


def development_size_survival(
    *,
    parameters: int,
    rate: float,
    mean_follow_up: float,
    horizon: float,
    cox_snell_r2: float,
    shrinkage: float = 0.9,
    r2_margin: float = 0.05,
    risk_margin: float = 0.05,
) -> SampleSize:
    """Smallest sample for a model of a time-to-event outcome, by three criteria.

    Shrinkage and difference of R2 as in :func:`development_size_binary`, with the largest R2 of
    :func:`largest_cox_snell_r2_survival`; the overall risk by the horizon, 1 - exp(-rate horizon), within
    ``risk_margin`` at both ends of its interval, rate -+ 1.96 sqrt(rate/(n mean follow-up)).

    Parameters
    ----------
    parameters, cox_snell_r2, shrinkage, r2_margin, risk_margin
        As :func:`development_size_binary`.
    rate : float
        Events per unit of time.
    mean_follow_up : float
        Expected mean follow-up, same unit.
    horizon : float
        Time at which risks matter, same unit.

    Raises
    ------
    ValueError
        If a number is out of range, or the R2 larger than it can be.
    """
    check_targets(parameters, shrinkage=shrinkage, r2_margin=r2_margin, risk_margin=risk_margin)
    for name, value in (("rate", rate), ("mean follow-up", mean_follow_up), ("horizon", horizon)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"the {name} must be above 0, not {value:g}")
    largest = largest_cox_snell_r2_survival(rate * mean_follow_up)
    _check_r2(cox_snell_r2, largest, f"with {rate * mean_follow_up:.3g} events a person")
    risk = -math.expm1(-rate * horizon)
    criteria = (
        Criterion(
            "overall_risk",
            f"overall risk at {horizon:g} within {risk_margin:g}",
            risk_margin,
            _rate_within(rate, mean_follow_up, horizon, risk_margin),
            f"{PART_II}, criterion 3",
        ),
        *_overfitting(parameters, cox_snell_r2, largest, shrinkage, r2_margin),
    )
    return SampleSize(
        "development",
        "survival",
        criteria,
        {
            "parameters": parameters,
            "rate": rate,
            "mean_follow_up": mean_follow_up,
            "horizon": horizon,
            "risk_at_horizon": risk,
            "cox_snell_r2": cox_snell_r2,
            "largest_cox_snell_r2": largest,
            "nagelkerke_r2": cox_snell_r2 / largest,
        },
        (PARAMETER_NOTE, REGRESSION_NOTE),
        events_per_patient=rate * mean_follow_up,
        parameters=parameters,
    )


def expected_shrinkage(n: int, parameters: int, cox_snell_r2: float) -> float:
    """Shrinkage S to be expected of a logistic or Cox model of n patients: it solves n = P/((S - 1) log(1 - R2/S)).

    (Riley et al. 2019, Stat Med 38:1276, criterion 1 read the other way.) It lies between R2 and 1.

    Parameters
    ----------
    n : int
        Patients.
    parameters : int
        Candidate predictor parameters.
    cox_snell_r2 : float
        Anticipated, between 0 and 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    if n < 1 or parameters < 1 or not 0 < cox_snell_r2 < 1:
        raise ValueError("patients and parameters must be at least 1 and R2 strictly between 0 and 1")

    def excess(shrinkage: float) -> float:
        return n * (shrinkage - 1) * math.log1p(-cox_snell_r2 / shrinkage) - parameters

    # The product falls from infinity at R2 to 0 at 1; with very few patients the solution is R2 to the last digit.
    nearest = cox_snell_r2 * (1 + 1e-14)
    return cox_snell_r2 if excess(nearest) <= 0 else float(scipy.optimize.brentq(excess, nearest, 1.0))


def expected_mean_absolute_error(n: int, parameters: int, proportion: float) -> float:
    """Mean absolute error of predicted risks to be expected of a logistic model, in new patients.

    exp(-0.508 + 0.259 log(p) + 0.504 log(P) - 0.544 log(n)): van Smeden et al. (2019, Stat Methods Med Res 28:2455)
    fitted it to simulations of 4 to 12 parameters; p above one half counts as 1 - p. At C statistics above 0.8 it is
    too large (Pavlou et al. 2024, BMC Med Res Methodol 24:146).

    Parameters
    ----------
    n : int
        Patients.
    parameters : int
        Candidate predictor parameters.
    proportion : float
        Of patients with the outcome, between 0 and 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    if n < 1 or parameters < 1 or not 0 < proportion < 1:
        raise ValueError("patients and parameters must be at least 1 and the proportion strictly between 0 and 1")
    return math.exp(_log_error(parameters, proportion) - 0.544 * math.log(n))


def _overfitting(
    parameters: int, r2: float, largest: float, shrinkage: float, r2_margin: float
) -> tuple[Criterion, Criterion]:
    if shrinkage <= r2:
        raise ValueError(f"the shrinkage aimed at, {shrinkage:g}, must be above the R2, {r2:g}")
    smallest = r2 / (r2 + r2_margin * largest)
    return (
        Criterion(
            "shrinkage",
            f"expected shrinkage of at least {shrinkage:g}",
            shrinkage,
            _shrinkage_n(parameters, r2, shrinkage),
            f"{PART_II}, criterion 1",
        ),
        Criterion(
            "r2_difference",
            f"apparent and adjusted Nagelkerke R2 within {r2_margin:g}",
            r2_margin,
            _shrinkage_n(parameters, r2, smallest),
            f"{PART_II}, criterion 2",
        ),
    )


def _shrinkage_n(parameters: int, r2: float, shrinkage: float) -> int:
    if shrinkage >= 1:
        raise ValueError("the R2 and its margin ask for more patients than can be counted")
    return whole(parameters / ((shrinkage - 1) * math.log1p(-r2 / shrinkage)))


def _log_error(parameters: int, proportion: float) -> float:
    return -0.508 + 0.259 * math.log(min(proportion, 1 - proportion)) + 0.504 * math.log(parameters)


def _mean_error(parameters: int, proportion: float, target: float) -> Criterion:
    label = f"mean absolute error of predicted risks of at most {target:g}"
    if parameters > MOST_PARAMETERS:
        reason = f"the formula is for up to {MOST_PARAMETERS} parameters, not {parameters}"
        return Criterion("mean_absolute_error", label, target, None, VAN_SMEDEN, reason)
    n = whole(math.exp((_log_error(parameters, proportion) - math.log(target)) / 0.544))
    return Criterion("mean_absolute_error", label, target, n, VAN_SMEDEN)


def _rate_within(rate: float, mean_follow_up: float, horizon: float, margin: float) -> int:
    """Patients at which both limits of the risk are within a margin: the lower is the farther one, unless it is 0."""
    if -math.expm1(-rate * horizon) > margin:
        step = float(np.logaddexp(0.0, math.log(margin) + rate * horizon)) / horizon
    elif margin < math.exp(-rate * horizon):
        step = -math.log1p(-margin * math.exp(rate * horizon)) / horizon
    else:
        return 1
    return whole(rate * (Z / step) ** 2 / mean_follow_up)


def _check_r2(r2: float, largest: float, where: str) -> None:
    if not 0 < r2 < largest:
        raise ValueError(f"a Cox-Snell R2 must lie above 0 and, {where}, below {largest:.4g}, not {r2:g}")


def expected_of_development(size: SampleSize, n: int) -> dict[str, float]:
    """Return what a development with ``n`` patients has to expect: shrinkage and, where it applies, mean error.

    Parameters
    ----------
    size : SampleSize
    n : int
        Patients at hand.

    Returns
    -------
    dict of str to float
        ``shrinkage`` and ``mean_absolute_error``; empty for a validation or where no Cox-Snell R2 is assumed.
    """
    if size.purpose != "development" or size.parameters is None or "cox_snell_r2" not in size.assumptions:
        return {}
    found = {"shrinkage": expected_shrinkage(n, size.parameters, float(size.assumptions["cox_snell_r2"]))}
    if any(criterion.name == "mean_absolute_error" and criterion.n for criterion in size.criteria):
        error = expected_mean_absolute_error(n, size.parameters, float(size.assumptions["proportion"]))
        found["mean_absolute_error"] = error
    return found
