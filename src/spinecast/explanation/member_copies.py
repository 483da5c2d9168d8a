"""A model of several causes whose members each read image features on a scale of their own.

A walk from a reference patient to a patient switches one predictor at a time. Where each member brings features of a
scanner onto its own scale, a switched feature is another number to each: every member is given columns of its own, and
the columns of one predictor are switched together, so that contributions add up to what is served.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import SurvivalMember, TimeToEventModel

__all__ = ["Copied", "with_copies"]

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


def with_copies(model: CompetingRisksModel, matrix: FloatArray, references: FloatArray) -> Copied:
    """Give every member the patients' image features on its own scale.

    Parameters
    ----------
    model : CompetingRisksModel
    matrix : ndarray, shape (n, predictors)
        As the patients were recorded.
    references : ndarray, shape (m, predictors)
        On the common scale.
    """
    parts = [part for hazard in model.hazards for part in hazard.parts]
    if not any(member.encoder.harmonisers for part in parts for member in part.members):
        return Copied(model, matrix, references, np.arange(matrix.shape[1]))
    rows, others = [matrix], [references]
    owner: list[NDArray[np.int64]] = [np.arange(matrix.shape[1])]
    placed: list[list[list[NDArray[np.int64]]]] = []
    for hazard in model.hazards:
        placed.append([])
        for part in hazard.parts:
            placed[-1].append([])
            own, theirs = matrix[:, part.positions], references[:, part.positions]
            for member in part.members:
                columns = part.positions.copy()
                used = [np.append(one.features, one.batch) for one in member.encoder.harmonisers]
                if used:
                    copied = np.unique(np.concatenate(used))
                    columns[copied] = sum(len(one) for one in owner) + np.arange(len(copied))
                    rows.append(member.encoder.harmonised(own)[:, copied])
                    others.append(theirs[:, copied])
                    owner.append(part.positions[copied])
                placed[-1][-1].append(columns)
    every = np.arange(sum(len(one) for one in owner))
    hazards = tuple(_copying(hazard, every, columns) for hazard, columns in zip(model.hazards, placed, strict=True))
    return Copied(replace(model, hazards=hazards), np.hstack(rows), np.hstack(others), np.concatenate(owner))


def _copying(
    hazard: TimeToEventModel, every: NDArray[np.int64], placed: list[list[NDArray[np.int64]]]
) -> TimeToEventModel:
    parts = []
    for part, columns in zip(hazard.parts, placed, strict=True):
        members = tuple(
            _CopyingMember(replace(member.encoder, harmonisers=()), member.curves, own)
            for member, own in zip(part.members, columns, strict=True)
        )
        parts.append(replace(part, positions=every, members=members))
    return replace(hazard, parts=tuple(parts))
