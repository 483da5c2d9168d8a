"""The Mizumoto score."""

from __future__ import annotations

import numpy as np

from spinecast.clinical.formulas import corrected_calcium
from spinecast.clinical.scores.columns import column, either_end
from spinecast.clinical.scores.findings import (
    BONE_METASTASES,
    ECOG,
    PRIMARIES,
    SURVIVAL_SOURCE,
    VISCERAL_OR_BRAIN,
    several_bone_metastases,
    severely_limited,
)
from spinecast.clinical.scores.points import Finding, IntArray, Item, alternatives, inputs, level, reaches, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["FAVOURABLE", "SCORES", "mizumoto"]

FAVOURABLE = ("breast", "prostate", "lymphoma", "thyroid")

_HYPERCALCAEMIA_MG_DL = 10.0
# A tenth of a millionth of a milligram: what rounding leaves of 9.2 + 0.8 x (4 - 3) must not lie above 10.
_ROUNDING = 1e-7


def _read_hypercalcaemia(columns: Columns) -> IntArray:
    """Return 1 above 10 mg/dL corrected, 0 up to it, 2 where the missing one of two values decides."""
    calcium_low, calcium_high = either_end(columns, "calcium")
    albumin_low, albumin_high = either_end(columns, "albumin")
    given = column(columns, "corrected_calcium")
    missing = np.isnan(given)
    least = np.where(missing, corrected_calcium(calcium_low, albumin_high), given)
    greatest = np.where(missing, corrected_calcium(calcium_high, albumin_low), given)
    limit = _HYPERCALCAEMIA_MG_DL + _ROUNDING
    return np.where(least > limit, 1, np.where(greatest > limit, 2, 0)).astype(np.intp)


_ITEMS = (
    Item.of(
        "Unfavourable primary tumour",
        [level("primary_tumour")],
        lambda primary: 0 if PRIMARIES[primary] in FAVOURABLE else 3,
    ),
    Item.of("ECOG 3 or 4", ECOG, lambda status, given: 3 if severely_limited(status, given) else 0),
    Item.of("Visceral metastases", VISCERAL_OR_BRAIN, lambda visceral, brain: 2 if visceral or brain else 0),
    Item.of("Previous chemotherapy", [level("previous_chemotherapy")], lambda given: 2 * given),
    Item.of(
        "Hypercalcaemia",
        [Finding(("calcium", "albumin"), 2, _read_hypercalcaemia)],
        lambda high: 2 * high,
    ),
    Item.of(
        "Several bone metastases",
        BONE_METASTASES,
        lambda spine, outside, given: int(several_bone_metastases(spine, outside, given)),
    ),
    Item.of("Age of 71 years or more", [reaches("age", 71)], lambda reached: reached),
)

_STRATA = (
    Stratum(0, 4, "A: 0 to 4", survival_percent(99, 89, 77)),
    Stratum(5, 9, "B: 5 to 9", survival_percent(71, 46, 22)),
    Stratum(10, 14, "C: 10 to 14", survival_percent(18, 7, 4)),
)


def mizumoto(columns: Columns) -> ScoreResult:
    """Mizumoto score, 0 to 14 points; higher is worse.

    Primary tumour other than breast, prostate, lymphoma or thyroid 3; ECOG 3 or 4 3; visceral metastases, brain
    included, 2; previous chemotherapy 2; calcium corrected for albumin above 10 mg/dL 2; several bone metastases 1; age
    of 71 years or more 1.

    Source: Mizumoto M et al. Cancer 2008;113:2816-2822.

    Examples
    --------
    Lung (3), ECOG 3 (3), no visceral metastases (0), no chemotherapy (0), calcium 9.6 with albumin 3.0 (corrected 10.4:
    2), several bone metastases (1), aged 71 (1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "lung",
    ...         "ecog_performance_status": "3",
    ...         "visceral_metastases": False,
    ...         "brain_metastases": False,
    ...         "previous_chemotherapy": False,
    ...         "calcium": 9.6,
    ...         "albumin": 3.0,
    ...         "extraspinal_bone_metastases": "one_or_two",
    ...         "age": 71,
    ...     }
    ... )
    >>> float(mizumoto(patient).value[0])
    10.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="mizumoto",
        label="Mizumoto score",
        inputs=inputs(_ITEMS),
        alternatives=(*alternatives(_ITEMS), "corrected_calcium"),
        direction="higher_is_worse",
        minimum=0,
        maximum=14,
        strata=_STRATA,
        source="Mizumoto M et al. Prognostic factors and a scoring system for survival after radiotherapy for "
        "metastases to the spinal column. Cancer 2008;113:2816-2822",
        compute=mizumoto,
        survival_source=SURVIVAL_SOURCE,
        notes="The publication's list of favourable tumours was taken from the scoring notebook of the external "
        "validation named for the survival. A brain metastasis counts as visceral.",
    ),
)
