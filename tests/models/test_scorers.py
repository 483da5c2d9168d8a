from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_models import assert_same_bits, parameters
from threadpoolctl import threadpool_limits

from spinecast.models.catalogue import FAMILIES
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes
from spinecast.models.scorers import SCORERS, BoostedTreesScorer, KernelScorer, LinearScorer, NetworkScorer, Scorer

FAMILY_OF = {
    "linear": "elastic_net",
    "forest": "random_forest",
    "boosted_trees": "xgboost",
    "kernel": "support_vector_machine",
    "gaussian_process": "gaussian_process",
    "network": "neural_network",
}
EVERY_KIND = pytest.mark.parametrize("kind", list(SCORERS))
BATCHES = (1, 2, 7, 255, 256, 257, 1000)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(1000, 23))


@pytest.fixture(scope="module")
def fitted(rows: np.ndarray) -> Callable[[str], Scorer]:
    outcome = (rows[:, 0] + rows[:, 1] ** 2 + np.random.default_rng(1).normal(size=1000) > 1).astype(float)
    known: dict[str, Scorer] = {}

    def scorer(kind: str) -> Scorer:
        if kind not in known:
            family = FAMILY_OF[kind]
            known[kind] = FAMILIES[family].fit(rows[:400], outcome[:400], None, parameters(family), 2)
        return known[kind]

    return scorer


@EVERY_KIND
def test_a_patient_scores_the_same_to_the_last_bit_in_any_company(
    kind: str, fitted: Callable[[str], Scorer], rows: np.ndarray
) -> None:
    scorer = fitted(kind)
    assert scorer.kind == kind
    alone = np.concatenate([scorer.score(rows[k : k + 1]) for k in range(len(rows))])
    for size in BATCHES:
        for start in (0, 1, 300):
            batch = rows[start : start + size]
            assert_same_bits(scorer.score(batch), alone[start : start + len(batch)])
    shuffled = np.random.default_rng(3).permutation(len(rows))
    assert_same_bits(scorer.score(rows[shuffled]), alone[shuffled])
    assert_same_bits(scorer.score(np.asfortranarray(rows)), alone)


@pytest.mark.parametrize("width", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("many", [1, 2, 5, 17, 900])
def test_company_changes_no_bit_whatever_the_shape(width: int, many: int) -> None:
    """Every number of columns and of waves or units, one of each among them."""
    draw = np.random.default_rng(width * 1000 + many)
    rows = draw.normal(size=(300, width))
    scorers: tuple[Scorer, ...] = (
        LinearScorer(draw.normal(size=width), 0.1),
        KernelScorer(draw.normal(size=(many, width)), draw.normal(size=many), draw.normal(size=many), 0.2),
        NetworkScorer(draw.normal(size=(width, many)), draw.normal(size=many), draw.normal(size=many), 0.3),
    )
    for scorer in scorers:
        together = scorer.score(rows)
        assert_same_bits(np.concatenate([scorer.score(rows[k : k + 1]) for k in range(300)]), together)
        assert_same_bits(scorer.score(rows[:257]), together[:257])


@EVERY_KIND
def test_the_number_of_threads_changes_no_bit(kind: str, fitted: Callable[[str], Scorer], rows: np.ndarray) -> None:
    with threadpool_limits(1):
        one = fitted(kind).score(rows)
    with threadpool_limits(2):
        assert_same_bits(fitted(kind).score(rows), one)


@EVERY_KIND
def test_nobody_gets_no_score(kind: str, fitted: Callable[[str], Scorer], rows: np.ndarray) -> None:
    assert fitted(kind).score(rows[:0]).shape == (0,)


@EVERY_KIND
def test_bytes_give_the_same_scorer_back(kind: str, fitted: Callable[[str], Scorer], rows: np.ndarray) -> None:
    arrays = fitted(kind).to_arrays()
    assert not any(array.dtype.hasobject for array in arrays.values())
    again: Any = SCORERS[kind].from_arrays(arrays_from_bytes(arrays_to_bytes(arrays)))
    assert_same_bits(again.score(rows), fitted(kind).score(rows))


def test_scores_by_hand() -> None:
    rows = np.array([[1.0, 2.0], [0.0, -1.0]])
    assert LinearScorer(np.array([0.5, -2.0]), 0.25).score(rows) == pytest.approx([-3.25, 2.25])
    kernel = KernelScorer(np.array([[0.5, 1.0], [0.0, 0.0]]), np.array([3.0, -1.0]), np.array([2.0, 7.0]), 0.5)
    waves = [3 * np.cos(angle) + 2 * np.sin(angle) - 1 + 0.5 for angle in (2.5, -1.0)]
    assert kernel.score(rows) == pytest.approx(waves)
    network = NetworkScorer(np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([0.0, 0.5]), np.array([2.0, -3.0]), 1.0)
    assert network.score(rows) == pytest.approx([2 * 3 - 3 * 1.5 + 1, 0 - 0 + 1])


def test_boosted_trees_give_the_margin_of_their_booster(fitted: Callable[[str], Scorer], rows: np.ndarray) -> None:
    import xgboost

    scorer = fitted("boosted_trees")
    assert isinstance(scorer, BoostedTreesScorer)
    booster = xgboost.Booster()
    booster.load_model(bytearray(scorer.ubjson))
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    np.testing.assert_array_equal(scorer.score(rows).astype(np.float32), expected)


def test_waves_rank_like_the_exact_kernel_of_scikit_learn() -> None:
    from sklearn.svm import SVC

    draw = np.random.default_rng(4)
    columns = draw.normal(size=(500, 20))
    lean = columns[:, 0] + columns[:, 1] * columns[:, 2] + 0.5 * draw.normal(size=500)
    outcome = (lean > 0).astype(float)
    parameters = {"cost": 0.5, "kernel_width": 0.01}
    exact = SVC(C=0.5, gamma=0.01).fit(columns[:400], outcome[:400]).decision_function(columns[400:])
    ours = (
        FAMILIES["support_vector_machine"].fit(columns[:400], outcome[:400], None, parameters, 1).score(columns[400:])
    )
    assert np.corrcoef(exact, ours)[0, 1] > 0.97
    assert np.abs(exact - ours).mean() < 0.2 * exact.std()
