"""The Tomita score, and the groups of primary tumours that other scores took from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.clinical.scores.findings import BONE_METASTASES, PRIMARIES, SURVIVAL_SOURCE, several_bone_metastases
from spinecast.clinical.scores.growth_groups import GROWTH
from spinecast.clinical.scores.points import Item, alternatives, inputs, level, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["SCORES", "TOMITA_GROUP", "TOMITA_POINTS", "tomita"]

TOMITA_POINTS: Mapping[str, int] = MappingProxyType({"slow": 1, "moderate": 2, "rapid": 4})

_NAMED = {
    **dict.fromkeys(("breast", "prostate", "thyroid"), "slow"),
    **dict.fromkeys(("kidney", "uterus"), "moderate"),
    **dict.fromkeys(("lung", "liver", "stomach", "colon", "unknown_primary"), "rapid"),
}

TOMITA_GROUP: Mapping[str, str] = MappingProxyType({name: _NAMED.get(name, GROWTH[name].group) for name in PRIMARIES})
"""Growth of every primary tumour by Tomita: slow, moderate or rapid, whatever the treatment.

Tomita names examples and ends each list with "etc.". A tumour that is not among them takes Katagiri's growth group
(`spinecast.clinical.scores.growth_groups`); that reading is ours.
"""

_ITEMS = (
    Item.of(
        "Primary tumour",
        [level("primary_tumour")],
        lambda primary: TOMITA_POINTS[TOMITA_GROUP[PRIMARIES[primary]]],
    ),
    Item.of(
        "Visceral metastases",
        [level("visceral_metastases"), level("visceral_metastases_removable")],
        lambda present, removable: (2 if removable else 4) if present else 0,
    ),
    Item.of(
        "Bone metastases",
        BONE_METASTASES,
        lambda spine, outside, given: 2 if several_bone_metastases(spine, outside, given) else 1,
    ),
)

_STRATA = (
    Stratum(2, 3, "wide or marginal excision", survival_percent(100, 100, 100)),
    Stratum(4, 5, "marginal or intralesional excision", survival_percent(100, 100, 100)),
    Stratum(6, 7, "palliative surgery", survival_percent(100, 100, 0)),
    Stratum(8, 10, "supportive care", survival_percent(0, 0, 0)),
)


def tomita(columns: Columns) -> ScoreResult:
    """Tomita score, 2 to 10 points; higher is worse.

    Primary tumour of slow growth 1, moderate 2, rapid or unknown 4 (`TOMITA_GROUP`; a review that prints 3 for rapid is
    wrong). Visceral metastases none 0, treatable 2, untreatable 4; treatable is read as removable. Bone metastases
    solitary 1, several 2.

    Source: Tomita K et al. Spine 2001;26:298-306.

    Examples
    --------
    Kidney (2), no visceral metastases (0), several bone metastases (2):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {"primary_tumour": "kidney", "visceral_metastases": False, "spine_metastases": "three_or_more"}
    ... )
    >>> float(tomita(patient).value[0])
    4.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="tomita",
        label="Tomita score",
        inputs=inputs(_ITEMS),
        alternatives=alternatives(_ITEMS),
        direction="higher_is_worse",
        minimum=2,
        maximum=10,
        strata=_STRATA,
        source="Tomita K et al. Surgical strategy for spinal metastases. Spine 2001;26:298-306",
        compute=tomita,
        survival_source=SURVIVAL_SOURCE,
        notes="Its strata expect everyone or no one to live, so calibration is shown by stratum only. Primary tumours "
        "that the publication does not name take Katagiri's growth group.",
    ),
)
