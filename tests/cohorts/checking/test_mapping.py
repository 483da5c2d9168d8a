"""Mapping files: a study's columns with the dates beside; a mistake is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spinecast.cohorts.checking.mapping import ColumnMapping, load_mapping
from spinecast.cohorts.table_column import TableColumn
from spinecast.documents import Identifier
from spinecast.errors import DocumentError
from spinecast.training.study.sources import TableSource

Write = Callable[[str], Path]

MAPPING = """\
id_column: MRN
group_column: site
date_columns: {index: surgery_date, death: dod}
measured_on: {albumin: lab_date}
columns:
  albumin: {column: ALB, unit: g/L, missing_codes: [-99]}
  sex: {column: gender, levels: {"1": male, "2": female}}
"""


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "map.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_mapping_is_read(written: Write) -> None:
    mapping = load_mapping(written(MAPPING))
    rules = {rule.variable: rule for rule in mapping.rules(["age", "ALB", "gender", "other"])}
    assert mapping.given
    assert (rules["albumin"].column, rules["albumin"].unit, rules["albumin"].missing_codes) == ("ALB", "g/L", (-99,))
    assert rules["sex"].levels == {"1": "male", "2": "female"}
    assert rules["age"].column == "age"  # bears its variable's own name, as in a study
    assert "other" not in rules
    assert mapping.named_columns()["dod"] == "the date of death"


def test_a_column_is_written_as_in_a_study() -> None:
    """What stands under columns can be pasted into a study and back."""
    shared = {"id_column", "group_column", "synthetic", "columns"}
    assert shared <= set(ColumnMapping.model_fields) & set(TableSource.model_fields)
    mine, theirs = ColumnMapping.model_fields["columns"], TableSource.model_fields["columns"]
    assert mine.annotation == theirs.annotation == dict[Identifier, TableColumn]


WRONG = [
    ("albumin: {", "albumen: {", ("map.yaml:6", "albumen", "did you mean albumin")),
    ("unit: g/L", "unit: mg/L", ("map.yaml:6", "g/dL, g/L")),
    ("unit: g/L", 'unit: "?"', ("map.yaml:6", "'?'")),
    ('"1": male', '"1": man', ("map.yaml:7", "male")),
    ("ALB, unit", "ALB, levels: {a: b}, unit", ("map.yaml:6", "is measured and has no levels")),
    ("gender, levels", "gender, unit: kg, levels", ("map.yaml:7", "takes no unit")),
    ("measured_on: {albumin", "measured_on: {albumine", ("map.yaml:4", "albumin")),
    ("id_column: MRN", "id_colum: MRN", ("map.yaml:1", "did you mean id_column")),
    ("{index: surgery", "{indx: surgery", ("map.yaml:3", "index")),
    ("unit: g/L", "unit: 5", ("map.yaml:6", "albumin.unit")),
]


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG, ids=[wrong for _, wrong, _ in WRONG])
def test_a_mistake_is_named_with_its_line_and_the_nearest_word(
    written: Write, right: str, wrong: str, words: tuple[str, ...]
) -> None:
    assert right in MAPPING
    with pytest.raises(DocumentError) as refused:
        load_mapping(written(MAPPING.replace(right, wrong)))
    for word in words:
        assert word in str(refused.value)


def test_every_mistake_is_listed_at_once(written: Write) -> None:
    text = MAPPING.replace("albumin: {", "albumen: {").replace("male", "man")
    with pytest.raises(DocumentError, match="3 problems"):
        load_mapping(written(text.replace("female", "woman").replace("feman", "woman")))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "{}", "columns: [albumin]\n"])
def test_what_is_no_mapping_is_refused(written: Write, text: str) -> None:
    with pytest.raises(DocumentError):
        load_mapping(written(text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no column mapping file"):
        load_mapping(tmp_path / "nowhere.yaml")
