"""Exact additive explanations of a curve at one day, on the log cumulative hazard that is served there.

Everything after the members' curves is affine, so a member is explained by one weighted sum of its log cumulative
hazards on the grid. How that is taken apart depends on what the member is:

- proportional hazards: as its score is, for one score moves the whole curve;
- accelerated times and forests: as the location of log time, or the cumulative hazard, is (TreeSHAP), each
  contribution scaled by what that number does to the logarithm between its base and the patient's value (the rescale
  rule by which attributions pass through a series of models: Chen, Lundberg & Lee 2022, Nat Commun 13:4512);
- hazards by interval: by permutation sampling of the sum itself.

With competing causes the risk is no affine function of any one of them: the complementary log-log of the cumulative
incidence is taken apart by permutation sampling as a whole, image features on each member's own scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from spinecast.explanation.compiled_curves import compiled_member, compiled_model
from spinecast.explanation.contributions import (
    Explained,
    by_owner,
    column_contributions,
    over_fits,
    permutation_contributions,
    require_additive,
)
from spinecast.explanation.keeping import own_columns, reference_patients
from spinecast.explanation.member_copies import answered_alike, with_copies
from spinecast.explanation.trees import forest_contributions_to
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.correction import never_falling
from spinecast.models.survival.curves import AcceleratedTimes, HazardForest, ProportionalHazards
from spinecast.models.survival.model import SurvivalMember, TimeToEventModel
from spinecast.models.survival.time_grid import read_at

__all__ = ["CurveContributions", "explain_at"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CurveContributions:
    """Contributions of each predictor to the risk by one day, on a scale where they add up.

    Parameters
    ----------
    predictors : tuple of str
    day : float
    scale : str
        What is added up: the log cumulative hazard, or the complementary log-log of a cumulative incidence.
    values : ndarray, shape (n, predictors)
        Positive raises the risk.
    base_value : ndarray, shape (n,)
        Before any predictor is looked at: the same for all patients whom the same fits answer.
    served : ndarray, shape (n,)
        What the model serves on that scale: the risk is ``1 - exp(-exp(served))``.
    held : ndarray, shape (n,)
        What keeping the curve from falling added to it: 0 in nearly everybody.
    residual : ndarray, shape (n,)
        ``served - held - base_value - values.sum(axis=1)``; at most RESIDUAL_TOLERANCE.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    predictors: tuple[str, ...]
    day: float
    scale: str
    values: FloatArray
    base_value: FloatArray
    served: FloatArray
    held: FloatArray
    residual: FloatArray
    methods: tuple[tuple[str, str], ...]


def explain_at(model: TimeToEventModel | CompetingRisksModel, matrix: FloatArray, day: float) -> CurveContributions:
    """Take the risk of some patients by a day apart.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    matrix : ndarray, shape (n, predictors)
    day : float

    Raises
    ------
    AdditivityError
        If contributions and base value miss what is served by more than RESIDUAL_TOLERANCE.
    ContractError
        If the day lies past the last one answered for.
    """
    if isinstance(model, CompetingRisksModel):
        return _explain_incidence(model, matrix, day)
    reading = read_at(model.grid, [day])
    corrected = model.corrected(matrix)
    served = reading.of(model.log_hazards(matrix))[:, 0]
    held = reading.of(never_falling(corrected))[:, 0] - reading.of(corrected)[:, 0]
    on_grid = np.zeros(len(model.grid))
    on_grid[reading.lower[0]] += 1 - reading.share[0]
    on_grid[reading.upper[0]] += reading.share[0]
    on_grid, shift = model.correction.weights(on_grid, model.reference)
    base = np.full(len(matrix), float(reading.shift[0]) + shift)
    values = np.zeros((len(matrix), len(model.predictors)))
    background = reference_patients(model)
    for part in model.parts:
        weights, shift = part.correction.weights(on_grid, model.reference)
        base += shift / len(model.parts)
        own = np.ascontiguousarray(matrix[:, part.positions])
        explained = partial(_fit_contributions, weights / (len(model.parts) * len(part.members)))
        for member in part.members:
            found, start = over_fits(member, own, own_columns(background, part.positions), explained)
            values[:, part.positions] += found
            base += start
    residual = served - held - base - values.sum(axis=1)
    require_additive(residual, model.served_scale)
    return CurveContributions(
        predictors=model.predictors,
        day=day,
        scale=model.served_scale,
        values=values,
        base_value=base,
        served=served,
        held=held,
        residual=residual,
        methods=tuple((part.label, SURVIVAL_FAMILIES[part.family].explained_by) for part in model.parts),
    )


