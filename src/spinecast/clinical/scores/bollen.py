"""The Bollen model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.clinical.scores.findings import PRIMARIES, SURVIVAL_SOURCE, VISCERAL_OR_BRAIN
from spinecast.clinical.scores.points import Item, inputs, level, reaches, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent
from spinecast.clinical.scores.tomita import TOMITA_GROUP

__all__ = ["CLINICAL_PROFILE", "SCORES", "bollen"]

_PROFILE_OF_GROUP = {"slow": "favourable", "moderate": "moderate", "rapid": "unfavourable"}

CLINICAL_PROFILE: Mapping[str, str] = MappingProxyType(
    {name: _PROFILE_OF_GROUP[group] for name, group in TOMITA_GROUP.items()} | {"prostate": "moderate"}
)
"""Clinical profile of every primary tumour: Tomita's groups renamed, with prostate cancer moved to moderate.

Bollen L. Predicting survival in patients with spinal bone metastases (thesis), pages 44 and 54: prostate cancer is
taken out of the slow group, and the groups are renamed because growth is not all that decides.
"""

_A, _B, _C, _D = 1, 2, 3, 4


def _category(primary: int, functioning: int, visceral: int, brain: int) -> int:
    """Walk the published flow chart; `functioning` is 1 for a Karnofsky of 80 or more."""
    profile = CLINICAL_PROFILE[PRIMARIES[primary]]
    if profile == "moderate":
        return _B if functioning else _C
    if profile == "unfavourable":
        return _C if functioning else _D
    spread = bool(visceral or brain)
    return (_B if spread else _A) if functioning else (_C if spread else _B)


_ITEMS = (
    Item.of(
        "Category",
        [level("primary_tumour"), reaches("karnofsky_performance_status", 80), *VISCERAL_OR_BRAIN],
        _category,
    ),
)

_STRATA = (
    Stratum(_A, _A, "A", survival_percent(96, 84, 78)),
    Stratum(_B, _B, "B", survival_percent(85, 71, 58)),
    Stratum(_C, _C, "C", survival_percent(60, 40, 17)),
    Stratum(_D, _D, "D", survival_percent(27, 14, 4.5)),
)


def bollen(columns: Columns) -> ScoreResult:
    """Bollen model, categories A to D written 1 to 4; higher is worse.

    Favourable profile: Karnofsky 80-100 without visceral or brain metastases A, with them B; lower without B, with C.
    Moderate profile: Karnofsky 80-100 B, lower C. Unfavourable profile: Karnofsky 80-100 C, lower D.

    Source: Bollen L et al. Neuro Oncol 2014;16:991-998.

    Examples
    --------
    Breast at Karnofsky 90 with brain metastases, category B:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {"primary_tumour": "breast", "karnofsky_performance_status": 90, "brain_metastases": True}
    ... )
    >>> float(bollen(patient).value[0])
    2.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="bollen",
        label="Bollen model",
        inputs=inputs(_ITEMS),
        direction="higher_is_worse",
        minimum=_A,
        maximum=_D,
        strata=_STRATA,
        source="Bollen L et al. Prognostic factors associated with survival in patients with symptomatic spinal bone "
        "metastases. Neuro Oncol 2014;16:991-998",
        compute=bollen,
        survival_source=SURVIVAL_SOURCE,
        notes="Categories A to D are written 1 to 4. Haematological, unknown and rare primary tumours were left out of "
        "its development; here they have the profile that goes with their growth.",
    ),
)
