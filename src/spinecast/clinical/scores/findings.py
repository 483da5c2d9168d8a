"""Findings that several scores ask for in the same way, and where the survival of their strata comes from."""

from __future__ import annotations

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.points import given_level, level, reaches

__all__ = [
    "BONE_METASTASES",
    "ECOG",
    "KARNOFSKY",
    "PRIMARIES",
    "SURVIVAL_SOURCE",
    "VISCERAL_OR_BRAIN",
    "several_bone_metastases",
    "severely_limited",
]

SURVIVAL_SOURCE = (
    "Survival at 3, 6 and 12 months of each stratum as taken from the original publications by the external "
    "validation of Bindels et al. 2025 (github.com/rhkuijten/AOSpine-External_Validation at 0375195, scoring notebook)"
)

PRIMARIES = variable("primary_tumour").level_values

KARNOFSKY = reaches("karnofsky_performance_status", 50, 80)
"""0 poor (10 to 40), 1 moderate (50 to 70), 2 good (80 to 100). A value between steps belongs to the step below."""

VISCERAL_OR_BRAIN = (level("visceral_metastases"), level("brain_metastases"))
"""The brain is asked for separately; scores that count it among the viscera read both."""

BONE_METASTASES = (
    level("spine_metastases"),
    level("extraspinal_bone_metastases"),
    given_level("multiple_skeletal_metastases"),
)

ECOG = (level("ecog_performance_status"), given_level("ecog_3_or_4"))


def several_bone_metastases(spine: int, outside: int, given: int) -> bool:
    """Say whether there is more than one bone metastasis, from the states of `BONE_METASTASES`.

    One vertebra and nothing outside the spine is solitary; a second vertebra or any bone outside makes several.
    """
    return given == 1 if given < 2 else spine > 0 or outside > 0


def severely_limited(status: int, given: int) -> bool:
    """Say whether the ECOG performance status is 3 or 4, from the states of `ECOG`."""
    return given == 1 if given < 2 else status >= 3
