"""Fine and Gray's regression of the same event beside cause-specific hazards: out of fold, in the same splits.

It models the cumulative incidence itself (Fine & Gray 1999, J Am Stat Assoc 94:496): one coefficient a column, nothing
tuned and nothing penalised. It is the comparison a reader of competing risks expects; it is not served, because such
models of several causes can add up to more than 1 (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.survival.time_grid import read_at
from spinecast.statistics import Absent, fit_fine_gray
from spinecast.training.resampling import Split

__all__ = ["estimable_columns", "fine_gray_out_of_fold", "independent_columns"]

FloatArray = NDArray[np.float64]

# Share of the largest column's length, after the others are taken out of it, below which a column adds nothing.
DEPENDENT = 1e-8
# Events on either side of a column of two values: with none on one side its coefficient runs to infinity, and with
# nothing penalised it comes close to that with a few.
FEWEST_EVENTS = 5


def independent_columns(columns: FloatArray) -> NDArray[np.int64]:
    """Positions of columns of which none is a sum of others: levels of one variable always add up to 1.

    Parameters
    ----------
    columns : ndarray, shape (n, p)

    Returns
    -------
    ndarray of int64
        Ascending; as many as the rank of the centred columns.
    """
    centred = columns - columns.mean(axis=0)
    _, triangle, order = qr(centred, mode="economic", pivoting=True)
    length = np.abs(np.diag(triangle))
    return np.sort(order[: len(length)][length > DEPENDENT * max(length.max(initial=0.0), 1e-300)]).astype(np.int64)


def estimable_columns(columns: FloatArray, event: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of columns whose coefficients can be had without a penalty.

    A level, or an indicator, with fewer than `FEWEST_EVENTS` events on either side is taken together with the others.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
    event : ndarray of bool, shape (n,)
        Whether the event of interest was seen.
    """
    wide = []
    for position, column in enumerate(columns.T):
        values = np.unique(column)
        if len(values) != 2 or min(int((event & (column == value)).sum()) for value in values) >= FEWEST_EVENTS:
            wide.append(position)
    kept = np.array(wide, dtype=np.int64)
    return kept[independent_columns(columns[:, kept])]


def fine_gray_out_of_fold(
    matrix: FloatArray,
    schema: PredictorSchema,
    time: FloatArray,
    cause: FloatArray,
    splits: Sequence[Split],
    days: Sequence[float],
    grid: FloatArray,
) -> FloatArray | Absent:
    """Fit the model to the training patients of each outer fold and predict the others.

    Parameters
    ----------
    matrix : ndarray, shape (n, predictors)
    schema : PredictorSchema
    time, cause : ndarray, shape (n,)
        Follow-up, and 0 where it was censored, 1 for the cause of interest, above for others.
    splits : sequence of Split
    days : sequence of float
    grid : ndarray, shape (k,)
        Days the baseline is read at, as for every other curve.

    Returns
    -------
    ndarray, shape (n, len(days)), or Absent
        Cumulative incidence by each day; absent where a fold's model has no highest point, with the reason.
    """
    risk = np.empty((len(time), len(days)))
    for split in (one for one in splits if one.test.size):
        train = split.train
        encoder = fit_encoder(matrix[train], schema, Imputation("median"))
        fitted, judged = encoder.transform(matrix[train]), encoder.transform(matrix[split.test])
        kept = estimable_columns(fitted, cause[train] == 1)
        found = fit_fine_gray(time[train], cause[train].astype(int), fitted[:, kept])
        if isinstance(found, Absent):
            return Absent(f"{split.name}: {found.reason}")
        linear = (judged[:, kept] * found.coefficients).sum(axis=1)
        steps = np.searchsorted(found.times, grid, side="right")
        baseline = np.concatenate([[0.0], found.baseline_hazard])[steps]
        # Before the first event half an event stands in, as for every other curve.
        floor = 0.5 / len(train)
        curves = np.log(np.maximum(baseline, floor)) + linear[:, None]
        risk[split.test] = -np.expm1(-np.exp(read_at(grid, days).of(curves)))
    return risk
