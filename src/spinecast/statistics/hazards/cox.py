"""Cox's proportional hazards model: the small exact fit that validation statistics need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.hazards.partial_likelihood import Maximum, RiskSets, SetsAt, maximise
from spinecast.statistics.survival.follow_up import Integers, check_follow_up, check_values
from spinecast.statistics.survival.logrank import check_labels

__all__ = ["CoxData", "CoxFit", "Ties", "fit_cox"]

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True)
class CoxFit:
    """A fitted proportional hazards model, hazard = baseline hazard of the stratum times exp(x beta).

    Parameters
    ----------
    coefficients : ndarray of shape (p,)
        Log hazard ratios.
    covariance, robust_covariance : ndarray of shape (p, p)
        Inverse information; and the sandwich of the summed score residuals of each cluster (Lin & Wei 1989, J Am Stat
        Assoc 84:1074), every row its own cluster unless said otherwise.
    log_likelihood_null, log_likelihood : float
        Partial log-likelihoods without and with the covariates.
    score_chi2 : float
        Score test of all coefficients being 0, on p degrees of freedom.
    martingale_residuals, deviance_residuals : ndarray of shape (n,)
        Events minus expected events of each row, and the same made symmetric (Therneau, Grambsch & Fleming 1990,
        Biometrika 77:147).
    times, baseline_hazard, baseline_stratum : ndarray of shape (k,)
        Event times, cumulative baseline hazard (all covariates 0) from each on, and its stratum's number.
    strata : tuple
        The strata, in the order of their numbers.
    n, events : int
        Rows, and those with the event.
    ties : str
        How tied events were handled.
    """

    coefficients: Floats
    covariance: Floats
    robust_covariance: Floats
    log_likelihood_null: float
    log_likelihood: float
    score_chi2: float
    martingale_residuals: Floats
    deviance_residuals: Floats
    times: Floats
    baseline_hazard: Floats
    baseline_stratum: Integers
    strata: tuple[Any, ...]
    n: int
    events: int
    ties: Ties

    @property
    def standard_errors(self) -> Floats:
        """Model-based standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def robust_standard_errors(self) -> Floats:
        """Standard errors that hold where hazards are not proportional or rows belong to one cluster."""
        return np.sqrt(np.diag(self.robust_covariance))

    @property
    def likelihood_ratio_chi2(self) -> float:
        """Likelihood-ratio test of all coefficients being 0, on p degrees of freedom."""
        return 2 * (self.log_likelihood - self.log_likelihood_null)

    @property
    def wald_chi2(self) -> float:
        """Wald test of all coefficients being 0, on p degrees of freedom."""
        return float(self.coefficients @ np.linalg.solve(self.covariance, self.coefficients))

    def baseline_at(self, time: ArrayLike, stratum: int = 0) -> Floats:
        """Return the cumulative baseline hazard of a stratum at each time."""
        rows = self.baseline_stratum == stratum
        steps = np.searchsorted(self.times[rows], np.asarray(time, dtype=np.float64), side="right")
        return np.asarray(np.concatenate(([0.0], self.baseline_hazard[rows]))[steps], dtype=np.float64)

    def survival(self, covariates: ArrayLike, time: ArrayLike, stratum: int = 0) -> Floats:
        """Return exp(-H0(t) exp(x beta)), of shape (m, number of times), for covariates of shape (m, p)."""
        relative = np.exp((np.atleast_2d(np.asarray(covariates, dtype=np.float64)) * self.coefficients).sum(axis=1))
        return np.asarray(np.exp(-np.outer(relative, self.baseline_at(np.atleast_1d(time), stratum))))


