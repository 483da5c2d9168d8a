"""What training finds on synthetic patients, threshold by threshold, against the chances they were drawn with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from made_cohorts import drawn
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from spinecast.training.ordinal.fitting import fit_ordinal_study
from spinecast.training.plan import ordinal_definition
from spinecast.training.study.file import load_study

CONFIGS = Path(__file__).parents[3] / "configs"
PATIENTS, SEED = 5_000, 20261126
CHANGES = [
    "final={kind: winner}",
    "tuning.trials=1",
    "tuning.startup_trials=1",
    "resampling.outer_folds=3",
    "resampling.inner_folds=6",
    f"cohort.source.patients={PATIENTS}",
]


def chances(recipe: str, variable: str, groups: tuple[tuple[str, ...], ...], died: str | None) -> np.ndarray:
    """The true chance of reaching each group of levels but the lowest; a dead patient's grade was never seen."""
    truth = drawn(recipe, PATIENTS, seed=SEED).truth
    dead = truth[f"{variable}_{died}_probability"] if died else np.zeros(PATIENTS)
    level = {
        name.removeprefix(f"{variable}_").removesuffix("_probability"): values * (1 - dead)
        for name, values in truth.items()
        if name.startswith(f"{variable}_") and name.endswith("_probability")
    } | ({died: dead} if died else {})
    by_group = np.column_stack([sum(level[one] for one in group) for group in groups])
    return np.cumsum(by_group[:, ::-1], axis=1)[:, ::-1][:, 1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "recipe", "learner", "death"),
    [
        # Death is no step of the grades: one slope for all thresholds would be wrong, one for each is right.
        (
            "ambulation/frankel_grade_30d",
            "surgical_course",
            "{kind: cumulative, learner: elastic_net, search: {knots: [0]}}",
            "worst_level",
        ),
        ("ambulation/nurick_grade_30d", "palliative_surgery", "{kind: proportional_odds}", "excluded"),
        ("complications/complication_grade", "surgical_course", "{kind: proportional_odds}", None),
    ],
)
def test_chances_rank_and_calibrate_like_the_ones_that_were_put_in(
    study: str, recipe: str, learner: str, death: str | None, tmp_path: Path
) -> None:
    changes = [*CHANGES, f"candidates=[{learner}]", *([f"outcome.death={death}"] if death else [])]
    loaded = load_study(CONFIGS / f"{study}.yaml", changes)
    trained = fit_ordinal_study(loaded, checkpoints=tmp_path, workers=1, started=datetime.now(UTC))
    outcome = ordinal_definition(loaded)
    died = "died_before_assessment" if death == "worst_level" else None
    known = chances(recipe, outcome.variable, outcome.groups, died)[trained.labelled.rows]
    found = expit(trained.final)
    assert found.shape == known.shape
    for number in range(known.shape[1]):
        reached = (trained.labelled.values > number).astype(float)
        ranks, best = (roc_auc_score(reached, values[:, number]) for values in (found, known))
        slope = sm.Logit(reached, sm.add_constant(trained.final[:, number])).fit(disp=0).params[1]
        # Few events, and an albumin that one patient in eight lacks: the truth knows what the model was not told.
        few = min(reached.sum(), len(reached) - reached.sum()) < 700
        assert best > 0.6  # there is something to find
        assert best - (0.035 if few else 0.02) < ranks < best + 0.01
        assert 0.9 < slope < 1.1
        # Not only in all: patient by patient the chances are near the true ones.
        assert np.abs(found[:, number] - known[:, number]).mean() < 0.05
