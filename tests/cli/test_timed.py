"""A study of times from the command line: trained, reported, registered, asked for any day."""

from __future__ import annotations

import csv
import json

import pytest
import simulated
from cli.conftest import Run, TrainedStudy

from spinecast.cli.predict import predict
from spinecast.errors import ContractError

pytestmark = pytest.mark.slow


def test_its_report_and_record_hold_every_part_and_no_patient(timed: TrainedStudy) -> None:
    evaluation = json.loads((timed.output / "record" / "evaluation.json").read_text())
    assert [one["day"] for one in evaluation["horizons"]] == [30, 90, 180]
    beside, absent = evaluation["horizon_studies"]
    assert beside["n"] == 300
    assert beside["day"] == 90
    assert "absent" in absent
    assert evaluation["basis"] == "out-of-fold"
    page = (timed.output / "report.html").read_text()
    for words in ("Research use only", "SYNTHETIC COHORT", "Beside studies of one day", "Illustrative patients"):
        assert words in page
    assert "P00000" not in page
    assert "Log cumulative hazard moves by" in page
    assert f"Performance is that of the {evaluation['missing_inputs']['judged']}." in page
    assert "Slope of the correction by day, final model" in page
    assert not any("P00000" in path.read_text() for path in (timed.output / "record").glob("*.json"))
    assert "nan" not in json.dumps(evaluation).casefold().split()


def test_one_patient_is_answered_on_any_day_and_told_why_not_on_others(timed: TrainedStudy, here: Run) -> None:
    patient = timed.folder / "timed_patient.json"
    patient.write_text(json.dumps({"age": 70, "albumin": {"value": 29, "unit": "g/L"}}))
    asked = ("predict", "simulated_survival", "--patient", patient.name)
    said = here(*asked, "--json", "--day", "45", "--day", "90", "--day", "4000", folder=timed.folder)
    answer = json.loads(said.stdout)
    early, later, beyond = answer["horizons"]
    assert 0 < early["lower"] < early["risk"] < later["risk"] < later["upper"] < 1
    assert "up to day" in beyond["absent"]
    total = answer["base_value"] + sum(row["contribution"] for row in answer["contributions"])
    assert total == pytest.approx(answer["served"], abs=1e-4)
    assert answer["explained_day"] == 45
    assert answer["development"]["percentile"] <= 0.99
    text = here(*asked, folder=timed.folder).stdout
    for words in ("day 30:", "day 90:", "day 180:", "median time to the event:", "Research use only", "SYNTHETIC"):
        assert words in text


def test_a_table_gets_a_column_a_day(timed: TrainedStudy, here: Run) -> None:
    done = here("predict", str(timed.output), "--input", "patients.csv", "--output", "timed.csv", folder=timed.folder)
    assert done.returncode == 0, done.stderr
    with (timed.folder / "timed.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 300
    assert all(float(row["risk_30"]) <= float(row["risk_90"]) <= float(row["risk_180"]) for row in rows)
    assert rows[0]["notice"].startswith("Research use only")


def test_a_day_past_the_follow_up_is_one_error_and_leaves_nothing(timed: TrainedStudy, here: Run) -> None:
    done = here(
        "predict",
        "output/simulated_survival",
        "--input",
        "patients.csv",
        "--output",
        "o.csv",
        "--day",
        "9999",
        folder=timed.folder,
    )
    assert done.returncode == 2
    assert "no risk by day 9999 can be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (timed.folder / "o.csv").exists()


@pytest.mark.parametrize(
    ("model", "days", "message"),
    [
        ("simulated_survival", [-3.0], "no risk can be given by day -3"),
        ("simulated_survival", [3.0, 3.0], "asked for twice"),
        ("simulated_mortality", [3.0], "answers no other day"),
    ],
)
def test_a_day_that_makes_no_sense_is_refused(timed: TrainedStudy, model: str, days: list[float], message: str) -> None:
    patient = timed.folder / "p.json"
    patient.write_text('{"age": 63}')
    with pytest.raises(ContractError, match=message):
        predict(str(timed.folder / "output" / model), patient=patient, day=days)


def test_it_is_compared_with_the_study_of_one_day_at_that_day(timed: TrainedStudy, here: Run) -> None:
    runs = ("output/simulated_mortality", "output/simulated_survival")
    done = here("compare", *runs, "--json", "--report", "beside.html", "--bootstrap", "20", folder=timed.folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [one["label"] for one in answer["runs"]] == ["simulated_mortality", "simulated_survival at day 90"]
    evaluation = json.loads((timed.output / "record" / "evaluation.json").read_text())
    recorded = evaluation["horizon_studies"][0]["difference"]["estimate"]
    # The record sets the study of times first.
    assert answer["pairs"][0]["differences"]["auc"]["estimate"] == pytest.approx(-recorded)
    assert "several days" in here("compare", runs[1], "--candidates", folder=timed.folder).stderr


def test_the_registered_model_gives_the_same_risks_in_the_store_s_form(timed: TrainedStudy) -> None:
    from spinecast.models.loading import load_any_model
    from spinecast.tracking.pyfunc import ServedModel

    model, identity = load_any_model(timed.output / "model")
    assert identity == timed.answer["identity"]
    frame = simulated.patients()[["age", "albumin", "sodium"]].head(5)
    served = ServedModel(model).predict(frame)
    assert list(served)[:3] == ["risk_30", "lower_30", "upper_30"]
    assert (served["risk_30"] <= served["risk_180"]).all()


def test_the_report_can_be_written_again_as_a_pdf(timed: TrainedStudy) -> None:
    from spinecast.reporting import RunRecord, build_report, render_html, render_pdf

    document = build_report(RunRecord.load(timed.output / "record"))
    assert render_html(document) == (timed.output / "report.html").read_text()
    assert render_pdf(document).startswith(b"%PDF")
