"""The Katagiri scores of 2005 and 2014."""

from __future__ import annotations

from spinecast.clinical.scores.findings import (
    BONE_METASTASES,
    ECOG,
    PRIMARIES,
    SURVIVAL_SOURCE,
    VISCERAL_OR_BRAIN,
    several_bone_metastases,
    severely_limited,
)
from spinecast.clinical.scores.growth_groups import group_index
from spinecast.clinical.scores.points import Item, alternatives, given_level, inputs, level, reaches, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["SCORES", "katagiri_2005", "katagiri_2014", "katagiri_2014_individual"]

_GROUP_POINTS = (0, 2, 3)  # slow, moderate, rapid


def _primary_points(primary: int, hormone_dependent: int, targeted: int, given_group: int) -> int:
    if given_group < len(_GROUP_POINTS):
        return _GROUP_POINTS[given_group]
    return _GROUP_POINTS[group_index(PRIMARIES[primary], bool(hormone_dependent), bool(targeted))]


def _laboratory_points(
    platelets: int, calcium: int, bilirubin: int, protein: int, dehydrogenase: int, albumin: int
) -> int:
    """Critical outranks abnormal, and one value of a tier is as much as three."""
    if not platelets or calcium or bilirubin:
        return 2
    return 1 if protein or dehydrogenase or not albumin else 0


_COMMON = (
    Item.of(
        "Primary tumour",
        [
            level("primary_tumour"),
            level("hormone_dependent_tumour"),
            level("molecularly_targeted_therapy"),
            given_level("tumour_growth_group"),
        ],
        _primary_points,
    ),
    Item.of("ECOG 3 or 4", ECOG, lambda status, given: int(severely_limited(status, given))),
    Item.of("Previous chemotherapy", [level("previous_chemotherapy")], lambda given: given),
    Item.of(
        "Several bone metastases",
        BONE_METASTASES,
        lambda spine, outside, given: int(several_bone_metastases(spine, outside, given)),
    ),
)
_ITEMS_2005 = (
    *_COMMON,
    Item.of(
        "Visceral or cerebral metastases", VISCERAL_OR_BRAIN, lambda visceral, brain: 2 if visceral or brain else 0
    ),
)
_ITEMS_2014 = (
    *_COMMON,
    Item.of(
        "Visceral or cerebral metastases",
        [*VISCERAL_OR_BRAIN, level("disseminated_metastases")],
        lambda visceral, brain, disseminated: 2 if disseminated else int(visceral or brain),
    ),
    Item.of(
        "Laboratory",
        [
            reaches("platelet_count", 100),
            reaches("calcium", 10.3),
            reaches("bilirubin", 1.4),
            reaches("c_reactive_protein", 0.4),
            reaches("lactate_dehydrogenase", 250),
            reaches("albumin", 3.7),
        ],
        _laboratory_points,
    ),
)

_STRATA_2005 = (Stratum(0, 2, "0 to 2"), Stratum(3, 5, "3 to 5"), Stratum(6, 8, "6 to 8"))
_STRATA_2014 = (
    Stratum(0, 3, "0 to 3", survival_percent(99, 98, 91)),
    Stratum(4, 6, "4 to 6", survival_percent(84, 74, 49)),
    Stratum(7, 10, "7 to 10", survival_percent(43, 27, 6)),
)
_SURVIVAL_BY_POINT = (
    (100, 100, 100),
    (100, 100, 95),
    (100, 100, 97),
    (99, 96, 87),
    (95, 95, 75),
    (88, 78, 53),
    (73, 60, 33),
    (52, 40, 10),
    (35, 21, 4),
    (16, 8, 0),
    (0, 0, 0),
)
_STRATA_BY_POINT = tuple(
    Stratum(point, point, str(point), survival_percent(*percent)) for point, percent in enumerate(_SURVIVAL_BY_POINT)
)


def katagiri_2005(columns: Columns) -> ScoreResult:
    """Katagiri score of 2005, 0 to 8 points; higher is worse.

    Primary tumour of slow growth 0, moderate 2, rapid 3; visceral or cerebral metastases 2; ECOG 3 or 4, previous
    chemotherapy and several bone metastases 1 each.

    Source: Katagiri H et al. J Bone Joint Surg Br 2005;87:698-703. Its own table of primary tumours could not be
    consulted: the growth groups are those of 2014, and no survival is given.

    Examples
    --------
    Kidney (2), lung metastases (2), ECOG 1 (0), chemotherapy (1), one vertebra and nothing else in bone (0):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "kidney",
    ...         "visceral_metastases": True,
    ...         "ecog_performance_status": "1",
    ...         "previous_chemotherapy": True,
    ...         "spine_metastases": "one",
    ...         "extraspinal_bone_metastases": "none",
    ...     }
    ... )
    >>> float(katagiri_2005(patient).value[0])
    5.0
    """
    return total(_ITEMS_2005, columns, _STRATA_2005)


