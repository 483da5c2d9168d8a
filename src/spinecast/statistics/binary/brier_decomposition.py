"""What a Brier score is made of: miscalibration, discrimination and the uncertainty of the outcome itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats, Scored, check_scored

__all__ = [
    "BrierDecomposition",
    "CorpDecomposition",
    "brier_decomposition",
    "corp_decomposition",
    "isotonic_recalibration",
]


@dataclass(frozen=True)
class BrierDecomposition:
    """Murphy's parts of the Brier score; brier = reliability - resolution + uncertainty + within_groups.

    Parameters
    ----------
    brier : float
        The Brier score.
    reliability : float
        Mean squared distance of observed proportion and mean prediction over the groups; 0 is perfect.
    resolution : float
        Variance of the observed proportions between the groups; the larger the better.
    uncertainty : float
        p(1 - p), p the proportion with the outcome: nothing a prediction can change.
    within_groups : float
        What grouping leaves over; 0 where all predictions in a group are the same.
    corrected : tuple of float or None
        Reliability, resolution and uncertainty with their bias removed; None with case weights.
    groups, n, events : int
        Groups, patients and patients with the outcome.
    method : str
        How patients were grouped.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_groups: float
    corrected: tuple[float, float, float] | None
    groups: int
    n: int
    events: int
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return the parts as JSON-ready values."""
        corrected = None
        if self.corrected is not None:
            corrected = dict(zip(("reliability", "resolution", "uncertainty"), self.corrected, strict=True))
        return {
            "brier": self.brier,
            "reliability": self.reliability,
            "resolution": self.resolution,
            "uncertainty": self.uncertainty,
            "within_groups": self.within_groups,
            "corrected": corrected,
            "groups": self.groups,
            "n": self.n,
            "events": self.events,
            "method": self.method,
        }


@dataclass(frozen=True)
class CorpDecomposition:
    """Parts of the Brier score that need no groups; brier = miscalibration - discrimination + uncertainty.

    Parameters
    ----------
    brier : float
        The Brier score.
    miscalibration : float
        How much isotonic recalibration lowers the Brier score; 0 is perfect.
    discrimination : float
        How much lower the recalibrated predictions score than giving everyone the observed proportion.
    uncertainty : float
        p(1 - p), p the proportion with the outcome.
    predicted, recalibrated : tuple of float
        The distinct risks, ascending, and the observed proportion isotonic regression gives each.
    n, events : int
        Patients and patients with the outcome.
    method : str
        How the parts were computed, and why they carry no interval.
    """

    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    predicted: tuple[float, ...]
    recalibrated: tuple[float, ...]
    n: int
    events: int
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return the parts and the curve as JSON-ready values."""
        return {
            "brier": self.brier,
            "miscalibration": self.miscalibration,
            "discrimination": self.discrimination,
            "uncertainty": self.uncertainty,
            "predicted": list(self.predicted),
            "recalibrated": list(self.recalibrated),
            "n": self.n,
            "events": self.events,
            "method": self.method,
        }


def brier_decomposition(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, groups: int | None = None
) -> BrierDecomposition | Absent:
    """Divide the Brier score into reliability, resolution and uncertainty (Murphy 1973, J Appl Meteorol 12:595).

    With patients grouped, the spread of predictions inside the groups adds ``within_groups``, the variance of the
    predictions less twice their covariance with the outcome (Stephenson, Coelho & Jolliffe 2008, Weather Forecast
    23:752). Reliability and resolution are both too large in a sample, by the same amount: sum_k n_k s_k / n with
    s_k = o_k (1 - o_k)/(n_k - 1) in group k of n_k patients, o_k of them (as a share) with the outcome. It is taken off
    in ``corrected``, where resolution gets back o (1 - o)/(n - 1), which the estimated uncertainty lacks (Ferro &
    Fricker 2012, Q J R Meteorol Soc 138:1954); the three still add up to the same sum. A corrected reliability may be
    below 0.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.
    weights : array-like of shape (n,), optional
        Case weights.
    groups : int, optional
        Equally large groups by quantiles of the risk (groups with equal limits merge); by default one group a distinct
        risk, which leaves nothing over but says little when every patient has a risk of their own.

    Returns
    -------
    BrierDecomposition or Absent
        Absent when all patients have the same outcome.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1], weights cannot be used or
        ``groups`` is less than 1.
    """
    scored = check_scored(outcome, risk, weights)
    if groups is not None and groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}")
    absent = scored.missing_class()
    if absent:
        return absent
    position = _groups(scored.score, groups)
    cases, total = scored.case_weights, float(scored.case_weights.sum())
    sizes: Floats = np.bincount(position, weights=cases).astype(np.float64)
    held = sizes > 0
    share = np.divide(
        np.bincount(position, weights=cases * scored.outcome), sizes, out=np.zeros_like(sizes), where=held
    )
    mean = np.divide(np.bincount(position, weights=cases * scored.score), sizes, out=np.zeros_like(sizes), where=held)
    prevalence = scored.prevalence
    spread = scored.score - mean[position]
    return BrierDecomposition(
        brier=float(np.average((scored.outcome - scored.score) ** 2, weights=cases)),
        reliability=float(np.sum(sizes * (mean - share) ** 2)) / total,
        resolution=float(np.sum(sizes * (share - prevalence) ** 2)) / total,
        uncertainty=prevalence * (1 - prevalence),
        within_groups=float(np.average(spread**2 - 2 * spread * (scored.outcome - share[position]), weights=cases)),
        corrected=None if scored.weights is not None else _corrected(sizes[held], share[held], mean[held], prevalence),
        groups=int(np.count_nonzero(held)),
        n=scored.n,
        events=scored.events,
        method="one group a distinct risk" if groups is None else f"{groups} groups by quantiles of the risk",
    )


