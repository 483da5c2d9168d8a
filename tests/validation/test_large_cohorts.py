"""Cohorts too large to be resampled whole: the same estimates, and intervals as wide as resampling everybody gives."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from spinecast import statistics as st
from spinecast.validation import CohortIdentity, Comparator, OutcomeLabel, Predictions, compare, evaluate, large_cohorts
from spinecast.validation.measures import all_measures, net_benefit_curve, smooth_calibration
from spinecast.validation.net_benefit import net_benefit_at


@pytest.fixture(scope="module")
def large() -> Predictions:
    draw = np.random.default_rng(8)
    log_odds = draw.normal(-0.4, 1.1, 6000)
    outcome = (draw.random(6000) < expit(log_odds)).astype(float)
    return Predictions(expit(0.8 * log_odds + 0.2), outcome, draw.uniform(0.7, 1.6, 6000), None, "external")


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_cohorts, "RESAMPLED_AT_MOST", 1500)


@pytest.mark.parametrize("name", ["auc", "brier", "calibration_slope", "calibration_in_the_large", "ici"])
def test_estimates_are_of_everybody_and_intervals_as_wide(
    large: Predictions, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    whole = all_measures(large, bootstrap=100, seed=3)[name]
    settled(monkeypatch)
    part = all_measures(large, bootstrap=100, seed=3)[name]
    assert isinstance(whole, st.Estimate)
    assert isinstance(part, st.Estimate)
    assert part.estimate == whole.estimate
    assert (part.n, part.events) == (whole.n, whole.events)
    assert part.lower < part.estimate < part.upper
    assert (part.upper - part.lower) / (whole.upper - whole.lower) == pytest.approx(1, abs=0.4)
    assert "1,500 of 6,000 patients" in part.method


def test_a_formula_is_left_as_it_is(large: Predictions, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Predictions(large.risk, large.outcome, None, None, "external")
    before = all_measures(plain, bootstrap=20, seed=3)
    settled(monkeypatch)
    after = all_measures(plain, bootstrap=20, seed=3)
    assert {name: after[name] for name in ("auc", "brier", "calibration_slope", "log_loss")} == {
        name: before[name] for name in ("auc", "brier", "calibration_slope", "log_loss")
    }
    assert after["ici"] != before["ici"]  # no formula: resampled in a part
    assert after["ici"].estimate == before["ici"].estimate
    assert net_benefit_curve(plain, (0.1, 0.9), bootstrap=20, seed=3).method.startswith("delta method")


def test_bands_groups_and_differences_are_scaled_too(large: Predictions, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: dict[str, Any] = {"bootstrap": 60, "seed": 3}
    settled(monkeypatch)
    band = smooth_calibration(large, **settings)
    assert isinstance(band, st.CalibrationCurve)
    assert all(low <= seen <= high for low, seen, high in zip(band.lower, band.observed, band.upper, strict=True))
    curve = net_benefit_curve(large, (0.1, 0.9), **settings)
    assert all(low <= seen <= high for low, seen, high in zip(curve.lower, curve.net_benefit, curve.upper, strict=True))
    noisy = np.clip(large.risk + np.random.default_rng(1).normal(0, 0.1, large.n), 0.01, 0.99)
    other = compare(large, Comparator("n", "N", noisy), horizon_days=None, decision_range=(0.1, 0.9), **settings)
    full = st.compare_auc(large.outcome, large.risk, noisy, large.weights, bootstrap=60, seed=3)
    assert isinstance(other.auc_difference, st.Estimate)
    assert other.auc_difference.estimate == full.difference.estimate
    width = (other.auc_difference.upper - other.auc_difference.lower) / (full.difference.upper - full.difference.lower)
    assert width == pytest.approx(1, abs=0.4)
    shown = evaluate(
        large,
        model="m",
        label="M",
        outcome=OutcomeLabel("Death", "Dead"),
        cohort=CohortIdentity("made", "synthetic", "0" * 64),
        thresholds=[0.3],
        decision_range=(0.1, 0.9),
        **settings,
    )
    assert all(group.lower <= group.observed <= group.upper for group in shown.calibration_groups)


def test_the_same_seed_draws_the_same_part(large: Predictions, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    first, again = (net_benefit_at(large, (0.2,), bootstrap=30, seed=9) for _ in range(2))
    assert first == again
    assert first != net_benefit_at(large, (0.2,), bootstrap=30, seed=10)
