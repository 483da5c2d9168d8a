"""How much of a model's answers is no sum of what its inputs do alone: Friedman's H.

Friedman and Popescu 2008, doi:10.1214/07-AOAS148, equations 44 and 45, on the scale of the contributions (a model that
is additive there has no interaction, though risks are bent by the logistic curve). All of it is read from what the
model says of every patient with every other patient's value of an input, which also gives the permutation importance in
expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.depth.dependence import replaced
from spinecast.explanation.depth.views import View
from spinecast.statistics import Absent, Measure
from spinecast.statistics.foundations.bootstrap import percentile_interval, resampled_counts

__all__ = ["Interaction", "Swaps", "pair_interactions", "total_interactions"]

FloatArray = NDArray[np.float64]

# Effects smaller than this on the scale are rounding of the model's own sums: a share of them says nothing.
SMALLEST = 1e-6


@dataclass(frozen=True)
class Interaction:
    """Strength of an interaction.

    Parameters
    ----------
    places : tuple of int
        Positions of the two inputs, or of one with all others.
    strength : Estimate or Absent
        H: square root of the share of the joint effect's variance that is no sum; 0 for none.
    size : float
        Standard deviation of what is no sum, on the scale: a strong interaction of weak inputs matters little.
    """

    places: tuple[int, ...]
    strength: Measure
    size: float

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Return JSON values, inputs by their names."""
        named = [names[place] for place in self.places]
        return {"inputs": named, "strength": self.strength.to_dict(), "size": self.size}


class Swaps:
    """What a model says of each of some patients with each other's values.

    Parameters
    ----------
    view : View
    rows : ndarray, shape (n, predictors)
    """

    def __init__(self, view: View, rows: FloatArray) -> None:
        self.view, self.rows = view, rows
        self.served = view.on_scale(rows)
        self._one: dict[int, FloatArray] = {}

    def one(self, place: int) -> FloatArray:
        """Return what is served of patient i with patient m's value of one input, shape (n, n) at [i, m]."""
        if place not in self._one:
            asked = replaced(self.rows, place, self.rows[:, place])
            self._one[place] = self.view.on_scale(asked).reshape(len(self.rows), len(self.rows))
        return self._one[place]

    def two(self, first: int, second: int) -> FloatArray:
        """Return the same with patient m's values of two inputs."""
        asked = np.repeat(self.rows, len(self.rows), axis=0)
        others = np.tile(np.arange(len(self.rows)), len(self.rows))
        asked[:, [first, second]] = self.rows[others][:, [first, second]]
        return self.view.on_scale(asked).reshape(len(self.rows), len(self.rows))


def total_interactions(swaps: Swaps, places: Sequence[int], *, replicates: int, seed: int) -> list[Interaction]:
    """Return the interaction of each of some inputs with all others together (equation 45).

    Parameters
    ----------
    swaps : Swaps
    places : sequence of int
    replicates, seed : int
        Resamples of patients.
    """

    def of(place: int) -> Interaction:
        swapped = swaps.one(place)

        def parts(weights: FloatArray) -> tuple[FloatArray, FloatArray]:
            alone, others = weights @ swapped, swapped @ weights
            whole = swaps.served
            return whole - whole @ weights, _centred(alone, weights) + _centred(others, weights)

        return _interaction((place,), parts, len(swaps.rows), replicates, seed)

    return [of(place) for place in places]


def pair_interactions(swaps: Swaps, places: Sequence[int], *, replicates: int, seed: int) -> list[Interaction]:
    """Return the interaction of every two of some inputs (equation 44), the largest on the scale first.

    Parameters
    ----------
    swaps, places, replicates, seed
        As :func:`total_interactions`.
    """

    def of(first: int, second: int) -> Interaction:
        ones, others, both = swaps.one(first), swaps.one(second), swaps.two(first, second)

        def parts(weights: FloatArray) -> tuple[FloatArray, FloatArray]:
            joint = _centred(weights @ both, weights)
            return joint, _centred(weights @ ones, weights) + _centred(weights @ others, weights)

        return _interaction((first, second), parts, len(swaps.rows), replicates, seed)

    found = [of(first, second) for first, second in combinations(places, 2)]
    return sorted(found, key=lambda one: -one.size)


def _centred(values: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(values - values @ weights, dtype=np.float64)


def _interaction(places: tuple[int, ...], parts: Any, n: int, replicates: int, seed: int) -> Interaction:
    """Compute H and its interval; `parts` maps weights of patients to joint effects and to the sums of single ones."""

    def squares(weights: FloatArray) -> tuple[float, float]:
        joint, added = parts(weights)
        return float((joint - added) ** 2 @ weights), float(joint**2 @ weights)

    def strength(weights: FloatArray) -> float | None:
        left, whole = squares(weights)
        return None if whole < SMALLEST**2 else float(np.sqrt(left / whole))

    equal = np.full(n, 1 / n)
    value, size = strength(equal), float(np.sqrt(squares(equal)[0]))
    if value is None:
        return Interaction(places, Absent("the inputs do not move the answer"), size)
    drawn = [strength(counts / n) for counts in resampled_counts(n, replicates, seed)]
    interval = percentile_interval([one for one in drawn if one is not None], replicates)
    return Interaction(places, interval.around(value, n), size)
