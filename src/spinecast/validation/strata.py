"""What happened in the strata of a published score, beside what its publication expects there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.scores import Score, compute_scores
from spinecast.statistics import Absent, Estimate, Measure, wilson_interval
from spinecast.validation.subgroups import FEWEST

__all__ = ["StratumObserved", "observe_strata"]

FloatArray = NDArray[np.float64]

NORMAL_975 = 1.959963984540054
# Of fewer people nothing is shown but that they are few.
_FEWEST_SHOWN = FEWEST


@dataclass(frozen=True)
class StratumObserved:
    """One stratum.

    Parameters
    ----------
    label : str
    observed : Estimate or Absent
        Share with the outcome.
    expected : float or None
        Risk its publication states by that day.
    """

    label: str
    observed: Measure
    expected: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"label": self.label, "observed": self.observed.to_dict(), "expected": self.expected}


def observe_strata(
    entry: Score,
    columns: dict[str, FloatArray],
    outcome: FloatArray,
    weights: FloatArray | None,
    horizon_days: float | None,
) -> tuple[StratumObserved, ...]:
    """Compare observed and published risk stratum by stratum.

    It is the only fair comparison for a stratum of which everyone, or no one, is expected to live: nobody can be sure.

    Parameters
    ----------
    entry : Score
    columns : mapping of variable to ndarray, shape (n,)
        Matrix columns of the patients.
    outcome : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (n,), optional
        Weights for censoring; 0 where the outcome is not known.
    horizon_days : float, optional
        Day of the outcome.

    Returns
    -------
    tuple of StratumObserved
        Empty where the score has no strata. Intervals are Wilson's; with weights they are Wald's, the weights held
        fixed.
    """
    if not entry.strata:
        return ()
    place = compute_scores([entry], columns)[entry.name].stratum()
    day = int(horizon_days) if horizon_days is not None and horizon_days == int(horizon_days) else None
    found = []
    for number, band in enumerate(entry.strata):
        inside = place == number
        survival = None if day is None else band.expected_survival.get(day)
        observed = _share(outcome[inside], None if weights is None else weights[inside])
        found.append(StratumObserved(band.label, observed, None if survival is None else 1 - survival))
    return tuple(found)


def _share(outcome: FloatArray, weights: FloatArray | None) -> Measure:
    known = outcome if weights is None else outcome[weights > 0]
    n, events = int(known.size), int(known.sum())
    if n < _FEWEST_SHOWN:
        return Absent(f"fewer than {_FEWEST_SHOWN} patients" if n else "no patient")
    if weights is None:
        return Estimate(events / n, *wilson_interval(events, n), n, events, "Wilson")
    cases = weights[weights > 0]
    share = float(np.average(known, weights=cases))
    half = NORMAL_975 * float(np.sqrt(np.sum((cases * (known - share)) ** 2)) / cases.sum())
    return Estimate(share, max(0.0, share - half), min(1.0, share + half), n, events, "weighted, Wald")
