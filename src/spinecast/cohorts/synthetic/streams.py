"""Random numbers that belong to a patient: counter-based streams, one for each use and chunk of patients.

A chunk is a fixed number of consecutive patients. The numbers of one use (the normal score of albumin, say) in one
chunk come from a Philox generator keyed by the seed, the recipe's and the site's names, the use and the chunk's
position, and are drawn in the order of the patients. So patient i gets the same numbers however many patients are
asked for, and one more variable in a recipe changes no other variable's numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "Streams"]

FloatArray = NDArray[np.float64]

CHUNK = 32_768
"""Patients of a chunk. Changing it changes every cohort."""


def _key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True)
class Streams:
    """The random numbers of one chunk of a cohort.

    Parameters
    ----------
    seed : int
    cohort : str
        What the cohort is: the recipe's and the site's names.
    chunk : int
        Position of the chunk, from 0.
    size : int
        Patients of it that are wanted, at most `CHUNK`.
    """

    seed: int
    cohort: str
    chunk: int
    size: int

    def normal(self, use: str) -> FloatArray:
        """Return standard normal numbers for a use, shape (size,)."""
        return self._generator(use).standard_normal(self.size)

    def uniform(self, use: str) -> FloatArray:
        """Return numbers from 0 (inclusive) to 1 (exclusive) for a use, shape (size,)."""
        return self._generator(use).random(self.size)

    def exponential(self, use: str) -> FloatArray:
        """Return positive numbers of a unit exponential distribution for a use, shape (size,)."""
        return -np.log1p(-self.uniform(use)) + np.finfo(np.float64).tiny

    def _generator(self, use: str) -> np.random.Generator:
        sequence = np.random.SeedSequence([self.seed, _key(self.cohort), _key(use)], spawn_key=(self.chunk,))
        return np.random.Generator(np.random.Philox(sequence))
