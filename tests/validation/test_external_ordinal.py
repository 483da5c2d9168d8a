"""Ordered levels of other patients judged: levels that nobody reached, groups, and the chance of reaching one."""

from __future__ import annotations

import json
from dataclasses import replace

import made_levels
import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from spinecast.statistics import Absent, Estimate, ordinal_concordance
from spinecast.validation.external_ordinal import predicted_levels
from spinecast.validation.model_risks import level_source
from spinecast.validation.ordinal import OrdinalJudge, rank_score

LABELS = ("At least 1", "At least 2", "At least 3")


def judged(count: int = 300, *, highest: int = 3) -> tuple[OrdinalJudge, np.ndarray]:
    matrix, levels = made_levels.drawn(count, seed=21)
    log_odds = made_levels.ordinal_model("proportional_odds").log_odds(matrix)
    return OrdinalJudge(np.minimum(levels, highest), LABELS, (0.2, 0.5), (0.05, 0.95)), log_odds


def test_a_level_that_nobody_reached_leaves_the_others_judged_and_says_why_it_is_not() -> None:
    judge, log_odds = judged(highest=2)
    found = judge.whole(log_odds)
    json.dumps(found, allow_nan=False)
    assert found["parallel_slopes"]["absent"] == "nobody reached the highest level (At least 3)"
    last = found["thresholds"][2]
    assert last["events"] == 0
    assert last["measures"]["calibration_slope"] == {"absent": "nobody reached it"}
    assert "absent" in last["decision_curve"]
    assert "estimate" in found["thresholds"][1]["measures"]["calibration_slope"]
    assert found["measures"]["ranked_probability_score"]["n"] == 300
    whole, _ = judged()
    assert whole.whole(log_odds)["parallel_slopes"]["degrees"] == 2


def test_few_patients_are_divided_into_as_many_groups_as_they_are() -> None:
    judge, log_odds = judged()
    few = OrdinalJudge(judge.levels[:3], LABELS, (0.2,), (0.05, 0.95))
    rows = few.whole(log_odds[:3])["levels_by_prediction"]
    assert [one["n"] for one in rows] == [1, 1, 1]


def test_a_group_is_judged_by_all_levels_and_at_the_one_that_is_looked_at() -> None:
    judge, log_odds = judged()
    found = judge.group(log_odds, 1)
    auc, concordance = found["auc"], found["ordinal_concordance"]
    assert isinstance(auc, Estimate)
    assert auc.estimate == pytest.approx(roc_auc_score(judge.levels >= 2, log_odds[:, 1]))
    assert concordance == ordinal_concordance(judge.levels, rank_score(log_odds))
    nobody = OrdinalJudge(np.minimum(judge.levels, 1), LABELS, (0.2,), (0.05, 0.95)).group(log_odds, 1)
    assert isinstance(nobody["auc"], Absent)


def test_a_source_gives_the_chance_of_reaching_one_level_and_a_lacking_predictor_is_missing() -> None:
    model = made_levels.ordinal_model("proportional_odds")
    matrix, _ = made_levels.drawn(30, seed=5)
    about = {**model.about, "outcome": {**model.about["outcome"], "variable": "nurick_grade_30d"}}
    named = replace(model, about=about)
    source = level_source(named, "i" * 64, "nurick_grade_30d", 2)
    lacking = matrix.copy()
    lacking[:, 1] = np.nan
    columns = {"age": matrix[:, 0]}
    np.testing.assert_allclose(source.compute(columns), model.reached(lacking)[:, 2])
    np.testing.assert_allclose(expit(predicted_levels(model, columns)), model.reached(lacking))
    assert source.ranks_only == ""
    assert "predicts nurick_grade_30d, not ecog_30d" in level_source(named, "i" * 64, "ecog_30d", 2).ranks_only
    careful = replace(named, about={**about, "decline": {"without": ["hemoglobin"]}})
    declining = level_source(careful, "i" * 64, "nurick_grade_30d", 2)
    assert np.isnan(declining.served(columns)).all()
    assert declining.declines is not None
    assert declining.declines(columns)[0] == ("Haemoglobin is not known",)
