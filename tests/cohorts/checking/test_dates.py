"""CC050 to CC059: dates that cannot be read, are out of order or contradict the rest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, Found, Mapped, Outcome
from hypothesis import given
from hypothesis import strategies as st

from spinecast.cohorts.checking import FileMapping
from spinecast.cohorts.checking.date_reading import read_dates
from spinecast.cohorts.checking.mapping import ColumnMapping
from spinecast.cohorts.checking.reading import map_table

DATES = {"birth": "born", "index": "index", "last_contact": "seen", "death": "died"}
EPOCH = date(1970, 1, 1)


@pytest.fixture
def dated(people: pd.DataFrame) -> pd.DataFrame:
    """The clean file with dates that agree with everything else in it."""
    index = pd.to_datetime(people["index"])
    born = index - pd.to_timedelta(np.round(people["age"] * 365.25), unit="D")
    end = index + pd.to_timedelta(people["follow_up_time"], unit="D")
    dead = people["death"] == "present"
    return people.assign(
        born=born.dt.strftime("%Y-%m-%d"),
        seen=end.where(~dead, index).dt.strftime("%Y-%m-%d"),
        died=end.dt.strftime("%Y-%m-%d").where(dead, ""),
        albumin_day=people["index"],
        progression=end.dt.strftime("%Y-%m-%d"),
        local_progression_status="local_progression",
    )


@pytest.fixture
def mapping(mapped: Mapped) -> dict[str, Any]:
    measured = {"albumin": "albumin_day", "local_progression_status": "progression"}
    return mapped(date_columns=DATES, measured_on=measured)


CODES = [f"CC05{digit}" for digit in range(10)]


@pytest.mark.parametrize("code", CODES)
def test_dates_that_agree_pass(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], outcome: Outcome, code: str
) -> None:
    assert outcome(check(dated, mapping), code) == "passed"


@pytest.mark.parametrize("code", [code for code in CODES if code != "CC054"])
def test_without_dates_nothing_can_be_checked(check: Check, people: pd.DataFrame, outcome: Outcome, code: str) -> None:
    assert outcome(check(people), code) == "not_applicable"


def test_without_times_none_can_be_negative(check: Check, people: pd.DataFrame, outcome: Outcome) -> None:
    assert outcome(check(people[["patient", "age"]], {"id_column": "patient"}), "CC054") == "not_applicable"


def put(table: pd.DataFrame, row: int, column: str, cell: object) -> pd.DataFrame:
    return table.assign(**{column: table[column].astype(object).where(table.index != row, cell)})


@pytest.mark.parametrize("cell", ["soon", "2020-13-01", "2021-02-29", "12/2020", "0"])
def test_cells_that_are_no_date(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found, cell: object
) -> None:
    (finding,) = found(check(put(dated, 5, "seen", cell), mapping), "CC050")
    assert (finding.count, finding.rows) == (1, (6,))
    assert finding.examples == ()  # a date can be a patient's


def test_day_numbers_of_a_spreadsheet_are_recognised(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found
) -> None:
    table = dated.assign(born=range(20000, 20400))
    (finding,) = [one for one in found(check(table, mapping), "CC050") if one.column == "born"]
    assert "spreadsheet" in finding.finding


def test_day_and_month_that_cannot_be_told_apart(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found, outcome: Outcome
) -> None:
    table = dated.assign(born="03/04/1950")
    (finding,) = found(check(table, mapping), "CC051")
    assert "YYYY-MM-DD" in finding.remedy
    table.loc[0, "born"] = "23/04/1950"
    assert outcome(check(table, mapping), "CC051") == "passed"


@pytest.mark.parametrize(
    ("column", "days_before_index", "words"),
    [
        ("born", -10, "the index date lies before the date of birth"),
        ("died", 10, "the date of death lies before the index date"),
        ("seen", 400, "the last contact lies before the index date"),
    ],
)
def test_dates_out_of_order(
    check: Check,
    dated: pd.DataFrame,
    mapping: dict[str, Any],
    found: Found,
    column: str,
    days_before_index: int,
    words: str,
) -> None:
    row = int(np.flatnonzero(dated["death"] == "present")[0])
    wrong = pd.Timestamp(dated.loc[row, "index"]) - timedelta(days=days_before_index)
    texts = [one.finding for one in found(check(put(dated, row, column, wrong.strftime("%Y-%m-%d")), mapping), "CC052")]
    assert any(words in text and "in 1 of" in text for text in texts)


def test_seen_after_death(check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found) -> None:
    row = int(np.flatnonzero(dated["death"] == "present")[0])
    later = pd.Timestamp(dated.loc[row, "died"]) + timedelta(days=1)
    (finding,) = found(check(put(dated, row, "seen", later.strftime("%Y-%m-%d")), mapping), "CC052")
    assert "the date of death lies before the last contact" in finding.finding


def test_a_date_in_the_future(check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found) -> None:
    (finding,) = found(check(put(dated, 3, "seen", "2027-01-01"), mapping), "CC053")
    assert finding.rows == (4,)


def test_negative_times_are_named_as_such_and_not_as_impossible(
    check: Check, people: pd.DataFrame, found: Found, outcome: Outcome
) -> None:
    checked = check(put(people, 2, "follow_up_time", -5))
    (finding,) = found(checked, "CC054")
    assert (finding.count, finding.rows) == (1, (3,))
    assert outcome(checked, "CC020") == "passed"


def test_follow_up_that_is_not_the_time_between_the_dates(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found
) -> None:
    row = dated["follow_up_time"].gt(60).idxmax()
    one_day = dated.assign(follow_up_time=dated["follow_up_time"] + 1)
    assert found(check(one_day, mapping), "CC055") == []
    (finding,) = found(check(put(dated, row, "follow_up_time", 59.0), mapping), "CC055")
    assert finding.count == 1


def test_an_outcome_before_the_index_date(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found
) -> None:
    (finding,) = found(check(put(dated, 1, "progression", "2001-01-01"), mapping), "CC056")
    assert (finding.variable, finding.rows) == ("local_progression_status", (2,))


def test_a_predictor_measured_after_the_index_date(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found
) -> None:
    later = (pd.Timestamp(dated.loc[4, "index"]) + timedelta(days=1)).strftime("%Y-%m-%d")
    (finding,) = found(check(put(dated, 4, "albumin_day", later), mapping), "CC057")
    assert (finding.variable, finding.rows) == ("albumin", (5,))


def test_an_age_that_is_not_the_time_since_birth(
    check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found
) -> None:
    (finding,) = found(check(put(dated, 4, "age", dated.loc[4, "age"] + 2), mapping), "CC058")
    assert finding.rows == (5,)


def test_death_and_its_date(check: Check, dated: pd.DataFrame, mapping: dict[str, Any], found: Found) -> None:
    living = int(np.flatnonzero(dated["death"] == "absent")[0])
    dead = int(np.flatnonzero(dated["death"] == "present")[0])
    (contradiction,) = found(check(put(dated, living, "died", "2022-01-01"), mapping), "CC059")
    assert contradiction.severity == "error"
    (lacking,) = found(check(put(dated, dead, "died", ""), mapping), "CC059")
    assert lacking.severity == "warning"


FORMS = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%Y-%m-%dT00:00:00", "%Y-%m-%d 10:30"]


@given(st.lists(st.dates(date(1900, 1, 1), date(2099, 12, 31)), min_size=1, max_size=30), st.sampled_from(FORMS))
def test_dates_are_read_as_the_standard_library_reads_them(days: list[date], form: str) -> None:
    table = pd.DataFrame({"when": [day.strftime(form) for day in days]})
    read = read_dates(map_table(table, FileMapping(ColumnMapping(date_columns={"index": "when"}), True), name="t"))
    assert read[0]["index"].days.tolist() == [(day - EPOCH).days for day in days]


@given(st.lists(st.dates(date(1950, 1, 1), date(2020, 12, 31)), min_size=2, max_size=30), st.sampled_from("dm"))
def test_slashes_are_read_only_where_one_order_is_possible(days: list[date], first: str) -> None:
    form = "%d/%m/%Y" if first == "d" else "%m/%d/%Y"
    table = pd.DataFrame({"when": [day.strftime(form) for day in days]})
    read = read_dates(map_table(table, FileMapping(ColumnMapping(date_columns={"index": "when"}), True), name="t"))
    if all(day.day <= 12 for day in days):
        assert read[0]["index"].ambiguous == any(day.day != day.month for day in days)
    else:
        assert read[0]["index"].days.tolist() == [(day - EPOCH).days for day in days]


def test_dates_of_a_parquet_file_are_days_already() -> None:
    stamps = pd.Series(pd.to_datetime(["2020-01-02", None]))
    mapping = FileMapping(ColumnMapping(date_columns={"index": "a", "death": "b"}), True)
    table = pd.DataFrame({"a": stamps, "b": [date(2020, 1, 2), None]})
    dates, _ = read_dates(map_table(table, mapping, name="t"))
    for column in dates.values():
        assert column.days[0] == (date(2020, 1, 2) - EPOCH).days
        assert np.isnan(column.days[1])
        assert not column.unreadable.any()
