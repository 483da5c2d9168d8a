"""Clinical formulas: each one once, for the scores, the derived variables and everyone else.

Every function takes numbers or arrays that broadcast against each other, in the units its argument names say, and
returns float64 of the broadcast shape. A missing input is NaN and makes the result NaN; so does an input for which
the formula does not hold ("not estimable"), which is never replaced by 0. The worked examples are run by the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ALPHA_BETA_LATE_BONE_GY",
    "ALPHA_BETA_TUMOUR_GY",
    "CHARLSON_SUPERSEDED_BY",
    "CHARLSON_WEIGHTS",
    "ESTIMABLE_HAEMATOCRIT",
    "biologically_effective_dose",
    "body_mass_index",
    "charlson_age_points",
    "charlson_points",
    "controlling_nutritional_status",
    "conut_albumin_points",
    "conut_cholesterol_points",
    "conut_lymphocyte_points",
    "corrected_calcium",
    "equivalent_dose_in_2_gray",
    "geriatric_nutritional_risk_index",
    "gross_blood_loss",
    "hidden_blood_loss",
    "nadler_blood_volume",
    "nutritional_risk_index",
    "prognostic_nutritional_index",
    "total_blood_loss",
]

FloatArray = NDArray[np.float64]

ALPHA_BETA_TUMOUR_GY = 10.0
"""Alpha/beta ratio of tumour and other early-responding tissue in Gy (convention of the BED10 literature)."""

ALPHA_BETA_LATE_BONE_GY = 3.0
"""Alpha/beta ratio of late-responding bone in Gy (convention of the BED3 literature)."""

ESTIMABLE_HAEMATOCRIT = (0.15, 0.60)
"""Haematocrit fractions between which blood loss is estimated; outside, a typing or dilution error is likelier."""

CHARLSON_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "myocardial_infarction": 1,
        "congestive_heart_failure": 1,
        "peripheral_vascular_disease": 1,
        "cerebrovascular_disease": 1,
        "dementia": 1,
        "chronic_pulmonary_disease": 1,
        "connective_tissue_disease": 1,
        "peptic_ulcer_disease": 1,
        "mild_liver_disease": 1,
        "diabetes": 1,
        "hemiplegia": 2,
        "moderate_or_severe_renal_disease": 2,
        "diabetes_with_end_organ_damage": 2,
        "second_solid_tumour": 2,
        "leukaemia": 2,
        "lymphoma_comorbidity": 2,
        "moderate_or_severe_liver_disease": 3,
        "aids": 6,
    }
)
"""Points of each Charlson condition but the index cancer itself, by dictionary variable.

Charlson ME, Pompei P, Ales KL, MacKenzie CR. J Chronic Dis 1987;40:373-383, table 3. The nineteenth condition,
metastatic solid tumour (6 points), is what brings a person into these cohorts and not a comorbidity of it.
"""

CHARLSON_SUPERSEDED_BY: Mapping[str, str] = MappingProxyType(
    {"diabetes": "diabetes_with_end_organ_damage", "mild_liver_disease": "moderate_or_severe_liver_disease"}
)
"""The milder form of one disease earns nothing where its severe form is present (one disease, counted once)."""


def prognostic_nutritional_index(albumin_g_dl: ArrayLike, lymphocytes_per_mm3: ArrayLike) -> FloatArray:
    """Onodera's prognostic nutritional index, in points; higher is better.

    10 x albumin (g/dL) + 0.005 x lymphocytes (cells/mm3). A count in 10^9/L is a thousand times smaller than the one
    in cells/mm3 that the formula takes.

    Source: Onodera T, Goseki N, Kosaki G. Nippon Geka Gakkai Zasshi 1984;85:1001-1005.

    Examples
    --------
    >>> round(float(prognostic_nutritional_index(3.7, 1215)), 3)
    43.075
    """
    return 10.0 * _floats(albumin_g_dl) + 0.005 * _floats(lymphocytes_per_mm3)


def conut_albumin_points(albumin_g_dl: ArrayLike) -> FloatArray:
    """Albumin points of CONUT: 3.5 g/dL and above 0, 3.0 to below 3.5 2, 2.5 to below 3.0 4, below 2.5 6.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_albumin_points([3.5, 3.49, 2.5, 2.49]).tolist()
    [0.0, 2.0, 4.0, 6.0]
    """
    return _points_from_thresholds(albumin_g_dl, (2.5, 3.0, 3.5), (6, 4, 2, 0))


def conut_cholesterol_points(total_cholesterol_mg_dl: ArrayLike) -> FloatArray:
    """Cholesterol points of CONUT: 180 mg/dL and above 0, 140 to below 180 1, 100 to below 140 2, below 100 3.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_cholesterol_points([180, 179, 100, 99]).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    return _points_from_thresholds(total_cholesterol_mg_dl, (100, 140, 180), (3, 2, 1, 0))


