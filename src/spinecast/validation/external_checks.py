"""Coded checks of an external validation."""

from __future__ import annotations

from collections.abc import Sequence

from spinecast.clinical.dictionary import variable
from spinecast.statistics import Absent, Measure
from spinecast.validation.checks import Check
from spinecast.validation.development import Development, Overlap

__all__ = [
    "check_development_kind",
    "check_lacking_predictors",
    "check_level",
    "check_shared_patients",
    "check_validation_size",
]

# Vergouwe et al. 2005 (J Clin Epidemiol 58:475) found that fewer than a hundred events, or a hundred patients without
# one, leave an external validation unable to see that a model fails; Collins et al. 2016 (Stat Med 35:214) agree and
# prefer two hundred.
LEAST_EACH = 100
# This project's own convention, as of the slope: a fifth too many or too few.
RATIO_RANGE = (0.8, 1.25)


def check_validation_size(n: int, events: int) -> Check | None:
    """SC020: too few patients to tell a model that holds from one that does not.

    Parameters
    ----------
    n, events : int
        Patients with a known outcome, and events.
    """
    fewer = min(events, n - events)
    if fewer >= LEAST_EACH:
        return None
    side = "with the event" if events <= n - events else "without it"
    return Check(
        code="SC020",
        title="A small validation",
        severity="warning",
        finding=f"{fewer} patients {side}; external validations are held to need {LEAST_EACH} of each",
        remedy="read the intervals, not the estimates; gather more patients before calling the model good or bad",
        meaning="With this few patients a model that fails here can look sound, and a sound one can look failing.",
    )


def check_level(ratio: Measure) -> Check | None:
    """SC024: risks that are on the whole too high or too low, by more than chance and by more than a fifth.

    Parameters
    ----------
    ratio : Estimate or Absent
        Observed over expected events; where it is absent nothing is said of the level.
    """
    if isinstance(ratio, Absent) or ratio.lower is None or ratio.upper is None:
        return None
    low, high = RATIO_RANGE
    if low <= ratio.estimate <= high or ratio.lower <= 1 <= ratio.upper:
        return None
    direction = "too high" if ratio.estimate < 1 else "too low"
    return Check(
        code="SC024",
        title="The level of the risks is off",
        severity="warning",
        finding=f"{ratio.estimate:.2f} events observed for each one expected (95 % {ratio.lower:.2f} to "
        f"{ratio.upper:.2f}), outside {low:g} to {high:g}: predicted risks are {direction}",
        remedy="do not use the risks here as they are; updating the intercept on patients like these is the least",
        meaning=f"On the whole the risks are {direction} for these patients, whoever they are shown to.",
    )


def check_shared_patients(overlap: Overlap) -> Check | None:
    """SC021: some patients stand in the development cohort too.

    Parameters
    ----------
    overlap : Overlap
        Where it is the same cohort, the validation was refused before.
    """
    if not overlap.how:
        return None
    return Check(
        code="SC021",
        title="People in both cohorts",
        severity="error",
        finding=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
        remedy="take them out of the validation cohort",
        meaning="The model has seen these people in training: it looks better here than it is in people it has not.",
    )


def check_lacking_predictors(lacking: Sequence[str], total: int) -> Check | None:
    """SC022: predictors nobody has, allowed on request.

    Parameters
    ----------
    lacking : sequence of str
    total : int
        Predictors of the model.
    """
    if not lacking:
        return None
    named = ", ".join(variable(name).label for name in lacking)
    return Check(
        code="SC022",
        title="Predictors that nobody has",
        severity="warning",
        finding=f"{len(lacking)} of {total} predictors are not recorded for anyone: {named}",
        remedy="find them, or say that the model was judged without them",
        meaning="The model answers without these facts here. How it does where they are known is not shown.",
        variables=tuple(lacking),
    )


def check_development_kind(development: Development, kind: str) -> Check | None:
    """SC023: a model made from patients who do not exist, judged on real ones.

    Parameters
    ----------
    development : Development
    kind : str
        Of the validation cohort.
    """
    if development.kind != "synthetic" or kind != "real":
        return None
    return Check(
        code="SC023",
        title="A model of synthetic patients",
        severity="warning",
        finding=f"the model was developed on {development.name}, whose patients do not exist",
        remedy="use it to try the software; develop on real patients before drawing conclusions",
        meaning="The model knows nothing of people but what somebody wrote into a recipe.",
    )
