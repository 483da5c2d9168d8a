"""What every statistic returns: a number with its uncertainty, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Absent", "Estimate", "Measure", "measure_from_dict"]


@dataclass(frozen=True)
class Estimate:
    """A point estimate with its 95 % interval and what it rests on.

    Parameters
    ----------
    estimate : float
        The point estimate; finite.
    lower, upper : float or None
        Ends of the 95 % interval; both None when the interval cannot be computed, and then ``method`` says why.
    n : int
        Patients behind the estimate. For a proportion, those in its denominator.
    events : int or None
        Patients with the outcome among those ``n``; None where an outcome plays no part.
    method : str
        How the interval (and, where there is a choice, the estimate) was computed.

    Raises
    ------
    ValueError
        If a number is not finite, or one end of the interval is given without the other.
    """

    estimate: float
    lower: float | None
    upper: float | None
    n: int
    events: int | None
    method: str

    def __post_init__(self) -> None:
        if (self.lower is None) != (self.upper is None):
            raise ValueError("an interval has two ends or none")
        numbers = [self.estimate, *(end for end in (self.lower, self.upper) if end is not None)]
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"an estimate holds finite numbers, not {numbers}; use Absent with the reason")

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON-ready values."""
        return {
            "estimate": self.estimate,
            "lower": self.lower,
            "upper": self.upper,
            "n": self.n,
            "events": self.events,
            "method": self.method,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Estimate:
        """Rebuild an estimate from :meth:`to_dict`."""
        return cls(
            estimate=value["estimate"],
            lower=value["lower"],
            upper=value["upper"],
            n=value["n"],
            events=value["events"],
            method=value["method"],
        )


@dataclass(frozen=True)
class Absent:
    """A number that could not be computed, with the reason; it stands where NaN, 0 or -1 would mislead."""

    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"absent": reason}``."""
        return {"absent": self.reason}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Absent:
        """Rebuild an absent number from :meth:`to_dict`."""
        return cls(reason=value["absent"])


Measure: TypeAlias = Estimate | Absent


def measure_from_dict(value: Mapping[str, Any]) -> Measure:
    """Rebuild what ``to_dict`` of an :class:`Estimate` or an :class:`Absent` wrote."""
    return Absent.from_dict(value) if "absent" in value else Estimate.from_dict(value)
