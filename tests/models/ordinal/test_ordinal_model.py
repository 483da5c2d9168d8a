"""Learners of ordered levels as data: what the libraries say, to the bit after storage, thresholds that never cross."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_levels import drawn, ordinal_model
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from spinecast.errors import ArtifactError
from spinecast.explanation.ordinal_contributions import explain_threshold
from spinecast.models.loading import load_any_model
from spinecast.models.ordinal.artifact import load_ordinal_model, save_ordinal_model
from spinecast.models.ordinal.catalogue import CUMULATIVE_LEARNERS, ORDINAL_FAMILIES
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.ordinal.thresholds import fit_threshold_lines, in_order, level_probabilities


@pytest.mark.parametrize("learner", [one for one in CUMULATIVE_LEARNERS if one not in ("lightgbm", "catboost")])
def test_every_binary_learner_serves_each_threshold_with_exact_contributions(learner: str, tmp_path: Path) -> None:
    saved = ordinal_model(f"cumulative_{learner}")
    identity = save_ordinal_model(saved, tmp_path / "model")
    again, same = load_any_model(tmp_path / "model")
    assert isinstance(again, OrdinalModel)
    assert same == identity == save_ordinal_model(again, tmp_path / "copy")
    matrix = drawn(12, seed=9)[0]
    matrix[::3, 1] = np.nan
    assert again.log_odds(matrix).tobytes() == saved.log_odds(matrix).tobytes()
    alone = np.vstack([saved.log_odds(row[None, :]) for row in matrix])
    assert alone.tobytes() == saved.log_odds(matrix).tobytes()
    for threshold in range(3):
        found = explain_threshold(saved, matrix, threshold)
        total = found.base_value + found.values.sum(axis=1) + found.reordered
        np.testing.assert_allclose(total, found.served, atol=1e-4)


def test_a_threshold_of_a_cumulative_model_is_the_library_s_own_regression() -> None:
    matrix, levels = drawn(200)
    columns = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    asked = {"inverse_penalty": 0.5, "l1_ratio": 0.0, "knots": 0}
    scorers = ORDINAL_FAMILIES["cumulative_elastic_net"].fit(columns, levels, 3, asked, 1)
    for k, scorer in enumerate(scorers):
        peer = LogisticRegression(C=0.5, tol=1e-10, max_iter=5000).fit(columns, levels > k)
        np.testing.assert_allclose(scorer.score(columns), peer.decision_function(columns), atol=0.02)


def test_proportional_odds_give_one_score_whose_thresholds_never_cross() -> None:
    saved = ordinal_model("proportional_odds")
    assert all(len(one.scorers) == 1 for one in saved.parts[0].members)
    matrix, _ = drawn(300, seed=4)
    own = saved.parts[0].member_log_odds(matrix)
    assert (np.diff(own, axis=2) < 0).all()
    values = explain_threshold(saved, matrix[:20], 0).values / 1.1
    np.testing.assert_allclose(explain_threshold(saved, matrix[:20], 2).values, values, atol=1e-12)


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    save_ordinal_model(ordinal_model("proportional_odds"), tmp_path / "model")
    described = tmp_path / "model" / "model.json"
    described.write_text(described.read_text().replace("At least 2", "At least 3"))
    with pytest.raises(ArtifactError, match=r"content differs from the manifest: model\.json"):
        load_ordinal_model(tmp_path / "model")


def test_limits_hold_what_is_served_agree_with_each_other_and_widen_with_a_missing_input() -> None:
    saved = ordinal_model("proportional_odds", "cumulative_decision_tree")
    matrix = drawn(50, seed=8)[0]
    lower, upper = saved.interval(matrix)
    reached = saved.reached(matrix)
    assert ((lower <= reached) & (reached <= upper)).all()
    assert (np.diff(lower, axis=1) <= 0).all()
    assert (np.diff(upper, axis=1) <= 0).all()
    unknown = matrix.copy()
    unknown[:, 1] = np.nan
    wider = np.subtract(*saved.interval(unknown)[::-1]).mean()
    assert wider > 1.5 * (upper - lower).mean()
    np.testing.assert_allclose(saved.probabilities(matrix).sum(axis=1), 1)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_crosses_becomes_chances_that_add_up(values: list[list[float]]) -> None:
    log_odds = np.array(values)
    ordered = in_order(log_odds)
    assert (np.diff(ordered, axis=1) <= 0).all()
    np.testing.assert_array_equal(in_order(ordered), ordered)  # what is in order is left alone
    chances = level_probabilities(ordered)
    assert (chances >= 0).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(chances[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:], expit(ordered), atol=1e-12)


def test_lines_of_one_score_are_lrm_s_and_of_several_a_logistic_regression_each() -> None:
    import statsmodels.api as sm
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    matrix, levels = drawn(300)
    score = matrix[:, :1] / 10
    common = fit_threshold_lines(levels, score, 3)
    peer = OrderedModel(levels, score, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
    np.testing.assert_allclose(common.slopes, peer.params[0], atol=1e-4)
    several = fit_threshold_lines(levels, np.hstack([score, score, -score]), 3)
    for k, sign in enumerate((1, 1, -1)):
        own = sm.Logit(levels > k, sm.add_constant(sign * score[:, 0])).fit(disp=0)
        np.testing.assert_allclose([several.intercepts[k], several.slopes[k]], own.params, atol=1e-6)


def test_knowing_a_missing_input_is_expected_to_narrow_the_limits_at_the_explained_threshold() -> None:
    from spinecast.serving.narrowing import narrowing

    saved = ordinal_model("proportional_odds")
    matrix = np.array([[62.0, np.nan]])
    lower, upper = saved.interval(matrix)
    (found,) = narrowing(saved, matrix)
    assert found["variable"] == "hemoglobin"
    assert found["width"] == pytest.approx(upper[0, 1] - lower[0, 1])
    assert found["expected_width"] < found["width"]
    (asked,) = narrowing(saved, matrix, "3")
    assert asked["width"] == pytest.approx(upper[0, 2] - lower[0, 2])
