"""The Charlson comorbidity index."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.formulas.numbers import floats, points_from_thresholds

__all__ = ["CHARLSON_SUPERSEDED_BY", "CHARLSON_WEIGHTS", "charlson_age_points", "charlson_points"]

FloatArray = NDArray[np.float64]


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
    present = {name: floats(conditions.get(name, np.nan)) for name in CHARLSON_WEIGHTS}
    total = floats(0.0)
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
    return points_from_thresholds(age_years, (50, 60, 70, 80), (0, 1, 2, 3, 4))
