"""Models, scores and published formulas as sources of risk: what they give, and when they only rank."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from made_models import PREDICTORS, model_of, patients

from spinecast.clinical.dictionary import variable
from spinecast.clinical.published_model import published_models, read_published_model
from spinecast.clinical.scores import score
from spinecast.cohorts.outcomes import BinaryOutcome, HorizonOutcome, LandmarkOutcome, OrdinalOutcome
from spinecast.errors import ArtifactError, ContractError
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.validation import model_risks
from spinecast.validation.model_risks import model_source, predict_columns
from spinecast.validation.published_risks import published_source, score_source
from spinecast.validation.recorded_outcome import outcome_from_record, outcome_variables, with_censoring
from spinecast.validation.risk_sources import AskedOutcome, asked_outcome

DEATH_90 = AskedOutcome("death", 90.0)
RECORDED = {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90, "censored": "exclude"}


def columns() -> dict[str, np.ndarray]:
    matrix, _ = patients(60)
    return dict(zip(PREDICTORS, matrix.T, strict=True))


def told(**outcome: Any) -> PrognosisModel:
    model = model_of("elastic_net")
    return replace(model, about={**model.about, "outcome": {**RECORDED, "label": "Death within 90 days", **outcome}})


def test_a_model_gives_the_risks_it_serves_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = told(), columns()
    matrix, _ = patients(60)
    source = model_source(model, "f" * 64, DEATH_90)
    assert source.ranks_only == ""
    assert source.compute(given).tolist() == model.predict(matrix).tolist()
    monkeypatch.setattr(model_risks, "ROWS_AT_ONCE", 7)
    assert predict_columns(model, given).tolist() == model.predict(matrix).tolist()


def test_a_predictor_without_a_column_is_missing_for_everyone() -> None:
    model = told()
    matrix, _ = patients(60)
    matrix[:, PREDICTORS.index("albumin")] = np.nan
    without = {name: column for name, column in columns().items() if name != "albumin"}
    assert predict_columns(model, without).tolist() == model.predict(matrix).tolist()


@pytest.mark.parametrize(
    ("recorded", "asked", "words"),
    [
        ({}, AskedOutcome("death", 365.0), "predicts death by day 90, not death by day 365"),
        ({"event": "motor_recovery"}, DEATH_90, "predicts Death within 90 days, not death by day 90"),
        ({"horizon_days": None}, DEATH_90, "predicts death without a horizon"),
    ],
)
def test_a_model_of_something_else_only_ranks(recorded: dict[str, Any], asked: AskedOutcome, words: str) -> None:
    assert words in model_source(told(**recorded), "f" * 64, asked).ranks_only


def bollen_columns() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(1)
    entry = score("bollen")
    return {
        name: draw.integers(0, len(variable(name).levels), 50).astype(float)
        if variable(name).is_levelled
        else draw.integers(3, 11, 50) * 10.0
        for name in entry.inputs
    }


def test_a_score_gives_one_less_the_survival_of_its_stratum() -> None:
    entry, given = score("bollen"), bollen_columns()
    source = score_source(entry, DEATH_90)
    assert source.ranks_only == ""
    strata = entry.compute(given).stratum()
    expected = [1 - entry.strata[place].expected_survival[90] for place in strata]
    assert source.compute(given).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (AskedOutcome("death", 42.0), "no survival by day 42"),
        (AskedOutcome("motor_recovery", None), "state survival, not motor_recovery"),
        (AskedOutcome("death", None), "no horizon"),
    ],
)
def test_a_score_without_a_published_survival_ranks_the_higher_the_worse(asked: AskedOutcome, words: str) -> None:
    given = bollen_columns()
    worse = score_source(score("bollen"), asked)
    assert words in worse.ranks_only
    assert worse.compute(given).tolist() == score("bollen").compute(given).value.tolist()
    better = score_source(score("prognostic_nutritional_index"), DEATH_90)
    blood = {"albumin": np.array([2.0, 4.0]), "lymphocyte_count": np.array([1.5, 1.5])}
    ranked = better.compute(blood)
    assert ranked[0] > ranked[1]  # a low index is the worse one


def test_a_patient_whose_range_spans_strata_has_no_risk() -> None:
    given = bollen_columns()
    given["primary_tumour"] = np.full(50, np.nan)
    given["karnofsky_performance_status"] = np.full(50, np.nan)
    assert np.isnan(score_source(score("bollen"), DEATH_90).compute(given)).all()


def test_a_stratum_nobody_can_be_sure_of_is_said() -> None:
    assert "Nobody can be sure" in score_source(score("tomita"), DEATH_90).note


def test_a_quantity_is_no_prognosis() -> None:
    with pytest.raises(ContractError, match="blood_volume is a quantity"):
        score_source(score("blood_volume"), DEATH_90)


def test_a_published_model_without_a_baseline_ranks_by_its_linear_predictor() -> None:
    model = read_published_model(published_models()["sorg_survival_2016"])
    source = published_source(model, DEATH_90)
    assert source.ranks_only == model.link.ranks_only
    given = {name: np.array([0.0, 1.0]) for name in model.inputs}
    assert source.compute(given).tolist() == model.linear_predictor(given).tolist()


def test_a_published_model_with_a_risk_gives_it_for_its_own_outcome_only() -> None:
    model = read_published_model(published_models()["implant_failure_hounsfield"])
    own = published_source(model, AskedOutcome("implant_failure_status", None))
    given = {
        "hounsfield_units_lowest_instrumented_vertebra": np.array([120.0, 180.0]),
        "bilsky_grade": np.array([2, 4]),
    }
    assert set(given) == set(model.inputs)
    assert own.ranks_only == ""
    risk = own.compute(given)
    assert risk.tolist() == model.risk(given).tolist()
    assert ((risk > 0) & (risk < 1)).all()
    assert published_source(model, DEATH_90).ranks_only


# What the model records of its outcome


def test_the_recorded_outcome_is_the_one_it_was_trained_for() -> None:
    assert outcome_from_record(RECORDED) == HorizonOutcome("follow_up_time", "death", 90, "exclude")
    binary = {
        "kind": "binary",
        "variable": "functional_outcome_2m",
        "event_levels": ["no_severe_disability"],
        "excluded_levels": [],
    }
    made = outcome_from_record(binary)
    assert isinstance(made, BinaryOutcome)
    assert outcome_variables(made) == ("functional_outcome_2m",)
    assert asked_outcome(made) == AskedOutcome("functional_outcome_2m", None)
    levels = OrdinalOutcome("frankel_grade_30d", death="worst_level", combined_levels=(("a", "b"), ("c", "d")))
    kept = {"kind": "ordinal", "explained_threshold": 1, **json.loads(json.dumps(asdict(levels)))}
    assert outcome_from_record(kept) == levels
    landmark = LandmarkOutcome("follow_up_time", "death", 30, 90)
    assert outcome_variables(landmark) == ("follow_up_time", "death")


@pytest.mark.parametrize("recorded", [None, {}, {"label": "Death"}, {"kind": "unheard_of"}])
def test_a_model_that_does_not_say_what_it_predicts_is_refused(recorded: dict[str, Any] | None) -> None:
    with pytest.raises(ArtifactError, match="does not record which outcome"):
        outcome_from_record(recorded)


def test_censoring_can_be_met_otherwise() -> None:
    outcome = HorizonOutcome("follow_up_time", "death", 90)
    assert with_censoring(outcome, None) is outcome
    assert with_censoring(outcome, "ipcw").censored == "ipcw"  # type: ignore[union-attr]
    with pytest.raises(ContractError, match="did you mean ipcw"):
        with_censoring(outcome, "icpw")
    with pytest.raises(ContractError, match="no follow-up"):
        with_censoring(BinaryOutcome("functional_outcome_2m", ("no_severe_disability",)), "ipcw")
