"""Tuning learners of ordered levels: the same units and trials, judged by the ranked probability score.

A trial is judged after its held-out scores were mapped to cumulative log-odds and put in order, as it will be served. A
level between two thresholds that meet has no probability, so a log-loss could be infinite; the ranked probability score
cannot, and a miss by two levels costs more than one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.catalogue import Parameters
from spinecast.models.encoding import Encoder
from spinecast.models.ordinal.catalogue import ORDINAL_FAMILIES
from spinecast.models.ordinal.thresholds import ThresholdLines, fit_threshold_lines, in_order
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.several_scorers import SeveralScorers, several_scorers_to_bytes
from spinecast.statistics import ranked_probability_losses
from spinecast.training.search import SearchData
from spinecast.training.tuning_unit import TuningUnit

__all__ = ["OrdinalSearchData", "OrdinalUnit"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class OrdinalUnit(TuningUnit):
    """A candidate in a split that learns ordered levels; `outcome` holds them, 0 the lowest.

    Parameters
    ----------
    thresholds : int
    """

    thresholds: int

    def fit(
        self, encoder: Encoder, columns: FloatArray, rows: NDArray[np.bool_], parameters: Parameters, seed: int
    ) -> SeveralScorers:
        """Fit one member to some of the training patients, whose encoded columns are given."""
        fit = ORDINAL_FAMILIES[self.candidate.family].fit
        return SeveralScorers(encoder, fit(columns, self._levels()[rows], self.thresholds, parameters, seed))

    def predicted(self, member: Any, columns: FloatArray) -> FloatArray:
        """A member's scores, shape (n, 1) where one serves all thresholds, else (n, thresholds)."""
        scores: FloatArray = member.scores(columns)
        return scores

    def line(self, held_out: FloatArray) -> ThresholdLines:
        """The lines that map held-out scores of the training patients to the log-odds of reaching each level."""
        return fit_threshold_lines(self._levels(), held_out, self.thresholds)

    def recalibrated(self, predicted: FloatArray, line: ThresholdLines) -> FloatArray:
        """Cumulative log-odds, shape (n, thresholds); they may cross."""
        return line.apply(predicted)

    def loss(self, held_out: FloatArray) -> float:
        """Mean ranked probability score of held-out scores once they are mapped and in order."""
        log_odds = in_order(self.recalibrated(held_out, self.line(held_out)))
        return float(ranked_probability_losses(self._levels(), expit(log_odds)).mean())

    def outcomes_among(self, rows: NDArray[np.bool_]) -> tuple[int, ...]:
        """Count patients at each level among some of the training patients."""
        return tuple(np.bincount(self._levels()[rows], minlength=self.thresholds + 1).tolist())

    def member_bytes(self, member: Any) -> bytes:
        """One member as it is kept."""
        return several_scorers_to_bytes(member)

    def _levels(self) -> NDArray[np.intp]:
        return self.outcome[self.split.train].astype(np.intp)


@dataclass(frozen=True)
class OrdinalSearchData(SearchData):
    """The patients of a study of ordered levels.

    Parameters
    ----------
    thresholds : int
    """

    unit_kind: ClassVar[type[TuningUnit]] = OrdinalUnit

    thresholds: int

    @classmethod
    def of(
        cls, matrix: FloatArray, schema: PredictorSchema, levels: NDArray[np.intp], thresholds: int
    ) -> OrdinalSearchData:
        """Gather what a search needs; everybody's level is known, so there are no weights."""
        no_weights: Mapping[str, FloatArray] = {}
        return cls(matrix, schema, levels.astype(np.float64), no_weights, thresholds)

    def unit_fields(self) -> Mapping[str, Any]:
        """What these units are told beside what every unit is."""
        return {"thresholds": self.thresholds}
