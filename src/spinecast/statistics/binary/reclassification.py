"""Net reclassification and integrated discrimination improvement: returned only together with their caveat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, check_scored, check_thresholds

__all__ = ["RECLASSIFICATION_CAVEAT", "Reclassification", "reclassification"]

RECLASSIFICATION_CAVEAT = (
    "Reclassification measures reward miscalibration: a model can raise them by adding noise or by giving risks that "
    "are too extreme (Hilden & Gerds 2014, Stat Med 33:3405; Pepe et al. 2015, Stat Biosci 7:282). The category-free "
    "index counts every change alike however small, and the sum over patients with and without the outcome has no "
    "unit. Their tests reject far too often when the two models are nested and fitted to the same patients (Kerr et "
    "al. 2014, Epidemiology 25:114). Compare models by AUC, calibration and net benefit; these numbers decide nothing."
)


@dataclass(frozen=True)
class Reclassification:
    """How the risks of a new model differ from those of an old one, in patients with and without the outcome.

    The caveat is part of the result and cannot be left out: every surface that shows a number shows it.

    Parameters
    ----------
    net_reclassification : Estimate
        Sum of the two parts below; between -2 and 2.
    events, non_events : Estimate
        Share moved up less share moved down among those with the outcome; share moved down less share moved up among
        those without.
    integrated_discrimination : Estimate
        Change of the mean risk with the outcome less change of the mean risk without.
    net_reclassification_z, integrated_discrimination_z : float or None
        Estimate over standard error; None where that is 0.
    thresholds : tuple of float or None
        Limits of the risk categories; None where every change of risk counts.
    caveat : str
        :data:`RECLASSIFICATION_CAVEAT`.
    """

    net_reclassification: Estimate
    events: Estimate
    non_events: Estimate
    integrated_discrimination: Estimate
    net_reclassification_z: float | None
    integrated_discrimination_z: float | None
    thresholds: tuple[float, ...] | None
    caveat: str

    def __post_init__(self) -> None:
        if self.caveat != RECLASSIFICATION_CAVEAT:
            raise ValueError("reclassification is shown with its caveat only")

    @property
    def net_reclassification_p(self) -> float | None:
        """Two-sided p-value of the net reclassification; see the caveat."""
        return None if self.net_reclassification_z is None else float(2 * ndtr(-abs(self.net_reclassification_z)))

    @property
    def integrated_discrimination_p(self) -> float | None:
        """Two-sided p-value of the integrated discrimination improvement; see the caveat."""
        z = self.integrated_discrimination_z
        return None if z is None else float(2 * ndtr(-abs(z)))

    def to_dict(self) -> dict[str, Any]:
        """Return the measures and their caveat as JSON-ready values."""
        return {
            "net_reclassification": self.net_reclassification.to_dict(),
            "events": self.events.to_dict(),
            "non_events": self.non_events.to_dict(),
            "integrated_discrimination": self.integrated_discrimination.to_dict(),
            "thresholds": None if self.thresholds is None else list(self.thresholds),
            "caveat": self.caveat,
        }


def reclassification(
    outcome: ArrayLike, risk: ArrayLike, other: ArrayLike, thresholds: ArrayLike | None = None
) -> Reclassification | Absent:
    """Compute net reclassification and integrated discrimination improvement of ``risk`` over ``other``.

    Net reclassification over categories: Pencina et al. 2008, Stat Med 27:157; category-free, over every change:
    Pencina et al. 2011, Stat Med 30:11. Standard errors without the hypothesis of no difference, as in R's
    ``Hmisc::improveProb``: with u and d the shares moved up and down, Var = (u + d - (u - d)^2)/n in each outcome
    class; that of the integrated discrimination improvement is the variance of the mean change in each class.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk, other : array-like of shape (n,)
        Risks of the new and of the old model.
    thresholds : array-like of shape (m,), optional
        Limits of risk categories, strictly between 0 and 1; a risk at a limit belongs to the higher category. By
        default every change of risk counts.

    Returns
    -------
    Reclassification or Absent
        Absent when all patients have the same outcome, or a class holds one patient.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1 or a risk or threshold is out of range.
    """
    new, old = check_scored(outcome, risk), check_scored(outcome, other)
    absent = new.missing_class()
    if absent:
        return absent
    if min(new.events, new.n - new.events) < 2:
        return Absent("fewer than two patients in a class: the change has no variance")
    limits = None if thresholds is None else np.unique(check_thresholds(thresholds))
    change = new.score - old.score
    moved = np.sign(change if limits is None else _category(new.score, limits) - _category(old.score, limits))
    with_event = new.outcome == 1
    method = "every change of risk" if limits is None else "change of category"
    up, down = _part(moved[with_event]), _part(-moved[~with_event])
    shift, fall = _mean(change[with_event]), _mean(-change[~with_event])
    counts = (new.n, new.events)
    return Reclassification(
        net_reclassification=_sum(up, down, counts, f"{method}, Wald"),
        events=_sum(up, (0.0, 0.0), (new.events, new.events), f"{method}, Wald"),
        non_events=_sum(down, (0.0, 0.0), (new.n - new.events, 0), f"{method}, Wald"),
        integrated_discrimination=_sum(shift, fall, counts, "Wald"),
        net_reclassification_z=_z(up, down),
        integrated_discrimination_z=_z(shift, fall),
        thresholds=None if limits is None else tuple(limits.tolist()),
        caveat=RECLASSIFICATION_CAVEAT,
    )


def _category(risk: Floats, limits: Floats) -> Floats:
    return np.searchsorted(limits, risk, side="right").astype(np.float64)


def _part(moved: Floats) -> tuple[float, float]:
    """Return net share moved in the wanted direction and its variance."""
    wanted, unwanted = float(np.mean(moved > 0)), float(np.mean(moved < 0))
    return wanted - unwanted, (wanted + unwanted - (wanted - unwanted) ** 2) / moved.size


def _mean(change: Floats) -> tuple[float, float]:
    return float(change.mean()), float(change.var(ddof=1)) / change.size


def _sum(first: tuple[float, float], second: tuple[float, float], counts: tuple[int, int], method: str) -> Estimate:
    value, half = first[0] + second[0], NORMAL_975 * math.sqrt(first[1] + second[1])
    return Estimate(value, value - half, value + half, counts[0], counts[1], method)


def _z(first: tuple[float, float], second: tuple[float, float]) -> float | None:
    variance = first[1] + second[1]
    return (first[0] + second[0]) / math.sqrt(variance) if variance > 0 else None
