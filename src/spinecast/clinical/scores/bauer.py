"""The Bauer score, its modification for the spine, and the New England Spinal Metastasis Score built on it."""

from __future__ import annotations

from spinecast.clinical.scores.findings import (
    BONE_METASTASES,
    PRIMARIES,
    SURVIVAL_SOURCE,
    VISCERAL_OR_BRAIN,
    several_bone_metastases,
)
from spinecast.clinical.scores.points import Item, alternatives, inputs, level, reaches, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["SCORES", "bauer", "modified_bauer", "nesms"]

_FAVOURABLE = ("breast", "kidney", "lymphoma", "multiple_myeloma")


def _visceral_points(visceral: int, brain: int) -> int:
    return 0 if visceral or brain else 1


def _bone_points(spine: int, outside: int, given: int) -> int:
    return 0 if several_bone_metastases(spine, outside, given) else 1


def _primary_points(primary: int) -> int:
    """Both points on the primary: it is not in the lung; it is breast, kidney, lymphoma or myeloma."""
    name = PRIMARIES[primary]
    return int(name != "lung") + int(name in _FAVOURABLE)


_MODIFIED = (
    Item.of("No visceral metastases", VISCERAL_OR_BRAIN, _visceral_points),
    Item.of("Solitary bone metastasis", BONE_METASTASES, _bone_points),
    Item.of("Primary tumour", [level("primary_tumour")], _primary_points),
)
_ORIGINAL = (
    *_MODIFIED,
    Item.of("No pathological fracture", [level("pathological_fracture")], lambda fracture: 1 - fracture),
)


def _two_points_from_three(*states: int) -> int:
    visceral, brain, spine, outside, given, primary = states
    modified = _visceral_points(visceral, brain) + _bone_points(spine, outside, given) + _primary_points(primary)
    return 2 if modified >= 3 else 0


_NESMS = (
    Item.of(
        "Modified Bauer score of 3 or more",
        [*VISCERAL_OR_BRAIN, *BONE_METASTASES, level("primary_tumour")],
        _two_points_from_three,
    ),
    Item.of("Walks independently", [level("ambulatory_status")], lambda status: int(status == 2)),
    Item.of("Albumin of 3.5 g/dL or more", [reaches("albumin", 3.5)], lambda reached: reached),
)
_NESMS_CEILING = 3

_BAUER_STRATA = (
    Stratum(0, 1, "less than 6 months", survival_percent(20, 0, 0)),
    Stratum(2, 3, "more than 6 months", survival_percent(71, 50, 25)),
    Stratum(4, 5, "more than 12 months", survival_percent(87, 73, 50)),
)
_MODIFIED_STRATA = (
    Stratum(0, 1, "less than 6 months", survival_percent(50, 29, 7.1)),
    Stratum(2, 2, "more than 6 months", survival_percent(82, 65, 45)),
    Stratum(3, 4, "more than 12 months", survival_percent(97, 88, 75)),
)
_NESMS_STRATA = (
    Stratum(0, 0, "0", survival_percent(41, 30, 19)),
    Stratum(1, 1, "1", survival_percent(75, 57, 35)),
    Stratum(2, 2, "2", survival_percent(73, 59, 46)),
    Stratum(3, 3, "3", survival_percent(86, 77, 68)),
)


def bauer(columns: Columns) -> ScoreResult:
    """Original Bauer score, 0 to 5 points; higher is better.

    One point each: no visceral metastases; a solitary bone metastasis; primary tumour not in the lung; primary tumour
    breast, kidney, lymphoma or myeloma; no pathological fracture. A brain metastasis counts as visceral.

    Source: Bauer HC, Wedin R. Acta Orthop Scand 1995;66:143-146.

    Examples
    --------
    Breast (2), no visceral metastases (1), several bone metastases (0), no fracture (1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "breast",
    ...         "visceral_metastases": False,
    ...         "brain_metastases": False,
    ...         "spine_metastases": "two",
    ...         "pathological_fracture": False,
    ...     }
    ... )
    >>> float(bauer(patient).value[0])
    4.0
    """
    return total(_ORIGINAL, columns, _BAUER_STRATA)


def modified_bauer(columns: Columns) -> ScoreResult:
    """Modified Bauer score, 0 to 4 points; higher is better.

    The original without the pathological fracture, which told something in long bones and nothing in the spine.

    Source: Leithner A et al. Eur Spine J 2008;17:1488-1495.

    Examples
    --------
    Breast (2), no visceral metastases (1), several bone metastases (0):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "breast",
    ...         "visceral_metastases": False,
    ...         "brain_metastases": False,
    ...         "spine_metastases": "two",
    ...     }
    ... )
    >>> float(modified_bauer(patient).value[0])
    3.0
    """
    return total(_MODIFIED, columns, _MODIFIED_STRATA)


def nesms(columns: Columns) -> ScoreResult:
    """New England Spinal Metastasis Score, 0 to 3 points; higher is better.

    Modified Bauer score of 3 or more 2 points, independent walking 1, albumin of 3.5 g/dL or more 1; a sum of 4 is
    written 3. At three months the published survival of score 2 lies below that of score 1; it is left as published.

    Source: Ghori AK et al. Spine J 2015;15:2345-2350.

    Examples
    --------
    Modified Bauer 3 (2), walks (1), albumin 3.6 g/dL (1), ceiling 3:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "breast",
    ...         "visceral_metastases": False,
    ...         "brain_metastases": False,
    ...         "spine_metastases": "two",
    ...         "ambulatory_status": "independent",
    ...         "albumin": 3.6,
    ...     }
    ... )
    >>> float(nesms(patient).value[0])
    3.0
    """
    return total(_NESMS, columns, _NESMS_STRATA, most=_NESMS_CEILING)


_BRAIN = "A brain metastasis counts as visceral."

SCORES = (
    Score(
        name="bauer",
        label="Bauer score",
        inputs=inputs(_ORIGINAL),
        alternatives=alternatives(_ORIGINAL),
        direction="higher_is_better",
        minimum=0,
        maximum=5,
        strata=_BAUER_STRATA,
        source="Bauer HC, Wedin R. Survival after surgery for spinal and extremity metastases. Acta Orthop Scand "
        "1995;66:143-146",
        compute=bauer,
        survival_source=SURVIVAL_SOURCE,
        notes=_BRAIN,
    ),
    Score(
        name="modified_bauer",
        label="Modified Bauer score",
        inputs=inputs(_MODIFIED),
        alternatives=alternatives(_MODIFIED),
        direction="higher_is_better",
        minimum=0,
        maximum=4,
        strata=_MODIFIED_STRATA,
        source="Leithner A et al. Predictive value of seven preoperative prognostic scoring systems for spinal "
        "metastases. Eur Spine J 2008;17:1488-1495",
        compute=modified_bauer,
        survival_source=SURVIVAL_SOURCE,
        notes=_BRAIN,
    ),
    Score(
        name="nesms",
        label="New England Spinal Metastasis Score",
        inputs=inputs(_NESMS),
        alternatives=alternatives(_NESMS),
        direction="higher_is_better",
        minimum=0,
        maximum=3,
        strata=_NESMS_STRATA,
        source="Ghori AK et al. Modeling 1-year survival after surgery on the metastatic spine. Spine J "
        "2015;15:2345-2350",
        compute=nesms,
        survival_source=SURVIVAL_SOURCE,
        notes=f"{_BRAIN} The published three-month survival does not rise from score 1 to score 2.",
    ),
)
