"""``spinecast scores`` as a user runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest
from cli.conftest import command

HEADER = "patient_id,primary_tumour,karnofsky_performance_status,albumin,lymphocyte_count,visceral_metastases\n"
ROWS = "A1,lung,60,3.7,1.215,1\nA2,breast,90,,2.0,0\nA3,,70,4.1,,\n"


def spinecast(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return command("scores", *arguments, folder=folder)


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    (tmp_path / "cohort.csv").write_text(HEADER + ROWS)
    return tmp_path


def test_values_and_ranges_of_a_table(cohort: Path) -> None:
    done = spinecast("cohort.csv", "-o", "out.csv", folder=cohort)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "Research use only" in done.stderr
    found = pd.read_csv(cohort / "out.csv", dtype={"oswestry_spinal_risk_index_stratum": "str"})
    assert found["patient_id"].tolist() == ["A1", "A2", "A3"]
    # Lung at Karnofsky 60 by hand: 5 + (2 - 1); breast at 90: 1 + 0; an unknown primary at 70: 1 to 5, + 1.
    assert found["oswestry_spinal_risk_index"].tolist()[:2] == [6, 1]
    assert np.isnan(found["oswestry_spinal_risk_index"][2])
    assert found.loc[2, ["oswestry_spinal_risk_index_lower", "oswestry_spinal_risk_index_upper"]].tolist() == [2, 6]
    assert found["oswestry_spinal_risk_index_stratum"].tolist()[:2] == ["6", "1"]
    assert found["prognostic_nutritional_index"][0] == pytest.approx(43.075)
    assert "bed_3_stratum" not in found


def test_parquet_in_and_out_with_json(cohort: Path) -> None:
    table = pd.read_csv(cohort / "cohort.csv")
    table.to_parquet(cohort / "cohort.parquet")
    done = spinecast("cohort.parquet", "--scores", "bollen, sins", "-o", "out/scores.parquet", "--json", folder=cohort)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["patients"] == 3
    assert answer["synthetic"] is False
    assert [row["name"] for row in answer["scores"]] == ["bollen", "sins"]
    assert answer["scores"][0]["known"] + answer["scores"][0]["range"] == 3
    assert answer["scores"][1]["absent_inputs"][0] == "sins_location"
    found = pd.read_parquet(cohort / "out" / "scores.parquet")
    assert [name for name in found if not name.startswith(("bollen", "sins"))] == ["patient_id"]


def test_a_synthetic_table_stays_marked(cohort: Path) -> None:
    table = pd.read_csv(cohort / "cohort.csv")
    table["spinecast_synthetic"] = "SYNTHETIC 0123456789ab"
    table.to_csv(cohort / "made.csv", index=False)
    done = spinecast("made.csv", "--scores", "bollen", "-o", "out.parquet", "--json", folder=cohort)
    answer = json.loads(done.stdout)
    assert answer["synthetic"] is True
    assert any("SYNTHETIC" in notice for notice in answer["notices"])
    written = parquet.read_table(cohort / "out.parquet")
    assert written.schema.metadata[b"spinecast.synthetic"] == b"SYNTHETIC 0123456789ab"
    assert set(written["spinecast_synthetic"].to_pylist()) == {"SYNTHETIC 0123456789ab"}
    shown = spinecast("made.csv", "--scores", "bollen", "-o", "out.csv", folder=cohort)
    assert "SYNTHETIC" in shown.stderr


def test_a_spinal_level_gives_the_location_of_sins(cohort: Path) -> None:
    (cohort / "levels.csv").write_text("id,spinal_level,sins_pain\n1,t12,mechanical\n2,s3,none\n")
    done = spinecast("levels.csv", "--scores", "sins", "-o", "out.csv", folder=cohort)
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(cohort / "out.csv")["sins_lower"].tolist() == [6, 0]


def test_a_given_growth_group_is_read(cohort: Path) -> None:
    (cohort / "groups.csv").write_text("id,tumour_growth_group\n1,rapid\n2,\n")
    done = spinecast("groups.csv", "--scores", "katagiri_2014", "-o", "out.csv", folder=cohort)
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(cohort / "out.csv")["katagiri_2014_lower"].tolist() == [3, 0]


def test_the_list_names_every_score() -> None:
    done = spinecast("--list", folder=Path.cwd())
    assert done.returncode == 0
    assert "revised_tokuhashi: Revised Tokuhashi score\n    0 to 15, higher is better" in done.stdout
    entries = json.loads(spinecast("--list", "--scores", "tomita", "--json", folder=Path.cwd()).stdout)
    assert [entry["name"] for entry in entries] == ["tomita"]
    assert entries[0]["strata"][3] == {
        "label": "supportive care",
        "lower": 8,
        "upper": 10,
        "expected_survival": {"90": 0, "180": 0, "365": 0},
        "deterministic_days": [90, 180, 365],
    }


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        ([], HEADER + "A1,lung,60,37,1.2,1\n", "0.5 to 7 g/dL; possible if the unit were g/L"),
        ([], HEADER + "A1,lunge,60,3.7,1.2,1\n", "unknown level"),
        ([], "patient,weight\n1,70\n", "no column that these scores read"),
        ([], HEADER, "no patient"),
        (["--scores", "tokuhashi"], HEADER + ROWS, "did you mean revised_tokuhashi"),
        (["--scores", ","], HEADER + ROWS, "names no score"),
        (["--id", "patient"], HEADER + ROWS, "did you mean 'patient_id'"),
        ([], HEADER.strip() + ",albumin\nA1,lung,60,3.7,1.2,1,3.8\n", "more than one column 'albumin'"),
    ],
)
def test_what_is_wrong_is_refused_in_one_message_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], content: str, message: str
) -> None:
    (tmp_path / "cohort.csv").write_text(content)
    done = spinecast("cohort.csv", "-o", "out.csv", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cohort.csv"]


def test_no_output_an_unknown_ending_and_the_cohort_itself_are_refused(cohort: Path) -> None:
    for arguments, message in (
        (["cohort.csv"], "a place for the result"),
        (["cohort.csv", "-o", "out.xlsx"], "ends in .csv or .parquet"),
        (["cohort.csv", "-o", "cohort.csv"], "the table of patients itself"),
        (["nobody.csv", "-o", "out.csv"], "does not exist"),
    ):
        done = spinecast(*arguments, folder=cohort)
        assert done.returncode == 2
        assert message in done.stderr
    assert (cohort / "cohort.csv").read_text() == HEADER + ROWS
