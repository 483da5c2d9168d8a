"""A study of ordered levels from the command line: trained, reported, registered, asked for a patient and a table."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from cli.conftest import Run, TrainedStudy, assert_refused
from made_image_features import BLOCK

from spinecast.cli.predict import predict
from spinecast.errors import ContractError, SpinecastError

pytestmark = pytest.mark.slow

PATIENT = {"age": 66, "frankel_grade": "d", "albumin": {"value": 31, "unit": "g/L"}}


def test_its_report_and_record_hold_every_part_and_no_patient(ordinal: TrainedStudy) -> None:
    page = (ordinal.output / "report.html").read_text()
    evaluation = json.loads((ordinal.output / "record" / "evaluation.json").read_text())
    died = evaluation["outcome"]["levels"][0]["count"]
    for words in (
        "Research use only",
        "SYNTHETIC COHORT",
        "All levels together",
        "Brant",
        "Death is a level of its own, the worst",
        f"{died} of 300",
    ):
        assert words in page
    assert evaluation["basis"] == "out-of-fold"
    patients = pd.read_csv(ordinal.output / "out_of_fold.csv", dtype={"patient": str})
    assert (patients["level"] == "died_before_assessment").sum() == died
    assert patients.filter(regex="^level_").sum(axis=1).to_numpy() == pytest.approx(1)
    record = "".join(path.read_text() for path in (ordinal.output / "record").glob("*.json"))
    assert not any(f'"{one}"' in record for one in patients["patient"])
    methods = (ordinal.output / "record" / "reporting" / "methods.md").read_text()
    for words in ("300 were analysed.", "ranked probability score", "proportional-odds", "cumulative log-odds"):
        assert words in methods
    explanation = json.loads((ordinal.output / "record" / "explanation.json").read_text())
    assert explanation["residual_max"] <= explanation["residual_tolerance"]


def test_one_patient_is_answered_in_words_and_numbers_at_the_level_asked_for(ordinal: TrainedStudy, here: Run) -> None:
    (ordinal.folder / "p.json").write_text(json.dumps(PATIENT))
    asked = ("predict", "output/simulated_frankel_grade", "--patient", "p.json")
    answer = json.loads(here(*asked, "--json", folder=ordinal.folder).stdout)
    chances = [one["probability"] for one in answer["levels"]]
    assert sum(chances) == pytest.approx(1)
    reached = [one["probability"] for one in answer["thresholds"]]
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] == pytest.approx(chances[-1])
    assert all(one["lower"] <= one["probability"] <= one["upper"] for one in answer["thresholds"])
    assert "expected" not in json.dumps(answer)
    other = json.loads(here(*asked, "--json", "--level", "c", folder=ordinal.folder).stdout)
    assert other["levels"] == answer["levels"]
    assert other["explained"] == "c" != answer["explained"]
    for one in (answer, other):
        total = one["base_value"] + one["reordered"] + sum(row["contribution"] for row in one["contributions"])
        assert total == pytest.approx(one["served"], abs=1e-4)
    text = here(*asked, folder=ordinal.folder).stdout
    for words in ("Alive", "At least D", "probability of reaching a level", "log-odds of “at least", "Research use"):
        assert words in text


def test_a_table_gets_its_levels_and_the_store_s_form_gives_the_same(ordinal: TrainedStudy, here: Run) -> None:
    from spinecast.models.loading import load_any_model
    from spinecast.tracking.pyfunc import ServedModel, output_names

    table = pd.DataFrame({"albumin": [2.4, 4.1], "frankel_grade": ["b", "e"]})
    table.to_csv(ordinal.folder / "in.csv", index=False)
    done = here("predict", "simulated_frankel_grade", "--input", "in.csv", "--output", "out.csv", folder=ordinal.folder)
    assert done.returncode == 0, done.stderr
    with (ordinal.folder / "out.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    model, identity = load_any_model(ordinal.output / "model")
    assert identity == ordinal.answer["identity"]
    served = ServedModel(model).predict(table)
    assert tuple(served) == output_names(model)
    assert [float(row["level_e"]) for row in rows] == served["level_e"].tolist()
    assert rows[0]["notice"].startswith("Research use only")
    assert float(rows[0]["at_least_d"]) < float(rows[1]["at_least_d"])


def test_what_makes_no_sense_is_refused(ordinal: TrainedStudy, trained: TrainedStudy, tmp_path: Path) -> None:
    model, patient = str(ordinal.output), tmp_path / "p.json"
    patient.write_text(json.dumps(PATIENT))
    with pytest.raises(ContractError, match="predicts ordered levels: it answers no other day"):
        predict(model, patient=patient, day=[3.0])
    with pytest.raises(ContractError, match="knows no level 'f' that is reached"):
        predict(model, patient=patient, level="f")
    with pytest.raises(ContractError, match="knows no level 'died_before_assessment' that is reached"):
        predict(model, patient=patient, level="died_before_assessment")
    with pytest.raises(ContractError, match="predicts no ordered levels"):
        predict(str(trained.output), patient=patient, level="c")
    with pytest.raises(SpinecastError, match="--level says what is explained"):
        predict(model, input_=patient, output=tmp_path / "o.csv", level="c")


def test_the_report_can_be_written_again_as_a_pdf(ordinal: TrainedStudy) -> None:
    from spinecast.reporting import RunRecord, build_report, render_html, render_pdf

    record = RunRecord.load(ordinal.output / "record")
    document = build_report(record)
    assert render_html(document) == (ordinal.output / "report.html").read_text()
    assert render_pdf(document).startswith(b"%PDF")
    # Of a model that reads images the report says how these were made, as that of any kind of model does.
    imaged = build_report(replace(record, cohort={**record.cohort, "features": [BLOCK]}))
    assert [one.title for one in imaged.sections if one not in document.sections] == ["Image features"]


def test_its_candidates_are_compared_with_it_at_every_level(ordinal: TrainedStudy, here: Run) -> None:
    asked = ("compare", "output/simulated_frankel_grade", "--candidates", "--report", "compared.html")
    done = here(*asked, "--json", folder=ordinal.folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    evaluation = json.loads((ordinal.output / "record" / "evaluation.json").read_text())
    recorded = evaluation["measures"]
    whole, *candidates = found["runs"]
    for name in ("ordinal_concordance", "ranked_probability_score", "ranked_probability_skill"):
        assert whole["measures"][name]["estimate"] == pytest.approx(recorded[name]["estimate"])
    for one, other in zip(candidates, evaluation["candidates"], strict=True):
        score = other["measures"]["ranked_probability_score"]["estimate"]
        assert one["measures"]["ranked_probability_score"]["estimate"] == pytest.approx(score)
    assert [one["reached"] for one in found["by_level"]] == ["Alive", "At least C", "At least D", "At least E"]
    page = (ordinal.folder / "compared.html").read_text()
    for words in ("All levels together", "Reaching a level: At least D", "SYNTHETIC COHORT", "Research use only"):
        assert words in page
    assert_refused(here(*asked, "--unpaired", folder=ordinal.folder), "compared in the same patients alone")
    table = pd.read_csv(ordinal.output / "out_of_fold.csv", dtype=str)
    copy = ordinal.folder / "edited"
    shutil.copytree(ordinal.output, copy)
    table.assign(level=table["level"].replace({"e": "d"})).to_csv(copy / "out_of_fold.csv", index=False)
    done = here("compare", "edited", "--candidates", folder=ordinal.folder)
    assert_refused(done, "it is not the table of this run")
