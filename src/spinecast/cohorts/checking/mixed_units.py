"""Two units, or a slipped decimal point, in one column: a second group of values at an exact factor from the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.checking.counted import Counted

__all__ = ["Slip", "is_time", "mixed_units"]

# This project's own conventions. Fewer values than the first are slips of single patients, which the ranges show. The
# factor has to explain most of what lies outside the usual range on its side, and one value alone (a code) is no group.
_FEWEST = 3
_EXPLAINED = 0.6
_ONE_VALUE = 0.5
_FEWEST_OF_ONE_VALUE = 5
# Centres of the main and the second group are 0 and 1 on the logarithmic scale of the factor.
_BETWEEN = (0.4, 0.6)
_SECOND = (0.8, 1.2)
_FEWEST_DISTINCT = 10
_SIGNIFICANT = 1e-4
_DECIMAL_SLIPS = (10.0, 0.1, 100.0, 0.01, 1000.0, 0.001)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slip:
    """A second group of values.

    Parameters
    ----------
    words : str
        What explains it: the unit, or how far the decimal point slipped.
    values : ndarray, shape (m,)
        Its distinct values as written.
    count : int
        How many values it holds.
    """

    words: str
    values: FloatArray
    count: int


def mixed_units(entry: Variable, numbers: Counted, unit: str | None) -> Slip | None:
    """Find a second group of values in a column.

    Either the group lies outside the plausible range and comes to lie among the main group when it is read in another
    accepted unit or with its decimal point moved back; or, within the range, the logarithms of the values have a second
    peak exactly where another unit would put it.

    Parameters
    ----------
    entry : Variable
        A continuous variable.
    numbers : Counted
        As written.
    unit : str, optional
        The declared unit.

    Returns
    -------
    Slip or None
        The explanation of most values; a unit goes before a slip of the same size. None when there is no second group,
        or when the first is not plausible: then the unit of the whole column is in question.
    """
    limits = entry.plausible or entry.possible
    declared = entry.conversion(unit)
    if limits is None:
        return None
    usual = limits.contains(declared.to_canonical(numbers.values))
    if numbers.share(usual) < 0.5:
        return None
    found = [slip for slip in _slips(entry, numbers, declared, usual) if slip is not None]
    return max(found, key=lambda slip: slip.count, default=None)


def _slips(
    entry: Variable, numbers: Counted, declared: UnitConversion, usual: NDArray[np.bool_]
) -> Iterator[Slip | None]:
    for other in entry.conversions():
        if (other.factor, other.offset) == (declared.factor, declared.offset):
            continue
        words = f"they were in {other.unit.symbol or 'no unit'}"
        factor = declared.factor / other.factor if other.offset == declared.offset == 0 else None
        yield _outside(numbers, usual, words, _reading_as(declared, other), factor)
        # Times of follow-up end by death and by design: they have two peaks in any unit.
        if factor is not None and not is_time(entry):
            yield _second_peak(numbers, words, factor)
    for factor in _DECIMAL_SLIPS:
        words = f"the decimal point had slipped: {format_number(factor)} times too large"
        if factor < 1:
            words = f"the decimal point had slipped: {format_number(1 / factor)} times too small"
        yield _outside(numbers, usual, words, _divided_by(factor), factor)


def _reading_as(declared: UnitConversion, other: UnitConversion) -> Callable[[FloatArray], FloatArray]:
    """Return what takes values written in the other unit to the declared one."""
    return lambda values: declared.from_canonical(other.to_canonical(values))


def _divided_by(factor: float) -> Callable[[FloatArray], FloatArray]:
    return lambda values: values / factor


def _outside(
    numbers: Counted,
    usual: NDArray[np.bool_],
    words: str,
    mend: Callable[[FloatArray], FloatArray],
    factor: float | None,
) -> Slip | None:
    """Take what lies outside the plausible range and, mended, in the middle 98 % of the rest, beyond a gap."""
    main = numbers.where(usual)
    low, high = main.quantile(0.01), main.quantile(0.99)
    mended = mend(numbers.values)
    group = ~usual & (mended >= low) & (mended <= high)
    count = numbers.count(group)
    if count < _FEWEST or _is_one_value(numbers.counts[group]):
        return None
    above = numbers.values > main.median
    side = above if np.all(above[group]) else ~above
    if count < _EXPLAINED * numbers.count(~usual & side):
        return None
    if factor is not None:
        near, far, _ = _around(numbers, factor)
        if far <= 2 * near:
            return None  # the tail of one distribution, not a second one
    return Slip(words, numbers.values[group], count)


def _second_peak(numbers: Counted, words: str, factor: float) -> Slip | None:
    """Test for a second peak at a factor from the middle, whatever the range says.

    The logarithms of one quantity in one unit have one peak and fall away from it. On the scale on which the middle is
    0 and the factor 1, the stretch from 0.8 to 1.2 then holds at most twice as many values as that from 0.4 to 0.6,
    half as wide and nearer. More than that (one-sided binomial test of two thirds) is a second peak.
    """
    near, far, second = _around(numbers, factor)
    if len(second.values) < _FEWEST_DISTINCT or _is_one_value(second.counts):
        return None
    if stats.binom.sf(far - 1, near + far, 2 / 3) >= _SIGNIFICANT:
        return None
    return Slip(words, second.values, far)


def _around(numbers: Counted, factor: float) -> tuple[int, int, Counted]:
    """Count the values between the middle and its multiple by a factor, and around that; return these too."""
    positive = numbers.where(numbers.values > 0)
    scale = (np.log(positive.values) - np.log(positive.median)) / np.log(factor)
    between = (scale >= _BETWEEN[0]) & (scale < _BETWEEN[1])
    second = positive.where((scale >= _SECOND[0]) & (scale < _SECOND[1]))
    return positive.count(between), second.n, second


def is_time(entry: Variable) -> bool:
    """Say whether a variable counts days from the start to something."""
    return entry.unit is not None and entry.unit.ucum == "d"


def _is_one_value(counts: NDArray[np.int64]) -> bool:
    return bool(counts.max() >= _FEWEST_OF_ONE_VALUE and counts.max() > _ONE_VALUE * counts.sum())
