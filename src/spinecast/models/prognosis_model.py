"""The one thing that is saved, served and explained.

A prognosis model is one or more parts, each the fold fits of one candidate. A part maps the mean score of its
members to log-odds by a straight line (Platt 1999), parts are averaged on the log-odds scale, and a last
straight line recalibrates the average. Every step after the members' scores is affine, so contributions to the
scores, scaled by the same numbers, add up exactly to the log-odds that is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.encoding import all_knowing
from spinecast.models.feature_blocks import Harmoniser
from spinecast.models.members import (
    AnyMember,
    Member,
    deviation_between_draws,
    drawn_scores,
    mean_in_order,
    variance_between_draws,
)
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.predictor_schema import applied
from spinecast.statistics import VennAbers

if TYPE_CHECKING:
    import pandas

__all__ = [
    "MARGINAL_QUANTILES",
    "Member",
    "Part",
    "PrognosisModel",
    "development_marginals",
    "latin_background",
    "made_from_synthetic",
    "mean_in_order",
]

FloatArray = NDArray[np.float64]

# The development distribution of each predictor is kept as these quantiles: enough to ask "what if the missing
# value had been low or high", too little to rebuild a patient.
MARGINAL_QUANTILES = (0.05, 0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95)


@dataclass(frozen=True)
class Part:
    """The fold fits of one candidate and the line that maps their mean score to log-odds.

    Parameters
    ----------
    name, family, label : str
        The candidate's name in the study, its algorithm and what reports call it.
    positions : ndarray of int64
        Which of the model's predictors the part uses.
    intercept, slope : float
        Log-odds are ``intercept + slope * mean score``.
    members : tuple of Member, DrawnMember or PatternMember
        Member ``k`` was fitted without inner fold ``k``, the same patients in every part.
    """

    name: str
    family: str
    label: str
    positions: NDArray[np.int64]
    intercept: float
    slope: float
    members: tuple[AnyMember, ...]

    def scores(self, matrix: FloatArray) -> FloatArray:
        """Score of each member, shape (members, n)."""
        own = np.ascontiguousarray(matrix[:, self.positions])
        return np.stack([member.score(own) for member in self.members])

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Between-draw variance of the part's log-odds, shape (n,): 0 where nothing was drawn."""
        draws = drawn_scores(self.members, np.ascontiguousarray(matrix[:, self.positions]))
        return np.zeros(len(matrix)) if draws is None else variance_between_draws(self.slope * draws)


