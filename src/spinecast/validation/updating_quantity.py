"""Updating quantiles on other patients: left alone, shifted together, spread anew, or each level shifted by itself.

No likelihood tells these apart: the smallest change is taken that the largest does not beat in patients held out, by
the pinball loss, beyond chance (docs/decisions/0028).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledQuantity
from spinecast.errors import CohortError
from spinecast.models.quantiles.model import QuantityModel, conformal_shifts
from spinecast.models.quantiles.quantile_function import to_scale
from spinecast.statistics import (
    Absent,
    Measure,
    QuantileLine,
    compare_pinball,
    fit_quantile_scale,
    fit_quantile_shift,
)
from spinecast.validation.checks.design import EVENTS_PER_PARAMETER

__all__ = ["QuantityMethod", "QuantityUpdate", "update_quantity"]

FloatArray = NDArray[np.float64]
QuantityMethod = Literal["shift", "scale", "per-level", "closed-test"]

FOLDS = 5
LARGEST = "per-level"
_SMALLER = ("original", "shift", "scale")


@dataclass(frozen=True, eq=False)
class Step:
    """The largest change against a smaller one, in patients held out of both.

    Parameters
    ----------
    smaller : str
    difference : Estimate or Absent
        Mean pinball loss on the scale of the largest less that of the smaller; below 0 the largest is better.
    """

    smaller: str
    difference: Measure

    @property
    def keeps_smaller(self) -> bool:
        """Whether the largest is not better beyond chance."""
        found = self.difference
        return isinstance(found, Absent) or found.upper is None or bool(found.upper >= 0)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        told = {"larger": LARGEST, "smaller": self.smaller, "keeps_smaller": self.keeps_smaller}
        return told | {"difference": self.difference.to_dict()}


@dataclass(frozen=True, eq=False)
class QuantityUpdate:
    """What came of updating a model of a quantity; nothing is said of where the result comes from yet.

    Parameters
    ----------
    model : QuantityModel
        As it was where the method is "original".
    method : str
        "original", "shift", "scale" or "per-level".
    changes : dict of str to dict
        Every change that was fitted, on the scale the model learned on: ``shift``, ``scale`` and ``shifts`` by level.
    steps : tuple of Step, optional
        Of the choice; None where a method was named.
    """

    model: QuantityModel
    method: str
    changes: dict[str, dict[str, Any]]
    steps: tuple[Step, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """Return every number as JSON values."""
        return {
            "kind": "quantity",
            "method": self.method,
            "levels": self.model.levels.tolist(),
            "changes": self.changes,
            "folds": FOLDS,
            "steps": None if self.steps is None else [step.to_dict() for step in self.steps],
        }

    def numbers(self) -> dict[str, float]:
        """Return what was changed, each level's shift by its level."""
        found = self.changes.get(self.method) or {}
        told = {name: float(found[name]) for name in ("shift", "scale") if name in found}
        levels = zip(self.model.levels, found.get("shifts") or (), strict=False)
        return told | {f"shift_{level:g}": float(value) for level, value in levels}


def update_quantity(
    model: QuantityModel,
    matrix: FloatArray,
    quantity: LabelledQuantity,
    method: QuantityMethod,
    *,
    groups: NDArray[np.int64] | None = None,
    seed: int,
) -> QuantityUpdate:
    """Update a model of a quantity.

    Parameters
    ----------
    model : QuantityModel
    matrix : ndarray, shape (n, predictors)
        Of the updating patients.
    quantity : LabelledQuantity
        Of the same patients.
    method : {"shift", "scale", "per-level", "closed-test"}
    groups : ndarray of int, shape (n,), optional
        Numbers of the groups whose patients stay in one fold, where there are as many as folds.
    seed : int
        Of the folds.

    Raises
    ------
    CohortError
        If there are fewer than ten patients for each parameter, of one shift a level beyond its outermost levels; or a
        value cannot be on the scale.
    """
    _require_patients(model, quantity, method)
    values = to_scale(quantity.values, model.scale)
    quantiles = model.shifted(matrix)
    data = _Data(values, quantiles, model.levels, model.middle)
    everyone = np.ones(len(values), dtype=bool)
    fitted = {name: _fit(name, data, everyone) for name in get_args(QuantityMethod) if name != "closed-test"}
    steps: tuple[Step, ...] | None = None
    chosen: str = method
    if method == "closed-test":
        steps = _steps(data, _folds(len(values), groups, seed))
        chosen = next((step.smaller for step in steps if step.keeps_smaller), LARGEST)
    changes = {name: one.to_dict() for name, one in fitted.items() if one is not None}
    change = fitted.get(chosen)
    if chosen == "original":
        return QuantityUpdate(model, chosen, changes, steps)
    if change is None:
        raise CohortError(
            f"the model cannot be updated by {chosen}: the quantiles of a patient do not differ",
            remedy="--method shift needs less",
        )
    return QuantityUpdate(change.put_after(model), chosen, changes, steps)


