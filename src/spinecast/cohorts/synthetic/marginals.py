"""From normal scores to values: the quantile function of every distribution a recipe can name.

A variable's value is Q(Phi(z)) for its normal score z. The scores are correlated (Gaussian copula) and may be moved
by a site or a year; the quantile function then keeps order, so a higher score is a higher value or level.

Where a recipe gives limits, the distribution is truncated to them, and its parameters are solved for so that the
stated mean and standard deviation, or quartiles, are those of the truncated distribution: what was published is what
comes out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from spinecast.clinical.variable import Variable
from spinecast.cohorts.synthetic.variable_blocks import (
    Bernoulli,
    Beta,
    BetaBinomial,
    Categorical,
    Constant,
    Counts,
    Gamma,
    Grouped,
    LogNormal,
    Normal,
    Quartiles,
    Uniform,
)

__all__ = ["Curve", "Marginal", "Steps", "UnattainableError", "marginal"]

FloatArray = NDArray[np.float64]
Limits = tuple[float, float]

_QUARTILE_SCORE = float(special.ndtri(0.75))
_FARTHEST_SCORE = 8.0  # beyond it less than 1e-15 of the distribution is left
_LEAST_SHARE = 1e-6  # of a distribution that must lie between its limits
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)


class UnattainableError(ValueError):
    """What a recipe states cannot be had; the message says why."""


class Marginal(ABC):
    """The distribution of one variable."""

    @abstractmethod
    def values(self, scores: FloatArray) -> FloatArray:
        """Return the values of normal scores, any shape: numbers in the canonical unit, or level indices from 0."""


@dataclass(frozen=True, eq=False)
class Steps(Marginal):
    """Levels or whole numbers.

    Parameters
    ----------
    cuts : ndarray, shape (k - 1,)
        Normal scores at which the next value begins, ascending.
    steps : ndarray, shape (k,)
        The values, ascending.
    """

    cuts: FloatArray
    steps: FloatArray

    def values(self, scores: FloatArray) -> FloatArray:
        """Return the step each score falls on."""
        return self.steps[np.searchsorted(self.cuts, scores, side="right")]

    @classmethod
    def of(cls, steps: ArrayLike, probabilities: ArrayLike) -> Steps:
        """Make the steps of values and their probabilities, shape (k,); these are divided by their sum."""
        shares = np.asarray(probabilities, dtype=np.float64)
        reached = np.cumsum(shares)[:-1] / shares.sum()
        return cls(special.ndtri(np.clip(reached, 0.0, 1.0)), np.asarray(steps, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Curve(Marginal):
    """A measured variable.

    Parameters
    ----------
    quantile : callable
        From normal scores to values, increasing.
    lower, upper : float
        Shares of the untruncated distribution below the lower and the upper limit; 0 and 1 without limits.
    limits : tuple of float, optional
    """

    quantile: Callable[[FloatArray], FloatArray]
    lower: float = 0.0
    upper: float = 1.0
    limits: Limits | None = None

    def values(self, scores: FloatArray) -> FloatArray:
        """Return the values within the limits."""
        if self.limits is None:
            return self.quantile(scores)
        share = self.lower + special.ndtr(scores) * (self.upper - self.lower)
        return np.clip(self.quantile(special.ndtri(share)), *self.limits)

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation within the limits, by quadrature over the normal scores."""
        ends = np.clip(special.ndtri([self.lower, self.upper]), -_FARTHEST_SCORE, _FARTHEST_SCORE)
        scores = ends[0] + (ends[1] - ends[0]) * (_NODES + 1) / 2
        weights = _WEIGHTS * np.exp(-(scores**2) / 2)
        weights /= weights.sum()
        values = self.quantile(scores)
        mean = float(weights @ values)
        return mean, float(np.sqrt(weights @ (values - mean) ** 2))


