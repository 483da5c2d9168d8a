"""What is measured of some of the watched patients, what it should be, and whether it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Absent, auc_limits, observed_expected_limits, slope_limits
from spinecast.validation.measures import accuracy_measures, calibration_in_groups
from spinecast.validation.predictions import Predictions

__all__ = ["QUARTER_MEASURES", "doubts_of", "measures_of", "part_of"]

QUARTER_MEASURES = ("observed_expected_ratio", "calibration_in_the_large", "calibration_slope", "auc", "brier")
"""What is measured in each quarter, in this order."""

CONTROL_LEVEL = 0.002
"""A quarter lies outside of the control limits this often if every risk is right: three standard deviations."""

# Of fewer patients with, or without, the outcome nothing is measured: an interval would tell nothing.
_FEWEST = 5


def part_of(found: Predictions, rows: NDArray[np.bool_]) -> Predictions | Absent:
    """Return the predictions of some of the patients; Absent where no outcome of theirs is known."""
    known = rows if found.weights is None else rows & (found.weights > 0)
    return found.subset(rows) if known.any() else Absent("no outcome is known")


def measures_of(found: Predictions | Absent, bootstrap: int, seed: int) -> dict[str, Any]:
    """Return how many were judged, their measures, what these should be, and between which limits they should lie."""
    if isinstance(found, Absent):
        return {"n": 0, "events": 0, "measures": dict.fromkeys(QUARTER_MEASURES, found.to_dict()), "limits": {}}
    counts = {"n": found.n, "events": found.events}
    if min(found.events, found.n - found.events) < _FEWEST:
        few = Absent(f"fewer than {_FEWEST} patients with the outcome, or without").to_dict()
        return {**counts, "measures": dict.fromkeys(QUARTER_MEASURES, few), "limits": _limits(found)}
    measures = calibration_in_groups(found, bootstrap=bootstrap, seed=seed)
    measures |= accuracy_measures(found, bootstrap=bootstrap, seed=seed)
    return {
        **counts,
        "measures": {name: measures[name].to_dict() for name in QUARTER_MEASURES},
        "limits": _limits(found),
    }


def _limits(found: Predictions) -> dict[str, dict[str, float]]:
    known = slice(None) if found.weights is None else found.weights > 0
    risk, weights = found.risk[known], None if found.weights is None else found.weights[known]
    if not risk.any() or risk.min() == 1:
        return {}  # no event is expected, or one of everybody
    lower, upper = observed_expected_limits(risk, weights, level=CONTROL_LEVEL)
    limits = {"observed_expected_ratio": {"expected": 1.0, "lower": lower, "upper": upper}}
    if np.unique(risk[(risk > 0) & (risk < 1)]).size > 1:
        lower, upper = slope_limits(risk, weights, level=CONTROL_LEVEL)
        limits["calibration_slope"] = {"expected": 1.0, "lower": lower, "upper": upper}
    if np.ptp(risk) > 0:
        expected, lower, upper = auc_limits(risk, weights, level=CONTROL_LEVEL)
        limits["auc"] = {"expected": expected, "lower": lower, "upper": upper}
    return limits


def doubts_of(overall: dict[str, Any]) -> list[dict[str, Any]]:
    """Say whose interval, of all quarters together, excludes what it should be; a higher AUC is no doubt.

    No alarm: its rate is that of a 95 % interval, and it tells of no day. But nobody should read that all is well. An
    AUC of 0 or 1 may have no interval: it is held against its control limits.
    """
    found = []
    for name, should in overall.get("limits", {}).items():
        one = overall["measures"][name]
        if "absent" in one:
            continue
        if one["lower"] is None:
            low, high = one["estimate"] < should["lower"], one["estimate"] > should["upper"]
        else:
            low, high = one["upper"] < should["expected"], one["lower"] > should["expected"]
        if low or (high and name != "auc"):
            found.append(
                {
                    "measure": name,
                    **{key: one[key] for key in ("estimate", "lower", "upper")},
                    "expected": should["expected"],
                }
            )
    return found
