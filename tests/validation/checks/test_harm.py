"""SC013: groups in whom the model does harm; SC012: calibration that falls."""

import numpy as np
import pytest
from scipy.special import expit

from spinecast.statistics import Absent, CalibrationCurve, flexible_calibration
from spinecast.validation import Predictions
from spinecast.validation.checks import (
    Check,
    NotApplicable,
    NotFound,
    check_rising_calibration,
    check_subgroup_harm,
)
from spinecast.validation.checks.results import Result
from spinecast.validation.net_benefit import net_benefit_at
from spinecast.validation.predictions import central_risks
from spinecast.validation.subgroups import Grouping


def groups_of(count: int, turned: bool, *, level: float = 0.0) -> tuple[Predictions, tuple[Grouping, ...]]:
    """Two groups; in the second the risks are right, or turned round, or off by a shift of the log-odds."""
    draw = np.random.default_rng(3)
    log_odds = draw.normal(-0.4, 1.2, count)
    second = np.arange(count) % 2 == 1
    truth = np.where(second & turned, -log_odds, log_odds) + np.where(second, level, 0.0)
    outcome = (draw.random(count) < expit(truth)).astype(float)
    grouping = Grouping("sex", "Sex", (("Female", ~second), ("Male", second)))
    return Predictions(expit(log_odds), outcome, None, None, "external"), (grouping,)


def judged(predictions: Predictions, groupings: tuple[Grouping, ...], **more: object) -> Result:
    settings = {"fewest": 10, "bootstrap": 20, "seed": 1} | more
    return check_subgroup_harm(predictions, groupings, (0.2, 0.3, 0.5), **settings)  # type: ignore[arg-type]


def test_sc013_finds_the_group_whose_risks_are_turned_round() -> None:
    predictions, groupings = groups_of(1000, turned=True)
    found = judged(predictions, groupings)
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC013", "warning")
    assert "Sex: Male, acting at a risk of" in found.finding
    assert "Female" not in found.finding
    # The numbers named are those of the paired net benefit in that group alone.
    benefit = net_benefit_at(predictions.subset(groupings[0].groups[1][1]), (0.3,), bootstrap=20, seed=1)[0]
    gain = benefit.over_treat_all if benefit.treat_all > 0 else benefit.net_benefit
    assert not isinstance(gain, Absent)
    assert gain.upper is not None
    assert gain.upper < 0
    assert f"net benefit {gain.estimate:+.3f}" in found.finding


def test_sc013_finds_a_level_that_is_far_off_in_one_group() -> None:
    found = judged(*groups_of(2000, turned=False, level=-1.5))
    assert isinstance(found, Check)
    assert "Sex: Male: 0." in found.finding
    assert "events observed for each one expected" in found.finding


@pytest.mark.parametrize("count", [200, 2000])
def test_sc013_passes_groups_whose_risks_are_right(count: int) -> None:
    found = judged(*groups_of(count, turned=False))
    assert isinstance(found, NotFound)
    assert "in 2 groups" in found.reason


def test_sc013_chance_in_many_groups_is_allowed_for() -> None:
    predictions, _ = groups_of(3000, turned=False)
    draw = np.random.default_rng(9)
    groupings = []
    for number in range(40):
        part = draw.random(3000) < 0.5
        groupings.append(Grouping(f"v{number}", f"Variable {number}", (("a", part), ("b", ~part))))
    assert isinstance(judged(predictions, tuple(groupings)), NotFound)


def test_sc013_does_not_apply_without_groups_or_risks() -> None:
    predictions, groupings = groups_of(200, turned=True)
    assert judged(predictions, ()) == NotApplicable("SC013", "the cohort holds no variable that forms groups")
    assert isinstance(judged(predictions, groupings, ranks_only="no level"), NotApplicable)
    assert isinstance(judged(predictions, groupings, fewest=101), NotApplicable)


def test_sc012_finds_a_curve_that_falls() -> None:
    draw = np.random.default_rng(5)
    risk = draw.uniform(0.05, 0.95, 3000)
    truth = np.where(risk < 0.5, risk, 1 - risk)  # above a half the order is turned round
    outcome = (draw.random(3000) < truth).astype(float)
    found = check_rising_calibration(
        flexible_calibration(outcome, risk), central_risks(Predictions(risk, outcome, None, None, "external"))
    )
    assert isinstance(found, Check)
    assert (found.code, found.severity) == ("SC012", "warning")
    assert "falls from" in found.finding


def test_sc012_passes_chance_and_the_ends() -> None:
    draw = np.random.default_rng(6)
    for count in (150, 3000):
        risk = draw.uniform(0.05, 0.95, count)
        outcome = (draw.random(count) < risk).astype(float)
        central = central_risks(Predictions(risk, outcome, None, None, "external"))
        assert isinstance(check_rising_calibration(flexible_calibration(outcome, risk), central), NotFound)
    falls_at_the_end = CalibrationCurve(
        (0.1, 0.5, 0.9, 0.99), (0.1, 0.5, 0.9, 0.1), (0.05, 0.45, 0.85, 0.05), (0.15, 0.55, 0.95, 0.15), "made"
    )
    assert isinstance(check_rising_calibration(falls_at_the_end, (0.1, 0.95)), NotFound)
    found = check_rising_calibration(falls_at_the_end, (0.1, 0.995))
    assert isinstance(found, Check)
    assert "from 90% at a predicted risk of 90% to 10% at 99%" in found.finding


def test_sc012_does_not_apply_without_a_band() -> None:
    assert check_rising_calibration(Absent("no level"), None) == NotApplicable("SC012", "no level")
    bare = CalibrationCurve((0.1, 0.5), (0.5, 0.1), None, None, "made")
    assert isinstance(check_rising_calibration(bare, (0.0, 1.0)), NotApplicable)


@pytest.mark.parametrize(("low", "high"), [(0.025, 0.975)])
def test_central_risks_are_those_of_patients_whose_outcome_is_known(low: float, high: float) -> None:
    risk = np.linspace(0, 1, 1001)
    known = risk <= 0.5
    predictions = Predictions(risk, known.astype(float), known.astype(float), None, "external")
    assert central_risks(predictions) == pytest.approx((low / 2, high / 2))
