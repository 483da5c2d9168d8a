"""The proposed mapping: ready to paste where the file leaves one answer, unusable where it leaves two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checked_files import Check
from hypothesis import given
from hypothesis import strategies as st

from spinecast.cohorts.checking import FileMapping
from spinecast.cohorts.checking.mapping import MAPPING, ColumnMapping, load_mapping
from spinecast.cohorts.checking.proposals import proposal_text, propose
from spinecast.cohorts.checking.reading import map_table
from spinecast.cohorts.rules import canonical_key
from spinecast.documents import read_yaml
from spinecast.errors import DocumentError


def text_of(table: pd.DataFrame) -> str | None:
    read = map_table(table.astype(str), FileMapping(), name="hospital.csv")
    return proposal_text(read, propose(read))


@pytest.fixture
def foreign(people: pd.DataFrame) -> pd.DataFrame:
    """The clean file as a hospital would write it."""
    return people.rename(
        columns={
            "patient": "Patient ID",
            "albumin": "Albumin (g/L)",
            "sex": "Sex",
            "hemoglobin": "Hb",
            "index": "Date of surgery",
            "diabetes": "Diabetes (y/n)",
        }
    ).assign(
        **{
            "Albumin (g/L)": people["albumin"] * 10,
            "Sex": people["sex"].str[0].str.upper(),
            "Diabetes (y/n)": people["diabetes"].map({"absent": "no", "present": "yes"}),
        }
    )


def test_a_proposal_pasted_back_reads_the_file(foreign: pd.DataFrame, check: Check, tmp_path: Path) -> None:
    text = text_of(foreign)
    assert text is not None
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    content = load_mapping(path).content
    assert content.id_column == "Patient ID"
    assert content.date_columns.index == "Date of surgery"
    assert content.columns["albumin"].unit == "g/L"
    assert content.columns["sex"].levels == {"F": "female", "M": "male"}
    assert content.columns["diabetes"].levels == {"no": "absent", "yes": "present"}
    assert content.columns["hemoglobin"].unit == "g/dL"  # the only one that fits
    checked = check(foreign, content.model_dump())
    assert [f.code for f in checked.findings if f.severity == "error"] == []
    assert len(checked.variables) == 11


def test_two_units_that_fit_are_a_question_no_mapping_may_hold(tmp_path: Path) -> None:
    values = np.random.default_rng(1).lognormal(0.5, 1, 100).round(1)
    text = text_of(pd.DataFrame({"CRP": values}))
    assert text is not None
    assert 'unit: "?"' in text
    assert "mg/dL and mg/L fit the values" in text
    path = tmp_path / "map.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=r"'\?'"):
        load_mapping(path)


def test_levels_that_nobody_can_guess_are_questions() -> None:
    text = text_of(pd.DataFrame({"Sex": ["1", "2"] * 20}))
    assert text is not None
    assert '{"1": "?", "2": "?"}' in text
    assert "levels are female, male" in text


def test_a_unit_that_the_dictionary_does_not_know_is_a_question() -> None:
    text = text_of(pd.DataFrame({"Albumin (mg/L)": np.linspace(25000, 45000, 50)}))
    assert text is not None
    assert 'unit: "?"' in text
    assert "the header says 'mg/L'" in text


def test_rare_texts_may_be_a_persons_and_are_not_listed() -> None:
    cells = ["never"] * 30 + ["smoker"] * 10 + ["John Smith told us so"]
    text = text_of(pd.DataFrame({"Smoking": cells}))
    assert text is not None
    assert '"smoker": "?"' in text
    assert "John" not in text
    assert "1 rarer texts are not listed" in text


def test_a_column_of_too_many_texts_is_not_listed() -> None:
    text = text_of(pd.DataFrame({"Sex": [f"text {number % 40}" for number in range(400)]}))
    assert text is not None
    assert "40 different texts" in text
    assert "text 1" not in text


def test_nothing_to_propose() -> None:
    assert text_of(pd.DataFrame({"age": [60, 61], "remark": ["a", "b"]})) is None


def test_a_second_column_of_one_variable_is_only_remarked() -> None:
    text = text_of(pd.DataFrame({"Albumin (g/L)": [37.0], "ALBUMIN": [3.7]}))
    assert text is not None
    assert text.count("albumin: {") == 1
    assert "# albumin again, and not taken: ALBUMIN" in text


@given(st.text(min_size=1, max_size=20), st.lists(st.text(max_size=10), min_size=1, max_size=4, unique=True))
def test_whatever_stands_in_headers_and_cells_the_proposal_reads_back_the_same(tail: str, cells: list[str]) -> None:
    """Headers and cells come from anybody's spreadsheet: quotes, colons, line ends, other scripts."""
    header = f"sex ({tail})"
    table = pd.DataFrame({header: cells * 5})
    text = text_of(table)
    if text is None:
        return
    content, _ = read_yaml(text, "proposal", lambda line, column: f"{line}:{column}", MAPPING)
    mapping = ColumnMapping.model_validate(content)
    assert mapping.columns["sex"].column == header
    assert set(mapping.columns["sex"].levels or {}) <= {canonical_key(cell) for cell in cells}


def test_a_variable_that_has_its_column_keeps_it() -> None:
    text = text_of(pd.DataFrame({"albumin": [3.7], "Albumin (g/L)": [37.0]}))
    assert text is not None
    assert "columns:" not in text
    assert "# albumin again, and not taken: Albumin (g/L)" in text


def test_identifiers_are_no_levels() -> None:
    cells = [f"MRN-{number % 6}-XQ" for number in range(60)]
    table = pd.DataFrame({"patient": cells, "Sex": cells})
    mapping = FileMapping(ColumnMapping(id_column="patient"), True)
    read = map_table(table, mapping, name="t.csv")
    assert "XQ" not in (proposal_text(read, propose(read)) or "")
