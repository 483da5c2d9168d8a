"""An amount that was measured: as it is, or on which side of a threshold it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes._assessment import recorded, refuse_constant, two_sides
from spinecast.cohorts.outcomes.labelled import FloatArray, LabelledOutcome, LabelledQuantity
from spinecast.errors import ContractError

__all__ = [
    "Comparison",
    "QuantityOutcome",
    "ThresholdOutcome",
    "label_quantity",
    "label_threshold",
    "read_by_threshold",
]

Comparison = Literal["at_least", "more_than", "at_most", "less_than"]

_OPPOSITE: Mapping[Comparison, Comparison] = {
    "at_least": "less_than",
    "more_than": "at_most",
    "at_most": "more_than",
    "less_than": "at_least",
}


@dataclass(frozen=True)
class ThresholdOutcome:
    """A quantity that reaches a threshold or not, such as a blood loss of 2500 mL and more.

    Parameters
    ----------
    variable : str
        Continuous variable.
    threshold : float
        In `unit`.
    unit : str, optional
        Any unit the variable accepts; its canonical one when left out.
    comparison : {"at_least", "more_than", "at_most", "less_than"}
        Which side of the threshold is the event.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    threshold: float
    unit: str | None = None
    comparison: Comparison = "at_least"
    label: str | None = None

    def __post_init__(self) -> None:
        entry = _require_quantity(self.variable)
        try:
            canonical = self.canonical_threshold
        except ContractError as error:
            raise ContractError(f"outcome.unit: {error.what}", expected=error.expected, remedy=error.remedy) from None
        if entry.possible is not None and not bool(entry.possible.contains(canonical)):
            raise ContractError(
                f"outcome.threshold: {entry.name} cannot be {self._words}",
                expected=f"a threshold within {entry.range_text(entry.possible, self.unit)}",
            )

    @property
    def canonical_threshold(self) -> float:
        """The threshold in the variable's canonical unit."""
        return float(variable(self.variable).conversion(self.unit).to_canonical(self.threshold))

    @property
    def _words(self) -> str:
        unit = variable(self.variable).conversion(self.unit).unit.symbol
        return f"{format_number(self.threshold)} {unit}".rstrip()


@dataclass(frozen=True)
class QuantityOutcome:
    """A quantity as it is measured, in the variable's canonical unit.

    Parameters
    ----------
    variable : str
        Continuous variable.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    label: str | None = None

    def __post_init__(self) -> None:
        _require_quantity(self.variable)


def label_threshold(cohort: Cohort, outcome: ThresholdOutcome) -> LabelledOutcome:
    """Read on which side of a threshold a quantity lies; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    measured, rows, steps = recorded(cohort, entry)
    values = _beyond(measured, outcome.canonical_threshold, outcome.comparison)
    positive, negative = (
        f"{entry.label} {side.replace('_', ' ')} {outcome._words}"
        for side in (outcome.comparison, _OPPOSITE[outcome.comparison])
    )
    return two_sides(outcome.label or positive, positive, negative, values, rows, steps)


def label_quantity(cohort: Cohort, outcome: QuantityOutcome) -> LabelledQuantity:
    """Read a quantity; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    values, rows, steps = recorded(cohort, entry)
    label = outcome.label or entry.label
    if len(np.unique(values)) < 2:
        refuse_constant(label, len(rows), "value", "values that differ")
    return LabelledQuantity(label, entry.unit_symbol, values, rows, tuple(steps))


def read_by_threshold(labelled: LabelledQuantity, threshold: float) -> LabelledOutcome:
    """Read a measured quantity as an event: whether it was at least a threshold.

    Parameters
    ----------
    labelled : LabelledQuantity
    threshold : float
        In the canonical unit.

    Raises
    ------
    CohortError
        If everybody or nobody reached it.
    """
    words = f"{format_number(threshold)} {labelled.unit}".rstrip()
    values = _beyond(labelled.values, threshold, "at_least")
    return two_sides(
        labelled.label,
        f"At least {words}",
        f"Less than {words}",
        values,
        labelled.rows,
        list(labelled.attrition),
    )


def _require_quantity(name: str) -> Variable:
    entry = variable(name)
    if entry.is_levelled:
        raise ContractError(f"outcome.variable: {name} has levels", expected="a variable that is measured")
    return entry


def _beyond(values: FloatArray, threshold: float, comparison: Comparison) -> NDArray[np.bool_]:
    """Compare with a threshold; a value that only rounding keeps from it (1.001 L from 1001 mL) lies on it."""
    on_it = np.isclose(values, threshold, rtol=1e-9, atol=0.0)
    if comparison in ("at_least", "less_than"):
        reached = (values > threshold) | on_it
        return reached if comparison == "at_least" else ~reached
    below = (values < threshold) | on_it
    return below if comparison == "at_most" else ~below
