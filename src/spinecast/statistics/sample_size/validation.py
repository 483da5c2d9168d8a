"""Smallest sample for validating a prediction model: precise calibration, discrimination and net benefit."""

from __future__ import annotations

import math

from spinecast.statistics.sample_size.criteria import Criterion, SampleSize, Z, whole
from spinecast.statistics.sample_size.development_continuous import degrees_for_deviation
from spinecast.statistics.sample_size.linear_predictor import LinearPredictor

__all__ = ["validation_size_binary", "validation_size_continuous", "validation_size_survival"]

BINARY = "Riley et al. 2021, Stat Med 40:4230"
SURVIVAL = "Riley et al. 2022, Stat Med 41:1280"
CONTINUOUS = "Archer et al. 2021, Stat Med 40:133"

# How far the proportion a linear predictor implies may lie from the one given before a note says so.
DIFFERENT = 0.1

PRECISION_NOTE = (
    "The criteria ask for intervals of a width, not for a verdict: widths are to be chosen so that every value in the "
    "interval leads to the same decision about the model."
)
CURVE_NOTE = (
    "A calibration curve needs at least 200 events and 200 non-events (Van Calster et al. 2016, J Clin Epidemiol "
    "74:167)."
)
SURVIVAL_NOTE = (
    "Calibration slope and C index of censored outcomes have no closed form: their precision is found by simulating "
    "the cohort (Riley et al. 2022) and usually asks for more patients than the observed/expected ratio."
)


def validation_size_binary(
    *,
    proportion: float,
    c_statistic: float,
    linear_predictor: LinearPredictor,
    observed_expected: float = 1.0,
    observed_expected_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
    threshold: float | None = None,
    sensitivity: float | None = None,
    specificity: float | None = None,
    net_benefit_width: float = 0.2,
) -> SampleSize:
    """Smallest sample to validate a model of a binary outcome: every 95 % interval no wider than asked for.

    O/E on the log scale, Var = (1 - p)/(n p); calibration slope, Var = I00/(n (I00 I11 - I01^2)) with the information
    of a calibrated model, mean of p(1 - p) times 1, x and x^2 over the linear predictor x; C statistic by Newcombe
    (2006, Stat Med 25:559) with n/2 in both classes of its correction; standardised net benefit, Var =
    (1/n)[se(1 - se)/p + w^2 sp(1 - sp)/(1 - p) + w^2 (1 - sp)^2/(p(1 - p))] with w = (1 - p)/p t/(1 - t).

    Parameters
    ----------
    proportion : float
        Expected proportion p with the outcome.
    c_statistic : float
        Anticipated C statistic.
    linear_predictor : LinearPredictor
        Expected distribution of the predicted log-odds in the new patients.
    observed_expected : float
        Anticipated O/E.
    observed_expected_width, slope_width, c_width, net_benefit_width : float
        Widths of the 95 % intervals aimed at.
    threshold : float, optional
        Risk t from which on patients are treated; without it there is no criterion of net benefit.
    sensitivity, specificity : float, optional
        At the threshold; by default those of the linear predictor, were the risks right.

    Raises
    ------
    ValueError
        If a number is out of range, or sensitivity and specificity are not given together and with a threshold.
    """
    _check_between("proportion with the outcome", proportion)
    if not 0.5 < c_statistic < 1:
        raise ValueError(f"the C statistic must lie strictly between 0.5 and 1, not {c_statistic:g}")
    _check_positive(observed_expected, observed_expected_width, slope_width, c_width, net_benefit_width)
    criteria = [
        _ratio(proportion, observed_expected, observed_expected_width),
        _slope(linear_predictor, slope_width),
        _concordance(proportion, c_statistic, c_width),
    ]
    assumptions: dict[str, float | str] = {
        "proportion": proportion,
        "c_statistic": c_statistic,
        "observed_expected": observed_expected,
        "linear_predictor": linear_predictor.description,
        "linear_predictor_proportion": linear_predictor.proportion,
        "linear_predictor_c_statistic": linear_predictor.c_statistic,
    }
    if threshold is not None:
        _check_between("threshold", threshold)
        pair = _at_threshold(linear_predictor, threshold, sensitivity, specificity)
        criteria.append(_net_benefit(proportion, threshold, *pair, net_benefit_width))
        assumptions |= {"threshold": threshold, "sensitivity": pair[0], "specificity": pair[1]}
    elif sensitivity is not None or specificity is not None:
        raise ValueError("sensitivity and specificity belong to a threshold, which is not given")
    notes = (PRECISION_NOTE, CURVE_NOTE, *_mismatch(linear_predictor, proportion))
    return SampleSize("validation", "binary", tuple(criteria), assumptions, notes, events_per_patient=proportion)


