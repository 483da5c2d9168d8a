"""A measured quantity that is saved, served and explained: its quantiles in a patient.

A quantity model is one or more parts, each the fold fits of one candidate, fitted once a level. Everything happens on
one scale: a part averages its members, parts are averaged, and each level is shifted so that as many development
patients lay below it as it says (:func:`conformal_shifts`). Every step is affine up to there, so contributions to a
level add up exactly. Levels that cross are then put in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.image_gaps import gaps_of_parts
from spinecast.models.members import deviation_between_draws, drawn_scores, variance_between_draws
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.missing_spread import variance_over_quantiles
from spinecast.models.prognosis_model import MARGINAL_QUANTILES, latin_background, made_from_synthetic, mean_in_order
from spinecast.models.quantiles.quantile_function import QuantileFunction, Scale
from spinecast.models.several_scorers import AnySeveralScorers

if TYPE_CHECKING:
    import pandas

__all__ = ["QuantilePart", "QuantityModel", "conformal_shifts"]

FloatArray = NDArray[np.float64]


def conformal_shifts(levels: FloatArray, values: FloatArray, predicted: FloatArray) -> FloatArray:
    """Shift of each level that makes stated coverage hold in patients the predictions had not seen.

    Conformalised quantile regression with each tail by itself (Romano, Patterson & Candes 2019, NeurIPS 32, theorem 2):
    the ``ceil((n + 1) level)``-th smallest of ``value - predicted quantile``, below the median its mirror image.

    Parameters
    ----------
    levels : ndarray, shape (m,)
    values : ndarray, shape (n,)
        On the scale.
    predicted : ndarray, shape (n, m)
        Held-out quantiles.
    """
    shifts = np.empty(len(levels))
    for at, level in enumerate(levels):
        residual = values - predicted[:, at]
        upper = level >= 0.5
        ordered = np.sort(residual if upper else -residual)
        rank = int(np.ceil((len(ordered) + 1) * (level if upper else 1 - level)))
        found = float(ordered[min(rank, len(ordered)) - 1])
        shifts[at] = found if upper else -found
    return shifts


@dataclass(frozen=True)
class QuantilePart:
    """The fold fits of one candidate.

    Parameters
    ----------
    name, family, label : str
        The candidate's name in the study, its algorithm and what reports call it.
    positions : ndarray of int64
        Which of the model's predictors the part uses.
    members : tuple of SeveralScorers, or of several of them as DrawnMember or PatternMember
        Member ``k`` was fitted without inner fold ``k``, the same patients in every part.
    """

    name: str
    family: str
    label: str
    positions: NDArray[np.int64]
    members: tuple[AnySeveralScorers, ...]

    def member_quantiles(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Quantiles of each member, or of that of one fold alone, on the scale, shape (members, n, levels)."""
        own = np.ascontiguousarray(matrix[:, self.positions])
        asked = self.members if fold is None else (self.members[fold],)
        return np.stack([member.score(own) for member in asked])

    def draw_variance(self, matrix: FloatArray, level: int) -> FloatArray:
        """Between-draw variance of the part's quantile at the position of a level, shape (n,): 0 without draws."""
        draws = drawn_scores(self.members, np.ascontiguousarray(matrix[:, self.positions]))
        return np.zeros(len(matrix)) if draws is None else variance_between_draws(draws[:, :, level])


