"""From the audit log to watched patients: the risk that was served, of every kind, and which prediction counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("alembic")

import made_levels
import made_models
import made_survival

from spinecast.audit import log as log_module
from spinecast.audit.database import upgrade
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import audit_places
from spinecast.audit.records import Draft
from spinecast.cohorts.patient import patient_row
from spinecast.errors import AuditError, CohortError, ContractError
from spinecast.explanation.answering import Question, predict_any
from spinecast.models.loading import AnyModel, with_about
from spinecast.statistics import Absent
from spinecast.validation.monitoring.importing import import_outcomes
from spinecast.validation.monitoring.one_risk import OneRisk, one_risk
from spinecast.validation.monitoring.prediction_table import watched_in_file
from spinecast.validation.monitoring.returned import read_returned
from spinecast.validation.monitoring.served import watched_in_log
from spinecast.validation.monitoring.watched import Watched, follow

UNTIL = np.datetime64("2026-11-27", "D")
DEATH = {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90, "label": "Death"}
PATIENT = {"age": 63, "albumin": {"value": 29, "unit": "g/L"}, "hemoglobin": 11.0}


def with_outcome(model: AnyModel, outcome: dict[str, Any]) -> AnyModel:
    return with_about(model, {**model.about, "outcome": {**model.about["outcome"], **outcome}})


def event_model() -> AnyModel:
    return with_outcome(made_models.model_of("elastic_net"), DEATH)


def loss_model() -> AnyModel:
    from serving.made_store import loss_model as made

    return with_outcome(made(), {"kind": "quantity", "variable": "intraoperative_blood_loss", "thresholds": [500.0]})


MODELS = {
    "event": (event_model, {}),
    "times": (
        lambda: with_outcome(
            made_survival.survival_model_of("cox"),
            {"kind": "time_to_event", "time": "follow_up_time", "event": "death"},
        ),
        {"day": 90.0},
    ),
    "competing": (
        lambda: with_outcome(
            made_survival.competing_model(),
            {
                "kind": "competing_risks",
                "time": "loss_of_ambulation_time",
                "status": "loss_of_ambulation_status",
                "causes": ["loss_of_ambulation", "death"],
            },
        ),
        {},
    ),
    "quantity": (loss_model, {}),
    "levels": (
        lambda: with_outcome(
            made_levels.ordinal_model("proportional_odds"),
            {
                "kind": "ordinal",
                "variable": "ecog_30d",
                "death": "worst_level",
                "combined_levels": [["3", "4", "5"]],
            },
        ),
        {"level": "2"},
    ),
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")})
    upgrade(places)
    opened = open_log(places)
    yield opened
    opened.close()


class Served:
    """Puts answers of a model into a log, as a server does, on days of our choosing."""

    def __init__(self, log: AuditLog, model: AnyModel) -> None:
        self.log, self.model = log, model

    def ask(
        self, moment: str, patient: str | None, inputs: dict[str, Any], *, version: str = "m/1", **shown: object
    ) -> None:
        own = {name: value for name, value in inputs.items() if name in self.model.predictors}
        body: dict[str, Any] = {
            "asked": {"inputs": own, "for_scores": {}, "question": asdict(Question())},
            "answer": {"prediction": predict_any(self.model, "identity", own, Question()).to_dict(), "declined": None},
        }
        body |= {"shown": shown} if shown else {}
        subject = None if patient is None else self.log.key.pseudonym(patient)
        with pytest.MonkeyPatch.context() as then:
            then.setattr(log_module, "now_text", lambda: f"{moment}:00.000000Z")
            self.log.append([Draft("prediction", "anna (clinician)", body, version, subject)])

    def watched(self, risk: OneRisk, **how: Any) -> Watched:
        return watched_in_log(self.log, "a tester", self.model, "m/1", risk, **{"until": UNTIL, **how})


@pytest.mark.parametrize("kind", list(MODELS))
def test_the_risk_that_was_served_is_the_one_the_model_gives(log: AuditLog, kind: str) -> None:
    make, chosen = MODELS[kind]
    served = Served(log, make())
    risk = one_risk(served.model, **chosen)  # type: ignore[arg-type]
    patients: list[dict[str, Any]] = [PATIENT, {**PATIENT, "age": 48}]
    for day, inputs in enumerate(patients, start=1):
        served.ask(f"2026-01-0{day}T10:00", str(day), inputs)
    found = served.watched(risk)
    known = [{name: one[name] for name in one if name in served.model.predictors} for one in patients]
    rows = np.vstack([patient_row(one, served.model.predictors)[0] for one in known])
    assert np.array_equal(found.inputs, rows, equal_nan=True)
    assert found.risk == pytest.approx(risk.predict(served.model, rows))
    assert found.risk[0] != found.risk[1]


def test_one_prediction_a_patient_counts(log: AuditLog) -> None:
    served = Served(log, event_model())
    served.ask("2026-01-05T09:00", "a", {"age": 60}, on="page", live=True)
    served.ask("2026-01-05T09:05", "a", {"age": 60, "albumin": 3.0}, on="page", live=False)
    served.ask("2026-01-05T09:06", "a", {"age": 60, "albumin": 4.0}, on="page", what_if_of=2, changed=["albumin"])
    served.ask("2026-03-01T09:00", "a", {"age": 60, "albumin": 2.0})
    served.ask("2026-01-02T09:00", None, {"age": 70})
    served.ask("2026-01-04T09:00", "b", {"age": 50})
    served.ask("2026-01-03T09:00", "c", {"age": 50}, version="m/2")
    log.append([Draft("declined", "anna (clinician)", {"answer": {"declined": "too little"}}, "m/1", "d" * 32)])
    found = served.watched(one_risk(served.model))
    assert found.predicted_on.astype(str).tolist() == ["2026-01-04", "2026-01-05"]
    albumin = found.predictors.index("albumin")
    assert found.inputs[1, albumin] == 3.0  # what was seen in the end on the first day
    assert found.left_out == {
        "earlier on the same day": 1,
        "what-ifs": 1,
        "later consultations of a patient": 1,
        "patients without an identifier": 1,
        "declined answers": 1,
    }
    later = served.watched(one_risk(served.model), since=np.datetime64("2026-01-05", "D"))
    assert len(later) == 1
    with pytest.raises(CohortError, match="no prediction to watch"):
        served.watched(one_risk(served.model), until=np.datetime64("2025-01-01", "D"))
    reads = [record.body for record in log.find(kind="read")]
    assert all(body is not None and body["monitor"] == "m/1" for body in reads)
    assert len(reads) == 3


def test_outcomes_meet_their_predictions(log: AuditLog, tmp_path: Path) -> None:
    served = Served(log, event_model())
    for day, patient in enumerate("abc", start=1):
        served.ask(f"2026-01-0{day}T10:00", patient, PATIENT)
    (tmp_path / "o.csv").write_text("patient,date,death\na,2026-01-31,present\nb,2026-04-01,absent\n")
    import_outcomes(log, "a tester", read_returned(tmp_path / "o.csv"), today=UNTIL)
    found = served.watched(one_risk(served.model))
    assert found.time.tolist()[:2] == [30.0, 89.0]
    assert found.state.tolist()[:2] == [1.0, 0.0]
    assert np.isnan(found.time[2])
    assert np.isnan(found.state[2])
    assert not found.synthetic


def test_what_came_before_a_prediction_is_no_outcome_of_it(log: AuditLog, tmp_path: Path) -> None:
    served = Served(log, event_model())
    for patient in "abcd":
        served.ask("2026-01-01T10:00", patient, PATIENT, version="m/0")
        served.ask("2026-06-01T10:00", patient, PATIENT)
    (tmp_path / "o.csv").write_text(
        "patient,date,death\na,2026-02-01,present\nb,2026-02-01,absent\nc,2026-05-31,present\nd,2026-06-03,present\n"
    )
    import_outcomes(log, "a tester", read_returned(tmp_path / "o.csv"), today=UNTIL)
    found = served.watched(one_risk(served.model))
    assert found.left_out == {"where the event came before the prediction": 1}
    assert found.state == pytest.approx([np.nan, 1, 1], nan_ok=True)  # b: of June nothing is known
    assert found.time == pytest.approx([np.nan, 0, 2], nan_ok=True)  # c's evening is another day in UTC


def test_a_level_found_before_a_prediction_is_none_of_it(log: AuditLog, tmp_path: Path) -> None:
    served = Served(log, MODELS["levels"][0]())
    served.ask("2026-01-01T10:00", "a", PATIENT, version="m/0")
    served.ask("2026-06-01T10:00", "a", PATIENT)
    (tmp_path / "o.csv").write_text("patient,date,ecog_30d\na,2026-02-01,2\n")
    import_outcomes(log, "a tester", read_returned(tmp_path / "o.csv"), today=UNTIL)
    risk = one_risk(served.model, level="2")
    found = served.watched(risk)
    assert np.isnan(found.state).all()
    assert not follow(found, risk, UNTIL).due.any()


def test_a_level_found_on_another_day_is_not_the_outcome(log: AuditLog, tmp_path: Path) -> None:
    served = Served(log, MODELS["levels"][0]())
    for patient in "abc":
        served.ask("2026-01-01T10:00", patient, PATIENT, version="m/0")
        served.ask("2026-06-01T10:00", patient, PATIENT)
    # Found 20 days after the prediction, two, and five months.
    text = "patient,date,ecog_30d\na,2026-06-21,2\nb,2026-06-03,2\nc,2026-11-01,2\n"
    (tmp_path / "o.csv").write_text(text)
    import_outcomes(log, "a tester", read_returned(tmp_path / "o.csv"), today=UNTIL)
    risk = one_risk(served.model, level="2")
    found = served.watched(risk)
    assert np.isnan(found.state).tolist() == [False, True, True]
    assert found.untimely == 2
    assert risk.waiting_days == 40
    assert follow(found, risk, np.datetime64("2026-07-10", "D")).due.tolist() == [False, False, False]
    assert follow(found, risk, np.datetime64("2026-07-11", "D")).due.tolist() == [True, False, False]


def test_of_a_log_and_of_a_file_the_same_predictions_count(log: AuditLog, tmp_path: Path) -> None:
    served = Served(log, event_model())
    made = [
        ("2026-01-05", "a", 2.9),  # before the time asked for: the patient's later ones are no first ones
        ("2026-06-05", "a", 2.8),
        ("2026-06-05", "b", 2.0),
        ("2026-06-05", "c", 3.5),
        ("2026-06-05", "b", 4.0),
        ("2026-06-06", "b", 5.0),
    ]
    rows = ["patient,predicted_on,age,albumin,hemoglobin,follow_up_time,death"]
    for minute, (day, patient, albumin) in enumerate(made):
        served.ask(f"{day}T10:0{minute}", patient, {**PATIENT, "albumin": albumin})
        rows.append(f"{patient},{day},63,{albumin},11,100,absent")
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n")
    risk, since = one_risk(served.model), np.datetime64("2026-05-01", "D")
    table = pd.read_csv(tmp_path / "p.csv")
    for name in set(served.model.predictors) - set(table.columns):
        table[name] = np.nan
    table.to_csv(tmp_path / "p.csv", index=False)
    logged = served.watched(risk, since=since)
    filed = watched_in_file(tmp_path / "p.csv", served.model, risk, since=since, until=UNTIL)
    assert logged.inputs[:, logged.predictors.index("albumin")].tolist() == [3.5, 4.0]
    assert np.array_equal(filed.inputs, logged.inputs, equal_nan=True)
    assert np.array_equal(filed.predicted_on, logged.predicted_on)
    assert filed.risk == pytest.approx(logged.risk)
    assert filed.left_out == logged.left_out == {
        "earlier on the same day": 1,
        "later consultations of a patient": 2,
        "on days outside of the time asked for": 1,
    }  # fmt: skip


def test_nothing_is_counted_from_a_log_that_was_altered(log: AuditLog) -> None:
    from sqlalchemy import text

    served = Served(log, event_model())
    served.ask("2026-01-05T09:00", "a", PATIENT)
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_update"))
        connection.execute(text("UPDATE audit_record SET content = replace(content, '63', '36') WHERE sequence = 1"))
    with pytest.raises(AuditError, match="the content of record 1 was edited"):
        served.watched(one_risk(served.model))


# What was found of six patients, days followed, and who had the outcome; None where it is not known.
FOUND: dict[str, tuple[list[str | float], list[float], list[int | None]]] = {
    "event": (
        ["present", "absent", "present", "absent", "absent", "present"],
        [30, 120, 95, 40, 90, 90],
        [1, 0, 0, None, 0, 1],
    ),
    "competing": (
        ["loss_of_ambulation", "death", "none", "none", "loss_of_ambulation", "death"],
        [20, 25, 400, 10, 380, 390],
        [1, 0, 0, None, 0, 0],
    ),
    "quantity": ([100.0, 500.0, 499.0, 2000.0, 0.0, 501.0], [0] * 6, [0, 1, 0, 1, 0, 1]),
    "levels": (["0", "1", "2", "3", "4", "5"], [30] * 6, [0, 0, 1, 1, 1, 1]),
}


@pytest.mark.parametrize("kind", list(FOUND))
def test_the_outcome_of_each_kind_is_read_as_its_study_reads_it(kind: str) -> None:
    make, chosen = MODELS[kind]
    model = make()
    chosen = {"day": 365.0} if kind == "competing" else chosen
    risk = one_risk(model, **chosen)  # type: ignore[arg-type]
    values, days, expected = FOUND[kind]
    watched = Watched(
        predicted_on=np.full(6, np.datetime64("2024-01-01", "D")),
        risk=np.full(6, 0.3),
        inputs=np.zeros((6, len(model.predictors))),
        predictors=model.predictors,
        time=np.array(days, dtype=np.float64),
        state=np.array([risk.coded(value) for value in values]),
        subjects=tuple("abcdef"),
        source="a test",
    )
    found = follow(watched, risk, UNTIL).predictions
    assert not isinstance(found, Absent)
    known = np.ones(6, dtype=bool) if found.weights is None else found.weights > 0
    said = [int(value) if seen else None for value, seen in zip(found.outcome, known, strict=True)]
    assert said == expected


def test_a_landmark_is_the_day_of_the_prediction() -> None:
    outcome = {**DEATH, "kind": "landmark", "landmark_days": 30}
    risk = one_risk(with_outcome(event_model(), outcome))
    assert (risk.horizon_days, risk.waiting_days, risk.time, risk.state) == (90, 90, "follow_up_time", "death")


@pytest.mark.parametrize(
    ("kind", "asked", "why"),
    [
        ("event", {"day": 30.0}, "--day"),
        ("times", {"threshold": 30.0}, "--threshold"),
        ("times", {"day": 31.0}, "none of the model's own"),
        ("quantity", {"level": "2"}, "--level"),
        ("levels", {"level": "9"}, "none of the model's own"),
    ],
)
def test_what_a_model_does_not_answer_is_refused(kind: str, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(ContractError, match=why):
        one_risk(MODELS[kind][0](), **asked)


def test_a_model_that_says_nothing_of_its_outcome_is_refused() -> None:
    from spinecast.errors import ArtifactError

    model = event_model()
    with pytest.raises(ArtifactError, match="does not record which outcome"):
        one_risk(replace(model, about={**model.about, "outcome": {"label": "Death"}}))  # type: ignore[type-var]
