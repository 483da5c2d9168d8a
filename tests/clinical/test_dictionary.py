"""The dictionary holds together as a whole."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import yaml

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable
from spinecast.cohorts.rules import MISSING_TEXT, canonical_key
from spinecast.errors import ContractError

EVERY = [pytest.param(entry, id=name) for name, entry in variables().items()]
PREDICTORS = [entry for entry in variables().values() if entry.role == "predictor"]


def test_names_are_their_keys() -> None:
    assert all(name == entry.name for name, entry in variables().items())
    assert len({entry.label for entry in variables().values()}) == len(variables())


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(ContractError, match="did you mean creatinine"):
        variable("creatinin")
    assert variable("creatinine").unit_symbol == "mg/dL"


def test_it_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        variables()["age"] = variable("sex")  # type: ignore[index]


@pytest.mark.parametrize("entry", EVERY)
def test_help_is_a_sentence_and_codes_are_well_formed(entry: Variable) -> None:
    assert entry.help.endswith(".")
    for code in (*entry.codes, *(code for level in entry.levels for code in level.codes)):
        if code.code.startswith("LA"):  # an answer of LOINC's own lists
            assert re.fullmatch(r"LA\d{1,6}-\d", code.code)
        elif code.system == "LOINC":
            assert re.fullmatch(r"\d{1,7}-\d", code.code)
            assert _loinc_check_digit(code.code.split("-")[0]) == code.code[-1]
        elif code.system == "ATC":  # a group or a substance, WHO's five levels
            assert re.fullmatch(r"[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?", code.code)
        else:
            assert _verhoeff_valid(code.code)


def _loinc_check_digit(number: str) -> str:
    """Mod-10 check digit of LOINC (LOINC Users' Guide, appendix C): an error in one digit is found."""
    odd = str(int("".join(reversed(number))[::2]) * 2)
    even = "".join(reversed(number))[1::2]
    total = sum(int(digit) for digit in even + odd)
    return str(-total % 10)


def _verhoeff_valid(number: str) -> bool:
    """Verhoeff check of a SNOMED CT identifier (SNOMED CT Release File Specification 5.3)."""
    multiply = [[(a + b) % 5 if a < 5 and b < 5 else 0 for b in range(10)] for a in range(10)]
    for a in range(10):
        for b in range(10):
            if a < 5 <= b:
                multiply[a][b] = 5 + (a + b) % 5
            elif b < 5 <= a:
                multiply[a][b] = 5 + (a - b) % 5
            elif a >= 5 and b >= 5:
                multiply[a][b] = (a - b) % 5
    permute = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    check = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit)
        for _ in range(position % 8):
            value = permute[value]
        check = multiply[check][value]
    return check == 0


def test_the_check_digits_catch_a_wrong_digit() -> None:
    assert _loinc_check_digit("1751") == "7"
    assert _loinc_check_digit("1752") != "7"
    assert _verhoeff_valid("73211009")
    assert not _verhoeff_valid("73211008")


