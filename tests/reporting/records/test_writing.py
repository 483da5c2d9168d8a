"""Methods, model card and the folder of everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting import render_pdf
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records import read_wording, write_records
from spinecast.reporting.records.answers import FilledForm
from spinecast.reporting.records.methods import write_methods
from spinecast.reporting.records.model_card import SECTIONS, ModelCard, make_model_card
from spinecast.reporting.records.pages import form_document
from spinecast.reporting.records.recorded import Recorded, resolve
from spinecast.reporting.records.writing import fill_forms

from ..test_build import BARE

DEVELOPMENT = ["model_card", "probast_2019", "probast_ai_2025_dev", "probast_ai_2025_eval", "tripod_ai"]


class TestMethods:
    def test_each_component_is_cited_and_each_citation_listed(self, record: RunRecord) -> None:
        methods = write_methods(Recorded.of(record))
        text = " ".join(said for _, said in methods.paragraphs)
        cited = {int(number) for found in re.findall(r"\[([\d, ]+)\]", text) for number in found.split(",")}
        assert cited == set(range(1, len(methods.references) + 1))
        for name in ("Chen T", "Akiba T", "Lundberg SM", "Vickers AJ", "Austin PC", "Collins GS", "Pedregosa F"):
            assert any(reference.startswith(name) for reference in methods.references), name

    def test_first_citations_are_in_order(self, record: RunRecord) -> None:
        text = " ".join(said for _, said in write_methods(Recorded.of(record)).paragraphs)
        numbers = [int(n) for found in re.findall(r"\[([\d, ]+)\]", text) for n in found.split(",")]
        assert list(dict.fromkeys(numbers)) == sorted(set(numbers))

    def test_what_was_not_used_is_not_cited(self, record: RunRecord) -> None:
        record.study["candidates"] = [{"kind": "elastic_net", "imputation": {"kind": "median"}}]
        record.run["environment"]["packages"] = {"spinecast": "0.1.0"}
        references = write_methods(Recorded.of(record)).references
        assert not any(name in reference for reference in references for name in ("XGBoost", "Random forests"))
        # Only an interval that is DeLong's cites DeLong; the fixture's is its own.
        assert not any(reference.startswith("DeLong") for reference in references)

    def test_a_bare_record_has_short_methods(self) -> None:
        headings = [heading for heading, _ in write_methods(Recorded.of(BARE)).paragraphs]
        assert headings == ["Design", "Patients"]

    def test_support_is_cited_from_the_register(self, record: RunRecord) -> None:
        record.cohort["provenance"]["source"] = "SUPPORT (SurvSet support2)"
        references = write_methods(Recorded.of(record)).references
        assert any("SUPPORT prognostic model" in reference for reference in references)
        assert any(reference.startswith("Drysdale") for reference in references)


class TestModelCard:
    def test_it_has_the_sections_of_mitchell(self, either: RunRecord | ExternalRecord) -> None:
        card = make_model_card(Recorded.of(either))
        assert list(dict.fromkeys(entry.section for entry in card.entries)) == list(SECTIONS)

    def test_evidence_is_in_the_record_and_numbers_have_intervals(self, either: RunRecord | ExternalRecord) -> None:
        recorded = Recorded.of(either)
        card = make_model_card(recorded)
        for entry in card.entries:
            for pointer in entry.evidence:
                assert resolve(recorded, pointer) is not None
        assert card.metrics == either.evaluation["measures"]
        auc = next(entry for entry in card.entries if entry.name == "Area under the ROC curve")
        assert re.search(r"0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", auc.text)

    def test_authors_are_quoted_and_what_they_owe_is_said(self, record: RunRecord) -> None:
        card = make_model_card(Recorded.of(record, {"out_of_scope": "Children."}))
        entries = {entry.name: entry for entry in card.entries}
        assert (entries["Out of scope"].text, entries["Out of scope"].origin) == ("Children.", "authors")
        assert entries["Intended use"].origin == "to be written by the authors"

    def test_it_goes_to_json_and_back(self, either: RunRecord | ExternalRecord) -> None:
        card = make_model_card(Recorded.of(either, {"contact": "The fixture."}))
        assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card


class TestFolder:
    def test_a_training_leaves_every_form(self, record: RunRecord, tmp_path: Path) -> None:
        written = write_records(record, tmp_path / "reporting")
        assert sorted(path.name for path in written) == sorted(
            [*(f"{name}.{ending}" for name in DEVELOPMENT for ending in ("html", "json")), "methods.md"]
        )
        assert sorted(path.name for path in (tmp_path / "reporting").iterdir()) == sorted(p.name for p in written)

    def test_a_validation_is_not_asked_of_its_development(self, external: ExternalRecord, tmp_path: Path) -> None:
        names = {path.stem for path in write_records(external, tmp_path)}
        assert names == {*DEVELOPMENT, "methods"} - {"probast_ai_2025_dev"}

    def test_pages_load_nothing_and_say_research_use(self, either: RunRecord | ExternalRecord, tmp_path: Path) -> None:
        for path in write_records(either, tmp_path):
            text = path.read_text(encoding="utf-8")
            assert RESEARCH_USE in text
            assert not re.search(r"<(?:script|link|img|iframe)\b|\bsrc=|url\(|@import|https?://", text), path.name

    def test_synthetic_is_said_on_every_one(self, altered: Callable[[str, Any], RunRecord], tmp_path: Path) -> None:
        for path in write_records(altered("cohort.kind", "synthetic"), tmp_path):
            assert SYNTHETIC in path.read_text(encoding="utf-8"), path.name

    def test_nothing_of_one_patient_is_in_them(self, record: RunRecord, tmp_path: Path) -> None:
        """Values of single patients stand in the record's explanation alone; none of the forms takes any of them."""
        values = {
            repr(point[key])
            for row in record.explanation["beeswarm"]
            for point in row["points"]
            for key in ("value", "contribution")
            if point[key] is not None and len(repr(point[key])) > 8
        }
        assert len(values) > 1000
        text = "".join(path.read_text(encoding="utf-8") for path in write_records(record, tmp_path))
        assert not [value for value in values if value in text]

    def test_equal_records_give_equal_files(self, record: RunRecord, tmp_path: Path) -> None:
        one, two = write_records(record, tmp_path / "one"), write_records(record, tmp_path / "two")
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]

    def test_a_wording_is_shown_with_its_source(self, record: RunRecord, tmp_path: Path) -> None:
        words = tmp_path / "words.yaml"
        words.write_text('form: probast_2019\nsource: Official.\nitems: {"1.1": "In other words?"}\n', encoding="utf-8")
        write_records(record, tmp_path / "out", wordings=[read_wording(words)])
        filled = FilledForm.from_dict(json.loads((tmp_path / "out" / "probast_2019.json").read_text(encoding="utf-8")))
        assert filled.answers[0].asked == "In other words?"
        assert filled.wording.startswith("Official.")

    def test_authors_markup_is_text(self, record: RunRecord, tmp_path: Path) -> None:
        write_records(record, tmp_path, authors={"funding": "<b>bold</b> & #raw $x$"})
        page = (tmp_path / "tripod_ai.html").read_text(encoding="utf-8")
        assert "&lt;b&gt;bold&lt;/b&gt; &amp; #raw $x$" in page


def test_a_form_is_set_as_pdf(record: RunRecord) -> None:
    filled = fill_forms(Recorded.of(record, {"funding": "#strong[not markup]"}))[0]
    assert render_pdf(form_document(filled)).startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["real", "synthetic"])
def test_the_document_carries_the_mark_of_synthetic_patients(record: RunRecord, kind: str) -> None:
    record.cohort["kind"] = kind
    documents = [form_document(filled) for filled in fill_forms(Recorded.of(record))]
    assert all((document.mark is not None) == (kind == "synthetic") for document in documents)
