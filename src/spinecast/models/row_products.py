"""Inner products whose bits do not depend on which rows stand beside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROWS_AT_ONCE", "row_products"]

FloatArray = NDArray[np.float64]

# Rows of a kernel table held at once: bounds it to a few megabytes.
ROWS_AT_ONCE = 256


def row_products(rows: FloatArray, others: FloatArray) -> FloatArray:
    """Inner product of each row with each other row, shape (n, m), each summed by itself along its own row.

    numpy's own loops and not BLAS, whose last bits change with the number of rows and of threads.
    """
    left, right = np.ascontiguousarray(rows), np.ascontiguousarray(others)
    return np.asarray(np.einsum("ik,jk->ij", left, right, optimize=False), dtype=np.float64)
