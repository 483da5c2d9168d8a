"""Venn-Abers probabilities, draws and submodels of one study: learned, judged, saved, asked, and lost by an update."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated
from reporting.fixture_record import make_record
from scipy.special import expit

from spinecast.explanation.prediction import predict_patient
from spinecast.explanation.table_prediction import predict_table
from spinecast.models.artifact import load_model, save_model
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.reporting.document import Table
from spinecast.reporting.sections.missing_inputs import missing_inputs_section
from spinecast.reporting.sections.venn_abers import venn_abers_section
from spinecast.statistics import Estimate, UpdateLine, fit_venn_abers
from spinecast.training.final_model import measured_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.missing_loss import describe_handling
from spinecast.training.study.file import load_study
from spinecast.training.venn_abers import FEWEST_PATIENTS, judge_venn_abers
from spinecast.validation.updating import recalibrated

TWO_WAYS = (
    "candidates=[{kind: baseline, predictors: [age, albumin, sodium], imputation: {kind: multiple_imputation, draws: 2,"
    " iterations: 2}}, {kind: baseline, name: by_pattern, predictors: [age, albumin, creatinine], imputation: "
    "{kind: pattern_submodels, fewest_patients: 20, fewest_events: 5}}]",
    "final={kind: ensemble, of: [baseline, by_pattern]}",
    "tuning={trials: 1}",
    "resampling={outer_folds: 2, inner_folds: 2}",
    "internal_validation={bootstrap: null}",
    "uncertainty={venn_abers: true}",
)
PATIENT = {"age": 63, "sodium": 134, "creatinine": 1.1}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("study")
    study = load_study(simulated.write_study(folder, simulated.patients(900)), TWO_WAYS)
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


@pytest.fixture(scope="module")
def model(done: Trained) -> PrognosisModel:
    return measured_model(done)[0]


def test_the_model_learns_them_from_log_odds_of_fits_that_did_not_see_the_patient(
    done: Trained, model: PrognosisModel
) -> None:
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    inner = done.splits[-1].inner
    by_member = model.member_log_odds(matrix)
    held_out = by_member[inner, np.arange(len(inner))]
    known = fit_venn_abers(done.labelled.values, held_out, fewest=FEWEST_PATIENTS)
    assert model.venn_abers is not None
    assert model.venn_abers.limits == pytest.approx(known.limits)
    assert model.venn_abers.lower == pytest.approx(known.lower)
    assert model.venn_abers.upper == pytest.approx(known.upper)
    assert model.venn_abers.patients.min() >= FEWEST_PATIENTS


def test_they_are_judged_in_patients_no_fit_has_seen(done: Trained) -> None:
    found = judge_venn_abers(done)
    assert found["n"] == len(done.labelled.values) == sum(group["n"] for group in found["groups"])
    assert found["events"] == done.labelled.events == sum(group["events"] for group in found["groups"])
    assert 0 < found["width"]["median"] <= found["width"]["largest"] <= 1
    for group in found["groups"]:
        assert group["lower"] < group["upper"]
        assert group["observed"]["lower"] < group["observed"]["estimate"] < group["observed"]["upper"]
    record = make_record()
    section = venn_abers_section(replace(record, evaluation={**record.evaluation, "venn_abers": found}))
    assert section is not None
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [row.cells[1] for row in tables[0].rows] == [f"{group['n']}" for group in found["groups"]]
    assert venn_abers_section(record) is None


def test_they_come_back_from_the_folder_and_an_update_loses_them(model: PrognosisModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert loaded.venn_abers is not None
    assert model.venn_abers is not None
    scores = np.linspace(-4, 4, 50)
    assert np.array_equal(loaded.venn_abers.interval(scores), model.venn_abers.interval(scores))
    same = Estimate(0.1, 0.0, 0.2, 10, 5, "made")
    line = UpdateLine("logistic", same, replace(same, estimate=0.9))
    assert recalibrated(model, line).venn_abers is None


def test_an_answer_shows_both_with_what_they_mean_and_which_submodel_answered(model: PrognosisModel) -> None:
    found = predict_patient(model, "0" * 64, PATIENT)
    assert model.venn_abers is not None
    lower, upper = model.venn_abers.interval([found.log_odds])
    said = found.to_dict()
    assert (said["venn_abers"]["lower"], said["venn_abers"]["upper"]) == (lower[0], upper[0])
    assert "one of the two is calibrated" in said["venn_abers"]["meaning"]
    assert said["answered_by"] == list(found.answered_by)
    assert len(found.answered_by) == 1  # of two parts one is made of submodels
    assert "the submodel without Albumin" in found.answered_by[0]
    text = found.to_text()
    assert f"Venn-Abers: {lower[0]:.1%} and {upper[0]:.1%}" in text
    assert "answered by Baseline" in text
    total = found.base_value + sum(row["contribution"] for row in found.contributions)
    assert total == pytest.approx(found.log_odds, abs=1e-6)
    plain = replace(model, venn_abers=None, parts=model.parts[:1])
    assert predict_patient(plain, "0" * 64, PATIENT).to_dict()["venn_abers"] is None
    assert "Venn-Abers" not in predict_patient(plain, "0" * 64, PATIENT).to_text()


def test_a_table_has_a_column_for_each(model: PrognosisModel) -> None:
    table = pd.DataFrame([PATIENT, {**PATIENT, "albumin": 3.1}, {}])
    found = predict_table(model, "0" * 64, table).table
    assert model.venn_abers is not None
    lower, upper = model.venn_abers.interval(np.log(found["risk"][:2] / (1 - found["risk"][:2])))
    assert found["venn_abers_lower"][:2].to_numpy() == pytest.approx(lower)
    assert found["venn_abers_upper"][:2].to_numpy() == pytest.approx(upper)
    assert found[["venn_abers_lower", "venn_abers_upper"]].iloc[2].isna().all()
    assert "without Albumin" in found["answered_by"][0]
    assert "with every input" in found["answered_by"][1]
    assert "venn_abers_lower" not in predict_table(replace(model, venn_abers=None), "0" * 64, table).table


def test_the_report_says_how_each_part_meets_what_is_missing(done: Trained, model: PrognosisModel) -> None:
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows]
    drawn, by_pattern = describe_handling(model, matrix, done.plans)
    assert (drawn["kind"], drawn["draws"]) == ("multiple_imputation", 2)
    answered = [*by_pattern["submodels"], by_pattern["otherwise"]]
    assert sum(one["answers"] for one in answered) == len(matrix)
    assert by_pattern["submodels"][0]["lacks"] == []
    found = measured_model(done)[1].to_dict() | {"handling": [drawn, by_pattern]}
    tables = [block for block in missing_inputs_section(found, held_out=True).blocks if isinstance(block, Table)]
    assert "2 draws" in tables[0].rows[0].cells[1]
    assert len(tables[1].rows) == len(answered)


def test_the_served_risk_is_that_of_the_mean_of_both_ways(done: Trained, model: PrognosisModel) -> None:
    matrix = done.cohort.matrix(model.predictors)[done.labelled.rows][:20]
    parts = [part.intercept + part.slope * part.scores(matrix).mean(axis=0) for part in model.parts]
    served = model.intercept + model.slope * np.mean(parts, axis=0)
    assert model.predict(matrix) == pytest.approx(expit(served))