def katagiri_2014(columns: Columns) -> ScoreResult:
    """Katagiri score of 2014, 0 to 10 points; higher is worse. Survival by its three published groups.

    Primary tumour of slow growth 0, moderate 2, rapid 3 (`growth_groups`). Visceral or cerebral metastases none 0,
    nodular 1, disseminated (pleural, peritoneal, leptomeningeal) 2. Laboratory: critical 2 with any of platelets below
    100 x 10^9/L, calcium of 10.3 mg/dL or more, bilirubin of 1.4 mg/dL or more; else abnormal 1 with any of C-reactive
    protein of 0.4 mg/dL or more, lactate dehydrogenase of 250 U/L or more, albumin below 3.7 g/dL. ECOG 3 or 4,
    previous chemotherapy and several bone metastases 1 each.

    Source: Katagiri H et al. Cancer Med 2014;3:1359-1367.

    Examples
    --------
    Lung without targeted drugs (3), nodular visceral metastases (1), albumin 3.5 g/dL (1), ECOG 3 (1), chemotherapy
    (1), several bone metastases (1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "lung",
    ...         "molecularly_targeted_therapy": False,
    ...         "visceral_metastases": True,
    ...         "disseminated_metastases": False,
    ...         "platelet_count": 250,
    ...         "calcium": 9.2,
    ...         "bilirubin": 0.6,
    ...         "albumin": 3.5,
    ...         "ecog_performance_status": "3",
    ...         "previous_chemotherapy": True,
    ...         "spine_metastases": "three_or_more",
    ...     }
    ... )
    >>> float(katagiri_2014(patient).value[0])
    8.0
    """
    return total(_ITEMS_2014, columns, _STRATA_2014)


def katagiri_2014_individual(columns: Columns) -> ScoreResult:
    """Katagiri score of 2014 with the published survival of each single point; the points are those of `katagiri_2014`.

    Source: Katagiri H et al. Cancer Med 2014;3:1359-1367.

    Examples
    --------
    >>> from spinecast.clinical.scores.columns import one_patient
    >>> float(katagiri_2014_individual(one_patient({"tumour_growth_group": "slow"})).upper[0])
    7.0
    """
    return total(_ITEMS_2014, columns, _STRATA_BY_POINT)


_SOURCE_2014 = (
    "Katagiri H et al. New prognostic factors and scoring system for patients with skeletal metastasis. Cancer Med "
    "2014;3:1359-1367"
)

SCORES = (
    Score(
        name="katagiri_2005",
        label="Katagiri score (2005)",
        inputs=inputs(_ITEMS_2005),
        alternatives=alternatives(_ITEMS_2005),
        direction="higher_is_worse",
        minimum=0,
        maximum=8,
        strata=_STRATA_2005,
        source="Katagiri H et al. Prognostic factors and a scoring system for patients with skeletal metastasis. "
        "J Bone Joint Surg Br 2005;87:698-703",
        compute=katagiri_2005,
        notes="Its points and bands come from secondary sources, the paper could not be consulted: growth groups are "
        "those of 2014, and no survival is given.",
    ),
    Score(
        name="katagiri_2014",
        label="Katagiri score (2014), grouped survival",
        inputs=inputs(_ITEMS_2014),
        alternatives=alternatives(_ITEMS_2014),
        direction="higher_is_worse",
        minimum=0,
        maximum=10,
        strata=_STRATA_2014,
        source=_SOURCE_2014,
        compute=katagiri_2014,
        survival_source=SURVIVAL_SOURCE,
    ),
    Score(
        name="katagiri_2014_individual",
        label="Katagiri score (2014), survival by point",
        inputs=inputs(_ITEMS_2014),
        alternatives=alternatives(_ITEMS_2014),
        direction="higher_is_worse",
        minimum=0,
        maximum=10,
        strata=_STRATA_BY_POINT,
        source=_SOURCE_2014,
        compute=katagiri_2014_individual,
        survival_source=SURVIVAL_SOURCE,
        notes="At the ends of the scale everyone or no one is expected to live, and the published one-year survival of "
        "2 points lies above that of 1; both are left as published.",
    ),
)
