"""The revised Tokuhashi score."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.clinical.scores.findings import KARNOFSKY, PRIMARIES, SURVIVAL_SOURCE
from spinecast.clinical.scores.points import Item, inputs, level, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["PRIMARY_POINTS", "SCORES", "revised_tokuhashi"]

PRIMARY_POINTS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("lung", "osteosarcoma", "stomach", "bladder", "oesophagus", "pancreas"), 0),
        **dict.fromkeys(("liver", "gallbladder", "unknown_primary"), 1),
        **dict.fromkeys(("colon", "other_urological", "ovary", "cervix", "head_and_neck", "melanoma"), 2),
        **dict.fromkeys(("sarcoma", "multiple_myeloma", "lymphoma", "other"), 2),
        **dict.fromkeys(("kidney", "uterus"), 3),
        "rectum": 4,
        **dict.fromkeys(("thyroid", "breast", "prostate", "carcinoid"), 5),
    }
)
"""Points of every primary tumour. What the publication does not name is one of its "others": 2 points."""

_ITEMS = (
    Item.of("General condition (Karnofsky)", [KARNOFSKY], lambda band: band),
    Item.of("Bone metastases outside the spine", [level("extraspinal_bone_metastases")], lambda count: 2 - count),
    Item.of("Vertebrae with metastases", [level("spine_metastases")], lambda count: 2 - count),
    Item.of(
        "Metastases to major internal organs",
        [level("visceral_metastases"), level("visceral_metastases_removable")],
        lambda present, removable: (1 if removable else 0) if present else 2,
    ),
    Item.of("Primary tumour", [level("primary_tumour")], lambda primary: PRIMARY_POINTS[PRIMARIES[primary]]),
    Item.of("Palsy (Frankel)", [level("frankel_grade")], lambda grade: (0, 0, 1, 1, 2)[grade]),
)

_STRATA = (
    Stratum(0, 8, "less than 6 months", survival_percent(17, 15, 4.5)),
    Stratum(9, 11, "6 months or more", survival_percent(85, 73, 30)),
    Stratum(12, 15, "1 year or more", survival_percent(100, 100, 91)),
)


def revised_tokuhashi(columns: Columns) -> ScoreResult:
    """Revised Tokuhashi score, 0 to 15 points; higher is better.

    Karnofsky 10-40 0, 50-70 1, 80-100 2. Bone metastases outside the spine three or more 0, one or two 1, none 2.
    Vertebrae with metastases three or more 0, two 1, one 2 (copies that print "1-2" and "0" cannot mean a person with
    a spinal metastasis). Metastases to major internal organs that cannot be removed 0, that can 1, none 2. Primary
    tumour 0 to 5 (`PRIMARY_POINTS`; the colon is one of the others, the rectum has its own 4). Palsy Frankel A-B 0,
    C-D 1, E 2.

    Source: Tokuhashi Y et al. Spine 2005;30:2186-2191.

    Examples
    --------
    Karnofsky 60 (1), two bones outside the spine (1), two vertebrae (1), liver metastases that stay (0), lung (0),
    Frankel D (1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "karnofsky_performance_status": 60,
    ...         "extraspinal_bone_metastases": "one_or_two",
    ...         "spine_metastases": "two",
    ...         "visceral_metastases": True,
    ...         "visceral_metastases_removable": False,
    ...         "primary_tumour": "lung",
    ...         "frankel_grade": "d",
    ...     }
    ... )
    >>> float(revised_tokuhashi(patient).value[0])
    4.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="revised_tokuhashi",
        label="Revised Tokuhashi score",
        inputs=inputs(_ITEMS),
        direction="higher_is_better",
        minimum=0,
        maximum=15,
        strata=_STRATA,
        source="Tokuhashi Y et al. A revised scoring system for preoperative evaluation of metastatic spine tumor "
        "prognosis. Spine 2005;30:2186-2191",
        compute=revised_tokuhashi,
        survival_source=SURVIVAL_SOURCE,
    ),
)
