"""Ordered outcomes against R: rms::lrm, MASS::polr, survival::concordance, VGAM::vglm and Brant's formula by glm.

`tests/reference/ordinal_regression/make.R` made the numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from spinecast.statistics import (
    Absent,
    Estimate,
    ParallelSlopes,
    ProportionalOdds,
    brant_test,
    fit_proportional_odds,
    ordinal_concordance,
    ranked_probability_losses,
    ranked_probability_score,
    ranked_probability_skill,
    somers_dxy,
)

FOLDER = Path(__file__).parents[2] / "reference" / "ordinal_regression"
EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
PATIENTS = pd.read_csv(FOLDER / "patients.csv")
LEVELS = PATIENTS["level"].to_numpy()
COLUMNS = PATIENTS[["x1", "x2", "x3"]].to_numpy(dtype=float)
SCORE = PATIENTS["score"].to_numpy(dtype=float)


def fitted(columns: np.ndarray = COLUMNS, penalty: float = 0.0) -> ProportionalOdds:
    found = fit_proportional_odds(LEVELS, columns, penalty=penalty)
    assert isinstance(found, ProportionalOdds)
    return found


def estimate(found: Estimate | Absent) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def test_the_fit_is_that_of_lrm_and_polr() -> None:
    found, lrm, polr = fitted(), EXPECTED["lrm"], EXPECTED["polr"]
    np.testing.assert_allclose([*found.intercepts, *found.coefficients], lrm["coefficients"], atol=1e-8)
    np.testing.assert_allclose(found.coefficients, polr["slopes"], atol=1e-7)
    np.testing.assert_allclose(-found.intercepts, polr["cuts"], atol=1e-7)
    assert found.log_likelihood == pytest.approx(lrm["log_likelihood"], abs=1e-9)


def test_the_ridge_is_lrm_s_with_n_times_the_penalty() -> None:
    expected = EXPECTED["lrm_penalised"]
    found = fitted(penalty=expected["penalty"] / len(LEVELS))
    np.testing.assert_allclose([*found.intercepts, *found.coefficients], expected["coefficients"], atol=1e-8)


def test_ranking_is_lrm_s_and_its_error_survival_s() -> None:
    c, dxy = estimate(ordinal_concordance(LEVELS, SCORE)), estimate(somers_dxy(LEVELS, SCORE))
    assert c.estimate == pytest.approx(EXPECTED["lrm_on_score"]["c"], abs=1e-12)
    assert c.estimate == pytest.approx(EXPECTED["concordance"]["c"], abs=1e-12)
    assert dxy.estimate == pytest.approx(EXPECTED["rcorr"]["dxy"], abs=1e-12)
    assert c.upper is not None
    assert dxy.upper is not None
    assert (c.upper - c.estimate) / 1.959963984540054 == pytest.approx(EXPECTED["concordance"]["standard_error"])
    assert dxy.upper - dxy.estimate == pytest.approx(2 * (c.upper - c.estimate))
    assert c.events is None


def test_the_ranked_probability_score_is_the_mean_brier_score_of_the_thresholds() -> None:
    model = fitted()
    reached = 1 / (1 + np.exp(-model.log_odds(COLUMNS)))
    found = estimate(ranked_probability_score(LEVELS, reached))
    assert found.estimate == pytest.approx(EXPECTED["ranked_probability"]["score"], abs=1e-9)
    brier = [brier_score_loss(k <= LEVELS, reached[:, k - 1]) for k in range(1, 5)]
    assert found.estimate == pytest.approx(np.mean(brier), abs=1e-12)
    skill = estimate(ranked_probability_skill(LEVELS, reached))
    assert skill.estimate == pytest.approx(EXPECTED["ranked_probability"]["skill"], abs=1e-9)
    assert skill.lower is not None
    assert 0 < skill.lower < skill.estimate


def test_the_interval_of_the_skill_is_what_resampling_finds() -> None:
    reached = 1 / (1 + np.exp(-fitted().log_odds(COLUMNS)))
    losses = ranked_probability_losses(LEVELS, reached)
    found = estimate(ranked_probability_skill(LEVELS, reached))
    seen = (LEVELS[:, None] >= np.arange(1, 5)).astype(float)
    draws, values = np.random.default_rng(3), []
    for _ in range(400):
        rows = draws.integers(0, len(LEVELS), len(LEVELS))
        reference = ((seen[rows] - seen[rows].mean(axis=0)) ** 2).mean()
        values.append(1 - losses[rows].mean() / reference)
    assert found.upper is not None
    assert (found.upper - found.estimate) / 1.96 == pytest.approx(np.std(values), rel=0.15)


@pytest.mark.parametrize(("name", "columns"), [("all", COLUMNS), ("score", SCORE[:, None])])
def test_brant_s_test_is_his_formula(name: str, columns: np.ndarray) -> None:
    found, expected = brant_test(LEVELS, columns), EXPECTED["brant"][name]
    assert isinstance(found, ParallelSlopes)
    assert found.degrees == expected["degrees"]
    assert found.statistic == pytest.approx(expected["statistic"], rel=1e-6)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-6)
    np.testing.assert_allclose(found.slopes, expected["slopes"], atol=1e-7)
    np.testing.assert_allclose(found.standard_errors, expected["standard_errors"], atol=1e-7)


def test_brant_s_test_says_nearly_what_the_likelihood_ratio_says() -> None:
    found = brant_test(LEVELS, COLUMNS)
    assert isinstance(found, ParallelSlopes)
    assert found.degrees == EXPECTED["vglm"]["degrees"]
    assert found.statistic == pytest.approx(EXPECTED["vglm"]["likelihood_ratio"], rel=0.05)
