"""What every algorithm of the catalogue says of itself, and the ends that several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.dimensions import Allowed, Dimension, Interval
from spinecast.models.scorers import Scorer

__all__ = ["PENALTY", "RATE", "ROUNDS", "SHARE", "Family", "Fit", "FloatArray", "Parameters", "require_complete"]

FloatArray = NDArray[np.float64]
Parameters = Mapping[str, float | int]
Fit = Callable[[FloatArray, FloatArray, FloatArray | None, Parameters, int], Scorer]
FitT = TypeVar("FitT", covariant=True)

# A penalty or a kernel's width beyond these ends gives the fit of the end, or none that converges.
PENALTY = Interval(1e-6, 1e6)
# More than nothing: of a thousandth nothing is left in cohorts of the size this is made for.
SHARE = Interval(0.001, 1.0)
RATE = Interval(1e-6, 1.0)
# The upper ends of counts lie far beyond use: they catch a misprint before it costs hours.
ROUNDS = Interval(1, 10_000, whole=True)


@dataclass(frozen=True)
class Family(Generic[FitT]):
    """One kind of algorithm.

    Parameters
    ----------
    name : str
        The ``kind`` a study file names.
    label : str
        What reports call it.
    search_space : mapping of str to Range or Choice
    allowed : mapping of str to Interval or Choice
        What a study may search instead, for each parameter.
    defaults : mapping of str to number
        Tried first, so that even a short search has one sensible trial.
    fit : callable
        ``fit(columns, outcome, weights, parameters, seed) -> Scorer``; learners of times have a form of their own
        (:mod:`spinecast.models.survival.catalogue`).
    explained_by : str
        How contributions of its score are computed.
    cost : float
        Rough relative length of one fit; long work is started first.
    """

    name: str
    label: str
    search_space: Mapping[str, Dimension]
    allowed: Mapping[str, Allowed]
    defaults: Parameters
    fit: FitT = field(repr=False)
    explained_by: str
    cost: float


def require_complete(columns: FloatArray, learner: str) -> None:
    """Refuse missing values where the library would route them in its own way, which the stored arrays do not know.

    Raises
    ------
    ValueError
        If a value is missing.
    """
    if np.isnan(columns).any():
        raise ValueError(f"{learner} needs complete columns: its library would route missing values, ours do not")
