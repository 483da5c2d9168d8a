"""The copula: the correlations asked for come out, and contradictory ones are refused with a way out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spinecast.cohorts.synthetic.copula import Copula, NotPositiveDefiniteError, nearest_correlation
from spinecast.cohorts.synthetic.streams import CHUNK, Streams


def test_scores_are_standard_normal_with_the_latent_correlations() -> None:
    pairs = {("a", "b"): 0.45, ("a", "c"): -0.35, ("c", "d"): 0.6}
    scores = Copula.of(("a", "b", "c", "d"), pairs).scores(Streams(3, "test", 0, CHUNK))
    matrix = np.corrcoef(np.stack([scores[name] for name in "abcd"]))
    expected = np.eye(4)
    for (first, second), value in pairs.items():
        i, j = "abcd".index(first), "abcd".index(second)
        expected[i, j] = expected[j, i] = value
    error = (1 - expected**2) / np.sqrt(CHUNK)
    assert (np.abs(matrix - expected) <= 4 * error + 1e-12).all()
    for values in scores.values():
        assert stats.kstest(values, "norm").pvalue > 1e-4


def test_the_nearest_correlation_matrix_is_highams() -> None:
    """Higham 2002, IMA J Numer Anal 22:329, section 4: a 3 x 3 example with its nearest correlation matrix."""
    found = nearest_correlation(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    expected = np.array([[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]])
    np.testing.assert_allclose(found, expected, atol=5e-5)


def test_contradictory_correlations_are_refused_with_the_nearest_possible_ones() -> None:
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(NotPositiveDefiniteError) as refused:
        Copula.of(("a", "b", "c"), pairs)
    assert refused.value.smallest < 0
    nearest = refused.value.nearest
    assert np.linalg.eigvalsh(nearest)[0] > -1e-9
    np.testing.assert_allclose(np.diag(nearest), 1.0)


def test_another_variable_changes_nobody_elses_numbers() -> None:
    streams = Streams(1, "test", 0, 50)
    alone = Copula.of(("a", "b"), {("a", "b"): 0.5}).scores(streams)
    with_more = Copula.of(("a", "b", "c"), {("a", "b"): 0.5}).scores(streams)
    np.testing.assert_array_equal(alone["a"], with_more["a"])
    np.testing.assert_array_equal(alone["b"], with_more["b"])
