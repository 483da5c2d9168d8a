"""Watched patients from a file: a row a prediction, with its day, its inputs and what came back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.contract import check_predictors
from spinecast.cohorts.synthetic.marks import is_marked
from spinecast.cohorts.table_files import read_table
from spinecast.errors import ContractError, nearest
from spinecast.models.loading import AnyModel
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.returned import read_days
from spinecast.validation.monitoring.watched import Watched, counted, within
from spinecast.validation.prediction_columns import read_numbers, require_risks

__all__ = ["PATIENT", "PREDICTED_ON", "RISK", "watched_in_file"]

PATIENT, PREDICTED_ON, RISK = "patient", "predicted_on", "risk"
"""Columns of the file beside variables of the dictionary."""

FloatArray = NDArray[np.float64]


def watched_in_file(
    path: Path,
    model: AnyModel,
    risk: OneRisk,
    *,
    since: np.datetime64 | None = None,
    until: np.datetime64,
    synthetic: bool = False,
) -> Watched:
    """Read predictions with what came back of them.

    Parameters
    ----------
    path : pathlib.Path
        ``predicted_on`` (a date), ``risk``, the model's predictors and the variables of its outcome by dictionary name;
        ``patient``, where a patient may stand in it more than once, on one day in the order in which they were asked
        about. Days of follow-up are counted from the prediction.
    model : AnyModel
        Gives the risks where the file has no column of them.
    risk : OneRisk
    since, until : datetime64
        First and last day of the predictions that count.
    synthetic : bool
        Whether the patients are made up; a file that carries the mark is so whatever is said.

    Raises
    ------
    CohortError, ContractError, RejectedTableError
        If the file is not there, lacks a column, or its cells break the contract.
    """
    table = read_table(path)
    columns = [str(column) for column in table.columns]
    outcome = [name for name in (risk.time, risk.state) if name is not None]
    for needed in (PREDICTED_ON, *outcome):
        if needed not in columns:
            close = nearest(needed, columns)
            raise ContractError(
                f"the file has no column {needed!r}",
                where=str(path),
                expected=f"{PREDICTED_ON}, {RISK}, {', '.join(outcome)} and the model's predictors",
                remedy=f"did you mean {close!r}?" if close else None,
            )
    days = read_days(table[PREDICTED_ON], PREDICTED_ON)
    dated = ~np.isnat(days)
    found = check_predictors(table, (*model.predictors, *outcome))
    inputs = frame_matrix(found, model.predictors)
    time = frame_matrix(found, [risk.time])[:, 0] if risk.time else np.full(len(table), np.nan)
    state = frame_matrix(found, [risk.state])[:, 0]
    known = ~np.isnan(state) & (~np.isnan(time) if risk.time else True)
    if RISK in columns:
        risks = read_numbers(table, RISK)
        require_risks(RISK, risks)
    else:
        risks = risk.predict(model, inputs)
    left_out = Counter({"without a day": int((~dated).sum()), "without a risk": int(np.isnan(risks[dated]).sum())})
    rows = np.flatnonzero(dated & ~np.isnan(risks))
    rows = rows[np.argsort(days[rows], kind="stable")]
    made = zip(_people(table, rows), days[rows], rows, strict=True)
    kept = np.array([row for _, row in within(counted(made, left_out), since, until, left_out)], dtype=np.intp)
    return Watched(
        predicted_on=days[kept],
        risk=risks[kept],
        inputs=inputs[kept],
        predictors=model.predictors,
        time=np.where(known, time, np.nan)[kept],
        state=np.where(known, state, np.nan)[kept],
        subjects=tuple(_people(table, kept)),
        source=path.name,
        synthetic=synthetic or is_marked(columns, table[PATIENT] if PATIENT in columns else ()),
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _people(table: pd.DataFrame, rows: NDArray[np.intp]) -> list[str]:
    if PATIENT in table:
        return [str(one) for one in table[PATIENT].iloc[rows]]
    return [f"row {row + 1}" for row in rows]
