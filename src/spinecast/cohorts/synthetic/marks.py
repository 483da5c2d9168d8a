"""How synthetic patients are told from real ones wherever they go: a column, an identifier, a note in the file."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["MARK_COLUMN", "MARK_WORD", "PARQUET_KEY", "is_marked", "mark_of", "patient_prefix"]

MARK_WORD = "SYNTHETIC"
MARK_COLUMN = "spinecast_synthetic"
"""Column whose every cell is the mark."""
PARQUET_KEY = b"spinecast.synthetic"
"""Key of the metadata in a Parquet file."""

_SHOWN_OF_HASH = 12


def mark_of(recipe_hash: str) -> str:
    """Return the mark of a recipe: SYNTHETIC and the first twelve characters of its hash."""
    return f"{MARK_WORD} {recipe_hash[:_SHOWN_OF_HASH]}"


def patient_prefix(recipe: str, site: str, seed: int) -> str:
    """Return what every patient identifier of a cohort begins with."""
    return f"{MARK_WORD}-{recipe}-{site}-{seed}-"


def is_marked(columns: Iterable[object], identifiers: Iterable[object]) -> bool:
    """Say whether a table is marked: by the column, or by an identifier, of whatever case.

    One marked patient is enough: made-up patients mixed with real ones do not make a real cohort.

    Parameters
    ----------
    columns : iterable
        Names of the table's columns.
    identifiers : iterable
        Its patient identifiers.
    """
    if any(str(column).strip().casefold() == MARK_COLUMN for column in columns):
        return True
    start = f"{MARK_WORD}-".casefold()
    return any(str(identifier).strip()[: len(start)].casefold() == start for identifier in identifiers)
