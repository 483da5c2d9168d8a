"""A file in which nothing is wrong passes, and says what could not be checked."""

from __future__ import annotations

import pandas as pd
import pytest
from checked_files import Check, MakePeople

from spinecast.cohorts.checking import CHECKS


def test_nothing_is_found_in_a_clean_file(check: Check, people: pd.DataFrame) -> None:
    checked = check(people)
    assert [(f.code, f.finding) for f in checked.findings if f.severity != "note"] == []
    assert not checked.has_errors


@pytest.mark.parametrize("seed", range(12))
def test_clean_files_of_other_seeds_pass_alone_and_against_each_other(
    check: Check, make_people: MakePeople, seed: int
) -> None:
    checked = check(make_people(600, seed), other=make_people(300, seed + 100, "Q"))
    assert [(f.code, f.finding) for f in checked.findings if f.severity != "note"] == []


def test_every_check_has_one_outcome(check: Check, people: pd.DataFrame) -> None:
    checked = check(people)
    assert [outcome.code for outcome in checked.outcomes] == list(CHECKS)
    reasons = {o.code: o.reason for o in checked.outcomes if o.outcome == "not_applicable"}
    assert "--against" in reasons["CC080"]
    assert all(reasons.values())
    assert not {o.code for o in checked.outcomes if o.outcome == "passed"} & {f.code for f in checked.findings}
