"""Nutrition, build and corrected calcium."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.formulas.numbers import floats, points_from_thresholds, positive

__all__ = [
    "body_mass_index",
    "controlling_nutritional_status",
    "conut_albumin_points",
    "conut_cholesterol_points",
    "conut_lymphocyte_points",
    "corrected_calcium",
    "geriatric_nutritional_risk_index",
    "nutritional_risk_index",
    "prognostic_nutritional_index",
]

FloatArray = NDArray[np.float64]


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
    return 10.0 * floats(albumin_g_dl) + 0.005 * floats(lymphocytes_per_mm3)


def conut_albumin_points(albumin_g_dl: ArrayLike) -> FloatArray:
    """Albumin points of CONUT: 3.5 g/dL and above 0, 3.0 to below 3.5 2, 2.5 to below 3.0 4, below 2.5 6.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_albumin_points([3.5, 3.49, 2.5, 2.49]).tolist()
    [0.0, 2.0, 4.0, 6.0]
    """
    return points_from_thresholds(albumin_g_dl, (2.5, 3.0, 3.5), (6, 4, 2, 0))


def conut_cholesterol_points(total_cholesterol_mg_dl: ArrayLike) -> FloatArray:
    """Cholesterol points of CONUT: 180 mg/dL and above 0, 140 to below 180 1, 100 to below 140 2, below 100 3.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_cholesterol_points([180, 179, 100, 99]).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    return points_from_thresholds(total_cholesterol_mg_dl, (100, 140, 180), (3, 2, 1, 0))


def conut_lymphocyte_points(lymphocytes_per_mm3: ArrayLike) -> FloatArray:
    """Lymphocyte points of CONUT: 1600/mm3 and above 0, 1200 to below 1600 1, 800 to below 1200 2, below 800 3.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    >>> conut_lymphocyte_points([1600, 1599, 800, 799]).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    return points_from_thresholds(lymphocytes_per_mm3, (800, 1200, 1600), (3, 2, 1, 0))


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
    ratio = floats(body_weight_kg) / positive(usual_body_weight_kg)
    return 1.519 * 10.0 * floats(albumin_g_dl) + 41.7 * ratio


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
    ratio = np.minimum(floats(body_weight_kg) / positive(ideal_body_weight_kg), 1.0)
    return 1.489 * 10.0 * floats(albumin_g_dl) + 41.7 * ratio


def body_mass_index(body_weight_kg: ArrayLike, body_height_cm: ArrayLike) -> FloatArray:
    """Weight over the square of height, kg/m2 (definition).

    Examples
    --------
    >>> round(float(body_mass_index(70, 175)), 2)
    22.86
    """
    metres = positive(body_height_cm) / 100.0
    result: FloatArray = floats(body_weight_kg) / metres**2
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
    return floats(calcium_mg_dl) + 0.8 * (4.0 - floats(albumin_g_dl))
