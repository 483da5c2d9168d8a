"""An ordered outcome that is saved, served and explained: the log-odds of reaching each level above the lowest.

An ordinal model is one or more parts, each the fold fits of one candidate. A part maps the mean scores of its members
to cumulative log-odds by a line for each threshold, parts are averaged on that scale, and a last line for each
threshold recalibrates the average. Every step is affine up to there, so contributions to one threshold add up exactly.
Thresholds that cross are then put in order: nobody reaches a higher level more surely than a lower one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.image_gaps import gaps_of_parts
from spinecast.models.members import deviation_between_draws, drawn_scores, variance_between_draws
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.missing_spread import variance_over_quantiles
from spinecast.models.ordinal.thresholds import ThresholdLines, in_order, level_probabilities
from spinecast.models.prognosis_model import latin_background, made_from_synthetic, mean_in_order
from spinecast.models.several_scorers import AnySeveralScorers

if TYPE_CHECKING:
    import pandas

__all__ = ["OrdinalModel", "OrdinalPart"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class OrdinalPart:
    """The fold fits of one candidate and the lines that map their mean scores to cumulative log-odds.

    Parameters
    ----------
    name, family, label : str
        The candidate's name in the study, its algorithm and what reports call it.
    positions : ndarray of int64
        Which of the model's predictors the part uses.
    lines : ThresholdLines
    members : tuple of SeveralScorers, or of several of them as DrawnMember or PatternMember
        One scorer for all thresholds, or one for each. Member ``k`` was fitted without inner fold ``k``, the same
        patients in every part.
    """

    name: str
    family: str
    label: str
    positions: NDArray[np.int64]
    lines: ThresholdLines
    members: tuple[AnySeveralScorers, ...]

    def member_log_odds(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Cumulative log-odds of each member, or of that of one fold alone, shape (members, n, thresholds)."""
        own = np.ascontiguousarray(matrix[:, self.positions])
        asked = self.members if fold is None else (self.members[fold],)
        return np.stack([self.lines.apply(member.score(own)) for member in asked])

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Between-draw variance of the part's cumulative log-odds, shape (n, thresholds): 0 where nothing was drawn."""
        draws = drawn_scores(self.members, np.ascontiguousarray(matrix[:, self.positions]))
        if draws is None:
            return np.zeros((len(matrix), len(self.lines.slopes)))
        return variance_between_draws(self.lines.apply(draws))


