"""The one curve that is saved, served and explained.

A time-to-event model is one or more parts, each the fold fits of one candidate. Everything happens to log cumulative
hazards on the days of one grid: a part averages its members, parts are averaged, and each average is corrected by a
line of its own at each day (:mod:`spinecast.models.survival.correction`). Every step is affine, so contributions to the
members' log cumulative hazards add up exactly to the corrected one at any day; what keeps a curve from falling is a
term of its own, 0 in nearly everybody.

With competing causes there is one such model a cause, of its own hazard (:mod:`spinecast.models.survival.competing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.encoding import Encoder
from spinecast.models.image_gaps import gaps_of_parts
from spinecast.models.members import DrawnMember, PatternMember, drawn_scores, variance_between_draws
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.missing_spread import variance_over_quantiles
from spinecast.models.prognosis_model import latin_background, made_from_synthetic, mean_in_order
from spinecast.models.survival.correction import CurveCorrection, never_falling
from spinecast.models.survival.curves import Curves
from spinecast.models.survival.time_grid import median_days, read_at

if TYPE_CHECKING:
    import pandas

__all__ = ["AnySurvivalMember", "SurvivalMember", "SurvivalPart", "TimeToEventModel", "risk_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SurvivalMember:
    """One fold fit: its encoding and its curves."""

    encoder: Encoder
    curves: Curves

    def log_hazards(self, matrix: FloatArray) -> FloatArray:
        """Log cumulative hazards on the grid, shape (n, k), from values of the part's predictors."""
        return self.curves.log_hazards(self.encoder.transform(matrix))

    def score(self, matrix: FloatArray) -> FloatArray:
        """Its curves, by the name under which fits of every kind are averaged and chosen."""
        return self.log_hazards(matrix)


AnySurvivalMember: TypeAlias = SurvivalMember | DrawnMember[SurvivalMember] | PatternMember[SurvivalMember]


@dataclass(frozen=True)
class SurvivalPart:
    """The fold fits of one candidate and what their mean curve is corrected by.

    Parameters
    ----------
    name, family, label : str
        The candidate's name in the study, its algorithm and what reports call it.
    positions : ndarray of int64
        Which of the model's predictors the part uses.
    correction : CurveCorrection
    members : tuple of SurvivalMember, or of several of them as DrawnMember or PatternMember
        Member ``k`` was fitted without inner fold ``k``, the same patients in every part.
    """

    name: str
    family: str
    label: str
    positions: NDArray[np.int64]
    correction: CurveCorrection
    members: tuple[AnySurvivalMember, ...]

    def member_log_hazards(self, matrix: FloatArray, reference: int, fold: int | None = None) -> FloatArray:
        """Corrected curves of each member, or of that of one fold alone, shape (members, n, k)."""
        own = np.ascontiguousarray(matrix[:, self.positions])
        asked = self.members if fold is None else (self.members[fold],)
        found = np.stack([member.score(own) for member in asked])
        return self.correction.apply(found, reference)

    def drawn_log_hazards(self, matrix: FloatArray, reference: int) -> FloatArray | None:
        """Corrected curves of each draw, the mean of its fits in all members, shape (draws, n, k); None without."""
        draws = drawn_scores(self.members, np.ascontiguousarray(matrix[:, self.positions]))
        return None if draws is None else self.correction.apply(draws, reference)