def marginal(shape: object, entry: Variable, limits: tuple[float, float] | None = None) -> Marginal:
    """Make the marginal of a variable from its block.

    Parameters
    ----------
    shape : Block
        A distribution other than `Sum` and `ByLevel`; its levels and numbers are known to suit the variable.
    entry : Variable
    limits : tuple of float, optional
        Canonical unit; for measured variables.

    Raises
    ------
    UnattainableError
        If no such distribution exists: a mean outside the limits, a deviation too wide for them.
    """
    if isinstance(shape, Bernoulli | Categorical | Counts | Constant | BetaBinomial | Grouped):
        return _steps(shape, entry)
    if isinstance(shape, Normal | LogNormal | Quartiles):
        return _matched(shape, limits)
    if isinstance(shape, Gamma):
        return _truncated(partial(_gamma, shape.shape, shape.scale, shape.shift), limits)
    if isinstance(shape, Beta):
        return _truncated(partial(_beta, shape.alpha, shape.beta, shape.lowest, shape.highest), limits)
    if isinstance(shape, Uniform):
        return _truncated(partial(_uniform, shape.lowest, shape.highest), limits)
    raise TypeError(f"{type(shape).__name__} is no simple distribution")


def _steps(shape: Bernoulli | Categorical | Counts | Constant | BetaBinomial | Grouped, entry: Variable) -> Steps:
    if isinstance(shape, Bernoulli):
        return Steps.of([0, 1], [1 - shape.probability, shape.probability])
    if isinstance(shape, Constant):
        value = entry.level_values.index(str(shape.value)) if entry.is_levelled else float(shape.value)
        return Steps(np.empty(0), np.array([value], dtype=np.float64))
    if isinstance(shape, Categorical | Counts):
        given: Mapping[str, float] = shape.probabilities if isinstance(shape, Categorical) else shape.counts
        return Steps.of(np.arange(len(entry.level_values)), [given.get(level, 0) for level in entry.level_values])
    if isinstance(shape, Grouped):
        members = [range(group.lowest, group.highest + 1, shape.step) for group in shape.groups]
        numbers = [number for group in members for number in group]
        shares = [
            block.probability / len(group) for block, group in zip(shape.groups, members, strict=True) for _ in group
        ]
    else:
        numbers = list(range(shape.lowest, shape.highest + 1))
        shares = list(_beta_binomial(shape))
    if entry.is_levelled:
        numbers = [entry.level_values.index(str(number)) for number in numbers]
    return Steps.of(numbers, shares)


def _beta_binomial(shape: BetaBinomial) -> FloatArray:
    """Return the probabilities of lowest..highest for the stated mean and standard deviation.

    With n = highest - lowest, p = (mean - lowest) / n and an intra-class correlation rho, the variance is
    n p (1 - p) (1 + (n - 1) rho) and the shapes are p (1 - rho) / rho and (1 - p) (1 - rho) / rho (Skellam 1948,
    J R Stat Soc B 10:257).
    """
    n = shape.highest - shape.lowest
    p = (shape.mean - shape.lowest) / n
    if not 0 < p < 1:
        raise UnattainableError(f"a mean of {shape.mean:g} does not lie between {shape.lowest} and {shape.highest}")
    narrowest, widest = np.sqrt(n * p * (1 - p)), n * np.sqrt(p * (1 - p))
    rho = ((shape.sd / narrowest) ** 2 - 1) / (n - 1) if n > 1 else 0.0
    if not 0 < rho < 1:
        raise UnattainableError(
            f"a mean of {shape.mean:g} allows a deviation from {narrowest:.3g} to {widest:.3g}, not {shape.sd:g}"
        )
    first, second = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
    k = np.arange(n + 1)
    logs = (
        special.gammaln(n + 1)
        - special.gammaln(k + 1)
        - special.gammaln(n - k + 1)
        + special.betaln(k + first, n - k + second)
        - special.betaln(first, second)
    )
    return np.asarray(np.exp(logs), dtype=np.float64)


def _matched(shape: Normal | LogNormal | Quartiles, limits: Limits | None) -> Curve:
    """Solve a distribution's parameters so that what is stated holds within the limits."""
    start, make = _parameters(shape)
    if limits is None:
        return _truncated(make(start), None)
    stated = np.array(shape.values if isinstance(shape, Quartiles) else _truncated(make(start), None).moments())

    def miss(theta: FloatArray) -> FloatArray:
        difference: FloatArray = _stated(shape, _truncated(make(theta), limits, least=0)) - stated
        return difference / float(stated[-1])

    try:
        with np.errstate(over="ignore", invalid="ignore"):
            found = optimize.root(miss, np.array(start))
    except UnattainableError:
        found = None
    if found is None or not found.success:
        raise UnattainableError(f"what is stated cannot hold between the limits {limits[0]:g} and {limits[1]:g}")
    return _truncated(make(found.x), limits)


