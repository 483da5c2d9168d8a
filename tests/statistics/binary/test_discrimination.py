import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from spinecast import statistics as st

Patients = tuple[np.ndarray, np.ndarray]


@some.composite
def scored(draw: some.DrawFn) -> Patients:
    size = draw(some.integers(4, 40))
    outcome = draw(some.lists(some.integers(0, 1), min_size=size, max_size=size).filter(lambda y: 0 < sum(y) < len(y)))
    # Few distinct values: ties are where rank methods go wrong.
    score = draw(some.lists(some.integers(1, 9), min_size=size, max_size=size))
    return np.array(outcome, dtype=float), np.array(score) / 10


@given(scored())
def test_auc_is_the_share_of_pairs_ranked_correctly(data: Patients) -> None:
    y, score = data
    pairs = np.sign(score[y == 1][:, None] - score[y == 0][None, :])
    assert st.auc(y, score).estimate == pytest.approx(((pairs + 1) / 2).mean(), abs=1e-12)


@given(scored())
def test_auc_depends_on_the_order_alone(data: Patients) -> None:
    y, score = data
    assert st.auc(y, np.exp(3 * score) - 7).estimate == st.auc(y, score).estimate


@given(scored())
def test_auc_of_the_complement_is_its_complement(data: Patients) -> None:
    y, score = data
    assert st.auc(y, 1 - score).estimate == pytest.approx(1 - st.auc(y, score).estimate, abs=1e-12)


@given(scored())
def test_delong_variance_is_that_of_the_pairwise_definition(data: Patients) -> None:
    y, score = data
    psi = (np.sign(score[y == 1][:, None] - score[y == 0][None, :]) + 1) / 2
    result = st.delong(y, score)
    if min(psi.shape) < 2:
        assert result.variance is None
    else:
        by_definition = psi.mean(1).var(ddof=1) / psi.shape[0] + psi.mean(0).var(ddof=1) / psi.shape[1]
        assert result.variance == pytest.approx(by_definition, abs=1e-12)


@given(scored())
def test_interval_stays_inside_the_scale(data: Patients) -> None:
    result = st.auc(*data)
    assert result.lower is None or 0 <= result.lower <= result.estimate <= result.upper <= 1


@pytest.mark.parametrize(
    ("y", "score", "words"),
    [([0, 0, 1, 1], [1, 2, 3, 4], "DeLong variance is 0"), ([0, 0, 1], [1, 2, 3], "fewer than two patients")],
)
def test_says_why_there_is_no_interval(y: list[int], score: list[int], words: str) -> None:
    result = st.auc(y, score)
    assert (result.lower, result.upper) == (None, None)
    assert words in result.method


def test_auc_agrees_with_scikit_learn(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    assert st.auc(y, risk).estimate == pytest.approx(roc_auc_score(y, risk), abs=1e-12)
    assert st.auc(y, risk, weights, bootstrap=0).estimate == pytest.approx(
        roc_auc_score(y, risk, sample_weight=weights), abs=1e-12
    )


def test_roc_curve_agrees_with_scikit_learn(patients: Patients, weights: np.ndarray) -> None:
    y, risk = patients
    known = weights > 0
    for cases in (None, weights[known]):
        curve = st.roc_curve(y[known], risk[known], cases)
        expected = sklearn_roc_curve(y[known], risk[known], sample_weight=cases, drop_intermediate=False)
        assert np.allclose(curve.false_positive_rate, expected[0], atol=1e-12)
        assert np.allclose(curve.sensitivity, expected[1], atol=1e-12)
        assert np.array_equal(curve.thresholds, expected[2])


def test_bootstrap_interval_with_equal_weights_is_near_delongs(patients: Patients) -> None:
    y, risk = patients
    closed, resampled = st.auc(y, risk), st.auc(y, risk, np.ones(y.size), bootstrap=1000, seed=1)
    assert [resampled.lower, resampled.upper] == pytest.approx([closed.lower, closed.upper], abs=0.01)


def test_weighted_comparison_with_equal_weights_is_near_delongs(patients: Patients) -> None:
    y, risk = patients
    other = np.clip(risk + np.random.default_rng(2).normal(0, 0.2, y.size), 0, 1)
    closed = st.compare_auc(y, risk, other)
    resampled = st.compare_auc(y, risk, other, np.ones(y.size), bootstrap=1000, seed=1)
    assert resampled.difference.estimate == pytest.approx(closed.difference.estimate, abs=1e-12)
    assert resampled.standard_error == pytest.approx(closed.standard_error, rel=0.1)
    assert resampled.p_value == pytest.approx(closed.p_value, abs=0.02)


@pytest.mark.parametrize("cases", [None, np.ones(4)])
def test_a_score_compared_with_itself_has_no_test(cases: np.ndarray | None) -> None:
    result = st.compare_auc([0, 1, 0, 1], [0.1, 0.4, 0.5, 0.9], [0.1, 0.4, 0.5, 0.9], cases, bootstrap=200)
    assert (result.difference.estimate, result.z, result.p_value) == (0, None, None)


def test_published_auc_helpers_refuse_impossible_input() -> None:
    with pytest.raises(ValueError, match="both classes"):
        st.hanley_mcneil_se(0.8, 0, 10)
    with pytest.raises(ValueError, match="strictly between"):
        st.logit_interval(1.0, 0.1)
