"""What missing inputs cost held-out patients: against the search's own held-out predictions, and by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import simulated
from scipy.special import expit

from spinecast.training.final_model import measured_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.missing_loss import FOLD, held_out_risk
from spinecast.training.resampling import ALL_PATIENTS, inner_folds
from spinecast.training.study.file import load_study

TWO = (
    "candidates=[{kind: baseline, predictors: [age, albumin, sodium]}, "
    "{kind: baseline, name: other, predictors: [age, albumin, creatinine]}]",
    "final={kind: ensemble, of: [baseline, other]}",
    "tuning={trials: 1}",
    "resampling={outer_folds: 2, inner_folds: 3}",
    "internal_validation={bootstrap: null}",
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("study")
    study = load_study(simulated.write_study(folder), TWO)
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


@pytest.mark.slow
def test_patients_are_asked_of_the_members_that_did_not_see_them(done: Trained) -> None:
    model, found = measured_model(done)
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    columns = {name: matrix[:, place] for place, name in enumerate(model.predictors)}
    asked = held_out_risk(model)(columns | {FOLD: inner_folds(done.splits).astype(float)})
    # The search keeps its held-out log-odds: the same, but for the last recalibration.
    kept = np.mean([done.found.tuned[ALL_PATIENTS, name].held_out for name in ("baseline", "other")], axis=0)
    assert asked == pytest.approx(expit(model.intercept + model.slope * kept))
    assert found.n == len(done.labelled.values)


@pytest.mark.slow
def test_the_model_carries_the_mean_squared_change_and_widens_by_it(done: Trained) -> None:
    model, found = measured_model(done)
    assert model.missing is not None
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    place = model.predictors.index("albumin")
    had = ~np.isnan(matrix[:, place])
    fold, gone = inner_folds(done.splits), matrix.copy()
    gone[:, place] = np.nan
    by_hand = np.empty(len(matrix))
    for number in range(3):
        rows = fold == number
        before, after = (model.member_log_odds(values[rows])[number] for values in (matrix, gone))
        by_hand[rows] = (after - before) ** 2
    assert model.missing.variance[place] * model.slope**2 == pytest.approx(by_hand[had].mean())
    assert {one.variable for one in found.each} == set(model.predictors)
    known = matrix[had & ~np.isnan(matrix).any(axis=1)][:1]
    unknown = np.where(np.arange(len(model.predictors)) == place, np.nan, known)
    assert model.missing_variance(unknown)[0] == pytest.approx(by_hand[had].mean())
    assert model.missing_variance(known)[0] == 0
    # Albumin drives these patients' deaths, creatinine does not.
    assert model.missing.variance[place] > 5 * model.missing.variance[model.predictors.index("creatinine")]


@pytest.mark.slow
def test_the_limits_hold_the_answer_that_the_input_would_have_given(done: Trained) -> None:
    """Of patients whose albumin is taken away, some 95 % of their answers with it lie within what its absence adds."""
    model, _ = measured_model(done)
    fresh = simulated.patients(1500, seed=99).dropna()
    matrix = np.column_stack([fresh[name] for name in model.predictors])
    gone = matrix.copy()
    gone[:, model.predictors.index("albumin")] = np.nan
    change = model.log_odds(gone) - model.log_odds(matrix)
    inside = np.abs(change) <= 1.96 * np.sqrt(model.missing_variance(gone))
    assert inside.mean() == pytest.approx(0.95, abs=0.03)
