"""What a published score is: its inputs, direction, range, strata and source, and what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable

__all__ = ["Columns", "Direction", "FloatArray", "Score", "ScoreResult", "Stratum", "survival_percent"]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]
Direction = Literal["higher_is_better", "higher_is_worse", "neither"]

SURVIVAL_DAYS = (90, 180, 365)


def survival_percent(three_months: float, six_months: float, twelve_months: float) -> Mapping[int, float]:
    """Return percentages alive at 3, 6 and 12 months as proportions by day 90, 180 and 365."""
    return {
        days: percent / 100
        for days, percent in zip(SURVIVAL_DAYS, (three_months, six_months, twelve_months), strict=True)
    }


@dataclass(frozen=True)
class Stratum:
    """A band of a score and what its publication expects of the people in it.

    Parameters
    ----------
    lower, upper : float
        Its ends. A value belongs to the last stratum whose lower end it reaches.
    label : str
    expected_survival : mapping of int to float
        Proportion alive by day, where the publication gives one.
    lower_included : bool
        Whether the lower end itself belongs to it; else it belongs to the stratum below.
    """

    lower: float
    upper: float
    label: str
    expected_survival: Mapping[int, float] = field(default_factory=dict)
    lower_included: bool = True

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"stratum {self.label!r} ends before it begins")
        if not all(0 <= proportion <= 1 for proportion in self.expected_survival.values()):
            raise ValueError(f"stratum {self.label!r} has a survival that is no proportion")

    @property
    def deterministic_days(self) -> tuple[int, ...]:
        """Days at which everyone or no one is expected to be alive.

        No one can be sure: such a figure must never be scored by the logarithm of the risk, nor clipped to make that
        possible. Compare it with what happened stratum by stratum.
        """
        return tuple(days for days, proportion in self.expected_survival.items() if proportion in (0, 1))


@dataclass(frozen=True, eq=False)
class ScoreResult:
    """A score of n patients, as the range that what is known of each allows.

    Parameters
    ----------
    lower, upper : ndarray of float, shape (n,)
        Smallest and largest value over everything that is not known; equal where all that matters is known, and both
        NaN where the score's formula does not hold for the patient.
    strata : tuple of Stratum
    """

    lower: FloatArray
    upper: FloatArray
    strata: tuple[Stratum, ...] = ()

    @property
    def value(self) -> FloatArray:
        """The score where the range is one point, else NaN; shape (n,)."""
        return np.where(self.lower == self.upper, self.lower, np.nan)

    def stratum(self) -> NDArray[np.intp]:
        """Return the index of each patient's stratum, -1 where the range spans several or there is none; shape (n,)."""
        if not self.strata:
            return np.full(self.lower.shape, -1, dtype=np.intp)
        begins = np.array(
            [band.lower if band.lower_included else math.nextafter(band.lower, math.inf) for band in self.strata]
        )
        first, last = (np.searchsorted(begins, values, side="right") - 1 for values in (self.lower, self.upper))
        return np.where((first == last) & ~np.isnan(self.upper), first, -1)

    def expected_survival(self, days: int) -> FloatArray:
        """Return the published proportion alive by a day, shape (n,); NaN where the stratum or the figure is not known.

        Parameters
        ----------
        days : int
            Mostly 90, 180 or 365.
        """
        published = [band.expected_survival.get(days, math.nan) for band in self.strata]
        return np.array([*published, math.nan])[self.stratum()]  # -1, no stratum, picks the last


@dataclass(frozen=True)
class Score:
    """A published score.

    Parameters
    ----------
    name, label : str
    inputs : tuple of str
        Dictionary variables it is made of.
    direction : {"higher_is_better", "higher_is_worse", "neither"}
        ``neither`` is a quantity that is no prognosis, such as a blood volume.
    minimum, maximum : float
        No patient lies outside; someone of whom nothing is known has this whole range.
    strata : tuple of Stratum
        In ascending order, without a gap; empty where the publication bands nothing.
    source : str
        The publication.
    compute : callable
        ``compute(columns) -> ScoreResult``. Columns are matrix columns of n patients by variable: continuous in the
        canonical unit, levels by index from 0, NaN missing; an absent key is missing for everyone.
    alternatives : tuple of str
        Derived variables accepted in place of the inputs they follow from; where one is given, it holds.
    survival_source : str
        Where the expected survival of the strata comes from.
    notes : str
        What the publication leaves open and how it is read here.

    Raises
    ------
    ValueError
        If the entry contradicts itself. This is a mistake in the score, not in a user's data.
    """

    name: str
    label: str
    inputs: tuple[str, ...]
    direction: Direction
    minimum: float
    maximum: float
    strata: tuple[Stratum, ...]
    source: str
    compute: Callable[[Columns], ScoreResult]
    alternatives: tuple[str, ...] = ()
    survival_source: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise ValueError(f"{self.name}: {self.direction!r} is no direction")
        if not self.minimum < self.maximum:
            raise ValueError(f"{self.name} has no range")
        read = (*self.inputs, *self.alternatives)
        if not self.inputs or len(set(read)) != len(read):
            raise ValueError(f"{self.name} needs inputs, each of them once")
        for name in read:
            variable(name)
        if bool(self.survival_source) != any(band.expected_survival for band in self.strata):
            raise ValueError(f"{self.name}: expected survival needs its source, and a source its figures")
        self._check_strata()

    def _check_strata(self) -> None:
        if not self.strata:
            return
        begins = [band.lower for band in self.strata]
        if begins[0] != self.minimum or self.strata[-1].upper != self.maximum or begins != sorted(set(begins)):
            raise ValueError(f"{self.name}: its strata must ascend from {self.minimum} to {self.maximum}")

    @property
    def read_variables(self) -> tuple[str, ...]:
        """Every variable it looks at: inputs, then alternatives."""
        return (*self.inputs, *self.alternatives)
