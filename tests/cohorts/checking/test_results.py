"""What a check says: text, JSON and page, from the same findings."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checked_files import Check, MakePeople

from spinecast.cohorts.checking import CHECKS, FileCheck, FileFinding, NotApplicable, check_text
from spinecast.cohorts.checking.pictures import Bins, Levels
from spinecast.errors import OutputError
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting.cohort_check import MOST_DRAWN, build_page, require_page, write_page


@pytest.fixture
def wrong(people: pd.DataFrame) -> pd.DataFrame:
    """A file with several things wrong with it."""
    rng = np.random.default_rng(1)
    table = people.assign(
        albumin=np.where(rng.random(400) < 0.05, people["albumin"] * 10, people["albumin"]).round(1),
        sex=people["sex"].where(people.index != 3, "unknown"),
        sodium=people["sodium"].where(people.index > 8, 999),
    )
    return table.rename(columns={"platelet_count": "<b>PLT</b>"})


@pytest.fixture
def checked(check: Check, wrong: pd.DataFrame, make_people: MakePeople) -> FileCheck:
    return check(wrong, other=make_people(200, 9, "Q"))


class Page(HTMLParser):
    """Collects the tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_code_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="CC999"):
        FileFinding("CC999", "note", "", "")
    with pytest.raises(ValueError, match="CC999"):
        NotApplicable("CC999", "")


def test_codes_are_in_order_and_every_title_is_its_own() -> None:
    assert list(CHECKS) == sorted(CHECKS)
    assert len({kind.title for kind in CHECKS.values()}) == len(CHECKS)


def test_errors_stand_first(checked: FileCheck) -> None:
    order = [finding.severity for finding in checked.findings]
    assert order == sorted(order, key=["error", "warning", "note"].index)
    assert checked.has_errors
    assert sum(checked.count(severity) for severity in ("error", "warning", "note")) == len(checked.findings)


def test_the_json_holds_everything_once(checked: FileCheck) -> None:
    answer = json.loads(json.dumps(checked.to_dict(), allow_nan=False))
    assert answer["file"] == {"name": "this.csv", "rows": 400, "columns": 13, "mapping_given": True}
    assert answer["against"] == {"name": "other.csv", "rows": 200}
    assert answer["summary"]["errors"] == checked.count("error")
    assert {check["code"] for check in answer["checks"]} == set(CHECKS)
    albumin = next(entry for entry in answer["variables"] if entry["variable"] == "albumin")
    assert albumin["known"] + albumin["missing"] + albumin["unreadable"] + albumin["impossible"] == 400
    assert [unit["unit"] for unit in albumin["units"]] == ["g/dL", "g/L"]
    assert answer["notices"] == [RESEARCH_USE]


def test_an_empty_column_has_no_number_that_json_lacks(check: Check, people: pd.DataFrame) -> None:
    checked = check(people.assign(albumin=np.nan))
    albumin = next(entry for entry in checked.to_dict()["variables"] if entry["variable"] == "albumin")
    assert albumin["quantiles"] is None
    json.dumps(checked.to_dict(), allow_nan=False)
    write_page(checked)


def test_the_text_names_every_finding_and_fits_a_terminal(checked: FileCheck) -> None:
    text = check_text(checked)
    for finding in checked.findings:
        assert f"{finding.severity:<8} {finding.code}  {finding.title}" in text
    assert text.endswith(RESEARCH_USE)
    assert max(map(len, text.splitlines())) <= 130


def test_the_text_obeys_no_control_characters(check: Check, people: pd.DataFrame) -> None:
    table = people.assign(sex=["\x1b[31mred\x07"] * 20 + ["male"] * 380).rename(columns={"index": "in\x1b]0;dex\x07"})
    text = check_text(check(table))
    assert "\x1b" not in text
    assert "\x07" not in text


def test_pictures_count_every_number_once(checked: FileCheck) -> None:
    drawn = {picture.variable: picture for picture in checked.pictures}
    assert {"albumin", "sex", "sodium"} <= set(drawn)
    albumin = drawn["albumin"].shown
    assert isinstance(albumin, Bins)
    assert sum(albumin.counts) + albumin.below + albumin.above == 400
    assert np.all(np.diff(albumin.edges) > 0)
    assert [limits.symbol for limits in albumin.ranges if limits.declared] == ["g/dL"]
    grams_per_litre = next(limits for limits in albumin.ranges if limits.symbol == "g/L")
    assert (grams_per_litre.lower, grams_per_litre.upper) == pytest.approx((15, 55))
    sex = drawn["sex"].shown
    assert isinstance(sex, Levels)
    assert (sum(sex.counts), sex.unknown) == (399, 1)


def test_the_page_loads_nothing_and_runs_nothing(checked: FileCheck) -> None:
    page = write_page(checked)
    parsed = Page(page)
    assert "http://" not in page
    assert "https://" not in page
    forbidden = {"script", "link", "iframe", "object", "embed", "img", "image", "base", "form"}
    for tag, attributes in parsed.tags:
        assert tag not in forbidden
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert RESEARCH_USE in page
    assert "<b>PLT</b>" not in page  # a header of the file is text, not markup
    assert any("<b>PLT</b>" in words for words in parsed.words)


def test_every_picture_has_its_table_and_every_finding_its_place(checked: FileCheck) -> None:
    document = build_page(checked)
    figures = list(document.figures())
    assert len(figures) == len(checked.pictures)
    assert all(figure.table.rows and figure.alternative for figure in figures)
    page = write_page(checked)
    assert page.count("<svg") == len(figures)
    for finding in checked.findings:
        assert f"{finding.code} {finding.title}" in page.replace("&#39;", "'")
    assert write_page(checked) == page


def test_a_page_of_a_clean_and_of_an_unreadable_file(check: Check, people: pd.DataFrame) -> None:
    assert "No errors" in write_page(check(people))
    assert "No column is read as a variable" in write_page(check(people[["patient"]], {}))


def test_many_columns_are_not_all_drawn(check: Check, people: pd.DataFrame) -> None:
    from spinecast.clinical.dictionary import variables

    names = [name for name, entry in variables().items() if entry.kind == "binary"][: MOST_DRAWN + 6]
    checked = check(people[["patient"]].assign(**dict.fromkeys(names, "absent")))
    assert len(checked.pictures) > MOST_DRAWN
    page = write_page(checked)
    assert page.count("<svg") == MOST_DRAWN
    assert "not drawn" in page


def test_a_synthetic_file_says_so_on_every_surface(check: Check, people: pd.DataFrame, make_people: MakePeople) -> None:
    for checked in (
        check(people.assign(spinecast_synthetic="SYNTHETIC abc")),
        check(people, other=make_people(100, 5, "SYNTHETIC-")),
    ):
        assert checked.synthetic
        assert check_text(checked).startswith("SYNTHETIC\n")
        assert SYNTHETIC in check_text(checked)
        assert checked.to_dict()["synthetic"] is True
        page = write_page(checked)
        assert page.count(SYNTHETIC) >= len(build_page(checked).sections) + 3
    assert "SYNTHETIC" not in write_page(check(people))


def test_where_the_page_may_not_go(tmp_path: Path) -> None:
    source = tmp_path / "a.html"
    source.write_text("x")
    for place in (tmp_path / "page.txt", tmp_path, source, source / "below.html"):
        with pytest.raises(OutputError):
            require_page(place, [source])
    require_page(tmp_path / "new" / "page.html", [source])
