"""Borrowed patients: the weighted fit against scikit-learn, who may lend, and what the weight is tuned to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated
from sklearn.linear_model import LogisticRegression
from training.test_tuning import NAMES, same, unit
from training.test_tuning import simulated as rows

from spinecast.errors import CohortError
from spinecast.models.dimensions import Choice
from spinecast.models.member_arrays import member_from_bytes
from spinecast.models.scorers import LinearScorer
from spinecast.training.borrowing import find_lenders
from spinecast.training.final_model import final_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.patients import study_patients
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.study import Study
from spinecast.training.study.file import load_study
from spinecast.training.tuning import tune
from spinecast.training.tuning_unit import BORROWED_WEIGHT, Borrowed, TuningUnit

QUICK = (
    "candidates=[{kind: baseline, predictors: [age, albumin]}]",
    "final={kind: winner}",
    "tuning={trials: 10, startup_trials: 4}",
    "resampling={outer_folds: 2, inner_folds: 3}",
    "internal_validation={bootstrap: null}",
)


def borrowing(folder: Path, weights: tuple[float, ...], *, family: str = "baseline", trials: int = 1) -> TuningUnit:
    asked = unit(folder, family, trials, split=ALL_PATIENTS)
    matrix, outcome = rows(count=90, seed=11)
    space = dict(asked.candidate.search_space) | {BORROWED_WEIGHT: Choice(weights)}
    if family == "baseline":
        space["inverse_penalty"] = Choice((1.0,))
    return replace(
        asked, candidate=replace(asked.candidate, search_space=space), borrowed=Borrowed(matrix, outcome, None)
    )


def test_a_borrowed_patient_weighs_what_scikit_learn_is_told_it_weighs(tmp_path: Path) -> None:
    asked = borrowing(tmp_path, (0.3,))
    done = tune(asked)
    assert asked.borrowed is not None
    for fold, member in enumerate(done.members(member_from_bytes)):
        own = asked.split.inner != fold
        columns = np.vstack(
            [member.encoder.transform(asked.matrix[own]), member.encoder.transform(asked.borrowed.matrix)]
        )
        outcome = np.concatenate([asked.outcome[own], asked.borrowed.outcome])
        weights = np.concatenate([np.ones(own.sum()), np.full(90, 0.3)])
        known = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(columns, outcome, sample_weight=weights)
        assert isinstance(member.scorer, LinearScorer)
        assert member.scorer.coefficients == pytest.approx(known.coef_[0], abs=1e-3)
        # Encoded as the study's own patients are: the borrowed ones move no mean and no median.
        assert member.encoder.fill[0] == np.nanmedian(asked.matrix[own, 0])


def test_a_weight_of_nothing_borrows_nobody(tmp_path: Path) -> None:
    plain = tune(unit(tmp_path / "plain", "baseline", 3, split=ALL_PATIENTS))
    lent = borrowing(tmp_path / "lent", (0.0,), trials=3)
    space = dict(unit(tmp_path, "baseline").candidate.search_space) | {BORROWED_WEIGHT: Choice((0.0,))}
    nothing = tune(replace(lent, candidate=replace(lent.candidate, search_space=space)))
    assert np.array_equal(plain.held_out, nothing.held_out)
    assert len(nothing.held_out) == len(lent.outcome)  # the borrowed are never judged


def test_an_interrupted_search_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = tune(borrowing(tmp_path / "whole", (0.0, 0.3, 1.0), family="elastic_net", trials=4))
    half = borrowing(tmp_path / "half", (0.0, 0.3, 1.0), family="elastic_net", trials=2)
    tune(half)
    resumed = tune(replace(half, candidate=replace(half.candidate, trials=4)))
    assert same(whole, resumed)
    # Each weight once with all else alike, then the sampler's.
    first = whole.trials[:3]
    assert [trial.parameters[BORROWED_WEIGHT] for trial in first] == [0.0, 0.3, 1.0]
    assert len({tuple(v for k, v in trial.parameters.items() if k != BORROWED_WEIGHT) for trial in first}) == 1
    assert whole.trials[3].parameters[BORROWED_WEIGHT] in {0.0, 0.3, 1.0}
    assert tuple(half.schema.names) == NAMES


def study(folder: Path, lent: str = "lenders.csv", *overrides: str, weights: str = "[0, 0.3, 1]") -> Study:
    """Write sixty patients of whom thirty stand in the lenders' table too, and 500 lenders."""
    own, lenders = simulated.patients(60), simulated.patients(500, seed=77)
    lenders["patient"] = [f"L{number}" for number in range(500)]
    path = simulated.write_study(folder, own)
    pd.concat([lenders, own.iloc[:30]]).to_csv(folder / "lenders.csv", index=False)
    # In whom albumin tells the opposite; age as well would be turned back by a recalibration of slope below 0.
    mirrored = lenders.assign(albumin=(6.5 - lenders["albumin"]).round(1))
    mirrored.to_csv(folder / "mirrored.csv", index=False)
    columns = "{follow_up_time: {column: days}, death: {column: died}}"
    source = f"{{kind: csv, path: {lent}, id_column: patient, synthetic: true, columns: {columns}}}"
    return load_study(path, [*QUICK, f"cohort.borrow={{source: {source}, weights: {weights}}}", *overrides])


def test_the_studys_own_patients_do_not_come_in_by_another_door(tmp_path: Path) -> None:
    asked = study(tmp_path)
    cohort, labelled = study_patients(asked)
    found = find_lenders(asked, cohort, labelled)
    assert found is not None
    own = int(labelled.known[labelled.rows < 30].sum())
    assert found.own_left_out >= own
    assert found.count + own <= 530
    kept = {row.tobytes() for row in np.nan_to_num(found.patients.matrix)}
    mine = {row.tobytes() for row in np.nan_to_num(cohort.matrix(("age", "albumin"))[labelled.rows])}
    assert np.isin(found.patients.outcome, (0.0, 1.0)).all()
    assert len(kept) > len(mine)
    assert found.events == found.patients.outcome.sum()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("cohort.source.synthetic=false", "is synthetic and"),
        ("cohort.borrow.source.path=patients.csv", "holds nobody to borrow"),
    ],
)
def test_who_cannot_lend(tmp_path: Path, change: str, what: str) -> None:
    asked = study(tmp_path, "lenders.csv", change)
    cohort, labelled = study_patients(asked)
    with pytest.raises(CohortError, match=what):
        find_lenders(asked, cohort, labelled)


def fitted(asked: Study, folder: Path) -> Trained:
    return fit_study(asked, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


@pytest.mark.slow
@pytest.mark.parametrize(("lent", "helps"), [("lenders.csv", True), ("mirrored.csv", False)])
def test_the_weight_is_learned_on_the_studys_own_patients(tmp_path: Path, lent: str, helps: bool) -> None:
    done = fitted(study(tmp_path, lent), tmp_path)
    best = done.found.tuned[ALL_PATIENTS, "baseline"].best
    assert (best.parameters[BORROWED_WEIGHT] > 0) == helps
    model = final_model(done)
    assert model.about["borrowed"]["patients"] == done.lenders.count  # type: ignore[union-attr]
    # The development patients are the study's own.
    assert model.about["cohort"]["n"] == done.labelled.known.sum() <= 60
    assert len(done.out_of_fold.final) == len(done.labelled.values)
