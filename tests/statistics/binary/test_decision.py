import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from spinecast import statistics as st

Patients = tuple[np.ndarray, np.ndarray]
REFERENCE = Path(__file__).parents[2] / "reference"


def test_agrees_with_dcurves() -> None:
    """dcurves 1.1.7 on the predictions of golden_s2, by tests/reference/dcurves/make.py."""
    expected = json.loads((REFERENCE / "dcurves" / "expected.json").read_text())
    with (REFERENCE / "golden_s2" / "val.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    y, thresholds = np.array([float(row["y5"]) for row in rows]), expected["thresholds"]
    everyone = st.net_benefit_treat_all(y.mean(), thresholds)
    np.testing.assert_allclose(everyone, expected["all"]["net_benefit"], rtol=0, atol=1e-12)
    for model in ("pA", "pB"):
        benefit = st.net_benefit(y, [float(row[model]) for row in rows], thresholds)
        np.testing.assert_allclose(benefit, expected[model]["net_benefit"], rtol=0, atol=1e-12)
        avoided = st.interventions_avoided(benefit, y.mean(), thresholds)
        np.testing.assert_allclose(avoided, expected[model]["interventions_avoided_per_100"], rtol=0, atol=1e-9)


@given(
    some.lists(some.tuples(some.integers(0, 1), some.integers(0, 20)), min_size=1, max_size=30),
    some.lists(some.integers(1, 19), min_size=1, max_size=5),
)
def test_net_benefit_is_its_definition(rows: list[tuple[int, int]], levels: list[int]) -> None:
    outcome, risk = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    risk, thresholds = risk / 20, np.array(levels) / 20
    for got, t in zip(st.net_benefit(outcome, risk, thresholds), thresholds, strict=True):
        true_positive = sum(1 for y, p in zip(outcome, risk, strict=True) if p >= t and y == 1)
        false_positive = sum(1 for y, p in zip(outcome, risk, strict=True) if p >= t and y == 0)
        assert got == pytest.approx((true_positive - false_positive * t / (1 - t)) / len(rows), abs=1e-12)


def test_net_benefit_beyond_the_highest_risk_is_zero_and_below_the_lowest_treats_all(patients: Patients) -> None:
    y, risk = patients
    assert st.net_benefit(y, risk, [0.995])[0] == 0
    assert st.net_benefit(y, risk, [0.001])[0] == pytest.approx(st.net_benefit_treat_all(y.mean(), [0.001])[0])


def test_net_benefit_is_weighted(patients: Patients) -> None:
    y, risk = patients
    counts = np.random.default_rng(0).integers(0, 4, y.size)
    repeated = st.net_benefit(np.repeat(y, counts), np.repeat(risk, counts), [0.2, 0.5])
    assert st.net_benefit(y, risk, [0.2, 0.5], counts) == pytest.approx(repeated, abs=1e-12)


def test_delta_interval_is_that_of_the_bootstrap(patients: Patients) -> None:
    y, risk = patients
    thresholds = np.array([0.1, 0.2, 0.3, 0.5, 0.7])
    curve = st.decision_curve(y, risk, thresholds)
    generator = np.random.default_rng(11)
    drawn = []
    for _ in range(3000):
        rows = generator.integers(0, y.size, y.size)
        positive = risk[rows, None] >= thresholds
        gain = np.where(y[rows, None] == 1, 1.0, -thresholds / (1 - thresholds))
        drawn.append((positive * gain).mean(0))
    half = (np.array(curve.upper) - np.array(curve.lower)) / 2 / 1.959963984540054
    assert half == pytest.approx(np.std(drawn, axis=0), rel=0.06)


def test_weighted_interval_with_equal_weights_is_near_the_delta_interval(patients: Patients) -> None:
    y, risk = patients
    closed = st.decision_curve(y, risk, [0.2, 0.4])
    resampled = st.decision_curve(y, risk, [0.2, 0.4], np.ones(y.size), bootstrap=1500, seed=1)
    assert resampled.net_benefit == pytest.approx(closed.net_benefit)
    assert resampled.lower == pytest.approx(closed.lower, abs=0.01)
    assert resampled.upper == pytest.approx(closed.upper, abs=0.01)
    assert st.decision_curve(y, risk, [0.2], np.ones(y.size), bootstrap=0).lower is None


def test_curve_survives_its_dictionary(patients: Patients) -> None:
    curve = st.decision_curve(*patients, np.linspace(0.05, 0.95, 91))
    assert st.DecisionCurve.from_dict(curve.to_dict()) == curve
    assert curve.to_dict()["treat_none"] == 0


def test_without_events_there_is_no_standardised_net_benefit() -> None:
    assert isinstance(st.standardised_net_benefit([0.0], 0.0), st.Absent)


def test_classification_has_wilson_intervals_and_its_own_denominators(patients: Patients) -> None:
    y, risk = patients
    one = st.classify(y, risk, 0.4)
    positive = risk >= 0.4
    assert one.sensitivity.n == y.sum()
    assert one.specificity.n == (1 - y).sum()
    assert one.positive_predictive_value.n == positive.sum()
    assert one.negative_predictive_value.n == (~positive).sum()
    hits = int((positive & (y == 1)).sum())
    assert (one.sensitivity.lower, one.sensitivity.upper) == st.wilson_interval(hits, int(y.sum()))
    assert one.positive_predictive_value.events == hits
    assert st.Classification.from_dict(one.to_dict()) == one


def test_empty_denominators_are_absent() -> None:
    above = st.classify([0, 1], [0.2, 0.3], 0.5)
    assert above.positive_predictive_value == st.Absent("no predicted risk reaches 0.5")
    below = st.classify([0, 0], [0.6, 0.7], 0.5)
    assert below.negative_predictive_value == st.Absent("no predicted risk is below 0.5")
    assert below.sensitivity == st.Absent("none of the 2 patients had the outcome")
    assert st.classify([1, 1], [0.6, 0.7], 0.5).specificity == st.Absent("all of the 2 patients had the outcome")


def test_weighted_classification(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    one = st.classify(y, risk, 0.4, weights)
    event, positive = y == 1, risk >= 0.4
    assert one.sensitivity.estimate == pytest.approx(weights[event & positive].sum() / weights[event].sum())
    assert one.sensitivity.n == (event & (weights > 0)).sum()
    assert one.sensitivity.lower < one.sensitivity.estimate < one.sensitivity.upper
    certain = st.classify([1, 1, 0], [0.9, 0.8, 0.1], 0.5, [1, 2, 1]).sensitivity
    assert (certain.estimate, certain.upper) == (1, 1)
    assert certain.lower == pytest.approx(st.wilson_interval(9 / 5, 9 / 5)[0])  # nobody can be sure of two patients
