"""Percentile bootstrap over patients, seeded, for statistics without a closed-form interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics.foundations.estimate import Estimate
from spinecast.statistics.foundations.inputs import Floats, Scored

__all__ = ["Bootstrap", "Seed", "bootstrap_estimate", "percentile_interval", "resampled_counts", "run_bootstrap"]

Seed = int | np.random.Generator

# Below this share of usable resamples a percentile would describe a selection of them, not the sampling distribution.
MINIMUM_USABLE = 0.95


@dataclass(frozen=True)
class Bootstrap:
    """Percentile interval and standard error of one statistic; None when too few resamples could be used."""

    lower: float | None
    upper: float | None
    standard_error: float | None
    usable: int
    replicates: int

    @property
    def description(self) -> str:
        """How the interval came about, or why there is none."""
        if self.replicates == 0:
            return "no interval asked for"
        if self.lower is None:
            return f"no interval: only {self.usable} of {self.replicates} bootstrap resamples could be used"
        return f"percentile bootstrap over patients, {self.replicates} resamples"

    def around(self, value: float, n: int, *, paired: bool = False) -> Estimate:
        """Return a statistic that no event counts in, with this interval.

        Parameters
        ----------
        value : float
            Of all patients.
        n : int
            Patients.
        paired : bool
            Whether it is a difference on the same patients.
        """
        words = f"paired {self.description}" if paired else self.description
        return Estimate(value, self.lower, self.upper, n, None, words)


def resampled_counts(n: int, replicates: int, seed: Seed) -> Iterator[NDArray[np.intp]]:
    """Yield how often each of ``n`` patients is drawn in each resample of ``n`` patients with replacement."""
    generator = np.random.default_rng(seed)
    for _ in range(replicates):
        yield np.bincount(generator.integers(0, n, size=n), minlength=n)


def percentile_interval(values: list[float], replicates: int) -> Bootstrap:
    """Return the 2.5 % and 97.5 % points (linear interpolation, type 7) of the resampled statistics."""
    usable = len(values)
    if usable < 2 or usable < MINIMUM_USABLE * replicates:
        return Bootstrap(None, None, None, usable, replicates)
    lower, upper = np.quantile(values, (0.025, 0.975))
    return Bootstrap(float(lower), float(upper), float(np.std(values, ddof=1)), usable, replicates)


def run_bootstrap(
    weights: Floats, statistic: Callable[[Floats], float | None], *, replicates: int, seed: Seed
) -> Bootstrap:
    """Bootstrap a statistic that is a function of case weights.

    A resample multiplies each patient's weight by the number of times the patient was drawn. Weights are held fixed: a
    censoring distribution is not estimated again, which makes the interval slightly wide (Tsiatis 2006, ch. 9).

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Case weights of the original patients.
    statistic : callable
        Maps case weights of shape (n,) to a number, or None where it is not defined.
    replicates : int
        Number of resamples; 0 for none.
    seed : int or numpy.random.Generator
        Where the draws come from.
    """
    values = (statistic(weights * counts) for counts in resampled_counts(weights.size, replicates, seed))
    return percentile_interval([value for value in values if value is not None], replicates)


def bootstrap_estimate(
    scored: Scored,
    statistic: Callable[[Floats], float | None],
    *,
    name: str,
    replicates: int,
    seed: Seed,
) -> Estimate:
    """Return the weighted point estimate with its bootstrap interval; the statistic must exist for all patients."""
    value = statistic(scored.case_weights)
    if value is None:
        raise ValueError(f"{name} is not defined for these patients")
    interval = run_bootstrap(scored.case_weights, statistic, replicates=replicates, seed=seed)
    return Estimate(
        value, interval.lower, interval.upper, scored.n, scored.events, f"{name}, weighted; {interval.description}"
    )