def _stated(shape: Normal | LogNormal | Quartiles, curve: Curve) -> FloatArray:
    """Return of a curve what a recipe states of it."""
    if isinstance(shape, Quartiles):
        return curve.values(np.array([-_QUARTILE_SCORE, 0.0, _QUARTILE_SCORE]))
    return np.array(curve.moments())


def _parameters(
    shape: Normal | LogNormal | Quartiles,
) -> tuple[Sequence[float], Callable[[Sequence[float] | FloatArray], Callable[[FloatArray], FloatArray]]]:
    """Return the parameters a distribution would have without limits, and how to make its quantile function of them.

    Deviations enter by their logarithm, so that they stay positive while they are solved for.
    """
    if isinstance(shape, Normal):
        return (float(shape.mean), float(np.log(shape.sd))), lambda theta: partial(_normal, theta[0], np.exp(theta[1]))
    if isinstance(shape, LogNormal):
        centre, spread = _log_parameters(shape)
        return (centre, float(np.log(spread))), lambda theta: partial(_lognormal, theta[0], np.exp(theta[1]))
    log = shape.scale == "log"
    first, median, third = np.log(shape.values) if log else np.array(shape.values, dtype=np.float64)
    below, above = (median - first) / _QUARTILE_SCORE, (third - median) / _QUARTILE_SCORE
    return (
        (float(median), float(np.log(below)), float(np.log(above))),
        lambda theta: partial(_two_piece, theta[0], np.exp(theta[1]), np.exp(theta[2]), log),
    )


def _log_parameters(shape: LogNormal) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm."""
    if shape.median is not None and shape.log_sd is not None:
        return float(np.log(shape.median)), shape.log_sd
    if shape.mean is None or shape.sd is None:
        raise TypeError("a log-normal distribution needs mean and sd, or median and log_sd")
    variance = np.log1p((shape.sd / shape.mean) ** 2)
    return float(np.log(shape.mean) - variance / 2), float(np.sqrt(variance))


def _truncated(
    quantile: Callable[[FloatArray], FloatArray], limits: Limits | None, least: float = _LEAST_SHARE
) -> Curve:
    """Cut a distribution off at its limits; more than a share of it must lie between them."""
    if limits is None:
        return Curve(quantile)
    lower, upper = (float(special.ndtr(_score(quantile, end))) for end in limits)
    if upper - lower <= least:
        raise UnattainableError(f"the distribution has nothing between {limits[0]:g} and {limits[1]:g}")
    return Curve(quantile, lower, upper, limits)


def _score(quantile: Callable[[FloatArray], FloatArray], value: float) -> float:
    """Return the normal score of a value; the ends of the scale for a value the distribution does not reach."""

    def above(score: float) -> float:
        return float(quantile(np.array([score]))[0]) - value

    if above(-_FARTHEST_SCORE) >= 0:
        return -np.inf
    if above(_FARTHEST_SCORE) <= 0:
        return np.inf
    return float(optimize.brentq(above, -_FARTHEST_SCORE, _FARTHEST_SCORE, xtol=1e-12))


def _normal(mean: float, sd: float, scores: FloatArray) -> FloatArray:
    return mean + sd * scores


def _lognormal(centre: float, spread: float, scores: FloatArray) -> FloatArray:
    return np.exp(centre + spread * scores)


def _two_piece(median: float, below: float, above: float, log: bool, scores: FloatArray) -> FloatArray:
    values = median + np.where(scores < 0, below, above) * scores
    return np.exp(values) if log else values


def _gamma(shape: float, scale: float, shift: float, scores: FloatArray) -> FloatArray:
    return np.asarray(shift + scale * special.gammaincinv(shape, special.ndtr(scores)), dtype=np.float64)


def _beta(alpha: float, beta: float, lowest: float, highest: float, scores: FloatArray) -> FloatArray:
    return np.asarray(
        lowest + (highest - lowest) * special.betaincinv(alpha, beta, special.ndtr(scores)), dtype=np.float64
    )


def _uniform(lowest: float, highest: float, scores: FloatArray) -> FloatArray:
    return np.asarray(lowest + (highest - lowest) * special.ndtr(scores), dtype=np.float64)
