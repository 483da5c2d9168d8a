"""Logistic regressions of many resamples at once: the sums of Newton's method over patients as matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Booleans, Floats
from spinecast.statistics.foundations.logistic import fit_line, is_separated
from spinecast.statistics.foundations.logistic_regression import SINGULAR, fit_logistic_regression

__all__ = ["RESAMPLED_TOGETHER", "calibration_lines", "logistic_regressions"]

# Resamples times rows worked on at once. Arrays of this many numbers stay in the processor's cache, which matters more
# than the length of the matrix products; the answers are the same for any number, up to rounding.
RESAMPLED_TOGETHER = 2**17

# Resamples start close to their answer, at the estimate of all patients: those not done by then are fitted singly.
MAXIMUM_STEPS = 12
# In standard deviations of the covariates. Newton doubles the digits at each step: after 1e-6 about 1e-12 is left.
STEP_TOLERANCE = 1e-6


def logistic_regressions(
    covariates: Floats, events: Floats, non_events: Floats, start: Floats, *, offset: Floats | None = None
) -> Floats:
    """Fit a logistic regression with an intercept to each of several samples of the same covariate rows.

    The estimates are those of :func:`fit_logistic_regression`, to which samples are handed over one by one where
    Newton's method from the common start does not settle at once.

    Parameters
    ----------
    covariates : ndarray of shape (n, k)
        Without a column of ones.
    events, non_events : ndarray of shape (b, n)
        How many patients (or how much weight) with and without the outcome each sample holds in each row.
    start : ndarray of shape (1 + k,)
        Coefficients to start from, intercept first.
    offset : ndarray of shape (n,), optional
        Part of the log-odds that is not estimated.

    Returns
    -------
    ndarray of shape (b, 1 + k)
        Intercepts and coefficients; a row of NaN where :func:`fit_logistic_regression` gives Absent.
    """
    centre, spread = covariates.mean(axis=0), covariates.std(axis=0)
    standard = np.column_stack((np.ones(len(covariates)), (covariates - centre) / spread))
    first = np.concatenate(([start[0] + start[1:] @ centre], start[1:] * spread))
    shift = np.zeros(len(covariates)) if offset is None else offset
    estimate, settled = _newton(standard, events, non_events, first, shift)
    back = np.column_stack((estimate[:, 0] - estimate[:, 1:] @ (centre / spread), estimate[:, 1:] / spread))
    outcome = np.repeat([1.0, 0.0], len(covariates))
    for sample in np.flatnonzero(~settled):
        fitted = fit_logistic_regression(
            outcome,
            np.vstack((covariates, covariates)),
            np.concatenate((events[sample], non_events[sample])),
            offset=np.concatenate((shift, shift)),
            start=start,
        )
        back[sample] = np.nan if isinstance(fitted, Absent) else fitted.coefficients
    return back


def _newton(
    design: Floats, events: Floats, non_events: Floats, first: Floats, offset: Floats
) -> tuple[Floats, Booleans]:
    samples, size = len(events), first.size
    upper, lower = np.triu_indices(size)
    products = design[:, upper] * design[:, lower]
    total = events + non_events
    estimate = np.tile(first, (samples, 1))
    settled = np.zeros(samples, dtype=np.bool_)
    active: NDArray[np.intp] = np.arange(samples)
    for _ in range(MAXIMUM_STEPS):
        mean = expit(estimate[active] @ design.T + offset)
        expected = total[active] * mean
        gradient = (events[active] - expected) @ design
        expected *= 1 - mean
        information = np.empty((active.size, size, size))
        information[:, upper, lower] = information[:, lower, upper] = expected @ products
        sound = _invertible(information)
        active, information, gradient = active[sound], information[sound], gradient[sound]
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        estimate[active] += step
        done = np.abs(step).max(axis=1) <= STEP_TOLERANCE * (1 + np.abs(estimate[active]).max(axis=1))
        settled[active[done]] = True
        active = active[~done]
        if active.size == 0:
            break
    return estimate, settled


def _invertible(information: Floats) -> Booleans:
    finite: Booleans = np.asarray(np.isfinite(information).all(axis=(1, 2)))
    values = np.linalg.eigvalsh(np.where(finite[:, None, None], information, 0.0))
    return np.asarray(finite & (values[:, 0] > SINGULAR * values[:, -1]))


def calibration_lines(log_odds: Floats, events: Floats, non_events: Floats) -> tuple[Floats, Floats]:
    """Fit the calibration line of each of several samples: a logistic regression on that sample's own log-odds.

    Parameters
    ----------
    log_odds : ndarray of shape (b, n)
        Predicted log-odds, those of one sample a row.
    events, non_events : ndarray of shape (b, n)
        As :func:`logistic_regressions`.

    Returns
    -------
    intercept, slope : ndarray of shape (b,)
        NaN where there is no finite estimate: one outcome only, equal predictions, or predictions that separate the
        outcomes.
    """
    total = events + non_events
    intercept, slope = np.zeros(len(log_odds)), np.ones(len(log_odds))
    settled = np.zeros(len(log_odds), dtype=np.bool_)
    active: NDArray[np.intp] = np.arange(len(log_odds))
    for _ in range(MAXIMUM_STEPS):
        score = log_odds[active]
        mean = expit(intercept[active, None] + slope[active, None] * score)
        expected = total[active] * mean
        residual = events[active] - expected
        expected *= 1 - mean
        weighted = expected * score
        h_aa, h_ab, h_bb = expected.sum(axis=1), weighted.sum(axis=1), np.einsum("ij,ij->i", weighted, score)
        g_a, g_b = residual.sum(axis=1), np.einsum("ij,ij->i", residual, score)
        determinant = h_aa * h_bb - h_ab**2
        sound: Booleans = np.asarray(determinant > SINGULAR * h_aa * h_bb)
        with np.errstate(divide="ignore", invalid="ignore"):  # those of no determinant are left out below
            step_a, step_b = (h_bb * g_a - h_ab * g_b) / determinant, (h_aa * g_b - h_ab * g_a) / determinant
        active, step_a, step_b = active[sound], step_a[sound], step_b[sound]
        intercept[active] += step_a
        slope[active] += step_b
        moved = np.maximum(np.abs(step_a), np.abs(step_b))
        done = moved <= STEP_TOLERANCE * (1 + np.abs(intercept[active]) + np.abs(slope[active]))
        settled[active[done]] = True
        active = active[~done]
        if active.size == 0:
            break
    for sample in np.flatnonzero(~settled):
        intercept[sample], slope[sample] = _line(log_odds[sample], events[sample], non_events[sample])
    return intercept, slope


def _line(log_odds: Floats, events: Floats, non_events: Floats) -> tuple[float, float]:
    outcome, score = np.repeat([1.0, 0.0], log_odds.size), np.concatenate((log_odds, log_odds))
    weights = np.concatenate((events, non_events))
    known = score[weights > 0]
    if not (events.any() and non_events.any() and np.isfinite(score).all()) or np.ptp(known) == 0:
        return np.nan, np.nan
    fit = None if is_separated(outcome, score, weights) else fit_line(outcome, score, weights)
    return (np.nan, np.nan) if fit is None else (fit.intercept, fit.slope)
