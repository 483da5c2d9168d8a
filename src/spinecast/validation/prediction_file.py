"""Predictions made elsewhere: a table with a column of risks and what happened, read into :class:`Predictions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.sources import read_table
from spinecast.cohorts.synthetic.marks import is_marked
from spinecast.errors import CohortError, ContractError, nearest
from spinecast.files import sha256_file
from spinecast.statistics import Absent
from spinecast.validation.evaluation import CohortIdentity, OutcomeLabel
from spinecast.validation.prediction_columns import SIDES, counted, read_numbers, read_outcomes, require_risks
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk, predictions_at_horizon

__all__ = ["FollowUpColumns", "PredictionFile", "PredictionRequest", "read_predictions"]

FloatArray = NDArray[np.float64]

_NO_RISK = "a predicted risk"
_IDENTIFIERS = ("patient_id", "patient", "id")


@dataclass(frozen=True)
class FollowUpColumns:
    """Columns of an outcome that is read at a horizon, some patients' follow-up ending before it.

    Parameters
    ----------
    time : str
        Follow-up, in the unit of the horizon.
    event : str
        Whether it ended with the event.
    horizon : float
        When the outcome is read, that time included.
    competing : tuple of str
        What the event column says where another event came first: no censoring, the patient is known to be without the
        event.
    """

    time: str
    event: str
    horizon: float
    competing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        taken = [code for code in self.competing if code.casefold() in SIDES]
        if taken:
            raise ContractError(
                f"{taken[0]!r} says yes or no and cannot be another event",
                where="--competing",
                expected="the codes of --event for events other than the one predicted, such as 2",
            )


@dataclass(frozen=True)
class PredictionRequest:
    """Which columns of a file are what. Either `outcome` or `follow_up` is given.

    Parameters
    ----------
    risk : str
        Predicted risks.
    outcome : str, optional
        What happened, yes or no.
    follow_up : FollowUpColumns, optional
        What happened, in time.
    compare : tuple of str
        Other predictions of the same patients.
    weights : str, optional
        Case weights, with `outcome` only.
    synthetic : bool
        Whether the patients are made up; a file that carries the mark is synthetic whatever is said.
    """

    risk: str
    outcome: str | None = None
    follow_up: FollowUpColumns | None = None
    compare: tuple[str, ...] = ()
    weights: str | None = None
    synthetic: bool = False

    def __post_init__(self) -> None:
        if (self.outcome is None) == (self.follow_up is None):
            raise ContractError(
                "the outcome is either one column or a time, an event and a horizon",
                expected="--outcome Y, or --time T --event D --horizon H",
            )
        if self.follow_up is not None and self.weights is not None:
            raise ContractError(
                "--weights does not go with --time: patients are then weighted for their censoring",
                remedy="leave --weights out",
            )
        if self.follow_up is not None and not (np.isfinite(self.follow_up.horizon) and self.follow_up.horizon > 0):
            raise ContractError(f"a horizon of {self.follow_up.horizon:g} is no time", expected="a number above 0")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        timed = (self.follow_up.time, self.follow_up.event) if self.follow_up else ()
        named = (self.risk, self.outcome, *timed, self.weights, *self.compare)
        return tuple(name for name in dict.fromkeys(named) if name is not None)

    @property
    def outcome_label(self) -> OutcomeLabel:
        """The outcome in words: those of the file."""
        if self.follow_up is None:
            return OutcomeLabel(str(self.outcome), f"With {self.outcome}")
        words = f"{self.follow_up.event} by {self.follow_up.horizon:g}"
        return OutcomeLabel(f"{words} (follow-up in {self.follow_up.time})", f"With {words}")


@dataclass(frozen=True, eq=False)
class PredictionFile:
    """A file of predictions, read.

    Parameters
    ----------
    predictions : Predictions
        Of the patients who have a risk and an outcome, or a follow-up, the censored weighing 0; "external": nobody here
        knows what the model had seen, and the file says that it was made elsewhere.
    compared : dict of str to ndarray, shape (n,)
        The other predictions, NaN for patients without one.
    cohort : CohortIdentity
        The file: its name, whether it is marked synthetic, and its SHA-256.
    followed : FollowedRisk, optional
        The same patients' follow-up, where the outcome is read from one.
    left_out : dict of str to int
        Patients who could not be used, by reason.
    notes : tuple of str
        What a reader must know of the file.
    """

    predictions: Predictions
    compared: dict[str, FloatArray]
    cohort: CohortIdentity
    followed: FollowedRisk | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def without_value(self) -> int:
        """Patients who have no predicted risk, whatever else they lack."""
        return sum(count for reason, count in self.left_out.items() if reason.startswith(_NO_RISK))

    @property
    def patients(self) -> int:
        """Patients who can be used, those with a follow-up that is censored before the horizon among them."""
        return int(self.predictions.risk.size)


def read_predictions(path: Path, request: PredictionRequest) -> PredictionFile:
    """Read a CSV or Parquet file of predictions.

    Patients without a risk, an outcome (or a follow-up) or a weight are left out and counted. Censored follow-up is met
    by inverse-probability weights, the censoring learned on the patients of the file.

    Parameters
    ----------
    path : pathlib.Path
    request : PredictionRequest

    Raises
    ------
    CohortError
        If the file is not there or holds nobody who can be used, all patients or none have the outcome, or nobody is
        followed up to the horizon.
    ContractError
        If a column is missing, holds text in place of numbers, or risks that are none.
    """
    table = read_table(path)
    _require_columns(table, request)
    identity, notes = _identity(path, table, request), _repeated(table)
    numbers = {name: read_numbers(table, name) for name in request.columns if name not in _sides(request)}
    others = request.follow_up.competing if request.follow_up else ()
    numbers |= {
        name: read_outcomes(table, name, others, timed=request.follow_up is not None) for name in _sides(request)
    }
    del table
    for name in (request.risk, *request.compare):
        require_risks(name, numbers[name])
    used, left_out = _usable(numbers, request)
    kept = {name: values[used] for name, values in numbers.items()}
    compared = {name: kept[name] for name in request.compare}
    if request.follow_up is None:
        weights = kept[request.weights] if request.weights else None
        _require_weights(request.weights, weights)
        predictions = Predictions(kept[request.risk], kept[str(request.outcome)], weights, None, "external")
        _require_classes(predictions, request)
        return PredictionFile(predictions, compared, identity, left_out=left_out, notes=notes)
    time, event = kept[request.follow_up.time], kept[request.follow_up.event]
    followed = FollowedRisk(time, event, kept[request.risk], request.follow_up.horizon)
    predictions = _at_horizon(followed, request.follow_up)
    _require_classes(predictions, request)
    return PredictionFile(predictions, compared, identity, followed, left_out, notes)


def _sides(request: PredictionRequest) -> tuple[str, ...]:
    return (request.follow_up.event,) if request.follow_up else (str(request.outcome),)


def _require_columns(table: pd.DataFrame, request: PredictionRequest) -> None:
    present = [str(column) for column in table.columns]
    for name in request.columns:
        if present.count(name) > 1:
            raise ContractError(f"the file has more than one column {name!r}", expected="every column name once")
        if name not in present:
            close = nearest(name, present)
            raise ContractError(
                f"the file has no column {name!r}",
                expected=f"one of {', '.join(present[:30])}{', …' if len(present) > 30 else ''}",
                remedy=f"did you mean {close!r}?" if close else None,
            )


def _identity(path: Path, table: pd.DataFrame, request: PredictionRequest) -> CohortIdentity:
    column = _identifier(table)
    identifiers = () if column is None else table[column]
    marked = is_marked(table.columns, identifiers)
    return CohortIdentity(path.name, "synthetic" if request.synthetic or marked else "real", sha256_file(path))


def _identifier(table: pd.DataFrame) -> str | None:
    return next((name for name in _IDENTIFIERS if list(table.columns).count(name) == 1), None)


def _repeated(table: pd.DataFrame) -> tuple[str, ...]:
    """Say that people stand in the file more than once, where it says who is who."""
    column = _identifier(table)
    again = 0 if column is None else int(table[column].dropna().duplicated().sum())
    if not again:
        return ()
    return (
        f"{counted(again, 'row')} of {len(table):,} with an identifier of {column!r} that stands above it: every row "
        "is taken for a person, and where it is none the intervals are too narrow",
    )


def _require_weights(name: str | None, values: FloatArray | None) -> None:
    if values is None:
        return
    if (values < 0).any() or not values.any():
        raise ContractError(f"{name!r} cannot be weights", expected="numbers of 0 and more, not all 0")


def _usable(numbers: Mapping[str, FloatArray], request: PredictionRequest) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return who can be used, and how many cannot, each counted under the first reason."""
    used = np.ones(len(numbers[request.risk]), dtype=bool)
    left_out = {}
    for name, reason in _needed(request):
        missing = used & np.isnan(numbers[name])
        if missing.any():
            left_out[f"{reason} ({name})"] = int(missing.sum())
            used &= ~missing
    if not used.any():
        reasons = "; ".join(f"{count} without {reason}" for reason, count in left_out.items())
        raise CohortError("no patient of the file can be used", where=reasons)
    return used, left_out