@dataclass(frozen=True)
class TimeToEventModel:
    """A saved prognosis over time: risk at any day, the curve with its band, the median, and their explanation.

    Parameters
    ----------
    name : str
        The study's name.
    predictors : tuple of str
        Dictionary names, in matrix order.
    parts : tuple of SurvivalPart
        Averaged with equal weight on the log cumulative hazard.
    correction : CurveCorrection
        The last one, of the average of the parts.
    grid : ndarray, shape (k,)
        Days of the curves, ascending; risks are answered up to the last.
    reference : int
        Position on the grid of the day of the median event: explanations are shown near it.
    marginals : ndarray, shape (predictors, quantiles)
        Quantiles of each predictor in the development cohort (level indices for levelled ones).
    about : mapping
        Where it comes from and what it is for. JSON values only.
    development : DevelopmentDistribution, optional
        The predictors' joint distribution in the development cohort; an earlier model has none.
    missing : MissingLoss, optional
        What missing inputs cost at each day of the grid, measured; an earlier model has none.
    """

    name: str
    predictors: tuple[str, ...]
    parts: tuple[SurvivalPart, ...]
    correction: CurveCorrection
    grid: FloatArray
    reference: int
    marginals: FloatArray
    about: Mapping[str, Any]
    development: DevelopmentDistribution | None = None
    missing: MissingLoss | None = None

    @property
    def is_synthetic(self) -> bool:
        """Whether patients it was developed or updated on do not exist."""
        return made_from_synthetic(self.about)

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """Days the study asked for."""
        return tuple(float(day) for day in self.about["outcome"]["horizons_days"])

    @property
    def explained_day(self) -> float:
        """The horizon nearest to the reference day: the one explanations are shown at."""
        return _nearest(self.horizons_days, float(self.grid[self.reference]))

    @property
    def last_day(self) -> float:
        """Last day that is answered for."""
        return float(self.grid[-1])

    def matrix(self, patients: pandas.DataFrame) -> FloatArray:
        """Predictor values of a canonical table, shape (n, predictors); absent columns are missing values."""
        from spinecast.cohorts.cohort import frame_matrix

        return self.with_gaps(frame_matrix(patients, self.predictors))

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """Rows as recorded, with image features that cannot be brought onto the common scale missing."""
        return gaps_of_parts(self.parts, matrix)

    def member_log_hazards(self, matrix: FloatArray, fold: int | None = None) -> FloatArray:
        """Corrected curves of each fold's fits alone, or of one fold's only, shape (members, n, k)."""
        parts = np.stack([part.member_log_hazards(matrix, self.reference, fold) for part in self.parts])
        return self.correction.apply(mean_in_order(parts), self.reference)

    def drawn_log_hazards(self, matrix: FloatArray) -> FloatArray | None:
        """Curves of each draw of multiple imputation, shape (draws, n, k), or None where nothing was drawn.

        Draw ``d`` of every part is made with the same normal numbers, so the parts' ``d``-th curves are averaged as the
        parts are; a part that draws nothing answers the same beside each. Studies of times draw equally often in
        every candidate.
        """
        drawn = [part.drawn_log_hazards(matrix, self.reference) for part in self.parts]
        count = max((len(draws) for draws in drawn if draws is not None), default=0)
        if not count:
            return None
        parts = []
        for part, draws in zip(self.parts, drawn, strict=True):
            if draws is None:
                curves = mean_in_order(part.member_log_hazards(matrix, self.reference))
                draws = np.broadcast_to(curves, (count, *curves.shape))
            parts.append(draws)
        return self.correction.apply(mean_in_order(np.stack(parts)), self.reference)

    def draw_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance of the log cumulative hazards on the grid between draws of multiple imputation, shape (n, k).

        Of what contributions add up to, before curves are kept from falling.
        """
        draws = self.drawn_log_hazards(matrix)
        return np.zeros((len(matrix), len(self.grid))) if draws is None else variance_between_draws(draws)

    def corrected(self, matrix: FloatArray) -> FloatArray:
        """Mean of the members' corrected curves, shape (n, k), before it is kept from falling."""
        return mean_in_order(self.member_log_hazards(matrix))

    def log_hazards(self, matrix: FloatArray) -> FloatArray:
        """Served log cumulative hazards on the grid, shape (n, k)."""
        return never_falling(self.corrected(matrix))

    def risk(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Risk of the event by each day, shape (n, m).

        Parameters
        ----------
        matrix : ndarray, shape (n, predictors)
        days : array-like of shape (m,)

        Raises
        ------
        ContractError
            If a day is not positive or lies past the last one answered for.
        """
        return risk_of(read_at(self.grid, days).of(self.log_hazards(matrix)))

    def survival(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Probability of no event by each day, shape (n, m); raises as :meth:`risk`."""
        return np.asarray(1 - self.risk(matrix, days), dtype=np.float64)

    def median_days(self, matrix: FloatArray) -> FloatArray:
        """Median time to the event in days, shape (n,); NaN where half is not reached by the last day."""
        return median_days(self.grid, self.log_hazards(matrix))

    def interval(self, matrix: FloatArray, days: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits of the risk by each day, for the model's own instability and each missing input.

        As :meth:`spinecast.models.prognosis_model.PrognosisModel.interval`, on the log cumulative hazard:
        delete-a-group jackknife variance over fold fits (Kott 2001, J Off Stat 17:521-526), and what missing inputs
        were measured to change (:meth:`missing_variance`). A risk never falls over time, so the lower limit of a day
        holds on later days and the upper limit on earlier ones: limits are drawn in where another day's say more.

        Parameters
        ----------
        matrix : ndarray, shape (n, predictors)
        days : array-like of shape (m,)
        level : float
            Coverage of each day's limits, in (0, 1).

        Returns
        -------
        lower, upper : ndarray, shape (n, m)

        Raises
        ------
        ContractError
            As :meth:`risk`.
        """
        reading = read_at(self.grid, days)
        members = self.member_log_hazards(matrix)
        center, count = mean_in_order(members), len(members)
        variance = (count - 1) * mean_in_order((members - center) ** 2)
        variance = variance + np.maximum(self.missing_variance(matrix), self.draw_variance(matrix))
        center = never_falling(center)
        reach = ndtri(0.5 + level / 2) * np.sqrt(variance)
        lower = never_falling(center - reach)
        upper = np.minimum.accumulate((center + reach)[:, ::-1], axis=1)[:, ::-1]
        return risk_of(reading.of(lower)), risk_of(reading.of(upper))

    def missing_variance(self, matrix: FloatArray) -> FloatArray:
        """Variance that missing inputs add to the log cumulative hazards on the grid, shape (n, k).

        As measured; one whose loss was not measured adds the variance over its development quantiles.
        """
        lacking = np.isnan(matrix)
        counted = lacking if self.missing is None else lacking & ~self.missing.measured
        spread = variance_over_quantiles(self.log_hazards, matrix, self.marginals, counted, self.parts, len(self.grid))
        if self.missing is None:
            return spread
        # Measured before the last correction, which an update may have changed since.
        return self.correction.slope**2 * self.missing.added_variance(lacking) + spread

    @property
    def served_scale(self) -> str:
        """What contributions are of, and the deviations of :meth:`missing_deviation`."""
        return "log cumulative hazard"

    def missing_deviation(self, matrix: FloatArray) -> FloatArray:
        """Standard deviation that missing inputs add on that scale at the explained day, shape (n,)."""
        found = read_at(self.grid, [self.explained_day]).weighted(self.missing_variance(matrix))
        return np.asarray(np.sqrt(found[:, 0]), dtype=np.float64)

    def background(self) -> FloatArray:
        """Reference patients made of development quantiles, shape (quantiles, predictors); none is a real patient."""
        return latin_background(self.marginals)


def _nearest(days: tuple[float, ...], day: float) -> float:
    return min(days, key=lambda own: abs(np.log(own) - np.log(day)))


def risk_of(log_hazard: FloatArray) -> FloatArray:
    """Return ``1 - exp(-exp(log cumulative hazard))``."""
    return np.asarray(-np.expm1(-np.exp(log_hazard)), dtype=np.float64)
