"""Synthetic cohorts drawn once a test run, and what independent libraries read off them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from spinecast.cohorts.synthetic.effects import effect_column
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.population import Columns
from spinecast.cohorts.synthetic.recipe import CohortRecipe, find_recipe, load_recipe
from spinecast.cohorts.synthetic.variable_blocks import Effect

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A cohort in memory: what is observed, what is true, and every variable before anything was lost."""

    recipe: CohortRecipe
    observed: dict[str, FloatArray]
    truth: dict[str, FloatArray]
    complete: Columns


@cache
def recipe_named(name: str, *overrides: str) -> CohortRecipe:
    return load_recipe(find_recipe(name), overrides)


@cache
def drawn(name: str, patients: int, seed: int = 1, site: str | None = None, overrides: tuple[str, ...] = ()) -> Drawn:
    recipe = recipe_named(name, *overrides)
    chunks = list(Generator(recipe, seed, site).chunks(patients))

    def joined(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    return Drawn(
        recipe,
        joined([chunk.observed for chunk in chunks]),
        joined([chunk.truth for chunk in chunks]),
        Columns(joined([{key: chunk.complete[key] for key in list(chunk.complete)} for chunk in chunks])),
    )


def design(effects: Sequence[Effect], columns: Columns, rows: slice | FloatArray = slice(None)) -> FloatArray:
    """One column an effect: what its log ratio is multiplied by."""
    return np.column_stack([effect_column(effect, columns[effect.variable])[rows] for effect in effects])


def kaplan_meier(time: FloatArray, event: FloatArray, day: float) -> float:
    """Survival at a day, by statsmodels."""
    curve = SurvfuncRight(time, event)
    return float(curve.surv_prob[np.searchsorted(curve.surv_times, day, side="right") - 1])


def cox(time: FloatArray, event: FloatArray, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log hazard ratios and their standard errors, by statsmodels."""
    fit = PHReg(time, matrix, status=event, ties="breslow").fit()
    return fit.params, fit.bse
