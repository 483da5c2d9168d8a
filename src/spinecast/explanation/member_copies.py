"""A model of several causes whose members each read the patients in their own way.

A walk from a reference patient to a patient switches one predictor at a time. Where each member brings features of a
scanner onto its own scale, a switched feature is another number to each: every member is given columns of its own, and
the columns of one predictor are switched together, so that contributions add up to what is served. Where a submodel
answers the patient, it answers along the whole walk, by the inputs it uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinecast.models.feature_blocks import Harmoniser
from spinecast.models.members import DrawnMember, PatternMember
from spinecast.models.predictor_schema import applied
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import AnySurvivalMember, SurvivalMember

__all__ = ["Copied", "answered_alike", "with_copies"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Copied:
    """A model that reads copies of its members' image features, and patients with these copies.

    Parameters
    ----------
    model : CompetingRisksModel
        Answers rows of all columns; the very one that was given where no member has a scale of its own.
    rows, references : ndarray, shape (n, columns)
    owner : ndarray of int64, shape (columns,)
        The predictor each column is of.
    """

    model: CompetingRisksModel
    rows: FloatArray
    references: FloatArray
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class _CopyingMember(SurvivalMember):
    """A fold fit that finds its own predictors in some of the columns, image features already on its scale."""

    columns: NDArray[np.int64]

    def log_hazards(self, matrix: FloatArray) -> FloatArray:
        return super().log_hazards(np.ascontiguousarray(matrix[:, self.columns]))


def answered_alike(model: CompetingRisksModel, matrix: FloatArray) -> list[NDArray[np.int64]]:
    """Rows of patients whom the same submodels answer, group by group; one group without submodels."""
    patterns = [
        part.members[0].patterns.of(matrix[:, part.positions])
        for hazard in model.hazards
        for part in hazard.parts
        if isinstance(part.members[0], PatternMember)
    ]
    if not patterns:
        return [np.arange(len(matrix))]
    _, group = np.unique(np.stack(patterns), axis=1, return_inverse=True)
    return [np.flatnonzero(group.ravel() == number) for number in np.unique(group)]


def with_copies(model: CompetingRisksModel, matrix: FloatArray, references: FloatArray) -> Copied:
    """Give every member the patients' image features on its own scale, and the fit that answers the patients.

    Parameters
    ----------
    model : CompetingRisksModel
    matrix : ndarray, shape (n, predictors)
        Patients as they were recorded, whom the same submodels answer.
    references : ndarray, shape (m, predictors)
        On the common scale.
    """
    members = [member for hazard in model.hazards for part in hazard.parts for member in part.members]
    if not any(isinstance(one, PatternMember) or _of_images(one) for one in members):
        return Copied(model, matrix, references, np.arange(matrix.shape[1]))
    rows, others = [matrix], [references]
    owner: list[NDArray[np.int64]] = [np.arange(matrix.shape[1])]
    hazards = []
    for hazard in model.hazards:
        parts = []
        for part in hazard.parts:
            reading: list[AnySurvivalMember] = []
            own, theirs = matrix[:, part.positions], references[:, part.positions]
            for member in part.members:
                fit, columns = member, part.positions.copy()
                if isinstance(fit, PatternMember):
                    _, used, fit = next(fit.answering(own))  # the same of all these patients
                    columns = columns[used]
                if images := _of_images(fit):
                    copied = np.unique(np.concatenate([np.append(one.features, one.batch) for one in images]))
                    columns[copied] = sum(len(one) for one in owner) + np.arange(len(copied))
                    rows.append(applied(images, own)[:, copied])
                    others.append(theirs[:, copied])
                    owner.append(part.positions[copied])
                reading.append(_reading(fit, columns))
            parts.append(replace(part, members=tuple(reading)))
        hazards.append((hazard, parts))
    every = np.arange(sum(len(one) for one in owner))
    copying = tuple(
        replace(hazard, parts=tuple(replace(part, positions=every) for part in parts)) for hazard, parts in hazards
    )
    return Copied(replace(model, hazards=copying), np.hstack(rows), np.hstack(others), np.concatenate(owner))


def _of_images(fit: AnySurvivalMember) -> tuple[Harmoniser, ...]:
    """What brings a fit's image features onto one scale; fits to draws, and submodels, hold none."""
    return fit.encoder.harmonisers if isinstance(fit, SurvivalMember) else ()


def _reading(
    fit: SurvivalMember | DrawnMember[SurvivalMember], columns: NDArray[np.int64]
) -> SurvivalMember | DrawnMember[SurvivalMember]:
    """The same fit, or each of its draws, reading its predictors from some of the columns."""
    if isinstance(fit, DrawnMember):
        return DrawnMember(tuple(_CopyingMember(draw.encoder, draw.curves, columns) for draw in fit.draws))
    return _CopyingMember(replace(fit.encoder, harmonisers=()), fit.curves, columns)
