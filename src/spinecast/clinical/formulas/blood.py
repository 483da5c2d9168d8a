"""Blood volume, and blood loss from haematocrit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.formulas.numbers import floats

__all__ = ["ESTIMABLE_HAEMATOCRIT", "gross_blood_loss", "hidden_blood_loss", "nadler_blood_volume", "total_blood_loss"]

FloatArray = NDArray[np.float64]


ESTIMABLE_HAEMATOCRIT = (0.15, 0.60)
"""Haematocrit fractions between which blood loss is estimated; outside, a typing or dilution error is likelier."""


def nadler_blood_volume(male: ArrayLike, body_height_cm: ArrayLike, body_weight_kg: ArrayLike) -> FloatArray:
    """Nadler's estimate of the circulating blood volume, mL.

    With height H in m and weight W in kg, in litres: men 0.3669 H^3 + 0.03219 W + 0.6041, women 0.3561 H^3 + 0.03308 W
    + 0.1833.

    Source: Nadler SB, Hidalgo JU, Bloch T. Surgery 1962;51:224-232.

    Parameters
    ----------
    male : array_like
        1 for a man, 0 for a woman, NaN if not known. It is the level index of the dictionary's ``sex``.
    body_height_cm, body_weight_kg : array_like

    Examples
    --------
    A man of 1.75 m and 70 kg, a woman of 1.60 m and 60 kg:

    >>> nadler_blood_volume([1, 0], [175, 160], [70, 60]).round().tolist()
    [4824.0, 3627.0]
    """
    is_male = floats(male)
    cubed = (floats(body_height_cm) / 100.0) ** 3
    weight = floats(body_weight_kg)
    men = 0.3669 * cubed + 0.03219 * weight + 0.6041
    women = 0.3561 * cubed + 0.03308 * weight + 0.1833
    litres = np.where(is_male == 1, men, np.where(is_male == 0, women, np.nan))
    result: FloatArray = 1000.0 * litres
    return result


def gross_blood_loss(
    blood_volume_ml: ArrayLike, hematocrit_before: ArrayLike, hematocrit_after: ArrayLike
) -> FloatArray:
    """Gross's estimate of the blood lost while the haematocrit fell, mL, transfusion not counted.

    Blood volume x (before - after) / mean of both. Not estimable (NaN) where a haematocrit lies outside
    `ESTIMABLE_HAEMATOCRIT` or rose: a negative loss is not a loss of 0. The later haematocrit is read on day 2 or 3,
    when fluid shifts have ended.

    Source: Gross JB. Anesthesiology 1983;58:277-280.

    Parameters
    ----------
    blood_volume_ml : array_like
        As by `nadler_blood_volume`.
    hematocrit_before, hematocrit_after : array_like
        As fractions: 0.40, not 40.

    Examples
    --------
    A blood volume of 4824 mL, haematocrit from 0.40 to 0.30:

    >>> round(float(gross_blood_loss(4824, 0.40, 0.30)))
    1378
    >>> float(gross_blood_loss(4824, 0.30, 0.40))
    nan
    """
    loss = _haematocrit_loss(blood_volume_ml, hematocrit_before, hematocrit_after)
    return _not_negative(loss)


def total_blood_loss(
    blood_volume_ml: ArrayLike,
    hematocrit_before: ArrayLike,
    hematocrit_after: ArrayLike,
    transfused_volume_ml: ArrayLike,
) -> FloatArray:
    """Gross's loss plus the volume transfused, mL.

    Transfusion may lift the haematocrit above where it began; the balance is not estimable (NaN) only where it comes
    out negative all the same, as it does whenever the haematocrit rose without a transfusion.

    Source: Sehat KR, Evans RL, Newman JH. J Bone Joint Surg Br 2004;86:561-565.

    Examples
    --------
    >>> round(float(total_blood_loss(4824, 0.40, 0.30, 400)))
    1778
    >>> float(total_blood_loss(4824, 0.30, 0.31, 0))
    nan
    """
    loss = _haematocrit_loss(blood_volume_ml, hematocrit_before, hematocrit_after)
    return _not_negative(loss + floats(transfused_volume_ml))


def hidden_blood_loss(
    total_blood_loss_ml: ArrayLike, intraoperative_blood_loss_ml: ArrayLike, drainage_volume_ml: ArrayLike
) -> FloatArray:
    """Blood lost into tissues and by haemolysis: total - intraoperative loss - drainage, mL.

    Not estimable (NaN) where more was seen lost than the balance allows.

    Source: Sehat KR, Evans RL, Newman JH. J Bone Joint Surg Br 2004;86:561-565.

    Parameters
    ----------
    total_blood_loss_ml : array_like
        As by `total_blood_loss`.
    intraoperative_blood_loss_ml, drainage_volume_ml : array_like

    Examples
    --------
    >>> float(hidden_blood_loss(1778, 900, 300))
    578.0
    >>> float(hidden_blood_loss(1000, 900, 300))
    nan
    """
    seen = floats(intraoperative_blood_loss_ml) + floats(drainage_volume_ml)
    return _not_negative(floats(total_blood_loss_ml) - seen)


def _not_negative(values: FloatArray) -> FloatArray:
    return np.where(values >= 0, values, np.nan)


def _haematocrit_loss(blood_volume_ml: ArrayLike, before: ArrayLike, after: ArrayLike) -> FloatArray:
    low, high = ESTIMABLE_HAEMATOCRIT
    first, second = (np.where((h >= low) & (h <= high), h, np.nan) for h in (floats(before), floats(after)))
    result: FloatArray = floats(blood_volume_ml) * (first - second) / (0.5 * (first + second))
    return result
