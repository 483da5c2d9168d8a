"""Nutritional indices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinecast.clinical import formulas
from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.columns import column, patient_count
from spinecast.clinical.scores.ranges import Slope, limits, monotone
from spinecast.clinical.scores.score import Columns, FloatArray, Score, ScoreResult, Stratum

__all__ = [
    "SCORES",
    "controlling_nutritional_status",
    "geriatric_nutritional_risk_index",
    "nutritional_risk_index",
    "prognostic_nutritional_index",
]

_PNI: dict[str, Slope] = {"albumin": "rises", "lymphocyte_count": "rises"}
_NRI: dict[str, Slope] = {"albumin": "rises", "body_weight": "rises", "usual_body_weight": "falls"}
_GNRI: dict[str, Slope] = {"albumin": "rises", "body_weight": "rises", "ideal_body_weight": "falls"}


def _cells_per_mm3(lymphocytes: FloatArray) -> FloatArray:
    return variable("lymphocyte_count").conversion("cells/mm3").from_canonical(lymphocytes)


def _prognostic_index(albumin: FloatArray, lymphocytes: FloatArray) -> FloatArray:
    return formulas.prognostic_nutritional_index(albumin, _cells_per_mm3(lymphocytes))


def _lymphocyte_points(lymphocytes: FloatArray) -> FloatArray:
    return formulas.conut_lymphocyte_points(_cells_per_mm3(lymphocytes))


_CONUT_PARTS: tuple[tuple[str, Callable[[FloatArray], FloatArray], int], ...] = (
    ("albumin", formulas.conut_albumin_points, 6),
    ("total_cholesterol", formulas.conut_cholesterol_points, 3),
    ("lymphocyte_count", _lymphocyte_points, 3),
)


def _bands(ends: tuple[float, float], lowest: str, *bands: tuple[float, str, bool]) -> tuple[Stratum, ...]:
    """Return strata upwards: the lowest's label, then each one's lower end, label and whether it holds that end."""
    begins = ((ends[0], lowest, True), *bands)
    uppers = [*(band[0] for band in bands), ends[1]]
    return tuple(
        Stratum(lower, upper, label, lower_included=included)
        for (lower, label, included), upper in zip(begins, uppers, strict=True)
    )


_PNI_ENDS = limits(_prognostic_index, _PNI, index="prognostic_nutritional_index")
_PNI_STRATA = _bands(_PNI_ENDS, "below 40", (40, "40 to below 45", True), (45, "45 and above", True))
_NRI_ENDS = limits(formulas.nutritional_risk_index, _NRI, index="nutritional_risk_index")
_NRI_STRATA = _bands(_NRI_ENDS, "severe", (83.5, "moderate", True), (97.5, "mild", True), (100, "none", False))
_GNRI_ENDS = limits(formulas.geriatric_nutritional_risk_index, _GNRI, index="geriatric_nutritional_risk_index")
_GNRI_STRATA = _bands(_GNRI_ENDS, "major", (82, "moderate", True), (92, "low", True), (98, "none", False))
_CONUT_STRATA = (
    Stratum(0, 1, "normal"),
    Stratum(2, 4, "light"),
    Stratum(5, 8, "moderate"),
    Stratum(9, 12, "severe"),
)


def prognostic_nutritional_index(columns: Columns) -> ScoreResult:
    """Onodera's prognostic nutritional index (PNI), points; higher is better.

    10 x albumin (g/dL) + 0.005 x lymphocytes (cells/mm3). Lymphocytes come in 10^9/L and are multiplied by 1000 first.
    Bands: 45 and above, 40 to below 45, below 40. Cut-offs of single cohorts (42.8, 42.0, 36.1) are none of its strata.

    Source: Onodera T, Goseki N, Kosaki G. Nippon Geka Gakkai Zasshi 1984;85:1001-1005.

    Examples
    --------
    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"albumin": 3.7, "lymphocyte_count": 1.215})
    >>> round(float(prognostic_nutritional_index(patient).value[0]), 3)
    43.075
    """
    return monotone(_prognostic_index, _PNI, columns, _PNI_STRATA, index="prognostic_nutritional_index")


def controlling_nutritional_status(columns: Columns) -> ScoreResult:
    """Controlling nutritional status (CONUT), 0 to 12 points; higher is worse.

    Albumin 3.5 g/dL and above 0, 3.0 to below 3.5 2, 2.5 to below 3.0 4, below 6; cholesterol 180 mg/dL and above 0,
    140 to below 180 1, 100 to below 140 2, below 3; lymphocytes 1600/mm3 and above 0, 1200 to below 1600 1, 800 to
    below 1200 2, below 3. Normal 0-1, light 2-4, moderate 5-8, severe 9-12.

    Source: Ignacio de Ulíbarri J et al. Nutr Hosp 2005;20:38-45.

    Examples
    --------
    Albumin 3.2 (2), cholesterol 150 (1), lymphocytes 1000/mm3 (2):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"albumin": 3.2, "total_cholesterol": 150, "lymphocyte_count": 1.0})
    >>> float(controlling_nutritional_status(patient).value[0])
    5.0
    """
    lower = np.zeros(patient_count(columns))
    upper = lower.copy()
    for name, points, most in _CONUT_PARTS:
        part = points(column(columns, name))
        missing = np.isnan(part)
        lower += np.where(missing, 0, part)
        upper += np.where(missing, most, part)
    return ScoreResult(lower, upper, _CONUT_STRATA)


def nutritional_risk_index(columns: Columns) -> ScoreResult:
    """Buzby's nutritional risk index (NRI); higher is better.

    1.519 x albumin (g/L) + 41.7 x present / usual weight. No risk above 100, mild 97.5 to 100, moderate 83.5 to below
    97.5, severe below 83.5.

    Source: Buzby GP et al. Am J Clin Nutr 1988;47(2 Suppl):366-381.

    Examples
    --------
    Albumin 37 g/L at 95 % of the usual weight:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"albumin": 3.7, "body_weight": 66.5, "usual_body_weight": 70})
    >>> round(float(nutritional_risk_index(patient).value[0]), 2)
    95.82
    """
    return monotone(formulas.nutritional_risk_index, _NRI, columns, _NRI_STRATA, index="nutritional_risk_index")


def geriatric_nutritional_risk_index(columns: Columns) -> ScoreResult:
    """Bouillanne's geriatric nutritional risk index (GNRI); higher is better.

    1.489 x albumin (g/L) + 41.7 x present / ideal weight, the ratio at most 1. No risk above 98, low 92 to 98, moderate
    82 to below 92, major below 82.

    Source: Bouillanne O et al. Am J Clin Nutr 2005;82:777-783.

    Examples
    --------
    Albumin 35 g/L at 90 % of the ideal weight:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"albumin": 3.5, "body_weight": 54, "ideal_body_weight": 60})
    >>> round(float(geriatric_nutritional_risk_index(patient).value[0]), 3)
    89.645
    """
    return monotone(
        formulas.geriatric_nutritional_risk_index,
        _GNRI,
        columns,
        _GNRI_STRATA,
        index="geriatric_nutritional_risk_index",
    )


SCORES = (
    Score(
        name="prognostic_nutritional_index",
        label="Prognostic nutritional index",
        inputs=tuple(_PNI),
        direction="higher_is_better",
        minimum=_PNI_ENDS[0],
        maximum=_PNI_ENDS[1],
        strata=_PNI_STRATA,
        source="Onodera T, Goseki N, Kosaki G. Prognostic nutritional index in gastrointestinal surgery of "
        "malnourished cancer patients. Nippon Geka Gakkai Zasshi 1984;85:1001-1005",
        compute=prognostic_nutritional_index,
    ),
    Score(
        name="controlling_nutritional_status",
        label="Controlling nutritional status (CONUT)",
        inputs=tuple(name for name, _, _ in _CONUT_PARTS),
        direction="higher_is_worse",
        minimum=0,
        maximum=12,
        strata=_CONUT_STRATA,
        source="Ignacio de Ulíbarri J et al. CONUT: a tool for controlling nutritional status. Nutr Hosp 2005;20:38-45",
        compute=controlling_nutritional_status,
    ),
    Score(
        name="nutritional_risk_index",
        label="Nutritional risk index",
        inputs=tuple(_NRI),
        direction="higher_is_better",
        minimum=_NRI_ENDS[0],
        maximum=_NRI_ENDS[1],
        strata=_NRI_STRATA,
        source="Buzby GP et al. Study protocol: a randomized clinical trial of total parenteral nutrition in "
        "malnourished surgical patients. Am J Clin Nutr 1988;47(2 Suppl):366-381",
        compute=nutritional_risk_index,
        notes="The ratio of weights is not capped; some authors cap it at 1.",
    ),
    Score(
        name="geriatric_nutritional_risk_index",
        label="Geriatric nutritional risk index",
        inputs=tuple(_GNRI),
        direction="higher_is_better",
        minimum=_GNRI_ENDS[0],
        maximum=_GNRI_ENDS[1],
        strata=_GNRI_STRATA,
        source="Bouillanne O et al. Geriatric Nutritional Risk Index: a new index for evaluating at-risk elderly "
        "medical patients. Am J Clin Nutr 2005;82:777-783",
        compute=geriatric_nutritional_risk_index,
    ),
)