@dataclass(frozen=True)
class CoxData:
    """Checked rows with covariates centred and scaled: the scale of Newton's steps."""

    sets: RiskSets
    centre: Floats
    scale: Floats
    strata: tuple[Any, ...]
    event: Floats

    @classmethod
    def of(
        cls,
        time: ArrayLike,
        event: ArrayLike,
        covariates: ArrayLike,
        *,
        entry: ArrayLike | None,
        weights: ArrayLike | None,
        strata: ArrayLike | None,
        ties: Ties,
    ) -> CoxData | Absent:
        """Check the rows; Absent where nobody had the event or a covariate does not vary."""
        follow_up = check_follow_up(time, event, weights, causes=False)
        n = follow_up.n
        x = check_covariates(covariates, n)
        begin = np.full(n, -1.0) if entry is None else check_values(entry, "entry", n)
        if (begin >= follow_up.time).any() and entry is not None:
            raise ValueError("every entry must come before its time")
        if ties not in ("efron", "breslow"):
            raise ValueError(f"ties must be efron or breslow, not {ties}")
        labels, stratum = check_labels(np.zeros(n) if strata is None else strata, "strata", n)
        happened = (follow_up.event == 1) & (follow_up.weights > 0)
        if not happened.any():
            return Absent(f"none of {n} patients had the event")
        centre = np.average(x, axis=0, weights=follow_up.weights)
        scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=follow_up.weights))
        if not (scale > 1e-12 * (1 + np.abs(centre))).all():
            return Absent(f"covariate {int(np.argmin(scale))} has one value in all patients")
        scaled = (x - centre) / scale
        sets = RiskSets(begin, follow_up.time, happened, scaled, follow_up.weights, stratum, efron=ties == "efron")
        return cls(sets, centre, scale, tuple(labels.tolist()), happened.astype(np.float64))

    def fit(self) -> Maximum | Absent:
        """Maximise the partial likelihood on the scaled covariates."""
        return maximise(self.sets.evaluate, self.scale.size)


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ties: Ties = "efron",
) -> CoxFit | Absent:
    """Fit Cox's proportional hazards model (Cox 1972, J R Stat Soc B 34:187) by Newton's method.

    The numbers are those of R's ``survival::coxph``: ties by Efron or Breslow, case weights, strata with a baseline
    hazard each, rows (entry, time] for late entry or covariates that change, and the matching baseline cumulative
    hazard (Efron's sum of 1 / reduced denominators, or Breslow's). It is unpenalised: for many covariates use a model.

    Parameters
    ----------
    time : array-like of shape (n,)
        End of each row's follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended it, 0 where it was censored.
    covariates : array-like of shape (n, p) or (n,)
        Finite numbers.
    entry : array-like of shape (n,), optional
        Start of each row, before its ``time``; a row is at risk after it. At risk from the beginning where not given.
    weights : array-like of shape (n,), optional
        Case weights.
    strata : array-like of shape (n,), optional
        The stratum of each row.
    cluster : array-like of shape (n,), optional
        Rows of one cluster (one patient) are taken together in the robust covariance.
    ties : {"efron", "breslow"}
        How tied events are handled.

    Returns
    -------
    CoxFit or Absent
        Absent when nobody had the event, a covariate does not vary or depends on others, or the likelihood has no
        highest point (a covariate orders the events without exception).

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1, an entry is not before its
        time, weights cannot be used or a number is not finite.
    """
    data = CoxData.of(time, event, covariates, entry=entry, weights=weights, strata=strata, ties=ties)
    if isinstance(data, Absent):
        return data
    best = data.fit()
    if isinstance(best, Absent):
        return best
    _, clusters = check_labels(np.arange(data.event.size) if cluster is None else cluster, "cluster", data.event.size)
    sets = data.sets.sets(best.coefficients)
    expected = data.sets.exposed(sets.hazard) * sets.relative
    zero = best.at_zero
    coefficients = best.coefficients / data.scale
    # The hazard of a row whose covariates are all 0: undo the shift and the centring.
    unit = np.exp(-sets.shift - float(data.centre @ coefficients))
    return CoxFit(
        coefficients=coefficients,
        covariance=best.covariance / np.outer(data.scale, data.scale),
        robust_covariance=_robust(data, sets, best.covariance, clusters) / np.outer(data.scale, data.scale),
        log_likelihood_null=zero.value,
        log_likelihood=best.highest.value,
        score_chi2=float(zero.score @ np.linalg.solve(zero.information, zero.score)),
        martingale_residuals=data.event - expected,
        deviance_residuals=_deviance(data.event, expected),
        times=data.sets.event_times,
        baseline_hazard=_baseline(data.sets, sets) * unit,
        baseline_stratum=data.sets.event_stratum,
        strata=data.strata,
        n=int(data.event.size),
        events=int(data.event.sum()),
        ties=ties,
    )


def check_covariates(covariates: ArrayLike, n: int) -> Floats:
    """Return covariates of shape (n, p).

    Raises
    ------
    ValueError
        If they are not of that shape or one is not finite.
    """
    x = np.asarray(covariates, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or x.shape[0] != n or x.shape[1] == 0:
        raise ValueError(f"covariates must have one row for each of {n} patients, not the shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"covariates hold {int((~np.isfinite(x)).sum())} values that are not finite")
    return x


def _baseline(risk_sets: RiskSets, sets: SetsAt) -> Floats:
    """Return the cumulative hazard at each event time, started anew in each stratum."""
    increments = np.bincount(risk_sets.at, weights=sets.hazard)
    cumulative = np.cumsum(increments)
    begins = np.searchsorted(risk_sets.event_stratum, risk_sets.event_stratum, side="left")
    return np.asarray(cumulative - (cumulative - increments)[begins], dtype=np.float64)


def _deviance(event: Floats, expected: Floats) -> Floats:
    residual = event - expected
    # An event that was all but impossible has a large residual, not an infinite one.
    logarithm = np.log(np.where(event > 0, np.maximum(expected, np.finfo(np.float64).tiny), 1.0))
    return np.asarray(np.sign(residual) * np.sqrt(np.maximum(-2 * (residual + event * logarithm), 0.0)))


def _robust(data: CoxData, sets: SetsAt, covariance: Floats, clusters: Integers) -> Floats:
    """Return the sandwich covariance on the scaled covariates.

    A row's score residual is the covariates less their mean at its own event, and minus the same differences over the
    times at which it was at risk, times the hazard it was exposed to.
    """
    risk_sets = data.sets
    exposure = risk_sets.exposed(sets.hazard)
    residuals = np.empty_like(risk_sets.covariates)
    for column in range(residuals.shape[1]):
        x, mean = risk_sets.covariates[:, column], sets.means[:, column]
        score = -sets.relative * (x * exposure - risk_sets.exposed(sets.hazard * mean))
        score[risk_sets.events] += x[risk_sets.events] - risk_sets.mean_over_ties(mean)
        residuals[:, column] = score * risk_sets.weights
    size = int(clusters.max()) + 1
    summed = np.column_stack([np.bincount(clusters, weights=column, minlength=size) for column in residuals.T])
    influence = summed @ covariance
    return np.asarray(influence.T @ influence, dtype=np.float64)
