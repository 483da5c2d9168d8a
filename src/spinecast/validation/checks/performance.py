"""Checks of how well predictions do: calibration, its level, and whether there are enough patients to tell."""

from __future__ import annotations

from spinecast.statistics import Absent, CalibrationCurve, Measure
from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result

__all__ = [
    "check_calibration_slope",
    "check_level",
    "check_rising_calibration",
    "check_validation_size",
    "check_worse_after_update",
]

# Sources of the bounds stand in the register.
SLOPE_RANGE = (0.8, 1.2)
SLOPE_REMEDY = "look at the calibration curve; learn the recalibration on more patients or choose a simpler model"
LEAST_EACH = 100
RATIO_RANGE = (0.8, 1.25)


def check_calibration_slope(slope: Measure, *, ranks_only: str = "", remedy: str = SLOPE_REMEDY) -> Result:
    """SC003: out-of-sample predictions that are too extreme or too moderate, or whose slope is not known.

    Parameters
    ----------
    slope : Estimate or Absent
        Calibration slope of the pooled out-of-fold predictions, or in an external cohort.
    ranks_only : str
        Why the predictions are no risks, where they are not.
    remedy : str
        What to do; as after a training when left out.
    """
    if ranks_only:
        return NotApplicable("SC003", f"only the ranking is judged: {ranks_only}")
    low, high = SLOPE_RANGE
    if isinstance(slope, Absent):
        finding = f"the calibration slope is not known: {slope.reason}"
        meaning = "Whether high risks are too high, or low risks too low, could not be checked."
        return Check("SC003", "warning", finding, remedy, meaning)
    interval = "" if slope.lower is None or slope.upper is None else f" (95 % {slope.lower:.2f} to {slope.upper:.2f})"
    if low <= slope.estimate <= high:
        return NotFound("SC003", f"slope {slope.estimate:.2f}{interval}, within {low:g} to {high:g}")
    direction = "too extreme" if slope.estimate < low else "too moderate"
    finding = f"slope {slope.estimate:.2f}{interval}, outside {low:g} to {high:g}: predicted risks are {direction}"
    meaning = (
        "High risks are shown higher, and low risks lower, than what happens: do not take them at face value."
        if slope.estimate < low
        else "High risks are shown lower, and low risks higher, than what happens: do not take them at face value."
    )
    return Check("SC003", "warning", finding, remedy, meaning)


def check_validation_size(n: int, events: int) -> Result:
    """SC020: too few patients to tell a model that holds from one that does not.

    Parameters
    ----------
    n, events : int
        Patients with a known outcome, and events.
    """
    fewer = min(events, n - events)
    if fewer >= LEAST_EACH:
        return NotFound("SC020", f"{events:,} patients with the event and {n - events:,} without it")
    side = "with the event" if events <= n - events else "without it"
    return Check(
        code="SC020",
        severity="warning",
        finding=f"{fewer} patients {side}; external validations are held to need {LEAST_EACH} of each",
        remedy="read the intervals, not the estimates; gather more patients before calling the model good or bad",
        meaning="With this few patients a model that fails here can look sound, and a sound one can look failing.",
    )


def check_level(ratio: Measure) -> Result:
    """SC024: risks that are on the whole too high or too low, by more than chance and by more than a fifth.

    Parameters
    ----------
    ratio : Estimate or Absent
        Observed over expected events; where it is absent nothing is said of the level.
    """
    if isinstance(ratio, Absent):
        return NotApplicable("SC024", ratio.reason)
    if ratio.lower is None or ratio.upper is None:
        return NotApplicable("SC024", "the ratio of observed to expected events has no interval")
    low, high = RATIO_RANGE
    told = f"{ratio.estimate:.2f} events observed for each one expected (95 % {ratio.lower:.2f} to {ratio.upper:.2f})"
    if low <= ratio.estimate <= high or ratio.lower <= 1 <= ratio.upper:
        return NotFound("SC024", told)
    direction = "too high" if ratio.estimate < 1 else "too low"
    return Check(
        code="SC024",
        severity="warning",
        finding=f"{told}, outside {low:g} to {high:g}: predicted risks are {direction}",
        remedy="do not use the risks here as they are; updating the intercept on patients like these is the least",
        meaning=f"On the whole the risks are {direction} for these patients, whoever they are shown to.",
    )


def check_rising_calibration(curve: CalibrationCurve | Absent, central: tuple[float, float] | None) -> Result:
    """SC012: a calibration curve that falls by more than its band: patients of a higher risk fare better.

    Parameters
    ----------
    curve : CalibrationCurve or Absent
    central : (float, float), optional
        Risks between which the curve is read: beyond them few patients hold it. None where there are no risks.
    """
    if isinstance(curve, Absent):
        return NotApplicable("SC012", curve.reason)
    if curve.lower is None or curve.upper is None or central is None:
        return NotApplicable("SC012", "the calibration curve has no band")
    low, high = central
    inside = [place for place, risk in enumerate(curve.predicted) if low <= risk <= high]
    deepest: tuple[float, int, int] | None = None
    top: int | None = None
    for place in inside:
        if top is not None and curve.upper[place] < curve.lower[top]:
            fall = curve.observed[top] - curve.observed[place]
            deepest = max(deepest or (fall, top, place), (fall, top, place))
        if top is None or curve.lower[place] > curve.lower[top]:
            top = place
    between = f"between predicted risks of {low:.3f} and {high:.3f}"
    if deepest is None:
        return NotFound("SC012", f"the curve does not fall by more than its 95 % band {between}")
    _, first, last = deepest
    return Check(
        "SC012",
        "warning",
        f"the observed share falls from {curve.observed[first]:.0%} at a predicted risk of "
        f"{curve.predicted[first]:.0%} to {curve.observed[last]:.0%} at {curve.predicted[last]:.0%}, beyond the 95 % "
        "band of the curve",
        "look for the patients in between: no recalibration that keeps the order of the risks mends this",
        "Over a part of its range the model has the order wrong: people it calls more endangered fare better there "
        "than people it calls less so.",
    )


def check_worse_after_update(difference: Measure | None) -> Result:
    """SC040: the updated model does worse than the one before in the patients set apart.

    Parameters
    ----------
    difference : Estimate or Absent, optional
        Logarithmic loss after the update less before, paired; None where nothing was changed.
    """
    if difference is None:
        return NotApplicable("SC040", "nothing was changed")
    if isinstance(difference, Absent):
        return NotApplicable("SC040", difference.reason)
    lower, upper = difference.lower, difference.upper
    interval = "" if lower is None or upper is None else f" (95 % {lower:.4f} to {upper:.4f})"
    told = f"logarithmic loss changed by {difference.estimate:.4f}{interval} in the patients set apart"
    if difference.estimate <= 0:
        return NotFound("SC040", told)
    certain = lower is not None and lower > 0
    return Check(
        code="SC040",
        severity="warning",
        finding=f"{told}: {'worse' if certain else 'no better, as far as they tell'}",
        remedy="keep the model as it was, or update by a method that changes less, or on more patients",
        meaning="What was learned from the updating patients does not hold in the others: the update did "
        f"{'harm' if certain else 'no good'} here.",
    )
