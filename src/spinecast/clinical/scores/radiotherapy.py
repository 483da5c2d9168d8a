"""What a radiotherapy schedule amounts to."""

from __future__ import annotations

from spinecast.clinical.formulas import (
    ALPHA_BETA_LATE_BONE_GY,
    ALPHA_BETA_TUMOUR_GY,
    biologically_effective_dose,
    equivalent_dose_in_2_gray,
)
from spinecast.clinical.scores.ranges import Slope, limits, monotone
from spinecast.clinical.scores.score import Columns, FloatArray, Score, ScoreResult

__all__ = ["SCORES", "bed_3", "bed_10", "eqd2_10"]

_SCHEDULE: dict[str, Slope] = {"prescribed_dose": "rises", "fractions": "falls"}
_FOWLER = (
    "Fowler JF. The linear-quadratic formula and progress in fractionated radiotherapy. Br J Radiol 1989;62:679-694"
)
_DISPUTED = "Whether the linear-quadratic model holds at 10 Gy a fraction and more is disputed."


def _bone(dose: FloatArray, fractions: FloatArray) -> FloatArray:
    return biologically_effective_dose(dose, fractions, ALPHA_BETA_LATE_BONE_GY)


def _tumour(dose: FloatArray, fractions: FloatArray) -> FloatArray:
    return biologically_effective_dose(dose, fractions, ALPHA_BETA_TUMOUR_GY)


def _tumour_in_2_gray(dose: FloatArray, fractions: FloatArray) -> FloatArray:
    return equivalent_dose_in_2_gray(dose, fractions, ALPHA_BETA_TUMOUR_GY)


def bed_3(columns: Columns) -> ScoreResult:
    """Biologically effective dose for late effects on bone, alpha/beta 3 Gy, in Gy; higher is worse (fracture).

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Examples
    --------
    27 Gy in 3 fractions:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> float(bed_3(one_patient({"prescribed_dose": 27, "fractions": 3})).value[0])
    108.0
    """
    return monotone(_bone, _SCHEDULE, columns, index="bed_3")


def bed_10(columns: Columns) -> ScoreResult:
    """Biologically effective dose for tumour, alpha/beta 10 Gy, in Gy; higher is better (local control).

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Examples
    --------
    30 Gy in 5 fractions:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> float(bed_10(one_patient({"prescribed_dose": 30, "fractions": 5})).value[0])
    48.0
    """
    return monotone(_tumour, _SCHEDULE, columns, index="bed_10")


def eqd2_10(columns: Columns) -> ScoreResult:
    """Dose in 2 Gy fractions that would affect the tumour alike, alpha/beta 10 Gy, in Gy; higher is better.

    Source: Fowler JF. Br J Radiol 1989;62:679-694.

    Examples
    --------
    30 Gy in 10 fractions:

    >>> from spinecast.clinical.scores.columns import one_patient
    >>> float(eqd2_10(one_patient({"prescribed_dose": 30, "fractions": 10})).value[0])
    32.5
    """
    return monotone(_tumour_in_2_gray, _SCHEDULE, columns, index="eqd2_10")


_BONE_ENDS, _TUMOUR_ENDS, _EQUIVALENT_ENDS = (
    limits(formula, _SCHEDULE, index=index)
    for formula, index in ((_bone, "bed_3"), (_tumour, "bed_10"), (_tumour_in_2_gray, "eqd2_10"))
)

SCORES = (
    Score(
        name="bed_3",
        label="Biologically effective dose, bone (Gy)",
        inputs=tuple(_SCHEDULE),
        direction="higher_is_worse",
        minimum=_BONE_ENDS[0],
        maximum=_BONE_ENDS[1],
        strata=(),
        source=_FOWLER,
        compute=bed_3,
        notes=_DISPUTED,
    ),
    Score(
        name="bed_10",
        label="Biologically effective dose, tumour (Gy)",
        inputs=tuple(_SCHEDULE),
        direction="higher_is_better",
        minimum=_TUMOUR_ENDS[0],
        maximum=_TUMOUR_ENDS[1],
        strata=(),
        source=_FOWLER,
        compute=bed_10,
        notes=_DISPUTED,
    ),
    Score(
        name="eqd2_10",
        label="Equivalent dose in fractions of 2 Gy, tumour (Gy)",
        inputs=tuple(_SCHEDULE),
        direction="higher_is_better",
        minimum=_EQUIVALENT_ENDS[0],
        maximum=_EQUIVALENT_ENDS[1],
        strata=(),
        source=_FOWLER,
        compute=eqd2_10,
        notes=_DISPUTED,
    ),
)
