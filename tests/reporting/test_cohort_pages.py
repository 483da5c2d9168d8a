"""The pages of a described and of a matched cohort: self-contained, complete, and nobody on them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reporting.test_html import Page
from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.contract import make_cohort
from spinecast.cohorts.describing import GroupDescription, Grouping, describe_groups, group_patients, parse_group_by
from spinecast.cohorts.matching import MatchedCohort, MatchingPlan, match_cohort
from spinecast.cohorts.rules import column_rules
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting.cohort_description import build_description, render_description
from spinecast.reporting.cohort_matching import build_matching, render_matching
from spinecast.reporting.document import Document, Figure

HOSTILE = '<script>alert("1")</script>\'"><img src=https://example.org onerror=x>{{ 7 * 7 }}'
NAMES = ("age", "albumin", "sex", "primary_tumour", "diabetes", "death")


def cohort(kind: str = "real", count: int = 300) -> Cohort:
    random = np.random.default_rng(2)
    age = random.normal(62, 10, count).clip(20, 99)
    table = pd.DataFrame(
        {
            "id": [f"identifier-{number}" for number in range(count)],
            "age": age.round(1),
            "albumin": np.where(random.random(count) < 0.2, np.nan, random.normal(3.4, 0.5, count).round(1)),
            "sex": np.where(random.random(count) < 0.1, None, random.choice(["female", "male"], count)),
            "primary_tumour": random.choice(["lung", "breast", "prostate"], count),
            "diabetes": np.where(random.random(count) < 1 / (1 + np.exp(1 - (age - 62) / 15)), "present", "absent"),
            "death": random.choice([0, 1], count),
        }
    )
    return make_cohort(
        table,
        column_rules(NAMES),
        name="invented",
        kind=kind,  # type: ignore[arg-type]
        provenance=Provenance("p.csv", "Invented patients"),
        id_column="id",
    )


def described(kind: str = "real", by: str | None = "sex", smallest: int = 5) -> GroupDescription:
    patients = cohort(kind)
    grouping = group_patients(patients, parse_group_by(by, None))
    names = [name for name in NAMES if name not in grouping.used]
    return describe_groups(patients, grouping, names, smallest=smallest)


def matched(kind: str = "real", ratio: int = 2) -> MatchedCohort:
    plan = MatchingPlan("diabetes", "present", ("age", "albumin", "primary_tumour"), ratio=ratio, exact=("sex",))
    return match_cohort(cohort(kind), plan, smallest=5)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {"description": render_description(described()), "matching": render_matching(matched(ratio=1))}


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    several = described(by="primary_tumour")
    alone = described(by=None)
    return [build_description(each) for each in (described(), several, alone)] + [build_matching(matched(ratio=1))]


def test_the_pages_are_well_formed_and_load_nothing(pages: dict[str, str]) -> None:
    for text in pages.values():
        page = Page(text)
        assert not page.all("script")
        assert not page.all("img")
        assert not page.all("link")
        assert not re.findall(r"(?:src|href)=\"(?!#)", text)
        assert not re.search(r"url\((?!#)", text)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert RESEARCH_USE in text


def test_nobody_is_on_the_pages(pages: dict[str, str]) -> None:
    assert all("identifier-" not in text for text in pages.values())


def test_every_figure_has_its_numbers_and_words(documents: list[Document]) -> None:
    assert [len(list(document.figures())) for document in documents] == [3, 3, 2, 2]
    for document in documents:
        for figure in document.figures():
            assert figure.table.rows
            assert figure.alternative
            assert "nan" not in figure.svg


def test_synthetic_patients_are_marked_on_every_section() -> None:
    for text in (render_description(described("synthetic")), render_matching(matched("synthetic", ratio=1))):
        assert text.count(SYNTHETIC) >= 6
    assert SYNTHETIC not in render_description(described())


def test_equal_cohorts_give_equal_pages(pages: dict[str, str]) -> None:
    assert render_description(described()) == pages["description"]
    assert render_matching(matched(ratio=1)) == pages["matching"]


def test_what_is_hidden_in_the_table_is_hidden_in_the_figures() -> None:
    """The page of a description holds no count between 1 and 4 of the people in it."""
    found = described(smallest=40)
    document = build_description(found)
    for figure in document.figures():
        for row in figure.table.rows:
            for cell in row.cells[1:]:
                count = re.match(r"([\d,]+) \(", cell)
                assert count is None or not 0 < int(count[1].replace(",", "")) < 40
    assert "&lt;40" in render_description(found)


def test_hostile_groups_are_shown_as_they_are() -> None:
    patients = cohort()
    codes = np.arange(len(patients)) % 2
    grouping = Grouping(HOSTILE, (HOSTILE, "other"), codes.astype(np.intp))
    text = render_description(describe_groups(patients, grouping, NAMES, smallest=5, notes=[HOSTILE]))
    page = Page(text)
    assert not page.all("script")
    assert not page.all("img")
    assert any('<script>alert("1")' in part for part in page.text)
    assert "{{ 7 * 7 }}" in text


def test_warnings_of_a_matching_stand_on_its_page() -> None:
    found = match_cohort(cohort(), MatchingPlan("diabetes", "present", ("age",), caliper=100.0, ratio=1))
    text = render_matching(found)
    for said in found.warnings():
        assert said.replace("'", "&#39;") in text
    good = replace(found, balance=tuple(replace(row, after=0.0) for row in found.balance))
    assert not good.warnings()
    assert "Balance reached" in render_matching(good)
    infinite = replace(found, balance=tuple(replace(row, after=None) for row in found.balance))
    assert "not estimable" in render_matching(infinite)


def test_the_overlap_adds_up(documents: list[Document]) -> None:
    overlap = next(figure for figure in documents[-1].figures() if figure.key == "overlap")
    for column in range(1, 5):
        shares = [float(row.cells[column].rstrip("%")) for row in overlap.table.rows]
        assert sum(shares) == pytest.approx(100, abs=1.2)


def test_the_balance_table_agrees_with_the_matching() -> None:
    found = matched(ratio=1)
    figure = next(each for each in build_matching(found).figures() if each.key == "balance")
    assert isinstance(figure, Figure)
    cells = {row.cells[0]: row.cells[1:] for row in figure.table.rows}
    for row in found.balance:
        assert cells[row.label] == tuple(f"{value:.3f}".replace("-", "−") for value in (row.before, row.after))
