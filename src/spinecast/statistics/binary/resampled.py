"""Performance over bootstrap resamples: of each model in its resample, in all patients and in those left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.bootstrap import MINIMUM_USABLE, Seed
from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Booleans, Floats, as_vector, check_scored

__all__ = ["Resampled", "resample_performance", "too_few"]

Rows = NDArray[np.intp]
Fit = Callable[[Rows], ArrayLike | None]
Performance = Callable[[Floats, Floats], float | None]
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
    first = _predictions(fit, everyone, observed)
    if first is None:
        raise ValueError("the model cannot be fitted to all patients")
    recorders = {name: _Recorder(measure, None, observed, first, replicates) for name, measure in measures.items()}
    for name, loss in (losses or {}).items():
        recorders[name] = _Recorder(_mean_of(loss), loss, observed, first, replicates)
    undefined = [name for name, recorder in recorders.items() if recorder.apparent is None]
    if undefined:
        raise ValueError(f"undefined for these patients: {', '.join(undefined)}")
    generator = np.random.default_rng(seed)
    for replicate in range(replicates):
        rows = generator.integers(0, observed.size, size=observed.size)
        predicted = _predictions(fit, rows, observed)
        if predicted is not None:
            left_out = np.flatnonzero(np.bincount(rows, minlength=observed.size) == 0)
            for recorder in recorders.values():
                recorder.record(replicate, predicted, rows, left_out)
    return {name: recorder.result() for name, recorder in recorders.items()}


class _Recorder:
    """Collects one measure over the resamples."""

    def __init__(
        self, measure: Performance, loss: PatientLoss | None, observed: Floats, first: Floats, replicates: int
    ) -> None:
        self._measure, self._loss, self._observed = measure, loss, observed
        self.apparent = measure(observed, first)
        self._found = np.full((3, replicates), math.nan)
        self._total, self._times = np.zeros(observed.size), np.zeros(observed.size)

    def record(self, replicate: int, predicted: Floats, rows: Rows, left_out: Rows) -> None:
        observed = self._observed
        pairs = ((observed[rows], predicted[rows]), (observed, predicted), (observed[left_out], predicted[left_out]))
        for place, (outcome, risk) in enumerate(pairs):
            value = self._measure(outcome, risk) if outcome.size else None
            self._found[place, replicate] = math.nan if value is None else value
        if self._loss is not None:
            self._total[left_out] += self._loss(self._observed[left_out], predicted[left_out])
            self._times[left_out] += 1

    def result(self) -> Resampled:
        left_out = self._times > 0
        mean = float((self._total[left_out] / self._times[left_out]).mean()) if left_out.any() else None
        inside, original, outside = self._found
        counts = (int(self._observed.size), int(self._observed.sum()))
        return Resampled(math.nan if self.apparent is None else self.apparent, inside, original, outside, mean, *counts)


def _mean_of(loss: PatientLoss) -> Performance:
    return lambda outcome, predicted: float(np.mean(loss(outcome, predicted)))


def _predictions(fit: Fit, rows: Rows, observed: Floats) -> Floats | None:
    answer = fit(rows)
    if answer is None:
        return None
    predicted = as_vector(answer, "predictions")
    if predicted.size != observed.size:
        raise ValueError(f"predictions has {predicted.size} values, outcome has {observed.size}")
    return predicted
