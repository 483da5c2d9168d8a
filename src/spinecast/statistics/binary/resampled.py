"""Performance over bootstrap resamples: of each model in its resample, in all patients and in those left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.bootstrap import MINIMUM_USABLE, Seed
from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Booleans, Floats, Scored, as_vector, check_scored

__all__ = ["Resampled", "performance_in_resamples", "resample_performance", "too_few"]

Rows = NDArray[np.intp]
Fit = Callable[[Rows], ArrayLike | None]
Performance = Callable[[Floats, Floats], float | None]
WeightedPerformance = Callable[[Floats, Floats, Floats | None], float | None]
PatientLoss = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Resampled:
    """One measure of performance over bootstrap resamples.

    Parameters
    ----------
    apparent : float
        Of the model fitted to all patients, judged on them.
    in_resample, in_original : ndarray of shape (b,)
        Of the model fitted to each resample, judged on that resample and on all patients; NaN where it is undefined.
    out_of_bag : ndarray of shape (b,)
        The same model judged on the patients the resample left out; NaN where it is undefined.
    leave_one_out : float or None
        For a loss that is a mean over patients: the mean over patients of their mean loss by the models of resamples
        that left them out, Efron's leave-one-out bootstrap; None for other measures.
    n, events : int
        Patients and patients with the outcome.

    Raises
    ------
    ValueError
        If the three vectors differ in length.
    """

    apparent: float
    in_resample: Floats
    in_original: Floats
    out_of_bag: Floats
    leave_one_out: float | None
    n: int
    events: int

    def __post_init__(self) -> None:
        if not self.in_resample.shape == self.in_original.shape == self.out_of_bag.shape:
            raise ValueError("the three performances must be of the same resamples")

    @property
    def out_of_sample(self) -> float | Absent:
        """Performance in patients left out: leave-one-out where there is one, else the mean over resamples."""
        if self.leave_one_out is not None:
            return self.leave_one_out
        usable = np.isfinite(self.out_of_bag)
        return too_few(usable) or float(self.out_of_bag[usable].mean())


def too_few(usable: Booleans) -> Absent | None:
    """Return why a mean over the usable resamples would be one over a selection of them, or None."""
    count = int(np.count_nonzero(usable))
    if count < 2 or count < MINIMUM_USABLE * usable.size:
        return Absent(f"only {count} of {usable.size} bootstrap resamples could be used")
    return None


def resample_performance(
    outcome: ArrayLike,
    fit: Fit,
    measures: Mapping[str, Performance],
    losses: Mapping[str, PatientLoss] | None = None,
    *,
    replicates: int = 200,
    seed: Seed = 0,
) -> dict[str, Resampled]:
    """Fit a model to bootstrap resamples and measure it on the resample, on all patients and on those left out.

    For the optimism to be that of the whole model, ``fit`` must repeat all that was learnt from the data: imputation,
    selection, tuning, recalibration.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    fit : callable
        Maps rows of shape (n,), patients drawn with replacement, to predictions of all n patients in their order by a
        model of those rows, or to None where it cannot be fitted. Called first with every row once.
    measures : mapping of str to callable
        Each maps outcomes and predictions of some patients to a number, or None where it is undefined.
    losses : mapping of str to callable, optional
        Each maps outcomes and predictions of some patients to their losses; the measure is the mean.
    replicates : int
        Number of resamples.
    seed : int or numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    dict of str to Resampled
        By measure and loss.

    Raises
    ------
    ValueError
        If an outcome is neither 0 nor 1, there is no resample, the model cannot be fitted to all patients, or a measure
        is undefined for it.
    """
    observed = check_scored(outcome, np.zeros(np.shape(outcome)[0])).outcome
    if replicates < 1:
        raise ValueError(f"replicates must be at least 1, not {replicates}")
    everyone = np.arange(observed.size)
    first = fit(everyone)
    if first is None:
        raise ValueError("the model cannot be fitted to all patients")
    generator = np.random.default_rng(seed)

    def drawn() -> Iterator[tuple[Rows, ArrayLike | None]]:
        for _ in range(replicates):
            rows = generator.integers(0, observed.size, size=observed.size)
            yield rows, fit(rows)

    unweighted = {name: _without_weights(measure) for name, measure in measures.items()}
    return performance_in_resamples(observed, first, drawn(), unweighted, losses)


def performance_in_resamples(
    outcome: ArrayLike,
    apparent: ArrayLike,
    resamples: Iterable[tuple[Rows, ArrayLike | None]],
    measures: Mapping[str, WeightedPerformance],
    losses: Mapping[str, PatientLoss] | None = None,
    *,
    weights: ArrayLike | None = None,
) -> dict[str, Resampled]:
    """Measure models of bootstrap resamples that were fitted elsewhere.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    apparent : array-like of shape (n,)
        Predictions by the model of all patients.
    resamples : iterable of (ndarray of int, array-like of shape (n,) or None)
        Rows of the patients drawn, as often as they were drawn, and the predictions of all n patients by the model
        fitted to them; None where it could not be fitted.
    measures : mapping of str to callable
        Each maps outcomes, predictions and weights (None without) of some patients to a number, or None where it is
        undefined.
    losses : mapping of str to callable, optional
        Each maps outcomes and predictions of some patients to their losses; the measure is the mean.
    weights : array-like of shape (n,), optional
        Case weights; patients of weight 0 have an unknown outcome and count nowhere.

    Returns
    -------
    dict of str to Resampled
        By measure and loss.

    Raises
    ------
    ValueError
        If an outcome is neither 0 nor 1, lengths differ, or a measure is undefined for all patients.
    """
    observed = check_scored(outcome, np.zeros(np.shape(outcome)[0]), weights)
    first = _predictions(apparent, observed.n)
    recorders = {name: _Recorder(measure, None, observed, first) for name, measure in measures.items()}
    for name, loss in (losses or {}).items():
        recorders[name] = _Recorder(_mean_of(loss), loss, observed, first)
    undefined = [name for name, recorder in recorders.items() if recorder.apparent is None]
    if undefined:
        raise ValueError(f"undefined for these patients: {', '.join(undefined)}")
    for rows, answer in resamples:
        predicted = None if answer is None else _predictions(answer, observed.n)
        left_out = np.flatnonzero(np.bincount(rows, minlength=observed.n) == 0)
        for recorder in recorders.values():
            recorder.record(predicted, rows, left_out)
    return {name: recorder.result() for name, recorder in recorders.items()}


class _Recorder:
    """Collects one measure over the resamples."""

    def __init__(self, measure: WeightedPerformance, loss: PatientLoss | None, observed: Scored, first: Floats) -> None:
        self._measure, self._loss, self._observed = measure, loss, observed
        self._found: list[tuple[float, float, float]] = []
        self._total, self._times = np.zeros(observed.n), np.zeros(observed.n)
        self.apparent = self._of(np.arange(observed.n), first)

    def record(self, predicted: Floats | None, rows: Rows, left_out: Rows) -> None:
        if predicted is None:
            self._found.append((math.nan, math.nan, math.nan))
            return
        every = np.arange(self._observed.n)
        inside, original, outside = (self._of(chosen, predicted) for chosen in (rows, every, left_out))
        self._found.append((_or_nan(inside), _or_nan(original), _or_nan(outside)))
        if self._loss is not None:
            self._total[left_out] += self._loss(self._observed.outcome[left_out], predicted[left_out])
            self._times[left_out] += 1

    def _of(self, rows: Rows, predicted: Floats) -> float | None:
        weights = None if self._observed.weights is None else self._observed.weights[rows]
        if not rows.size or (weights is not None and not weights.any()):
            return None
        return self._measure(self._observed.outcome[rows], predicted[rows], weights)

    def result(self) -> Resampled:
        observed = self._observed
        counted = (self._times > 0) & (observed.case_weights > 0)
        mean = None
        if self._loss is not None and counted.any():
            losses = self._total[counted] / self._times[counted]
            mean = float(np.average(losses, weights=observed.case_weights[counted]))
        inside, original, outside = np.array(self._found, dtype=np.float64).reshape(-1, 3).T
        counts = (int(np.count_nonzero(observed.case_weights)), observed.events)
        return Resampled(math.nan if self.apparent is None else self.apparent, inside, original, outside, mean, *counts)


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _without_weights(measure: Performance) -> WeightedPerformance:
    return lambda outcome, predicted, _: measure(outcome, predicted)


def _mean_of(loss: PatientLoss) -> WeightedPerformance:
    return lambda outcome, predicted, weights: float(np.average(loss(outcome, predicted), weights=weights))


def _predictions(answer: ArrayLike, n: int) -> Floats:
    predicted = as_vector(answer, "predictions")
    if predicted.size != n:
        raise ValueError(f"predictions has {predicted.size} values, outcome has {n}")
    return predicted
