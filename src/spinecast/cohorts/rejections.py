"""Values that broke the contract: one row each, to correct at the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical import dictionary
from spinecast.clinical.variable import format_number
from spinecast.errors import ContractError
from spinecast.files import atomic_write

__all__ = ["Finding", "RejectedTableError", "Rejections"]

_COLUMNS = ("row", "patient_id", "column", "variable", "value", "rule")


@dataclass(frozen=True, eq=False)
class Finding:
    """Cells of one column that broke a rule.

    Parameters
    ----------
    column : str
        The column as the table names it.
    positions : ndarray of int, shape (k,)
        Row positions, counted from 0.
    values : sequence of str, length k
        The cells as written.
    rules : sequence of str, length k
        What each one broke.
    variable : str
        The dictionary variable the column is read as; empty for a column that is none.
    """

    column: str
    positions: NDArray[np.intp]
    values: Iterable[str]
    rules: Iterable[str]
    variable: str = ""

    @classmethod
    def of(cls, raw: pd.Series, mask: NDArray[np.bool_], rules: str | NDArray[np.object_], *, variable: str) -> Finding:
        """Collect the cells a mask of shape (n,) marks, with one rule for all of them or one for each."""
        positions = np.flatnonzero(mask)
        cells = raw.iloc[positions]
        written = [format_number(cell) if isinstance(cell, float) else str(cell) for cell in cells]
        each = [rules] * len(positions) if isinstance(rules, str) else rules
        return cls(str(raw.name), positions, written, each, variable)


def _empty() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "object") for name in _COLUMNS})


@dataclass(frozen=True, eq=False)
class Rejections:
    """Every cell that broke a rule, as a table.

    The patient identifier stands in the table, for the person who corrects the source, and in nothing derived from it:
    messages, logs and summaries name rows.

    Parameters
    ----------
    table : DataFrame
        Columns row (data row of the source, counted from 1), patient_id, column, variable (what the column is read as),
        value, rule.
    """

    table: pd.DataFrame = field(default_factory=_empty)

    @classmethod
    def gather(cls, findings: Iterable[Finding], *, rows: NDArray[np.int64], patient_ids: pd.Series) -> Rejections:
        """Put findings into one table, ordered by row.

        Parameters
        ----------
        findings : iterable of Finding
        rows : ndarray of int, shape (n,)
            The source row of each position.
        patient_ids : Series of str, shape (n,)
        """
        parts = [
            pd.DataFrame(
                {
                    "row": rows[found.positions],
                    "patient_id": patient_ids.iloc[found.positions].to_numpy(dtype=object),
                    "column": found.column,
                    "variable": found.variable,
                    "value": pd.Series(list(found.values), dtype=object),
                    "rule": pd.Series(list(found.rules), dtype=object),
                }
            )
            for found in findings
            if len(found.positions)
        ]
        if not parts:
            return cls()
        return cls(pd.concat(parts, ignore_index=True).sort_values("row", kind="stable", ignore_index=True))

    def __len__(self) -> int:
        return len(self.table)

    def write(self, path: Path) -> None:
        """Write the table as CSV, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        atomic_write(path, self.table.to_csv(index=False))

    def summary(self) -> list[dict[str, str | int]]:
        """Count by column and rule, most frequent first, without rows, values or patients."""
        by = ["column", "variable", "rule"]
        counts = self.table.groupby(by, sort=True).size().sort_values(ascending=False, kind="stable")
        entries = counts.reset_index(name="count").to_dict("records")
        return [
            {
                **{name: str(entry[name]) for name in by},
                "label": dictionary.variable(entry["variable"]).label if entry["variable"] else "",
                "count": int(entry["count"]),
            }
            for entry in entries
        ]

    def lines(self, limit: int = 5) -> list[str]:
        """Describe the first few in words, without patients."""
        return [
            f"row {row}, {column}: {f'{value} - ' if value else ''}{rule}"
            for row, _, column, _, value, rule in self.table.head(limit).astype(str).to_numpy().tolist()
        ]


class RejectedTableError(ContractError):
    """A table refused because cells in it break the contract; carries all of them.

    Parameters
    ----------
    rejections : Rejections
        What the command line writes beside the study's output.
    remedy : str, optional
        What to do next.
    table : str
        Which table it is, where there are several.
    """

    def __init__(self, rejections: Rejections, *, remedy: str | None = None, table: str = "the table") -> None:
        self.rejections = rejections
        count = len(rejections)
        shown = rejections.lines()
        more = [f"and {count - len(shown)} more"] if count > len(shown) else []
        super().__init__(
            f"{count} value{'s' if count > 1 else ''} in {table} break{'' if count > 1 else 's'} the cohort contract",
            where="\n            ".join([*shown, *more]),
            remedy=remedy,
        )
