"""The authors' words in a study file: kept word for word, and no part of what a run depends on."""

from __future__ import annotations

from pathlib import Path

import pytest
import simulated
import yaml

from spinecast.errors import StudyError
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.study.file import load_study


def study(folder: Path, words: dict[str, object] | None = None) -> Study:
    text = yaml.safe_load(simulated.STUDY)
    if words is not None:
        text["reporting"] = words
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return load_study(path)


def test_words_are_kept_as_they_are_and_the_rest_is_left_out(tmp_path: Path) -> None:
    said = "Funded by nobody;\n  two lines."
    resolved = yaml.safe_load(resolved_yaml(study(tmp_path, {"funding": said})))
    assert resolved["reporting"] == {"funding": said}
    assert yaml.safe_load(resolved_yaml(study(tmp_path)))["reporting"] == {}


def test_the_resolved_study_reads_as_the_same_study(tmp_path: Path) -> None:
    one = study(tmp_path, {"ethics": "The committee."})
    (tmp_path / "resolved.yaml").write_text(resolved_yaml(one), encoding="utf-8")
    assert load_study(tmp_path / "resolved.yaml") == one


def test_no_number_depends_on_words(tmp_path: Path) -> None:
    assert study_hash(study(tmp_path, {"funding": "Nobody."})) == study_hash(study(tmp_path))


def test_a_misspelt_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="funding"):
        study(tmp_path, {"fundings": "Nobody."})
