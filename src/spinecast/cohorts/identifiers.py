"""Whose rows these are: patient identifiers, groups, and the number of each row in its source."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.rejections import Finding
from spinecast.cohorts.rules import MISSING_TEXT
from spinecast.errors import ContractError

__all__ = ["group_labels", "patient_identifiers", "source_rows"]


def source_rows(raw: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number of each row of a raw table in its source, shape (n,), counted from 1."""
    if pd.api.types.is_integer_dtype(raw.index.dtype):
        return raw.index.to_numpy(dtype=np.int64) + 1
    return np.arange(1, len(raw) + 1)


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(column.dtype) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")  # identifiers read as 1.0 because one is missing
    return column.astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell).strip()).reset_index(drop=True)


def group_labels(column: pd.Series) -> pd.Series:
    """Return the group of each patient as text, shape (n,).

    Raises
    ------
    ContractError
        If a patient has none.
    """
    groups = _as_text(column)
    missing = groups.str.casefold().isin(MISSING_TEXT)
    if missing.any():
        raise ContractError(
            f"{int(missing.sum())} patients have no group",
            where=f"column {column.name}",
            expected="a site or cluster for every patient",
        )
    return groups


def patient_identifiers(column: pd.Series, rows: NDArray[np.int64]) -> tuple[pd.Series, list[Finding]]:
    """Read the column that tells patients apart.

    Parameters
    ----------
    column : Series, shape (n,)
        As the file holds it.
    rows : ndarray of int, shape (n,)
        The number of each row in its source.

    Returns
    -------
    identifiers : Series of str, shape (n,)
    findings : list of Finding
        Missing and repeated identifiers.
    """
    identifiers = _as_text(column)
    missing = identifiers.str.casefold().isin(MISSING_TEXT).to_numpy(dtype=bool)
    codes, uniques = pd.factorize(identifiers)
    first = np.zeros(len(uniques), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # the last write for each code is its first position
    repeated = np.flatnonzero((first[codes] != np.arange(len(codes))) & ~missing)
    absent = np.flatnonzero(missing)
    name = str(column.name)
    # The value column stays empty: an identifier is shown only in the file, in the column meant for it.
    return identifiers, [
        Finding(name, absent, [""] * len(absent), ["missing patient id"] * len(absent)),
        Finding(
            name,
            repeated,
            [""] * len(repeated),
            [f"duplicated patient id (first in row {rows[position]})" for position in first[codes[repeated]]],
        ),
    ]
