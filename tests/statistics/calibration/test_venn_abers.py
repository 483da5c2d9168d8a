"""Venn-Abers against the package venn-abers, scikit-learn's isotonic regression, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from spinecast.statistics import fit_venn_abers

# Calculated with calc_p0p1 and calc_probs of venn-abers 1.5.4 (PyPI) from these scores and outcomes, read at the
# distinct scores: numpy.random.default_rng(5), scores rounded to a tenth, times .9, plus .05.
SCORES = (
    *(0.77, 0.77, 0.5, 0.32, 0.14, 0.41, 0.41, 0.05, 0.05, 0.95, 0.68, 0.23, 0.41, 0.95, 0.86, 0.77, 0.41, 0.5, 0.68),
    *(0.14, 0.59, 0.32, 0.86, 0.14, 0.68, 0.86, 0.23, 0.86, 0.86, 0.05, 0.68, 0.05, 0.5, 0.41, 0.23, 0.32, 0.77, 0.32),
    *(0.14, 0.68),
)
OUTCOMES = (
    *(1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0),
    *(0, 1),
)
PUBLISHED = (
    (1 / 12, 1 / 6),
    (1 / 12, 1 / 6),
    (1 / 12, 3 / 13),
    (0.2, 0.3),
    (0.2, 1 / 3),
    *((4 / 7, 9 / 14),) * 4,
    (0.75, 0.875),
    (0.75, 0.875),
)


def test_both_probabilities_are_those_of_the_package_of_its_authors() -> None:
    found = fit_venn_abers(OUTCOMES, SCORES, fewest=1)
    lower, upper = found.interval(sorted(set(SCORES)))
    assert np.column_stack([lower, upper]) == pytest.approx(np.array(PUBLISHED))


patients = st.integers(0, 10_000).flatmap(lambda seed: st.tuples(st.just(seed), st.integers(2, 150)))


def made(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    scores = np.round(draw.normal(0, 1.2, count), int(draw.integers(0, 4)))
    return (draw.random(count) < expit(scores)).astype(float), scores


@settings(max_examples=40, deadline=None)
@given(patients)
def test_both_are_isotonic_regressions_with_the_patient_added(drawn: tuple[int, int]) -> None:
    outcome, scores = made(*drawn)
    found = fit_venn_abers(outcome, scores, fewest=1)
    for score in np.unique(scores)[::5]:
        for added, own in zip((0.0, 1.0), found.interval([score]), strict=True):
            fitted = IsotonicRegression().fit([*scores, score], [*outcome, added])
            assert own[0] == pytest.approx(fitted.predict([score])[0], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(patients, st.integers(1, 30))
def test_lower_is_not_above_upper_and_both_rise_with_the_score(drawn: tuple[int, int], fewest: int) -> None:
    outcome, scores = made(*drawn)
    found = fit_venn_abers(outcome, scores, fewest=fewest)
    lower, upper = found.interval(np.linspace(-6, 6, 200))
    assert (lower <= upper + 1e-12).all()
    assert (np.diff(lower) >= -1e-12).all()
    assert (np.diff(upper) >= -1e-12).all()
    assert lower.min() >= 0
    assert upper.max() <= 1
    assert found.patients.sum() == len(scores)
    assert found.patients.min() >= min(fewest, len(scores))


def test_no_step_is_that_of_a_few_patients_and_no_limit_is_a_score() -> None:
    draw = np.random.default_rng(2)
    scores = draw.normal(size=500)
    outcome = (draw.random(500) < expit(scores)).astype(float)
    found = fit_venn_abers(outcome, scores, fewest=10)
    assert found.patients.min() >= 10
    assert len(found.patients) > 30
    counted = np.bincount(np.searchsorted(found.limits, scores, side="right"), minlength=len(found.patients))
    assert np.array_equal(counted, found.patients)
    assert found.limits == pytest.approx(np.round(found.limits, 2), abs=1e-12)


def test_what_is_observed_lies_between_both_whatever_the_score_says() -> None:
    """The score is far too extreme and off in level; of both probabilities one is calibrated all the same."""
    draw = np.random.default_rng(8)
    true = draw.normal(-1, 1, 6000)
    outcome = (draw.random(6000) < expit(true)).astype(float)
    score = 3 * true + 2
    found = fit_venn_abers(outcome[:3000], score[:3000], fewest=10)
    lower, upper = found.interval(score[3000:])
    assert (upper - lower).mean() < 0.03
    order = np.argsort(score[3000:])
    for fifth in np.array_split(order, 5):
        observed = outcome[3000:][fifth].mean()
        chance = 2.5 * np.sqrt(observed * (1 - observed) / len(fifth))
        assert lower[fifth].mean() - chance < observed < upper[fifth].mean() + chance
    # The score itself is not calibrated: its highest fifth says far more than happens.
    assert expit(score[3000:])[order[-600:]].mean() > outcome[3000:][order[-600:]].mean() + 0.2


def test_the_probability_between_both_is_the_log_odds_of_neither_alone() -> None:
    found = fit_venn_abers(OUTCOMES, logit(np.array(SCORES)), fewest=8)
    lower, upper = found.interval([-9.0, 0.0, 9.0])
    single = upper / (1 - lower + upper)
    assert ((lower <= single) & (single <= upper)).all()


@pytest.mark.parametrize(
    ("outcome", "score", "fewest", "what"),
    [
        ([0, 1], [0.1], 1, "score has 1 values"),
        ([0, 2], [0.1, 0.2], 1, "0"),
        ([], [], 1, "empty"),
        ([0, 1], [0.1, np.nan], 1, "not finite"),
        ([0, 1], [0.1, 0.2], 0, "fewest"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(outcome: list[int], score: list[float], fewest: int, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        fit_venn_abers(outcome, score, fewest=fewest)
