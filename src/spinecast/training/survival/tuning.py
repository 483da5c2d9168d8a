"""Tuning learners of times: the same units and trials, judged by the integrated Brier score of their curves.

A candidate's held-out curves are corrected as they will be served, and judged up to the last horizon by the Brier score
weighted for censoring (Graf et al. 1999), which is proper and the same for learners of every kind: a partial likelihood
has no level, and an accelerated time no baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import CohortError
from spinecast.models.catalogue import Parameters
from spinecast.models.encoding import Encoder, PredictorSchema
from spinecast.models.survival.artifact import survival_member_to_bytes
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.model import SurvivalMember, corrected, risk_of
from spinecast.models.survival.time_grid import read_at
from spinecast.statistics import Absent, fit_hazard_recalibration, integrated_brier
from spinecast.training.checkpoint import UnitCheckpoint
from spinecast.training.resampling import Split
from spinecast.training.search import SearchData
from spinecast.training.tuning_unit import CandidatePlan, TuningUnit

__all__ = ["CurveTask", "TimedSearchData", "TimedUnit"]

FloatArray = NDArray[np.float64]

# A patient who died on the day of entry was exposed to no hazard of a curve that begins there: half a day.
SHORTEST_DAYS = 0.5


@dataclass(frozen=True)
class CurveTask:
    """Follow-up with one cause of interest, and the days curves are kept and judged at.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up in days.
    event : ndarray, shape (n,)
        1 where the cause of interest ended it; another cause is censoring here, as it is for a cause-specific hazard.
    grid : ndarray, shape (k,)
    reference : int
        Position of the reference day on the grid.
    last : float
        Last horizon: curves are corrected and judged up to it.
    """

    time: FloatArray
    event: FloatArray
    grid: FloatArray
    reference: int
    last: float

    def correction(self, rows: NDArray[np.int64], curves: FloatArray) -> tuple[float, float]:
        """Intercept and slope that make curves of some patients, shape (m, k), agree with what happened to them."""
        time, event = self.time[rows], self.event[rows]
        until = np.clip(time, SHORTEST_DAYS, self.last)
        reading = read_at(self.grid, until)
        patient = np.arange(len(rows))
        low, high = curves[patient, reading.lower], curves[patient, reading.upper]
        own = (1 - reading.share) * low + reading.share * high + reading.shift
        found = fit_hazard_recalibration(
            np.where(time <= self.last, event, 0.0), np.exp(own), curves[:, self.reference]
        )
        return found.intercept, found.slope

    def corrected(self, curves: FloatArray, line: tuple[float, float]) -> FloatArray:
        """Curves after correction."""
        return corrected(curves, *line, self.reference)

    def brier(self, rows: NDArray[np.int64], curves: FloatArray) -> float:
        """Integrated Brier score of corrected curves of some patients up to the last horizon.

        Raises
        ------
        CohortError
            If none of these patients was followed to it.
        """
        judged = self.grid <= self.last
        found = integrated_brier(self.time[rows], self.event[rows], risk_of(curves[:, judged]), self.grid[judged])
        if isinstance(found, Absent):
            raise CohortError(
                f"learners of times cannot be judged up to day {self.last:g}: {found.reason}",
                where="training patients of one split",
                expected="patients followed to the last horizon in every split",
                remedy="leave out the last horizon, or use fewer folds",
            )
        return found.estimate


@dataclass(frozen=True)
class TimedUnit(TuningUnit):
    """A candidate in a split that learns curves.

    Parameters
    ----------
    task : CurveTask
    """

    task: CurveTask

    def fit(
        self, encoder: Encoder, columns: FloatArray, rows: NDArray[np.bool_], parameters: Parameters, seed: int
    ) -> SurvivalMember:
        """Fit one member to some of the training patients, whose encoded columns are given."""
        train = self.split.train[rows]
        family = SURVIVAL_FAMILIES[self.candidate.family]
        task = self.task
        curves = family.fit(columns, task.time[train], task.event[train], task.grid, parameters, seed)
        return SurvivalMember(encoder=encoder, curves=curves)

    def predicted(self, member: Any, columns: FloatArray) -> FloatArray:
        """A member's curves, shape (n, k)."""
        curves: FloatArray = member.curves.log_hazards(columns)
        return curves

    def line(self, held_out: FloatArray) -> tuple[float, float]:
        """Intercept and slope that correct the held-out curves of the training patients."""
        return self.task.correction(self.split.train, held_out)

    def recalibrated(self, predicted: FloatArray, line: tuple[float, float]) -> FloatArray:
        """Curves after correction."""
        return self.task.corrected(predicted, line)

    def loss(self, held_out: FloatArray) -> float:
        """Integrated Brier score of held-out curves after correction."""
        return self.task.brier(self.split.train, self.recalibrated(held_out, self.line(held_out)))

    def member_bytes(self, member: Any) -> bytes:
        """One member as it is kept."""
        return survival_member_to_bytes(member)


@dataclass(frozen=True)
class TimedSearchData(SearchData):
    """The patients of a study of times, for one cause.

    Parameters
    ----------
    task : CurveTask
    """

    task: CurveTask

    @classmethod
    def of(cls, matrix: FloatArray, schema: PredictorSchema, task: CurveTask) -> TimedSearchData:
        """Gather what a search needs; times carry their own censoring, so there are no weights."""
        no_weights: Mapping[str, FloatArray] = {}
        return cls(matrix=matrix, schema=schema, outcome=task.event, weights=no_weights, task=task)

    def unit(
        self,
        split: Split,
        plan: CandidatePlan,
        schema: PredictorSchema,
        matrix: FloatArray,
        seed: int,
        checkpoint: UnitCheckpoint,
    ) -> TuningUnit:
        """Make the unit of a candidate, whose own predictors are given, in a split."""
        return TimedUnit(
            split=split,
            candidate=plan,
            schema=schema,
            matrix=matrix,
            outcome=self.outcome,
            weights=None,
            seed=seed,
            checkpoint=checkpoint,
            task=self.task,
        )
