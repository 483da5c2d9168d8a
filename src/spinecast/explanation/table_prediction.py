"""The risks of a whole table of patients, and what a reader must know of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.contract import check_predictors
from spinecast.errors import ContractError
from spinecast.explanation.contributions import explain
from spinecast.explanation.image_features import scanner_sentences
from spinecast.explanation.prediction import answering_submodels, notices
from spinecast.explanation.standing import decline_reasons, given_only, outside_rows
from spinecast.models.loading import AnyModel, named_parts
from spinecast.models.members import PatternMember, mean_in_order
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.scanners import scanners_named

__all__ = [
    "ADDED_COLUMNS",
    "ROWS_AT_ONCE",
    "Figures",
    "TablePrediction",
    "absent_predictors",
    "columns_of_contributions",
    "predict_table",
    "predicted_table",
    "refuse_similar",
    "require_single_columns",
    "with_contributions",
]

FloatArray = NDArray[np.float64]
# Predictor values, shape (n, predictors), to what is added of each patient, each of shape (n,).
Figures: TypeAlias = Callable[[FloatArray], Mapping[str, NDArray[Any]]]

# Rows predicted at once: bounds the memory of a table of any length.
ROWS_AT_ONCE = 20_000

DESCRIBING_COLUMNS = ("missing_inputs", "unusual_inputs", "model", "notice")
VENN_ABERS_COLUMNS = ("venn_abers_lower", "venn_abers_upper")
ADDED_COLUMNS = ("risk", "lower", "upper", "outside_development", "declined", *DESCRIBING_COLUMNS)

# A column this like an absent predictor's name is more likely a slip of the pen than something else.
_SAME_NAME = 0.8


@dataclass(frozen=True, eq=False)
class TablePrediction:
    """A table with its risks.

    Parameters
    ----------
    table : DataFrame, n rows
        As given, with `ADDED_COLUMNS`: risk and its 95 % limits, which inputs put the patient outside the development
        range, why no risk is given, how many inputs were not known, which were unusual. Of a model that has them,
        `VENN_ABERS_COLUMNS` too, and ``answered_by``, the pattern submodels that answered.
    absent : tuple of str
        Predictors the table has no column for; they count as not known.
    unusual : mapping of str to int
        Rows in which a predictor lies outside its plausible range.
    nothing_known : int
        Rows without any input. They have no risk: a figure for somebody of whom nothing is known would be one of
        nobody.
    scanners : tuple of str
        What became of image features whose scanner the model does not know.
    outside, declined : int
        Rows outside the development range, and rows of which the study wants no risk given.
    """

    table: pd.DataFrame
    absent: tuple[str, ...]
    unusual: dict[str, int]
    nothing_known: int
    scanners: tuple[str, ...]
    outside: int = 0
    declined: int = 0


def predict_table(
    model: PrognosisModel,
    identity: str,
    table: pd.DataFrame,
    *,
    allow_similar: bool = False,
    contributions: bool = False,
) -> TablePrediction:
    """Predict a table of patients.

    Parameters
    ----------
    model : PrognosisModel
    identity : str
    table : DataFrame
        Columns named as in the dictionary, canonical units; other columns are carried along.
    allow_similar : bool
        Whether a column whose name is nearly that of an absent predictor is left alone rather than refused.
    contributions : bool
        Whether :func:`columns_of_contributions` are added.

    Raises
    ------
    ContractError
        If a value breaks the contract, no predictor is there, a column name stands twice or is nearly that of an
        absent predictor, or the table already has one of the columns that would be added.
    """

    def figures(matrix: FloatArray) -> dict[str, NDArray[Any]]:
        found = explain(model, matrix) if contributions else None  # which scores the patients too
        members = model.member_log_odds(matrix) if found is None else found.member_log_odds
        log_odds, (lower, upper) = mean_in_order(members), model.limits(members, matrix)
        added = {"risk": np.asarray(expit(log_odds), dtype=np.float64), "lower": lower, "upper": upper}
        if model.venn_abers is not None:
            added |= zip(VENN_ABERS_COLUMNS, model.venn_abers.interval(log_odds), strict=True)
        if found is not None:
            added |= columns_of_contributions(model.predictors, found.log_odds, found.base_value, found.values)
        return added

    return predicted_table(model, identity, table, figures, allow_similar=allow_similar)


def with_contributions(figures: Figures, beside: Figures | None) -> Figures:
    """Return a function that gives figures and, where they are asked for, others beside them."""
    return figures if beside is None else lambda matrix: {**figures(matrix), **beside(matrix)}


def columns_of_contributions(
    names: Sequence[str], explained: FloatArray, base: FloatArray | float, values: FloatArray, ending: str = ""
) -> dict[str, FloatArray]:
    """Return contributions as columns: what is explained, its base, and each predictor's part.

    Parameters
    ----------
    names : sequence of str
        The predictors.
    explained, base : ndarray, shape (n,)
    values : ndarray, shape (n, predictors)
    ending : str
        Of every column's name.
    """
    own = {
        f"contribution_{name}{ending}": values[:, place]
        for place, name in enumerate(names)
        if not variable(name).is_label  # what tells scanners apart has done its work before
    }
    whole = np.broadcast_to(np.asarray(base, dtype=np.float64), explained.shape)
    return {f"explained{ending}": explained, f"base_value{ending}": whole, **own}


def _answered_by(model: AnyModel, matrix: FloatArray) -> dict[str, NDArray[Any]]:
    """Which submodels answered, of models made of them."""
    if not any(isinstance(part.members[0], PatternMember) for _, part in named_parts(model)):
        return {}
    texts = ["; ".join(named) for named in answering_submodels(model, matrix)]
    return {"answered_by": np.array(texts, dtype=object)}


def predicted_table(
    model: AnyModel,
    identity: str,
    table: pd.DataFrame,
    figures: Figures,
    *,
    allow_similar: bool,
) -> TablePrediction:
    """Check a table, predict it in stretches and add what was found.

    Parameters
    ----------
    model, identity, table, allow_similar
        As :func:`predict_table`; of any kind of model.
    figures : callable
        Maps predictor values, shape (n, predictors), to what is added, each of shape (n,): figures, or texts as
        objects.

    Raises
    ------
    ContractError
        As :func:`predict_table`.
    """

    def columns(matrix: FloatArray) -> dict[str, NDArray[Any]]:
        where = outside_rows(model, matrix) if model.development is not None else [""] * len(matrix)
        return {
            **given_only(model, matrix, {**figures(matrix), **_answered_by(model, matrix)}),
            "outside_development": np.array(where, dtype=object),
            "declined": np.array(decline_reasons(model, matrix), dtype=object),
        }

    of_nobody = columns(np.full((1, len(model.predictors)), np.nan))
    added = (*of_nobody, *DESCRIBING_COLUMNS)
    require_single_columns(table, model)
    _require_room(table, added)
    frame = check_predictors(table, model.predictors)
    matrix = model.matrix(frame)
    absent = absent_predictors(model, table, matrix)
    if not allow_similar:
        refuse_similar(absent, table)
    stretches = [columns(matrix[start : start + ROWS_AT_ONCE]) for start in range(0, len(matrix), ROWS_AT_ONCE)]
    found = {name: np.concatenate([stretch[name] for stretch in stretches] or [np.empty(0)]) for name in of_nobody}
    nothing_known = np.isnan(matrix).all(axis=1)
    for values in found.values():
        if values.dtype != object:
            values[nothing_known] = np.nan
    outside = {name: mask for name in model.predictors if (mask := _implausible(name, frame[name])).any()}
    described = {
        **found,
        "missing_inputs": np.isnan(matrix).sum(axis=1),
        "unusual_inputs": _named(outside, len(matrix)),
        "model": f"{model.name} {identity[:12]}",
        "notice": " ".join(notices(model)),
    }
    # All at once: pandas warns of a table to which many columns are added one after the other.
    predicted = pd.concat([table, pd.DataFrame(described, index=table.index)], axis=1)
    unusual = {name: int(mask.sum()) for name, mask in outside.items()}
    scanners = tuple(scanner_sentences(model, frame_matrix(frame, model.predictors), scanners_named(frame)))
    counts = (int((predicted[name] != "").sum()) for name in ("outside_development", "declined"))
    return TablePrediction(predicted, absent, unusual, int(nothing_known.sum()), scanners, *counts)


def absent_predictors(model: AnyModel, table: pd.DataFrame, matrix: FloatArray) -> tuple[str, ...]:
    """Predictors that a table has no column for and that follow from none of its columns, in any row of it."""
    unknown = np.atleast_1d(np.isnan(matrix).all(axis=0))
    return tuple(name for j, name in enumerate(model.predictors) if name not in table.columns and unknown[j])


def require_single_columns(table: pd.DataFrame, model: AnyModel) -> None:
    """Refuse a table that names a predictor twice.

    Raises
    ------
    ContractError
        If it does.
    """
    columns = [str(column) for column in table.columns]
    doubled = [name for name in model.predictors if columns.count(name) > 1]
    if doubled:
        raise ContractError(f"the table has more than one column {doubled[0]!r}", expected="every column name once")


def _require_room(table: pd.DataFrame, added: tuple[str, ...]) -> None:
    columns = [str(column) for column in table.columns]
    taken = [name for name in added if name in columns]
    if taken:
        raise ContractError(
            f"the table already has a column {taken[0]!r}",
            expected=f"a table without {', '.join(added)}: they are added",
            remedy="rename or drop it",
        )


def refuse_similar(absent: tuple[str, ...], table: pd.DataFrame) -> None:
    """Refuse a table that has a column named almost like a predictor it lacks.

    Raises
    ------
    ContractError
        If it has one that is no variable of the dictionary.
    """
    strangers = [str(column) for column in table.columns if str(column) not in variables()]
    for name in absent:
        close = get_close_matches(name, strangers, n=1, cutoff=_SAME_NAME)
        if close:
            raise ContractError(
                f"the table has no column {name!r}, but one called {close[0]!r}",
                expected="columns named as in the dictionary; a predictor without a column counts as not known",
                remedy=f"rename it to {name}, or pass --allow-similar-columns if it is something else",
            )


def _implausible(name: str, values: pd.Series) -> NDArray[np.bool_]:
    plausible = variable(name).plausible
    if plausible is None:
        return np.zeros(len(values), dtype=bool)
    numbers = values.to_numpy(dtype=np.float64)
    unusual: NDArray[np.bool_] = ~plausible.contains(numbers) & ~np.isnan(numbers)
    return unusual


def _named(outside: dict[str, NDArray[np.bool_]], count: int) -> NDArray[np.object_]:
    """Join, for each row, the names of its unusual inputs."""
    joined = np.full(count, "", dtype=object)
    for name, mask in outside.items():
        joined[mask] = [f"{known}; {name}" if known else name for known in joined[mask]]
    return joined
