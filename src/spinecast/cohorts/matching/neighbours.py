"""Nearest neighbours on a line: which controls each treated patient is matched with.

The line is sorted once. Controls of one value wait in a queue, values whose queue is empty are skipped by a
union-find structure, so that each choice costs a few steps however many controls are already taken.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

__all__ = ["match_with_replacement", "match_without_replacement"]

FloatArray = NDArray[np.float64]


class _Line:
    """Controls in the order of their values; those of one value in the order they were given."""

    def __init__(self, controls: FloatArray) -> None:
        distinct, place = np.unique(controls, return_inverse=True)
        self.values: list[float] = distinct.tolist()
        self.waiting: list[list[int]] = [[] for _ in self.values]
        for position in range(len(controls) - 1, -1, -1):  # the first is popped first
            self.waiting[place[position]].append(position)
        # left[i + 1] leads to the nearest value at or below i that still has a control (0: none); right[i] to the
        # nearest at or above it (the number of values: none).
        self.left = list(range(len(self.values) + 1))
        self.right = list(range(len(self.values) + 1))

    def nearest(self, value: float) -> tuple[int, float] | None:
        """Return the place of the nearest value with a control, and how far it is; None when none is left."""
        split = bisect_right(self.values, value)
        below = _root(self.left, split) - 1
        above = _root(self.right, split)
        down = value - self.values[below] if below >= 0 else np.inf
        up = self.values[above] - value if above < len(self.values) else np.inf
        if down == up == np.inf:
            return None
        if down == up:
            return (below, down) if self.waiting[below][-1] < self.waiting[above][-1] else (above, up)
        return (below, down) if down < up else (above, up)

    def take(self, place: int) -> int:
        """Take the first control that waits at a place."""
        taken = self.waiting[place].pop()
        if not self.waiting[place]:
            self.left[place + 1] = place
            self.right[place] = place + 1
        return taken


def _root(leads: list[int], start: int) -> int:
    """Follow where a place leads to, halving the path on the way."""
    while leads[start] != start:
        leads[start] = leads[leads[start]]
        start = leads[start]
    return start


def match_without_replacement(
    treated: FloatArray, controls: FloatArray, *, ratio: int, caliper: float
) -> list[list[int]]:
    """Match greedily, each control once.

    The treated choose in descending order of their value, because those with a high propensity have the fewest
    controls like them (Rosenbaum and Rubin 1985, Am Stat 39:33); every one chooses a first control before any chooses
    a second. Each takes the nearest control that is left within the caliper. Of equals the earlier comes first.

    Parameters
    ----------
    treated, controls : ndarray, shapes (t,) and (c,)
        Values to match on.
    ratio : int
        Controls for each treated patient at most.
    caliper : float
        The largest distance allowed.

    Returns
    -------
    list of list of int
        For each treated patient the positions of their controls, in the order they were chosen.
    """
    line = _Line(controls)
    chosen: list[list[int]] = [[] for _ in range(len(treated))]
    values = treated.tolist()
    turn = np.argsort(-treated, kind="stable").tolist()
    for _ in range(ratio):
        served = []
        for position in turn:
            found = line.nearest(values[position])
            if found is not None and found[1] <= caliper:
                chosen[position].append(line.take(found[0]))
                served.append(position)
        turn = served  # who found none now finds none later: controls are only ever taken
    return chosen


def match_with_replacement(treated: FloatArray, controls: FloatArray, *, ratio: int, caliper: float) -> list[list[int]]:
    """Match each treated patient with the nearest controls within the caliper, whoever else has them.

    Parameters
    ----------
    treated, controls, ratio, caliper
        As in `match_without_replacement`.

    Returns
    -------
    list of list of int
        For each treated patient the positions of their controls, nearest first and of equals the earlier first.
    """
    distinct, place = np.unique(controls, return_inverse=True)
    order = np.lexsort((np.arange(len(controls)), place))
    starts = np.append(np.searchsorted(place[order], np.arange(len(distinct))), len(controls))
    chosen = []
    for value in treated.tolist():
        split = int(np.searchsorted(distinct, value))
        # No control further than `ratio` distinct values away can be among the nearest, nor one behind `ratio` equals.
        near = range(max(0, split - ratio), min(len(distinct), split + ratio))
        candidates = np.concatenate(
            [order[starts[at] : min(starts[at + 1], starts[at] + ratio)] for at in near] or [order[:0]]
        )
        distance = np.abs(controls[candidates] - value)
        best = np.lexsort((candidates, distance))[:ratio]
        chosen.append([int(each) for each in candidates[best[distance[best] <= caliper]]])
    return chosen
