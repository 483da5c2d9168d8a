"""Which of a variable's units its values can be in: the share that would be plausible and possible in each."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Variable
from spinecast.cohorts.checking.counted import Counted

__all__ = ["FEWEST_TO_JUDGE", "FITS", "UnitShare", "fitting_units", "unit_shares"]

# This project's own conventions. Of fewer values than these all may be unusual (the contract's number). A unit fits
# when four in five values would be usual in it: a fifth leaves room for the very ill, for codes and for slips.
FEWEST_TO_JUDGE = 20
FITS = 0.8


@dataclass(frozen=True)
class UnitShare:
    """How well one unit explains the values of a column.

    Parameters
    ----------
    symbol : str
        The unit; units equal in size share one entry, named by the first of them.
    spellings : tuple of str
        Symbols of all the units of this size.
    plausible, possible : float
        Share of the values that would lie in the dictionary's plausible and possible range.
    """

    symbol: str
    spellings: tuple[str, ...]
    plausible: float
    possible: float

    @property
    def fits(self) -> bool:
        """Whether four in five values would be plausible."""
        return self.plausible >= FITS


def unit_shares(entry: Variable, numbers: Counted) -> tuple[UnitShare, ...]:
    """Return the share of numbers as written that each accepted unit makes plausible, the canonical unit first.

    Parameters
    ----------
    entry : Variable
        A continuous variable.
    numbers : Counted
        As written.
    """
    if entry.possible is None:
        return ()
    plausible = entry.plausible or entry.possible
    sizes: dict[tuple[float, float], list[UnitConversion]] = {}
    for conversion in entry.conversions():
        sizes.setdefault((conversion.factor, conversion.offset), []).append(conversion)
    shares = []
    for equal in sizes.values():
        values = equal[0].to_canonical(numbers.values)
        inside = (numbers.share(limits.contains(values)) for limits in (plausible, entry.possible))
        symbols = tuple(conversion.unit.symbol for conversion in equal)
        shares.append(UnitShare(symbols[0], symbols, *inside))
    return tuple(shares)


def fitting_units(entry: Variable, numbers: ArrayLike) -> tuple[UnitShare, ...]:
    """Return the units that fit numbers as written, shape (n,)."""
    return tuple(share for share in unit_shares(entry, Counted.of(numbers)) if share.fits)
