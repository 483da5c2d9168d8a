"""What every kind of outcome asks of its variables and its patients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.cohort import AttritionStep
from spinecast.errors import CohortError, ContractError

__all__ = [
    "any_of",
    "check_classes",
    "check_horizon",
    "check_times",
    "leave_out",
    "level_codes",
    "require_binary",
    "require_day",
    "require_days",
    "require_disjoint",
    "require_levels",
    "words_of",
]

FloatArray = NDArray[np.float64]


def require_days(key: str, name: str) -> None:
    """Refuse a variable that does not count days."""
    entry, expected = variable(name), "a variable that counts days"
    if entry.is_levelled:
        raise ContractError(f"outcome.{key}: {name} has levels", expected=expected)
    if entry.unit is None or entry.unit.ucum != "d":
        raise ContractError(f"outcome.{key}: {name} is measured in {entry.unit_symbol}", expected=expected)


def require_binary(key: str, name: str) -> None:
    """Refuse an event that is more than absent or present."""
    if variable(name).kind != "binary":
        raise ContractError(f"outcome.{key}: {name} is not binary", expected="absent or present")


def require_day(key: str, day: float) -> None:
    """Refuse a day that is none."""
    if not (math.isfinite(day) and day > 0):
        raise ContractError(f"outcome.{key} is {day}", expected="a positive number of days")


def require_levels(key: str, name: str, levels: Iterable[str]) -> Variable:
    """Return a levelled variable that has all of some levels."""
    entry = variable(name)
    if not entry.is_levelled:
        raise ContractError(f"outcome.{key}: {name} has no levels", expected="a variable with levels")
    for level in levels:
        entry.level_label(level)
    return entry


def require_disjoint(entry: Variable, events: Sequence[str], others: Sequence[str], role: str) -> None:
    """Refuse levels that are the event and something else at once, and an outcome without an event."""
    both = sorted(set(events) & set(others))
    if both or not events:
        raise ContractError(
            f"outcome: {' and '.join(both)} is both the event and {role}" if both else "outcome: no event level",
            expected=f"levels of {entry.name}: {', '.join(entry.level_values)}",
        )


def words_of(entry: Variable, levels: Iterable[str]) -> str:
    """Name levels as a reader sees them."""
    return " or ".join(entry.level_label(level) for level in levels)


def level_codes(entry: Variable, levels: Iterable[str]) -> list[int]:
    """Return the indices by which a cohort's matrix writes levels."""
    return [entry.level_values.index(level) for level in levels]


def any_of(codes: FloatArray, entry: Variable, levels: Iterable[str]) -> NDArray[np.bool_]:
    """Say of each patient whether the variable has one of some levels; a missing value has none."""
    return np.isin(codes, level_codes(entry, levels))


def leave_out(steps: list[AttritionStep], step: str, reason: str, kept: NDArray[np.bool_]) -> None:
    """Write a step that left somebody out."""
    left_out = int((~kept).sum())
    if left_out:
        steps.append(AttritionStep(step, reason, left_out, int(kept.sum())))


def check_times(time: FloatArray) -> None:
    """Refuse follow-up that nobody has or that runs backwards."""
    if not len(time):
        raise CohortError("nobody's follow-up is known", expected="a time and whether the event happened")
    if (time < 0).any():
        raise CohortError(
            f"{int((time < 0).sum())} follow-up times are negative", expected="days counted from the start, 0 or more"
        )


def check_horizon(time: FloatArray, horizon: float, landmark: float = 0.0) -> None:
    """Refuse a horizon, counted from a landmark, that nobody was followed to."""
    longest = float(time.max())
    if longest < landmark + horizon:
        since = f" after day {format_number(landmark)}" if landmark else ""
        raise CohortError(
            f"the horizon of {format_number(horizon)} days{since} lies past the follow-up",
            where=f"the longest follow-up is {format_number(longest)} days",
            expected="a horizon that at least one patient was followed to",
            remedy="choose an earlier horizon",
        )


def check_classes(label: str, values: NDArray[np.bool_]) -> None:
    """Refuse an outcome that everybody has, or nobody."""
    if not len(values):
        raise CohortError(f"nobody's outcome is known ({label})", expected="patients with and without the outcome")
    if values.all() or not values.any():
        everyone = "every patient has" if values.all() else "no patient has"
        raise CohortError(
            f"{everyone} the outcome ({label})",
            where=f"{len(values)} patients with a known outcome",
            expected="patients with and without the outcome",
        )
