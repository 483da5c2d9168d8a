from dataclasses import replace

import numpy as np
import pytest
from validation.comparison.made_runs import COHORT, OTHER, made_run

from spinecast.errors import CohortError, ContractError
from spinecast.validation.comparison.pairing import pair, shares_patients
from spinecast.validation.evaluation import CohortIdentity


def test_patients_are_paired_by_identifier_whatever_their_order() -> None:
    one, other = made_run("one"), made_run("two")
    shuffled = other.at(np.random.default_rng(2).permutation(120))
    found, straight = pair([one, shuffled]), pair([one, other])
    assert found.runs[1].patients.tolist() == one.patients.tolist()
    assert np.array_equal(found.runs[1].risk, straight.runs[1].risk)
    assert found.same_folds
    assert found.same_cohort
    assert found.left_out == (0, 0)


def test_only_the_shared_patients_are_kept_and_the_others_counted() -> None:
    one, other = made_run("one"), made_run("two")
    found = pair([one.at(np.arange(100)), other.at(np.arange(30, 120))])
    assert found.runs[0].patients.tolist() == [f"P{number:04d}" for number in range(30, 100)]
    assert found.left_out == (30, 20)


def test_folds_are_the_same_when_they_hold_the_same_patients_together() -> None:
    one = made_run("one")
    assert pair([one, replace(made_run("two"), fold=6 - one.fold)]).same_folds
    assert not pair([one, replace(made_run("two"), fold=np.roll(one.fold, 1) // 2)]).same_folds


def test_another_fingerprint_is_paired_where_the_outcomes_bear_it_out() -> None:
    found = pair([made_run("one"), made_run("two", cohort=OTHER)])
    assert not found.same_cohort
    assert len(found.runs[0].patients) == 120


def test_identifiers_of_other_people_are_refused() -> None:
    with pytest.raises(ContractError, match="shared identifiers have another outcome in Two than in One") as refused:
        pair([made_run("one"), made_run("two", seed=9, cohort=OTHER)])
    assert refused.value.where is not None
    assert "another cohort" in refused.value.where


def test_so_few_that_chance_may_have_made_them_agree_are_refused() -> None:
    rows = np.arange(12)
    with pytest.raises(ContractError, match="may be chance"):
        pair([made_run("one").at(rows), made_run("two", cohort=OTHER).at(rows)])
    assert len(pair([made_run("one").at(rows), made_run("two").at(rows)]).runs[0].patients) == 12


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (made_run("two", day=42), "predict different outcomes"),
        (replace(made_run("two"), event="walking"), "predict different outcomes"),
        (made_run("two", cohort=CohortIdentity("made", "synthetic", "a" * 64)), "made-up"),
        (made_run("two", first=500), "share no patient"),
    ],
)
def test_what_cannot_be_paired_is_refused(other: object, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        pair([made_run("one"), other])  # type: ignore[list-item]


def test_patients_of_one_outcome_are_no_comparison() -> None:
    events = np.flatnonzero(made_run("one").outcome == 1)
    with pytest.raises(CohortError, match="all of the"):
        pair([made_run("one").at(events), made_run("two").at(events)])


def test_everybody_is_judged_by_one_follow_up() -> None:
    timed, one = made_run("timed", timed=True, censored=True), made_run("one", censored=True)
    found = pair([one, timed])
    judged = [run.predictions() for run in found.runs]
    assert judged[0].weights is not None
    assert np.array_equal(judged[0].weights, judged[1].weights)
    assert judged[0].n < 120
    assert all(run.followed() is not None for run in found.runs)


def test_two_cohorts_that_number_their_patients_alike_share_nobody() -> None:
    assert shares_patients([made_run("one"), made_run("two", cohort=OTHER)])
    assert shares_patients([made_run("one"), made_run("two", cohort=COHORT)])
    assert not shares_patients([made_run("one"), made_run("two", seed=9, cohort=OTHER)])
    assert not shares_patients([made_run("one"), made_run("two", first=500)])
