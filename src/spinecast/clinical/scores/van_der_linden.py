"""The van der Linden score."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.clinical.scores.findings import KARNOFSKY, PRIMARIES, SURVIVAL_SOURCE, VISCERAL_OR_BRAIN
from spinecast.clinical.scores.points import Item, inputs, level, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult, Stratum, survival_percent

__all__ = ["PRIMARY_POINTS", "SCORES", "van_der_linden"]

PRIMARY_POINTS: Mapping[str, int] = MappingProxyType(
    {**dict.fromkeys(PRIMARIES, 0), "lung": 1, "prostate": 2, "breast": 3}
)

_ITEMS = (
    Item.of("Karnofsky", [KARNOFSKY], lambda band: band),
    Item.of("Primary tumour", [level("primary_tumour")], lambda primary: PRIMARY_POINTS[PRIMARIES[primary]]),
    Item.of("No visceral metastases", VISCERAL_OR_BRAIN, lambda visceral, brain: 0 if visceral or brain else 1),
)

_STRATA = (
    Stratum(0, 3, "0 to 3", survival_percent(50, 27, 6.3)),
    Stratum(4, 5, "4 to 5", survival_percent(87, 66, 44)),
    Stratum(6, 6, "6", survival_percent(90, 83, 60)),
)


def van_der_linden(columns: Columns) -> ScoreResult:
    """Score of van der Linden and the Dutch Bone Metastasis Study, 0 to 6 points; higher is better.

    Karnofsky 80-100 2, 50-70 1, below 0; primary tumour breast 3, prostate 2, lung 1, other 0; no visceral metastases
    1. A brain metastasis counts as visceral.

    Source: van der Linden YM et al. Cancer 2005;103:320-328.

    Examples
    --------
    Prostate (2), Karnofsky 80 (2), no visceral metastases (1):

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient(
    ...     {
    ...         "primary_tumour": "prostate",
    ...         "karnofsky_performance_status": 80,
    ...         "visceral_metastases": False,
    ...         "brain_metastases": False,
    ...     }
    ... )
    >>> float(van_der_linden(patient).value[0])
    5.0
    """
    return total(_ITEMS, columns, _STRATA)


SCORES = (
    Score(
        name="van_der_linden",
        label="van der Linden score",
        inputs=inputs(_ITEMS),
        direction="higher_is_better",
        minimum=0,
        maximum=6,
        strata=_STRATA,
        source="van der Linden YM et al. Prediction of survival in patients with metastases in the spinal column. "
        "Cancer 2005;103:320-328",
        compute=van_der_linden,
        survival_source=SURVIVAL_SOURCE,
        notes="A brain metastasis counts as visceral.",
    ),
)
