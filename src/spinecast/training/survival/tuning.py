"""Tuning learners of times: the same units and trials, judged by the integrated Brier score of their curves.

A candidate's held-out curves are corrected as they will be served, and judged up to the last horizon by the Brier score
weighted for censoring (Graf et al. 1999), which is proper and the same for learners of every kind: a partial likelihood
has no level, and an accelerated time no baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import CohortError
from spinecast.models.catalogue import Parameters
from spinecast.models.encoding import Encoder
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.survival.artifact import survival_member_to_bytes
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.models.survival.correction import CurveCorrection, never_falling
from spinecast.models.survival.learned_correction import learn_correction
from spinecast.models.survival.model import SurvivalMember, risk_of
from spinecast.models.survival.time_grid import correction_positions, reference_position
from spinecast.statistics import Absent, integrated_brier
from spinecast.training.search import SearchData
from spinecast.training.tuning_unit import TuningUnit

__all__ = ["CurveTask", "TimedSearchData", "TimedUnit"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CurveTask:
    """Follow-up with one cause of interest, and the days curves are kept, corrected and judged at.

    Parameters
    ----------
    time : ndarray, shape (n,)
        Follow-up in days.
    event : ndarray, shape (n,)
        1 where the cause of interest ended it; another cause is censoring here, as it is for a cause-specific hazard.
    grid : ndarray, shape (k,)
    reference : int
        Position of the day of the median event on the grid.
    corrected_at : ndarray of int64
        Positions of the days at which curves are corrected.
    last : float
        Last horizon: curves are corrected and judged up to it.
    competing : bool
        Whether other causes end the follow-up too: who is censored by them depends on who it is.
    """

    time: FloatArray
    event: FloatArray
    grid: FloatArray
    reference: int
    corrected_at: NDArray[np.int64]
    last: float
    competing: bool

    @classmethod
    def of(cls, time: FloatArray, cause: NDArray[Any], own: int, grid: FloatArray, last: float) -> CurveTask:
        """Take one cause, counted from 1, of follow-ups that ended by any; 0 is censoring."""
        event = (cause == own).astype(np.float64)
        return cls(
            time=time,
            event=event,
            grid=grid,
            reference=reference_position(grid, time, event, last),
            corrected_at=correction_positions(grid, time, event, last),
            last=last,
            competing=bool(((cause > 0) & (cause != own)).any()),
        )

    def correction(self, rows: NDArray[np.int64], curves: FloatArray) -> CurveCorrection:
        """What makes curves of some patients, shape (m, k), agree with what happened to them (docs/decisions/0026)."""
        return learn_correction(
            curves,
            self.time[rows],
            self.event[rows],
            grid=self.grid,
            reference=self.reference,
            corrected_at=self.corrected_at,
            last=self.last,
            competing=self.competing,
        )

    def corrected(self, curves: FloatArray, correction: CurveCorrection) -> FloatArray:
        """Curves after correction, which may fall."""
        return correction.apply(curves, self.reference)

    def brier(self, rows: NDArray[np.int64], curves: FloatArray) -> float:
        """Integrated Brier score of curves of some patients, as they are served, up to the last horizon.

        Raises
        ------
        CohortError
            If none of these patients was followed to it.
        """
        judged = self.grid <= self.last
        found = integrated_brier(
            self.time[rows], self.event[rows], risk_of(never_falling(curves)[:, judged]), self.grid[judged]
        )
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

    def line(self, held_out: FloatArray) -> CurveCorrection:
        """What corrects the held-out curves of the training patients."""
        return self.task.correction(self.split.train, held_out)

    def recalibrated(self, predicted: FloatArray, line: CurveCorrection) -> FloatArray:
        """Curves after correction, which may fall."""
        return self.task.corrected(predicted, line)

    def loss(self, held_out: FloatArray) -> float:
        """Integrated Brier score of held-out curves after correction."""
        return self.task.brier(self.split.train, self.recalibrated(held_out, self.line(held_out)))

    def outcomes_among(self, rows: NDArray[np.bool_]) -> tuple[int, ...]:
        """Count the events of the cause of interest among some of the training patients."""
        return (int(self.task.event[self.split.train][rows].sum()),)

    def known_outcome(self) -> FloatArray:
        """Whether each training patient had the event by the last horizon, NaN where that is not known.

        What image features are ranked by where a study keeps the most informative ones.
        """
        time, event = self.task.time[self.split.train], self.task.event[self.split.train]
        known = (time >= self.task.last) | (event == 1)
        return np.where(known, np.where(time <= self.task.last, event, 0.0), np.nan)

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

    unit_kind: ClassVar[type[TuningUnit]] = TimedUnit

    task: CurveTask

    @classmethod
    def of(cls, matrix: FloatArray, schema: PredictorSchema, task: CurveTask) -> TimedSearchData:
        """Gather what a search needs; times carry their own censoring, so there are no weights."""
        no_weights: Mapping[str, FloatArray] = {}
        return cls(matrix=matrix, schema=schema, outcome=task.event, weights=no_weights, task=task)

    def unit_fields(self) -> Mapping[str, Any]:
        """What these units are told beside what every unit is."""
        return {"task": self.task}
