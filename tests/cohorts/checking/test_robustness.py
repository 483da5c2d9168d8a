"""Whatever a file holds, a check ends with findings and not with a traceback."""

from __future__ import annotations

import json

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.cohorts.checking import FileMapping, check_table, check_text
from spinecast.cohorts.checking.mapping import ColumnMapping
from spinecast.cohorts.checking.reading import map_table
from spinecast.reporting.cohort_check import write_page

CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "0", "1", "2", "-1", "999", "3.5", "3,5", "37", "1e300", "-inf", "nan", "present", "male"]
    ),
    st.sampled_from(["2020-01-02", "02/01/2020", "31.12.1999", "43831", "20200101", "1899-12-31", "9999-12-31"]),
    st.text(max_size=6),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
)
NAMES = ["albumin", "age", "death", "follow_up_time", "ecog_performance_status", "primary_tumour", "body_temperature"]
MAPPING = {
    "id_column": "id",
    "group_column": "site",
    "date_columns": {"birth": "born", "index": "index", "last_contact": "seen", "death": "died"},
    "measured_on": {"albumin": "index"},
    "columns": {"sodium": {"column": "age"}, "creatinine": {"column": "nowhere"}},
}
COLUMNS = ["id", "site", "born", "index", "seen", "died", *NAMES, "Haemoglobin (g/L)", "Sex", "remark"]


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table of anything, long enough for every check: a few rows repeated with one cell of each column changed."""
    rows = draw(st.lists(st.lists(CELLS, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=6))
    table = pd.DataFrame(rows * draw(st.integers(1, 8)), columns=COLUMNS)
    kept = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=len(COLUMNS)))
    return table[kept]  # columns may stand twice, or lack


@settings(max_examples=40)
@given(tables(), tables(), st.booleans())
def test_any_table_is_checked(table: pd.DataFrame, other: pd.DataFrame, mapped: bool) -> None:
    mapping = FileMapping(ColumnMapping.model_validate(MAPPING), True) if mapped else FileMapping()
    checked = check_table(map_table(table, mapping, name="a.csv"), map_table(other, FileMapping(), name="b.csv"))
    json.dumps(checked.to_dict(), allow_nan=False)
    assert check_text(checked)
    for finding in checked.findings:
        assert finding.count <= max(finding.of, finding.count)
        assert all(1 <= row <= len(table) for row in finding.rows)


@settings(max_examples=3)
@given(tables())
def test_any_table_has_a_page(table: pd.DataFrame) -> None:
    mapping = FileMapping(ColumnMapping.model_validate(MAPPING), True)
    assert "<svg" in (page := write_page(check_table(map_table(table, mapping, name="a.csv")))) or "</html>" in page
