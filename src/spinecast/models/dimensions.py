"""What a parameter of an algorithm may be: the numbers a tuner searches, and the wider ones a learner takes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Allowed", "Choice", "Dimension", "Interval", "Range"]


@dataclass(frozen=True)
class Range:
    """An interval searched by the tuner.

    Parameters
    ----------
    low, high : float
        Both ends belong to it.
    log : bool
        Searched on the logarithm.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def describe(self) -> str:
        """Say the interval in words for the report."""
        kind = "whole numbers" if self.whole else "real"
        return f"{self.low:g} to {self.high:g} ({kind}{', log scale' if self.log else ''})"


@dataclass(frozen=True)
class Choice:
    """A few numbers searched by the tuner."""

    options: tuple[float | int, ...]

    def describe(self) -> str:
        """Say the options in words for the report."""
        return "one of " + ", ".join(f"{option:g}" for option in self.options)

    def holds(self, value: float) -> bool:
        """Whether a value is one of the options."""
        return value in self.options


@dataclass(frozen=True)
class Interval:
    """The numbers a learner takes for a parameter: what a study may search, wider than what the catalogue searches.

    Parameters
    ----------
    low, high : float
        Both ends belong to it.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    whole: bool = False

    def describe(self) -> str:
        """Say in words what is allowed."""
        return f"{'a whole number ' if self.whole else ''}from {self.low:g} to {self.high:g}"

    def holds(self, value: float) -> bool:
        """Whether the learner takes a value."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


Dimension = Range | Choice
Allowed = Interval | Choice
