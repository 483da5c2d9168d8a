"""The raw cells of a file as its mapping says they are written: what parts them, and what stands before decimals."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spinecast.cohorts.checking.mapping import FileMapping
from spinecast.cohorts.decimals import with_decimal_points
from spinecast.cohorts.sources import is_parquet, read_table

__all__ = ["read_mapped"]


def read_mapped(path: Path, mapping: FileMapping) -> pd.DataFrame:
    """Read a CSV or Parquet file of raw cells.

    Parameters
    ----------
    path : pathlib.Path
    mapping : FileMapping
        Its separator and decimal mark hold for a CSV file; a Parquet file has numbers.

    Raises
    ------
    CohortError, ContractError
        If the file cannot be read as a table, holds no patient, or has numbers with a point where the mapping says
        that decimals stand behind a comma.
    """
    content = mapping.content
    raw = read_table(path, content.separator, said_in="the mapping, and name it with --mapping")
    if content.decimal == "." or is_parquet(path):
        return raw
    headers = list(raw.columns)
    return with_decimal_points(raw, [rule for rule in mapping.rules(headers) if headers.count(rule.column) == 1])
