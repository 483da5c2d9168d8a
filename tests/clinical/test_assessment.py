"""On which days an outcome of one assessment may be found, against the days that the dictionary's words name."""

from __future__ import annotations

import re

import pytest

from spinecast.clinical.assessment import STATE_ON, WORST_UNTIL, assessed_in_time, assessments_end
from spinecast.clinical.dictionary import variable, variables


def test_every_outcome_whose_words_name_a_day_has_it() -> None:
    named = {"functional_outcome_2m": 61}
    for entry in variables().values():
        found = re.search(r"(\d+) days (?:after|of surgery)|within (\d+) days", entry.help)
        if entry.role == "outcome" and found and "before surgery" not in entry.help:
            named[entry.name] = int(found[1] or found[2])
    assert named == {**STATE_ON, **WORST_UNTIL}
    assert "two months" in variable("functional_outcome_2m").help


@pytest.mark.parametrize(
    ("name", "value", "days", "counts"),
    [
        ("ecog_30d", "2", 2, False),
        ("ecog_30d", "2", 20, True),
        ("ecog_30d", "2", 40, True),
        ("ecog_30d", "2", 41, False),
        ("ecog_30d", "5", 2, True),  # died on the second day
        ("ambulation_90d", "died_before_assessment", 3, True),
        ("ambulation_90d", "ambulatory", 30, False),
        ("thromboembolism_30d", "absent", 5, False),
        ("thromboembolism_30d", "absent", 28, True),
        ("thromboembolism_30d", "present", 5, True),
        ("thromboembolism_30d", "present", 60, False),
        ("thromboembolism_30d", "absent", 60, True),
        ("complication_grade", "grade_2", 60, True),
        ("complication_grade", "grade_2", 10, False),  # a worse one may come
        ("complication_grade", "grade_5", 10, True),
        ("motor_recovery", "present", 700, True),
        ("intraoperative_blood_loss", 500.0, 1, True),
    ],
)
def test_what_is_found_on_another_day_is_not_that_outcome(
    name: str, value: str | float, days: float, counts: bool
) -> None:
    assert assessed_in_time(name, value, days) is counts
    assert (assessments_end(name) is None) == (name in ("motor_recovery", "intraoperative_blood_loss"))
