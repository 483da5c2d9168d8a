"""How alike treated and controls are before and after matching."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.matching.plan import MatchingPlan
from spinecast.cohorts.matching.propensity import Propensity
from spinecast.cohorts.standardised_differences import moments, pooled, standardised

__all__ = ["BalanceRow", "Means", "balance_rows"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """Mean of a number, or share of a level, on both sides.

    Parameters
    ----------
    level : str
        The level; empty for a number.
    treated_before, controls_before, treated_after, controls_after : float or None
        Among known values, weighted after matching; None where none is known.
    """

    level: str
    treated_before: float | None
    controls_before: float | None
    treated_after: float | None
    controls_after: float | None


@dataclass(frozen=True)
class BalanceRow:
    """One covariate.

    Parameters
    ----------
    name, label, unit : str
    decimals : int
        Digits after the point for a mean.
    kind : {"number", "levels", "missing", "propensity"}
        A measured or a levelled variable; whether a variable is missing; the logit of the propensity itself.
    before, after : float or None
        Standardised differences, treated less controls, both by the spread before matching; None where they cannot be
        computed.
    means : tuple of Means
        Empty where levels are too rare to be broken down.
    """

    name: str
    label: str
    unit: str
    decimals: int
    kind: Literal["number", "levels", "missing", "propensity"]
    before: float | None
    after: float | None
    means: tuple[Means, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.name,
            "label": self.label,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "means": [
                {
                    "level": means.level or None,
                    "treated_before": means.treated_before,
                    "controls_before": means.controls_before,
                    "treated_after": means.treated_after,
                    "controls_after": means.controls_after,
                }
                for means in self.means
            ],
        }


@dataclass(frozen=True, eq=False)
class _Sides:
    """The two groups, and the weights of all patients after matching."""

    treated: NDArray[np.bool_]
    after: FloatArray
    smallest: int

    def columns(self, column: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield treated and controls before, then after: values and weights, those known."""
        known = ~np.isnan(column)
        for weights in (np.ones(len(column)), self.after):
            for side in (self.treated, ~self.treated):
                chosen = side & known & (weights > 0)
                yield column[chosen], weights[chosen]


def balance_rows(
    cohort: Cohort,
    plan: MatchingPlan,
    treated: NDArray[np.bool_],
    propensity: Propensity,
    *,
    rows: NDArray[np.intp],
    weights: FloatArray,
    smallest: int,
) -> tuple[BalanceRow, ...]:
    """Compare treated and controls in every covariate before and after matching.

    Parameters
    ----------
    cohort : Cohort
        n patients.
    plan : MatchingPlan
    treated : ndarray of bool, shape (n,)
    propensity : Propensity
    rows, weights : ndarray, shape (m,)
        Rows of the matched patients, a patient in several sets as often, and their weights.
    smallest : int
        Levels that fewer patients of a side have are not broken down.

    Returns
    -------
    tuple of BalanceRow
        The propensity, the covariates, and of those with missing values whether the value is known.
    """
    after = np.bincount(rows, weights, minlength=len(cohort)).astype(np.float64)
    sides = _Sides(treated, after, smallest)
    names = tuple(dict.fromkeys((*plan.covariates, *plan.exact)))
    found = [
        _row("", "Propensity, log-odds", "", 2, "propensity", propensity.logit, (), sides),
        *(
            _covariate(variable(name), column, sides)
            for name, column in zip(names, cohort.matrix(names).T, strict=True)
        ),
    ]
    for name in propensity.indicated:
        missing = np.isnan(cohort.matrix([name])[:, 0]).astype(np.float64)
        label = f"{variable(name).label}: not recorded"
        found.append(_row(name, label, "", 0, "missing", missing, ("Recorded", "Not recorded"), sides))
    return tuple(found)


def _covariate(entry: Variable, column: FloatArray, sides: _Sides) -> BalanceRow:
    levels = tuple(level.label for level in entry.levels)
    kind: Literal["number", "levels"] = "levels" if levels else "number"
    return _row(entry.name, entry.label, entry.unit_symbol, entry.decimals + 1, kind, column, levels, sides)


def _row(
    name: str,
    label: str,
    unit: str,
    decimals: int,
    kind: Literal["number", "levels", "missing", "propensity"],
    column: FloatArray,
    levels: tuple[str, ...],
    sides: _Sides,
) -> BalanceRow:
    groups = list(sides.columns(column))
    one, other, one_after, other_after = (moments(values, len(levels), weights) for values, weights in groups)
    before = standardised(one, other)
    spread = None if one is None or other is None else pooled(one, other)
    after = standardised(one_after, other_after, spread)
    return BalanceRow(name, label, unit, decimals, kind, before, after, _means(groups, levels, sides.smallest))


def _means(groups: list[tuple[FloatArray, FloatArray]], levels: tuple[str, ...], smallest: int) -> tuple[Means, ...]:
    if not levels:
        return (Means("", *(_mean(values, weights) for values, weights in groups)),)
    counts = np.array([np.bincount(values.astype(np.intp), minlength=len(levels)) for values, _ in groups])
    if ((counts > 0) & (counts < smallest)).any():
        return ()
    shown = range(1, 2) if len(levels) == 2 else [index for index in range(len(levels)) if counts[:, index].any()]
    return tuple(
        Means(
            levels[index],
            *(_mean((values == index).astype(np.float64), weights) for values, weights in groups),
        )
        for index in shown
    )


def _mean(values: FloatArray, weights: FloatArray) -> float | None:
    return float(values @ weights / weights.sum()) if len(values) else None
