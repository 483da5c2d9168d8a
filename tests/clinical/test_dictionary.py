"""The dictionary holds together as a whole."""

from __future__ import annotations

import re

import pytest

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable
from spinecast.errors import ContractError

EVERY = [pytest.param(entry, id=name) for name, entry in variables().items()]


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
    for code in entry.codes:
        if code.system == "LOINC":
            assert re.fullmatch(r"\d{1,7}-\d", code.code)
            assert _loinc_check_digit(code.code.split("-")[0]) == code.code[-1]
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


def test_other_models_outputs_and_later_facts_are_no_predictors() -> None:
    roles = {name: entry.role for name, entry in variables().items()}
    for name in ("support_survival_2m", "support_survival_6m", "support_physiology_score"):
        assert roles[name] == "comparator"
    for name in ("death", "follow_up_time", "functional_outcome_2m"):
        assert roles[name] == "outcome"
    assert roles["resuscitation_order"] == "after_prediction"
    assert roles["race"] == "subgroup"


def test_what_linear_models_see_on_a_logarithmic_scale() -> None:
    skewed = {name for name, entry in variables().items() if entry.skewed}
    assert skewed == {
        "creatinine",
        "bilirubin",
        "glucose",
        "blood_urea_nitrogen",
        "white_blood_cell_count",
        "urine_output",
        "days_in_hospital_before_entry",
        "coma_score",
        "pao2_fio2_ratio",
    }
