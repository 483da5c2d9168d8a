"""Derived variables against truth tables of their sources, and against every completion of what is missing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.clinical.derivations import DERIVATIONS, derive
from spinecast.clinical.dictionary import variable, variables
from spinecast.errors import ContractError

DERIVED = [name for name, entry in variables().items() if entry.is_derived]
NAN = float("nan")


def code(name: str, value: str | float | bool | None) -> float:
    """Write a value in the coding of the matrix."""
    if value is None:
        return NAN
    if isinstance(value, str):
        return float(variable(name).level_values.index(value))
    return float(value)


def derived(name: str, **inputs: str | float | bool | None) -> str | float | None:
    found = derive(name, {each: np.array([code(each, value)]) for each, value in inputs.items()})
    assert found.shape == (1,)
    if np.isnan(found[0]):
        return None
    return variable(name).level_values[int(found[0])] if variable(name).is_levelled else float(found[0])


def test_every_derived_variable_has_a_derivation_and_no_other_has() -> None:
    assert set(DERIVATIONS) == set(DERIVED)


def test_what_is_not_derived_cannot_be() -> None:
    with pytest.raises(ValueError, match="follows from no other"):
        derive("albumin", {"calcium": np.array([9.0])})
    with pytest.raises(ValueError, match="without any column"):
        derive("asia_impaired", {})
    with pytest.raises(ContractError, match="did you mean body_mass_index"):
        derive("body_mass_indx", {"age": np.array([60.0])})


# Katagiri H et al. Cancer Med 2014;3:1359-1367, table of primary lesions.
KATAGIRI = {
    "slow": "thyroid multiple_myeloma lymphoma",
    "moderate": "kidney uterus ovary sarcoma osteosarcoma carcinoid other",
    "rapid": "liver gallbladder stomach colon rectum oesophagus pancreas bladder other_urological cervix head_and_neck "
    "melanoma unknown_primary",
}


@pytest.mark.parametrize(
    ("primary", "group"), [(primary, group) for group, names in KATAGIRI.items() for primary in names.split()]
)
@pytest.mark.parametrize("status", [None, True, False])
def test_most_primaries_grow_the_same_whatever_is_given(primary: str, group: str, status: bool | None) -> None:
    inputs = {"hormone_dependent_tumour": status, "molecularly_targeted_therapy": status}
    assert derived("tumour_growth_group", primary_tumour=primary, **inputs) == group


@pytest.mark.parametrize(
    ("primary", "hormone", "targeted", "group"),
    [
        ("breast", True, None, "slow"),
        ("breast", False, None, "moderate"),
        ("breast", None, True, None),
        ("prostate", True, False, "slow"),
        ("prostate", False, True, "moderate"),
        ("prostate", None, None, None),
        ("lung", None, True, "moderate"),
        ("lung", None, False, "rapid"),
        ("lung", True, None, None),
        (None, True, True, None),
    ],
)
def test_treatability_decides_for_breast_prostate_and_lung(
    primary: str | None, hormone: bool | None, targeted: bool | None, group: str | None
) -> None:
    inputs = {"hormone_dependent_tumour": hormone, "molecularly_targeted_therapy": targeted}
    assert derived("tumour_growth_group", primary_tumour=primary, **inputs) == group


def test_every_primary_is_in_the_truth_table() -> None:
    named = {primary for names in KATAGIRI.values() for primary in names.split()} | {"breast", "prostate", "lung"}
    assert named == set(variable("primary_tumour").level_values)


@pytest.mark.parametrize(
    ("name", "source", "present"),
    [
        ("asia_impaired", "asia_impairment_scale", "a b c d"),
        ("ecog_3_or_4", "ecog_performance_status", "3 4"),
        ("three_or_more_spine_metastases", "spine_metastases", "three_or_more"),
        ("high_grade_compression", "bilsky_grade", "2 3"),
    ],
)
def test_two_groups_of_an_ordered_scale(name: str, source: str, present: str) -> None:
    for level in variable(source).level_values:
        assert derived(name, **{source: level}) == ("present" if level in present.split() else "absent")
    assert derived(name, **{source: None}) is None


@pytest.mark.parametrize(
    ("spine", "elsewhere", "answer"),
    [
        ("one", "none", "absent"),
        ("one", "one_or_two", "present"),
        ("two", "none", "present"),
        ("three_or_more", None, "present"),
        (None, "three_or_more", "present"),
        ("one", None, None),
        (None, "none", None),
        (None, None, None),
    ],
)
def test_more_than_one_bone_metastasis(spine: str | None, elsewhere: str | None, answer: str | None) -> None:
    found = derived("multiple_skeletal_metastases", spine_metastases=spine, extraspinal_bone_metastases=elsewhere)
    assert found == answer


# Fisher CG et al. Spine 2010;35:E1221-E1229: occiput-C2, C7-T2, T11-L1, L5-S1; C3-C6, L2-L4; T3-T10; S2-S5.
LOCATIONS = {
    "junctional": "c1 c2 c7 t1 t2 t11 t12 l1 l5 s1",
    "mobile": "c3 c4 c5 c6 l2 l3 l4",
    "semirigid": "t3 t4 t5 t6 t7 t8 t9 t10",
    "rigid": "s2 s3 s4 s5",
}


def test_where_every_vertebra_lies() -> None:
    named = {level: location for location, levels in LOCATIONS.items() for level in levels.split()}
    assert set(named) == set(variable("spinal_level").level_values)
    regions = {"c": "cervical", "t": "thoracic", "l": "lumbar", "s": "sacral"}
    for level, location in named.items():
        assert derived("sins_location", spinal_level=level) == location
        assert derived("spinal_region", spinal_level=level) == regions[level[0]]


def test_instability_score_of_a_published_example_and_its_ends() -> None:
    """T12, mechanical pain, lytic, normal alignment, collapse under half, both sides: 3+3+2+0+2+3 = 13."""
    rest = {
        "sins_pain": "mechanical",
        "sins_lesion": "lytic",
        "sins_alignment": "normal",
        "sins_collapse": "collapse_under_half",
        "sins_posterolateral": "bilateral",
    }
    assert derived("sins_total", spinal_level="t12", **rest) == 13
    assert derived("sins_total", sins_location="junctional", **rest) == 13
    assert derived("sins_total", sins_location="mobile", spinal_level="t12", **rest) == 12
    assert derived("sins_total", sins_location=None, spinal_level="t12", **rest) == 13
    assert derived("sins_total", **rest) is None
    worst = {name: variable(name).level_values[-1] for name in variable("sins_total").derived_from}
    best = {name: variable(name).level_values[0] for name in variable("sins_total").derived_from}
    assert (derived("sins_total", **worst), derived("sins_total", **best)) == (18, 0)


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("body_mass_index", {"body_height": 175, "body_weight": 70}, 22.857142857142858),
        ("prognostic_nutritional_index", {"albumin": 3.7, "lymphocyte_count": 1.215}, 43.075),
        ("nutritional_risk_index", {"albumin": 3.7, "body_weight": 66.5, "usual_body_weight": 70}, 95.818),
        ("geriatric_nutritional_risk_index", {"albumin": 3.5, "body_weight": 54, "ideal_body_weight": 60}, 89.645),
        ("geriatric_nutritional_risk_index", {"albumin": 3.5, "body_weight": 90, "ideal_body_weight": 60}, 93.815),
        ("neutrophil_lymphocyte_ratio", {"neutrophil_count": 6, "lymphocyte_count": 1.2}, 5.0),
        ("platelet_lymphocyte_ratio", {"platelet_count": 240, "lymphocyte_count": 1.2}, 200.0),
        ("platelet_lymphocyte_ratio", {"platelet_count": 240, "lymphocyte_count": 0}, None),
        ("corrected_calcium", {"calcium": 9.6, "albumin": 3.0}, 10.4),
        ("bed_3", {"prescribed_dose": 27, "fractions": 3}, 108.0),
        ("bed_10", {"prescribed_dose": 20, "fractions": 4}, 30.0),
        ("bed_10", {"prescribed_dose": 40, "fractions": 5}, 72.0),
        ("eqd2_10", {"prescribed_dose": 30, "fractions": 10}, 32.5),
        ("fixation_length_three_or_more", {"fixation_length": 3}, "present"),
        ("fixation_length_three_or_more", {"fixation_length": 2}, "absent"),
        ("controlling_nutritional_status", {"albumin": 3.2, "total_cholesterol": 150, "lymphocyte_count": 1}, 5.0),
        ("controlling_nutritional_status", {"albumin": 3.2, "total_cholesterol": 150}, None),
        ("body_mass_index", {"body_height": 175}, None),
    ],
)
def test_worked_values(name: str, inputs: dict[str, float], expected: float | str | None) -> None:
    found = derived(name, **inputs)
    assert found == (pytest.approx(expected, abs=1e-9) if isinstance(expected, float) else expected)


# n d (1 + d / 3) of each prescription by hand: 104 Gy, a published limit for vertebral fracture, or more, or less.
@pytest.mark.parametrize("schedule", [(18, 1), (20, 1), (27, 3), (30, 3), (30, 4), (35, 5), (40, 5)])
def test_schedules_of_a_high_dose_to_bone(schedule: tuple[float, float]) -> None:
    assert derived("bed_3", prescribed_dose=schedule[0], fractions=schedule[1]) >= 104  # type: ignore[operator]


@pytest.mark.parametrize("schedule", [(16, 1), (24, 3), (30, 5), (32.5, 5)])
def test_schedules_of_a_low_dose_to_bone(schedule: tuple[float, float]) -> None:
    assert derived("bed_3", prescribed_dose=schedule[0], fractions=schedule[1]) < 104  # type: ignore[operator]


CONDITIONS = variable("charlson_index").derived_from


def test_other_illnesses_are_absent_only_when_each_is_known_to_be() -> None:
    nothing = dict.fromkeys(CONDITIONS, False)
    assert derived("other_charlson_comorbidity", **nothing) == "absent"
    assert derived("other_charlson_comorbidity", **{**nothing, "dementia": None}) is None
    assert derived("other_charlson_comorbidity", dementia=True) == "present"
    assert derived("charlson_index", **nothing) == 0
    assert derived("charlson_index", **{**nothing, "hemiplegia": True, "dementia": True}) == 3
    assert derived("charlson_index", **dict.fromkeys(CONDITIONS, True)) == 29
    # Of two forms of one disease the severer counts, so whether the milder one is there does not matter.
    assert derived("charlson_index", **{**nothing, "diabetes_with_end_organ_damage": True, "diabetes": None}) == 2


LEVELLED = [
    name
    for name in DERIVED
    if variable(name).is_levelled and all(variable(each).is_levelled for each in variable(name).derived_from)
]


@pytest.mark.parametrize("name", LEVELLED)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_it_is_known_exactly_when_every_completion_agrees(name: str, data: st.DataObject) -> None:
    inputs = variable(name).derived_from
    levels = {each: range(len(variable(each).levels)) for each in inputs}
    unknown = data.draw(st.lists(st.sampled_from(inputs), max_size=4, unique=True))
    known = {each: data.draw(st.sampled_from(levels[each])) for each in inputs if each not in unknown}
    partial = derive(name, {each: np.array([known.get(each, NAN)], dtype=float) for each in inputs})[0]
    completions = [
        derive(name, {each: np.array([{**known, **dict(zip(unknown, choice, strict=True))}[each]]) for each in inputs})[
            0
        ]
        for choice in product(*(levels[each] for each in unknown))
    ]
    assert not np.isnan(completions).any()
    expected = completions[0] if len(set(completions)) == 1 else NAN
    assert partial == expected or (np.isnan(partial) and np.isnan(expected))


@pytest.mark.parametrize("name", DERIVED)
def test_missing_in_missing_out_and_possible_in_possible_out(name: str) -> None:
    inputs = variable(name).derived_from
    count = 500
    generator = np.random.default_rng(1)
    columns = {each: _usual(each, count, generator) for each in inputs}
    found = derive(name, columns)
    assert found.shape == (count,)
    possible = variable(name).possible
    known = found[~np.isnan(found)]
    assert len(known)
    assert possible.contains(known).all() if possible else np.isin(known, range(len(variable(name).levels))).all()
    assert np.isnan(derive(name, {each: np.full(3, NAN) for each in inputs})).all()


def _usual(name: str, count: int, generator: np.random.Generator) -> np.ndarray:
    entry = variable(name)
    if entry.is_levelled:
        return generator.integers(0, len(entry.levels), count).astype(float)
    assert entry.plausible is not None
    return generator.uniform(entry.plausible.lower, entry.plausible.upper, count)
