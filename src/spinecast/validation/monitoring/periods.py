"""Calendar quarters: by which predictions are put together over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Quarter", "quarter_of", "quarters_of"]

Days = NDArray[np.datetime64]

_PER_YEAR = 4
_MONTHS = 3


@dataclass(frozen=True)
class Quarter:
    """A quarter of a year.

    Parameters
    ----------
    number : int
        Counted from the first of 1970.
    """

    number: int

    @property
    def label(self) -> str:
        """Year and number: 2026 Q1."""
        return f"{1970 + self.number // _PER_YEAR} Q{self.number % _PER_YEAR + 1}"

    @property
    def start(self) -> np.datetime64:
        """Its first day."""
        year, quarter = divmod(self.number, _PER_YEAR)
        return np.datetime64(f"{1970 + year}-{1 + _MONTHS * quarter:02d}-01", "D")

    @property
    def last(self) -> np.datetime64:
        """Its last day."""
        return Quarter(self.number + 1).start - np.timedelta64(1, "D")


def quarter_of(day: np.datetime64) -> Quarter:
    """Return the quarter a day lies in."""
    return Quarter(int(day.astype("datetime64[M]").astype(np.int64)) // _MONTHS)


def quarters_of(days: Days) -> tuple[tuple[Quarter, ...], NDArray[np.int64]]:
    """Return every quarter from the first day to the last, empty ones too, and the place of each day among them."""
    months = days.astype("datetime64[M]").astype(np.int64)
    numbers = months // _MONTHS
    first, last = int(numbers.min()), int(numbers.max())
    return tuple(Quarter(number) for number in range(first, last + 1)), numbers - first