def _needed(request: PredictionRequest) -> Iterable[tuple[str, str]]:
    yield request.risk, _NO_RISK
    if request.follow_up is None:
        yield str(request.outcome), "a known outcome"
    else:
        yield request.follow_up.time, "a follow-up time"
        yield request.follow_up.event, "a known event"
    if request.weights is not None:
        yield request.weights, "a weight"


def _at_horizon(followed: FollowedRisk, asked: FollowUpColumns) -> Predictions:
    time = followed.time
    if time.min() < 0:
        raise CohortError(f"{int((time < 0).sum())} follow-up times of {asked.time!r} lie below 0")
    found, longest = predictions_at_horizon(followed), float(time.max())
    # Where the last follow-up ends with the event, all who are known had it: that too is a horizon nobody was seen at.
    if isinstance(found, Absent) or (longest < asked.horizon and found.events == found.n):
        raise CohortError(
            f"nobody was followed up to the horizon of {asked.horizon:g}",
            where=f"the longest follow-up in {asked.time!r} is {longest:g}",
            remedy=f"name a horizon of at most {longest:g}, in the unit of {asked.time!r}",
        )
    return found


def _require_classes(predictions: Predictions, request: PredictionRequest) -> None:
    for count, words in ((predictions.events, "has"), (predictions.n - predictions.events, "is without")):
        if count == 0:
            raise CohortError(
                f"no patient of the file {words} the outcome ({request.outcome_label.label})",
                where=f"{predictions.n:,} patients with a known outcome, {predictions.events:,} events",
                expected="patients with it and patients without: else no prediction can be told from another",
            )
