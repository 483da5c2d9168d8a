"""Several causes at once: one time-to-event model of each cause's own hazard, combined to cumulative incidences.

A cause-specific hazard is learned with the other causes as censoring; a risk is not what it gives alone, because who
has had another event cannot have this one (Prentice et al. 1978, Biometrics 34:541; Putter, Fiocco & Geskus 2007, Stat
Med 26:2389). Between two days of the grid the causes' hazards are in one proportion, so that each takes its part of the
patients who leave: incidences never fall, and with the probability of no event they add up to 1 at every day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from spinecast.models.development_distribution import DevelopmentDistribution
from spinecast.models.image_gaps import gaps_of_parts
from spinecast.models.members import variance_between_draws
from spinecast.models.missing_loss import MissingLoss
from spinecast.models.missing_spread import variance_over_quantiles
from spinecast.models.prognosis_model import made_from_synthetic, mean_in_order
from spinecast.models.survival.correction import never_falling
from spinecast.models.survival.model import SurvivalPart, TimeToEventModel, risk_of
from spinecast.models.survival.time_grid import read_at

if TYPE_CHECKING:
    import pandas

__all__ = ["CompetingRisksModel", "cloglog_incidence", "incidences", "risk_by_days"]

FloatArray = NDArray[np.float64]


def incidences(grid: FloatArray, log_hazards: FloatArray, days: ArrayLike) -> FloatArray:
    """Cumulative incidence of each cause by each day.

    Parameters
    ----------
    grid : ndarray, shape (k,)
    log_hazards : ndarray, shape (causes, n, k)
        Log cumulative hazard of each cause on the grid.
    days : array-like of shape (m,)
        Positive, none past the last day of the grid.

    Returns
    -------
    ndarray, shape (causes, n, m)
        Of a day alone, whichever others are asked for.

    Raises
    ------
    ContractError
        If a day is not positive, or past the grid.
    """
    reading = read_at(grid, days)
    cumulative = np.exp(log_hazards)
    steps = np.diff(cumulative, axis=-1, prepend=0.0)
    together = _added(steps)
    free = np.exp(-_added(cumulative))
    free_before = np.concatenate([np.ones_like(free[..., :1]), free[..., :-1]], axis=-1)
    share = np.divide(steps, together, out=np.zeros_like(steps), where=together > 0)
    found = np.cumsum(share * (free_before - free), axis=-1)
    found_before = np.concatenate([np.zeros_like(found[..., :1]), found[..., :-1]], axis=-1)
    free_then = np.exp(-_added(np.exp(reading.of(log_hazards))))
    at = reading.upper
    return np.asarray(found_before[..., at] + share[..., at] * (free_before[..., at] - free_then), dtype=np.float64)


def risk_by_days(grid: FloatArray, log_hazards: FloatArray, days: ArrayLike) -> FloatArray:
    """Risk of the first cause by each day, shape (n, m), whether others compete or not.

    Parameters
    ----------
    grid, log_hazards, days
        As :func:`incidences`; one cause or more.

    Raises
    ------
    ContractError
        As :func:`incidences`.
    """
    if len(log_hazards) == 1:
        return risk_of(read_at(grid, days).of(log_hazards[0]))
    return np.asarray(incidences(grid, log_hazards, days)[0], dtype=np.float64)


def cloglog_incidence(grid: FloatArray, log_hazards: FloatArray, days: ArrayLike) -> FloatArray:
    """Complementary log-log of the incidence of the first cause, shape (n, m); arguments as of :func:`incidences`."""
    risk = incidences(grid, log_hazards, days)[0]
    return np.asarray(np.log(-np.log1p(-np.minimum(risk, 1 - 1e-12))), dtype=np.float64)


def _added(causes: FloatArray) -> FloatArray:
    total: FloatArray = causes[0].copy()
    for own in causes[1:]:
        total += own
    return total


@dataclass(frozen=True)
class CompetingRisksModel:
    """A saved prognosis of the first of several events.

    Parameters
    ----------
    causes, labels : tuple of str
        The causes, first the one of interest: levels of the dictionary and their words.
    hazards : tuple of TimeToEventModel
        One a cause: same grid, same predictors.
    development : DevelopmentDistribution, optional
        As of :class:`TimeToEventModel`.
    missing : MissingLoss, optional
        Of the complementary log-log of the risk, at each day of the grid.
    """

    causes: tuple[str, ...]
    labels: tuple[str, ...]
    hazards: tuple[TimeToEventModel, ...]
    development: DevelopmentDistribution | None = None
    missing: MissingLoss | None = None

    @property
    def name(self) -> str:
        """The study's name."""
        return self.hazards[0].name

    @property
    def predictors(self) -> tuple[str, ...]:
        """Dictionary names, in matrix order."""
        return self.hazards[0].predictors

    @property
    def about(self) -> Mapping[str, Any]:
        """Where it comes from and what it is for."""
        return self.hazards[0].about

    @property
    def marginals(self) -> FloatArray:
        """Quantiles of each predictor in the development cohort, shape (predictors, quantiles)."""
        return self.hazards[0].marginals

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
        """The horizon explanations are shown at."""
        return self.hazards[0].explained_day

    @property
    def last_day(self) -> float:
        """Last day that is answered for."""
        return self.hazards[0].last_day

    def matrix(self, patients: pandas.DataFrame) -> FloatArray:
        """Predictor values of a canonical table, shape (n, predictors)."""
        return self.with_gaps(self.hazards[0].matrix(patients))

    def with_gaps(self, matrix: FloatArray) -> FloatArray:
        """As :meth:`TimeToEventModel.with_gaps`."""
        return gaps_of_parts(self._parts, matrix)

    @property
    def _parts(self) -> tuple[SurvivalPart, ...]:
        return tuple(part for model in self.hazards for part in model.parts)

    def background(self) -> FloatArray:
        """As :meth:`TimeToEventModel.background`."""
        return self.hazards[0].background()

    def risks(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Cumulative incidence of each cause by each day, shape (causes, n, m).

        Raises
        ------
        ContractError
            If a day is not positive or lies past the last one answered for.
        """
        return incidences(self.hazards[0].grid, np.stack([model.log_hazards(matrix) for model in self.hazards]), days)

    def risk(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Cumulative incidence of the cause of interest by each day, shape (n, m); raises as :meth:`risks`."""
        return np.asarray(self.risks(matrix, days)[0], dtype=np.float64)

    def interval(self, matrix: FloatArray, days: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Limits of :meth:`risk`: jackknife variance over fold fits and variance over missing inputs or draws.

        As :meth:`TimeToEventModel.interval`, on the complementary log-log of the cumulative incidence, member ``k`` of
        every cause being the fits without inner fold ``k``.

        Returns
        -------
        lower, upper : ndarray, shape (n, m)
        """
        members = np.stack([never_falling(model.member_log_hazards(matrix)) for model in self.hazards])
        folds = members.shape[1]
        found = np.stack([self._cloglog([cause[k] for cause in members], days) for k in range(folds)])
        center = self._cloglog([model.log_hazards(matrix) for model in self.hazards], days)
        middle = mean_in_order(found)
        variance = (folds - 1) * mean_in_order((found - middle) ** 2)
        variance = variance + np.maximum(self.missing_variance(matrix, days), self.draw_variance(matrix, days))
        reach = ndtri(0.5 + level / 2) * np.sqrt(variance)
        lower, upper = (-np.expm1(-np.exp(center + sign * reach)) for sign in (-1, 1))
        return np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)

    def draw_variance(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Variance of the complementary log-log of the risk by each day between draws, shape (n, m).

        The curves of a draw, of all causes together, are put through to the incidence and then set beside those of
        the others: what raises the hazards of two causes may leave the incidence of one where it was.
        """
        drawn = [model.drawn_log_hazards(matrix) for model in self.hazards]
        count = max((len(draws) for draws in drawn if draws is not None), default=0)
        if not count:
            return np.zeros((len(matrix), np.size(days)))
        curves = [
            np.broadcast_to(model.log_hazards(matrix), (count, len(matrix), len(model.grid)))
            if draws is None
            else never_falling(draws)
            for model, draws in zip(self.hazards, drawn, strict=True)
        ]
        return variance_between_draws(np.stack([self._cloglog([one[d] for one in curves], days) for d in range(count)]))

    def missing_variance(self, matrix: FloatArray, days: ArrayLike) -> FloatArray:
        """Variance that missing inputs add to the complementary log-log of the risk by each day, shape (n, m)."""

        def served(days: ArrayLike) -> Callable[[FloatArray], FloatArray]:
            return lambda rows: self._cloglog([model.log_hazards(rows) for model in self.hazards], days)

        lacking, marginals, grid = np.isnan(matrix), self.hazards[0].marginals, self.hazards[0].grid
        if self.missing is None:
            return variance_over_quantiles(served(days), matrix, marginals, lacking, self._parts, np.size(days))
        counted = lacking & ~self.missing.measured
        found = self.missing.added_variance(lacking)
        found += variance_over_quantiles(served(grid), matrix, marginals, counted, self._parts, len(grid))
        return read_at(grid, days).weighted(found)

    @property
    def served_scale(self) -> str:
        """What contributions are of, and the deviations of :meth:`missing_deviation`."""
        return "complementary log-log of the cumulative incidence"

    def missing_deviation(self, matrix: FloatArray) -> FloatArray:
        """Standard deviation that missing inputs add on that scale at the explained day, shape (n,)."""
        return np.asarray(np.sqrt(self.missing_variance(matrix, [self.explained_day])[:, 0]), dtype=np.float64)

    def cloglog(self, matrix: FloatArray, day: float) -> FloatArray:
        """Complementary log-log of the risk by a day, shape (n,): the scale contributions are on."""
        return self._cloglog([model.log_hazards(matrix) for model in self.hazards], [day])[:, 0]

    def _cloglog(self, log_hazards: list[FloatArray], days: ArrayLike) -> FloatArray:
        return cloglog_incidence(self.hazards[0].grid, np.stack(log_hazards), days)
