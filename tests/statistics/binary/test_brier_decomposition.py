import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from sklearn.isotonic import IsotonicRegression

from spinecast import statistics as st

risks = arrays.arrays(np.float64, 40, elements=some.integers(0, 20).map(lambda value: value / 20))
outcomes = arrays.arrays(np.float64, 40, elements=some.sampled_from([0.0, 1.0])).filter(lambda y: 0 < y.sum() < 40)


@given(outcomes, risks, some.sampled_from([None, 1, 4, 10]))
def test_the_parts_add_up_to_the_brier_score(y: np.ndarray, p: np.ndarray, groups: int | None) -> None:
    found = st.brier_decomposition(y, p, groups=groups)
    brier = st.brier(y, p).estimate
    assert found.brier == pytest.approx(brier)
    assert found.reliability - found.resolution + found.uncertainty + found.within_groups == pytest.approx(brier)
    reliability, resolution, uncertainty = found.corrected
    assert reliability - resolution + uncertainty + found.within_groups == pytest.approx(brier)
    if groups is None:
        assert found.within_groups == pytest.approx(0, abs=1e-12)


@given(outcomes, risks)
def test_corp_parts_add_up_and_are_not_negative(y: np.ndarray, p: np.ndarray) -> None:
    found = st.corp_decomposition(y, p)
    assert found.miscalibration - found.discrimination + found.uncertainty == pytest.approx(st.brier(y, p).estimate)
    assert found.miscalibration >= -1e-12
    assert found.discrimination >= -1e-12
    assert (np.diff(found.recalibrated) >= -1e-12).all()


@given(outcomes, risks)
def test_isotonic_regression_agrees_with_scikit_learn(y: np.ndarray, p: np.ndarray) -> None:
    scores, fitted = st.isotonic_recalibration(y, p)
    assert IsotonicRegression().fit(p, y).predict(scores) == pytest.approx(fitted, abs=1e-9)


def test_correction_removes_the_bias_of_small_groups() -> None:
    """Ferro & Fricker 2012: perfect risks in groups of about twenty: no reliability, a known resolution."""
    generator = np.random.default_rng(6)
    values = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    plain, corrected = [], []
    for _ in range(2000):
        p = generator.choice(values, 100)
        y = (generator.random(p.size) < p).astype(float)
        found = st.brier_decomposition(y, p)
        plain.append((found.reliability, found.resolution, found.uncertainty))
        corrected.append(found.corrected)
    error = np.std(corrected, axis=0) / np.sqrt(2000)
    truth = np.array([0.0, np.var(values), 0.25])
    assert (np.abs(np.mean(corrected, axis=0) - truth) < 4 * error).all()
    assert (np.mean(plain, axis=0) - truth > 4 * error)[:2].all()


def test_weights_count_patients(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = patients
    counts = np.random.default_rng(2).integers(0, 3, y.size)
    weighted, repeated = (
        st.corp_decomposition(y, p, counts),
        st.corp_decomposition(np.repeat(y, counts), np.repeat(p, counts)),
    )
    assert weighted.miscalibration == pytest.approx(repeated.miscalibration)
    assert weighted.recalibrated == pytest.approx(repeated.recalibrated)
    one, two = st.brier_decomposition(y, p, counts), st.brier_decomposition(np.repeat(y, counts), np.repeat(p, counts))
    assert (one.reliability, one.resolution) == pytest.approx((two.reliability, two.resolution))
    assert one.corrected is None


def test_json_one_class_and_no_groups() -> None:
    y, p = [0, 1, 1], [0.2, 0.6, 0.6]
    assert st.brier_decomposition(y, p).to_dict()["groups"] == 2
    assert st.corp_decomposition(y, p).to_dict()["recalibrated"] == [0.0, 1.0]
    assert isinstance(st.brier_decomposition([1, 1], [0.2, 0.3]), st.Absent)
    assert isinstance(st.corp_decomposition([0, 0], [0.2, 0.3]), st.Absent)
    with pytest.raises(ValueError, match="groups must be at least 1"):
        st.brier_decomposition(y, p, groups=0)
