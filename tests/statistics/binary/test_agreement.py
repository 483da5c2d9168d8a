import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar

from spinecast import statistics as st


@given(some.integers(0, 60), some.integers(0, 60))
def test_mcnemar_agrees_with_statsmodels(first: int, second: int) -> None:
    found = st.mcnemar(first, second)
    if first + second == 0:
        assert isinstance(found, st.Absent)
        return
    counts = [[5, first], [second, 7]]
    assert found.p_value == pytest.approx(mcnemar(counts, exact=True).pvalue)
    plain = mcnemar(counts, exact=False, correction=False)
    assert (found.chi2, found.chi2_p_value) == pytest.approx((plain.statistic, plain.pvalue))


@given(some.lists(some.tuples(some.integers(0, 2), some.integers(0, 2)), min_size=5, max_size=40))
def test_kappa_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    table = np.zeros((3, 3))
    np.add.at(table, tuple(np.array(pairs).T), 1)
    found = st.cohen_kappa(table)
    if len({value for pair in pairs for value in pair}) == 1:
        assert isinstance(found, st.Absent)
    else:
        assert found == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_unpaired_comparison_is_that_of_two_standard_errors(patients: tuple[np.ndarray, np.ndarray]) -> None:
    y, risk = patients
    found = st.compare_auc_unpaired(y[:250], risk[:250], y[250:], risk[250:])
    one, two = st.delong(y[:250], risk[:250]), st.delong(y[250:], risk[250:])
    assert found.difference.estimate == pytest.approx(one.auc - two.auc)
    assert found.standard_error == pytest.approx((one.variance + two.variance) ** 0.5)
    assert 148 < found.degrees_of_freedom < 398
    assert found.difference.n == 400


def test_refusals() -> None:
    assert "second cohort" in st.compare_auc_unpaired([0, 1], [0, 1], [1, 1], [0, 1]).reason
    assert "first cohort" in st.compare_auc_unpaired([0, 0], [0, 1], [1, 0], [0, 1]).reason
    assert isinstance(st.compare_auc_unpaired([0, 1], [0, 1], [0, 1], [0, 1]), st.Absent)
    with pytest.raises(ValueError, match="negative"):
        st.mcnemar(-1, 2)
    with pytest.raises(ValueError, match="square"):
        st.cohen_kappa([[1, 2]])
