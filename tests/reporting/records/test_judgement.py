"""The rules of the instruments as truth tables (Wolff 2019, Ann Intern Med 170:51; Moons 2019, same 170:W1)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.reporting.records.answers import DomainJudgement, Judgement, Signal
from spinecast.reporting.records.judgement import judge_domain, judge_overall

SIGNALS: list[Signal] = ["Y", "PY", "PN", "N", "NI", "NA"]


@pytest.mark.parametrize(
    ("answers", "judged"),
    [
        (["Y", "Y"], "low"),
        (["Y", "PY"], "low"),
        (["PY", "NA"], "low"),
        (["Y", "NI"], "unclear"),
        (["NI", "NI"], "unclear"),
        (["NA", "NA"], "unclear"),
        (["Y", "PN"], "high"),
        (["Y", "N"], "high"),
        (["NI", "N"], "high"),
        (["NA", "PN"], "high"),
    ],
)
def test_domain(answers: list[Signal], judged: Judgement) -> None:
    assert judge_domain("Analysis", dict(zip("ab", answers, strict=True))).judgement == judged


@settings(deadline=None)
@given(st.lists(st.sampled_from(SIGNALS), min_size=1, max_size=9))
def test_a_domain_is_never_low_with_a_question_left_open_or_answered_no(answers: list[Signal]) -> None:
    judged = judge_domain("Analysis", {str(place): answer for place, answer in enumerate(answers)}).judgement
    if judged == "low":
        assert set(answers) <= {"Y", "PY", "NA"}
    assert (judged == "high") == bool({"N", "PN"} & set(answers))


def test_the_reason_names_the_questions() -> None:
    assert "4.1 and 4.3" in judge_domain("Analysis", {"4.1": "N", "4.2": "NI", "4.3": "PN"}).reason


def domains(*judgements: Judgement) -> list[DomainJudgement]:
    return [DomainJudgement(name, judged, "") for name, judged in zip("abcd", judgements, strict=False)]


def test_overall_is_the_worst_domain() -> None:
    for judgements in itertools.product(["low", "unclear", "high"], repeat=3):
        expected = "high" if "high" in judgements else "unclear" if "unclear" in judgements else "low"
        assert judge_overall(domains(*judgements)).judgement == expected


@pytest.mark.parametrize(
    ("developed_only", "very_large", "internally_validated", "judged"),
    [
        (False, False, False, "low"),
        (False, False, True, "low"),
        (False, True, False, "low"),
        (False, True, True, "low"),
        (True, False, False, "high"),
        (True, False, True, "high"),
        (True, True, False, "high"),
        (True, True, True, "low"),
    ],
)
def test_a_model_that_was_only_developed_is_downgraded(
    developed_only: bool, very_large: bool, internally_validated: bool, judged: Judgement
) -> None:
    found = judge_overall(
        domains("low", "low", "low", "low"),
        developed_only=developed_only,
        very_large=very_large,
        internally_validated=internally_validated,
    )
    assert found.judgement == judged


def test_the_downgrade_does_not_hide_what_is_unclear() -> None:
    found = judge_overall(domains("low", "unclear"), developed_only=True)
    assert found.judgement == "unclear"
    assert "other patients" in found.reason
