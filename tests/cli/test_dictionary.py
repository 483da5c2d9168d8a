"""``spinecast dictionary``: what it prints and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from cli.conftest import Run

from spinecast.clinical.dictionary import variables


def test_list_has_a_line_a_variable_and_filters(here: Run, tmp_path: Path) -> None:
    done = here("dictionary", "list", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["variable", *variables()]
    done = here("dictionary", "list", "--domain", "spread", "--role", "predictor", "--json", folder=tmp_path)
    names = [part["name"] for part in json.loads(done.stdout)["variables"]]
    assert names == [entry.name for entry in variables().values() if entry.domain == "spread"]


def test_show_prints_units_ranges_and_codes(here: Run, tmp_path: Path) -> None:
    done = here("dictionary", "show", "hemoglobin", folder=tmp_path)
    assert done.returncode == 0
    for part in ("g/dL = mmol/L ÷ 0.6206", "0.5 to 27 g/dL", "LOINC 718-7", "7 to 17 g/dL"):
        assert part in " ".join(done.stdout.split())
    done = here("dictionary", "show", "hemoglobin", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["unit"]["ucum"] == "g/dL"


def test_export_writes_a_file_whole(here: Run, tmp_path: Path) -> None:
    done = here("dictionary", "export", "--format", "redcap", "--output", "forms/redcap.csv", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "forms" / "redcap.csv").read_text())))
    assert len(rows) == len(variables()) + 1
    assert [path.name for path in (tmp_path / "forms").iterdir()] == ["redcap.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "albumine"), "did you mean albumin?"),
        (("list", "--domain", "laboratories"), "did you mean laboratory?"),
        (("list", "--role", "predictors"), "did you mean predictor?"),
        (("export", "--format", "redcaps"), "did you mean redcap?"),
        (("list", "--domain", "spread", "--role", "comparator"), "no variable of domain spread and role comparator"),
        (("export", "--format", "csv", "-o", "file/below.csv"), "cannot be written"),
    ],
)
def test_a_wrong_word_is_one_message(arguments: tuple[str, ...], message: str, here: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = here("dictionary", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