@dataclass(frozen=True)
class QuantityModel:
    """A saved prediction of a quantity: quantiles, intervals and the chance of passing a threshold.

    Parameters
    ----------
    name : str
        The study's name.
    predictors : tuple of str
        Dictionary names, in matrix order.
    parts : tuple of QuantilePart
        Averaged with equal weight on the scale.
    levels, shifts : ndarray, shape (levels,)
        The levels, the median among them, and what each is moved by on the scale.
    scale : {"logarithm", "as_measured"}
    marginals : ndarray, shape (predictors, quantiles)
        Quantiles of each predictor in the development cohort (level indices for levelled ones).
    always_known : ndarray of bool, shape (predictors,)
        Predictors that too few development patients lacked for the learners to know what a missing value means: a
        missing one widens the quantiles. Of the others they learned it.
    about : mapping
        Where it comes from and what it is for. JSON values only.
    spread : float
        What each level's distance from the median is multiplied by, after the shifts; 1 until an update changes it.
    development : DevelopmentDistribution, optional
        The predictors' joint distribution in the development cohort; an earlier model has none.
    missing : MissingLoss, optional
        What missing inputs change of the median on the scale, measured; an earlier model has none.
    """

    name: str
    predictors: tuple[str, ...]
    parts: tuple[QuantilePart, ...]
    levels: FloatArray
    shifts: FloatArray
    scale: Scale
    marginals: FloatArray
    always_known: NDArray[np.bool_]
    about: Mapping[str, Any]
    spread: float = 1.0
    development: DevelopmentDistribution | None = None
    missing: MissingLoss | None = None

    @property
    def is_synthetic(self) -> bool:
        """Whether patients it was developed or updated on do not exist."""
        return made_from_synthetic(self.about)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Thresholds the study asked for, in the quantity's canonical unit."""
        return tuple(float(one) for one in self.about["outcome"]["thresholds"])

    @property
    def unit(self) -> str:
        """Canonical unit of the quantity."""
        return str(self.about["outcome"]["unit"])

    @property
    def middle(self) -> int:
        """Position of the median among the levels."""
        return int(np.flatnonzero(self.levels == 0.5)[0])

    def matrix(self, patients: pandas.DataFrame) -> FloatArray:
        """Predictor values of a canonical table, shape (n, predictors); absent columns are missing values."""
        from spinecast.cohorts.cohort import frame_matrix

        return self.with_gaps(frame_matrix(patients, self.predictors))

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """Rows as recorded, with image features that cannot be brought onto the common scale missing."""
        return gaps_of_parts(self.parts, matrix)

    def shifted(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Shifted quantiles on the scale before they are put in order, shape (n, levels).

        With a fold, those of the members that were fitted without it.
        """
        parts = np.stack([mean_in_order(part.member_quantiles(matrix, fold)) for part in self.parts])
        found = mean_in_order(parts) + self.shifts
        if self.spread != 1:  # a model as it was trained keeps its very bits
            median = found[:, [self.middle]]
            found = median + self.spread * (found - median)
        return np.asarray(found, dtype=np.float64)

    def distribution(self, matrix: FloatArray) -> QuantileFunction:
        """The served distribution of each patient, from values of shape (n, predictors)."""
        found = QuantileFunction.rearranged(self.levels, self.shifted(matrix), self.scale)
        measured = self._missing_variance(matrix, np.isnan(matrix) & self.always_known)
        return found.widened(np.maximum(measured, self.draw_variance(matrix)))

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance of the median between draws of multiple imputation that the learners have not met, shape (n,).

        By the law of total variance: the draws' disagreement less what is left of it when the inputs that development
        patients nearly always had are known, at their medians. Levels that were fitted to draws of the other inputs
        already lie as far apart as not knowing those makes them (docs/decisions/0047).
        """
        lacking = np.isnan(matrix) & self.always_known
        rows = np.flatnonzero(lacking.any(axis=1))
        found = np.zeros(len(matrix))
        if rows.size:
            known = np.where(lacking, self.marginals[:, MARGINAL_QUANTILES.index(0.5)], matrix)
            in_all, of_others = (
                deviation_between_draws([part.draw_variance(values[rows], self.middle) for part in self.parts]) ** 2
                for values in (matrix, known)
            )
            found[rows] = np.maximum(in_all - of_others, 0.0)
        return found

    def background(self) -> FloatArray:
        """Reference patients made of development quantiles, shape (quantiles, predictors); none is a real patient."""
        return latin_background(self.marginals)

    @property
    def served_scale(self) -> str:
        """What contributions are of, and the deviations of :meth:`missing_deviation`: "log(1 + mL)"."""
        unit = self.unit or "value"
        return f"log(1 + {unit})" if self.scale == "logarithm" else unit

    def missing_deviation(self, matrix: FloatArray) -> FloatArray:
        """Standard deviation that missing inputs add to the median on that scale, shape (n,)."""
        return np.asarray(np.sqrt(self._missing_variance(matrix, np.isnan(matrix))), dtype=np.float64)

    def _missing_variance(self, matrix: FloatArray, lacking: NDArray[np.bool_]) -> FloatArray:
        """As measured of inputs that are lacking; where it was not, over the development quantiles."""
        measured = np.zeros(len(self.predictors), bool) if self.missing is None else self.missing.measured
        variance = variance_over_quantiles(self._medians, matrix, self.marginals, lacking & ~measured, self.parts, 1)[
            :, 0
        ]
        return variance if self.missing is None else variance + self.missing.added_variance(lacking)

    def _medians(self, matrix: FloatArray) -> FloatArray:
        return self.shifted(matrix)[:, self.middle, None]
