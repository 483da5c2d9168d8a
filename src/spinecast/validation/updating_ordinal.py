"""Updating ordered levels on other patients: one new intercept, one at each threshold, and slopes of all or of each.

A change is put after the model's last lines, before thresholds are put in order: each threshold keeps its line, so that
an updated model is explained as exactly as the one before (docs/decisions/0032).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledLevels
from spinecast.errors import CohortError
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.ordinal.thresholds import ThresholdLines
from spinecast.statistics import (
    Absent,
    ClosedTest,
    ThresholdMethod,
    ThresholdUpdate,
    closed_threshold_test,
    fit_threshold_update,
)
from spinecast.validation.checks.design import EVENTS_PER_PARAMETER

__all__ = ["LevelsMethod", "LevelsUpdate", "effective_patients", "require_update_levels", "update_levels"]

FloatArray = NDArray[np.float64]
LevelsMethod = Literal["common-intercept", "intercepts", "intercepts-and-slope", "lines", "closed-test"]


@dataclass(frozen=True, eq=False)
class LevelsUpdate:
    """What came of updating a model of ordered levels; nothing is said of where the result comes from yet.

    Parameters
    ----------
    model : OrdinalModel
        As it was where the method is "original".
    method : str
        "original", "common-intercept", "intercepts", "intercepts-and-slope" or "lines".
    lines : dict of str to ThresholdUpdate or Absent
        Every change that was fitted, chosen or not.
    closed_test : ClosedTest, optional
        None where a method was named.
    """

    model: OrdinalModel
    method: str
    lines: dict[str, ThresholdUpdate | Absent]
    closed_test: ClosedTest | None

    def to_dict(self) -> dict[str, Any]:
        """Return every number as JSON values."""
        return {
            "kind": "ordinal",
            "method": self.method,
            "reached": [str(one["reached"]) for one in self.model.levels[1:]],
            "lines": {name: line.to_dict() for name, line in self.lines.items()},
            "closed_test": None if self.closed_test is None else self.closed_test.to_dict(),
        }

    def numbers(self) -> dict[str, float]:
        """Return what was changed: intercept and slope of each level by its name."""
        line = self.lines.get(self.method)
        if not isinstance(line, ThresholdUpdate):
            return {}
        told: dict[str, float] = {}
        for one, intercept, slope in zip(self.model.levels[1:], line.intercepts, line.slopes, strict=True):
            told |= {f"intercept_{one['level']}": intercept.estimate, f"slope_{one['level']}": slope.estimate}
        return told


def update_levels(
    model: OrdinalModel, matrix: FloatArray, levels: LabelledLevels, method: LevelsMethod
) -> LevelsUpdate:
    """Update a model of ordered levels.

    Parameters
    ----------
    model : OrdinalModel
    matrix : ndarray, shape (n, predictors)
        Of the updating patients.
    levels : LabelledLevels
        Of the same patients.
    method : LevelsMethod

    Raises
    ------
    CohortError
        As :func:`require_update_levels`; or if the patients are ranked the wrong way round, or the closed test cannot
        be made.
    """
    require_update_levels(levels, method)
    log_odds = model.unordered(matrix)
    lines: dict[str, ThresholdUpdate | Absent] = {
        name: fit_threshold_update(levels.values, log_odds, name) for name in get_args(ThresholdMethod)
    }
    tested: ClosedTest | None = None
    chosen: str = method
    if method == "closed-test":
        found = closed_threshold_test(levels.values, log_odds)
        if isinstance(found, Absent):
            raise CohortError(
                f"the closed test cannot be made: {found.reason}", remedy="--method common-intercept needs least"
            )
        tested, chosen = found, found.chosen
    line = lines.get(chosen)
    if chosen == "original":
        return LevelsUpdate(model, chosen, lines, tested)
    if not isinstance(line, ThresholdUpdate):
        reason = line.reason if isinstance(line, Absent) else "it was not fitted"
        raise CohortError(
            f"the model cannot be updated by {chosen}: {reason}", remedy="--method common-intercept needs least"
        )
    turned = [number for number, one in enumerate(line.slopes) if one.estimate <= 0]
    if turned:
        words, slope = levels.reached_labels[turned[0]], line.slopes[turned[0]].estimate
        raise CohortError(
            f"the model ranks these patients the wrong way round: the slope of “{words}” is {slope:.2f}",
            expected="chances that rise with what is reached",
            remedy="look at `spinecast validate` on these patients; another model is needed",
        )
    return LevelsUpdate(_changed(model, line), chosen, lines, tested)


def _changed(model: OrdinalModel, line: ThresholdUpdate) -> OrdinalModel:
    """Put a change after the last lines."""
    intercepts, slopes = (np.array([one.estimate for one in found]) for found in (line.intercepts, line.slopes))
    lines = ThresholdLines(intercepts + slopes * model.lines.intercepts, slopes * model.lines.slopes)
    return replace(model, lines=lines)


def effective_patients(counts: tuple[int, ...]) -> float:
    """How many patients ordered levels are worth: ``n - sum(n_i^3) / n^2`` (Harrell 2015, RMS, table 4.1).

    Parameters
    ----------
    counts : tuple of int
        Patients at each level.
    """
    size = sum(counts)
    return size - sum(count**3 for count in counts) / size**2


def require_update_levels(levels: LabelledLevels, method: LevelsMethod) -> None:
    """Refuse a method that estimates more than the updating patients can carry, and name a lesser one.

    Parameters
    ----------
    levels : LabelledLevels
        Of the updating patients.
    method : LevelsMethod
        The closed test needs what its largest change needs.

    Raises
    ------
    CohortError
        If there are fewer than ten effective patients for each parameter, or an intercept of a level's own has fewer
        than ten patients on either side of it.
    """
    thresholds = len(levels.levels) - 1
    fewer = {"common-intercept": 1, "intercepts": thresholds, "intercepts-and-slope": thresholds + 1}
    parameters = fewer.get(method, 2 * thresholds)
    problem = _too_few(levels, parameters, own=method != "common-intercept")
    if problem is None:
        return
    lesser = method != "common-intercept" and _too_few(levels, 1, own=False) is None
    raise CohortError(
        f"too few patients to update by {method}: {problem}",
        where=", ".join(f"{name}: {count}" for name, count in zip(levels.short_labels, levels.counts, strict=True)),
        expected=f"{EVENTS_PER_PARAMETER} effective patients for each parameter, and {EVENTS_PER_PARAMETER} on either "
        "side of a level with an intercept of its own",
        remedy="--method common-intercept needs fewer"
        if lesser
        else "gather more patients; `spinecast validate` shows how the model does in these, and changes nothing",
    )


def _too_few(levels: LabelledLevels, parameters: int, *, own: bool) -> str | None:
    worth, needed = effective_patients(levels.counts), EVENTS_PER_PARAMETER * parameters
    if worth < needed:
        many = "1 parameter" if parameters == 1 else f"{parameters} parameters"
        return f"{len(levels)} patients, worth {worth:.0f}; to estimate {many} needs {needed}"
    if not own:
        return None
    for number, words in enumerate(levels.reached_labels, start=1):
        reached = int((levels.values >= number).sum())
        if min(reached, len(levels) - reached) < EVENTS_PER_PARAMETER:
            return f"“{words}” holds for {reached} of {len(levels)}"
    return None