def validation_size_survival(
    *, risk: float, censored: float = 0.0, observed_expected: float = 1.0, observed_expected_width: float = 0.2
) -> SampleSize:
    """Smallest sample to validate a model of a time-to-event outcome at a horizon: its observed/expected ratio.

    The observed risk is 1 - S(t) by Kaplan-Meier. Where events and censoring both come at constant rates, Greenwood's
    variance tends to S^2 (a/(a + b)) (exp(a + b) - 1)/n with a = -log S(t) and b = -log G(t), G being the probability
    of not having been censored; over (1 - S)^2 it is that of the log of O/E. Without censoring it is S/(n (1 - S)), the
    variance of the binary criterion (Riley et al. 2022, Stat Med 41:1280, for the criterion).

    Parameters
    ----------
    risk : float
        Expected risk by the horizon, strictly between 0 and 1.
    censored : float
        Probability that a person's follow-up would end before the horizon for other reasons, 0 or more and below 1.
    observed_expected, observed_expected_width
        As :func:`validation_size_binary`.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    _check_between("risk by the horizon", risk)
    if not 0 <= censored < 1:
        raise ValueError(f"the probability of being censored must be 0 or more and below 1, not {censored:g}")
    _check_positive(observed_expected, observed_expected_width)
    hazard, censoring = -math.log1p(-risk), -math.log1p(-censored)
    total = hazard + censoring
    variance = ((1 - risk) / risk) ** 2 * hazard / total * math.expm1(total)
    n = whole(variance / _log_error(observed_expected, observed_expected_width) ** 2)
    criterion = Criterion(
        "observed_expected_ratio",
        f"95 % interval of observed/expected no wider than {observed_expected_width:g}",
        observed_expected_width,
        n,
        f"{SURVIVAL}; Greenwood 1926",
    )
    # Constant rates a and b: the event comes first, before the horizon, with probability a/(a + b)(1 - exp(-(a + b))).
    observed = hazard / total * -math.expm1(-total)
    return SampleSize(
        "validation",
        "survival",
        (criterion,),
        {"risk": risk, "censored": censored, "observed_expected": observed_expected},
        (PRECISION_NOTE, SURVIVAL_NOTE),
        events_per_patient=observed,
    )


def validation_size_continuous(
    *,
    r2: float,
    standard_deviation: float,
    mean_width: float,
    slope: float = 1.0,
    r2_width: float = 0.1,
    slope_width: float = 0.2,
    error_ratio: float = 1.1,
) -> SampleSize:
    """Smallest sample to validate a model of a continuous outcome, by four criteria.

    R2, Var = 4 R2 (1 - R2)^2/n; calibration-in-the-large, Var = s^2 (1 - R2)/n with s the standard deviation of the
    outcome; calibration slope b, Var = b^2 (1 - R2)/((n - 1) R2); and the residual standard deviation of the two
    calibration models, which the other three take as known, within a factor ``error_ratio``.

    Parameters
    ----------
    r2 : float
        Anticipated R2 in the new patients.
    standard_deviation : float
        Of the outcome in the new patients.
    mean_width : float
        Width of the 95 % interval of the calibration-in-the-large, in the unit of the outcome.
    slope : float
        Anticipated calibration slope.
    r2_width, slope_width : float
        Widths of the 95 % intervals aimed at.
    error_ratio : float
        Multiplicative margin of error, above 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    _check_between("R2", r2)
    _check_positive(standard_deviation, mean_width, slope, r2_width, slope_width)
    if not 1 < error_ratio < math.inf:
        raise ValueError(f"the factor of error must be above 1, not {error_ratio:g}")
    criteria = (
        Criterion(
            "r2",
            f"95 % interval of R2 no wider than {r2_width:g}",
            r2_width,
            whole(4 * r2 * (1 - r2) ** 2 / _error(r2_width) ** 2),
            f"{CONTINUOUS}, criterion 1",
        ),
        Criterion(
            "calibration_in_the_large",
            f"95 % interval of calibration-in-the-large no wider than {mean_width:g}",
            mean_width,
            whole(standard_deviation**2 * (1 - r2) / _error(mean_width) ** 2),
            f"{CONTINUOUS}, criterion 2",
        ),
        Criterion(
            "calibration_slope",
            f"95 % interval of the calibration slope no wider than {slope_width:g}",
            slope_width,
            whole(1 + slope**2 * (1 - r2) / (r2 * _error(slope_width) ** 2)),
            f"{CONTINUOUS}, criterion 3",
        ),
        Criterion(
            "residual_deviation",
            f"residual standard deviation within {100 * (error_ratio - 1):g} %",
            error_ratio,
            2 + degrees_for_deviation(error_ratio),
            f"{CONTINUOUS}, criterion 4",
        ),
    )
    assumptions: dict[str, float | str] = {"r2": r2, "standard_deviation": standard_deviation, "slope": slope}
    return SampleSize("validation", "continuous", criteria, assumptions, (PRECISION_NOTE,))


