"""A study of a quantity from the command line: trained, reported, registered, asked for a patient and a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy

from spinecast.cli.predict import predict
from spinecast.errors import ContractError, SpinecastError

pytestmark = pytest.mark.slow

PATIENT = {
    "sex": "male",
    "body_height": 176,
    "body_weight": 78,
    "hemoglobin": {"value": 92, "unit": "g/L"},
    "surgical_procedure": "corpectomy",
    "tumour_vascularity": "hypervascular",
}


def test_its_report_and_record_hold_every_part_and_no_patient(quantity: TrainedStudy) -> None:
    page = (quantity.output / "report.html").read_text()
    for words in (
        "Research use only",
        "SYNTHETIC COHORT",
        "Intervals and quantiles",
        "Blood to cross-match",
        "Nuttall",
        "Performance is that of the probability of",
    ):
        assert words in page
    evaluation = json.loads((quantity.output / "record" / "evaluation.json").read_text())
    assert evaluation["basis"] == "out-of-fold"
    assert [one["threshold"] for one in evaluation["thresholds"]] == [500, 1000, 2500]
    patients = pd.read_csv(quantity.output / "out_of_fold.csv", dtype={"patient": str})["patient"]
    assert len(patients) == 300
    record = "".join(path.read_text() for path in (quantity.output / "record").glob("*.json"))
    assert not any(f'"{one}"' in record for one in patients)
    methods = (quantity.output / "record" / "reporting" / "methods.md").read_text()
    for words in (
        "300 were analysed.",
        "pinball loss",
        "Quantiles were made to hold what they say",
        "median (log(1 + mL))",
    ):
        assert words in methods
    explanation = json.loads((quantity.output / "record" / "explanation.json").read_text())
    assert explanation["residual_max"] <= explanation["residual_tolerance"]


def test_one_patient_is_answered_in_words_and_numbers_with_the_rule_of_the_blood(
    quantity: TrainedStudy, here: Run
) -> None:
    (quantity.folder / "p.json").write_text(json.dumps(PATIENT))
    asked = ("predict", "output/simulated_blood_loss", "--patient", "p.json")
    answer = json.loads(here(*asked, "--json", folder=quantity.folder).stdout)
    values = [one["value"] for one in answer["quantiles"]]
    assert values == sorted(values)
    assert answer["median"] == pytest.approx(next(one["value"] for one in answer["quantiles"] if one["level"] == 0.5))
    chances = [one["probability"] for one in answer["at_least"]]
    assert chances == sorted(chances, reverse=True)
    total = answer["base_value"] + answer["reordered"] + sum(row["contribution"] for row in answer["contributions"])
    assert total == pytest.approx(answer["served"], abs=1e-4)
    usual, careful = (
        json.loads(here(*asked, "--json", "--minimum-hemoglobin", least, folder=quantity.folder).stdout)["blood_order"]
        for least in ("7", "8")
    )
    assert usual == answer["blood_order"]
    assert careful["orders"][0]["units"] == usual["orders"][0]["units"] + 1
    text = here(*asked, folder=quantity.folder).stdout
    for words in (
        "half of such patients stay below",
        "80% lie between",
        "2,500 mL and more",
        "Nuttall",
        "Research use",
    ):
        assert words in text


def test_what_cannot_be_ordered_says_why(quantity: TrainedStudy, here: Run) -> None:
    (quantity.folder / "few.json").write_text('{"surgical_procedure": "corpectomy"}')
    said = here("predict", "output/simulated_blood_loss", "--patient", "few.json", folder=quantity.folder).stdout
    assert "not estimable: sex, height, weight, haemoglobin not known" in said


def test_a_table_gets_its_quantiles_and_the_store_s_form_gives_the_same(quantity: TrainedStudy, here: Run) -> None:
    from spinecast.models.loading import load_any_model
    from spinecast.tracking.pyfunc import ServedModel, output_names

    table = pd.DataFrame({"hemoglobin": [9.0, 12.5], "surgical_procedure": ["corpectomy", "decompression"]})
    table.to_csv(quantity.folder / "in.csv", index=False)
    done = here("predict", "simulated_blood_loss", "--input", "in.csv", "--output", "out.csv", folder=quantity.folder)
    assert done.returncode == 0, done.stderr
    with (quantity.folder / "out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    model, identity = load_any_model(quantity.output / "model")
    assert identity == quantity.answer["identity"]
    served = ServedModel(model).predict(table)
    assert tuple(served) == output_names(model)
    assert [float(row["quantile_0.9"]) for row in rows] == served["quantile_0.9"].tolist()
    assert rows[0]["notice"].startswith("Research use only")


def test_what_makes_no_sense_is_refused(quantity: TrainedStudy, tmp_path: Path) -> None:
    model, patient = str(quantity.output), tmp_path / "p.json"
    patient.write_text(json.dumps(PATIENT))
    with pytest.raises(ContractError, match="predicts a quantity: it answers no other day"):
        predict(model, patient=patient, day=[3.0])
    with pytest.raises(ContractError, match=r"no haemoglobin of -1 g/dL can be kept"):
        predict(model, patient=patient, minimum_hemoglobin=-1.0)
    with pytest.raises(SpinecastError, match="no blood is ordered for a table"):
        predict(model, input_=patient, output=tmp_path / "o.csv", minimum_hemoglobin=8.0)


def test_the_report_can_be_written_again_as_a_pdf(quantity: TrainedStudy) -> None:
    from spinecast.reporting import RunRecord, build_report, render_html, render_pdf

    document = build_report(RunRecord.load(quantity.output / "record"))
    assert render_html(document) == (quantity.output / "report.html").read_text()
    assert render_pdf(document).startswith(b"%PDF")
