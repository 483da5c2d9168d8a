"""What is found at one assessment: a state that is present or not, a level in an order, a quantity or its threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.cohort import AttritionStep, Cohort
from spinecast.cohorts.outcomes._rules import (
    any_of,
    check_classes,
    leave_out,
    level_codes,
    require_disjoint,
    require_levels,
    words_of,
)
from spinecast.cohorts.outcomes.labelled import FloatArray, LabelledLevels, LabelledOutcome, LabelledQuantity
from spinecast.errors import CohortError, ContractError

__all__ = [
    "BinaryOutcome",
    "Comparison",
    "OrdinalOutcome",
    "QuantityOutcome",
    "ThresholdOutcome",
    "label_binary",
    "label_ordinal",
    "label_quantity",
    "label_threshold",
    "read_by_threshold",
]

Comparison = Literal["at_least", "more_than", "at_most", "less_than"]

MOST_LEVELS_LISTED = 2

_OPPOSITE: Mapping[Comparison, Comparison] = {
    "at_least": "less_than",
    "more_than": "at_most",
    "at_most": "more_than",
    "less_than": "at_least",
}


@dataclass(frozen=True)
class BinaryOutcome:
    """A state that is present or not.

    Parameters
    ----------
    variable : str
        Levelled variable with the state.
    event_levels : tuple of str
        Levels that count as the event.
    excluded_levels : tuple of str
        Levels whose patients are left out.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    event_levels: tuple[str, ...]
    excluded_levels: tuple[str, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        entry = require_levels("variable", self.variable, (*self.event_levels, *self.excluded_levels))
        require_disjoint(entry, self.event_levels, self.excluded_levels, "left out")


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
class OrdinalOutcome:
    """A level in an order, such as a performance status after treatment.

    Parameters
    ----------
    variable : str
        Ordinal variable.
    excluded_levels : tuple of str
        Levels whose patients are left out; the levels that stay keep their order.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    excluded_levels: tuple[str, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        entry = require_levels("variable", self.variable, self.excluded_levels)
        if entry.kind != "ordinal":
            raise ContractError(
                f"outcome.variable: {self.variable} is {entry.kind}, its levels have no order",
                expected="an ordinal variable",
            )
        if len(self.kept_levels) < 2:
            raise ContractError(
                "outcome.excluded_levels: fewer than two levels are left",
                expected=f"two or more of {', '.join(entry.level_values)}",
            )

    @property
    def kept_levels(self) -> tuple[str, ...]:
        """The levels that are not left out, in order."""
        return tuple(level for level in variable(self.variable).level_values if level not in self.excluded_levels)


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


def label_binary(cohort: Cohort, outcome: BinaryOutcome) -> LabelledOutcome:
    """Read a state; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    codes, rows, steps = _levels_without(cohort, entry, outcome.excluded_levels)
    values = any_of(codes, entry, outcome.event_levels)
    # A list of many levels heads no column: the study's own name for them does.
    named = outcome.label if len(outcome.event_levels) > MOST_LEVELS_LISTED else None
    positive = named or words_of(entry, outcome.event_levels)
    others = [
        level.label for level in entry.levels if level.value not in (*outcome.event_levels, *outcome.excluded_levels)
    ]
    several = "Without the event" if named else f"Not {positive[0].lower()}{positive[1:]}"
    negative = others[0] if len(others) == 1 else several
    return _two_sides(outcome.label or f"{entry.label}: {positive.lower()}", positive, negative, values, rows, steps)


def label_threshold(cohort: Cohort, outcome: ThresholdOutcome) -> LabelledOutcome:
    """Read on which side of a threshold a quantity lies; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    measured, rows, steps = _recorded(cohort, entry)
    values = _beyond(measured, outcome.canonical_threshold, outcome.comparison)
    positive, negative = (
        f"{entry.label} {side.replace('_', ' ')} {outcome._words}"
        for side in (outcome.comparison, _OPPOSITE[outcome.comparison])
    )
    return _two_sides(outcome.label or positive, positive, negative, values, rows, steps)


def label_ordinal(cohort: Cohort, outcome: OrdinalOutcome) -> LabelledLevels:
    """Read levels in order; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    codes, rows, steps = _levels_without(cohort, entry, outcome.excluded_levels)
    levels = outcome.kept_levels
    labelled = LabelledLevels(
        label=outcome.label or entry.label,
        values=np.searchsorted(level_codes(entry, levels), codes).astype(np.intp),
        levels=levels,
        level_labels=tuple(entry.level_label(level) for level in levels),
        rows=rows,
        attrition=tuple(steps),
    )
    if np.count_nonzero(labelled.counts) < 2:
        _refuse_constant(labelled.label, len(rows), "level", "patients at two or more levels")
    return labelled


def label_quantity(cohort: Cohort, outcome: QuantityOutcome) -> LabelledQuantity:
    """Read a quantity; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    values, rows, steps = _recorded(cohort, entry)
    label = outcome.label or entry.label
    if len(np.unique(values)) < 2:
        _refuse_constant(label, len(rows), "value", "values that differ")
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
    return _two_sides(
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


def _recorded(cohort: Cohort, entry: Variable) -> tuple[FloatArray, NDArray[np.intp], list[AttritionStep]]:
    """Return the values of the patients who have one, their rows and the steps so far."""
    values = cohort.matrix([entry.name])[:, 0]
    steps = list(cohort.attrition)
    recorded = ~np.isnan(values)
    leave_out(steps, "outcome", f"{entry.label.lower()} not recorded", recorded)
    return values[recorded], np.flatnonzero(recorded), steps


def _levels_without(
    cohort: Cohort, entry: Variable, excluded_levels: tuple[str, ...]
) -> tuple[FloatArray, NDArray[np.intp], list[AttritionStep]]:
    """Return the level codes of the patients whose level is recorded and not left out."""
    codes, rows, steps = _recorded(cohort, entry)
    excluded = any_of(codes, entry, excluded_levels)
    if excluded_levels:
        leave_out(steps, "excluded outcome", words_of(entry, excluded_levels).lower(), ~excluded)
    return codes[~excluded], rows[~excluded], steps


def _two_sides(
    label: str,
    positive: str,
    negative: str,
    values: NDArray[np.bool_],
    rows: NDArray[np.intp],
    steps: list[AttritionStep],
) -> LabelledOutcome:
    check_classes(label, values)
    return LabelledOutcome(
        label=label,
        positive_label=positive,
        negative_label=negative,
        values=values.astype(np.float64),
        known=np.ones(len(rows), dtype=bool),
        rows=rows,
        weights=None,
        attrition=tuple(steps),
    )


def _refuse_constant(label: str, patients: int, what: str, expected: str) -> None:
    if not patients:
        raise CohortError(f"nobody's outcome is known ({label})", expected=expected)
    raise CohortError(
        f"every patient has the same {what} ({label})",
        where=f"{patients} patients with a known outcome",
        expected=expected,
    )
