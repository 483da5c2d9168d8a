"""The procedure fitted again: against a bootstrap written out with scikit-learn, tuning fixed or repeated."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import simulated
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold

from spinecast.errors import CohortError
from spinecast.training.final_model import final_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.internal_judging import judge_internally
from spinecast.training.internal_splits import SplitPlan
from spinecast.training.refitting import large_enough
from spinecast.training.resampling import ALL_PATIENTS
from spinecast.training.study.file import load_study
from spinecast.validation.internal import BootstrapValidation, InternalExternal, RepeatedValidation

PREDICTORS = ("age", "albumin", "creatinine", "sodium")
UNPENALISED = (
    "candidates=[{kind: baseline, predictors: [age, albumin, creatinine, sodium], search: {inverse_penalty: [1.0e5]}}]",
    "final={kind: winner}",
    "tuning={trials: 1}",
    "resampling={outer_folds: 2, inner_folds: 4}",
)


def fitted(folder: Path, *overrides: str) -> Trained:
    table = simulated.patients(200).fillna({"albumin": 3.3, "sodium": 137})
    study = load_study(simulated.write_study(folder, table), overrides)
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


def line(scores: np.ndarray, outcome: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=np.inf).fit(scores[:, None], outcome)


def procedure(x: np.ndarray, y: np.ndarray, rows: np.ndarray, seed: int) -> np.ndarray:
    """Risks of all patients by the mean of cross-fitted regressions, recalibrated on their held-out scores."""
    held_out, everywhere = np.empty(len(rows)), []
    for train, held in GroupKFold(4, shuffle=True, random_state=seed).split(x[rows], y[rows], rows):
        scale = x[rows][train].std(axis=0)
        model = LogisticRegression(C=1e5, max_iter=2000).fit(x[rows][train] / scale, y[rows][train])
        held_out[held] = model.decision_function(x[rows][held] / scale)
        everywhere.append(model.decision_function(x / scale))
    recalibrated = line(held_out, y[rows])
    return recalibrated.predict_proba(np.mean(everywhere, axis=0)[:, None])[:, 1]


@pytest.mark.slow
def test_a_regression_shows_the_optimism_that_a_bootstrap_with_scikit_learn_shows(tmp_path: Path) -> None:
    done = fitted(tmp_path, *UNPENALISED, "internal_validation={bootstrap: {resamples: 60}}")
    found = judge_internally(done, final_model(done)).bootstrap
    assert isinstance(found, BootstrapValidation)
    x, y = done.cohort.matrix(PREDICTORS)[done.labelled.rows], done.labelled.values

    def performance(risk: np.ndarray, rows: np.ndarray) -> list[float]:
        odds = np.log(risk[rows] / (1 - risk[rows]))
        return [
            roc_auc_score(y[rows], risk[rows]),
            brier_score_loss(y[rows], risk[rows]),
            float(line(odds, y[rows]).coef_[0, 0]),
        ]

    draw, everyone, differences = np.random.default_rng(8), np.arange(len(y)), []
    for number in range(60):
        rows = draw.integers(0, len(y), size=len(y))
        risk = procedure(x, y, rows, number)
        differences.append(np.subtract(performance(risk, rows), performance(risk, everyone)))
    mean, error = np.mean(differences, axis=0), np.std(differences, axis=0, ddof=1) / np.sqrt(60)
    apparent = performance(procedure(x, y, everyone, 1), everyone)
    for place, name in enumerate(("auc", "brier", "calibration_slope")):
        measure = found.measures[name]
        own = (measure.optimism.upper - measure.optimism.lower) / 3.92
        assert abs(measure.optimism.estimate - mean[place]) < 3.5 * np.hypot(own, error[place]), name
        if name != "calibration_slope":  # which hangs on the inner folds, here others, through the recalibration
            assert measure.apparent.estimate == pytest.approx(apparent[place], rel=0.02), name
    assert found.measures["auc"].optimism.estimate > 0.01


def test_fixed_takes_what_was_found_on_all_patients_and_repeated_searches_again(tmp_path: Path) -> None:
    overrides = (
        "candidates=[{kind: baseline, predictors: [age, albumin]}]",
        "final={kind: winner}",
        "tuning={trials: 3, startup_trials: 2}",
        "resampling={outer_folds: 2, inner_folds: 2}",
        "internal_validation={bootstrap: {resamples: 10}, repeated_cross_validation: {repeats: 1, tuning: repeated}}",
    )
    done = fitted(tmp_path, *overrides)
    best = done.found.tuned[ALL_PATIENTS, "baseline"].best.parameters
    folder = next((tmp_path / "checkpoints").glob("simulated_mortality-*")) / "internal_validation"
    fixed = sorted((folder / "fixed").glob("*/baseline.jsonl"))
    assert len(fixed) == 10
    for journal in fixed:
        (only,) = journal.read_text().splitlines()
        assert str(best["inverse_penalty"]) in only
    repeated = sorted((folder / "repeated").glob("*/baseline.jsonl"))
    assert [path.parent.name for path in repeated] == ["repeat_1_fold_1", "repeat_1_fold_2"]
    assert all(len(path.read_text().splitlines()) == 3 for path in repeated)
    internal = judge_internally(done, final_model(done))
    assert isinstance(internal.repeated_cross_validation, RepeatedValidation)
    assert internal.repeated_cross_validation.tuning == "repeated"
    # Time inside these fits is counted: 3 splits x 3 trials, 10 resamples and 2 folds x 3 trials.
    assert done.fit_seconds > done.found.fit_seconds > 0


def test_one_site_is_none_to_leave_out(tmp_path: Path) -> None:
    table = simulated.patients(200).assign(sex="female")
    study = load_study(
        simulated.write_study(tmp_path, table),
        (*UNPENALISED, "internal_validation={bootstrap: null, internal_external: {by: sex}}"),
    )
    with pytest.raises(CohortError, match="do not differ in sex") as caught:
        fit_study(study, checkpoints=tmp_path / "checkpoints", workers=1, started=datetime.now(UTC))
    assert caught.value.where == "internal_validation.internal_external.by"
    assert not (tmp_path / "checkpoints").exists()  # said before anything was fitted


def test_groups_too_small_to_show_are_not_named(tmp_path: Path) -> None:
    """A group column may hold what tells people apart: only groups of ten events and ten without are named."""
    table = simulated.patients(200)
    table["clinic"] = ["north" if row < 90 else "south" if row < 180 else f"person {row}" for row in range(200)]
    study = load_study(
        simulated.write_study(tmp_path, table),
        (
            "candidates=[{kind: baseline, predictors: [age, albumin]}]",
            "final={kind: winner}",
            "tuning={trials: 1}",
            "resampling={outer_folds: 2, inner_folds: 2}",
            "cohort.source.group_column=clinic",
            "resampling.group=null",
            "internal_validation={bootstrap: null, internal_external: {}}",
        ),
    )
    assert study.internal_validation.internal_external is not None
    assert study.internal_validation.internal_external.by == "clinic"
    done = fit_study(study, checkpoints=tmp_path / "checkpoints", workers=1, started=datetime.now(UTC))
    found = judge_internally(done, final_model(done)).internal_external
    assert isinstance(found, InternalExternal)
    assert [site.label for site in found.sites] == ["north", "south", "20 others"]
    assert "person" not in str(found.to_dict())
    assert found.sites[0].n == 90


def test_a_lone_site_of_few_takes_the_smallest_of_the_others_with_it() -> None:
    """Its numbers would follow from those of the others and of all."""
    outcome = np.tile([0.0, 1.0], 150)
    plan = SplitPlan(outcome, None, np.ones(300, dtype=bool), outer_folds=2, inner_folds=2, seed=1)

    def shown(*sizes: int) -> set[str]:
        site = np.repeat(np.arange(len(sizes)), sizes)
        members = [site == number for number in range(len(sizes))]
        found = large_enough(plan, plan.without_sites(members), members)
        assert set(found.refused) == {f"without site {number + 1}" for number in range(len(sizes))} - {
            split.name for split in found.splits
        }
        return {split.name for split in found.splits}

    assert shown(6, 114, 80, 100) == {"without site 2", "without site 4"}
    # Fourteen could not be known by their number, nor could two small ones of whom only the sum follows.
    assert shown(14, 106, 80, 100) == {"without site 2", "without site 3", "without site 4"}
    assert shown(6, 14, 180, 100) == {"without site 3", "without site 4"}
