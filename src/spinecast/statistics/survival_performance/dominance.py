"""How many members of a stretch of a sequence rank below a given rank: the engine of concordance in O(n log n)."""

from __future__ import annotations

import numpy as np

from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.survival.follow_up import Integers

__all__ = ["RankSums"]


class RankSums:
    """Sums of weights over stretches of a sequence, restricted to members below a rank.

    It is a wavelet matrix (Claude, Navarro & Ordonez 2015, Inf Syst 47:15): the members are partitioned, stably, by one
    bit of their rank a level, from the highest bit on, so that the members of a stretch with a common prefix stay a
    stretch. A sum takes one step a level, and all sums are taken together: O((n + queries) log n) in all.

    Parameters
    ----------
    ranks : ndarray of shape (n,)
        Whole numbers from 0.
    weights : ndarray of shape (n,)
        What is summed.
    """

    def __init__(self, ranks: Integers, weights: Floats) -> None:
        # As many bits as the rank above all needs, so that it can be asked for.
        self._above = int(ranks.max()) + 1 if ranks.size else 0
        self._levels: list[tuple[int, Integers, Floats]] = []
        members, sums = ranks.astype(np.int32), weights
        for bit in range(self._above.bit_length() - 1, -1, -1):
            low = (members >> bit) & 1 == 0
            zeros = np.concatenate(([0], np.cumsum(low, dtype=np.intp)))
            self._levels.append((bit, zeros, np.concatenate(([0.0], np.cumsum(np.where(low, sums, 0.0))))))
            members, sums = (np.concatenate((values[low], values[~low])) for values in (members, sums))

    def below(self, start: Integers, stop: Integers, rank: Integers) -> Floats:
        """Return, for each query, the sum over members ``start`` to ``stop`` (excluded) of rank less than ``rank``."""
        total = np.zeros(rank.size)
        limit = np.minimum(rank, self._above)
        left, right = start.astype(np.intp), stop.astype(np.intp)
        for bit, zeros, sums in self._levels:
            high = (limit >> bit) & 1 == 1
            zeros_left, zeros_right = zeros[left], zeros[right]
            total += np.where(high, sums[right] - sums[left], 0.0)
            left = np.where(high, zeros[-1] + left - zeros_left, zeros_left)
            right = np.where(high, zeros[-1] + right - zeros_right, zeros_right)
        return total
