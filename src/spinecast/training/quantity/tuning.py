"""Tuning learners of quantiles: the same units and trials, judged by the pinball loss of their shifted quantiles.

The loss is the mean pinball loss over all levels, on the scale that is learned. A trial is judged after the shift that
makes its held-out quantiles hold what they say, as it will be served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinecast.models.catalogue import Parameters
from spinecast.models.encoding import Encoder
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import conformal_shifts
from spinecast.models.several_scorers import SeveralScorers, several_scorers_to_bytes
from spinecast.statistics import pinball_losses
from spinecast.training.search import SearchData
from spinecast.training.tuning_unit import TuningUnit

__all__ = ["QuantitySearchData", "QuantityUnit"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class QuantityUnit(TuningUnit):
    """A candidate in a split that learns quantiles; `outcome` is on the scale that is learned.

    Parameters
    ----------
    levels : ndarray, shape (m,)
    """

    measured_outcome: ClassVar[bool] = True

    levels: FloatArray

    def fit(
        self, encoder: Encoder, columns: FloatArray, rows: NDArray[np.bool_], parameters: Parameters, seed: int
    ) -> SeveralScorers:
        """Fit one member, a scorer a level, to some of the training patients, whose encoded columns are given."""
        fit = QUANTILE_FAMILIES[self.candidate.family].fit
        values = self.outcome[self.split.train][rows]
        scorers = tuple(fit(columns, values, float(level), parameters, seed) for level in self.levels)
        return SeveralScorers(encoder=encoder, scorers=scorers)

    def predicted(self, member: Any, columns: FloatArray) -> FloatArray:
        """A member's quantiles, shape (n, levels)."""
        quantiles: FloatArray = member.scores(columns)
        return quantiles

    def line(self, _held_out: FloatArray) -> Any:
        """No line: quantiles are shifted once, level by level, when the study's rule has chosen."""
        return None

    def recalibrated(self, predicted: FloatArray, _line: Any) -> FloatArray:
        """Quantiles as they were predicted."""
        return predicted

    def loss(self, held_out: FloatArray) -> float:
        """Mean pinball loss of held-out quantiles after their shift."""
        values = self.outcome[self.split.train]
        shifted = np.sort(held_out + conformal_shifts(self.levels, values, held_out), axis=1)
        return float(pinball_losses(values, shifted, self.levels).mean())

    def outcomes_among(self, _rows: NDArray[np.bool_]) -> tuple[int, ...]:
        """Nothing to count: of a quantity it is patients who must be enough."""
        return ()

    def member_bytes(self, member: Any) -> bytes:
        """One member as it is kept."""
        return several_scorers_to_bytes(member)


@dataclass(frozen=True)
class QuantitySearchData(SearchData):
    """The patients of a study of a quantity.

    Parameters
    ----------
    levels : ndarray, shape (m,)
    """

    unit_kind: ClassVar[type[TuningUnit]] = QuantityUnit

    levels: FloatArray

    @classmethod
    def of(
        cls, matrix: FloatArray, schema: PredictorSchema, values: FloatArray, levels: FloatArray
    ) -> QuantitySearchData:
        """Gather what a search needs; everybody's value is known, so there are no weights."""
        no_weights: Mapping[str, FloatArray] = {}
        return cls(matrix=matrix, schema=schema, outcome=values, weights=no_weights, levels=levels)

    def unit_fields(self) -> Mapping[str, Any]:
        """What these units are told beside what every unit is."""
        return {"levels": self.levels}