def _error(width: float) -> float:
    """Standard error at which a 95 % interval has a width."""
    return width / (2 * Z)


def _log_error(ratio: float, width: float) -> float:
    """Standard error of the log of a ratio at which its 95 % interval has a width: 2 ratio sinh(1.96 se) = width."""
    return math.asinh(width / (2 * ratio)) / Z


def _ratio(proportion: float, ratio: float, width: float) -> Criterion:
    n = whole((1 - proportion) / (proportion * _log_error(ratio, width) ** 2))
    label = f"95 % interval of observed/expected no wider than {width:g}"
    return Criterion("observed_expected_ratio", label, width, n, f"{BINARY}, criterion 1")


def _slope(linear_predictor: LinearPredictor, width: float) -> Criterion:
    n = whole(1 / (_error(width) ** 2 * linear_predictor.slope_information))
    label = f"95 % interval of the calibration slope no wider than {width:g}"
    return Criterion("calibration_slope", label, width, n, f"{BINARY}, criterion 2")


def _concordance(proportion: float, c: float, width: float) -> Criterion:
    """Solve Newcombe's variance for n: p(1 - p) se^2 n^2 - (k c(1 - c)/2) n - c(1 - c)(1 - k) = 0."""
    correction = (1 - c) / (2 - c) + c / (1 + c)
    a = proportion * (1 - proportion) * _error(width) ** 2
    b, rest = c * (1 - c) * correction / 2, c * (1 - c) * (1 - correction)
    n = whole((b + math.sqrt(b**2 + 4 * a * rest)) / (2 * a))
    label = f"95 % interval of the C statistic no wider than {width:g}"
    return Criterion("c_statistic", label, width, n, f"{BINARY}, criterion 3; Newcombe 2006, Stat Med 25:559")


def _net_benefit(
    proportion: float, threshold: float, sensitivity: float, specificity: float, width: float
) -> Criterion:
    odds = (1 - proportion) / proportion * threshold / (1 - threshold)
    variance = (
        sensitivity * (1 - sensitivity) / proportion
        + odds**2 * specificity * (1 - specificity) / (1 - proportion)
        + odds**2 * (1 - specificity) ** 2 / (proportion * (1 - proportion))
    )
    label = f"95 % interval of the standardised net benefit at a risk of {threshold:g} no wider than {width:g}"
    n = whole(variance / _error(width) ** 2)
    return Criterion("standardised_net_benefit", label, width, n, f"{BINARY}, criterion 4")


def _at_threshold(
    linear_predictor: LinearPredictor, threshold: float, sensitivity: float | None, specificity: float | None
) -> tuple[float, float]:
    if sensitivity is None and specificity is None:
        return linear_predictor.sensitivity(threshold), linear_predictor.specificity(threshold)
    if sensitivity is None or specificity is None:
        raise ValueError("sensitivity and specificity are given together or not at all")
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0 <= value <= 1:
            raise ValueError(f"the {name} must lie in [0, 1], not {value:g}")
    return sensitivity, specificity


def _mismatch(linear_predictor: LinearPredictor, proportion: float) -> tuple[str, ...]:
    implied = linear_predictor.proportion
    if abs(implied - proportion) <= DIFFERENT * proportion:
        return ()
    return (
        f"The linear predictor implies a proportion of {implied:.3g} with the outcome, not the {proportion:g} given: "
        "were the risks right, the two would agree.",
    )


def _check_between(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"the {name} must lie strictly between 0 and 1, not {value:g}")


def _check_positive(*values: float) -> None:
    for value in values:
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"widths, ratios and deviations must be above 0, not {value:g}")
