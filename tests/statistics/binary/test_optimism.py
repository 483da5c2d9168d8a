import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import expit

from spinecast import statistics as st

unit = some.floats(0.01, 0.99)


def test_optimism_by_hand_and_without_undefined_resamples() -> None:
    assert st.harrell_optimism([0.8, 0.9], [0.7, 0.75]) == pytest.approx(0.125)
    inside, outside = np.full(40, 0.8), np.full(40, 0.75)
    inside[0] = math.nan
    assert st.harrell_optimism(inside, outside) == pytest.approx(0.05)
    inside[:4] = math.nan
    assert "only 36 of 40" in st.harrell_optimism(inside, outside).reason


@given(unit, unit, unit, some.booleans())
def test_632_plus_lies_between_apparent_and_bounded_out_of_sample(
    apparent: float, outside: float, nothing: float, higher: bool
) -> None:
    found = st.point_632_plus(apparent, outside, nothing, higher_is_better=higher)
    bounded = max(outside, nothing) if higher else min(outside, nothing)
    assert min(apparent, bounded) - 1e-12 <= found <= max(apparent, bounded) + 1e-12
    assert 0 <= st.relative_overfitting(apparent, outside, nothing) <= 1


@given(unit, unit, unit)
def test_632_plus_of_a_measure_and_of_its_loss_agree(apparent: float, outside: float, nothing: float) -> None:
    gain = st.point_632_plus(apparent, outside, nothing, higher_is_better=True)
    loss = st.point_632_plus(1 - apparent, 1 - outside, 1 - nothing, higher_is_better=False)
    assert gain == pytest.approx(1 - loss)


def test_the_ends_of_632_plus() -> None:
    """Efron & Tibshirani 1997: no overfitting gives .632, complete overfitting the no-information rate."""
    assert st.point_632_plus(0.8, 0.8, 0.5, higher_is_better=True) == pytest.approx(0.8)
    assert st.point_632_plus(1.0, 0.5, 0.5, higher_is_better=True) == pytest.approx(0.5)
    assert st.point_632(1.0, 0.5) == pytest.approx(0.684)
    # R = 0.5: w = .632/(1 - .184).
    weight = 0.632 / (1 - 0.368 * 0.5)
    assert st.point_632_plus(0.9, 0.7, 0.5, higher_is_better=True) == pytest.approx(0.9 - 0.2 * weight)


def test_no_information_brier_is_the_mean_over_all_pairs() -> None:
    y, p = np.array([0.0, 1, 1, 0, 1]), np.array([0.1, 0.7, 0.4, 0.2, 0.9])
    assert st.brier_no_information(y, p) == pytest.approx(np.mean((y[:, None] - p[None, :]) ** 2))


def nearest_neighbour(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def fit(rows: np.ndarray) -> np.ndarray:
        return y[rows][np.abs(x[:, None] - x[rows][None, :]).argmin(axis=1)]

    return fit


def auc(y: np.ndarray, p: np.ndarray) -> float | None:
    found = st.auc(y, p)
    return None if isinstance(found, st.Absent) else found.estimate


def test_a_memory_of_noise_is_seen_through() -> None:
    """The example of Efron & Tibshirani 1997: one nearest neighbour, outcomes unrelated to the predictor."""
    generator = np.random.default_rng(10)
    x, y = generator.normal(size=120), generator.permutation(np.repeat([0.0, 1.0], 60))
    losses = {"error": lambda outcome, risk: (outcome - risk) ** 2}
    found = st.resample_performance(y, nearest_neighbour(x, y), {"auc": auc}, losses, replicates=60, seed=1)
    assert found["auc"].apparent == 1.0
    assert st.validated_632_plus(found["auc"], 0.5, higher_is_better=True).estimate == pytest.approx(0.5, abs=0.07)
    assert st.validated_632_plus(found["error"], 0.5, higher_is_better=False).estimate == pytest.approx(0.5, abs=0.07)
    # Harrell's optimism and .632 are known to be too kind to a model that remembers.
    assert st.optimism_corrected(found["auc"]).estimate > 0.75
    assert st.validated_632(found["auc"]).estimate == pytest.approx(0.368 + 0.632 * 0.5, abs=0.05)


def test_the_optimism_of_a_regression_is_what_new_patients_show() -> None:
    """Ten useless predictors: the corrected AUC must meet the AUC of the same model in 100,000 new patients."""
    generator = np.random.default_rng(12)
    corrected, actual, apparent = [], [], []
    for seed in range(12):
        x = generator.normal(size=(200, 11))
        y = (generator.random(200) < expit(x[:, 0])).astype(float)

        def fit(rows: np.ndarray, x: np.ndarray = x, y: np.ndarray = y) -> np.ndarray:
            model = st.fit_logistic_regression(y, x, np.bincount(rows, minlength=y.size))
            return model.log_odds(x)

        found = st.resample_performance(y, fit, {"auc": auc}, replicates=40, seed=seed)["auc"]
        estimate = st.optimism_corrected(found)
        assert estimate.lower < estimate.estimate < estimate.upper
        corrected.append(estimate.estimate)
        apparent.append(found.apparent)
        new = generator.normal(size=(20_000, 11))
        happened = (generator.random(20_000) < expit(new[:, 0])).astype(float)
        actual.append(auc(happened, st.fit_logistic_regression(y, x).log_odds(new)))
    assert np.mean(apparent) - np.mean(actual) > 0.03
    assert np.mean(corrected) == pytest.approx(np.mean(actual), abs=0.02)


def test_same_seed_same_numbers_and_models_that_fail() -> None:
    x, y = np.arange(30.0), np.tile([0.0, 1.0, 1.0], 10)
    calls = iter(range(1000))

    def sometimes(rows: np.ndarray) -> np.ndarray | None:
        return None if next(calls) % 3 == 2 else nearest_neighbour(x, y)(rows)

    found = st.resample_performance(y, sometimes, {"auc": auc}, replicates=30, seed=3)["auc"]
    assert np.isnan(found.in_resample).sum() == 10
    assert isinstance(st.optimism_corrected(found), st.Absent)
    assert isinstance(st.validated_632(found), st.Absent)
    assert isinstance(st.validated_632_plus(found, 0.5, higher_is_better=True), st.Absent)
    one, two = (
        st.resample_performance(y, nearest_neighbour(x, y), {"auc": auc}, replicates=9, seed=3)["auc"] for _ in range(2)
    )
    assert one.out_of_bag.tolist() == two.out_of_bag.tolist()


def test_refusals() -> None:
    y = [0, 1, 1]
    for call, message in (
        (lambda: st.harrell_optimism([0.1], [0.1, 0.2]), "one length"),
        (lambda: st.resample_performance(y, lambda _: None, {"auc": auc}), "cannot be fitted"),
        (lambda: st.resample_performance(y, lambda _: [0.1, 0.2], {"auc": auc}), "2 values"),
        (lambda: st.resample_performance(y, lambda _: [0.1, 0.2, 0.3], {"x": lambda *_: None}), "undefined"),
        (lambda: st.resample_performance(y, lambda _: [0.1, 0.2, 0.3], {}, replicates=0), "at least 1"),
        (lambda: st.Resampled(0.5, np.zeros(2), np.zeros(3), np.zeros(2), None, 3, 2), "same resamples"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
