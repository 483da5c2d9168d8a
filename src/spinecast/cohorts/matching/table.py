"""The matched patients as a table: the source's own columns, and who is matched with whom."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from spinecast.cohorts.matching.matched import MatchedCohort
from spinecast.cohorts.opening import OpenedPatients
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, PARQUET_KEY
from spinecast.errors import ContractError
from spinecast.files import atomic_write

__all__ = ["MATCHED_COLUMNS", "matched_table", "require_free_columns", "require_table_name", "write_table"]

MATCHED_COLUMNS = ("matched_set", "matched_role", "propensity", "matching_weight")

_PARQUET = (".parquet", ".pq")


def require_table_name(path: Path) -> None:
    """Refuse a name that does not say how to write a table.

    Raises
    ------
    ContractError
        If it ends in neither .csv nor .parquet.
    """
    if path.suffix.casefold() not in (*_PARQUET, ".csv"):
        raise ContractError(f"{path} has no known ending", expected="a name that ends in .csv or .parquet")


def require_free_columns(columns: Sequence[str]) -> None:
    """Refuse a table that has the columns that matching adds.

    Raises
    ------
    ContractError
        If it has one.
    """
    taken = [name for name in MATCHED_COLUMNS if name in columns]
    if taken:
        raise ContractError(
            f"the table already has a column {taken[0]!r}",
            expected=f"a table without {', '.join(MATCHED_COLUMNS)}",
            remedy="rename it, or match the table that this one was made from",
        )


def matched_table(opened: OpenedPatients, matched: MatchedCohort) -> pd.DataFrame:
    """Put the matched patients into a table.

    Parameters
    ----------
    opened : OpenedPatients
        The table the cohort was read from.
    matched : MatchedCohort

    Returns
    -------
    DataFrame
        One row a patient and set, set by set, the treated patient first: the source's columns as the source writes
        them, then `MATCHED_COLUMNS`, and the mark of synthetic patients. It names patients.
    """
    members = matched.members
    identifiers = matched.cohort.patient_ids.iloc[members.rows]
    rows = pd.Index(opened.cohort.patient_ids).get_indexer(pd.Index(identifiers))
    added = pd.DataFrame(
        {
            "matched_set": members.sets,
            "matched_role": np.where(members.treated, "treated", "control"),
            "propensity": matched.propensity.probability[members.rows],
            "matching_weight": members.weights,
        }
    )
    table: pd.DataFrame = pd.concat([opened.table.iloc[rows].reset_index(drop=True), added], axis=1)
    if opened.mark and MARK_COLUMN not in table:
        table[MARK_COLUMN] = opened.mark
    return table


def write_table(path: Path, table: pd.DataFrame, mark: str) -> None:
    """Write a table as CSV or Parquet, by its ending, whole or not at all.

    Parameters
    ----------
    path : Path
    table : DataFrame
    mark : str
        Mark of synthetic patients, for the Parquet metadata; empty for real ones.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    if path.suffix.casefold() not in _PARQUET:
        atomic_write(path, table.to_csv(index=False))
        return
    import pyarrow
    from pyarrow import parquet

    content = pyarrow.Table.from_pandas(table, preserve_index=False)
    if mark:
        content = content.replace_schema_metadata({**(content.schema.metadata or {}), PARQUET_KEY: mark.encode()})
    buffer = io.BytesIO()
    parquet.write_table(content, buffer)
    atomic_write(path, buffer.getvalue())
