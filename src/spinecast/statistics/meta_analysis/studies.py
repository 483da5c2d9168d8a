"""What single studies do to a meta-analysis: leaving each out, influence, and whether small studies differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, ndtr, stdtr

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.meta_analysis.pooling import (
    IntervalMethod,
    MetaAnalysis,
    check_interval,
    check_studies,
    fit_studies,
)
from spinecast.statistics.meta_analysis.variance import (
    HeterogeneityMethod,
    between_study_variance,
    check_method,
    weighted_fit,
)

__all__ = ["Influence", "SmallStudyTest", "leave_one_out", "small_study_test", "study_influence"]


@dataclass(frozen=True)
class Influence:
    """What one study does to the pooled effect, by the definitions of metafor's ``influence``.

    (Viechtbauer & Cheung 2010, Res Synth Methods 1:112.)

    Parameters
    ----------
    residual : float
        Externally studentised residual: distance from the pooled effect of the others in standard errors.
    dffits : float
        Change of the pooled effect by the study, in standard errors.
    cook : float
        Cook's distance: the squared change over the squared standard error of the pooled effect.
    covariance_ratio : float
        Variance of the pooled effect without the study over that with it; below one, the study adds imprecision.
    tau2, q : float
        Variance between studies and Cochran's Q without the study.
    hat : float
        Leverage, which for a pooled effect is the weight, in [0, 1].
    dfbetas : float
        Change of the pooled effect in standard errors at the variance between studies without the study.
    influential : bool
        Whether ``|dffits| > 3 sqrt(1 / (k - 1))``, Cook's distance exceeds the median of chi-squared with one degree,
        ``hat > 3 / k`` or ``|dfbetas| > 1``.
    """

    residual: float
    dffits: float
    cook: float
    covariance_ratio: float
    tau2: float
    q: float
    hat: float
    dfbetas: float
    influential: bool


@dataclass(frozen=True)
class SmallStudyTest:
    """Regression of the effects on their standard errors: whether small studies show larger or smaller effects.

    Parameters
    ----------
    model : {"mixed", "weighted"}
        As asked for.
    slope : float
        Change of the effect by one unit of standard error; positive when small studies show larger effects.
    statistic, p : float
        Slope over its standard error, and the two-sided p-value.
    degrees : float
        Degrees of freedom of the t distribution; infinite for the normal.
    limit : float
        Effect expected of an infinitely large study.
    studies : int
        Number of studies.
    """

    model: Literal["mixed", "weighted"]
    slope: float
    statistic: float
    p: float
    degrees: float
    limit: float
    studies: int


def leave_one_out(
    effect: ArrayLike,
    standard_error: ArrayLike,
    *,
    method: HeterogeneityMethod = "reml",
    interval: IntervalMethod | None = None,
) -> tuple[MetaAnalysis, ...] | Absent:
    """Pool without each study in turn.

    Parameters
    ----------
    effect, standard_error : array-like of shape (k,)
        As for :func:`meta_analyse`, as are ``method`` and ``interval``.

    Returns
    -------
    tuple of MetaAnalysis or Absent
        In the order of the studies. Absent where one study or none would be left.

    Raises
    ------
    ValueError
        As :func:`meta_analyse`.
    """
    y, variance = check_studies(effect, standard_error)
    chosen = check_interval(check_method(method), interval)
    if y.size < 3:
        return Absent(f"leaving one of {y.size} studies out leaves no two to pool")
    return tuple(fit_studies(np.delete(y, left), np.delete(variance, left), method, chosen) for left in range(y.size))


def study_influence(
    effect: ArrayLike,
    standard_error: ArrayLike,
    *,
    method: HeterogeneityMethod = "reml",
    interval: IntervalMethod | None = None,
) -> tuple[Influence, ...] | Absent:
    """Measure what each study does to the pooled effect.

    Parameters
    ----------
    effect, standard_error : array-like of shape (k,)
        As for :func:`meta_analyse`, as are ``method`` and ``interval``.

    Returns
    -------
    tuple of Influence or Absent
        In the order of the studies. Absent for fewer than three, or where the pooled effect of some has no error.

    Raises
    ------
    ValueError
        As :func:`meta_analyse`.
    """
    y, variance = check_studies(effect, standard_error)
    others = leave_one_out(effect, standard_error, method=method, interval=interval)
    if isinstance(others, Absent):
        return others
    whole = fit_studies(y, variance, method, check_interval(method, interval))
    if min(fit.standard_error for fit in (whole, *others)) == 0:
        return Absent("some studies agree exactly, which leaves their pooled effect without an error to measure by")
    return tuple(_influence(y, variance, place, whole, other) for place, other in enumerate(others))


def _influence(y: Floats, variance: Floats, place: int, whole: MetaAnalysis, other: MetaAnalysis) -> Influence:
    k = y.size
    hat = float(whole.weights[place])
    change = whole.estimate - other.estimate
    # The factor by which the interval of the others multiplies variances: Hartung and Knapp's, or one.
    factor = (other.standard_error / other.model_standard_error) ** 2
    spread = factor * (variance[place] + other.tau2)
    residual = (y[place] - other.estimate) / math.sqrt(spread + other.standard_error**2)
    dffits = change / math.sqrt(hat * spread)
    cook = (change / whole.standard_error) ** 2
    dfbetas = change * math.sqrt(float(np.sum(1 / (variance + other.tau2))) / factor)
    half_of_chi_squared = float(gammainc(0.5, cook / 2))  # its distribution function with one degree of freedom
    return Influence(
        residual=float(residual),
        dffits=float(dffits),
        cook=cook,
        covariance_ratio=(other.standard_error / whole.standard_error) ** 2,
        tau2=other.tau2,
        q=other.q,
        hat=hat,
        dfbetas=dfbetas,
        influential=bool(
            abs(dffits) > 3 * math.sqrt(1 / (k - 1)) or half_of_chi_squared > 0.5 or hat > 3 / k or abs(dfbetas) > 1
        ),
    )


def small_study_test(
    effect: ArrayLike,
    standard_error: ArrayLike,
    *,
    model: Literal["mixed", "weighted"] = "mixed",
    method: HeterogeneityMethod = "reml",
) -> SmallStudyTest | Absent:
    """Test whether the effects of small studies differ from those of large ones (Egger's regression).

    A small p says that the funnel is lopsided, not why: publication, other patients in small centres, or chance. For
    AUCs the standard error is itself a function of the AUC (Hanley & McNeil 1982, Radiology 143:29), so a lopsided
    funnel can arise without any selection; with fewer than ten studies the test has little power (Sterne et al. 2011,
    BMJ 343:d4002).

    Parameters
    ----------
    effect, standard_error : array-like of shape (k,)
        As for :func:`meta_analyse`.
    model : {"mixed", "weighted"}
        A random-effects regression with a normal test (Sterne & Egger 2005), or Egger's weighted regression with
        multiplicative dispersion and t (Egger et al. 1997, BMJ 315:629), whose slope is the intercept of his
        ``effect / se`` on ``1 / se``.
    method : {"reml", "ml", "dl", "pm", "fixed"}
        Variance between studies in the mixed model.

    Returns
    -------
    SmallStudyTest or Absent
        Absent for fewer than three studies, equal standard errors, or studies that lie exactly on the line.

    Raises
    ------
    ValueError
        As :func:`meta_analyse`, or if the model is unknown.
    """
    if model not in ("mixed", "weighted"):
        raise ValueError(f"model must be 'mixed' or 'weighted', not {model!r}")
    y, variance = check_studies(effect, standard_error)
    error = np.sqrt(variance)
    check_method(method)
    if y.size < 3:
        return Absent(f"{y.size} studies determine no regression")
    if np.ptp(error) <= 1e-9 * error.max():
        return Absent("all studies have the same standard error")
    design = np.column_stack([np.ones(y.size), error])
    tau2 = between_study_variance(y, variance, design, method) if model == "mixed" else 0.0
    coefficients, covariance = weighted_fit(y, variance, design, tau2)
    if model == "mixed":
        statistic = float(coefficients[1] / math.sqrt(covariance[1, 1]))
        p, degrees = 2 * float(ndtr(-abs(statistic))), math.inf
    else:
        degrees = y.size - 2
        dispersion = float(np.sum((y - design @ coefficients) ** 2 / variance)) / degrees
        if dispersion <= 1e-20:
            return Absent("the studies lie exactly on the line of regression")
        statistic = float(coefficients[1] / math.sqrt(dispersion * covariance[1, 1]))
        p = 2 * float(stdtr(degrees, -abs(statistic)))
    return SmallStudyTest(model, float(coefficients[1]), statistic, p, degrees, float(coefficients[0]), y.size)
