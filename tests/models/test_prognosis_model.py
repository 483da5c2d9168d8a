from __future__ import annotations

import numpy as np
import pytest
from made_models import model_of, patients
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from spinecast.models.catalogue import FAMILIES, Choice


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_ranks_the_patients_of_an_easy_problem(family: str) -> None:
    fresh, outcome = patients(count=600, seed=9)
    floor = 0.6 if family == "baseline" else 0.7
    assert roc_auc_score(outcome, model_of(family).predict(fresh)) > floor


@pytest.mark.parametrize("family", list(FAMILIES))
def test_defaults_lie_inside_the_search_space(family: str) -> None:
    known = FAMILIES[family]
    assert known.defaults.keys() == known.search_space.keys()
    for name, dimension in known.search_space.items():
        if isinstance(dimension, Choice):
            assert known.defaults[name] in dimension.options
        else:
            assert dimension.low <= known.defaults[name] <= dimension.high


@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.parametrize("count", [1, 7, 255, 256, 257])
def test_a_risk_does_not_depend_on_who_is_predicted_beside(family: str, count: int) -> None:
    model, (matrix, _) = model_of(family), patients(count=600, seed=4)
    assert np.array_equal(model.predict(matrix[:count]), model.predict(matrix)[:count])


def test_log_odds_are_the_recalibrated_mean_of_the_parts() -> None:
    model, (matrix, _) = model_of("elastic_net", "xgboost"), patients()
    by_hand = np.zeros(len(matrix))
    for part in model.parts:
        scores = np.mean([member.score(matrix[:, part.positions]) for member in part.members], axis=0)
        by_hand += (part.intercept + part.slope * scores) / 2
    assert model.log_odds(matrix) == pytest.approx(model.intercept + model.slope * by_hand, abs=1e-12)
    assert np.array_equal(model.predict(matrix), expit(model.log_odds(matrix)))


def test_the_interval_is_the_jackknife_where_nothing_is_missing() -> None:
    model = model_of("elastic_net", "neural_network")
    matrix = patients(missing=0.0)[0]
    members = model.member_log_odds(matrix)
    # Delete-a-group jackknife by hand, K = 3.
    spread = np.sqrt(2 / 3 * ((members - members.mean(axis=0)) ** 2).sum(axis=0))
    lower, upper = model.interval(matrix)
    assert lower == pytest.approx(expit(members.mean(axis=0) - 1.959963984540054 * spread))
    assert upper == pytest.approx(expit(members.mean(axis=0) + 1.959963984540054 * spread))


def test_each_missing_input_widens_the_interval() -> None:
    model = model_of("elastic_net")
    known = patients(count=50, missing=0.0)[0]
    unknown = known.copy()
    unknown[:, 2] = np.nan  # albumin, which matters
    widths = [np.subtract(*model.interval(matrix)[::-1]) for matrix in (known, unknown)]
    assert (widths[1] > widths[0]).mean() > 0.9


def test_no_reference_patient_is_a_real_one() -> None:
    model, (matrix, _) = model_of("elastic_net"), patients()
    assert not any((np.abs(matrix - row) < 1e-9).all(axis=1).any() for row in model.background())
