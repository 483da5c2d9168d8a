"""Dose of radiotherapy in terms of its biological effect."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.formulas.numbers import floats, positive

__all__ = [
    "ALPHA_BETA_LATE_BONE_GY",
    "ALPHA_BETA_TUMOUR_GY",
    "biologically_effective_dose",
    "equivalent_dose_in_2_gray",
]

FloatArray = NDArray[np.float64]

ALPHA_BETA_TUMOUR_GY = 10.0
"""Alpha/beta ratio of tumour and other early-responding tissue in Gy (convention of the BED10 literature)."""

ALPHA_BETA_LATE_BONE_GY = 3.0
"""Alpha/beta ratio of late-responding bone in Gy (convention of the BED3 literature)."""


def biologically_effective_dose(total_dose_gy: ArrayLike, fractions: ArrayLike, alpha_beta_gy: ArrayLike) -> FloatArray:
    """Biologically effective dose of the linear-quadratic model, Gy.

    n d (1 + d / (alpha/beta)) with n fractions of d Gy each. Whether the model holds at 10 Gy a fraction and more is
    disputed.

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Parameters
    ----------
    total_dose_gy : array_like
        The prescribed dose of all fractions together.
    fractions : array_like
        Their number, above 0.
    alpha_beta_gy : array_like
        `ALPHA_BETA_TUMOUR_GY`, `ALPHA_BETA_LATE_BONE_GY` or another.

    Examples
    --------
    30 Gy in 3 fractions, as BED3 and BED10:

    >>> float(biologically_effective_dose(30, 3, 3)), float(biologically_effective_dose(30, 3, 10))
    (130.0, 60.0)
    """
    total = floats(total_dose_gy)
    dose_per_fraction = total / positive(fractions)
    return total + total * dose_per_fraction / positive(alpha_beta_gy)


def equivalent_dose_in_2_gray(total_dose_gy: ArrayLike, fractions: ArrayLike, alpha_beta_gy: ArrayLike) -> FloatArray:
    """Dose in 2 Gy fractions with the same biologically effective dose: BED / (1 + 2 / (alpha/beta)), Gy.

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Examples
    --------
    >>> float(equivalent_dose_in_2_gray(30, 3, 10)), float(equivalent_dose_in_2_gray(50, 25, 10))
    (50.0, 50.0)
    """
    ratio = positive(alpha_beta_gy)
    return biologically_effective_dose(total_dose_gy, fractions, ratio) / (1.0 + 2.0 / ratio)