def corp_decomposition(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None
) -> CorpDecomposition | Absent:
    """Divide the Brier score by isotonic regression: miscalibration, discrimination and uncertainty, without groups.

    (CORP: Dimitriadis, Gneiting & Jordan 2021, Proc Natl Acad Sci 118:e2016191118.) The recalibrated predictions are
    the isotonic regression of the outcome on the risk, found by pooling adjacent violators; it follows chance too, so
    that miscalibration and discrimination are both too large in small samples.

    Parameters
    ----------
    outcome, risk, weights
        As :func:`brier_decomposition`.

    Returns
    -------
    CorpDecomposition or Absent
        Absent when all patients have the same outcome.

    Raises
    ------
    ValueError
        As :func:`brier_decomposition`.
    """
    scored = check_scored(outcome, risk, weights)
    absent = scored.missing_class()
    if absent:
        return absent
    predicted, share, sizes = _by_risk(scored)
    recalibrated = np.asarray(scipy.optimize.isotonic_regression(share, weights=sizes).x)
    prevalence = scored.prevalence
    # Inside a group of one risk the recalibrated prediction is a constant c, and the mean of (y - c)^2 is
    # share (1 - c)^2 + (1 - share) c^2.
    after = float(np.average(share * (1 - recalibrated) ** 2 + (1 - share) * recalibrated**2, weights=sizes))
    score = float(np.average((scored.outcome - scored.score) ** 2, weights=scored.case_weights))
    return CorpDecomposition(
        brier=score,
        miscalibration=score - after,
        discrimination=prevalence * (1 - prevalence) - after,
        uncertainty=prevalence * (1 - prevalence),
        predicted=tuple(predicted.tolist()),
        recalibrated=tuple(recalibrated.tolist()),
        n=scored.n,
        events=scored.events,
        method="isotonic regression (CORP); no interval: resampling inflates the parts further",
    )


def isotonic_recalibration(
    outcome: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return the distinct scores, ascending, and the isotonic regression of the outcome on them.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    score : array-like of shape (n,)
        Any finite score.
    weights : array-like of shape (n,), optional
        Case weights; scores that only patients of weight 0 have are left out.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a score is not finite or weights cannot be used.
    """
    distinct, share, sizes = _by_risk(check_scored(outcome, score, weights, is_risk=False))
    return distinct, np.asarray(scipy.optimize.isotonic_regression(share, weights=sizes).x)


def _by_risk(scored: Scored) -> tuple[Floats, Floats, Floats]:
    """Return distinct scores, the proportion with the outcome at each and the weight of each."""
    distinct, position = np.unique(scored.score, return_inverse=True)
    sizes: Floats = np.bincount(position, weights=scored.case_weights).astype(np.float64)
    events = np.bincount(position, weights=scored.case_weights * scored.outcome)
    held = sizes > 0
    return distinct[held], events[held] / sizes[held], sizes[held]


def _groups(risk: Floats, groups: int | None) -> NDArray[np.intp]:
    if groups is None:
        return np.unique(risk, return_inverse=True)[1]
    cuts = np.unique(np.quantile(risk, np.linspace(0, 1, groups + 1)))
    return np.searchsorted(cuts[1:-1], risk, side="left")


def _corrected(sizes: Floats, share: Floats, mean: Floats, prevalence: float) -> tuple[float, float, float]:
    total = float(sizes.sum())
    # A group of one patient has no variance to estimate; its share of 0 or 1 adds nothing.
    excess = float(np.sum(sizes * share * (1 - share) / np.maximum(sizes - 1, 1))) / total
    lacking = prevalence * (1 - prevalence) / (total - 1)
    return (
        float(np.sum(sizes * (mean - share) ** 2)) / total - excess,
        float(np.sum(sizes * (share - prevalence) ** 2)) / total - excess + lacking,
        prevalence * (1 - prevalence) + lacking,
    )
