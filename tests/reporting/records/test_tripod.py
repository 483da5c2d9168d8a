from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.answers import (
    FILLED,
    NOT_APPLICABLE,
    PARTLY,
    STATUSES,
    TO_BE_WRITTEN,
    Answer,
    FilledForm,
)
from spinecast.reporting.records.form import form_named
from spinecast.reporting.records.recorded import Recorded, resolve
from spinecast.reporting.records.tripod import fill_checklist
from spinecast.training.study.reporting import ReportingSpec

from ..test_build import BARE

FORM = form_named("tripod_ai")


def fill(record: RunRecord | ExternalRecord, **authors: str) -> FilledForm:
    return fill_checklist(FORM, Recorded.of(record, authors))


def answer(filled: FilledForm, number: str) -> Answer:
    return next(one for one in filled.answers if one.number == number)


def test_every_item_is_answered_or_marked(either: RunRecord | ExternalRecord) -> None:
    filled = fill(either)
    assert [one.number for one in filled.answers] == [item.number for item in FORM.items]
    for one in filled.answers:
        assert one.status in STATUSES
        assert bool(one.text) == (one.status != TO_BE_WRITTEN)
        assert one.wanted or one.status in (FILLED, PARTLY, NOT_APPLICABLE)


def test_every_piece_of_evidence_is_in_the_record(either: RunRecord | ExternalRecord) -> None:
    recorded = Recorded.of(either)
    pointers = [pointer for one in fill(either).answers for pointer in one.evidence]
    assert len(pointers) > 20
    for pointer in pointers:
        assert resolve(recorded, pointer) is not None


def test_what_is_filled_by_the_record_names_where(either: RunRecord | ExternalRecord) -> None:
    for one in fill(either).answers:
        if one.text and one.status != NOT_APPLICABLE:
            assert one.evidence, one.number


def test_items_of_the_other_design_do_not_apply(record: RunRecord, external: ExternalRecord) -> None:
    developed = [one.number for one in fill(record).answers if one.status == NOT_APPLICABLE]
    assert developed == ["12f", "12g", "20c", "24"]
    evaluated = [one.number for one in fill(external).answers if one.status == NOT_APPLICABLE]
    assert evaluated == ["9a", "12a", "12b", "12c", "15", "22", "27a", "27b"]


def test_numbers_are_those_of_the_record(record: RunRecord) -> None:
    filled = fill(record)
    measures = record.evaluation["measures"]
    assert f"{measures['auc']['estimate']:.3f}" in answer(filled, "23a").text
    assert f"{record.evaluation['events']:,}" in answer(filled, "20a").text
    assert "5 outer folds" in answer(filled, "12a").text


def test_subgroups_are_asked_for_and_said_to_be_missing(record: RunRecord, external: ExternalRecord) -> None:
    assert answer(fill(record), "23a").status == PARTLY
    assert "subgroups was not computed" in answer(fill(record), "23a").text
    assert answer(fill(external), "23a").status == FILLED


class TestAuthors:
    def test_their_words_stand_word_for_word(self, record: RunRecord) -> None:
        words = "Funded by nobody;  the funders' part: none <at all>."
        one = answer(fill(record, funding=words), "18a")
        assert (one.status, one.authors, one.wanted) == (FILLED, (("funding", words),), ())

    def test_some_of_the_words_fill_a_part(self, record: RunRecord) -> None:
        one = answer(fill(record, users="Surgeons."), "3b")
        assert (one.status, one.wanted) == (PARTLY, ("intended_use",))

    def test_with_all_words_nothing_is_owed(self, either: RunRecord | ExternalRecord) -> None:
        filled = fill(either, **dict.fromkeys(ReportingSpec.model_fields, "Said."))
        assert TO_BE_WRITTEN not in filled.counts()
        # What a record cannot know and words do not complete stays partly filled.
        assert {one.number for one in filled.answers if one.status == PARTLY} <= {"20a", "23a"}

    def test_a_study_holds_them(self, altered: Callable[[str, Any], RunRecord]) -> None:
        record = altered("study.reporting", {"ethics": "Committee of the fixture.", "funding": None})
        assert answer(fill(record), "17").authors == (("ethics", "Committee of the fixture."),)
        assert answer(fill(record), "18a").status == TO_BE_WRITTEN
        assert answer(fill(record, ethics="Another."), "17").authors == (("ethics", "Another."),)


class TestHonesty:
    """A record that lacks parts is answered with what it has."""

    def test_a_bare_record_fills_little_and_asserts_nothing(self) -> None:
        filled = fill(BARE)
        assert len(filled.answers) == 52
        for number in ("5a", "9a", "9b", "11", "12a", "12b", "12c", "13", "20b", "22", "23a", "27a"):
            assert answer(filled, number).status == TO_BE_WRITTEN, number

    def test_apparent_performance_says_so(self, altered: Callable[[str, Any], RunRecord]) -> None:
        filled = fill(altered("evaluation.basis", "apparent"))
        assert answer(filled, "23a").text.startswith("Apparent:")
        assert "made from" in answer(filled, "16").text

    def test_a_synthetic_cohort_is_named(self, altered: Callable[[str, Any], RunRecord]) -> None:
        filled = fill(altered("cohort.kind", "synthetic"))
        assert filled.synthetic
        assert "nobody in them exists" in answer(filled, "5a").text

    def test_a_published_score_is_not_said_to_leave_classes_as_they_are(self, external: ExternalRecord) -> None:
        external.about["source"] |= {"kind": "score", "identity": "Somebody 2001."}
        filled = fill(external)
        assert answer(filled, "13").status == TO_BE_WRITTEN
        assert "as published" in answer(filled, "12g").text

    def test_predictions_made_elsewhere_are_not_called_external(self, external: ExternalRecord) -> None:
        bare = {key: external.about[key] for key in ("title", "cohort", "settings")}
        lone = ExternalRecord(
            about={**bare, "kind": "evaluation"},
            evaluation={**external.evaluation, "basis": "made elsewhere"},
            cohort={"absent": "a file of predictions says nothing else of its patients"},
            findings={"checks": []},
        )
        filled = fill(lone)
        for number in ("4", "12f", "12g", "24", "7", "8a", "9b"):
            assert answer(filled, number).status == TO_BE_WRITTEN, number


def test_a_filled_form_goes_to_json_and_back(either: RunRecord | ExternalRecord) -> None:
    filled = fill(either, funding="Nobody.")
    assert FilledForm.from_dict(filled.to_dict()) == filled


@pytest.mark.parametrize("status", STATUSES)
def test_counts_add_up(record: RunRecord, status: str) -> None:
    filled = fill(record)
    assert sum(filled.counts().values()) == 52
    assert filled.counts().get(status, 0) == sum(one.status == status for one in filled.answers)
