"""How far the risk of one patient depends on which of two runs is asked: counts of patients, never a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Measure, RiskAgreement, changed_side, risk_agreement
from spinecast.validation.internal.instability import groups_by_risk

__all__ = ["CELLS", "Agreement", "agree"]

FloatArray = NDArray[np.float64]

CELLS = 25
"""Cells along each axis of the picture of two risks."""


@dataclass(frozen=True)
class Agreement:
    """Two risks of the same patients beside each other.

    Parameters
    ----------
    agreement : RiskAgreement
        First less second.
    changed : tuple of (float, Estimate or Absent)
        At each threshold, the share of patients whom only one of the two puts at or above it.
    cells : tuple of (float, float, int)
        Patients by both risks: centre of a cell by the first, by the second, and how many stand in it.
    groups : tuple of dict
        Patients of like mean risk, ascending: their number, mean risk, mean difference and the range within which nine
        tenths of their differences lie.
    """

    agreement: RiskAgreement
    changed: tuple[tuple[float, Measure], ...]
    cells: tuple[tuple[float, float, int], ...]
    groups: tuple[dict[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the agreement as JSON-ready values."""
        return {
            **self.agreement.to_dict(),
            "changed_side": [{"threshold": level, **share.to_dict()} for level, share in self.changed],
            "cells": [list(cell) for cell in self.cells],
            "groups": list(self.groups),
        }


def agree(risk: FloatArray, other: FloatArray, thresholds: Sequence[float]) -> Agreement:
    """Set two risks of the same patients beside each other.

    Parameters
    ----------
    risk, other : ndarray, shape (n,)
    thresholds : sequence of float
        Risks at which a plan may change.
    """
    counts, edges, _ = np.histogram2d(risk, other, bins=CELLS, range=((0, 1), (0, 1)))
    centres = (edges[:-1] + edges[1:]) / 2
    filled = np.argwhere(counts > 0)
    return Agreement(
        agreement=risk_agreement(risk, other),
        changed=tuple((level, changed_side(risk, other, level)) for level in thresholds),
        cells=tuple(
            (float(centres[across]), float(centres[up]), int(counts[across, up])) for across, up in filled.tolist()
        ),
        groups=tuple(_groups(risk, other)),
    )


def _groups(risk: FloatArray, other: FloatArray) -> list[dict[str, float]]:
    mean, difference = (risk + other) / 2, risk - other
    found = []
    for members in groups_by_risk(mean):
        lower, upper = np.quantile(difference[members], (0.05, 0.95)).tolist()
        found.append(
            {
                "n": len(members),
                "risk": float(mean[members].mean()),
                "difference": float(difference[members].mean()),
                "lower": lower,
                "upper": upper,
            }
        )
    return found
