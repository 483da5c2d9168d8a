"""Loops over arrays as machine code: what is explained costs millions of small steps a patient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function by numba, once a machine: the result is kept beside the module.

    Arithmetic stays as written: nothing is reordered, so the same input gives the same bits whoever asks. Other threads
    go on meanwhile.
    """
    from numba import njit

    try:
        made: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # neither this folder nor the user's can be written: compiled again in each process
        made = njit(nogil=True, error_model="numpy")(function)
    return cast("Function", made)
