"""What could be otherwise in one patient: actionable inputs, in steps a person would write, within plausible ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.actionable import ACTIONABLE
from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Range, Variable
from spinecast.cohorts.derived_values import closure
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError
from spinecast.explanation.answering import asked_inputs
from spinecast.explanation.depth.views import patient_matrix
from spinecast.explanation.summary import value_text
from spinecast.models.loading import AnyModel

__all__ = ["Change", "ChangedPatients", "possible_changes"]

FloatArray = NDArray[np.float64]

# Values tried of a number, evenly spaced over its range: a tenth of it is as fine as a plan is made.
STEPS = 11


@dataclass(frozen=True)
class Change:
    """One input that is otherwise.

    Parameters
    ----------
    variable, label : str
    given : float or str
        The other value as a patient is described with it: a number in the canonical unit, or a level.
    was, becomes : str
        Both values as a person would write them.
    distance : float
        Its size as a share of the range that is tried; 1 between levels without an order.
    """

    variable: str
    label: str
    given: float | str
    was: str
    becomes: str
    distance: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.variable,
            "label": self.label,
            "value": self.given,
            "was": self.was,
            "becomes": self.becomes,
            "distance": self.distance,
        }


def possible_changes(model: AnyModel, given: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return every single change that is tried of a patient.

    Changed are actionable inputs (:mod:`spinecast.clinical.actionable`) whose value is known: to learn an unknown one
    is no change. A number moves within its plausible range and, where the model keeps them, between the 5th and the
    95th centile of the development patients; levels are those of people who live to be assessed.

    Parameters
    ----------
    model : AnyModel
    given : mapping of str to value
        As :func:`spinecast.cohorts.patient.patient_row` reads a patient.

    Raises
    ------
    ContractError
        If the patient breaks the contract.
    """
    read = closure(asked_inputs(model))
    numbers, _ = patient_row(given, read)
    values = dict(zip(read, map(float, numbers[0]), strict=True))
    found: list[Change] = []
    for name in closure(model.predictors):
        entry = variable(name)
        follows = any(not np.isnan(values[each]) for each in closure(entry.derived_from))
        # What follows from others changes with them.
        if name in ACTIONABLE and not np.isnan(values[name]) and not follows:
            found.extend(_levels(entry, values[name]) if entry.is_levelled else _numbers(entry, values[name], model))
    return tuple(found)


def _numbers(entry: Variable, value: float, model: AnyModel) -> Iterator[Change]:
    limits = _limits(entry, model)
    if limits is None:
        return
    shown = round(value, entry.decimals)
    steps = np.unique(np.round(np.linspace(limits.lower, limits.upper, STEPS), entry.decimals))
    for step in steps[limits.contains(steps) & (steps != shown)]:
        distance = abs(float(step) - value) / (limits.upper - limits.lower)
        yield _change(entry, value, float(step), float(step), distance)


def _limits(entry: Variable, model: AnyModel) -> Range | None:
    """Return what is plausible and was met in development; None where that is a single value."""
    allowed = entry.plausible or entry.possible
    assert allowed is not None  # a continuous variable has a possible range
    lower, upper = allowed.lower, allowed.upper
    if entry.name in model.predictors:
        quantiles = model.marginals[model.predictors.index(entry.name)]
        lower, upper = max(lower, float(quantiles[0])), min(upper, float(quantiles[-1]))
    return Range(lower, upper) if lower < upper else None


def _levels(entry: Variable, value: float) -> Iterator[Change]:
    for place, level in enumerate(entry.levels):
        if place != int(value) and not level.died_before:
            steps = abs(place - value) / (len(entry.levels) - 1)
            yield _change(entry, value, float(place), level.value, 1.0 if entry.kind == "nominal" else steps)


def _change(entry: Variable, value: float, other: float, given: float | str, distance: float) -> Change:
    return Change(
        entry.name,
        entry.label,
        given,
        value_text(entry, np.float64(value)),
        value_text(entry, np.float64(other)),
        distance,
    )


class ChangedPatients:
    """Rows of a patient with some changes, as the contract would read each: derived variables are computed anew.

    Parameters
    ----------
    model : AnyModel
    given : mapping of str to value
    singles : sequence of Change
        Changes that may be combined.
    """

    def __init__(self, model: AnyModel, given: Mapping[str, Any], singles: Sequence[Change]) -> None:
        self.model, self.given = model, given
        self.row = self._read(())
        rows = [self._read((change,)) for change in singles]
        kept = [place for place, row in enumerate(rows) if row is not None]
        self.singles = tuple(singles[place] for place in kept)
        stacked = [np.empty((0, len(model.predictors))), *(row for row in rows if row is not None)]
        self.single_rows = np.concatenate(stacked)
        assert self.row is not None  # the patient as given was read before
        self._touched = self.single_rows != np.nan_to_num(self.row, nan=np.inf)
        self._touched &= ~(np.isnan(self.single_rows) & np.isnan(self.row))

    def described(self, changes: Sequence[Change]) -> dict[str, Any]:
        """Return the changed patient as one is given to a model.

        A derived variable that was given beside all it follows from is left out where one of these changes.
        """
        changed = {change.variable: change.given for change in changes}
        return {**{name: each for name, each in self.given.items() if not self._computed(name, changed)}, **changed}

    def _computed(self, name: str, changed: Mapping[str, Any]) -> bool:
        inputs = closure(variable(name).derived_from)
        known = all(self.given.get(each) is not None for each in inputs)
        return name not in changed and any(each in changed for each in inputs) and known

    def _read(self, changes: Sequence[Change]) -> FloatArray | None:
        """Return the row, shape (1, predictors); None where the changes contradict one another or the contract."""
        try:
            return patient_matrix(self.model, self.described(changes))
        except ContractError:
            if not changes:
                raise
            return None

    def combined(self, places: Sequence[Sequence[int]]) -> tuple[list[tuple[int, ...]], FloatArray]:
        """Return rows of combinations of the singles, those left out that no patient can be.

        Parameters
        ----------
        places : sequence of sequence of int
            Positions of singles that change different variables.

        Returns
        -------
        kept : list of tuple of int
        rows : ndarray, shape (kept, predictors)
        """
        kept, rows = [], [np.empty((0, len(self.model.predictors)))]
        for chosen in places:
            row = self._overlaid(chosen)
            if row is not None:
                kept.append(tuple(chosen))
                rows.append(row)
        return kept, np.concatenate(rows)

    def _overlaid(self, chosen: Sequence[int]) -> FloatArray | None:
        """Lay changes over one another where none touches what another does; else read the patient as a whole."""
        touched = self._touched[list(chosen)]
        if touched.sum(axis=0).max() > 1:
            return self._read([self.singles[place] for place in chosen])
        assert self.row is not None
        row = self.row.copy()
        for place, own in zip(chosen, touched, strict=True):
            row[0, own] = self.single_rows[place, own]
        return row
