"""What training finds on synthetic patients, against the risk each of them was drawn with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
import yaml
from made_cohorts import drawn
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from spinecast.training.fitting import fit_study
from spinecast.training.study.file import load_study

CONFIGS = Path(__file__).parents[2] / "configs"
PATIENTS, SEED = 5_000, 20261126
# The regression alone, as the catalogue has it: the truth is a sum of effects on the log-odds.
ONE_CANDIDATE = [
    "candidates=[{kind: elastic_net}]",
    "final={kind: winner}",
    "tuning.trials=1",
    "tuning.startup_trials=1",
    "resampling.outer_folds=3",
    "resampling.inner_folds=3",
    "internal_validation={bootstrap: null}",
    f"cohort.source.patients={PATIENTS}",
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "recipe", "truth"),
    [
        (
            "complications/severe_distress",
            "surgical_course",
            "severe_psychological_distress_present_probability",
        ),
        ("ambulation/motor_recovery", "bilsky3_ambulation", "motor_recovery_present_probability"),
    ],
)
def test_risks_rank_and_calibrate_like_the_ones_that_were_put_in(
    study: str, recipe: str, truth: str, tmp_path: Path
) -> None:
    loaded = load_study(CONFIGS / f"{study}.yaml", ONE_CANDIDATE)
    trained = fit_study(loaded, checkpoints=tmp_path, workers=1, started=datetime.now(UTC))
    risk, outcome = trained.out_of_fold.final, trained.labelled.values
    known = drawn(recipe, PATIENTS, seed=SEED).truth[truth]
    assert len(risk) == len(known) == PATIENTS
    ranks, best = roc_auc_score(outcome, risk), roc_auc_score(outcome, known)
    assert best > 0.65  # there is something to find
    assert best - 0.02 < ranks < best + 0.01
    slope = sm.Logit(outcome, sm.add_constant(logit(risk))).fit(disp=0).params[1]
    assert 0.9 < slope < 1.1
    # Not only in all: patient by patient the risks are near the true ones.
    assert np.abs(risk - known).mean() < 0.05


@pytest.mark.slow
def test_a_year_s_mortality_is_ranked_like_the_truth_where_nothing_is_unrecorded(tmp_path: Path) -> None:
    # In the recipe as it stands a quarter of albumin and of the AIS is unrecorded: no model ranks by what it is not
    # told, and the distance to the truth is .027 in place of .012 (.024 and .009 at 90 days, by hand).
    recipe = tmp_path / "complete.yaml"
    content = yaml.safe_load((CONFIGS / "cohorts" / "sorg.yaml").read_text(encoding="utf-8"))
    recipe.write_text(
        yaml.safe_dump({key: value for key, value in content.items() if key != "missingness"}, sort_keys=False)
    )
    overrides = [*ONE_CANDIDATE, f"cohort.source.recipe={recipe}"]
    loaded = load_study(CONFIGS / "survival" / "sorg_mortality_365d.yaml", overrides)
    trained = fit_study(loaded, checkpoints=tmp_path, workers=1, started=datetime.now(UTC))
    labelled, risk = trained.labelled, trained.out_of_fold.final
    known = labelled.known
    truth = 1 - drawn(str(recipe), PATIENTS, seed=SEED).truth["death_survival_365d"][labelled.rows]
    outcome = labelled.values[known]
    best = roc_auc_score(outcome, truth[known])
    assert best - 0.02 < roc_auc_score(outcome, risk[known]) < best
    slope = sm.Logit(outcome, sm.add_constant(logit(risk[known]))).fit(disp=0).params[1]
    assert 0.9 < slope < 1.1
    assert np.abs(risk - truth).mean() < 0.07  # of risks from nearly nothing to nearly one


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "handling"),
    [
        ("imputed", "{kind: multiple_imputation, draws: 3, iterations: 3}"),
        ("submodels", "{kind: pattern_submodels, fitted_to: patients_with_its_inputs}"),
    ],
)
def test_risks_are_calibrated_where_values_are_missing_at_random(way: str, handling: str, tmp_path: Path) -> None:
    """Three in five lack a value, and more often those in a worse state, which is known of everybody."""
    overrides = [*ONE_CANDIDATE, "uncertainty={venn_abers: false}", f"missing.handling={handling}"]
    loaded = load_study(CONFIGS / "survival" / f"radiotherapy_mortality_90d_{way}.yaml", overrides)
    trained = fit_study(loaded, checkpoints=tmp_path, workers=1, started=datetime.now(UTC))
    lacking = np.isnan(trained.cohort.matrix(loaded.predictors)[trained.labelled.rows]).any(axis=1)
    assert 0.5 < lacking.mean() < 0.7
    outcome, risk = trained.labelled.values, trained.out_of_fold.final
    slopes = [
        sm.Logit(outcome[rows], sm.add_constant(logit(risk[rows]))).fit(disp=0).params[1]
        for rows in (lacking | True, lacking, ~lacking)
    ]
    assert 0.9 < slopes[0] < 1.1
    # In those who lack something as in those who do not; each of these is known less exactly.
    assert slopes[1:] == pytest.approx([1.0, 1.0], abs=0.15)
