"""Table one by group: the numbers pandas gives, groups as asked for, and nobody to be recognised."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing import (
    GroupDescription,
    default_smallest,
    describe_groups,
    group_patients,
    parse_group_by,
    shown_rows,
    table_csv,
    table_text,
)
from spinecast.cohorts.describing.description import NOT_KNOWN
from spinecast.errors import CohortError, ContractError

MakeCohort = Callable[..., Cohort]


@pytest.fixture
def people() -> pd.DataFrame:
    """Sixty people at two sites, some values missing."""
    random = np.random.default_rng(4)
    count = 60
    return pd.DataFrame(
        {
            "id": [f"identifier-{number}" for number in range(count)],
            "age": random.normal(64, 9, count).round(1),
            "albumin": np.where(random.random(count) < 0.3, np.nan, random.normal(3.4, 0.5, count).round(1)),
            "sex": random.choice(["female", "male"], count),
            "primary_tumour": random.choice(["lung", "breast", "prostate"], count, p=[0.5, 0.3, 0.2]),
            "diabetes": random.choice(["present", "absent"], count, p=[0.4, 0.6]),
            "follow_up_time": random.exponential(200, count).round() + 1,
            "death": random.choice([1, 0], count, p=[0.7, 0.3]),
            "site": np.where(np.arange(count) < 25, "north", "south"),
        }
    )


@pytest.fixture
def describe(as_cohort: MakeCohort) -> Callable[..., GroupDescription]:
    def make(
        table: pd.DataFrame,
        by: str | None = None,
        horizon: float | None = None,
        *,
        smallest: int = 0,
        kind: str = "real",
    ) -> GroupDescription:
        cohort = as_cohort(table, kind=kind, **({"group_column": "site"} if "site" in table else {}))
        grouping = group_patients(cohort, parse_group_by(by, horizon))
        names = [name for name in cohort.variables if name not in grouping.used]
        return describe_groups(cohort, grouping, names, smallest=smallest)

    return make


def rows_of(description: GroupDescription, variable: str) -> dict[str, tuple[str, ...]]:
    return {row.line: row.cells for row in shown_rows(description) if row.variable == variable}


def test_numbers_and_counts_are_those_of_pandas(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    found = describe(people, "site")
    assert (found.groups, found.sizes) == (("north", "south"), (25, 35))
    columns = [people, *(part for _, part in people.groupby("site"))]
    entry = {each.entry.name: each for each in found.entries}
    for numbers, part in zip(entry["albumin"].numbers, columns, strict=True):
        known = part["albumin"].dropna()
        assert numbers.mean == pytest.approx(known.mean())
        assert numbers.deviation == pytest.approx(known.std())
        assert (numbers.lower, numbers.median, numbers.upper) == pytest.approx(known.quantile([0.25, 0.5, 0.75]))
    assert [cell.count for cell in entry["albumin"].missing] == [part["albumin"].isna().sum() for part in columns]
    for level in entry["primary_tumour"].levels:
        assert [cell.count for cell in level.cells] == [
            (part["primary_tumour"] == level.value).sum() for part in columns
        ]
    assert [cell.proportion for cell in entry["diabetes"].levels[0].cells] == pytest.approx(
        [(part["diabetes"] == "present").mean() for part in columns]
    )
    north, south = (part["age"] for part in columns[1:])
    assert entry["age"].difference == pytest.approx(
        (south.mean() - north.mean()) / np.sqrt((south.var() + north.var()) / 2)
    )


def test_cells_in_words(people: pd.DataFrame, describe: Callable[..., GroupDescription]) -> None:
    people["albumin"] = [*[2.0, 3.0, 4.0] * 10, *[np.nan] * 30]
    people["diabetes"] = ["present"] * 6 + ["absent"] * 54
    found = describe(people)
    assert rows_of(found, "albumin") == {
        "": ("",),
        "Median (quartiles)": ("3.0 (2.0–4.0)",),
        "Mean (SD)": ("3.00 (0.83)",),
        "Not recorded": ("30 (50.0%)",),
    }
    assert rows_of(found, "diabetes") == {"": ("6 (10.0%)",)}
    assert set(rows_of(found, "sex")) == {"", "Female", "Male"}


def test_groups_by_a_variable_leave_it_out_and_show_who_is_in_none(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    people.loc[:9, "sex"] = None
    found = describe(people, "sex")
    assert found.groups == ("Female", "Male", NOT_KNOWN)
    assert (found.sizes[2], found.compared) == (10, 2)
    assert "sex" not in {each.entry.name for each in found.entries}
    female, male = (people.loc[people["sex"] == sex, "age"] for sex in ("female", "male"))
    age = next(each for each in found.entries if each.entry.name == "age")
    assert age.difference == pytest.approx((male.mean() - female.mean()) / np.sqrt((male.var() + female.var()) / 2))


def test_the_outcome_is_the_one_the_table_has_or_death_by_a_day(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    found = describe(people, "outcome")
    assert found.grouping == "Death"
    assert any("end of follow-up" in note for note in found.notes)
    by_day = describe(people, "outcome", 90)
    dead = int(((people["follow_up_time"] <= 90) & (people["death"] == 1)).sum())
    unknown = int(((people["follow_up_time"] < 90) & (people["death"] == 0)).sum())
    assert by_day.sizes == (60 - dead - unknown, dead, unknown)
    assert not {"death", "follow_up_time"} & {each.entry.name for each in by_day.entries}
    with pytest.raises(ContractError, match="2 outcomes with levels"):
        describe(people.assign(motor_recovery="present"), "outcome")
    with pytest.raises(ContractError, match="no outcome with levels"):
        describe(people.drop(columns=["death", "follow_up_time"]), "outcome")


@pytest.mark.parametrize(
    ("by", "horizon", "message"),
    [
        ("age", None, "no levels to group by"),
        ("sez", None, "did you mean sex"),
        ("sex", 90.0, "--by outcome"),
        (None, 90.0, "--by outcome"),
        ("outcome", 0.0, "not ahead"),
        ("outcome", float("nan"), "not ahead"),
    ],
)
def test_a_grouping_that_cannot_be(by: str | None, horizon: float | None, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        parse_group_by(by, horizon)


def test_too_many_groups_or_none(people: pd.DataFrame, describe: Callable[..., GroupDescription]) -> None:
    with pytest.raises(ContractError, match="60 groups"):
        describe(people.assign(site=[f"s{number}" for number in range(60)]), "site")
    with pytest.raises(ContractError, match="does not say at which site"):
        describe(people.drop(columns="site"), "site")


def test_of_more_than_two_groups_the_largest_difference_is_named(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    found = describe(people, "primary_tumour")
    age = next(each for each in found.entries if each.entry.name == "age")
    parts = [people.loc[people["primary_tumour"] == level, "age"] for level in ("lung", "breast", "prostate")]
    every = {
        (one, other): abs(parts[one].mean() - parts[other].mean())
        / np.sqrt((parts[one].var() + parts[other].var()) / 2)
        for one, other in ((0, 1), (0, 2), (1, 2))
    }
    assert age.between == max(every, key=every.__getitem__)
    assert age.difference == pytest.approx(max(every.values()))
    row = next(row for row in shown_rows(found) if row.variable == "age")
    assert row.between == " and ".join(found.groups[position] for position in age.between)


def test_small_counts_of_real_people_are_hidden_with_what_gives_them_away(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    people["diabetes"] = ["present"] * 2 + ["absent"] * 23 + ["present"] * 10 + ["absent"] * 25
    shown = describe(people, "site", smallest=5)
    assert rows_of(shown, "diabetes")[""] == ("12 (20.0%)", "<5", "not shown")
    entry = next(each for each in shown.entries if each.entry.name == "diabetes")
    assert (entry.difference, entry.withheld) == (None, "withheld")
    everything = json.dumps(shown.to_dict(), allow_nan=False)
    assert '"hidden": "<5"' in everything
    plain = describe(people, "site")
    assert rows_of(plain, "diabetes")[""] == ("12 (20.0%)", "2 (8.0%)", "10 (28.6%)")
    assert next(each for each in plain.entries if each.entry.name == "diabetes").difference is not None


def test_few_missing_values_do_not_follow_from_the_shares(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    people["sex"] = ["female"] * 30 + ["male"] * 27 + [None] * 3
    found = describe(people, smallest=5)
    assert rows_of(found, "sex") == {"": ("",), "Female": ("30",), "Male": ("not shown",), "Not recorded": ("<5",)}


def test_few_known_numbers_are_hidden(people: pd.DataFrame, describe: Callable[..., GroupDescription]) -> None:
    people["albumin"] = np.where(np.arange(60) < 22, np.nan, 3.0)  # three known in the north
    found = describe(people, "site", smallest=5)
    assert rows_of(found, "albumin")["Mean (SD)"] == ("3.00 (0.00)", "<5 recorded", "not shown")
    people["albumin"] = np.where(people["site"] == "north", np.nan, 3.0)
    assert rows_of(describe(people, "site"), "albumin")["Mean (SD)"][1] == "none recorded"


def test_a_group_too_small_to_be_described_is_left_out(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    people.loc[:2, "site"] = "east"
    found = describe(people, "site", smallest=5)
    assert found.groups == ("north", "south")
    assert found.patients == sum(found.sizes) == 57
    assert any("fewer than 5 patients" in note for note in found.notes)
    assert describe(people, "site").groups == ("east", "north", "south")
    with pytest.raises(CohortError, match="every group"):
        describe(people, "site", smallest=50)


def test_a_variable_nobody_has_and_one_all_have(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    found = describe(people.assign(death=1), "site")
    death = next(each for each in found.entries if each.entry.name == "death")
    assert (death.difference, death.withheld) == (0.0, None)
    people["diabetes"] = np.where(people["site"] == "north", "present", "absent")
    apart = next(each for each in describe(people, "site").entries if each.entry.name == "diabetes")
    assert (apart.difference, apart.withheld) == (None, "infinite")


def test_the_default_hides_for_real_people_only(as_cohort: MakeCohort, people: pd.DataFrame) -> None:
    assert default_smallest(as_cohort(people.drop(columns="site"), kind="real")) == 5
    assert default_smallest(as_cohort(people.drop(columns="site"), kind="synthetic")) == 0


def test_the_table_as_csv_and_as_text_says_the_same(
    people: pd.DataFrame, describe: Callable[..., GroupDescription]
) -> None:
    found = describe(people, "site")
    rows = list(csv.DictReader(io.StringIO(table_csv(found, "Research use only."))))
    assert len(rows) == len(shown_rows(found))
    assert {row["notice"] for row in rows} == {"Research use only."}
    assert set(rows[0]) == {
        "variable", "label", "line", "All (n = 60)", "north (n = 25)", "south (n = 35)", "smd", "smd_between", "notice",
    }  # fmt: skip
    text = table_text(found)
    assert " ".join(text.splitlines()[0].split()) == "All (n = 60) north (n = 25) south (n = 35) SMD"
    assert all(row["All (n = 60)"] in text for row in rows)


def test_no_identifier_is_in_the_description(people: pd.DataFrame, describe: Callable[..., GroupDescription]) -> None:
    found = describe(people, "site")
    assert "identifier-" not in json.dumps(found.to_dict()) + table_text(found)
