from __future__ import annotations

import re
from pathlib import Path

import pytest

from spinecast.delivered import delivered
from spinecast.errors import DocumentError
from spinecast.reporting.records.form import FORMS, SOURCE_ATTRIBUTES, Form, form_named, read_form, read_wording
from spinecast.reporting.records.probast import ANSWERERS
from spinecast.reporting.records.references import REFERENCES, numbered
from spinecast.reporting.records.tripod import FILLERS
from spinecast.training.study.reporting import ReportingSpec

EVERY = [form_named(name) for name in (*FORMS, SOURCE_ATTRIBUTES)]


def test_every_delivered_form_is_known_under_its_own_name() -> None:
    assert set(delivered("forms")) == {*FORMS, SOURCE_ATTRIBUTES}
    assert [form.form for form in EVERY] == [*FORMS, SOURCE_ATTRIBUTES]


def test_tripod_has_27_items_in_52_parts() -> None:
    """Collins 2024, BMJ 385:e078378: 27 items, 52 subitems."""
    numbers = [item.number for item in form_named("tripod_ai").items]
    assert len(numbers) == 52
    assert list(dict.fromkeys(int(re.sub(r"\D", "", number)) for number in numbers)) == list(range(1, 28))


def test_source_attributes_are_those_of_the_rule() -> None:
    """31 in nine groups: 45 CFR 170.315(b)(11)(iv)(B)(1) to (9), 89 FR 1192."""
    numbers = [item.number for item in form_named(SOURCE_ATTRIBUTES).items]
    counts = (4, 4, 2, 4, 2, 4, 5, 4, 2)
    assert numbers == [f"{group}.{at}" for group, count in enumerate(counts, 1) for at in range(1, count + 1)]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("probast_2019", [2, 3, 6, 9]),  # Wolff 2019, Ann Intern Med 170:51
        ("probast_ai_2025_dev", [3, 4, 4, 5]),  # 16 questions: Moons 2025, BMJ 388:e082505
        ("probast_ai_2025_eval", [3, 4, 4, 7]),  # 18 questions: the same
    ],
)
def test_instruments_have_the_published_number_of_questions(name: str, counts: list[int]) -> None:
    assert [len(items) for _, items in form_named(name).sections()] == counts


def test_items_for_one_design_are_those_of_the_statement() -> None:
    """D and E of the published checklist (Collins 2024, table 2)."""
    items = form_named("tripod_ai").items
    only = {
        design: [item.number for item in items if item.applies_to == (design,)]
        for design in ("development", "evaluation")
    }
    assert only["development"] == ["9a", "12a", "12b", "12c", "15", "22", "27a", "27b"]
    assert only["evaluation"] == ["12f", "12g", "20c", "24"]


@pytest.mark.parametrize("form", EVERY, ids=(*FORMS, SOURCE_ATTRIBUTES))
def test_whatever_a_form_names_exists(form: Form) -> None:
    words = ReportingSpec.model_fields
    for item in form.items:
        assert item.filled_by is None or item.filled_by in FILLERS
        assert item.answered_by is None or item.answered_by in ANSWERERS
        assert all(key in words for key in item.authors)
        assert item.text.endswith((".", "?"))
    assert form.source in REFERENCES


def test_every_filler_and_answer_is_used_by_a_form() -> None:
    named = {name for form in EVERY for item in form.items for name in (item.filled_by, item.answered_by)}
    assert set(FILLERS) | set(ANSWERERS) == named - {None}


def test_a_form_that_numbers_an_item_twice_is_refused(tmp_path: Path) -> None:
    text = delivered("forms")["probast_2019"].read_text(encoding="utf-8").replace('"1.2"', '"1.1"')
    (tmp_path / "form.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=r"item 1\.1 stands twice"):
        read_form(tmp_path / "form.yaml")


class TestWording:
    def test_another_wording_replaces_the_text_and_says_whose_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "words.yaml"
        path.write_text(
            'form: probast_ai_2025_dev\nsource: The official tool.\nitems: {"4.5": "Were the official words used?"}\n',
            encoding="utf-8",
        )
        own = form_named("probast_ai_2025_dev")
        form = own.worded(read_wording(path))
        assert [item.text for item in form.items if item.number == "4.5"] == ["Were the official words used?"]
        assert form.items[0] == own.items[0]
        assert form.wording.startswith("The official tool.")
        assert "15 items" in form.wording

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('form: probast_2020\nsource: x\nitems: {"1.1": "y"}\n', "probast_2019"),
            ('form: probast_2019\nsource: x\nitems: {"9.9": "y"}\n', "no item '9.9'"),
            ("form: probast_2019\nsource: x\nitems: {}\n", "items"),
        ],
    )
    def test_a_wording_of_nothing_there_is_is_refused(self, tmp_path: Path, text: str, words: str) -> None:
        path = tmp_path / "words.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DocumentError, match=re.escape(words)):
            read_wording(path)


class TestReferences:
    def test_each_is_whole_and_keyed_by_author_and_year(self) -> None:
        for key, reference in REFERENCES.items():
            year = re.search(r"\d{4}$", key)
            assert year is not None
            assert year[0] in reference.text
            assert reference.text.endswith(".")
            assert not reference.doi or reference.doi.startswith(("doi:10.", "arXiv:"))
        assert len({reference.text for reference in REFERENCES.values()}) == len(REFERENCES)

    def test_they_are_numbered_as_first_cited(self) -> None:
        assert numbered(["chen2016", "akiba2019", "chen2016"]) == {"chen2016": 1, "akiba2019": 2}
        with pytest.raises(KeyError, match="nobody1900"):
            numbered(["nobody1900"])
