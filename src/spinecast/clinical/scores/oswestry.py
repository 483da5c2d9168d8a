"""The Oswestry Spinal Risk Index."""

from __future__ import annotations

from spinecast.clinical.scores.findings import KARNOFSKY, PRIMARIES, SURVIVAL_SOURCE
from spinecast.clinical.scores.points import Item, inputs, level, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent
from spinecast.clinical.scores.tomita import TOMITA_GROUP, TOMITA_POINTS

__all__ = ["SCORES", "oswestry_spinal_risk_index"]

_LUNG_POINTS = 5


def _primary_points(primary: int) -> int:
    name = PRIMARIES[primary]
    return _LUNG_POINTS if name == "lung" else TOMITA_POINTS[TOMITA_GROUP[name]]


_ITEMS = (
    Item.of("Primary tumour", [level("primary_tumour")], _primary_points),
    Item.of("Two less the general condition (Karnofsky)", [KARNOFSKY], lambda band: 2 - band),
)

_STRATA = (
    Stratum(1, 1, "1", survival_percent(87, 79, 66)),
    Stratum(2, 3, "2 to 3", survival_percent(62, 49, 37)),
    Stratum(4, 5, "4 to 5", survival_percent(54, 30, 16)),
    Stratum(6, 6, "6", survival_percent(31, 6.5, 0)),
    Stratum(7, 7, "7", survival_percent(0, 0, 0)),
)


def oswestry_spinal_risk_index(columns: Columns) -> ScoreResult:
    """Oswestry Spinal Risk Index (OSRI), 1 to 7 points; higher is worse.

    Primary tumour of slow growth 1, moderate 2, rapid 4 (Tomita's groups), lung 5; plus 2 less the general condition,
    which is 2 for Karnofsky 80-100, 1 for 50-70 and 0 for 10-40.

    Source: Balain B et al. Bone Joint J 2013;95-B:210-216.

    Examples
    --------
    Lung (5) at Karnofsky 60 (2 - 1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({"primary_tumour": "lung", "karnofsky_performance_status": 60})
    >>> float(oswestry_spinal_risk_index(patient).value[0])
    6.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="oswestry_spinal_risk_index",
        label="Oswestry Spinal Risk Index",
        inputs=inputs(_ITEMS),
        direction="higher_is_worse",
        minimum=1,
        maximum=7,
        strata=_STRATA,
        source="Balain B et al. The Oswestry Risk Index: an aid in the treatment of metastatic disease of the spine. "
        "Bone Joint J 2013;95-B:210-216",
        compute=oswestry_spinal_risk_index,
        survival_source=SURVIVAL_SOURCE,
        notes="Growth is Tomita's, with what Tomita does not name in Katagiri's groups. Its highest stratum expects no "
        "one to live, so calibration is shown by stratum only.",
    ),
)
