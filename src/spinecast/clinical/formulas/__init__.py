"""Clinical formulas: each one once, for the scores, the derived variables and everyone else.

Every function takes numbers or arrays that broadcast against each other, in the units its argument names say, and
returns float64 of the broadcast shape. A missing input is NaN and makes the result NaN; so does an input for which
the formula does not hold ("not estimable"), which is never replaced by 0. The worked examples are run by the tests.
"""

from __future__ import annotations

from spinecast.clinical.formulas.blood import (
    ESTIMABLE_HAEMATOCRIT,
    gross_blood_loss,
    hidden_blood_loss,
    nadler_blood_volume,
    total_blood_loss,
)
from spinecast.clinical.formulas.charlson import (
    CHARLSON_SUPERSEDED_BY,
    CHARLSON_WEIGHTS,
    charlson_age_points,
    charlson_points,
)
from spinecast.clinical.formulas.nutrition import (
    body_mass_index,
    controlling_nutritional_status,
    conut_albumin_points,
    conut_cholesterol_points,
    conut_lymphocyte_points,
    corrected_calcium,
    geriatric_nutritional_risk_index,
    nutritional_risk_index,
    prognostic_nutritional_index,
)
from spinecast.clinical.formulas.radiotherapy import (
    ALPHA_BETA_LATE_BONE_GY,
    ALPHA_BETA_TUMOUR_GY,
    biologically_effective_dose,
    equivalent_dose_in_2_gray,
)

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
