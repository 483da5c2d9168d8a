"""Judging the probability of passing one threshold, of a quantity or of ordered levels, as any risk is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    CalibrationGroup,
    Measure,
    auc,
    brier,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
    flexible_calibration,
    observed_expected_ratio,
    scaled_brier,
)

__all__ = ["CERTAIN", "as_json", "judge_threshold", "threshold_again"]

FloatArray = NDArray[np.float64]

GROUPS = 10
# A probability on the log-odds must be no certainty.
CERTAIN = 1e-6

_MEASURES: Mapping[str, Callable[[FloatArray, FloatArray], Measure]] = {
    "auc": auc,
    "brier": brier,
    "scaled_brier": scaled_brier,
    "observed_expected_ratio": observed_expected_ratio,
    "calibration_in_the_large": calibration_in_the_large,
    "calibration_slope": calibration_slope,
}


def judge_threshold(happened: FloatArray, chance: FloatArray) -> dict[str, Any]:
    """Judge probabilities by ranking, calibration and the Brier score: JSON values.

    Parameters
    ----------
    happened : ndarray, shape (n,)
        1 where the threshold was passed, else 0.
    chance : ndarray, shape (n,)
        In [0, 1]; a certainty is taken for nearly one.
    """
    events = int(happened.sum())
    described: dict[str, Any] = {"n": len(happened), "events": events}
    if not 0 < events < len(happened):
        reason = Absent("nobody reached it" if events == 0 else "everybody reached it").to_dict()
        return described | {"measures": dict.fromkeys(_MEASURES, reason)}
    risk = np.clip(chance, CERTAIN, 1 - CERTAIN)
    return described | {
        "measures": as_json({name: measure(happened, risk) for name, measure in _MEASURES.items()}),
        "calibration_curve": flexible_calibration(happened, risk).to_dict(),
        "calibration_groups": [_group(one) for one in calibration_groups(happened, risk, groups=GROUPS)],
    }


def threshold_again(happened: FloatArray, chance: FloatArray) -> dict[str, Measure]:
    """Judge probabilities of a model that was fitted again: AUC and calibration slope.

    Parameters
    ----------
    happened, chance
        As :func:`judge_threshold`.
    """
    measures: Mapping[str, Callable[[FloatArray, FloatArray], Measure]] = {
        "auc": auc,
        "calibration_slope": calibration_slope,
    }
    if not 0 < happened.sum() < len(happened):
        absent = Absent("nobody reached it" if not happened.any() else "everybody reached it")
        return dict.fromkeys(measures, absent)
    risk = np.clip(chance, CERTAIN, 1 - CERTAIN)
    return {name: measure(happened, risk) for name, measure in measures.items()}


def as_json(measures: Mapping[str, Measure]) -> dict[str, Any]:
    """Measures by name as JSON values."""
    return {name: measure.to_dict() for name, measure in measures.items()}


def _group(group: CalibrationGroup) -> dict[str, Any]:
    """One tenth of the patients in the form of groups judged at a horizon, so that one figure draws both."""
    found = group.to_dict()
    observed = {"estimate": found["observed"], "lower": found["lower"], "upper": found["upper"]}
    return {"predicted": found["predicted"], "observed": observed, "n": found["n"], "events": found["events"]}
