"""Risks carried to a population in which the outcome is more or less frequent."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from spinecast.statistics.foundations.inputs import Floats, as_vector

__all__ = ["shift_prevalence"]


def shift_prevalence(risk: ArrayLike, sampled: float, target: float) -> Floats:
    """Shift the log-odds of risks by the difference of the log-odds of two prevalences.

    Exact where the populations differ in nothing but how often the outcome occurs, as after over- or undersampling of
    an outcome class (prior correction: King & Zeng 2001, Polit Anal 9:137, eq. 7). Risks of 0 and 1 stay.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Risks in [0, 1] by a model of patients in whom the outcome has the proportion ``sampled``.
    sampled, target : float
        Proportions with the outcome where the model was made and where it is to be used, strictly between 0 and 1.

    Raises
    ------
    ValueError
        If a risk or proportion is out of range.
    """
    values = as_vector(risk, "risk")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"risk must lie in [0, 1], not in [{values.min():g}, {values.max():g}]")
    if not (0 < sampled < 1 and 0 < target < 1):
        raise ValueError(f"proportions must lie strictly between 0 and 1, not {sampled:g} and {target:g}")
    with np.errstate(divide="ignore"):
        return np.asarray(expit(logit(values) + float(logit(target)) - float(logit(sampled))))
