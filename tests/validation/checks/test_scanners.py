"""SC050 and SC051, all three answers, the second against scipy's table."""

from __future__ import annotations

from scipy.stats import chi2_contingency

from spinecast.validation.checks import (
    Check,
    NotApplicable,
    NotFound,
    check_scanner_outcomes,
    check_scanner_patients,
)

NONE = "the study has no image features"


def test_sc050_names_scanners_with_few_patients() -> None:
    few = check_scanner_patients({"ct": {"a": 200, "b": 19}, "mr": {"a": 20}}, none=NONE)
    assert isinstance(few, Check)
    assert (few.code, few.severity) == ("SC050", "warning")
    assert few.finding == "fewer than 20 patients: b of ct"


def test_sc050_passes_scanners_with_enough_and_has_nothing_to_look_at_without_features() -> None:
    enough = check_scanner_patients({"ct": {"a": 200, "b": 20}}, none=NONE)
    assert isinstance(enough, NotFound)
    assert "20 patients" in enough.reason
    assert check_scanner_patients({}, none=NONE) == NotApplicable("SC050", NONE)


def test_sc051_finds_outcomes_that_go_with_the_scanner() -> None:
    counts = {"ct": {"a": (100, 40), "b": (100, 15), "small": (10, 10)}}
    found = check_scanner_outcomes(counts, none=NONE)
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC051", "warning")
    p = chi2_contingency([[40, 60], [15, 85]], correction=False).pvalue
    assert found.finding == f"the outcome was seen in 15% to 40% of the patients of 2 scanners of ct (p = {p:.2g})"


def test_sc051_passes_alike_ones_and_needs_two() -> None:
    alike = check_scanner_outcomes({"ct": {"a": (100, 20), "b": (90, 19)}}, none=NONE)
    assert isinstance(alike, NotFound)
    nobody = check_scanner_outcomes({"ct": {"a": (100, 0), "b": (90, 0)}}, none=NONE)
    assert isinstance(nobody, NotFound)
    assert isinstance(check_scanner_outcomes({"ct": {"a": (100, 20), "b": (19, 9)}}, none=NONE), NotApplicable)
    assert check_scanner_outcomes({}, none=NONE) == NotApplicable("SC051", NONE)
