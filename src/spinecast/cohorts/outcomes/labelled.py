"""The outcome of the patients analysed, by what it is: yes or no, a level, a quantity, a time and its cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.variable import format_number
from spinecast.cohorts.cohort import AttritionStep
from spinecast.errors import CohortError
from spinecast.statistics import censoring_distribution

__all__ = ["LabelledLevels", "LabelledOutcome", "LabelledQuantity", "LabelledTimes", "require_events"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabelledOutcome:
    """An outcome that patients have or do not have.

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
        Follow-up in days, from the landmark where there is one, and whether it ended with the event.
    uncensored : ndarray, shape (n,), optional
        Whether follow-up ended with any event, the competing ones among them: what is not censoring. It differs from
        `event` only where another event competes.
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
    uncensored: FloatArray | None = None
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
            with the event by the horizon, 1/G(horizon-) when followed to it, else 0. A competing event is no censoring:
            it is weighted as the event is, and the censoring distribution G is learned with it among the events.

        Raises
        ------
        ValueError
            If the outcome is not weighted.
        CohortError
            If none of the training patients was followed up to the horizon.
        """
        if self.weights is None or self.time is None or self.uncensored is None or self.horizon_days is None:
            raise ValueError("this outcome is not weighted for censoring")
        train = np.asarray(train_rows, dtype=np.intp)
        uncensored = censoring_distribution(self.time[train], self.uncensored[train])
        if not float(uncensored.before(self.horizon_days)) > 0:
            raise CohortError(
                f"no training patient was followed up to day {format_number(self.horizon_days)}",
                remedy="choose an earlier horizon or fewer folds",
            )
        reached = np.minimum(self.time, self.horizon_days)
        return np.where(self.known, 1 / uncensored.before(reached), 0.0)


@dataclass(frozen=True, eq=False)
class LabelledLevels:
    """An outcome with levels in order.

    Parameters
    ----------
    label : str
    values : ndarray of int, shape (n,)
        Index into `levels`, lowest 0.
    levels, level_labels : tuple of str
        The levels that are kept, in order: their values in the dictionary (of several that count as one, the first and
        the last) and their words.
    rows : ndarray of int, shape (n,)
        Row positions in the cohort.
    attrition : tuple of AttritionStep
        Who was left out, the cohort's own steps before it.
    short_labels : tuple of str
        The levels in a word or two.
    reached_labels : tuple of str
        What it is to reach each level but the lowest: "At least 3".
    """

    label: str
    values: NDArray[np.intp]
    levels: tuple[str, ...]
    level_labels: tuple[str, ...]
    rows: NDArray[np.intp]
    attrition: tuple[AttritionStep, ...]
    short_labels: tuple[str, ...]
    reached_labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def counts(self) -> tuple[int, ...]:
        """Patients at each level."""
        return tuple(int(count) for count in np.bincount(self.values, minlength=len(self.levels)))


@dataclass(frozen=True, eq=False)
class LabelledQuantity:
    """An outcome that is measured.

    Parameters
    ----------
    label : str
    unit : str
        Canonical unit of the values as shown; empty for a pure number.
    values : ndarray, shape (n,)
    rows : ndarray of int, shape (n,)
        Row positions in the cohort.
    attrition : tuple of AttritionStep
        Who was left out, the cohort's own steps before it.
    """

    label: str
    unit: str
    values: FloatArray
    rows: NDArray[np.intp]
    attrition: tuple[AttritionStep, ...]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class LabelledTimes:
    """An outcome that is a time and what ended it.

    Parameters
    ----------
    label : str
    time : ndarray, shape (n,)
        Days from the start to the first event or to the end of follow-up.
    cause : ndarray of int, shape (n,)
        0 where follow-up ended without an event, k where it ended with the k-th cause.
    causes, cause_labels : tuple of str
        The causes, first the one of interest: their levels in the dictionary and their words.
    rows : ndarray of int, shape (n,)
        Row positions in the cohort.
    attrition : tuple of AttritionStep
        Who was left out, the cohort's own steps before it.
    horizons_days : tuple of float
        Days at which the outcome will be read, each within the follow-up.
    """

    label: str
    time: FloatArray
    cause: NDArray[np.intp]
    causes: tuple[str, ...]
    cause_labels: tuple[str, ...]
    rows: NDArray[np.intp]
    attrition: tuple[AttritionStep, ...]
    horizons_days: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def events(self) -> tuple[int, ...]:
        """Patients whose follow-up ended with each cause."""
        return tuple(int((self.cause == number).sum()) for number in range(1, len(self.causes) + 1))

    @property
    def uncensored(self) -> FloatArray:
        """Whether follow-up ended with an event of any cause, shape (n,): what a censoring distribution is made of."""
        return (self.cause > 0).astype(np.float64)


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
