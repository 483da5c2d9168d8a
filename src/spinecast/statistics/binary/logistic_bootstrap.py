"""Internal validation of a logistic regression by bootstrap, all resamples at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, xlogy

from spinecast.statistics.binary.resampled import Resampled
from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Booleans, Floats, check_scored
from spinecast.statistics.foundations.logistic_regression import fit_logistic_regression, nagelkerke_r2
from spinecast.statistics.foundations.logistic_resamples import (
    RESAMPLED_TOGETHER,
    calibration_lines,
    logistic_regressions,
)

__all__ = ["resample_logistic_regression"]

MEASURES = (
    "auc",
    "brier",
    "calibration_slope",
    "joint_calibration_intercept",
    "recalibrated_nagelkerke_r2",
    "recalibrated_discrimination",
    "unreliability",
    "recalibrated_quality",
)


def resample_logistic_regression(
    outcome: ArrayLike, covariates: ArrayLike, *, replicates: int = 500, seed: Seed = 0
) -> dict[str, Resampled] | Absent:
    """Fit a logistic regression to bootstrap resamples and measure it there, on all patients and on those left out.

    What R's ``rms::validate`` does with an ``lrm`` fit of fixed terms; the optimism of a model whose terms were
    selected, tuned or imputed from the same patients is that of :func:`resample_performance`, which repeats all of it.
    The draws are those of that function: the same seed gives the same numbers, up to rounding.

    Patients who share their covariates are one row of counts, and each resample is a vector of counts, so that fits,
    ranks and likelihoods of a block of resamples are a few products of matrices.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    covariates : array-like of shape (n, k)
        Without a column of ones; splines and indicators already expanded.
    replicates : int
        Number of resamples.
    seed : int or numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    dict of str to Resampled, or Absent
        ``auc``, ``brier``, ``calibration_slope``, ``joint_calibration_intercept`` and, of
        :class:`QualityIndices`, ``recalibrated_nagelkerke_r2``, ``recalibrated_discrimination``, ``unreliability`` and
        ``recalibrated_quality``: give each to :func:`optimism_corrected` or :func:`validated_632_plus`. Absent where
        the model of all patients cannot be fitted, as :func:`fit_logistic_regression`.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a number is not finite or there is no resample.
    """
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1, not {replicates}")
    model = fit_logistic_regression(outcome, covariates)
    if isinstance(model, Absent):
        return model
    observed = check_scored(outcome, np.zeros(np.shape(outcome)[0])).outcome
    patterns = _Patterns(observed, np.asarray(covariates, dtype=np.float64))
    everyone = patterns.sample(patterns.count(np.arange(observed.size))[None, :])
    apparent = _Judged(model.log_odds(patterns.rows)[None, :]).measures(everyone, diagonal=True)[:, 0]
    blocks = []
    lost, times = np.zeros(observed.size), np.zeros(observed.size)
    for drawn, missed, absent in patterns.resamples(replicates, seed):
        fitted = logistic_regressions(patterns.rows, drawn.events, drawn.non_events, model.coefficients)
        judged = _Judged(fitted[:, :1] + fitted[:, 1:] @ patterns.rows.T)
        whole = _Sample(*(np.broadcast_to(each, drawn.events.shape) for each in (everyone.events, everyone.non_events)))
        blocks.append((judged.measures(drawn, diagonal=True), judged.measures(whole), judged.measures(missed)))
        usable = absent & np.isfinite(fitted[:, :1])
        lost += np.where(usable, judged.losses()[:, patterns.cell], 0.0).sum(axis=0)
        times += usable.sum(axis=0)
    inside, original, outside = (np.concatenate(place, axis=1) for place in zip(*blocks, strict=True))
    known = times > 0
    leave_one_out = float((lost[known] / times[known]).mean()) if known.any() else None
    return {
        name: Resampled(
            apparent=float(apparent[row]),
            in_resample=inside[row],
            in_original=original[row],
            out_of_bag=outside[row],
            leave_one_out=leave_one_out if name == "brier" else None,
            n=observed.size,
            events=int(observed.sum()),
        )
        for row, name in enumerate(MEASURES)
    }


class _Patterns:
    """Patients by their covariates: distinct rows, and which of them with which outcome each patient is.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    covariates : ndarray of shape (n, k)
    """

    def __init__(self, outcome: Floats, covariates: Floats) -> None:
        self.rows, pattern = np.unique(covariates, axis=0, return_inverse=True)
        self.size = len(self.rows)
        self.cell = pattern.reshape(-1) + np.where(outcome == 1, 0, self.size)

    def count(self, patients: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return how many of some patients are in each pattern: with the outcome, then without, shape (2 u,)."""
        return np.bincount(self.cell[patients], minlength=2 * self.size)

    def sample(self, counts: ArrayLike) -> _Sample:
        """Return counts of shape (b, 2 u) as one sample a row."""
        whole = np.asarray(counts, dtype=np.float64)
        return _Sample(whole[:, : self.size], whole[:, self.size :])

    def resamples(self, replicates: int, seed: Seed) -> Iterator[tuple[_Sample, _Sample, Booleans]]:
        """Yield blocks of resamples: those drawn, those left out, and which patients the latter are, shape (b, n)."""
        generator = np.random.default_rng(seed)
        n = self.cell.size
        together = max(1, RESAMPLED_TOGETHER // n)
        for begin in range(0, replicates, together):
            drawn, missed, absent = [], [], []
            for _ in range(min(together, replicates - begin)):
                rows = generator.integers(0, n, size=n)
                absent.append(np.bincount(rows, minlength=n) == 0)
                drawn.append(self.count(rows))
                missed.append(self.count(np.flatnonzero(absent[-1])))
            yield self.sample(drawn), self.sample(missed), np.array(absent)


@dataclass(frozen=True)
class _Sample:
    """Patients with and without the outcome in each pattern, one sample a row: two arrays of shape (b, u)."""

    events: Floats
    non_events: Floats


class _Judged:
    """Models, one a row, and their measures in samples.

    Parameters
    ----------
    log_odds : ndarray of shape (b, u)
        Of each pattern by each model; NaN in the row of a model that could not be fitted.
    """

    def __init__(self, log_odds: Floats) -> None:
        self.log_odds = log_odds
        self._order = np.argsort(log_odds, axis=1)
        ranked = np.take_along_axis(log_odds, self._order, axis=1)
        self._steps = np.diff(ranked, axis=1) > 0
        self._log_risk = log_expit(log_odds)
        risk = np.exp(self._log_risk)
        self._loss_with, self._loss_without = (1 - risk) ** 2, risk**2

    def measures(self, sample: _Sample, *, diagonal: bool = False) -> Floats:
        """Return :data:`MEASURES` by row, shape (8, b); NaN where undefined.

        Parameters
        ----------
        sample : _Sample
        diagonal : bool
            Whether each model was fitted to this sample: its calibration line is then the diagonal, because those are
            the equations its estimates solve.
        """
        events, non_events = sample.events, sample.non_events
        with_event, without = events.sum(axis=1), non_events.sum(axis=1)
        size = with_event + without
        null = xlogy(with_event, with_event / size) + xlogy(without, without / size)
        given = 2 * (self._log_likelihood(sample, self.log_odds, self._log_risk) - null)
        if diagonal:
            intercept, slope, recalibrated = np.zeros(len(size)), np.ones(len(size)), given
        else:
            intercept, slope = calibration_lines(self.log_odds, events, non_events)
            line = intercept[:, None] + slope[:, None] * self.log_odds
            recalibrated = 2 * (self._log_likelihood(sample, line, log_expit(line)) - null)
        discrimination, unreliability = (recalibrated - 1) / size, (recalibrated - given - 2) / size
        brier = self._sum(events, self._loss_with) + self._sum(non_events, self._loss_without)
        pairs = with_event * without
        likelihoods = zip(recalibrated, null, size, strict=True)
        found = np.array(
            [
                np.divide(self._concordant(sample), pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0),
                brier / size,
                slope,
                intercept,
                [nagelkerke_r2(*one) if one[1] < 0 else np.nan for one in likelihoods],
                discrimination,
                unreliability,
                discrimination - unreliability,
            ]
        )
        undefined = np.isnan(self.log_odds[:, 0])
        found[:, undefined] = np.nan
        return found

    def losses(self) -> Floats:
        """Return the squared error of each pattern with the outcome, then without, shape (b, 2 u)."""
        return np.concatenate((self._loss_with, self._loss_without), axis=1)

    def _log_likelihood(self, sample: _Sample, log_odds: Floats, log_risk: Floats) -> Floats:
        # log(1 - risk) = log risk - log odds
        total = sample.events + sample.non_events
        return self._sum(total, log_risk) - self._sum(sample.non_events, log_odds)

    def _concordant(self, sample: _Sample) -> Floats:
        """Pairs of a patient with and one without the outcome ranked correctly, ties counting one half."""
        events = np.take_along_axis(sample.events, self._order, axis=1)
        non_events = np.take_along_axis(sample.non_events, self._order, axis=1)
        below = np.cumsum(non_events, axis=1) - non_events / 2
        found = self._sum(events, below)
        for row in np.flatnonzero(~self._steps.all(axis=1)):  # different patterns of one predicted risk
            group = np.concatenate(([0], np.cumsum(self._steps[row])))
            tied, others = (np.bincount(group, weights=one[row]) for one in (events, non_events))
            found[row] = np.sum(tied * (np.cumsum(others) - others / 2))
        return found

    @staticmethod
    def _sum(one: Floats, other: Floats) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", one, other))
