"""Which values are missing together, in how many patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MissingPatterns", "Pattern", "missing_patterns"]


@dataclass(frozen=True)
class Pattern:
    """Variables that are missing together and no others.

    Parameters
    ----------
    variables : tuple of str
        Empty for the patients without any missing value.
    patients : int
    """

    variables: tuple[str, ...]
    patients: int


@dataclass(frozen=True)
class MissingPatterns:
    """The commonest patterns, and the rest.

    Parameters
    ----------
    shown : tuple of Pattern
        Commonest first.
    others, patients_in_others : int
        How many further patterns there are, and their patients.
    """

    shown: tuple[Pattern, ...]
    others: int
    patients_in_others: int


def missing_patterns(
    missing: NDArray[np.bool_], names: Sequence[str], smallest: int = 0, most: int = 12
) -> MissingPatterns:
    """Count the patterns of missing values.

    Parameters
    ----------
    missing : ndarray of bool, shape (n, variables)
        Whether a value is missing.
    names : sequence of str
        The variables.
    smallest : int
        Patterns of fewer patients go to the rest, which then holds as many or nobody.
    most : int
        Patterns shown at most.

    Returns
    -------
    MissingPatterns
    """
    packed = np.packbits(missing, axis=1)
    keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    shown = min(most, int((counts >= max(smallest, 1)).sum()))
    while shown and 0 < counts[order[shown:]].sum() < smallest:
        shown -= 1  # a rest of a few would follow from the others
    patterns = tuple(
        Pattern(tuple(np.array(names)[missing[first[position]]].tolist()), int(counts[position]))
        for position in order[:shown]
    )
    rest = counts[order[shown:]]
    return MissingPatterns(patterns, len(rest), int(rest.sum()))
