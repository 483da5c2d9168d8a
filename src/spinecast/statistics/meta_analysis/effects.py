"""Published results on the scale they are pooled on: effect and standard error from what a paper prints."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from spinecast.statistics.foundations.inputs import NORMAL_975, Floats

__all__ = [
    "StandardErrorSource",
    "auc_effects",
    "observed_expected_from_intercept",
    "ratio_effects",
    "ratio_standard_error",
]

StandardErrorSource: TypeAlias = Literal["limits", "width"]


def auc_effects(
    auc: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    scale: Literal["logit", "raw"] = "logit",
    source: StandardErrorSource = "limits",
) -> tuple[Floats, Floats]:
    """Return AUCs and their standard errors on the scale they are pooled on.

    Parameters
    ----------
    auc, lower, upper : array-like of shape (k,)
        AUCs with the limits of their 95 % intervals; NaN limits give a NaN standard error.
    scale : {"logit", "raw"}
        Log-odds, on which AUCs are closer to normal and cannot leave [0, 1] (Snell, Ensor, Debray, Moons & Riley
        2018, Stat Methods Med Res 27:3505), or the AUC itself.
    source : {"limits", "width"}
        On the log-odds scale, whether the standard error is the width between the log-odds of the limits over
        2 x 1.96 (Debray et al. 2017, BMJ 356:i6460), or the width of the printed interval over 2 x 1.96 and
        AUC (1 - AUC), the delta method. The second also serves intervals that reach 1.

    Returns
    -------
    (ndarray, ndarray) of shape (k,)
        Effects and standard errors; infinite where a limit of 0 or 1 has no log-odds.
    """
    value, low, high = (np.asarray(part, dtype=np.float64) for part in (auc, lower, upper))
    width = (high - low) / (2 * NORMAL_975)
    if scale == "raw":
        return value, width
    if source == "width":
        return np.asarray(logit(value)), width / (value * (1 - value))
    with np.errstate(invalid="ignore"):
        return np.asarray(logit(value)), np.asarray((logit(high) - logit(low)) / (2 * NORMAL_975))


def ratio_effects(ratio: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> tuple[Floats, Floats]:
    """Return the logarithms of ratios and their standard errors, from 95 % limits that are positive.

    Parameters
    ----------
    ratio, lower, upper : array-like of shape (k,)
        Odds, hazard or other ratios of k studies with their 95 % limits.

    Returns
    -------
    logarithm, standard_error : ndarray, shape (k,)
    """
    value, low, high = (np.asarray(part, dtype=np.float64) for part in (ratio, lower, upper))
    return np.log(value), (np.log(high) - np.log(low)) / (2 * NORMAL_975)


def ratio_standard_error(observed: float, n: float) -> float:
    """Return the standard error of the logarithm of an observed to expected ratio.

    ``sqrt(1/O - 1/n)``, the observed count taken as binomial and the expected one as known (Debray et al. 2017, BMJ
    356:i6460, appendix; metamisc's ``oecalc``).

    Parameters
    ----------
    observed : float
        Events, above zero and below ``n``.
    n : float
        Patients.
    """
    return math.sqrt(1 / observed - 1 / n)


def observed_expected_from_intercept(proportion: float, intercept: float) -> float:
    """Return the observed to expected ratio that a calibration intercept implies.

    ``Po / expit(logit(Po) - intercept)``: exact when all predicted risks are equal, and otherwise too far from one,
    because a shift of the log-odds moves extreme risks less (Debray et al. 2019, Stat Methods Med Res 28:2768).

    Parameters
    ----------
    proportion : float
        Observed proportion with the outcome, in (0, 1).
    intercept : float
        Calibration-in-the-large: the intercept with the linear predictor as offset, not of the slope model.
    """
    return float(proportion / expit(logit(proportion) - intercept))
