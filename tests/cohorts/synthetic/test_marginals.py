"""Distributions against scipy.stats, and truncated ones against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.synthetic import variable_blocks as blocks
from spinecast.cohorts.synthetic.marginals import Curve, UnattainableError, marginal

SCORES = np.linspace(-3.5, 3.5, 141)
SHARES = special.ndtr(SCORES)


def curve(shape: object, name: str = "albumin", limits: tuple[float, float] | None = None) -> Curve:
    made = marginal(shape, variable(name), limits)
    assert isinstance(made, Curve)
    return made


@pytest.mark.parametrize(
    ("shape", "reference"),
    [
        (blocks.Normal(kind="normal", mean=3.7, sd=0.6), stats.norm(3.7, 0.6)),
        (blocks.LogNormal(kind="lognormal", median=5.8, log_sd=0.55), stats.lognorm(0.55, scale=5.8)),
        (blocks.Gamma(kind="gamma", shape=2, scale=0.08, shift=0.9), stats.gamma(2, loc=0.9, scale=0.08)),
        (blocks.Beta(kind="beta", alpha=2, beta=5, lowest=10, highest=90), stats.beta(2, 5, loc=10, scale=80)),
        (blocks.Uniform(kind="uniform", lowest=2, highest=8), stats.uniform(2, 6)),
    ],
)
def test_quantiles_are_those_of_scipy(shape: object, reference: object) -> None:
    np.testing.assert_allclose(curve(shape).values(SCORES), reference.ppf(SHARES), rtol=1e-9)


def test_log_normal_by_mean_and_deviation_has_them() -> None:
    """Li 2023: blood loss 1280.1 (SD 1181.6) mL is a log-normal of mu 6.847 and sigma .785."""
    made = curve(blocks.LogNormal(kind="lognormal", mean=1280.1, sd=1181.6), "body_weight")
    logs = np.log(made.values(np.array([0.0, 1.0])))
    assert logs[0] == pytest.approx(6.847, abs=5e-4)
    assert logs[1] - logs[0] == pytest.approx(0.785, abs=5e-4)


@settings(max_examples=40)
@given(mean=st.floats(3.0, 4.2), sd=st.floats(0.2, 0.7), lower=st.floats(1.0, 2.0), upper=st.floats(5.3, 6.9))
def test_the_stated_mean_and_deviation_hold_within_the_limits(
    mean: float, sd: float, lower: float, upper: float
) -> None:
    made = curve(blocks.Normal(kind="normal", mean=mean, sd=sd), limits=(lower, upper))
    share = np.linspace(0, 1, 200_001)[1:-1]
    values = made.values(special.ndtri(share))
    assert values.min() >= lower
    assert values.max() <= upper
    assert values.mean() == pytest.approx(mean, abs=1e-3)
    assert values.std() == pytest.approx(sd, abs=1e-3)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_quartiles_are_hit_with_and_without_limits(scale: str) -> None:
    shape = blocks.Quartiles(kind="quartiles", values=(173, 240, 327), scale=scale)
    at = special.ndtri([0.25, 0.5, 0.75])
    np.testing.assert_allclose(curve(shape, "platelet_count").values(at), [173, 240, 327], rtol=1e-12)
    limited = curve(shape, "platelet_count", (60, 700))
    np.testing.assert_allclose(limited.values(at), [173, 240, 327], rtol=1e-6)
    assert limited.values(np.array([-8.0, 8.0])) == pytest.approx([60, 700], rel=1e-3)


def test_moments_agree_with_numerical_integration() -> None:
    made = curve(blocks.LogNormal(kind="lognormal", median=0.8, log_sd=0.35), "creatinine", (0.3, 6))
    low, high = made.lower, made.upper
    mean, _ = integrate.quad(lambda u: float(made.quantile(special.ndtri(low + u * (high - low)))), 0, 1, limit=200)
    assert made.moments()[0] == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize(
    ("mean", "sd", "lowest", "highest"), [(3.54, 1.72, 0, 5), (10.27, 3.23, 0, 18), (3.8, 1.7, 1, 12)]
)
def test_beta_binomial_has_the_stated_moments_and_scipys_probabilities(
    mean: float, sd: float, lowest: int, highest: int
) -> None:
    shape = blocks.BetaBinomial(kind="beta_binomial", mean=mean, sd=sd, lowest=lowest, highest=highest)
    made = marginal(shape, variable("instrumented_levels"))
    shares = np.diff(np.concatenate([[0], special.ndtr(made.cuts), [1]]))
    assert shares @ made.steps == pytest.approx(mean)
    assert np.sqrt(shares @ (made.steps - mean) ** 2) == pytest.approx(sd)
    n, p = highest - lowest, (mean - lowest) / (highest - lowest)
    size = 1 / (((sd**2 / (n * p * (1 - p))) - 1) / (n - 1)) - 1
    reference = stats.betabinom(n, p * size, (1 - p) * size).pmf(np.arange(n + 1))
    np.testing.assert_allclose(shares, reference, rtol=1e-9)


def test_levels_come_in_the_dictionarys_order_and_with_the_stated_shares() -> None:
    shape = blocks.Counts(kind="counts", counts={"3": 23, "0": 2, "1": 40, "2": 35, "4": 6})
    made = marginal(shape, variable("ecog_performance_status"))
    drawn = made.values(special.ndtri((np.arange(106_000) + 0.5) / 106_000))
    assert (np.diff(drawn) >= 0).all()
    assert np.bincount(drawn.astype(int)).tolist() == [2000, 40_000, 35_000, 23_000, 6000]


def test_grouped_numbers_keep_their_steps() -> None:
    shape = blocks.Grouped(
        kind="grouped",
        step=10,
        groups=(
            blocks.Group(lowest=10, highest=40, probability=0.179),
            blocks.Group(lowest=50, highest=70, probability=0.5),
            blocks.Group(lowest=80, highest=100, probability=0.321),
        ),
    )
    drawn = marginal(shape, variable("karnofsky_performance_status")).values(
        special.ndtri(np.linspace(0, 1, 100_002)[1:-1])
    )
    assert set(drawn) == set(range(10, 101, 10))
    assert (drawn <= 40).mean() == pytest.approx(0.179, abs=1e-4)
    assert (drawn >= 80).mean() == pytest.approx(0.321, abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "limits"),
    [
        (blocks.Normal(kind="normal", mean=3.7, sd=2.0), (2.1, 5.2)),  # a uniform one has a deviation of 0.89
        (blocks.Normal(kind="normal", mean=9.0, sd=0.6), (2.1, 5.2)),
        (blocks.Gamma(kind="gamma", shape=2, scale=0.1), (3, 5)),
    ],
)
def test_what_cannot_be_had_is_refused(shape: object, limits: tuple[float, float]) -> None:
    with pytest.raises(UnattainableError):
        marginal(shape, variable("albumin"), limits)


@pytest.mark.parametrize("sd", [0.3, 5.0])
def test_a_beta_binomial_has_a_narrowest_and_a_widest_deviation(sd: float) -> None:
    with pytest.raises(UnattainableError, match="allows a deviation from"):
        marginal(blocks.BetaBinomial(kind="beta_binomial", mean=3.5, sd=sd, highest=5), variable("instrumented_levels"))
