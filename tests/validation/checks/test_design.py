from dataclasses import dataclass

import pytest

from spinecast.statistics import Absent, Estimate
from spinecast.validation.checks import (
    Check,
    NotApplicable,
    NotFound,
    Result,
    check_calibration_slope,
    check_events,
    check_horizon,
    check_missingness,
    check_predictor_roles,
    check_synthetic_cohort,
)


@dataclass(frozen=True)
class Named:
    name: str
    role: str


def test_sc001_names_every_predictor_that_is_none() -> None:
    check = check_predictor_roles(
        [
            Named("age", "predictor"),
            Named("support_survival_2m", "comparator"),
            Named("hospital_days", "after_prediction"),
        ]
    )
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC001", "error")
    assert "support_survival_2m (comparator), hospital_days (after prediction)" in check.finding
    assert "age" not in check.finding


def test_sc001_passes_predictors() -> None:
    found = check_predictor_roles([Named("age", "predictor"), Named("sex", "predictor")])
    assert found == NotFound("SC001", "the dictionary calls all 2 predictors")
    assert isinstance(check_predictor_roles([]), NotFound)


@pytest.mark.parametrize(
    ("events", "parameters", "folds", "severity", "words"),
    [
        (7, 1, (2, 5), "error", "7 events in all"),
        (60, 3, (1, 59), "error", "an outer fold holds 1 events"),
        (99, 10, (), "warning", "9.9 events per candidate predictor parameter (99 events, 10 parameters)"),
    ],
)
def test_sc002_finds_too_few_events(
    events: int, parameters: int, folds: tuple[int, ...], severity: str, words: str
) -> None:
    check = check_events(events, parameters, folds)
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC002", severity)
    assert words in check.finding


def test_sc002_passes_enough_events() -> None:
    found = check_events(100, 10, (2, 98))
    assert isinstance(found, NotFound)
    assert "10.0 events" in found.reason


@pytest.mark.parametrize(("events", "parameters", "folds"), [(-1, 1, ()), (20, 0, ()), (20, 1, (-1,))])
def test_sc002_refuses_impossible_counts(events: int, parameters: int, folds: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one parameter"):
        check_events(events, parameters, folds)


@pytest.mark.parametrize(("slope", "words"), [(0.79, "too extreme"), (1.21, "too moderate")])
def test_sc003_finds_a_slope_out_of_range(slope: float, words: str) -> None:
    check = check_calibration_slope(Estimate(slope, slope - 0.1, slope + 0.1, 100, 30, "Wald"))
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC003", "warning")
    assert words in check.finding
    assert f"slope {slope:.2f} (95 % {slope - 0.1:.2f} to {slope + 0.1:.2f})" in check.finding


@pytest.mark.parametrize("slope", [0.8, 1.0, 1.2])
def test_sc003_passes_a_slope_in_range(slope: float) -> None:
    assert isinstance(check_calibration_slope(Estimate(slope, None, None, 100, 30, "Wald")), NotFound)


def test_sc003_does_not_apply_to_ranks() -> None:
    found = check_calibration_slope(Absent("no level"), ranks_only="no level is published")
    assert found == NotApplicable("SC003", "only the ranking is judged: no level is published")


def test_sc003_does_not_take_an_unknown_slope_for_a_good_one() -> None:
    check = check_calibration_slope(Absent("one class"))
    assert isinstance(check, Check)
    assert "not known: one class" in check.finding


def test_sc004_finds_a_horizon_nobody_was_followed_to() -> None:
    check = check_horizon(365, 180.5)
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC004", "error")
    assert check.finding == "the horizon is 365 days, the longest follow-up 180.5"


def test_sc004_passes_a_horizon_within_follow_up() -> None:
    assert isinstance(check_horizon(90, 90), NotFound)


@pytest.mark.parametrize(("horizon", "longest"), [(None, 400.0), (90.0, None), (None, None)])
def test_sc004_does_not_apply_without_a_follow_up(horizon: float | None, longest: float | None) -> None:
    assert isinstance(check_horizon(horizon, longest), NotApplicable)


@pytest.mark.parametrize("kind", ["synthetic", "unknown"])
def test_sc005_notes_patients_that_are_not_real(kind: str) -> None:
    check = check_synthetic_cohort(kind)
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC005", "note")


def test_sc005_passes_real_patients() -> None:
    assert isinstance(check_synthetic_cohort("real"), NotFound)


def test_check_survives_its_dictionary() -> None:
    check = check_horizon(365, 180)
    assert isinstance(check, Check)
    assert Check.from_dict(check.to_dict()) == check


def test_a_check_of_an_older_record_is_read() -> None:
    older = {"code": "SC004", "title": "t", "severity": "error", "finding": "f", "remedy": "r"}
    assert Check.from_dict(older) == Check("SC004", "error", "f", "r", title="t")


@pytest.mark.parametrize(
    "check",
    [
        check_predictor_roles([Named("hospital_days", "after_prediction")]),
        check_events(7, 1),
        check_events(60, 3, (1, 59)),
        check_events(99, 10),
        check_calibration_slope(Estimate(0.5, 0.4, 0.6, 100, 30, "Wald")),
        check_calibration_slope(Estimate(1.5, 1.4, 1.6, 100, 30, "Wald")),
        check_calibration_slope(Absent("one class")),
        check_horizon(365, 180),
        check_synthetic_cohort("synthetic"),
        check_missingness({"interview": (0.85, 0.38)}),
    ],
)
def test_every_check_says_what_it_means_for_a_reader(check: Result) -> None:
    assert isinstance(check, Check)
    assert check.meaning.endswith(".")
    for word in ("slope", "parameter", "log-odds", "calibration", "resampling", "variance"):
        assert word not in check.meaning, f"{check.code} speaks to statisticians only"


def test_sc003_says_which_way_the_risks_are_wrong() -> None:
    extreme = check_calibration_slope(Estimate(0.5, 0.4, 0.6, 100, 30, "Wald"))
    moderate = check_calibration_slope(Estimate(1.5, 1.4, 1.6, 100, 30, "Wald"))
    assert isinstance(extreme, Check)
    assert isinstance(moderate, Check)
    assert "High risks are shown higher" in extreme.meaning
    assert "High risks are shown lower" in moderate.meaning


def test_sc006_names_predictors_whose_missingness_tells_the_outcome() -> None:
    check = check_missingness(
        {"age": (0.0, 0.0), "interview": (0.85, 0.38), "albumin": (0.30, 0.55), "sodium": (0.1, 0.2)}
    )
    assert isinstance(check, Check)
    assert (check.code, check.severity) == ("SC006", "warning")
    assert check.finding.startswith("interview: missing in 85% with the event and 38% without; albumin: ")
    assert "sodium" not in check.finding
    assert check.variables == ("interview", "albumin")
    assert (
        "interview was missing in 85 of 100 patients with the event and in 38 of 100 without it; alb" in check.meaning
    )


def test_sc006_passes_missingness_alike_on_both_sides() -> None:
    found = check_missingness({"albumin": (0.40, 0.35), "sodium": (0.0, 0.0)})
    assert isinstance(found, NotFound)
    assert "at most 5%" in found.reason
    assert isinstance(check_missingness({}), NotFound)
