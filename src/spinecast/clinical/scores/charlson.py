"""The Charlson comorbidity index, without and with points for age."""

from __future__ import annotations

from spinecast.clinical.formulas import CHARLSON_SUPERSEDED_BY, CHARLSON_WEIGHTS, charlson_age_points
from spinecast.clinical.scores.points import Item, inputs, level, reaches, total
from spinecast.clinical.scores.score import Columns, Score, ScoreResult

__all__ = ["SCORES", "charlson_index", "charlson_index_with_age"]

_AGES = (50, 60, 70, 80)


def _condition(name: str) -> Item:
    weight = CHARLSON_WEIGHTS[name]
    return Item.of(name, [level(name)], lambda present: weight * present)


def _graded(mild: str, severe: str) -> Item:
    mild_weight, severe_weight = CHARLSON_WEIGHTS[mild], CHARLSON_WEIGHTS[severe]
    return Item.of(
        severe,
        [level(mild), level(severe)],
        lambda has_mild, has_severe: severe_weight if has_severe else mild_weight * has_mild,
    )


_GRADED = tuple(_graded(mild, severe) for mild, severe in CHARLSON_SUPERSEDED_BY.items())
_IN_GRADED = {*CHARLSON_SUPERSEDED_BY, *CHARLSON_SUPERSEDED_BY.values()}
_CONDITIONS = (*(_condition(name) for name in CHARLSON_WEIGHTS if name not in _IN_GRADED), *_GRADED)
_AGE = Item.of("Age", [reaches("age", *_AGES)], lambda decades: float(charlson_age_points((0, *_AGES)[decades])))
_WITH_AGE = (*_CONDITIONS, _AGE)


def charlson_index(columns: Columns) -> ScoreResult:
    """Charlson comorbidity index of the conditions beside the cancer that is followed, 0 to 29 points; higher is worse.

    Weights: `spinecast.clinical.formulas.CHARLSON_WEIGHTS`. The 6 points of the metastatic tumour itself, which
    everyone in these cohorts would have, are not added; add them to compare with a published sum that has them.
    Diabetes and liver disease count once, by their severer form.

    Source: Charlson ME et al. J Chronic Dis 1987;40:373-383.

    Examples
    --------
    Myocardial infarction (1), diabetes with retinopathy (2, its milder entry not counted again), hemiplegia (2):

    >>> from spinecast.clinical.formulas import CHARLSON_WEIGHTS
    >>> from spinecast.clinical.scores.columns import one_patient
    >>> present = {"myocardial_infarction", "diabetes", "diabetes_with_end_organ_damage", "hemiplegia"}
    >>> patient = one_patient({name: name in present for name in CHARLSON_WEIGHTS})
    >>> float(charlson_index(patient).value[0])
    5.0
    """
    return total(_CONDITIONS, columns, ())


def charlson_index_with_age(columns: Columns) -> ScoreResult:
    """Charlson index of the conditions plus one point for each decade from 50, at most 4; 0 to 33 points.

    Source: Charlson M et al. J Clin Epidemiol 1994;47:1245-1251.

    Examples
    --------
    Dementia (1) at 72 years (3):

    >>> from spinecast.clinical.formulas import CHARLSON_WEIGHTS
    >>> from spinecast.clinical.scores.columns import one_patient
    >>> patient = one_patient({**{name: name == "dementia" for name in CHARLSON_WEIGHTS}, "age": 72})
    >>> float(charlson_index_with_age(patient).value[0])
    4.0
    """
    return total(_WITH_AGE, columns, ())


_INDEX_CANCER = "The cancer that is followed is not counted among the conditions."

SCORES = (
    Score(
        name="charlson_index",
        label="Charlson comorbidity index",
        inputs=inputs(_CONDITIONS),
        direction="higher_is_worse",
        minimum=0,
        maximum=29,
        strata=(),
        source="Charlson ME et al. A new method of classifying prognostic comorbidity in longitudinal studies. J "
        "Chronic Dis 1987;40:373-383",
        compute=charlson_index,
        notes=_INDEX_CANCER,
    ),
    Score(
        name="charlson_index_with_age",
        label="Charlson comorbidity index with age",
        inputs=inputs(_WITH_AGE),
        direction="higher_is_worse",
        minimum=0,
        maximum=33,
        strata=(),
        source="Charlson M et al. Validation of a combined comorbidity index. J Clin Epidemiol 1994;47:1245-1251",
        compute=charlson_index_with_age,
        notes=_INDEX_CANCER,
    ),
)
