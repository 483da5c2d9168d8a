"""The checks of an external validation: found, not found, not applicable."""

import pytest

from spinecast.statistics import Absent, Estimate
from spinecast.validation.checks import (
    Check,
    NotApplicable,
    NotFound,
    check_calibration_slope,
    check_development_kind,
    check_lacking_predictors,
    check_level,
    check_shared_patients,
    check_validation_size,
    check_without_value,
)
from spinecast.validation.development import Development, Overlap


@pytest.mark.parametrize(
    ("n", "events", "words"),
    [(1000, 99, "99 patients with the event"), (500, 401, "99 patients without it"), (200, 100, None), (5, 0, "0 pat")],
)
def test_sc020_a_small_validation(n: int, events: int, words: str | None) -> None:
    found = check_validation_size(n, events)
    if words is None:
        assert isinstance(found, NotFound)
    else:
        assert isinstance(found, Check)
        assert (found.code, found.severity) == ("SC020", "warning")
        assert words in found.finding


def test_sc021_people_in_both_cohorts() -> None:
    found = check_shared_patients(Overlap("rows that agree", 3, 200, 400, "rows"))
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC021", "error")
    assert "3 of 200" in found.finding
    assert isinstance(check_shared_patients(Overlap("", 0, 200, 400, "rows")), NotFound)
    assert check_shared_patients(Overlap("", 0, 200, 0, "gone", searched=False)) == NotApplicable("SC021", "gone")


def test_sc022_predictors_nobody_has() -> None:
    found = check_lacking_predictors(("albumin", "sodium"), 12)
    assert isinstance(found, Check)
    assert found.code == "SC022"
    assert "2 of 12 predictors" in found.finding
    assert "Albumin, Sodium" in found.finding
    assert found.variables == ("albumin", "sodium")
    assert isinstance(check_lacking_predictors((), 12), NotFound)


@pytest.mark.parametrize(
    ("made", "judged", "becomes"),
    [
        ("synthetic", "real", Check),
        ("real", "real", NotFound),
        ("synthetic", "synthetic", NotApplicable),
        ("real", "synthetic", NotApplicable),
    ],
)
def test_sc023_a_model_of_synthetic_patients(made: str, judged: str, becomes: type) -> None:
    assert isinstance(check_development_kind(Development("recipe", made, ""), judged), becomes)


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "direction"),
    [
        (0.6, 0.5, 0.7, "too high"),
        (1.4, 1.2, 1.6, "too low"),
        (0.6, 0.3, 1.1, None),  # chance alone may give it
        (0.9, 0.85, 0.95, None),  # off, but by less than a fifth
        (1.0, 0.9, 1.1, None),
    ],
)
def test_sc024_the_level_of_the_risks(estimate: float, lower: float, upper: float, direction: str | None) -> None:
    found = check_level(Estimate(estimate, lower, upper, 500, 100, "m"))
    if direction is None:
        assert isinstance(found, NotFound)
    else:
        assert isinstance(found, Check)
        assert found.code == "SC024"
        assert direction in found.finding


def test_sc024_says_nothing_where_there_is_no_ratio() -> None:
    assert check_level(Absent("no events")) == NotApplicable("SC024", "no events")
    assert isinstance(check_level(Estimate(0.5, None, None, 9, 2, "no interval")), NotApplicable)


def test_the_slope_says_what_to_do_in_an_external_cohort() -> None:
    found = check_calibration_slope(Estimate(0.5, 0.4, 0.6, 500, 100, "m"), remedy="update it")
    assert isinstance(found, Check)
    assert found.remedy == "update it"


@pytest.mark.parametrize(("without", "judged", "becomes"), [(1381, 61, Check), (21, 80, Check), (20, 80, NotFound)])
def test_sc030_patients_without_a_value(without: int, judged: int, becomes: type) -> None:
    found = check_without_value(without, judged)
    assert isinstance(found, becomes)
    assert f"{without:,} of {without + judged:,} patients" in (
        found.finding if isinstance(found, Check) else found.reason
    )
