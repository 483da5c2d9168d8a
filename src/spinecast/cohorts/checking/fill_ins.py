"""What a value somebody filled in looks like: a code for missing, a spike, rounded last digits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.mixed_units import is_time
from spinecast.cohorts.checking.reading import ReadColumn

__all__ = ["Spike", "decimals_written", "last_digits", "missing_codes", "spikes"]

# What data bases write for not done, not known and not asked: nines, eights and sevens, their negatives, and zero where
# nobody has a zero.
_USUAL_CODES = np.array(
    [0.0]
    + [float(sign * int(str(digit) * length)) for digit in (7, 8, 9) for length in (2, 3, 4, 5) for sign in (1, -1)]
    + [float(-digit) for digit in range(1, 10)]
    + [9.9, 99.9, 999.9]
)

# This project's own conventions. A code stands at least so often, and clearly oftener than any other value out there.
_FEWEST_CODES = 3
_OFTENER = 3

# A spike: one value so many times as frequent as its surroundings and its roundness explain, in so many rows at least,
# and not by chance (Poisson). Where the values are few, each of them is frequent and nothing can be said.
_FEWEST_DISTINCT = 15
_RATIO = 3.0
_STANDS_OUT = 1.5  # times the third largest ratio: more heaps than two are a way of measuring (breaths in 15 s times 4)
_FEWEST = 10
_LEAST_SHARE = 0.005
_BY_CHANCE = 1e-6
_AROUND = 6  # distinct values on either side, where there is no last digit to count by
_WINDOW = 1 / 8  # of the interquartile range on either side, where there is
_FEWEST_ALIKE = 3
_ENOUGH = 20_000
_COARSE = 0.3  # a tenth of the last digits is 0 by itself

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def missing_codes(column: ReadColumn) -> BoolArray:
    """Mark distinct cells, shape (k,), that look like codes for missing: usual codes outside the plausible range.

    Only numbers that the range of the variable makes suspicious are marked: 99 is a code in an albumin and an age in an
    age. A code is frequent: it stands three times or more, and three times as often as any other value outside the
    range.
    """
    nothing = np.zeros(len(column.cells), dtype=bool)
    limits = column.entry.plausible or column.entry.possible
    if column.entry.is_levelled or limits is None:
        return nothing
    canonical = column.entry.conversion(column.rule.unit).to_canonical(column.written)
    outside = ~np.isnan(column.written) & ~limits.contains(canonical)
    usual = outside & np.isin(column.written, _USUAL_CODES)
    others = column.counts[outside & ~usual]
    floor = max(_FEWEST_CODES, _OFTENER * int(others.max()) if len(others) else 0)
    return usual & (column.counts >= floor)


@dataclass(frozen=True)
class Spike:
    """A value that is more frequent than its surroundings explain.

    Parameters
    ----------
    value : float
    count : int
        How often it stands in the column.
    expected : float
        How often comparable values around it stand.
    """

    value: float
    count: int
    expected: float


def spikes(column: ReadColumn, numbers: Counted) -> tuple[Spike, ...]:
    """Find values of a measured column that are improbably frequent, most frequent first.

    Expected is how often values close by stand, times how much oftener values as round as this one are written than
    their surroundings, because people round: 500 mL is no spike where 400 and 600 stand out as well. Nothing is a spike
    at a natural end: zero, or the first or last day of a time.

    Parameters
    ----------
    column : ReadColumn
    numbers : Counted
        As written, without codes and impossible values.
    """
    if len(numbers.values) < _FEWEST_DISTINCT:
        return ()
    frequent = numbers.counts >= max(_FEWEST, _LEAST_SHARE * numbers.n)
    if not frequent.any():
        return ()
    decimals = decimals_written(numbers)
    expected = _expected_between(numbers) if decimals is None else _expected_on_grid(numbers, decimals)
    improbable = stats.poisson.sf(numbers.counts - 1, expected) < _BY_CHANCE
    ratio = numbers.counts / expected
    heaps = np.sort(ratio[frequent])[-3] if frequent.sum() > 2 else 1.0
    found = np.flatnonzero(frequent & improbable & (ratio >= max(_RATIO, _STANDS_OUT * heaps)))
    return tuple(
        Spike(float(numbers.values[place]), int(numbers.counts[place]), float(expected[place]))
        for place in found[np.argsort(-numbers.counts[found], kind="stable")]
        if not _natural_end(column, numbers, float(numbers.values[place]))
    )


def _natural_end(column: ReadColumn, numbers: Counted, value: float) -> bool:
    possible = column.entry.possible
    zero = value == 0 and possible is not None and possible.lower == 0
    return zero or (is_time(column.entry) and value in (numbers.values[0], numbers.values[-1]))


def _expected_between(numbers: Counted) -> FloatArray:
    """Expect of each distinct value, shape (k,), what the six on either side have in the middle."""
    count = len(numbers.counts)
    around = np.array([step for step in range(-_AROUND, _AROUND + 1) if step])
    places = np.arange(count)[:, None] + around
    beside = np.where((places >= 0) & (places < count), numbers.counts[np.clip(places, 0, count - 1)], np.nan)
    return np.nanmedian(beside, axis=1) + 0.5


def _expected_on_grid(numbers: Counted, decimals: int) -> FloatArray:
    """Expect the density of the surroundings times the preference for values as round, shape (k,)."""
    steps = np.round(numbers.values * 10.0**decimals)
    spread = numbers.quantile(0.75) - numbers.quantile(0.25)
    reach = max(2.0, np.round(_WINDOW * spread * 10.0**decimals))
    first = np.searchsorted(steps, steps - reach, side="left")
    last = np.searchsorted(steps, steps + reach, side="right")
    reached = np.concatenate([[0], np.cumsum(numbers.counts)])
    beside = reached[last] - reached[first] - numbers.counts
    cells = np.minimum(steps + reach, steps[-1]) - np.maximum(steps - reach, steps[0])
    density = (beside + 0.5) / np.maximum(cells, 1)
    expected: FloatArray = density * _preference(numbers, density, _roundness(steps.astype(np.int64)))
    return expected


def _preference(numbers: Counted, density: FloatArray, grades: NDArray[np.int64]) -> FloatArray:
    """Return how many times as often as their surroundings the other values as round as each one stand, shape (k,)."""
    preference = np.ones(len(density))
    for grade in range(int(grades.max()) + 1):
        mine = grades == grade
        alike = grades >= grade
        lower = grade
        while alike.sum() <= _FEWEST_ALIKE and lower > 0:  # the roundest of all are compared with less round ones
            lower -= 1
            alike = grades >= lower
        written, due = numbers.counts[alike].sum(), density[alike].sum()
        others = np.maximum(due - density[mine], 1e-9)
        preference[mine] = np.maximum(1.0, (written - numbers.counts[mine]) / others)
    return preference


def decimals_written(numbers: Counted, share: float = 0.99) -> int | None:
    """Return the digits after the point in which a share of numbers are whole, up to four; None for finer ones.

    Of very many distinct numbers every so many-th is looked at.
    """
    every = max(1, len(numbers.values) // _ENOUGH)
    some = Counted(numbers.values[::every], numbers.counts[::every])
    for decimals in range(5):
        if some.share(_whole(some.values, decimals)) >= share:
            return decimals
    return None


def _whole(values: FloatArray, decimals: int) -> BoolArray:
    scaled = values * 10.0**decimals
    whole: BoolArray = np.abs(scaled - np.round(scaled)) < 1e-6 * np.maximum(1, np.abs(scaled))
    return whole


def _roundness(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Grade whole steps, shape (k,): 0 for any, then multiples of 5, 10, 50, 100, 500, ..."""
    grades = np.zeros(len(steps), dtype=np.int64)
    divisor = 5
    for grade in range(1, 13):
        grades[(steps % divisor == 0) & (grades == grade - 1)] = grade
        divisor *= 2 if grade % 2 else 5
    return grades


def last_digits(numbers: Counted) -> NDArray[np.int64] | None:
    """Count the last digits 0 to 9, shape (10,), of numbers written with as many digits as half of them.

    Numbers written more finely are left out: most of the others would end in an unwritten 0 beside them. None where
    more than half are too fine, or where many are written more coarsely and end in an unwritten 0 themselves.
    """
    decimals = decimals_written(numbers, 0.5)
    if decimals is None or (decimals and numbers.share(_whole(numbers.values, decimals - 1)) > _COARSE):
        return None
    alike = numbers.where(_whole(numbers.values, decimals))
    digits = np.abs(np.round(alike.values * 10.0**decimals).astype(np.int64)) % 10
    return np.bincount(digits, weights=alike.counts, minlength=10).astype(np.int64)
