"""The Spinal Instability Neoplastic Score."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.points import Item, inputs, level, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum

__all__ = ["SCORES", "SINS_POINTS", "sins"]

SINS_POINTS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "sins_location": {"rigid": 0, "semirigid": 1, "mobile": 2, "junctional": 3},
        "sins_pain": {"none": 0, "occasional": 1, "mechanical": 3},
        "sins_lesion": {"blastic": 0, "mixed": 1, "lytic": 2},
        "sins_alignment": {"normal": 0, "deformity": 2, "subluxation": 4},
        "sins_collapse": {
            "none": 0,
            "body_involved_over_half": 1,
            "collapse_under_half": 2,
            "collapse_over_half": 3,
        },
        "sins_posterolateral": {"none": 0, "unilateral": 1, "bilateral": 3},
    }
)
"""Points of every level of the six components (Fisher CG et al. Spine 2010;35:E1221-E1229)."""


def _component(name: str, points: Mapping[str, int]) -> Item:
    levels = variable(name).level_values
    return Item.of(variable(name).label, [level(name)], lambda state: points[levels[state]])


_ITEMS = tuple(_component(name, points) for name, points in SINS_POINTS.items())

_STRATA = (Stratum(0, 6, "stable"), Stratum(7, 12, "potentially unstable"), Stratum(13, 18, "unstable"))


def sins(columns: Columns) -> ScoreResult:
    """Spinal Instability Neoplastic Score (SINS), 0 to 18 points; higher is less stable.

    Location rigid (S2-S5) 0, semirigid (T3-T10) 1, mobile (C3-C6, L2-L4) 2, junctional (occiput-C2, C7-T2, T11-L1,
    L5-S1) 3. Pain none 0, occasional and not mechanical 1, mechanical 3. Lesion blastic 0, mixed 1, lytic 2. Alignment
    normal 0, new deformity 2, subluxation or translation 4. Collapse none 0, none but more than half of the body
    involved 1, less than half 2, more than half 3. Posterolateral elements none 0, one side 1, both 3.

    A collapse of exactly half is not defined in the source. The levels of ``sins_collapse`` make who enters it choose,
    and it is never read from a percentage. From 7 points on a surgeon should see the patient.

    Source: Fisher CG et al. Spine 2010;35:E1221-E1229.

    Examples
    --------
    T12 (3), mechanical pain (3), lytic (2), normal alignment (0), collapse of less than half (2), both sides (3):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "sins_location": "junctional",
    ...         "sins_pain": "mechanical",
    ...         "sins_lesion": "lytic",
    ...         "sins_alignment": "normal",
    ...         "sins_collapse": "collapse_under_half",
    ...         "sins_posterolateral": "bilateral",
    ...     }
    ... )
    >>> float(sins(patient).value[0])
    13.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="sins",
        label="Spinal Instability Neoplastic Score",
        inputs=inputs(_ITEMS),
        direction="higher_is_worse",
        minimum=0,
        maximum=18,
        strata=_STRATA,
        source="Fisher CG et al. A novel classification system for spinal instability in neoplastic disease. Spine "
        "2010;35:E1221-E1229",
        compute=sins,
        notes="A collapse of exactly half is not defined in the source: who enters it chooses the level.",
    ),
)
