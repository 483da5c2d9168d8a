"""Units of measurement and exact conversion between the ways laboratories write the same quantity."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Unit", "UnitConversion", "normalise_unit"]


@lru_cache(maxsize=4096)  # requests bring texts of their own
def normalise_unit(text: str) -> str:
    """Reduce a unit to a form in which its usual spellings agree.

    Case, spaces, the two Unicode micro signs, superscripts and the ways to write a power of ten (``10^9/L``,
    ``10*9/L``, ``×10⁹/L``) make no difference. Units that differ in meaning stay different, because a spelling is only
    ever compared with the few units one variable accepts, and `Variable` refuses two of them that read alike.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\N{GREEK SMALL LETTER MU}", "u").replace("×", "x")
    plain = "".join(plain.split()).replace("^", "").replace("*", "")
    return plain.removeprefix("x")


@dataclass(frozen=True)
class Unit:
    """A unit as people write it and as machines exchange it.

    Parameters
    ----------
    symbol : str
        How the unit is shown, such as ``g/dL``; empty for a pure number.
    ucum : str
        Its code in the Unified Code for Units of Measure, such as ``mm[Hg]``.
    spellings : tuple of str
        Other ways people write it, accepted in mappings and requests.
    """

    symbol: str
    ucum: str
    spellings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.ucum:
            raise ValueError(f"unit {self.symbol!r} has no UCUM code")

    def known_as(self) -> frozenset[str]:
        """Return every accepted spelling in normalised form."""
        return frozenset(normalise_unit(text) for text in (self.symbol, self.ucum, *self.spellings))

    def matches(self, text: str) -> bool:
        """Say whether a text means this unit."""
        return normalise_unit(text) in self.known_as()


@dataclass(frozen=True)
class UnitConversion:
    """How a value in another unit becomes a value in the canonical unit.

    The factor is held as a numerator and a denominator so that published figures stand as published and no rounding is
    added: 37 g/L of albumin is ``37 * 1 / 10`` = 3.7 g/dL exactly, not 37 times the nearest double to 0.1.

    Parameters
    ----------
    unit : Unit
        The other unit.
    numerator, denominator : float
        canonical = value * numerator / denominator + offset.
    offset : float
        Added after scaling, in the canonical unit (temperatures).
    source : str
        Where the figure comes from.
    """

    unit: Unit
    numerator: float = 1.0
    denominator: float = 1.0
    offset: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.numerator > 0 and self.denominator > 0 and math.isfinite(self.factor + self.offset)):
            raise ValueError(f"conversion from {self.unit.symbol!r} needs a finite positive factor")

    @property
    def factor(self) -> float:
        """The multiplier in canonical = value * factor + offset."""
        return self.numerator / self.denominator

    def to_canonical(self, values: ArrayLike) -> NDArray[np.float64]:
        """Convert values (any shape) from this unit to the canonical unit; a missing value stays missing.

        What is too large for a number becomes an infinity, which no range holds.
        """
        with np.errstate(over="ignore"):
            return np.asarray(values, dtype=np.float64) * self.numerator / self.denominator + self.offset

    def from_canonical(self, values: ArrayLike) -> NDArray[np.float64]:
        """Convert values (any shape) from the canonical unit to this unit; a missing value stays missing."""
        return (np.asarray(values, dtype=np.float64) - self.offset) * self.denominator / self.numerator
