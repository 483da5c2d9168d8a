"""The card of a served model: the document that is published, its drawings within the policy of our pages."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reporting.fixture_record import make_record
from reporting.records.made_external import make_external_record
from serving.made_store import EVENT, Address

from spinecast.errors import TrackingError
from spinecast.notices import SYNTHETIC
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Facts, Table
from spinecast.reporting.html import render_html
from spinecast.reporting.records.card_parts import check_words
from spinecast.reporting.records.model_card import SECTIONS, ModelCard, make_model_card
from spinecast.reporting.records.pages import card_document
from spinecast.reporting.records.recorded import Recorded
from spinecast.serving.pages.card import card_page
from spinecast.serving.pages.figures import drawn
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return made_card()


def made_card() -> ModelCard:
    """The card of a model that was validated once."""
    validated = (Recorded.of(make_external_record()),)
    return make_model_card(replace(Recorded.of(make_record()), validations=validated))


@pytest.fixture
def served(state: State, tmp_path: Path, card: ModelCard) -> ServedModel:
    return with_card(state.models.get(EVENT), tmp_path, card.to_dict())


def with_card(served: ServedModel, folder: Path, card: Any) -> ServedModel:
    (folder / "card").mkdir(exist_ok=True)
    (folder / "card" / "model_card.json").write_text(json.dumps(card), encoding="utf-8")
    return replace(served, version=replace(served.version, record=folder / "record"))


def test_the_page_is_the_published_document_with_its_drawings_and_their_numbers(
    server: Address, state: State, served: ServedModel, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(state.models), "get", lambda _self, _name: served)
    said = server.get(f"/models/{EVENT}")
    page, paper = html.unescape(said.text), card_document(card, synthetic=False)
    assert said.status == 200
    assert re.findall(r"<h2 [^>]*>([^<]*)</h2>", page) == [*SECTIONS, "About this card"]
    facts = [block for section in paper.sections for block in section.blocks if isinstance(block, Facts)]
    for term, text in (item for block in facts for item in block.items):
        assert f"<dt>{term}</dt>" in page
        assert f">{text}</dd>" in page
    tables = [block for section in paper.sections for block in section.blocks if isinstance(block, Table)]
    captions = [table.caption for table in tables]
    assert captions == [
        "Performance in each cohort (95% intervals)",
        "Performance by group of people in test_fixture (95% intervals)",
    ]
    for table in tables:
        assert f"<caption>{table.caption}</caption>" in page
        for row in table.rows:
            assert all(f">{cell}<" in page for cell in row.cells)
    figures = list(paper.figures())
    assert [one["basis"] for one in card.calibration] == ["out-of-fold", "external"]
    assert page.count('<svg class="report"') == len(figures) == 2
    for figure in figures:
        assert f"<caption>{figure.table.caption}</caption>" in page
        assert all(cell in page for row in figure.table.rows for cell in row.cells)
    assert served.standing in page
    champion = replace(served, version=replace(served.version, alias="champion"))
    monkeypatch.setattr(type(state.models), "get", lambda _self, _name: champion)
    assert "CANDIDATE" not in server.get(f"/models/{EVENT}").text
    assert "style=" not in said.text  # which the policy of the page forbids, and a browser would leave out
    assert "style-src 'self'" in said.headers["content-security-policy"]


def test_each_cohort_and_group_has_the_numbers_of_its_record_in_a_table(card: ModelCard) -> None:
    document = card_document(card, synthetic=False)
    analyses = next(section for section in document.sections if section.title == "Quantitative analyses")
    cohorts, groups = (block for block in analyses.blocks if isinstance(block, Table))
    for row, one in zip(cohorts.rows, card.calibration, strict=True):
        slope = fmt.estimate(one["measures"]["calibration_slope"], 2)
        assert row.cells[:4] == (one["cohort"], one["basis"], fmt.integer(one["n"]), fmt.integer(one["events"]))
        assert row.cells[cohorts.header.index("Slope")] == slope
    held = [group for entry in card.groups for group in entry["groups"]]
    shown = [row for row in groups.rows if not row.heading]
    assert [row.cells[0] for row in shown] == [group["label"] for group in held]
    for row, group in zip(shown, held, strict=True):
        expected = "not shown" if group["n"] is None else fmt.integer(group["n"])
        assert row.cells[1] == expected
    (facts,) = (block for block in analyses.blocks if isinstance(block, Facts))
    assert "Sex, in test_fixture" not in dict(facts.items)  # said once


def test_a_check_names_inputs_as_people_do() -> None:
    found = {"finding": "white_blood_cell_count: missing in 65%; albumin: 3%; block_1.entropy: 4%", "remedy": "look"}
    assert check_words(found) == "White blood cells: missing in 65%; albumin: 3%; block_1.entropy: 4%. Look."


def test_two_validations_on_the_same_patients_are_told_apart_by_when_they_were_made() -> None:
    first, second = make_external_record(), make_external_record()
    first.about["finished"], second.about["finished"] = "2026-11-26T08:00:00+00:00", "2026-11-27T09:30:00+00:00"
    both = (Recorded.of(first), Recorded.of(second))
    made = make_model_card(replace(Recorded.of(make_record()), validations=both))
    names = [entry.name for entry in made.entries if entry.section == "External validation"]
    assert len(set(names)) == 2
    assert all(", validated 2" in name for name in names)
    assert len({entry["cohort"] for entry in made.groups}) == 2
    assert len({one["cohort"] for one in made.calibration}) == 3


def test_a_drawing_has_the_same_shapes_words_and_colours_as_on_paper(card: ModelCard) -> None:
    figure = next(card_document(card, synthetic=False).figures())
    paper = render_html(card_document(card, synthetic=False))
    on_page = str(drawn(figure))
    assert figure.svg.count(' style="') > 50
    for found in (r' d="([^"]*)"', r">([^<]+)</text>", r"(?:fill|stroke)(?:: |=\")(#[0-9a-f]{6})"):
        shapes = re.findall(found, figure.svg)
        assert shapes
        assert re.findall(found, on_page) == shapes
        assert all(one in paper for one in shapes)
    assert f'aria-label="{html.escape(figure.alternative)}"' in on_page
    with pytest.raises(ValueError, match="no SVG element with a viewBox"):
        drawn(replace(figure, svg="<svg></svg>"))


def test_made_up_patients_anywhere_on_the_way_to_a_model_mark_its_card(
    served: ServedModel, card: ModelCard, tmp_path: Path
) -> None:
    about = {**served.model.about, "cohort": {**served.model.about["cohort"], "kind": "real"}}
    real = replace(served, model=replace(served.model, about=about))  # type: ignore[type-var]
    assert card_page(real).mark is None
    marked = with_card(real, tmp_path, {**card.to_dict(), "notices": [*card.notices, SYNTHETIC]})
    mark = card_page(marked).mark
    assert mark is not None
    assert mark.title == SYNTHETIC
    assert card_page(served).mark is not None  # whatever the card says of a model that says so itself


@pytest.mark.parametrize("content", [{"title": "What it is"}, {"sections": []}, [], "card"])
def test_a_card_that_is_none_says_how_to_have_one(served: ServedModel, tmp_path: Path, content: Any) -> None:
    with pytest.raises(TrackingError, match=f"the model card of {EVENT}/1 is not as this version") as error:
        card_page(with_card(served, tmp_path, content))
    assert f"spinecast models card {EVENT} 1 publishes one" in str(error.value)