def test_a_code_names_one_predictor() -> None:
    codes = Counter((code.system, code.code) for entry in PREDICTORS for code in entry.codes)
    assert [code for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize("entry", EVERY)
def test_what_it_refers_to_is_there(entry: Variable) -> None:
    for name in entry.derived_from:
        assert entry.name not in variable(name).derived_from
        assert variable(name).role == "predictor"
    if entry.asked_if:
        other = variable(entry.asked_if.variable)
        assert set(entry.asked_if.levels) < set(other.level_values)


@pytest.mark.parametrize("entry", [e for e in variables().values() if e.is_levelled], ids=lambda e: e.name)
def test_levels_survive_yaml_tables_and_spreadsheets(entry: Variable) -> None:
    """Unquoted in YAML a grade is read as a number, whose text is still the grade; nothing else changes."""
    for value in entry.level_values:
        assert str(yaml.safe_load(value)) == value
        assert canonical_key(value) == value
        assert value.casefold() not in MISSING_TEXT
        if value.isdigit():
            assert canonical_key(int(value)) == canonical_key(float(value)) == value


@pytest.mark.parametrize("entry", [e for e in variables().values() if not e.is_levelled], ids=lambda e: e.name)
def test_a_number_of_usual_size_says_what_is_usual(entry: Variable) -> None:
    assert entry.plausible is not None or entry.role == "comparator"
    assert entry.decimals >= 0


SCALES = {
    "ecog_performance_status": ("0", "1", "2", "3", "4"),
    "frankel_grade": ("a", "b", "c", "d", "e"),
    "asia_impairment_scale": ("a", "b", "c", "d", "e"),
    "nurick_grade": ("0", "1", "2", "3", "4", "5"),
    "motor_grade": ("0", "1", "2", "3", "4", "5"),
    "bilsky_grade": ("0", "1a", "1b", "1c", "2", "3"),
    "sins_location": ("rigid", "semirigid", "mobile", "junctional"),
    "sins_collapse": ("none", "body_involved_over_half", "collapse_under_half", "collapse_over_half"),
    "tumour_growth_group": ("slow", "moderate", "rapid"),
    "spine_metastases": ("one", "two", "three_or_more"),
    "anaesthesia_class": ("1", "2", "3", "4", "5"),
    "ecog_30d": ("0", "1", "2", "3", "4", "5"),
    "nurick_grade_30d": ("0", "1", "2", "3", "4", "5", "died_before_assessment"),
    "frankel_grade_30d": ("died_before_assessment", "a", "b", "c", "d", "e"),
}


@pytest.mark.parametrize("name", SCALES)
def test_ordered_scales_run_as_published(name: str) -> None:
    assert variable(name).kind == "ordinal"
    assert variable(name).level_values == SCALES[name]


@pytest.mark.parametrize("entry", [e for e in variables().values() if e.kind == "ordinal"], ids=lambda e: e.name)
def test_death_before_the_assessment_stands_at_one_end_of_a_scale(entry: Variable) -> None:
    died = entry.died_before_levels
    assert not died or (len(died) == 1 and died[0] in (entry.level_values[0], entry.level_values[-1]))


def test_scales_of_function_are_inputs_of_their_own() -> None:
    """None of them is computed from another: four published tables between ECOG and Karnofsky disagree."""
    function = ("ecog_performance_status", "karnofsky_performance_status", "frankel_grade", "asia_impairment_scale")
    assert all(not variable(name).is_derived for name in (*function, "nurick_grade", "motor_grade"))
    used = {name: [e.name for e in variables().values() if name in e.derived_from] for name in function}
    assert used == {
        "ecog_performance_status": ["ecog_3_or_4"],
        "karnofsky_performance_status": [],
        "frankel_grade": [],
        "asia_impairment_scale": ["asia_impaired"],
    }


def test_every_input_of_the_sorg_models_is_there() -> None:
    """The 18 fields of the SORG web application, in its order."""
    form = (
        "tumour_growth_group ecog_3_or_4 asia_impaired other_charlson_comorbidity visceral_metastases "
        "brain_metastases previous_systemic_therapy three_or_more_spine_metastases body_mass_index hemoglobin "
        "platelet_count lymphocyte_count neutrophil_count creatinine international_normalised_ratio "
        "white_blood_cell_count alkaline_phosphatase albumin"
    )
    fields = form.split()
    assert len(fields) == 18
    assert all(variable(name).role == "predictor" for name in fields)


def test_the_vertebrae_stand_from_head_to_tail() -> None:
    levels = variable("spinal_level").level_values
    assert (len(levels), levels[0], levels[6], levels[18], levels[-1]) == (29, "c1", "c7", "t12", "s5")


def test_other_models_outputs_and_later_facts_are_no_predictors() -> None:
    roles = {name: entry.role for name, entry in variables().items()}
    for name in ("support_survival_2m", "support_survival_6m", "support_physiology_score"):
        assert roles[name] == "comparator"
    for name in ("death", "follow_up_time", "functional_outcome_2m"):
        assert roles[name] == "outcome"
    assert roles["resuscitation_order"] == "after_prediction"
    assert roles["race"] == "subgroup"


def test_what_is_known_only_after_treatment_is_no_predictor() -> None:
    for name in ("postoperative_systemic_therapy", "postoperative_radiotherapy", "operation_time"):
        assert variable(name).role == "after_prediction"
    for name in ("ambulation_90d", "intraoperative_blood_loss", "local_progression_time", "complication_grade"):
        assert variable(name).role == "outcome"


def test_what_linear_models_see_on_a_logarithmic_scale() -> None:
    skewed = {entry.name for entry in PREDICTORS if entry.skewed}
    assert skewed == {
        "alkaline_phosphatase",
        "bilirubin",
        "blood_urea_nitrogen",
        "c_reactive_protein",
        "coma_score",
        "creatinine",
        "days_in_hospital_before_entry",
        "days_since_onset_of_weakness",
        "glucose",
        "gross_tumour_volume",
        "lactate_dehydrogenase",
        "lymphocyte_count",
        "neutrophil_count",
        "neutrophil_lymphocyte_ratio",
        "pao2_fio2_ratio",
        "platelet_count",
        "platelet_lymphocyte_ratio",
        "urine_output",
        "white_blood_cell_count",
    }