@dataclass(frozen=True)
class OrdinalModel:
    """A saved prediction of an ordered outcome: the chance of every level, and of reaching each.

    Parameters
    ----------
    name : str
        The study's name.
    predictors : tuple of str
        Dictionary names, in matrix order.
    parts : tuple of OrdinalPart
        Averaged with equal weight on the cumulative log-odds.
    lines : ThresholdLines
        The last recalibration, of the average of the parts.
    marginals : ndarray, shape (predictors, quantiles)
        Quantiles of each predictor in the development cohort (level indices for levelled ones).
    about : mapping
        Where it comes from and what it is for: outcome with its levels, cohort, study, versions. JSON values only.
    development : DevelopmentDistribution, optional
        The predictors' joint distribution in the development cohort; an earlier model has none.
    missing : MissingLoss, optional
        What missing inputs change of the cumulative log-odds, measured at each threshold; an earlier model has none.
    """

    name: str
    predictors: tuple[str, ...]
    parts: tuple[OrdinalPart, ...]
    lines: ThresholdLines
    marginals: FloatArray
    about: Mapping[str, Any]
    development: DevelopmentDistribution | None = None
    missing: MissingLoss | None = None

    @property
    def served_scale(self) -> str:
        """What contributions are of, and the deviations of :meth:`missing_deviation`."""
        return "log-odds of reaching the level"

    def missing_deviation(self, matrix: FloatArray, threshold: int | None = None) -> FloatArray:
        """Standard deviation that missing inputs add on that scale at a threshold, the explained one, shape (n,)."""
        at = self.explained_threshold if threshold is None else threshold
        return np.asarray(np.sqrt(self.missing_variance(matrix)[:, at]), dtype=np.float64)

    def missing_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance that missing inputs add to the log-odds of reaching each level, shape (n, thresholds).

        As measured of inputs that are lacking; where it was not, over the development quantiles.
        """
        lacking = np.isnan(matrix)
        measured = np.zeros(len(self.predictors), bool) if self.missing is None else self.missing.measured
        variance = variance_over_quantiles(
            self.unordered, matrix, self.marginals, lacking & ~measured, self.parts, len(self.lines.slopes)
        )
        if self.missing is None:
            return variance
        # Measured before the last lines, which an update may have changed since.
        return variance + self.lines.slopes**2 * self.missing.added_variance(lacking)

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance of the log-odds of reaching each level between draws of multiple imputation, shape (n, thresholds).

        Of what contributions add up to, before thresholds are put in order.
        """
        deviation = self.lines.slopes * deviation_between_draws([part.draw_variance(matrix) for part in self.parts])
        return np.asarray(deviation**2, dtype=np.float64)

    @property
    def is_synthetic(self) -> bool:
        """Whether patients it was developed or updated on do not exist."""
        return made_from_synthetic(self.about)

    @property
    def levels(self) -> tuple[Mapping[str, Any], ...]:
        """The levels, lowest first: each with its ``level``, ``label``, ``short`` and ``reached`` in words."""
        return tuple(self.about["outcome"]["levels"])

    @property
    def explained_threshold(self) -> int:
        """Position of the threshold that explanations are shown at: the one that divided the patients most evenly."""
        return int(self.about["outcome"]["explained_threshold"])

    def matrix(self, patients: pandas.DataFrame) -> FloatArray:
        """Predictor values of a canonical table, shape (n, predictors); absent columns are missing values."""
        from spinecast.cohorts.cohort import frame_matrix

        return self.with_gaps(frame_matrix(patients, self.predictors))

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """Rows as recorded, with image features that cannot be brought onto the common scale missing."""
        return gaps_of_parts(self.parts, matrix)

    def member_log_odds(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Cumulative log-odds of each fold's fits alone, shape (members, n, thresholds), before they are ordered."""
        parts = np.stack([part.member_log_odds(matrix, fold) for part in self.parts])
        return self.lines.apply(mean_in_order(parts))

    def unordered(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Cumulative log-odds before they are put in order, shape (n, thresholds): what contributions add up to.

        With a fold, those of the members that were fitted without it.
        """
        return mean_in_order(self.member_log_odds(matrix, fold))

    def log_odds(self, matrix: FloatArray) -> FloatArray:
        """Served log-odds of reaching each level above the lowest, shape (n, thresholds), falling in each row."""
        return in_order(self.unordered(matrix))

    def reached(self, matrix: FloatArray) -> FloatArray:
        """Probability of reaching each level above the lowest, shape (n, thresholds)."""
        return np.asarray(expit(self.log_odds(matrix)), dtype=np.float64)

    def probabilities(self, matrix: FloatArray) -> FloatArray:
        """Probability of every level, shape (n, levels)."""
        return level_probabilities(self.log_odds(matrix))

    def interval(self, matrix: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits of the probability of reaching each level, for the model's own instability and each missing input.

        As :meth:`spinecast.models.prognosis_model.PrognosisModel.interval`, threshold by threshold: delete-a-group
        jackknife variance over fold fits (Kott 2001, J Off Stat 17:521-526), and what missing inputs add: as measured
        (:meth:`missing_variance`) or, where draws disagree by more, their disagreement (:meth:`draw_variance`). Who
        reaches a level has reached those below it, so limits are drawn in where another threshold's say more.

        Parameters
        ----------
        matrix : ndarray, shape (n, predictors)
        level : float
            Coverage of each threshold's limits, in (0, 1).

        Returns
        -------
        lower, upper : ndarray, shape (n, thresholds)
        """
        members = self.member_log_odds(matrix)
        center, count = mean_in_order(members), len(members)
        variance = (count - 1) * mean_in_order((members - center) ** 2)
        variance = variance + np.maximum(self.missing_variance(matrix), self.draw_variance(matrix))
        reach = ndtri(0.5 + level / 2) * np.sqrt(variance)
        served = in_order(center)
        lower = np.maximum.accumulate((served - reach)[:, ::-1], axis=1)[:, ::-1]
        upper = np.minimum.accumulate(served + reach, axis=1)
        return np.asarray(expit(lower), dtype=np.float64), np.asarray(expit(upper), dtype=np.float64)

    def background(self) -> FloatArray:
        """Reference patients made of development quantiles, shape (quantiles, predictors); none is a real patient."""
        return latin_background(self.marginals)
