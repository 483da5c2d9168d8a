"""Checks of a study's design and patients: predictors, events, follow-up, missing values, and who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result

__all__ = [
    "PredictorLike",
    "check_events",
    "check_horizon",
    "check_missingness",
    "check_predictor_roles",
    "check_synthetic_cohort",
]

# Sources of the bounds stand in the register.
MISSINGNESS_GAP = 0.2
EVENTS_PER_PARAMETER = 10
LEAST_EVENTS = 10
LEAST_EVENTS_PER_FOLD = 2


class PredictorLike(Protocol):
    """What a check needs to know of a clinical variable."""

    @property
    def name(self) -> str:
        """Identifier."""

    @property
    def role(self) -> str:
        """What the variable may be used for."""


def check_predictor_roles(predictors: Sequence[PredictorLike]) -> Result:
    """SC001: predictors that are known only after the time of prediction, or are another model's output.

    Either makes a model look better than it can be at the bedside (Kaufman et al. 2012, ACM Trans Knowl Discov Data
    6:15).

    Parameters
    ----------
    predictors : sequence of clinical variables
        Those a study names as predictors.
    """
    wrong = [predictor for predictor in predictors if predictor.role != "predictor"]
    if not wrong:
        return NotFound("SC001", f"the dictionary calls all {len(predictors)} predictors")
    named = ", ".join(f"{predictor.name} ({predictor.role.replace('_', ' ')})" for predictor in wrong)
    return Check(
        code="SC001",
        severity="error",
        finding=f"{named}: not known at the time of prediction, or another model's output",
        remedy="take them out of the predictors; another model's output may be named as a comparator",
        meaning="The model was given facts that nobody has when the prediction is made, or another model's answer. It "
        "looks better here than it can be at a bedside.",
        variables=tuple(predictor.name for predictor in wrong),
    )


def check_events(events: int, parameters: int, events_per_fold: Sequence[int] = ()) -> Result:
    """SC002: fewer events than the candidate predictor parameters need.

    Parameters
    ----------
    events : int
        Patients with the rarer of outcome and no outcome: they limit what can be learnt.
    parameters : int
        Candidate predictor parameters: one a continuous or binary predictor, levels less one for others.
    events_per_fold : sequence of int
        The same count in each outer fold.

    Raises
    ------
    ValueError
        If a count is negative or there is no parameter.
    """
    if events < 0 or parameters < 1 or any(count < 0 for count in events_per_fold):
        raise ValueError("event counts must not be negative and there must be at least one parameter")
    meaning = (
        "With this few events much of what the model has learned may be chance: expect it to do worse in new patients "
        "than in these."
    )
    fewest = min(events_per_fold, default=None)
    if events < LEAST_EVENTS:
        finding = f"{events} events in all; fewer than {LEAST_EVENTS} carry not even one predictor"
        remedy = "find more patients, or a later horizon; do not fit a model"
        return Check("SC002", "error", finding, remedy, meaning)
    if fewest is not None and fewest < LEAST_EVENTS_PER_FOLD:
        finding = f"an outer fold holds {fewest} events; {LEAST_EVENTS_PER_FOLD} are the least that give an interval"
        return Check("SC002", "error", finding, "use fewer outer folds, or find more patients", meaning)
    ratio = events / parameters
    finding = f"{ratio:.1f} events per candidate predictor parameter ({events} events, {parameters} parameters)"
    if ratio >= EVENTS_PER_PARAMETER:
        return NotFound("SC002", finding)
    remedy = (
        f"drop predictors on clinical grounds until there are {EVENTS_PER_PARAMETER} or more, or find more patients"
    )
    return Check("SC002", "warning", finding, remedy, meaning)


def check_horizon(horizon_days: float | None, longest_follow_up_days: float | None) -> Result:
    """SC004: a horizon that no patient was followed up to.

    Parameters
    ----------
    horizon_days, longest_follow_up_days : float or None
        The horizon and the longest follow-up in the cohort, in one unit of time; None where the outcome has none.
    """
    if horizon_days is None or longest_follow_up_days is None:
        return NotApplicable("SC004", "the outcome is not read at a horizon of a follow-up")
    if horizon_days <= longest_follow_up_days:
        told = f"the horizon is {horizon_days:g}, the longest follow-up {longest_follow_up_days:g}"
        return NotFound("SC004", told)
    return Check(
        code="SC004",
        severity="error",
        finding=f"the horizon is {horizon_days:g} days, the longest follow-up {longest_follow_up_days:g}",
        remedy=f"choose a horizon of at most {longest_follow_up_days:g} days, or a cohort followed up for longer",
        meaning="Nobody was watched for as long as the model claims to predict: its risks rest on no observation.",
    )


def check_synthetic_cohort(kind: str) -> Result:
    """SC005: the patients are not real.

    Parameters
    ----------
    kind : str
        Kind of the cohort; anything but "real" is taken for synthetic.
    """
    if kind == "real":
        return NotFound("SC005", "the cohort is given as real patients")
    return Check(
        code="SC005",
        severity="note",
        finding="the patients were generated; no performance figure says anything about real ones",
        remedy="use the run to try the software, and train on real patients before drawing conclusions",
        meaning="No patient in it exists: nothing here says how the model would do in people.",
    )


def check_missingness(proportions: Mapping[str, tuple[float, float]]) -> Result:
    """SC006: predictors that are missing much more often on one side of the outcome.

    A model learns from a value being missing. Where that comes of how the data were gathered (nobody could ask a
    patient who died in the first days), what it learns is not there for the next patient (Groenwold 2020, Diagn
    Progn Res 4:8), and performance looks better than it will be.

    Parameters
    ----------
    proportions : mapping of predictor to (with, without)
        Share of patients with the event, and without it, in whom the predictor is missing.
    """
    gaps = {name: with_event - without for name, (with_event, without) in proportions.items()}
    wide = sorted((name for name in gaps if abs(gaps[name]) > MISSINGNESS_GAP), key=lambda name: -abs(gaps[name]))
    if not wide:
        largest = max((abs(gap) for gap in gaps.values()), default=0.0)
        told = f"no predictor is missing in more than {MISSINGNESS_GAP:.0%} more on one side; at most {largest:.0%}"
        return NotFound("SC006", told)
    named = "; ".join(
        f"{name}: missing in {proportions[name][0]:.0%} with the event and {proportions[name][1]:.0%} without"
        for name in wide
    )
    counted = "; ".join(
        f"{name} was missing in {100 * proportions[name][0]:.0f} of 100 patients with the event and in "
        f"{100 * proportions[name][1]:.0f} of 100 without it"
        for name in wide
    )
    return Check(
        code="SC006",
        severity="warning",
        finding=named,
        remedy="ask how the value came to be missing and whether that is known when a prediction is made; "
        "train without these predictors too and report both",
        meaning=f"Whether a value was recorded goes with what happened to the patient: {counted}. The model takes the "
        "gap itself as a sign. Where a value is there or not because of how ill the patient already was (too ill to be "
        "asked, dead before anyone could ask, or tested for being ill), the model has in part been told the outcome. "
        "At a bedside where the value can simply be had, that sign is gone, and the model will do less well than "
        "shown here.",
        variables=tuple(wide),
    )
