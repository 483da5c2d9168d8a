"""Whole patients, scored by hand from the published tables."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest

from spinecast.clinical.scores import one_patient, score, scores

MODULES = (
    "columns",
    "growth_groups",
    "tokuhashi",
    "tomita",
    "bauer",
    "katagiri",
    "oswestry",
    "van_der_linden",
    "mizumoto",
    "bollen",
    "sins",
    "nutrition",
    "charlson",
    "radiotherapy",
    "blood_loss",
)

Patient = dict[str, str | float | bool]

FIT: Patient = {
    "primary_tumour": "breast",
    "hormone_dependent_tumour": True,
    "karnofsky_performance_status": 90,
    "ecog_performance_status": "0",
    "spine_metastases": "one",
    "extraspinal_bone_metastases": "none",
    "visceral_metastases": False,
    "brain_metastases": False,
    "disseminated_metastases": False,
    "pathological_fracture": False,
    "frankel_grade": "e",
    "ambulatory_status": "independent",
    "previous_chemotherapy": False,
    "age": 55,
    "albumin": 4.2,
    "platelet_count": 250,
    "calcium": 9.2,
    "bilirubin": 0.5,
    "c_reactive_protein": 0.1,
    "lactate_dehydrogenase": 180,
}
ILL: Patient = {
    "primary_tumour": "lung",
    "molecularly_targeted_therapy": False,
    "karnofsky_performance_status": 30,
    "ecog_performance_status": "4",
    "spine_metastases": "three_or_more",
    "extraspinal_bone_metastases": "three_or_more",
    "visceral_metastases": True,
    "visceral_metastases_removable": False,
    "brain_metastases": True,
    "disseminated_metastases": True,
    "pathological_fracture": True,
    "frankel_grade": "a",
    "ambulatory_status": "not_ambulatory",
    "previous_chemotherapy": True,
    "age": 78,
    "albumin": 2.4,
    "platelet_count": 80,
    "calcium": 11,
    "bilirubin": 2,
    "c_reactive_protein": 12,
    "lactate_dehydrogenase": 600,
}


def value(name: str, patient: Patient) -> float:
    return float(score(name).compute(one_patient(patient)).value[0])


@pytest.mark.parametrize("module", MODULES)
def test_the_worked_example_of_each_docstring_holds(module: str) -> None:
    found = doctest.testmod(import_module(f"spinecast.clinical.scores.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_every_score_has_a_worked_example_and_a_source_in_its_docstring() -> None:
    for entry in scores().values():
        text = entry.compute.__doc__ or ""
        assert ">>>" in text, entry.name
        assert "Source: " in text, entry.name


@pytest.mark.parametrize(
    ("name", "best", "worst"),
    [
        # The ends of each published scale: everything favourable and everything against the patient.
        ("revised_tokuhashi", 15, 0),
        ("tomita", 2, 10),
        ("bauer", 5, 0),
        ("modified_bauer", 4, 0),
        ("nesms", 3, 0),
        ("katagiri_2005", 0, 8),
        ("katagiri_2014", 0, 10),
        ("oswestry_spinal_risk_index", 1, 7),
        ("van_der_linden", 6, 1),  # lung keeps its one point
        ("mizumoto", 0, 14),
        ("bollen", 1, 4),
    ],
)
def test_the_ends_of_the_scale(name: str, best: float, worst: float) -> None:
    assert value(name, FIT) == best
    assert value(name, ILL) == worst


@pytest.mark.parametrize(
    ("name", "patient", "expected"),
    [
        pytest.param("tomita", {**FIT, "primary_tumour": "kidney", "spine_metastases": "two"}, 4, id="Tomita 2001"),
        pytest.param("modified_bauer", {**FIT, "spine_metastases": "two"}, 3, id="Leithner 2008, breast"),
        pytest.param("modified_bauer", {**FIT, "primary_tumour": "colon"}, 3, id="Leithner 2008, colon: not lung"),
        pytest.param("nesms", {**FIT, "albumin": 3.5}, 3, id="Ghori 2015: raw 4 is written 3"),
        pytest.param("nesms", {**FIT, "albumin": 3.4, "ambulatory_status": "with_assistance"}, 2, id="Ghori 2015"),
        pytest.param("nesms", {**ILL, "albumin": 3.5, "ambulatory_status": "independent"}, 2, id="Ghori 2015, Bauer 0"),
        pytest.param("katagiri_2014", {**FIT, "albumin": 3.6}, 1, id="Katagiri 2014: abnormal"),
        pytest.param("katagiri_2014", {**FIT, "albumin": 3.7}, 0, id="Katagiri 2014: 3.7 is normal"),
        pytest.param("katagiri_2014", {**FIT, "platelet_count": 99}, 2, id="Katagiri 2014: one critical value"),
        pytest.param(
            "katagiri_2014",
            {**FIT, "platelet_count": 99, "calcium": 12, "albumin": 2.0},
            2,
            id="Katagiri 2014: three outlying values are no more than one critical",
        ),
        pytest.param("katagiri_2014", {**FIT, "c_reactive_protein": 20}, 1, id="Katagiri 2014: a CRP of 200 mg/L is 1"),
        pytest.param("katagiri_2014", {**FIT, "brain_metastases": True}, 1, id="Katagiri 2014: cerebral"),
        pytest.param("oswestry_spinal_risk_index", {**ILL, "karnofsky_performance_status": 70}, 6, id="Balain 2013"),
        pytest.param("oswestry_spinal_risk_index", {**FIT, "primary_tumour": "colon"}, 4, id="Balain 2013, colon"),
        pytest.param(
            "van_der_linden", {**ILL, "karnofsky_performance_status": 50}, 2, id="van der Linden 2005: lung 1, fair 1"
        ),
        pytest.param("mizumoto", {**FIT, "age": 71}, 1, id="Mizumoto 2008: 71 years"),
        pytest.param("mizumoto", {**FIT, "age": 70}, 0, id="Mizumoto 2008: 70 years"),
        pytest.param("mizumoto", {**FIT, "calcium": 9.2, "albumin": 3.0}, 0, id="Mizumoto 2008: corrected 10.0"),
        pytest.param("mizumoto", {**FIT, "calcium": 9.3, "albumin": 3.0}, 2, id="Mizumoto 2008: corrected 10.1"),
        pytest.param("bollen", {**FIT, "visceral_metastases": True}, 2, id="Bollen 2014: favourable with spread B"),
        pytest.param("bollen", {**FIT, "karnofsky_performance_status": 70}, 2, id="Bollen 2014: favourable, KPS 70 B"),
        pytest.param(
            "bollen",
            {**FIT, "karnofsky_performance_status": 70, "brain_metastases": True},
            3,
            id="Bollen 2014: favourable, KPS 70, spread C",
        ),
        pytest.param("bollen", {**FIT, "primary_tumour": "kidney"}, 2, id="Bollen 2014: moderate B"),
        pytest.param("bollen", {**FIT, "primary_tumour": "lung"}, 3, id="Bollen 2014: unfavourable C"),
    ],
)
def test_patients_scored_by_hand(name: str, patient: Patient, expected: float) -> None:
    assert value(name, patient) == expected


def test_the_two_bauer_scores_disagree_in_exactly_two_situations_in_opposite_directions() -> None:
    # Enumerated in the public implementation that cites Bauer 1995 and Leithner 2008: without a fracture and with one
    # other favourable item the original is more hopeful, with a fracture and three favourable items the modification.
    seen = set()
    for primary in ("lung", "colon", "breast"):
        for visceral in (False, True):
            for spine in ("one", "two"):
                for fracture in (False, True):
                    patient = {
                        **FIT,
                        "primary_tumour": primary,
                        "visceral_metastases": visceral,
                        "spine_metastases": spine,
                        "pathological_fracture": fracture,
                    }
                    columns = one_patient(patient)
                    original, modified = (score(name).compute(columns) for name in ("bauer", "modified_bauer"))
                    bands = int(original.stratum()[0]), int(modified.stratum()[0])
                    others = int(modified.value[0])
                    differs = (not fracture and others == 1) or (fracture and others == 3)
                    assert (bands[0] != bands[1]) == differs
                    if differs:
                        seen.add((fracture, np.sign(bands[0] - bands[1])))
    assert seen == {(False, 1), (True, -1)}


def test_sins_by_component_and_its_bands() -> None:
    # Fisher 2010.
    worst = {
        "sins_location": "junctional",
        "sins_pain": "mechanical",
        "sins_lesion": "lytic",
        "sins_alignment": "subluxation",
        "sins_collapse": "collapse_over_half",
        "sins_posterolateral": "bilateral",
    }
    assert value("sins", worst) == 18
    labels = [band.label for band in score("sins").strata]
    for changes, expected, label in (
        ({"sins_alignment": "normal", "sins_collapse": "collapse_under_half"}, 13, "unstable"),
        ({"sins_alignment": "normal", "sins_collapse": "body_involved_over_half"}, 12, "potentially unstable"),
        ({"sins_alignment": "deformity", "sins_pain": "occasional"}, 14, "unstable"),
        (
            {"sins_alignment": "normal", "sins_pain": "none", "sins_posterolateral": "none", "sins_lesion": "mixed"},
            7,
            "potentially unstable",
        ),
    ):
        result = score("sins").compute(one_patient({**worst, **changes}))
        assert float(result.value[0]) == expected
        assert labels[int(result.stratum()[0])] == label


def test_exactly_half_a_collapse_is_the_users_choice() -> None:
    # The source defines no level for it; there is none in the dictionary, and a percentage is not read.
    assert "vertebral_collapse_percent" not in score("sins").inputs
    with pytest.raises(Exception, match="no level"):
        one_patient({"sins_collapse": "collapse_half"})


@pytest.mark.parametrize(
    ("name", "patient", "label"),
    [
        # Bands of Buzby 1988 and Bouillanne 2005 at their very ends: 41.7 + 15.19 (14.89) x albumin in g/dL.
        ("nutritional_risk_index", {"albumin": 3.8380513, "body_weight": 60, "usual_body_weight": 60}, "mild"),
        ("nutritional_risk_index", {"albumin": 3.9, "body_weight": 60, "usual_body_weight": 60}, "none"),
        ("nutritional_risk_index", {"albumin": 2.7, "body_weight": 60, "usual_body_weight": 60}, "severe"),
        ("geriatric_nutritional_risk_index", {"albumin": 3.7, "body_weight": 60, "ideal_body_weight": 60}, "low"),
        ("geriatric_nutritional_risk_index", {"albumin": 3.9, "body_weight": 60, "ideal_body_weight": 60}, "none"),
        ("prognostic_nutritional_index", {"albumin": 3.5, "lymphocyte_count": 1.0}, "40 to below 45"),
        ("prognostic_nutritional_index", {"albumin": 4.0, "lymphocyte_count": 1.0}, "45 and above"),
        (
            "controlling_nutritional_status",
            {"albumin": 2.4, "total_cholesterol": 90, "lymphocyte_count": 0.7},
            "severe",
        ),
        (
            "controlling_nutritional_status",
            {"albumin": 3.5, "total_cholesterol": 180, "lymphocyte_count": 1.2},
            "normal",
        ),
    ],
)
def test_nutritional_bands(name: str, patient: Patient, label: str) -> None:
    entry = score(name)
    found = int(entry.compute(one_patient(patient)).stratum()[0])
    assert entry.strata[found].label == label


def test_lymphocytes_come_in_thousands_and_are_counted_in_cells() -> None:
    # 1.215 x 10^9/L is 1215/mm3, as in Onodera's formula.
    assert value("prognostic_nutritional_index", {"albumin": 3.7, "lymphocyte_count": 1.215}) == pytest.approx(43.075)


def test_a_band_that_excludes_its_lower_end_leaves_it_to_the_one_below() -> None:
    entry = score("nutritional_risk_index")
    top = entry.strata[-1]
    assert (top.lower, top.lower_included) == (100, False)
