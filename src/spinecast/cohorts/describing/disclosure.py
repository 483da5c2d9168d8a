"""Which counts of a table to leave out so that nobody can be recognised in it.

A count from 1 to one below the limit is hidden. It must not come back by subtraction, so no row and no column of a
table with totals is left with a single hidden cell (complementary suppression; Hundepool et al. 2012, Statistical
Disclosure Control, section 4). This keeps a reader from recognising a patient by accident. It is no proof against one
who combines several tables.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shown", "hidden_text", "protected"]


class Shown(IntEnum):
    """Whether a count is shown."""

    YES = 0
    SMALL = 1
    """Hidden because it is small."""
    PROTECTING = 2
    """Hidden because a small one would follow from it."""


def protected(counts: NDArray[np.int64], smallest: int) -> NDArray[np.int8]:
    """Say of every count of a table whether it can be shown.

    Parameters
    ----------
    counts : ndarray, shape (rows, columns)
        Rows add up to a known number of patients. With more than one column the first is the total of the others.
    smallest : int
        The smallest count shown besides 0; below 2 nothing is hidden.

    Returns
    -------
    ndarray of int8, shape (rows, columns)
        Values of `Shown`.
    """
    state = np.where((counts > 0) & (counts < smallest), Shown.SMALL, Shown.YES).astype(np.int8)
    changed = bool(state.any())
    while changed:
        changed = False
        for lines, cells in ((state, counts), (state.T, counts.T)):
            for line, numbers in zip(lines, cells, strict=True):
                changed |= _protect(line, numbers)
    return state


def _protect(line: NDArray[np.int8], counts: NDArray[np.int64]) -> bool:
    """Hide a second cell of a line that has one hidden cell: the smallest that is not 0, if there is one."""
    hidden = line != Shown.YES
    if hidden.sum() != 1 or len(line) == 1:
        return False
    # A line known to hold nobody but in the hidden cell still gives it away; then a 0 is hidden too.
    order = np.lexsort((counts, counts == 0))
    second = next(position for position in order if not hidden[position])
    line[second] = Shown.PROTECTING
    return True


def hidden_text(state: int, smallest: int) -> str | None:
    """Return what stands in a cell in place of its count; None where the count is shown."""
    if state == Shown.SMALL:
        return f"<{smallest}"
    return "not shown" if state == Shown.PROTECTING else None
