"""What is predicted: the outcome of each patient, whom it is known for, and how censored patients are met."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import format_number
from spinecast.cohorts.cohort import AttritionStep, Cohort
from spinecast.errors import CohortError, ContractError
from spinecast.statistics import censoring_distribution, ipcw_weights

__all__ = ["BinaryOutcome", "HorizonOutcome", "LabelledOutcome", "Outcome", "label_outcome", "require_events"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class HorizonOutcome:
    """An event by a fixed day, with follow-up that may end earlier.

    Parameters
    ----------
    time : str
        Variable with the days from the start to the event or the end of follow-up.
    event : str
        Binary variable: whether follow-up ended with the event.
    horizon_days : float
        The day by which the event counts, that day included.
    censored : {"exclude", "ipcw"}
        Patients whose follow-up ended before the horizon without the event are left out, or the others are weighted by
        the inverse probability of being uncensored.
    label : str, optional
        Name of the outcome.
    """

    time: str
    event: str
    horizon_days: float
    censored: Literal["exclude", "ipcw"] = "exclude"
    label: str | None = None

    def __post_init__(self) -> None:
        if variable(self.time).is_levelled:
            raise ContractError(f"outcome.time: {self.time} has levels", expected="a variable that counts days")
        if variable(self.event).kind != "binary":
            raise ContractError(f"outcome.event: {self.event} is not binary", expected="absent or present")
        if not (math.isfinite(self.horizon_days) and self.horizon_days > 0):
            raise ContractError(f"outcome.horizon_days is {self.horizon_days}", expected="a positive number of days")


@dataclass(frozen=True)
class BinaryOutcome:
    """A state that is present or not.

    Parameters
    ----------
    variable : str
        Levelled variable with the state.
    event_levels : tuple of str
        Levels that count as the event.
    excluded_levels : tuple of str
        Levels whose patients are left out.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    event_levels: tuple[str, ...]
    excluded_levels: tuple[str, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        entry = variable(self.variable)
        if not entry.is_levelled:
            raise ContractError(f"outcome.variable: {self.variable} has no levels", expected="a variable with levels")
        for level in (*self.event_levels, *self.excluded_levels):
            entry.level_label(level)
        both = set(self.event_levels) & set(self.excluded_levels)
        if both or not self.event_levels:
            raise ContractError(
                f"outcome: {' and '.join(sorted(both))} is both the event and left out" if both else "no event level",
                expected=f"levels of {self.variable}: {', '.join(entry.level_values)}",
            )


Outcome = HorizonOutcome | BinaryOutcome


@dataclass(frozen=True, eq=False)
class LabelledOutcome:
    """The outcome of the patients analysed.

    Parameters
    ----------
    label, positive_label, negative_label : str
        The outcome, and its two sides, in words.
    values : ndarray, shape (n,)
        1 with the event, 0 without. Where `known` is False it is 0 and its weight is 0.
    known : ndarray of bool, shape (n,)
        Whether the outcome is known; all True unless censored patients are weighted for.
    rows : ndarray of int, shape (n,)
        Their row positions in the cohort.
    weights : ndarray, shape (n,), optional
        Inverse-probability-of-censoring weights with the censoring learned on all n; None without censoring weights.
    attrition : tuple of AttritionStep
        Who was left out because the outcome is not known, the cohort's own steps before it.
    time, event : ndarray, shape (n,), optional
        Follow-up in days and whether it ended with the event, of a horizon outcome.
    horizon_days : float, optional
    """

    label: str
    positive_label: str
    negative_label: str
    values: FloatArray
    known: NDArray[np.bool_]
    rows: NDArray[np.intp]
    weights: FloatArray | None
    attrition: tuple[AttritionStep, ...]
    time: FloatArray | None = None
    event: FloatArray | None = None
    horizon_days: float | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def events(self) -> int:
        """Patients known to have had the event."""
        return int(self.values[self.known].sum())

    def ipcw_weights_for(self, train_rows: ArrayLike) -> FloatArray:
        """Weights of all n patients with the censoring distribution learned on some of them only.

        Parameters
        ----------
        train_rows : array_like of int
            Positions within the n patients.

        Returns
        -------
        ndarray, shape (n,)
            The definition is that of `spinecast.statistics.ipcw_weights` (Graf et al. 1999, Stat Med 18:2529): 1/G(t-)
            with the event by the horizon, 1/G(horizon-) when followed to it, else 0.

        Raises
        ------
        ValueError
            If the outcome is not weighted.
        CohortError
            If none of the training patients was followed up to the horizon.
        """
        if self.weights is None or self.time is None or self.event is None or self.horizon_days is None:
            raise ValueError("this outcome is not weighted for censoring")
        train = np.asarray(train_rows, dtype=np.intp)
        uncensored = censoring_distribution(self.time[train], self.event[train])
        if not float(uncensored.before(self.horizon_days)) > 0:
            raise CohortError(
                f"no training patient was followed up to day {format_number(self.horizon_days)}",
                remedy="choose an earlier horizon or fewer folds",
            )
        reached = np.minimum(self.time, self.horizon_days)
        return np.where(self.known, 1 / uncensored.before(reached), 0.0)


def label_outcome(cohort: Cohort, outcome: Outcome) -> LabelledOutcome:
    """Read the outcome of every patient of a cohort.

    Parameters
    ----------
    cohort : Cohort
    outcome : HorizonOutcome or BinaryOutcome

    Raises
    ------
    CohortError
        If nobody's outcome is known, all have it or none, a time is negative, or nobody is followed to the horizon.
    ContractError
        If the cohort lacks the outcome's variables.
    """
    if isinstance(outcome, HorizonOutcome):
        return _at_horizon(cohort, outcome)
    return _of_levels(cohort, outcome)


def require_events(labelled: LabelledOutcome, minimum: int) -> None:
    """Refuse an outcome that is too rare, or too common, to learn from.

    Parameters
    ----------
    labelled : LabelledOutcome
    minimum : int
        Fewest patients there must be with the event, and fewest without.

    Raises
    ------
    CohortError
        If there are fewer.
    """
    known = int(labelled.known.sum())
    for count, words in ((labelled.events, "with"), (known - labelled.events, "without")):
        if count < minimum:
            raise CohortError(
                f"{count} patients {words} the outcome ({labelled.label}) are too few to learn from",
                where=f"{labelled.events} of {known} patients have it",
                expected=f"at least {minimum} with it and {minimum} without",
                remedy="gather more patients, or choose another outcome or horizon",
            )


def _at_horizon(cohort: Cohort, outcome: HorizonOutcome) -> LabelledOutcome:
    time, event = cohort.matrix([outcome.time, outcome.event]).T
    horizon = outcome.horizon_days
    day = format_number(horizon)
    recorded = ~np.isnan(time) & ~np.isnan(event)
    steps = list(cohort.attrition)
    _leave_out(steps, "follow-up", f"{outcome.time} or {outcome.event} not recorded", recorded)
    rows = np.flatnonzero(recorded)
    time, event = time[rows], event[rows]
    _check_times(time, horizon)
    dead = (event == 1) & (time <= horizon)
    known = dead | (time >= horizon)
    weights = None
    if outcome.censored == "exclude":
        _leave_out(steps, "censoring", f"follow-up ended before day {day} without the event", known)
        rows, time, event, dead = rows[known], time[known], event[known], dead[known]
        known = np.ones(len(rows), dtype=bool)
    else:
        weights = np.asarray(ipcw_weights(time, event, horizon), dtype=np.float64)
    entry = variable(outcome.event)
    label = outcome.label or f"{entry.label} within {day} days"
    _check_classes(label, dead[known])
    return LabelledOutcome(
        label=label,
        positive_label=f"{entry.levels[1].label} by day {day}",
        negative_label=f"{entry.levels[0].label} at day {day}",
        values=dead.astype(np.float64),
        known=known,
        rows=rows,
        weights=weights,
        attrition=tuple(steps),
        time=time,
        event=event,
        horizon_days=horizon,
    )


def _check_times(time: FloatArray, horizon: float) -> None:
    if not len(time):
        raise CohortError("nobody's follow-up is known", expected="a time and whether the event happened")
    if (time < 0).any():
        raise CohortError(
            f"{int((time < 0).sum())} follow-up times are negative", expected="days counted from the start, 0 or more"
        )
    longest = float(time.max())
    if longest < horizon:
        raise CohortError(
            f"the horizon of {format_number(horizon)} days lies past the follow-up",
            where=f"the longest follow-up is {format_number(longest)} days",
            expected="a horizon that at least one patient was followed to",
            remedy="choose an earlier horizon",
        )


def _of_levels(cohort: Cohort, outcome: BinaryOutcome) -> LabelledOutcome:
    entry = variable(outcome.variable)
    codes = cohort.matrix([outcome.variable])[:, 0]
    steps = list(cohort.attrition)
    recorded = ~np.isnan(codes)
    _leave_out(steps, "outcome", f"{entry.label.lower()} not recorded", recorded)
    excluded = np.isin(codes, [entry.level_values.index(level) for level in outcome.excluded_levels])
    if outcome.excluded_levels:
        words = " or ".join(entry.level_label(level).lower() for level in outcome.excluded_levels)
        _leave_out(steps, "excluded outcome", words, ~excluded[recorded])
    rows = np.flatnonzero(recorded & ~excluded)
    values = np.isin(codes[rows], [entry.level_values.index(level) for level in outcome.event_levels])
    positive = " or ".join(entry.level_label(level) for level in outcome.event_levels)
    others = [
        level.label for level in entry.levels if level.value not in (*outcome.event_levels, *outcome.excluded_levels)
    ]
    label = outcome.label or f"{entry.label}: {positive.lower()}"
    _check_classes(label, values)
    return LabelledOutcome(
        label=label,
        positive_label=positive,
        negative_label=others[0] if len(others) == 1 else f"Not {positive[0].lower()}{positive[1:]}",
        values=values.astype(np.float64),
        known=np.ones(len(rows), dtype=bool),
        rows=rows,
        weights=None,
        attrition=tuple(steps),
    )


def _leave_out(steps: list[AttritionStep], step: str, reason: str, kept: NDArray[np.bool_]) -> None:
    left_out = int((~kept).sum())
    if left_out:
        steps.append(AttritionStep(step, reason, left_out, int(kept.sum())))


def _check_classes(label: str, values: NDArray[np.bool_]) -> None:
    if not len(values):
        raise CohortError(f"nobody's outcome is known ({label})", expected="patients with and without the outcome")
    if values.all() or not values.any():
        everyone = "every patient has" if values.all() else "no patient has"
        raise CohortError(
            f"{everyone} the outcome ({label})",
            where=f"{len(values)} patients with a known outcome",
            expected="patients with and without the outcome",
        )