def conut_lymphocyte_points(lymphocytes_per_mm3: ArrayLike) -> FloatArray:
    """Lymphocyte points of CONUT: 1600/mm3 and above 0, 1200 to below 1600 1, 800 to below 1200 2, below 800 3.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_lymphocyte_points([1600, 1599, 800, 799]).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    return _points_from_thresholds(lymphocytes_per_mm3, (800, 1200, 1600), (3, 2, 1, 0))


def controlling_nutritional_status(
    albumin_g_dl: ArrayLike, total_cholesterol_mg_dl: ArrayLike, lymphocytes_per_mm3: ArrayLike
) -> FloatArray:
    """CONUT: the sum of its albumin, cholesterol and lymphocyte points, 0 to 12; higher is worse.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> float(controlling_nutritional_status(3.2, 150, 1000))
    5.0
    """
    return (
        conut_albumin_points(albumin_g_dl)
        + conut_cholesterol_points(total_cholesterol_mg_dl)
        + conut_lymphocyte_points(lymphocytes_per_mm3)
    )


def nutritional_risk_index(
    albumin_g_dl: ArrayLike, body_weight_kg: ArrayLike, usual_body_weight_kg: ArrayLike
) -> FloatArray:
    """Buzby's nutritional risk index; lower is worse.

    1.519 x albumin (g/L) + 41.7 x current weight / usual weight. The ratio is not capped: weight gained counts as
    published.

    Source: Buzby GP et al. Am J Clin Nutr 1988;47(2 Suppl):366-381.

    Examples
    --------
    37 g/L at 95 % of the usual weight:

    >>> round(float(nutritional_risk_index(3.7, 66.5, 70)), 3)
    95.818
    """
    ratio = _floats(body_weight_kg) / _positive(usual_body_weight_kg)
    return 1.519 * 10.0 * _floats(albumin_g_dl) + 41.7 * ratio


def geriatric_nutritional_risk_index(
    albumin_g_dl: ArrayLike, body_weight_kg: ArrayLike, ideal_body_weight_kg: ArrayLike
) -> FloatArray:
    """Bouillanne's geriatric nutritional risk index; lower is worse.

    1.489 x albumin (g/L) + 41.7 x current weight / ideal weight, the ratio taken as 1 where the weight is above ideal.

    Source: Bouillanne O et al. Am J Clin Nutr 2005;82:777-783.

    Examples
    --------
    >>> round(float(geriatric_nutritional_risk_index(3.5, 54, 60)), 3)
    89.645
    >>> float(geriatric_nutritional_risk_index(3.5, 80, 60) - geriatric_nutritional_risk_index(3.5, 60, 60))
    0.0
    """
    ratio = np.minimum(_floats(body_weight_kg) / _positive(ideal_body_weight_kg), 1.0)
    return 1.489 * 10.0 * _floats(albumin_g_dl) + 41.7 * ratio


def body_mass_index(body_weight_kg: ArrayLike, body_height_cm: ArrayLike) -> FloatArray:
    """Weight over the square of height, kg/m2 (definition).

    Examples
    --------
    >>> round(float(body_mass_index(70, 175)), 2)
    22.86
    """
    metres = _positive(body_height_cm) / 100.0
    result: FloatArray = _floats(body_weight_kg) / metres**2
    return result


def corrected_calcium(calcium_mg_dl: ArrayLike, albumin_g_dl: ArrayLike) -> FloatArray:
    """Calcium corrected for albumin: calcium + 0.8 x (4 - albumin), mg/dL with albumin in g/dL.

    The correction is applied whether albumin lies above or below 4 g/dL.

    Source: the customary form, 0.8 mg/dL per g/dL, of the correction of Payne RB et al. BMJ 1973;4:643-646.

    Examples
    --------
    >>> round(float(corrected_calcium(9.6, 3.0)), 2)
    10.4
    """
    return _floats(calcium_mg_dl) + 0.8 * (4.0 - _floats(albumin_g_dl))


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
    total = _floats(total_dose_gy)
    dose_per_fraction = total / _positive(fractions)
    return total + total * dose_per_fraction / _positive(alpha_beta_gy)


def equivalent_dose_in_2_gray(total_dose_gy: ArrayLike, fractions: ArrayLike, alpha_beta_gy: ArrayLike) -> FloatArray:
    """Dose in 2 Gy fractions with the same biologically effective dose: BED / (1 + 2 / (alpha/beta)), Gy.

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Examples
    --------
    >>> float(equivalent_dose_in_2_gray(30, 3, 10)), float(equivalent_dose_in_2_gray(50, 25, 10))
    (50.0, 50.0)
    """
    ratio = _positive(alpha_beta_gy)
    return biologically_effective_dose(total_dose_gy, fractions, ratio) / (1.0 + 2.0 / ratio)


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
    is_male = _floats(male)
    cubed = (_floats(body_height_cm) / 100.0) ** 3
    weight = _floats(body_weight_kg)
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
    return _not_negative(loss + _floats(transfused_volume_ml))


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
    seen = _floats(intraoperative_blood_loss_ml) + _floats(drainage_volume_ml)
    return _not_negative(_floats(total_blood_loss_ml) - seen)


def charlson_points(conditions: Mapping[str, ArrayLike]) -> FloatArray:
    """Charlson points of a person's conditions other than the cancer they are followed for; higher is worse.

    Weights: `CHARLSON_WEIGHTS`. Diabetes without and with end-organ damage, and mild and severer liver disease, are
    one disease each and count once, by the severer form.

    Source: Charlson ME et al. J Chronic Dis 1987;40:373-383.

    Parameters
    ----------
    conditions : mapping of dictionary variable to array_like
        1 present, 0 absent, NaN not known. A condition that is not named is not known.

    Returns
    -------
    ndarray
        NaN where a condition that could change the sum is not known.

    Examples
    --------
    >>> everything_absent = dict.fromkeys(CHARLSON_WEIGHTS, 0.0)
    >>> float(charlson_points({**everything_absent, "hemiplegia": 1, "diabetes": 1}))
    3.0
    >>> float(charlson_points({**everything_absent, "diabetes": 1, "diabetes_with_end_organ_damage": 1}))
    2.0
    """
    present = {name: _floats(conditions.get(name, np.nan)) for name in CHARLSON_WEIGHTS}
    total = _floats(0.0)
    for name, weight in CHARLSON_WEIGHTS.items():
        points = weight * present[name]
        severe_form = CHARLSON_SUPERSEDED_BY.get(name)
        if severe_form is not None:
            severe = present[severe_form]
            points = np.where(severe == 1, 0.0, points)
        total = total + points
    return total


def charlson_age_points(age_years: ArrayLike) -> FloatArray:
    """Age points of the age-adjusted Charlson index: one for each decade from 50, at most 4.

    Below 50 0, 50 to 59 1, 60 to 69 2, 70 to 79 3, 80 and older 4.

    Source: Charlson M et al. J Clin Epidemiol 1994;47:1245-1251.

    Examples
    --------
    >>> charlson_age_points([49, 50, 79.9, 95]).tolist()
    [0.0, 1.0, 3.0, 4.0]
    """
    return _points_from_thresholds(age_years, (50, 60, 70, 80), (0, 1, 2, 3, 4))


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _positive(values: ArrayLike) -> FloatArray:
    """A divisor; what cannot be one is not known."""
    array = _floats(values)
    return np.where(array > 0, array, np.nan)


def _not_negative(values: FloatArray) -> FloatArray:
    return np.where(values >= 0, values, np.nan)


def _haematocrit_loss(blood_volume_ml: ArrayLike, before: ArrayLike, after: ArrayLike) -> FloatArray:
    low, high = ESTIMABLE_HAEMATOCRIT
    first, second = (np.where((h >= low) & (h <= high), h, np.nan) for h in (_floats(before), _floats(after)))
    result: FloatArray = _floats(blood_volume_ml) * (first - second) / (0.5 * (first + second))
    return result


def _points_from_thresholds(values: ArrayLike, thresholds: tuple[float, ...], points: tuple[float, ...]) -> FloatArray:
    """Give ``points[k]`` where k thresholds are reached (value >= threshold)."""
    array = _floats(values)
    reached = np.searchsorted(np.asarray(thresholds, dtype=np.float64), array, side="right")
    found = np.asarray(points, dtype=np.float64)[np.minimum(reached, len(thresholds))]
    return np.where(np.isnan(array), np.nan, found)
