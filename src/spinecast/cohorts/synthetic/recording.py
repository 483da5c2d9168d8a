"""How a value ends up in the record: rounded as written, in the unit it is written in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.units import UnitConversion
from spinecast.clinical.variable import Variable

__all__ = ["Recording"]

FloatArray = NDArray[np.float64]

_SLACK = 1e-6  # of a step: what lies so close to a step is the step


@dataclass(frozen=True)
class Recording:
    """How a site writes one measured variable.

    A patient's true value is the one on record: effects and true risks are those of the rounded value, so that who
    reads the file has everything the risk depends on.

    Parameters
    ----------
    conversion : UnitConversion
        Of the unit in which it is written.
    decimals : int
        Digits after the decimal point in that unit.
    """

    conversion: UnitConversion
    decimals: int

    @classmethod
    def of(cls, entry: Variable, *, unit: str | None, decimals: int | None, canonical_decimals: int) -> Recording:
        """Make the recording of a variable.

        Parameters
        ----------
        entry : Variable
        unit : str, optional
            None for the canonical unit.
        decimals : int, optional
            Digits in that unit; when None, as many as keep the precision of `canonical_decimals`.
        canonical_decimals : int
            Digits in the canonical unit.
        """
        conversion = entry.conversion(unit)
        if decimals is None:
            decimals = max(0, canonical_decimals + round(math.log10(conversion.factor)))
        return cls(conversion, decimals)

    def written(self, values: FloatArray) -> FloatArray:
        """Return canonical values as written, in the site's unit."""
        return np.round(self.conversion.from_canonical(values), self.decimals) + 0.0  # no -0.0 in a file

    def recorded(self, values: FloatArray, limits: tuple[float, float] | None = None) -> FloatArray:
        """Return the canonical values that will be read from what is written, within limits if there are any."""
        written = self.written(values)
        if limits is not None:
            lower, upper = (self.conversion.from_canonical(end) * 10**self.decimals for end in limits)
            ends = (np.ceil(lower - _SLACK) / 10**self.decimals, np.floor(upper + _SLACK) / 10**self.decimals)
            written = np.clip(written, *ends)
        return self.conversion.to_canonical(written)

    def recorded_not_below(self, floor: FloatArray) -> FloatArray:
        """Return the lowest recordable canonical values that are not below others."""
        steps = np.ceil(self.conversion.from_canonical(floor) * 10**self.decimals - _SLACK)
        values = self.conversion.to_canonical(steps / 10**self.decimals)
        # A decimal fraction is not exact: what lies a last bit too low takes the next step.
        return np.where(values < floor, self.conversion.to_canonical((steps + 1) / 10**self.decimals), values)
