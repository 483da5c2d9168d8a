"""The AUC to be expected if risks are right, against its definition and against outcomes drawn from the risks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from spinecast.statistics import Absent, Estimate, auc
from spinecast.validation.expected_concordance import expected_auc


def by_definition(risk: np.ndarray, weights: np.ndarray) -> float:
    """Van Klaveren et al. 2016, Stat Med 35:4136, pair by pair."""
    above = (risk[:, None] > risk[None, :]) + 0.5 * (risk[:, None] == risk[None, :])
    pairs = np.outer(weights * risk, weights * (1 - risk))
    np.fill_diagonal(pairs, 0)
    return float((pairs * above).sum() / pairs.sum())


@given(
    st.lists(st.sampled_from([0.05, 0.1, 0.2, 0.5, 0.7, 0.95]), min_size=2, max_size=25),
    st.integers(0, 10_000),
)
def test_it_is_its_definition_with_ties_and_weights(risks: list[float], seed: int) -> None:
    risk = np.array(risks)
    weights = np.random.default_rng(seed).uniform(0.2, 3, risk.size)
    found = expected_auc(risk, weights)
    assert isinstance(found, Estimate)
    assert found.estimate == pytest.approx(by_definition(risk, weights), abs=1e-12)
    assert expected_auc(risk).estimate == pytest.approx(by_definition(risk, np.ones_like(risk)), abs=1e-12)


def test_outcomes_that_follow_the_risks_have_that_auc() -> None:
    draw = np.random.default_rng(4)
    risk = expit(draw.normal(-0.5, 1.1, 200_000))
    outcome = (draw.random(risk.size) < risk).astype(float)
    observed, expected = auc(outcome, risk), expected_auc(risk)
    error = (observed.upper - observed.lower) / (2 * 1.96)
    assert abs(observed.estimate - expected.estimate) < 3 * error
    assert expected.events is None


def test_the_interval_covers_the_value_of_the_population() -> None:
    draw = np.random.default_rng(5)
    truth = expected_auc(expit(draw.normal(0, 1, 400_000))).estimate
    drawn = [expected_auc(expit(draw.normal(0, 1, 250))) for _ in range(300)]
    covered = np.mean([one.lower < truth < one.upper for one in drawn])
    assert 0.91 < covered < 0.98
    spread = np.std([one.estimate for one in drawn])
    width = np.mean([one.upper - one.lower for one in drawn]) / (2 * 1.96)
    assert width == pytest.approx(spread, rel=0.15)


def test_patients_of_weight_zero_stand_for_nobody() -> None:
    risk, weights = np.array([0.1, 0.4, 0.4, 0.9, 0.7]), np.array([1.0, 2.0, 1.0, 0.5, 0.0])
    assert expected_auc(risk, weights) == expected_auc(risk[:4], weights[:4])


@pytest.mark.parametrize(
    ("risk", "reason"), [([0.3], "two patients"), ([0.0, 0.0], "no pair"), ([1.0, 1.0], "no pair")]
)
def test_where_there_is_no_pair_it_is_absent(risk: list[float], reason: str) -> None:
    found = expected_auc(risk)
    assert isinstance(found, Absent)
    assert reason in found.reason


@pytest.mark.parametrize("risk", [[0.2, 1.2], [0.2, float("nan")]])
def test_what_is_no_risk_is_refused(risk: list[float]) -> None:
    with pytest.raises(ValueError, match="risks must be finite"):
        expected_auc(risk)
