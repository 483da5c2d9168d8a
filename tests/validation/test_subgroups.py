"""Groups of patients: how they are cut, what is computed in them, and what is not shown."""

import numpy as np
import pandas as pd
import pytest

from spinecast import statistics as st
from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.validation import Predictions
from spinecast.validation.subgroups import (
    SUBGROUP_MEASURES,
    Grouping,
    default_subgroup_variables,
    evaluate_subgroups,
    group_patients,
)


def cohort(frame: dict[str, object], sites: list[str | None] | None = None) -> Cohort:
    made = pd.DataFrame(frame)
    return Cohort(
        name="made",
        kind="synthetic",
        frame=made,
        patient_ids=pd.Series([f"P{number}" for number in range(len(made))]),
        provenance=Provenance("made", "made"),
        groups=None if sites is None else pd.Series(sites, dtype=object),
    )


def groups_of(made: Cohort, name: str) -> dict[str, list[int]]:
    found = {each.variable: each for each in group_patients(made, np.arange(len(made)), [name])}
    return {label: np.flatnonzero(members).tolist() for label, members in found[name].groups}


def test_ages_fall_into_bands_whose_lower_end_belongs_to_them() -> None:
    made = cohort({"age": [49.9, 50.0, 64.9, 65.0, 74.99, 75.0, np.nan]})
    assert groups_of(made, "age") == {
        "Under 50": [0],
        "50 to 64": [1, 2],
        "65 to 74": [3, 4],
        "75 and over": [5],
        "Not recorded": [6],
    }


def test_levels_and_what_is_not_recorded() -> None:
    sex = pd.Categorical(["male", None, "female", "male"], categories=["female", "male"])
    assert groups_of(cohort({"sex": sex}), "sex") == {"Female": [2], "Male": [0, 3], "Not recorded": [1]}


def test_few_years_stand_alone_and_many_come_in_fives() -> None:
    few = cohort({"treatment_year": [2015.0, 2016.0, 2016.0, 2018.0]})
    assert groups_of(few, "treatment_year") == {"2015": [0], "2016": [1, 2], "2018": [3]}
    many = cohort({"treatment_year": [2001.0, 2004.0, 2005.0, 2009.0, 2010.0, 2011.0, 2012.0, 2013.0]})
    assert groups_of(many, "treatment_year") == {
        "2000 to 2004": [0, 1],
        "2005 to 2009": [2, 3],
        "2010 to 2014": [4, 5, 6, 7],
    }


def test_sites_are_groups_and_one_group_is_none() -> None:
    made = cohort({"age": [60.0, 61.0, 62.0]}, ["b", "a", "b"])
    found = group_patients(made, np.array([0, 1, 2]), ["age"])  # all of one band
    assert [grouping.variable for grouping in found] == ["site"]
    assert [(label, members.tolist()) for label, members in found[0].groups] == [
        ("a", [False, True, False]),
        ("b", [True, False, True]),
    ]


def test_groups_follow_the_rows_that_are_evaluated() -> None:
    made = cohort({"age": [40.0, 80.0, 60.0]})
    found = group_patients(made, np.array([1, 0]), ["age"])[0]
    assert [label for label, _ in found.groups] == ["Under 50", "75 and over"]
    assert found.groups[0][1].tolist() == [False, True]


def test_every_group_holds_what_the_statistics_say_and_small_ones_nothing() -> None:
    draw = np.random.default_rng(3)
    risk = draw.uniform(0.1, 0.9, 300)
    outcome = (draw.random(300) < risk).astype(float)
    predictions = Predictions(risk, outcome, None, None, "external")
    large = np.arange(300) < 250
    few = ~large & (np.cumsum(~large & (outcome == 1)) <= 9) & (outcome == 1)
    grouping = Grouping("sex", "Sex", (("Many", large), ("Few", few)))
    cells = evaluate_subgroups(predictions, [grouping], bootstrap=20, seed=1)[0].cells
    assert (cells[0].n, cells[0].events) == (250, int(outcome[large].sum()))
    assert set(cells[0].measures) == set(SUBGROUP_MEASURES)
    assert cells[0].measures["auc"] == st.auc(outcome[large], risk[large])
    assert cells[0].measures["calibration_slope"] == st.calibration_slope(outcome[large], risk[large])
    assert (cells[1].n, cells[1].events) == (None, None)
    assert all(isinstance(measure, st.Absent) for measure in cells[1].measures.values())
    assert "fewer than 10 events" in cells[1].measures["auc"].reason


@pytest.mark.parametrize(
    ("events", "without", "with_it"), [(3, 40, True), (40, 4, True), (7, 40, False), (0, 9, False)]
)
def test_what_one_hidden_group_holds_does_not_follow_from_the_others(events: int, without: int, with_it: bool) -> None:
    """Of all patients less those shown the hidden ones are left: the next group is hidden too where they are few."""
    outcome = np.concatenate([np.ones(events), np.zeros(without), np.tile([0.0, 1.0], 60), np.tile([0.0, 1.0], 100)])
    draw = np.random.default_rng(1)
    predictions = Predictions(draw.uniform(0.1, 0.9, outcome.size), outcome, None, None, "external")
    few, place = events + without, np.arange(outcome.size)
    groups = (("Few", place < few), ("Small", (place >= few) & (place < few + 120)), ("Large", place >= few + 120))
    cells = evaluate_subgroups(predictions, [Grouping("sex", "Sex", groups)], bootstrap=20, seed=1)[0].cells
    assert [cell.n for cell in cells] == [None, None if with_it else 120, 200]
    if with_it:
        assert cells[1].measures["auc"] == st.Absent("not shown, as the numbers of 'Few' would follow from it")


def test_the_floor_is_on_both_sides_of_the_outcome() -> None:
    outcome = np.array([1.0] * 30 + [0.0] * 10)
    predictions = Predictions(np.linspace(0.1, 0.9, 40), outcome, None, None, "external")
    grouping = Grouping("sex", "Sex", (("All", np.ones(40, dtype=bool)),))
    shown = evaluate_subgroups(predictions, [grouping], fewest=10, bootstrap=20, seed=1)[0].cells[0]
    hidden = evaluate_subgroups(predictions, [grouping], fewest=11, bootstrap=20, seed=1)[0].cells[0]
    assert (shown.n, hidden.n) == (40, None)


def test_ranks_have_an_auc_only() -> None:
    outcome = np.tile([0.0, 1.0], 30)
    predictions = Predictions(np.linspace(0.1, 0.9, 60), outcome, None, None, "external")
    grouping = Grouping("sex", "Sex", (("All", np.ones(60, dtype=bool)),))
    cell = evaluate_subgroups(predictions, [grouping], ranks_only="no level", bootstrap=20, seed=1)[0].cells[0]
    assert isinstance(cell.measures["auc"], st.Estimate)
    assert cell.measures["calibration_slope"] == st.Absent("no level")


def test_apparent_predictions_are_refused() -> None:
    seen = Predictions(np.array([0.2, 0.8]), np.array([0.0, 1.0]), None, None, "apparent")
    with pytest.raises(ValueError, match="out-of-sample"):
        evaluate_subgroups(seen, [], bootstrap=20, seed=1)


def test_what_may_be_unequal_is_always_looked_at() -> None:
    assert {"sex", "age", "race", "primary_tumour", "treatment_year", "treatment_group"} <= set(
        default_subgroup_variables()
    )
