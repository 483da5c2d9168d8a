"""Meta-analysis of one result a study: the pooled value, how much the studies differ, and what a new one may show.

Effects and standard errors come in on the scale the model is normal on (log-odds of an AUC, logarithm of a ratio; see
:mod:`spinecast.statistics.meta_analysis.effects`), and results stay on it. Definitions follow R's metafor 3.8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, stdtrit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, as_vector
from spinecast.statistics.meta_analysis.variance import (
    HeterogeneityMethod,
    between_study_variance,
    check_method,
    generalised_q,
    q_profile_interval,
    typical_variance,
)

__all__ = ["IntervalMethod", "MetaAnalysis", "Range", "meta_analyse"]

IntervalMethod: TypeAlias = Literal["hartung-knapp", "hartung-knapp-truncated", "wald"]


@dataclass(frozen=True)
class Range:
    """Two ends of an interval, in order."""

    lower: float
    upper: float


@dataclass(frozen=True)
class MetaAnalysis:
    """A pooled effect with the differences between the studies it comes from, on the scale of the effects.

    Parameters
    ----------
    studies : int
        Number of studies, k.
    method : {"reml", "ml", "dl", "pm", "fixed"}
        How the variance between studies was estimated.
    interval_method : {"hartung-knapp", "hartung-knapp-truncated", "wald"}
        How the interval of the pooled effect was computed.
    estimate, standard_error, lower, upper : float
        Pooled effect with its standard error and 95 % interval.
    model_standard_error : float
        ``1 / sqrt(sum(w))``, the standard error of the Wald interval, whatever ``interval_method``.
    tau2 : float
        Variance of the true effects between studies.
    tau2_interval : Range or Absent
        Its 95 % Q-profile interval.
    i2 : float
        Share of the observed variance that is between studies, in [0, 1], from ``tau2``.
    i2_interval : Range or Absent
        ``i2`` at the ends of the interval of ``tau2``.
    h2 : float
        Ratio of the observed to the sampling variance, ``1 / (1 - i2)``.
    q, q_p : float
        Cochran's Q and its p-value on k - 1 degrees of freedom.
    weights : ndarray of shape (k,)
        Weight of each study, summing to one.
    dispersion : float
        Hartung and Knapp's factor: the weighted mean square of the residuals, one where studies differ just as much
        as ``tau2`` and their standard errors say. Below one their interval is narrower than Wald's with t for z.
    """

    studies: int
    method: HeterogeneityMethod
    interval_method: IntervalMethod
    estimate: float
    standard_error: float
    lower: float
    upper: float
    model_standard_error: float
    tau2: float
    tau2_interval: Range | Absent
    i2: float
    i2_interval: Range | Absent
    h2: float
    q: float
    q_p: float
    weights: Floats
    dispersion: float

    @property
    def q_degrees(self) -> int:
        """Degrees of freedom of Q."""
        return self.studies - 1

    @property
    def i2_from_q(self) -> float:
        """Share of the variance between studies from Q alone (Higgins & Thompson 2002, Stat Med 21:1539)."""
        return max(0.0, (self.q - self.q_degrees) / self.q) if self.q > 0 else 0.0

    def prediction_interval(self, degrees: float | None = None, *, model_based: bool = False) -> Range | Absent:
        """Return where the true effect of a new study is expected with 95 % probability.

        ``estimate -+ t * sqrt(tau2 + se^2)`` (Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137).

        Parameters
        ----------
        degrees : float, optional
            Degrees of freedom of t; k - 2 by default, as in that paper. Infinity gives the normal.
        model_based : bool
            Use ``model_standard_error``, as in that paper, rather than the standard error of the interval, as
            metafor and metamisc do.
        """
        if self.method == "fixed":
            return Absent("a common-effect analysis assumes that all studies share one true value")
        used = self.studies - 2 if degrees is None else degrees
        if used <= 0:
            return Absent(f"{self.studies} studies leave {max(0, self.studies - 2)} degrees of freedom")
        error = self.model_standard_error if model_based else self.standard_error
        half = _t_975(used) * math.sqrt(self.tau2 + error**2)
        return Range(self.estimate - half, self.estimate + half)


def meta_analyse(
    effect: ArrayLike,
    standard_error: ArrayLike,
    *,
    method: HeterogeneityMethod = "reml",
    interval: IntervalMethod | None = None,
) -> MetaAnalysis | Absent:
    """Pool the effects of several studies.

    Parameters
    ----------
    effect : array-like of shape (k,)
        One effect a study, on a scale where it is about normal.
    standard_error : array-like of shape (k,)
        Their standard errors, positive.
    method : {"reml", "ml", "dl", "pm", "fixed"}
        Variance between studies: restricted or full maximum likelihood, DerSimonian and Laird, Paule and Mandel, or
        none (common effect). See :mod:`spinecast.statistics.meta_analysis.variance`.
    interval : {"hartung-knapp", "hartung-knapp-truncated", "wald"}, optional
        Interval of the pooled effect: Hartung and Knapp's by default, Wald's for ``fixed``. Hartung and Knapp (2001,
        Stat Med 20:3875) multiply the variance by :attr:`MetaAnalysis.dispersion` and use t with k - 1 degrees; when
        studies agree more than their errors allow, that interval is too short, and the truncated form does not let
        the factor fall below one (Knapp & Hartung 2003, Stat Med 22:2693; metafor's "adhoc").

    Returns
    -------
    MetaAnalysis or Absent
        Absent for a single study with a random-effects method.

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite, a standard error is not positive, a method is unknown, or Hartung
        and Knapp's interval is asked for with ``fixed``.
    """
    y, variance = check_studies(effect, standard_error)
    chosen = check_interval(check_method(method), interval)
    if y.size == 1 and method != "fixed":
        return Absent("one study says nothing about differences between studies")
    return fit_studies(y, variance, method, chosen)


def fit_studies(y: Floats, variance: Floats, method: HeterogeneityMethod, interval: IntervalMethod) -> MetaAnalysis:
    """Pool checked effects and sampling variances: two studies at least, or one with ``fixed``."""
    design = np.ones((y.size, 1))
    tau2 = between_study_variance(y, variance, design, method)
    weights = 1 / (variance + tau2)
    estimate = float(np.average(y, weights=weights))
    dispersion = float(weights @ (y - estimate) ** 2 / (y.size - 1)) if y.size > 1 else 1.0
    model_error = 1 / math.sqrt(weights.sum())
    error, quantile = model_error, NORMAL_975
    if interval != "wald":
        factor = max(1.0, dispersion) if interval == "hartung-knapp-truncated" else dispersion
        error, quantile = model_error * math.sqrt(factor), _t_975(y.size - 1)
    q = generalised_q(y, variance, design, 0.0)
    tau2_interval = _tau2_interval(y, variance, design, method)
    i2, h2 = _inconsistency(y, variance, design, tau2, q, method)
    return MetaAnalysis(
        studies=y.size,
        method=method,
        interval_method=interval,
        estimate=estimate,
        standard_error=error,
        lower=estimate - quantile * error,
        upper=estimate + quantile * error,
        model_standard_error=model_error,
        tau2=tau2,
        tau2_interval=tau2_interval,
        i2=i2,
        i2_interval=_i2_interval(tau2_interval, variance, design),
        h2=h2,
        q=q,
        q_p=float(chdtrc(y.size - 1, q)) if y.size > 1 else 1.0,
        weights=weights / weights.sum(),
        dispersion=dispersion,
    )


def check_studies(effect: ArrayLike, standard_error: ArrayLike) -> tuple[Floats, Floats]:
    """Return effects and sampling variances of studies.

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite, or a standard error is not positive.
    """
    y = as_vector(effect, "effect")
    error = as_vector(standard_error, "standard_error")
    if error.size != y.size:
        raise ValueError(f"standard_error has {error.size} values, effect has {y.size}")
    if error.min() <= 0:
        raise ValueError(f"standard errors must be positive, not {error.min():g}")
    return y, error**2


def check_interval(method: HeterogeneityMethod, interval: IntervalMethod | None) -> IntervalMethod:
    """Return the interval asked for, or the method's own.

    Raises
    ------
    ValueError
        If it is unknown or does not fit the method.
    """
    if interval is None:
        return "wald" if method == "fixed" else "hartung-knapp"
    if interval not in get_args(IntervalMethod):
        raise ValueError(f"interval must be one of {', '.join(get_args(IntervalMethod))}, not {interval!r}")
    if method == "fixed" and interval != "wald":
        raise ValueError("Hartung and Knapp's interval belongs to random effects, not to method 'fixed'")
    return interval


def _t_975(degrees: float) -> float:
    return NORMAL_975 if math.isinf(degrees) else float(stdtrit(degrees, 0.975))


def _tau2_interval(y: Floats, variance: Floats, design: Floats, method: HeterogeneityMethod) -> Range | Absent:
    if method == "fixed":
        return Absent("a common-effect analysis has no variance between studies")
    ends = q_profile_interval(y, variance, design)
    if ends is None:
        return Absent("the studies agree more closely than their standard errors allow, at any variance between them")
    return Range(*ends)


def _inconsistency(
    y: Floats, variance: Floats, design: Floats, tau2: float, q: float, method: HeterogeneityMethod
) -> tuple[float, float]:
    """Return I2 and H2: from tau2 (metafor's definition), and from Q where there is no tau2."""
    degrees = y.size - 1
    if degrees == 0:
        return 0.0, 1.0
    if method == "fixed":
        return (max(0.0, (q - degrees) / q) if q > 0 else 0.0), q / degrees
    typical = typical_variance(variance, design)
    return tau2 / (tau2 + typical), tau2 / typical + 1


def _i2_interval(tau2_interval: Range | Absent, variance: Floats, design: Floats) -> Range | Absent:
    if isinstance(tau2_interval, Absent):
        return tau2_interval
    typical = typical_variance(variance, design)
    return Range(*(tau2 / (tau2 + typical) for tau2 in (tau2_interval.lower, tau2_interval.upper)))
