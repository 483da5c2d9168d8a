"""Errors of published scoring code that must not come back.

Found in the scoring notebook of github.com/rhkuijten/AOSpine-External_Validation at 0375195 (published with Bindels et
al. 2025) and in its crawler. Each test fails with the error in place.
"""

from __future__ import annotations

import numpy as np
import pytest

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import one_patient, score, scores

NO_SPREAD = {
    "spine_metastases": "one",
    "extraspinal_bone_metastases": "none",
    "visceral_metastases": False,
    "brain_metastases": False,
}
NORMAL_LABORATORY = {
    "platelet_count": 250,
    "calcium": 9.2,
    "bilirubin": 0.5,
    "c_reactive_protein": 0.1,
    "lactate_dehydrogenase": 180,
    "albumin": 4.2,
}


def katagiri(**laboratory: float) -> float:
    patient = {
        **NO_SPREAD,
        "disseminated_metastases": False,
        "primary_tumour": "thyroid",
        "ecog_performance_status": "1",
        "previous_chemotherapy": False,
        **NORMAL_LABORATORY,
        **laboratory,
    }
    return float(score("katagiri_2014").compute(one_patient(patient)).value[0])


@pytest.mark.parametrize("drugs", [False, True])
def test_1_a_lung_cancer_never_earns_the_not_lung_point(drugs: bool) -> None:
    # `primary != lungA or primary != lungB` is true of every tumour.
    patient = {**NO_SPREAD, "primary_tumour": "lung", "molecularly_targeted_therapy": drugs}
    assert float(score("modified_bauer").compute(one_patient(patient)).value[0]) == 2
    walks = {**patient, "ambulatory_status": "not_ambulatory", "albumin": 3.0}
    assert float(score("nesms").compute(one_patient(walks)).value[0]) == 0


def test_2_c_reactive_protein_is_abnormal_from_four_tenths_mg_per_dl() -> None:
    # `CRP_mgL/10 >= 4` asks for 40 mg/L instead of 4.
    assert katagiri(c_reactive_protein=0.39) == 0
    assert katagiri(c_reactive_protein=0.4) == 1
    assert katagiri(c_reactive_protein=3.9) == 1


def test_2b_four_mg_per_litre_of_c_reactive_protein_are_abnormal_after_conversion() -> None:
    four = float(variable("c_reactive_protein").conversion("mg/L").to_canonical(4))
    assert katagiri(c_reactive_protein=four) == 1


def test_3_lactate_dehydrogenase_is_abnormal_at_250_and_not_only_above() -> None:
    assert katagiri(lactate_dehydrogenase=249) == 0
    assert katagiri(lactate_dehydrogenase=250) == 1


def test_4_a_tumour_earns_one_entry_of_a_table_and_not_two() -> None:
    # Non-exclusive ifs gave a rectal cancer 2 + 4 = 6 on an item that ends at 5.
    best = {
        "karnofsky_performance_status": 90,
        "extraspinal_bone_metastases": "none",
        "spine_metastases": "one",
        "visceral_metastases": False,
        "frankel_grade": "e",
    }
    totals = {
        name: float(score("revised_tokuhashi").compute(one_patient({**best, "primary_tumour": name})).value[0])
        for name in variable("primary_tumour").level_values
    }
    assert totals["rectum"] == 14
    assert totals["colon"] == 12
    assert max(totals.values()) == 15


@pytest.mark.parametrize(("primary", "points"), [("sarcoma", 2), ("osteosarcoma", 0), ("carcinoid", 5), ("bladder", 0)])
def test_5_no_tumour_falls_through_the_tokuhashi_table(primary: str, points: int) -> None:
    worst = {
        "karnofsky_performance_status": 20,
        "extraspinal_bone_metastases": "three_or_more",
        "spine_metastases": "three_or_more",
        "visceral_metastases": True,
        "visceral_metastases_removable": False,
        "frankel_grade": "a",
    }
    found = score("revised_tokuhashi").compute(one_patient({**worst, "primary_tumour": primary}))
    assert float(found.value[0]) == points


def test_6_expectations_of_nobody_or_everybody_are_marked_and_not_clipped() -> None:
    # Clipped to 1e-15 they gave calibration slopes of .02 to .15 that mean nothing.
    marked = {
        name: [(band.label, band.deterministic_days) for band in entry.strata if band.deterministic_days]
        for name, entry in scores().items()
    }
    assert marked["tomita"] == [
        ("wide or marginal excision", (90, 180, 365)),
        ("marginal or intralesional excision", (90, 180, 365)),
        ("palliative surgery", (90, 180, 365)),
        ("supportive care", (90, 180, 365)),
    ]
    assert marked["oswestry_spinal_risk_index"] == [("6", (365,)), ("7", (90, 180, 365))]
    assert ("10", (90, 180, 365)) in marked["katagiri_2014_individual"]
    assert marked["modified_bauer"] == []
    expected = score("tomita").compute(
        one_patient({"primary_tumour": "lung", "visceral_metastases": True, "visceral_metastases_removable": False})
    )
    assert expected.expected_survival(90).tolist() == [0.0]


def test_7_previous_chemotherapy_and_previous_systemic_therapy_are_two_inputs() -> None:
    # The crawler fed the one into the field of the other.
    for entry in scores().values():
        assert "previous_systemic_therapy" not in entry.read_variables
    base = {**NO_SPREAD, "disseminated_metastases": False, "primary_tumour": "thyroid", "ecog_performance_status": "1"}
    treated = one_patient({**base, **NORMAL_LABORATORY, "previous_systemic_therapy": True})
    result = score("katagiri_2014").compute(treated)
    assert (float(result.lower[0]), float(result.upper[0])) == (0, 1)  # whether it was chemotherapy is not known


@pytest.mark.parametrize("name", ["bauer", "modified_bauer", "nesms", "van_der_linden", "mizumoto", "bollen"])
def test_8_an_input_that_is_used_is_an_input_that_can_be_missing(name: str) -> None:
    # The brain was used and not among the columns checked for missing values.
    entry = score(name)
    patient = {
        **NO_SPREAD,
        **NORMAL_LABORATORY,
        "spine_metastases": "two",
        "primary_tumour": "breast",
        "pathological_fracture": False,
        "ambulatory_status": "not_ambulatory",
        "karnofsky_performance_status": 90,
        "ecog_performance_status": "1",
        "previous_chemotherapy": False,
        "age": 60,
    }
    del patient["brain_metastases"]
    result = entry.compute(one_patient(patient))
    assert "brain_metastases" in entry.inputs
    assert result.lower[0] < result.upper[0]
    assert np.isnan(result.value[0])


def test_a_review_that_prints_three_for_rapid_growth_is_not_followed() -> None:
    # Tomita 2001 gives rapid growth 4 points.
    patient = {**NO_SPREAD, "primary_tumour": "stomach"}
    assert float(score("tomita").compute(one_patient(patient)).value[0]) == 4 + 0 + 1


def test_a_vertebral_item_without_a_zero_is_the_published_one() -> None:
    # Copies print "three or more / 1-2 / 0"; a person with a spinal metastasis has at least one.
    assert variable("spine_metastases").level_values == ("one", "two", "three_or_more")
    points = [
        float(
            score("revised_tokuhashi")
            .compute(one_patient({"spine_metastases": name, "primary_tumour": "lung"}))
            .lower[0]
        )
        for name in ("one", "two", "three_or_more")
    ]
    assert points == [2, 1, 0]
