"""``spinecast report``: the report again, and the forms with the authors' words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.conftest import TrainedStudy

from spinecast.cli import main
from spinecast.reporting.records import FORMS

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["spinecast", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def copy(trained: TrainedStudy, tmp_path: Path) -> Path:
    """The output of a training, to be written into."""
    shutil.copytree(trained.output, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.slow
class TestTrained:
    def test_a_training_leaves_the_forms_and_the_report_counts_them(self, trained: TrainedStudy) -> None:
        folder = trained.output / "record" / "reporting"
        assert {path.stem for path in folder.iterdir()} == {*FORMS, "methods", "model_card"}
        counts = json.loads((folder / "tripod_ai.json").read_text(encoding="utf-8"))["counts"]
        assert sum(counts.values()) == 52
        assert "TRIPOD+AI and PROBAST" in (trained.output / "report.html").read_text(encoding="utf-8")

    def test_the_checks_it_made_answer_questions(self, trained: TrainedStudy) -> None:
        filled = json.loads((trained.output / "record" / "reporting" / "probast_2019.json").read_text(encoding="utf-8"))
        answers = {one["number"]: one["status"] for one in filled["answers"]}
        assert (answers["2.3"], answers["4.8"], answers["1.1"]) == ("PY", "Y", "NI")

    def test_the_forms_are_artifacts_of_the_run_and_name_no_patient(self, trained: TrainedStudy) -> None:
        artifacts = trained.folder / "mlruns" / "artifacts"
        (place,) = (path.parent for path in artifacts.rglob("record/reporting/tripod_ai.json"))
        text = "".join(path.read_text(encoding="utf-8") for path in place.iterdir())
        identifiers = [line.split(",")[0] for line in (trained.output / "out_of_fold.csv").read_text().splitlines()[1:]]
        assert identifiers
        assert not [one for one in identifiers if one in text]

    def test_authors_words_are_put_in(self, run: Call, copy: Path, tmp_path: Path) -> None:
        (tmp_path / "authors.yaml").write_text("funding: Nobody paid.\nethics: None needed.\n", encoding="utf-8")
        status, said, _ = run("report", str(copy), "--records", "--authors", "authors.yaml", "--output", "forms")
        assert status == 0
        assert "forms/tripod_ai.html" in said
        filled = json.loads((tmp_path / "forms" / "tripod_ai.json").read_text(encoding="utf-8"))
        words = {one["number"]: one["authors"] for one in filled["answers"]}
        assert words["18a"] == {"funding": "Nobody paid."}

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--authors", "authors.yaml"), "--records"),
            (("--records", "--authors", "missing.yaml"), "missing.yaml"),
            (("--records", "--authors", "wrong.yaml"), "fundin"),
            (("--records", "--wording", "wording.yaml"), "9.9"),
        ],
    )
    def test_what_cannot_be_used_is_refused_and_nothing_written(
        self, run: Call, copy: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
    ) -> None:
        (tmp_path / "wrong.yaml").write_text("fundin: Nobody.\n", encoding="utf-8")
        (tmp_path / "authors.yaml").write_text("funding: Nobody.\n", encoding="utf-8")
        (tmp_path / "wording.yaml").write_text('form: probast_2019\nsource: x\nitems: {"9.9": "y"}\n', encoding="utf-8")
        status, said, error = run("report", str(copy), "--output", "forms", *arguments)
        assert (status, said) == (2, "")
        assert words in error
        assert "Traceback" not in error
        assert not (tmp_path / "forms").exists()

    def test_a_folder_without_a_record_is_refused(self, run: Call, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        status, _, error = run("report", "empty", "--records")
        assert status == 2
        assert "study.yaml is missing" in error
        assert not list((tmp_path / "empty").iterdir())