@dataclass(frozen=True, eq=False)
class _Data:
    """Values, and the model's quantiles before they are put in order, on the scale."""

    values: FloatArray
    quantiles: FloatArray
    levels: FloatArray
    middle: int


@dataclass(frozen=True, eq=False)
class _Change:
    """A change of quantiles on the scale: a line about the median, or a shift of each level."""

    line: QuantileLine | None
    shifts: FloatArray | None = None

    def apply(self, quantiles: FloatArray, middle: int) -> FloatArray:
        """Changed quantiles in order, shape (n, m)."""
        if self.line is not None:
            return np.sort(self.line.apply(quantiles, middle), axis=1)
        return np.sort(quantiles + (0 if self.shifts is None else self.shifts), axis=1)

    def put_after(self, model: QuantityModel) -> QuantityModel:
        """The model with the change after its own shifts and spread."""
        if self.line is not None:
            shifts = model.shifts + self.line.shift
            return replace(model, shifts=shifts, spread=model.spread * self.line.scale)
        if self.shifts is None:
            return model
        # The model spreads its shifted levels about the median: what is to be added after that is divided out before.
        median = self.shifts[model.middle]
        return replace(model, shifts=model.shifts + median + (self.shifts - median) / model.spread)

    def to_dict(self) -> dict[str, Any]:
        if self.line is not None:
            return {"shift": self.line.shift, "scale": self.line.scale}
        return {"shifts": [] if self.shifts is None else self.shifts.tolist()}


def _fit(method: str, data: _Data, rows: NDArray[np.bool_]) -> _Change | None:
    """Fit a change to some patients; None where it cannot be."""
    values, quantiles = data.values[rows], data.quantiles[rows]
    match method:
        case "shift":
            return _Change(fit_quantile_shift(values, quantiles, data.levels))
        case "scale":
            found = fit_quantile_scale(values, quantiles, data.levels, data.middle)
            return None if isinstance(found, Absent) else _Change(found)
        case "per-level":
            return _Change(None, conformal_shifts(data.levels, values, quantiles))
        case _:
            return _Change(None)


def _steps(data: _Data, fold: NDArray[np.int64]) -> tuple[Step, ...]:
    """Set the largest change against each smaller one in patients held out, up to the first that is kept."""

    def held_out(method: str) -> FloatArray | None:
        found = np.empty_like(data.quantiles)
        for number in np.unique(fold):
            change = _fit(method, data, fold != number)
            if change is None:
                return None
            found[fold == number] = change.apply(data.quantiles[fold == number], data.middle)
        return found

    largest, steps = held_out(LARGEST), []
    for smaller in _SMALLER:
        other = held_out(smaller)
        if largest is None or other is None:
            continue
        steps.append(Step(smaller, compare_pinball(data.values, largest, other, data.levels)))
        if steps[-1].keeps_smaller:
            break
    return tuple(steps)


def _folds(size: int, groups: NDArray[np.int64] | None, seed: int) -> NDArray[np.int64]:
    """Deal patients, or their groups where there are as many as folds, into folds by chance."""
    generator = np.random.default_rng(seed)
    unit = np.arange(size) if groups is None or len(np.unique(groups)) < FOLDS else groups
    order = generator.permutation(int(unit.max()) + 1)
    return np.asarray(order[unit] % FOLDS, dtype=np.int64)


def _require_patients(model: QuantityModel, quantity: LabelledQuantity, method: QuantityMethod) -> None:
    if model.scale == "logarithm" and quantity.values.min() < 0:
        raise CohortError(
            f"{quantity.label} is negative in {int((quantity.values < 0).sum())} patients: it has no logarithm",
            expected="values of 0 and more, as the model learned them",
        )
    outermost = float(min(model.levels[0], 1 - model.levels[-1]))
    by_level = int(np.ceil(EVENTS_PER_PARAMETER / outermost - 1e-9))
    needs = {"shift": EVENTS_PER_PARAMETER, "scale": 2 * EVENTS_PER_PARAMETER, "per-level": by_level}
    needed, size = needs.get(method, by_level), len(quantity)
    if size >= needed:
        return
    lesser = next((name for name in ("scale", "shift") if size >= needs[name] and needs[name] < needed), None)
    raise CohortError(
        f"too few patients to update by {method}: {size}; it needs {needed}",
        where=f"{quantity.label}: {size} updating patients",
        expected=f"{EVENTS_PER_PARAMETER} patients for each parameter, and as many beyond the outermost level",
        remedy=f"--method {lesser} needs fewer" if lesser else "gather more patients",
    )
