"""Coded checks: what is wrong with a study or its model, how grave it is and what to do. Each looks at one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from spinecast.statistics import Absent, Measure

__all__ = [
    "Check",
    "PredictorLike",
    "check_calibration_slope",
    "check_events",
    "check_horizon",
    "check_missingness",
    "check_predictor_roles",
    "check_synthetic_cohort",
]

# This project's own convention: a predictor missing in a fifth more (or fewer) of those with the event than of those
# without tells the outcome by being missing, whatever its value.
MISSINGNESS_GAP = 0.2

Severity = Literal["error", "warning", "note"]

# Peduzzi et al. 1996 (J Clin Epidemiol 49:1373) found logistic coefficients unreliable below ten events a parameter,
# and PROBAST (Moons et al. 2019, Ann Intern Med 170:W1) rates it a risk of bias. It is a floor and no guarantee of
# enough (Riley et al. 2020, BMJ 368:m441). By the same rule fewer than ten events in all carry not even one parameter.
EVENTS_PER_PARAMETER = 10
LEAST_EVENTS = 10
# DeLong's variance needs two patients of each class, so a fold with fewer events has no measure with an interval.
LEAST_EVENTS_PER_FOLD = 2
# Perfect is 1; no cut-off is published (Van Calster et al. 2019, BMC Med 17:230). 0.8 to 1.2 is this project's own
# convention: outside it the log-odds of the served risks are a fifth or more too wide or too narrow.
SLOPE_RANGE = (0.8, 1.2)
SLOPE_REMEDY = "look at the calibration curve; learn the recalibration on more patients or choose a simpler model"


@dataclass(frozen=True)
class Check:
    """What one check found.

    Parameters
    ----------
    code : str
        ``SC001`` and so on; never reused.
    title : str
        What is wrong, in a few words.
    severity : {"error", "warning", "note"}
        An error makes the results wrong, a warning makes them doubtful, a note must be known to read them.
    finding : str
        What was found, with its numbers and names.
    remedy : str
        What to do.
    meaning : str
        What it means for someone who would trust the model, in words that need no statistics.
    variables : tuple of str
        Dictionary variables it is about; none when it is about the whole.
    """

    code: str
    title: str
    severity: Severity
    finding: str
    remedy: str
    meaning: str = ""
    variables: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON-ready values."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "finding": self.finding,
            "remedy": self.remedy,
            "meaning": self.meaning,
            "variables": list(self.variables),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Check:
        """Rebuild a check from :meth:`to_dict`."""
        return cls(**{**value, "variables": tuple(value.get("variables", ()))})


class PredictorLike(Protocol):
    """What a check needs to know of a clinical variable."""

    @property
    def name(self) -> str:
        """Identifier."""

    @property
    def role(self) -> str:
        """What the variable may be used for."""


def check_predictor_roles(predictors: Sequence[PredictorLike]) -> Check | None:
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
        return None
    named = ", ".join(f"{predictor.name} ({predictor.role.replace('_', ' ')})" for predictor in wrong)
    return Check(
        code="SC001",
        title="Predictors that leak the outcome",
        severity="error",
        finding=f"{named}: not known at the time of prediction, or another model's output",
        remedy="take them out of the predictors; another model's output may be named as a comparator",
        meaning="The model was given facts that nobody has when the prediction is made, or another model's answer. It "
        "looks better here than it can be at a bedside.",
        variables=tuple(predictor.name for predictor in wrong),
    )


def check_events(events: int, parameters: int, events_per_fold: Sequence[int] = ()) -> Check | None:
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
    title = "Too few events"
    meaning = (
        "With this few events much of what the model has learned may be chance: expect it to do worse in new patients "
        "than in these."
    )
    fewest = min(events_per_fold, default=None)
    if events < LEAST_EVENTS:
        finding = f"{events} events in all; fewer than {LEAST_EVENTS} carry not even one predictor"
        remedy = "find more patients, or a later horizon; do not fit a model"
        return Check("SC002", title, "error", finding, remedy, meaning)
    if fewest is not None and fewest < LEAST_EVENTS_PER_FOLD:
        finding = f"an outer fold holds {fewest} events; {LEAST_EVENTS_PER_FOLD} are the least that give an interval"
        return Check("SC002", title, "error", finding, "use fewer outer folds, or find more patients", meaning)
    ratio = events / parameters
    if ratio >= EVENTS_PER_PARAMETER:
        return None
    finding = f"{ratio:.1f} events per candidate predictor parameter ({events} events, {parameters} parameters)"
    remedy = (
        f"drop predictors on clinical grounds until there are {EVENTS_PER_PARAMETER} or more, or find more patients"
    )
    return Check("SC002", title, "warning", finding, remedy, meaning)


def check_calibration_slope(slope: Measure, *, remedy: str = SLOPE_REMEDY) -> Check | None:
    """SC003: out-of-sample predictions that are too extreme or too moderate, or whose slope is not known.

    Parameters
    ----------
    slope : Estimate or Absent
        Calibration slope of the pooled out-of-fold predictions, or in an external cohort.
    remedy : str
        What to do; as after a training when left out.
    """
    low, high = SLOPE_RANGE
    title = "Calibration slope out of range"
    if isinstance(slope, Absent):
        finding = f"the calibration slope is not known: {slope.reason}"
        meaning = "Whether high risks are too high, or low risks too low, could not be checked."
        return Check("SC003", title, "warning", finding, remedy, meaning)
    if low <= slope.estimate <= high:
        return None
    direction = "too extreme" if slope.estimate < low else "too moderate"
    interval = "" if slope.lower is None or slope.upper is None else f" (95 % {slope.lower:.2f} to {slope.upper:.2f})"
    finding = f"slope {slope.estimate:.2f}{interval}, outside {low:g} to {high:g}: predicted risks are {direction}"
    meaning = (
        "High risks are shown higher, and low risks lower, than what happens: do not take them at face value."
        if slope.estimate < low
        else "High risks are shown lower, and low risks higher, than what happens: do not take them at face value."
    )
    return Check("SC003", title, "warning", finding, remedy, meaning)


def check_horizon(horizon_days: float, longest_follow_up_days: float) -> Check | None:
    """SC004: a horizon that no patient was followed up to.

    Parameters
    ----------
    horizon_days, longest_follow_up_days : float
        The study's horizon and the longest follow-up in the cohort, in days.
    """
    if horizon_days <= longest_follow_up_days:
        return None
    return Check(
        code="SC004",
        title="Horizon beyond follow-up",
        severity="error",
        finding=f"the horizon is {horizon_days:g} days, the longest follow-up {longest_follow_up_days:g}",
        remedy=f"choose a horizon of at most {longest_follow_up_days:g} days, or a cohort followed up for longer",
        meaning="Nobody was watched for as long as the model claims to predict: its risks rest on no observation.",
    )


def check_synthetic_cohort(kind: str) -> Check | None:
    """SC005: the patients are not real.

    Parameters
    ----------
    kind : str
        Kind of the cohort; anything but "real" is taken for synthetic.
    """
    if kind == "real":
        return None
    return Check(
        code="SC005",
        title="Synthetic cohort",
        severity="note",
        finding="the patients were generated; no performance figure says anything about real ones",
        remedy="use the run to try the software, and train on real patients before drawing conclusions",
        meaning="No patient in it exists: nothing here says how the model would do in people.",
    )


def check_missingness(proportions: Mapping[str, tuple[float, float]]) -> Check | None:
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
        return None
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
        title="Missingness that tells the outcome",
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