@dataclass(frozen=True)
class PrognosisModel:
    """A saved prognosis: predict, interval and, through ``spinecast.explanation``, explain.

    Parameters
    ----------
    name : str
        The study's name.
    predictors : tuple of str
        Dictionary names, in matrix order.
    parts : tuple of Part
        Averaged with equal weight on the log-odds scale.
    intercept, slope : float
        The last recalibration: log-odds are ``intercept + slope * mean of the parts``.
    marginals : ndarray, shape (predictors, quantiles)
        Quantiles of each predictor in the development cohort (level indices for levelled ones).
    about : mapping
        Where it comes from and what it is for: outcome, cohort, study, versions, intended use. JSON values only.
    development : DevelopmentDistribution, optional
        The predictors' joint distribution in the development cohort; an earlier model has none.
    missing : MissingLoss, optional
        What missing inputs cost, measured; an earlier model has none.
    venn_abers : VennAbers, optional
        Venn-Abers probabilities by served log-odds, where the study asked for them.
    harmonisers : tuple of Harmoniser
        Of its image features, learned from all development patients: the scale on which `marginals` and `development`
        are. Each member has its own, which is the one that serves.
    """

    name: str
    predictors: tuple[str, ...]
    parts: tuple[Part, ...]
    intercept: float
    slope: float
    marginals: FloatArray
    about: Mapping[str, Any]
    development: DevelopmentDistribution | None = None
    missing: MissingLoss | None = None
    venn_abers: VennAbers | None = None
    harmonisers: tuple[Harmoniser, ...] = ()

    @property
    def is_synthetic(self) -> bool:
        """Whether patients it was developed or updated on do not exist."""
        return made_from_synthetic(self.about)

    def matrix(self, patients: pandas.DataFrame) -> FloatArray:
        """Predictor values of a canonical table, shape (n, predictors); absent columns are missing values."""
        from spinecast.cohorts.cohort import frame_matrix

        return self.with_gaps(frame_matrix(patients, self.predictors))

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """Rows as recorded, with image features that cannot be brought onto the common scale missing."""
        for harmoniser in self.harmonisers:
            matrix = harmoniser.with_gaps(matrix)
        return matrix

    def on_common_scale(self, matrix: FloatArray) -> FloatArray:
        """Rows with their image features on the scale of `marginals` and `development`, whatever their scanner."""
        return applied(self.harmonisers, matrix)

    def knowing(self, matrix: FloatArray) -> PrognosisModel:
        """The model, knowing also the scanners of these rows of which enough patients are among them."""
        if not self.harmonisers:
            return self
        harmonisers = tuple(one.with_batches(matrix) for one in self.harmonisers)
        return replace(self, parts=all_knowing(self.parts, matrix), harmonisers=harmonisers)

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Risk of the outcome, shape (n,), from :meth:`matrix` values, shape (n, predictors)."""
        return np.asarray(expit(self.log_odds(matrix)), dtype=np.float64)

    def log_odds(self, matrix: FloatArray) -> FloatArray:
        """Served log-odds, shape (n,)."""
        return mean_in_order(self.member_log_odds(matrix))

    def member_log_odds(self, matrix: FloatArray) -> FloatArray:
        """Served log-odds of each fold's fits alone, shape (members, n); their mean is what is served."""
        return self.combined([part.scores(matrix) for part in self.parts])

    def combined(self, scores: Sequence[FloatArray]) -> FloatArray:
        """Served log-odds of each fold's fits, shape (members, n), from the scores of each part's members."""
        parts = np.stack([part.intercept + part.slope * own for part, own in zip(self.parts, scores, strict=True)])
        return np.asarray(self.intercept + self.slope * mean_in_order(parts), dtype=np.float64)

    def interval(self, matrix: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits of the risk for what the model cannot know: its own instability and each missing input.

        Instability is the delete-a-group jackknife variance over fold fits, ``(K - 1) / K`` times the sum of
        squared deviations of the members' log-odds (Kott 2001, J Off Stat 17:521-526). Missing predictors add
        what their absence was measured to change (:class:`~spinecast.models.missing_loss.MissingLoss`); one whose
        loss was not measured adds the variance of the log-odds over its development quantiles. Where draws of multiple
        imputation disagree by more (:meth:`draw_variance`), their disagreement takes its place. The limits are normal
        on the log-odds scale. They say how firm the estimate is, not how the patient will fare.

        Parameters
        ----------
        matrix : ndarray, shape (n, predictors)
        level : float
            Coverage, in (0, 1).

        Returns
        -------
        lower, upper : ndarray, shape (n,)
        """
        return self.limits(self.member_log_odds(matrix), matrix, level)

    def limits(
        self, members: FloatArray, matrix: FloatArray, level: float = 0.95, *, missing: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Limits as :meth:`interval`, where :meth:`member_log_odds` are known, shape (members, n).

        The variance by missing inputs, shape (n,), is :meth:`missing_variance` unless it is known too.
        """
        center, count = mean_in_order(members), len(members)
        instability = (count - 1) * mean_in_order((members - center) ** 2)
        missing = self.missing_variance(matrix) if missing is None else missing
        variance = instability + np.maximum(missing, self.draw_variance(matrix))
        reach = ndtri(0.5 + level / 2) * np.sqrt(variance)
        return (
            np.asarray(expit(center - reach), dtype=np.float64),
            np.asarray(expit(center + reach), dtype=np.float64),
        )

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance of the served log-odds between draws of multiple imputation, shape (n,)."""
        return np.asarray(
            (self.slope * deviation_between_draws([part.draw_variance(matrix) for part in self.parts])) ** 2,
            dtype=np.float64,
        )

    def missing_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance that missing inputs add to the served log-odds, shape (n,); see :meth:`interval`."""
        missing = np.isnan(matrix)
        # Measured before the last line, which an update may have changed since.
        variance = np.zeros(len(matrix))
        if self.missing is not None:
            variance += self.slope**2 * self.missing.added_variance(missing)
        measured = np.zeros(len(self.predictors), bool) if self.missing is None else ~np.isnan(self.missing.variance)
        unmeasured = np.flatnonzero(missing.any(axis=0) & ~measured)
        matrix = self.on_common_scale(matrix) if unmeasured.size else matrix  # where its quantiles are
        for predictor in unmeasured:
            rows = np.flatnonzero(missing[:, predictor])
            quantiles = self.marginals[predictor]
            tried = np.repeat(matrix[rows], len(quantiles), axis=0)
            tried[:, predictor] = np.tile(quantiles, len(rows))
            variance[rows] += self.log_odds(tried).reshape(len(rows), -1).var(axis=1)
        return variance

    @property
    def served_scale(self) -> str:
        """What contributions, and variances, are of."""
        return "log-odds"

    def missing_deviation(self, matrix: FloatArray) -> FloatArray:
        """Standard deviation that missing inputs add on that scale, shape (n,)."""
        return np.asarray(np.sqrt(self.missing_variance(matrix)), dtype=np.float64)

    def background(self) -> FloatArray:
        """Reference patients made of development quantiles, drawn independently for each predictor.

        None is a real patient. Each predictor takes each of its quantiles once (a Latin hypercube with a fixed
        seed), shape (quantiles, predictors).
        """
        return latin_background(self.marginals)


def latin_background(marginals: FloatArray) -> FloatArray:
    """Draw reference patients from quantiles of each predictor; see :meth:`PrognosisModel.background`."""
    shuffler = np.random.default_rng(20190101)
    return np.stack([shuffler.permutation(row) for row in marginals], axis=1)


def made_from_synthetic(about: Mapping[str, Any]) -> bool:
    """Whether patients a model was developed or updated on do not exist, by what it says of itself."""
    cohorts = [about.get("cohort") or {}, *(update["cohort"] for update in about.get("updates") or ())]
    return any(cohort.get("kind") == "synthetic" for cohort in cohorts)


def development_marginals(matrix: FloatArray, levels: Sequence[int] | NDArray[np.int64]) -> FloatArray:
    """Quantiles of each predictor's observed values; for levels the nearest index that occurs.

    Parameters
    ----------
    matrix : ndarray, shape (n, predictors)
    levels : sequence of int
        Number of levels, 0 for a continuous predictor.

    Returns
    -------
    ndarray, shape (predictors, quantiles)
        Zeros for a predictor nobody has a value of: no encoding learned anything from it.
    """
    rows = []
    for column, count in zip(matrix.T, levels, strict=True):
        observed = column[~np.isnan(column)]
        if observed.size == 0:
            rows.append(np.zeros(len(MARGINAL_QUANTILES)))
            continue
        method: Literal["nearest", "linear"] = "nearest" if count else "linear"
        rows.append(np.quantile(observed, np.array(MARGINAL_QUANTILES), method=method))
    return np.stack(rows)
