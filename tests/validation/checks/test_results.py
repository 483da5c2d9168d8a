"""What becomes of checks: one list, complete, each with its status; errors stop."""

import pytest

from spinecast.errors import CheckError, ContractError
from spinecast.validation.checks import (
    CHECKS,
    PLACES,
    Check,
    Checklist,
    NotApplicable,
    NotFound,
    Place,
    check_kind,
    stop_at_errors,
)


def every(place: Place) -> list[NotFound]:
    return [NotFound(code, "looked") for code, kind in CHECKS.items() if place in kind.places]


def test_a_list_says_what_became_of_every_check() -> None:
    results = [one for one in reversed(every("train")) if one.code not in ("SC003", "SC004")]
    found = Check("SC003", "warning", "slope 0.5", "look")
    made = Checklist("train", [*results, found, NotApplicable("SC004", "no horizon")]).to_dict()
    assert [one["code"] for one in made["checks_made"]] == sorted(one.code for one in every("train"))
    assert made["checks"] == [found.to_dict()]
    told = {one["code"]: (one["status"], one["reason"]) for one in made["checks_made"]}
    assert told["SC001"] == ("not found", "looked")
    assert told["SC003"] == ("found", "slope 0.5")
    assert told["SC004"] == ("not applicable", "no horizon")
    assert {one["title"] for one in made["checks_made"]} <= {kind.title for kind in CHECKS.values()}


@pytest.mark.parametrize("place", PLACES)
def test_a_list_that_leaves_a_check_out_or_makes_it_twice_is_a_defect(place: Place) -> None:
    whole = every(place)
    Checklist(place, whole)
    for wrong in (whole[1:], [*whole, whole[0]]):
        with pytest.raises(ValueError, match=f"the checks of {place} are"):
            Checklist(place, wrong)


def test_errors_stop_with_their_codes_and_nothing_else_does() -> None:
    stop_at_errors([NotFound("SC001", "none"), Check("SC006", "warning", "f", "r"), NotApplicable("SC004", "no")])
    with pytest.raises(CheckError) as stopped:
        stop_at_errors([Check("SC002", "error", "7 events in all", "find more"), Check("SC006", "warning", "f", "r")])
    assert "SC002 Too few events" in stopped.value.what
    assert stopped.value.where == "7 events in all"
    assert "find more" in str(stopped.value)
    assert "SC006" not in str(stopped.value)


def test_a_kind_is_found_by_its_code() -> None:
    assert check_kind(" sc021 ").title == "People in both cohorts"
    with pytest.raises(ContractError, match="there is no check 'SC999'"):
        check_kind("SC999")


@pytest.mark.parametrize("code", CHECKS)
def test_the_register_is_filled_in(code: str) -> None:
    kind = CHECKS[code]
    assert kind.code == code
    assert kind.places
    assert kind.severities
    assert list(kind.severities) == sorted(kind.severities, key=["error", "warning", "note"].index)
    for text in (kind.explanation, kind.not_applicable, kind.remedy, kind.source):
        assert len(text) > 15
        assert text.endswith(".")
