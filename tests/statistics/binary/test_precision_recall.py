import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from scipy.special import expit
from sklearn.metrics import average_precision_score, precision_recall_curve

from spinecast import statistics as st

scores = arrays.arrays(np.float64, 30, elements=some.integers(-20, 20).map(lambda value: value / 4))
outcomes = arrays.arrays(np.float64, 30, elements=some.sampled_from([0.0, 1.0])).filter(lambda y: 0 < y.sum() < 30)


@given(outcomes, scores)
def test_agrees_with_scikit_learn(y: np.ndarray, score: np.ndarray) -> None:
    assert st.average_precision(y, score).estimate == pytest.approx(average_precision_score(y, score), abs=1e-12)
    curve = st.precision_recall_curve(y, score)
    precision, recall, thresholds = precision_recall_curve(y, score)
    assert curve.thresholds == pytest.approx(thresholds[::-1])
    assert curve.precision == pytest.approx(precision[-2::-1])
    assert curve.recall == pytest.approx(recall[-2::-1])


@given(outcomes, scores)
def test_only_the_order_counts(y: np.ndarray, score: np.ndarray) -> None:
    mapped = st.average_precision(y, np.arctan(score) ** 3 + 7)
    assert mapped.estimate == pytest.approx(st.average_precision(y, score).estimate, abs=1e-12)


def test_interval_is_the_logit_interval_of_boyd() -> None:
    y, score = np.array([1.0, 0, 1, 1, 0, 1, 0, 0]), np.arange(8.0)[::-1]
    found = st.average_precision(y, score)
    # By hand: precision at the four events is 1, 2/3, 3/4, 4/6.
    area = (1 + 2 / 3 + 3 / 4 + 4 / 6) / 4
    assert found.estimate == pytest.approx(area)
    half = 1.959963984540054 / np.sqrt(4 * area * (1 - area))
    assert [found.lower, found.upper] == pytest.approx(expit(np.log(area / (1 - area)) + np.array([-half, half])))


def test_the_interval_covers_the_population_value() -> None:
    generator = np.random.default_rng(11)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = (generator.random(n) < 0.3).astype(float)
        return y, generator.normal(size=n) + y

    truth = st.average_precision(*draw(400_000)).estimate
    found = [st.average_precision(*draw(400)) for _ in range(300)]
    covered = np.mean([one.lower <= truth <= one.upper for one in found])
    assert 0.91 <= covered <= 1.0


def test_weights_count_patients(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    counts = np.random.default_rng(2).integers(0, 3, y.size)
    weighted = st.average_precision(y, risk, counts, bootstrap=50)
    repeated = st.average_precision(np.repeat(y, counts), np.repeat(risk, counts))
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted.lower < weighted.estimate < weighted.upper
    curve = st.precision_recall_curve(y, risk, counts)
    assert curve.recall[-1] == pytest.approx(1)
    assert curve.precision[-1] == pytest.approx(curve.prevalence)


def test_one_class_and_perfect_order() -> None:
    assert isinstance(st.average_precision([1, 1], [0.2, 0.3]), st.Absent)
    assert isinstance(st.precision_recall_curve([0, 0], [0.2, 0.3]), st.Absent)
    perfect = st.average_precision([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert (perfect.estimate, perfect.lower) == (1.0, None)
