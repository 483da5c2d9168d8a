"""Distributions of predicted log-odds in a population, from which the precision of a validation follows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, expit, log_expit, logit, ndtri

from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = [
    "LinearPredictor",
    "beta_linear_predictor",
    "binormal_linear_predictor",
    "empirical_linear_predictor",
    "normal_linear_predictor",
]

# Nodes of the trapezoid rule on a smooth density that has vanished at both ends: exact to rounding.
NODES = 8001
REACH = 12.0  # standard deviations
TAIL = 40.0  # the density of the log-odds of a beta variable falls as exp(-a |x|): to exp(-40) here


@dataclass(frozen=True)
class LinearPredictor:
    """Predicted log-odds of a population whose risks are right: of every risk p the proportion p has the outcome.

    Parameters
    ----------
    log_odds : ndarray of shape (m,)
        Ascending.
    shares : ndarray of shape (m,)
        Share of the population at each; they sum to 1.
    description : str
        Where the distribution comes from.
    """

    log_odds: Floats
    shares: Floats
    description: str

    @property
    def risks(self) -> Floats:
        """Risk at each log-odds, shape (m,)."""
        return np.asarray(expit(self.log_odds))

    @property
    def proportion(self) -> float:
        """Proportion with the outcome."""
        return float(self.shares @ self.risks)

    @property
    def c_statistic(self) -> float:
        """Probability that a patient with the outcome has the higher risk of two with different outcomes."""
        with_event, without = self.shares * self.risks, self.shares * (1 - self.risks)
        return float(with_event @ (np.cumsum(without) - without / 2) / (with_event.sum() * without.sum()))

    @property
    def slope_information(self) -> float:
        """Information a patient gives on the calibration slope, the intercept being estimated too.

        I11 - I01^2/I00 of the logistic calibration model: the sum of p(1 - p)(x - m)^2 over the log-odds x, m being
        their mean with weights p(1 - p).
        """
        weight = self.shares * self.risks * expit(-self.log_odds)
        return float(weight @ (self.log_odds - np.average(self.log_odds, weights=weight)) ** 2)

    def sensitivity(self, threshold: float) -> float:
        """Share of those with the outcome whose risk reaches the threshold."""
        with_event = self.shares * self.risks
        return float(with_event[self.risks >= threshold].sum() / with_event.sum())

    def specificity(self, threshold: float) -> float:
        """Share of those without the outcome whose risk is below the threshold."""
        without = self.shares * (1 - self.risks)
        return float(without[self.risks < threshold].sum() / without.sum())


def normal_linear_predictor(mean: float, standard_deviation: float) -> LinearPredictor:
    """Log-odds that are normal.

    Raises
    ------
    ValueError
        If a number is not finite or the standard deviation is not positive.
    """
    if not (math.isfinite(mean) and math.isfinite(standard_deviation) and standard_deviation > 0):
        raise ValueError(
            "a normal linear predictor needs a mean and a positive standard deviation, not "
            f"{mean:g} and {standard_deviation:g}"
        )
    z = np.linspace(-REACH, REACH, NODES)
    words = f"log-odds normal with mean {mean:g} and standard deviation {standard_deviation:g}"
    return _normalised(mean + standard_deviation * z, -(z**2) / 2, words)


def beta_linear_predictor(alpha: float, beta: float) -> LinearPredictor:
    """Risks that follow a beta distribution.

    Raises
    ------
    ValueError
        If a parameter is not positive.
    """
    if not (math.isfinite(alpha) and math.isfinite(beta) and min(alpha, beta) > 0):
        raise ValueError(f"a beta distribution needs two positive parameters, not {alpha:g} and {beta:g}")
    x = np.linspace(-TAIL / min(alpha, 1.0), TAIL / min(beta, 1.0), 4 * NODES)
    density = alpha * log_expit(x) + beta * log_expit(-x) - betaln(alpha, beta)
    return _normalised(x, density, f"risks beta distributed with parameters {alpha:g} and {beta:g}")


def binormal_linear_predictor(c_statistic: float, proportion: float) -> LinearPredictor:
    """Log-odds that are normal with and without the outcome, of equal variance v = 2 Phi^-1(C)^2.

    For the risks to be right the mean without the outcome is logit(proportion) - v/2 and the mean with it v higher
    (Riley et al. 2021, Stat Med 40:4230, who find the first by trial).

    Raises
    ------
    ValueError
        If the C statistic is not above 0.5 and below 1, or the proportion not strictly between 0 and 1.
    """
    if not 0.5 < c_statistic < 1:
        raise ValueError(f"the C statistic must lie strictly between 0.5 and 1, not {c_statistic:g}")
    if not 0 < proportion < 1:
        raise ValueError(f"the proportion with the outcome must lie strictly between 0 and 1, not {proportion:g}")
    variance = 2 * float(ndtri(c_statistic)) ** 2
    deviation, centre = math.sqrt(variance), float(logit(proportion)) - variance / 2
    x = np.linspace(centre - REACH * deviation, centre + variance + REACH * deviation, NODES)
    without = math.log1p(-proportion) - (x - centre) ** 2 / (2 * variance)
    with_event = math.log(proportion) - (x - centre - variance) ** 2 / (2 * variance)
    words = f"log-odds normal with and without the outcome, of the distance a C statistic of {c_statistic:g} means"
    return _normalised(x, np.logaddexp(without, with_event), words)


def empirical_linear_predictor(risks: ArrayLike) -> LinearPredictor:
    """Log-odds of risks predicted for a sample of the population.

    Parameters
    ----------
    risks : array-like of shape (n,)
        Strictly between 0 and 1; outcomes are not needed.

    Raises
    ------
    ValueError
        If a risk is not strictly between 0 and 1, or all are equal.
    """
    values = np.sort(as_vector(risks, "risks"))
    if values[0] <= 0 or values[-1] >= 1:
        raise ValueError(f"risks must lie strictly between 0 and 1, not in [{values[0]:g}, {values[-1]:g}]")
    if values[0] == values[-1]:
        raise ValueError("all risks are equal: there is no slope to estimate")
    shares = np.full(values.size, 1 / values.size)
    return LinearPredictor(np.asarray(logit(values)), shares, f"predicted risks of {values.size:,} patients")


def _normalised(log_odds: Floats, log_density: Floats, description: str) -> LinearPredictor:
    density = np.exp(log_density - log_density.max())
    return LinearPredictor(log_odds, density / density.sum(), description)
