"""Cox's model with the exact (conditional logistic) treatment of tied events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.hazards.cox import check_covariates
from spinecast.statistics.hazards.partial_likelihood import Derivatives, maximise, spreads_too_far
from spinecast.statistics.survival.follow_up import FollowUp, Integers, check_follow_up
from spinecast.statistics.survival.logrank import check_labels

__all__ = ["ConditionalFit", "fit_conditional_cox"]


@dataclass(frozen=True)
class ConditionalFit:
    """A Cox model whose times are truly discrete, or a conditional logistic regression of matched sets.

    Parameters
    ----------
    coefficients : ndarray of shape (p,)
        Log odds ratios (log hazard ratios as the intervals of time shrink).
    covariance : ndarray of shape (p, p)
        Inverse information.
    log_likelihood_null, log_likelihood, score_chi2 : float
        Conditional log-likelihoods without and with the covariates; score test of all coefficients being 0.
    n, events : int
        Patients, and those with the event.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood_null: float
    log_likelihood: float
    score_chi2: float
    n: int
    events: int

    @property
    def standard_errors(self) -> Floats:
        """Model-based standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))


def fit_conditional_cox(
    time: ArrayLike, event: ArrayLike, covariates: ArrayLike, strata: ArrayLike | None = None
) -> ConditionalFit | Absent:
    """Fit Cox's model with exact ties: R's ``survival::coxph(ties = "exact")`` and ``clogit``.

    Given that d of the patients at risk have the event at a time, the likelihood is the probability that it is those d,
    among all sets of d (Cox 1972, J R Stat Soc B 34:187). Its denominator, the sum over the sets of the
    products of their hazards, grows by one patient at a time (Gail, Lubin & Rubinstein 1981, Biometrika 68:703) and so
    do its derivatives: O(n d p^2), d being the most events of one time. Matched sets are strata with one time for all.

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, any unit, not negative.
    event : array-like of shape (n,)
        1 where the event ended the follow-up, 0 where it was censored.
    covariates : array-like of shape (n, p) or (n,)
        Finite numbers.
    strata : array-like of shape (n,), optional
        The stratum (matched set) of each patient.

    Returns
    -------
    ConditionalFit or Absent
        Absent as for :func:`fit_cox`.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is neither 0 nor 1 or a number is not finite.
    """
    follow_up = check_follow_up(time, event, causes=False)
    x = check_covariates(covariates, follow_up.n)
    _, stratum = check_labels(np.zeros(follow_up.n) if strata is None else strata, "strata", follow_up.n)
    absent = follow_up.without(1)
    if absent:
        return absent
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if not (scale > 1e-12 * (1 + np.abs(centre))).all():
        return Absent(f"covariate {int(np.argmin(scale))} has one value in all patients")
    scaled = (x - centre) / scale
    sequences = [_Sequence.of(follow_up, scaled, np.flatnonzero(stratum == s)) for s in range(stratum.max() + 1)]

    def evaluate(beta: Floats) -> Derivatives:
        parts = [sequence.evaluate(beta) for sequence in sequences]
        return Derivatives(
            sum(part.value for part in parts),
            np.sum([part.score for part in parts], axis=0),
            np.sum([part.information for part in parts], axis=0),
        )

    best = maximise(evaluate, scale.size)
    if isinstance(best, Absent):
        return best
    zero = best.at_zero
    return ConditionalFit(
        best.coefficients / scale,
        best.covariance / np.outer(scale, scale),
        zero.value,
        best.highest.value,
        float(zero.score @ np.linalg.solve(zero.information, zero.score)),
        follow_up.n,
        follow_up.count(1),
    )


@dataclass(frozen=True)
class _Sequence:
    """The patients of one stratum from the longest follow-up to the shortest: each time adds to the risk set.

    Parameters
    ----------
    covariates : ndarray of shape (m, p)
        In that order.
    event : ndarray of shape (m,)
        Whether each had the event.
    ends : ndarray of shape (m,)
        Whether each is the last of its time in that order.
    most : int
        The most events of one time.
    """

    covariates: Floats
    event: Floats
    ends: Floats
    most: int

    @classmethod
    def of(cls, follow_up: FollowUp, covariates: Floats, rows: Integers) -> _Sequence:
        order = rows[np.argsort(-follow_up.position[rows], kind="stable")]
        position, event = follow_up.position[order], (follow_up.event[order] == 1).astype(np.float64)
        most = int(np.bincount(position, weights=event).max())
        return cls(covariates[order], event, np.append(np.diff(position) != 0, True).astype(np.float64), most)

    def evaluate(self, beta: Floats) -> Derivatives:
        """Return the conditional log-likelihood and its derivatives."""
        size, p = self.most + 1, beta.size
        if spreads_too_far(self.covariates, beta, max(self.most, 1)):
            return Derivatives(-np.inf, np.zeros(p), np.eye(p))
        linear = (self.covariates * beta).sum(axis=1)
        shift = float(linear.max())
        # sums[j] is over all sets of j of the patients so far; then its first and second derivatives.
        sums, first, second = np.zeros(size), np.zeros((size, p)), np.zeros((size, p, p))
        sums[0] = 1.0
        value, score, information = 0.0, np.zeros(p), np.zeros((p, p))
        happened, own, own_linear = 0, np.zeros(p), 0.0
        for x, hazard, predictor, had, last in zip(
            self.covariates, np.exp(linear - shift), linear, self.event, self.ends, strict=True
        ):
            cross = first[:-1, :, None] * x
            gained = second[:-1] + cross + cross.transpose(0, 2, 1) + sums[:-1, None, None] * np.outer(x, x)
            second[1:] += hazard * gained
            first[1:] += hazard * (first[:-1] + sums[:-1, None] * x)
            sums[1:] += hazard * sums[:-1]
            if had:
                happened, own, own_linear = happened + 1, own + x, own_linear + predictor - shift
            if last and happened:
                mean = first[happened] / sums[happened]
                value += own_linear - float(np.log(sums[happened]))
                score += own - mean
                information += second[happened] / sums[happened] - np.outer(mean, mean)
            if last:
                happened, own, own_linear = 0, np.zeros(p), 0.0
        return Derivatives(value, score, information)
