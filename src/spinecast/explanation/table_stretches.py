"""A table of any length, predicted in stretches of rows: every row is checked before the first is predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.contract import check_predictors
from spinecast.cohorts.rejections import RejectedTableError, Rejections
from spinecast.explanation.answering import Question, predict_any_table
from spinecast.explanation.table_prediction import (
    TablePrediction,
    absent_predictors,
    refuse_similar,
    require_single_columns,
)
from spinecast.models.loading import AnyModel

__all__ = ["TableNotes", "check_stretches", "predict_stretches"]

# So many refused values are enough to know a file by: those of a longer list would fill the memory.
MOST_REJECTIONS = 10_000


@dataclass
class TableNotes:
    """What a reader must know of a table's inputs, added up over its stretches.

    Parameters
    ----------
    rows : int
    absent : tuple of str
    unusual : dict of str to int
    nothing_known : int
    scanners : dict of str to None
        Sentences, each once.
    outside, declined : int
        As in :class:`spinecast.explanation.table_prediction.TablePrediction`.
    """

    rows: int = 0
    absent: tuple[str, ...] = ()
    unusual: dict[str, int] = field(default_factory=dict)
    nothing_known: int = 0
    scanners: dict[str, None] = field(default_factory=dict)
    outside: int = 0
    declined: int = 0

    def add(self, found: TablePrediction) -> None:
        """Add what was found in one more stretch."""
        self.absent = tuple(name for name in self.absent if name in found.absent) if self.rows else found.absent
        self.rows += len(found.table)
        for name, count in found.unusual.items():
            self.unusual[name] = self.unusual.get(name, 0) + count
        self.nothing_known += found.nothing_known
        self.scanners |= dict.fromkeys(found.scanners)
        self.outside += found.outside
        self.declined += found.declined


def check_stretches(model: AnyModel, stretches: Iterable[pd.DataFrame], *, allow_similar: bool = False) -> int:
    """Check all rows; return how many there are.

    Parameters
    ----------
    model : AnyModel
    stretches : iterable of DataFrame
        Raw cells; the index holds each row's position.
    allow_similar : bool
        As :func:`spinecast.explanation.table_prediction.predict_table`.

    Raises
    ------
    ContractError
        As :func:`spinecast.explanation.table_prediction.predict_table`.
    RejectedTableError
        If cells break the contract: with those of all stretches, up to some thousands.
    """
    rows, absent, refused = 0, model.predictors, []
    last: pd.DataFrame | None = None
    for stretch in stretches:
        if last is None:
            require_single_columns(stretch, model)
            if not allow_similar:  # of derived predictors rows further down may tell
                lacking = (name for name in model.predictors if name not in stretch.columns)
                refuse_similar(tuple(name for name in lacking if not variable(name).is_derived), stretch)
        last, rows = stretch, rows + len(stretch)
        try:
            matrix = model.matrix(check_predictors(stretch, model.predictors))
            found = absent_predictors(model, stretch, matrix)
            absent = tuple(name for name in absent if name in found)
        except RejectedTableError as error:
            refused.append(error.rejections.table)
            if sum(map(len, refused)) > MOST_REJECTIONS:
                break
    if refused:
        raise RejectedTableError(
            Rejections(pd.concat(refused, ignore_index=True)),
            remedy="correct the values or their units; leave unknown ones empty",
        )
    if last is not None and not allow_similar:
        refuse_similar(absent, last)
    return rows


def predict_stretches(
    model: AnyModel,
    identity: str,
    stretches: Iterable[pd.DataFrame],
    question: Question,
    *,
    contributions: bool = False,
) -> Iterator[tuple[pd.DataFrame, TableNotes]]:
    """Predict stretches that :func:`check_stretches` has passed, one after the other.

    The numbers of a row are the same bits whatever the stretches.

    Parameters
    ----------
    model, identity, question, contributions
        As :func:`spinecast.explanation.answering.predict_any_table`.
    stretches : iterable of DataFrame

    Yields
    ------
    table : DataFrame
        One stretch with its risks.
    notes : TableNotes
        Of all rows so far.
    """
    notes = TableNotes()
    for stretch in stretches:
        found = predict_any_table(model, identity, stretch, question, allow_similar=True, contributions=contributions)
        notes.add(found)
        yield found.table, notes
