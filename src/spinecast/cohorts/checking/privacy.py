"""What of a file may be shown: cells as examples of a column, never an identifier and never a date."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.variable import format_number
from spinecast.cohorts.rules import MISSING_TEXT, canonical_key

__all__ = ["A_DATE", "WITHHELD", "Identifiers", "shown_cell", "withheld"]

WITHHELD = "(a patient identifier: not shown)"
A_DATE = "(a date: not shown)"
_LONGEST = 40
_DATE = re.compile(r"\s*(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})")
_FEW = 1000

BoolArray = NDArray[np.bool_]


class Identifiers:
    """The patient identifiers of a table, to keep them off every surface.

    Parameters
    ----------
    identifiers : Series of str, shape (n,)
    """

    def __init__(self, identifiers: pd.Series) -> None:
        self.rows = identifiers.to_numpy(dtype=object)
        self.known = set(self.rows) - MISSING_TEXT

    @cached_property
    def keys(self) -> NDArray[np.object_]:
        """Each row's identifier as `canonical_key` writes it, shape (n,)."""
        return np.array([canonical_key(identifier) for identifier in self.rows], dtype=object)

    def repeated_by(self, cells: pd.Series, place: NDArray[np.int32]) -> bool:
        """Say whether half or more of a column's filled cells are the identifier of their own row.

        Parameters
        ----------
        cells : Series, shape (k,)
            Distinct cells.
        place : ndarray of int, shape (n,)
            Which of them each row holds; -1 for an empty one.
        """
        filled = np.flatnonzero(place >= 0)
        if len(filled) < 2 or len(cells) < 0.5 * len(filled):
            return False
        # A few rows tell most columns apart from identifiers; only what passes is compared in full.
        few = filled[:: max(1, len(filled) // _FEW)]
        return all(self._own(cells, place, rows) >= 0.5 for rows in (few, filled))

    def _own(self, cells: pd.Series, place: NDArray[np.int32], rows: NDArray[np.intp]) -> float:
        return float(np.mean([canonical_key(cell) for cell in cells.take(place[rows])] == self.keys[rows]))


def withheld(cells: pd.Series, identifiers: Collection[str]) -> BoolArray:
    """Mark the distinct cells, shape (k,), that are identifiers and not numbers.

    Numbers are left: where patients are numbered from 1, every age would be an identifier.
    """
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return np.zeros(len(cells), dtype=bool)
    texts = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
    return np.array([text in identifiers and not _is_number(text) for text in texts], dtype=bool)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def shown_cell(cell: object) -> str:
    """Show one cell of a column as an example: short, on one line, and no date, which could be of birth."""
    if isinstance(cell, date) or (isinstance(cell, str) and _DATE.match(cell)):
        return A_DATE
    if isinstance(cell, float | np.floating):
        return format_number(float(cell))
    if not isinstance(cell, str):
        return str(cell)[:_LONGEST]
    text = " ".join(cell.split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return text if _is_number(text) else f"“{text}”"
