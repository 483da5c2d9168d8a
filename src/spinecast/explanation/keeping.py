"""What was prepared of a model, kept as long as the model lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kept", "own_columns", "reference_patients"]

OwnerT = TypeVar("OwnerT", bound=object)
MadeT = TypeVar("MadeT")


class Kept(Generic[OwnerT, MadeT]):
    """Things made once of objects that hold arrays and so cannot be keys of a dictionary.

    Two threads may make the same thing at once: both make the same, and one of the two is kept.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[Hashable, MadeT]] = {}

    def of(self, owner: OwnerT, make: Callable[[], MadeT], given: Hashable = None) -> MadeT:
        """Return what was made of this very object, or make it.

        Parameters
        ----------
        owner : object
        make : callable
        given : hashable
            What it was made of besides; where that is another one, it is made again.
        """
        key = id(owner)
        found = self._made.get(key)
        if found is not None and found[0] == given:
            return found[1]
        made = make()
        if found is None:  # a number may be another object's once this one is gone
            weakref.finalize(owner, self._made.pop, key, None)
        self._made[key] = (given, made)
        return made


class _WithBackground(Protocol):
    def background(self) -> NDArray[np.float64]: ...


def reference_patients(model: _WithBackground) -> NDArray[np.float64]:
    """Return the reference patients of a model of any kind, made once."""
    return _BACKGROUNDS.of(model, model.background)


def own_columns(references: NDArray[np.float64], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return some columns of reference patients: the very same array whenever they are asked for again.

    What is prepared of them can then be found by the array itself.
    """
    found = _COLUMNS.of(references, dict)
    key = positions.tobytes()
    if key not in found:
        found[key] = np.ascontiguousarray(references[:, positions])
    return found[key]


_BACKGROUNDS: Kept[_WithBackground, NDArray[np.float64]] = Kept()
_COLUMNS: Kept[NDArray[np.float64], dict[bytes, NDArray[np.float64]]] = Kept()
