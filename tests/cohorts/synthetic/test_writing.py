"""Files: marked, complete, in place together or not at all; and what carries the mark is synthetic for everybody."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_cohorts import recipe_named

from spinecast.cohorts.sources import CsvSource, ParquetSource, build_cohort
from spinecast.cohorts.synthetic import writing
from spinecast.cohorts.synthetic.generator import Chunk, Generator
from spinecast.cohorts.synthetic.marks import is_marked
from spinecast.cohorts.synthetic.recipe import load_recipe
from spinecast.cohorts.synthetic.writing import write_cohort
from spinecast.errors import OutputError


@pytest.fixture
def generator(write_recipe: Callable[..., Path]) -> Generator:
    return Generator(load_recipe(write_recipe()), seed=4, site="there")


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"small.yaml"}


def test_the_three_files_say_what_they_are(generator: Generator, tmp_path: Path) -> None:
    written = write_cohort(generator, 120, tmp_path / "cohort.parquet")
    assert listing(tmp_path) == {"cohort.parquet", "cohort.truth.parquet", "cohort.mapping.yaml"}
    table, truth = pd.read_parquet(written.table), pd.read_parquet(written.truth)
    mark = f"SYNTHETIC {generator.source.hash[:12]}"
    assert set(table["spinecast_synthetic"]) == set(truth["spinecast_synthetic"]) == {mark}
    assert table["patient"].str.startswith("SYNTHETIC-small-there-4-").all()
    assert table["patient"].is_unique
    assert table["patient"].tolist() == truth["patient"].tolist()
    for path in (written.table, written.truth):
        about = json.loads(pq.read_metadata(path).metadata[b"spinecast.synthetic"])
        assert about["recipe_hash"] == generator.source.hash
        assert (about["recipe"], about["site"], about["seed"], about["patients"]) == ("small", "there", 4, 120)
    assert written.mapping is not None
    assert "SYNTHETIC" in written.mapping.read_text(encoding="utf-8")


def test_the_truth_is_the_chance_of_each_patient(generator: Generator, tmp_path: Path) -> None:
    """S(t) = exp(-exp(log_rate + shape log t + linear predictor)) of the calibrated hazard."""
    truth = pd.read_parquet(write_cohort(generator, 120, tmp_path / "cohort.csv").truth)
    hazard = generator.source.calibrate().events["death"].hazard
    for day in (90, 365):
        expected = np.exp(-np.exp(hazard.log_rate + hazard.shape * np.log(day) + truth["death_linear_predictor"]))
        np.testing.assert_allclose(truth[f"death_survival_{day}d"], expected, rtol=1e-12)


def test_dates_of_entry_lie_in_the_year_of_treatment(generator: Generator, tmp_path: Path) -> None:
    table = pd.read_parquet(write_cohort(generator, 500, tmp_path / "cohort.parquet").table)
    assert (pd.to_datetime(table["index_date"]).dt.year == table["treatment_year"]).all()


def test_a_site_that_writes_as_the_dictionary_needs_no_mapping_and_an_old_one_goes(
    generator: Generator, tmp_path: Path
) -> None:
    write_cohort(generator, 50, tmp_path / "cohort.csv")
    assert (tmp_path / "cohort.mapping.yaml").exists()
    written = write_cohort(Generator(generator.source, site="here"), 50, tmp_path / "cohort.csv")
    assert written.mapping is None
    assert listing(tmp_path) == {"cohort.csv", "cohort.truth.parquet"}


class Full(OSError):
    """What a full disk raises."""


@pytest.mark.parametrize("moment", ["drawing", "writing", "renaming"])
def test_a_failure_at_any_moment_leaves_what_stood_there(
    generator: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    table = tmp_path / "cohort.csv"
    write_cohort(generator, 40, table)
    before = {name: (tmp_path / name).read_bytes() for name in listing(tmp_path)}
    if moment == "drawing":
        chunks = Generator.chunks

        def stop(self: Generator, patients: int) -> Iterator[Chunk]:
            yield from chunks(self, patients)
            raise Full(28, "No space left on device")

        monkeypatch.setattr(Generator, "chunks", stop)
    elif moment == "writing":

        def full(_path: Path) -> None:
            raise Full(28, "No space left on device")

        monkeypatch.setattr(writing, "_flush", full)
    else:
        replace = Path.replace

        def refuse(self: Path, target: Path) -> Path:
            if self.name == "truth" and Path(target) == tmp_path / "cohort.truth.parquet":
                raise Full(28, "No space left on device")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="No space left on device"):
        write_cohort(Generator(generator.source, seed=99, site="there"), 70, table)
    monkeypatch.undo()
    assert {name: (tmp_path / name).read_bytes() for name in listing(tmp_path)} == before


def test_what_a_killed_process_left_is_cleared_away(generator: Generator, tmp_path: Path) -> None:
    left = tmp_path / ".cohort.csv.staging"
    left.mkdir()
    (left / "table").write_text("half")
    (left / "before-table").write_text("whole")
    writing._recover(left, {"table": tmp_path / "cohort.csv"})
    assert (tmp_path / "cohort.csv").read_text() == "whole"
    left.mkdir()
    (left / "table").write_text("half")
    write_cohort(generator, 20, tmp_path / "cohort.csv")
    assert not left.exists()


@pytest.mark.parametrize("name", ["cohort", "cohort.xlsx", "cohort.csv.gz"])
def test_a_name_that_does_not_say_how_is_refused(generator: Generator, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="does not say how to write"):
        write_cohort(generator, 20, tmp_path / name)
    assert listing(tmp_path) == set()


def test_a_place_that_cannot_be_written_is_refused_before_any_work(generator: Generator, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_cohort(generator, 20, tmp_path / "file" / "cohort.csv")
    with pytest.raises(OutputError, match="is a folder"):
        write_cohort(generator, 20, tmp_path / "folder.csv")
    if os.geteuid():  # root may write everywhere
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        with pytest.raises(OutputError, match="cannot be written"):
            write_cohort(generator, 20, locked / "cohort.csv")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_marked_table_is_synthetic_whatever_the_study_says(generator: Generator, tmp_path: Path, ending: str) -> None:
    here = Generator(generator.source, site="here")
    written = write_cohort(here, 60, tmp_path / f"cohort{ending}")
    kind = CsvSource if ending == ".csv" else ParquetSource
    cohort = build_cohort(kind(written.table, "patient", synthetic=False), ("age", "sex"))
    assert cohort.kind == "synthetic"
    assert f"SYNTHETIC {generator.source.hash[:12]}" in cohort.provenance.notes


def test_either_the_column_or_an_identifier_is_enough(generator: Generator, tmp_path: Path) -> None:
    here = Generator(generator.source, site="here")
    table = pd.read_csv(write_cohort(here, 60, tmp_path / "cohort.csv").table)
    by_identifier, by_column = table.drop(columns="spinecast_synthetic"), table.assign(patient=range(60))
    neither = by_identifier.assign(patient=range(60))
    kinds = []
    for position, changed in enumerate((by_identifier, by_column, neither)):
        path = tmp_path / f"changed{position}.csv"
        changed.to_csv(path, index=False)
        kinds.append(build_cohort(CsvSource(path, "patient"), ("age",)).kind)
    assert kinds == ["synthetic", "synthetic", "real"]


def test_one_made_up_patient_among_real_ones_is_told() -> None:
    assert is_marked(["id"], ["p1", "synthetic-x-1"])
    assert is_marked(["id", "Spinecast_Synthetic"], ["p1"])
    assert not is_marked(["id", "synthetic_route"], ["p1", "SYNTH-2", ""])


def test_progress_counts_patients(tmp_path: Path) -> None:
    seen: list[int] = []
    write_cohort(Generator(recipe_named("bilsky3_ambulation")), 33_000, tmp_path / "cohort.parquet", seen.append)
    assert seen == [32_768, 33_000]
    assert pq.read_metadata(tmp_path / "cohort.parquet").num_row_groups == 2