@dataclass(frozen=True)
class _WeightedCurve:
    """One number a row: a weighted sum of a member's log cumulative hazards on the grid."""

    member: SurvivalMember
    weights: FloatArray

    def score(self, matrix: FloatArray) -> FloatArray:
        return _weighted(self.member.log_hazards(matrix), self.weights)


@dataclass(frozen=True)
class _IncidenceAt:
    model: CompetingRisksModel
    day: float

    def score(self, matrix: FloatArray) -> FloatArray:
        return self.model.cloglog(matrix, self.day)


def _explain_incidence(model: CompetingRisksModel, matrix: FloatArray, day: float) -> CurveContributions:
    values, base = np.empty(matrix.shape), np.empty(len(matrix))
    # A walk to a patient stays with the submodels that answer the patient: the inputs they do not use have no part.
    for rows in answered_alike(model, matrix):
        copied = with_copies(model, matrix[rows], reference_patients(model))
        values[rows], base[rows] = permutation_contributions(
            _IncidenceAt(compiled_model(copied.model), day), copied.rows, copied.references, copied.owner
        )
    served = _IncidenceAt(model, day).score(matrix)
    residual = served - base - values.sum(axis=1)
    require_additive(residual, model.served_scale)
    return CurveContributions(
        predictors=model.predictors,
        day=day,
        scale=model.served_scale,
        values=values,
        base_value=base,
        served=served,
        held=np.zeros(len(served)),
        residual=residual,
        methods=(("All causes together", "permutation contributions"),),
    )


def _fit_contributions(
    weights: FloatArray, member: SurvivalMember, matrix: FloatArray, background: FloatArray
) -> Explained:
    """Contributions of each own predictor to a weighted sum of a fit's curve, and the base of that sum."""
    curves, encoder = member.curves, member.encoder
    # The references stand on the common scale of image features: so must the patients that are set against them.
    matrix = encoder.harmonised(matrix)
    found: tuple[FloatArray, float] | None = None
    if isinstance(curves, HazardForest):
        found = _forest_part(curves, encoder.transform(matrix), weights)
    elif isinstance(curves, ProportionalHazards | AcceleratedTimes):
        columns = encoder.transform(matrix)
        score = column_contributions(curves.scorer, columns)
        if score is not None and isinstance(curves, ProportionalHazards):
            total = float(weights.sum())
            found = total * score[0], total * score[1] + float(weights @ curves.log_baseline)
        elif score is not None and isinstance(curves, AcceleratedTimes):
            found = _location_part(curves, columns, score, weights)
    if found is None:
        values, start = permutation_contributions(_WeightedCurve(compiled_member(member), weights), matrix, background)
    else:
        values, start = by_owner(found[0], encoder.owner, matrix.shape), found[1]
    return values, np.full(len(matrix), start)


def _location_part(
    curves: AcceleratedTimes, columns: FloatArray, score: tuple[FloatArray, float], weights: FloatArray
) -> tuple[FloatArray, float]:
    by_column, start = score
    location = curves.scorer.score(columns)
    base = float(_weighted(curves.from_location(np.array([start])), weights)[0])
    # So near the base value that a quotient would be rounding, the slope over a small step stands in.
    step = np.where(np.abs(location - start) > 1e-5, location - start, 1e-5)
    change = _weighted(curves.from_location(start + step), weights) - base
    return by_column * (change / step)[:, None], base


def _forest_part(curves: HazardForest, columns: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    total, start = np.zeros(columns.shape), 0.0
    positions = [int(position) for position in np.flatnonzero(weights)]
    if not positions:
        return total, start
    contributions, bases, hazards = forest_contributions_to(curves.forest, columns, positions)
    for position, by_column, base in zip(positions, contributions, bases, strict=True):
        low = max(base, curves.smallest)
        step = hazards[:, position] - base
        change = np.log(np.maximum(hazards[:, position], curves.smallest)) - np.log(low)
        rate = np.divide(change, step, out=np.full(len(step), 1 / low), where=np.abs(step) > 1e-12)
        total += weights[position] * by_column * rate[:, None]
        start += float(weights[position]) * float(np.log(low))
    return total, start


def _weighted(curves: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray((curves * weights).sum(axis=1), dtype=np.float64)
