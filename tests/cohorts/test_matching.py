"""Propensity matching: known pairs, brute force, statsmodels, and simulated confounding."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.matching import (
    MATCHED_COLUMNS,
    MatchingPlan,
    match_cohort,
    matched_table,
    matching_text,
    parse_treatment,
    require_free_columns,
    require_table_name,
    write_table,
)
from spinecast.cohorts.matching.neighbours import match_with_replacement, match_without_replacement
from spinecast.cohorts.matching.propensity import fit_propensity
from spinecast.cohorts.opening import Request, open_patients
from spinecast.errors import CohortError, ContractError

MakeCohort = Callable[..., Cohort]

# Whole numbers: equal values and equal distances come up all the time.
points = st.lists(st.integers(0, 12).map(float), min_size=1, max_size=12)


def confounded(count: int = 600, seed: int = 1) -> pd.DataFrame:
    """Older and hypoalbuminaemic people are treated more often; some values are missing."""
    random = np.random.default_rng(seed)
    age = random.normal(62, 10, count)
    albumin = random.normal(3.4, 0.6, count)
    tumour = random.choice(["lung", "breast", "prostate"], count)
    sex = random.choice(["female", "male"], count)
    logit = -1.3 + 0.09 * (age - 62) - 0.8 * (albumin - 3.4) + 0.6 * (tumour == "lung")
    treated = random.random(count) < 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {
            "id": [f"identifier-{number}" for number in range(count)],
            "age": age.clip(20, 99).round(1),
            "albumin": np.where(random.random(count) < 0.15, np.nan, albumin.clip(1, 6).round(2)),
            "primary_tumour": tumour,
            "sex": sex,
            "revision_surgery": np.where(treated, "present", "absent"),
        }
    )


PLAN = MatchingPlan("revision_surgery", "present", ("age", "albumin", "primary_tumour"))


@pytest.fixture
def simulated(as_cohort: MakeCohort) -> Cohort:
    return as_cohort(confounded())


def by_brute_force(treated: list[float], controls: list[float], ratio: int, caliper: float) -> list[list[int]]:
    free = set(range(len(controls)))
    chosen: list[list[int]] = [[] for _ in treated]
    for _ in range(ratio):
        for case in sorted(range(len(treated)), key=lambda one: (-treated[one], one)):
            if free:
                best = min(free, key=lambda other: (abs(treated[case] - controls[other]), other))
                if abs(treated[case] - controls[best]) <= caliper:
                    chosen[case].append(best)
                    free.remove(best)
    return chosen


def test_a_small_example_by_hand() -> None:
    """The treated choose from the highest down: 9 takes 8, 5 takes 4 (not 7), 4 takes what is left near it, 3."""
    treated, controls = np.array([4.0, 9.0, 5.0]), np.array([3.0, 7.0, 4.0, 8.0, 20.0])
    assert match_without_replacement(treated, controls, ratio=1, caliper=9) == [[0], [3], [2]]
    # A second control each, in the same order: 9 takes 7; for 5 and 4 only 20 is left.
    assert match_without_replacement(treated, controls, ratio=2, caliper=9) == [[0], [3, 1], [2]]
    assert match_without_replacement(treated, controls, ratio=2, caliper=15) == [[0], [3, 1], [2, 4]]
    assert match_without_replacement(treated, controls, ratio=1, caliper=0.5) == [[2], [], []]
    assert match_with_replacement(treated, controls, ratio=2, caliper=1) == [[2, 0], [3], [2]]


@given(points, points, st.integers(1, 3), st.integers(0, 6).map(float))
def test_each_choice_is_the_nearest_control_left(
    treated: list[float], controls: list[float], ratio: int, caliper: float
) -> None:
    found = match_without_replacement(np.array(treated), np.array(controls), ratio=ratio, caliper=caliper)
    assert found == by_brute_force(treated, controls, ratio, caliper)
    used = [control for chosen in found for control in chosen]
    assert len(used) == len(set(used))
    assert all(abs(treated[case] - controls[one]) <= caliper for case, chosen in enumerate(found) for one in chosen)


@given(points, points, st.integers(1, 3), st.integers(0, 6).map(float))
def test_with_replacement_each_has_the_nearest(
    treated: list[float], controls: list[float], ratio: int, caliper: float
) -> None:
    found = match_with_replacement(np.array(treated), np.array(controls), ratio=ratio, caliper=caliper)
    for value, chosen in zip(treated, found, strict=True):
        order = sorted(range(len(controls)), key=lambda one: (abs(value - controls[one]), one))
        assert chosen == [one for one in order[:ratio] if abs(value - controls[one]) <= caliper]


def test_the_propensity_is_the_logistic_regression_of_statsmodels() -> None:
    table = confounded()
    treated = (table["revision_surgery"] == "present").to_numpy()
    tumour = table["primary_tumour"]
    levels = list(variable("primary_tumour").level_values)
    matrix = np.column_stack([table["age"], table["albumin"], [levels.index(each) for each in tumour]]).astype(float)
    found = fit_propensity(matrix, [variable(name) for name in ("age", "albumin", "primary_tumour")], treated)
    albumin = table["albumin"]
    design = pd.DataFrame(
        {
            "one": 1.0,
            "age": table["age"],
            "albumin": albumin.fillna(albumin.median()),
            "lacking": albumin.isna(),
            "lung": tumour == "lung",
            "breast": tumour == "breast",
        }
    ).astype(float)
    reference = sm.Logit(treated, design).fit(disp=False, tol=1e-12).predict(design)
    assert found.probability == pytest.approx(reference.to_numpy(), abs=1e-4)
    assert found.logit == pytest.approx(np.log(reference / (1 - reference)).to_numpy(), abs=2e-3)
    assert (found.indicated, found.constant) == (("albumin",), ())


def test_columns_that_repeat_each_other_and_separation_are_met() -> None:
    random = np.random.default_rng(0)
    age = random.normal(60, 10, 80)
    treated = age > 60  # age tells who is treated: the likelihood has no maximum
    entries = [variable("age"), variable("age"), variable("diabetes")]
    found = fit_propensity(np.column_stack([age, age, np.ones(80)]), entries, treated)
    assert np.isfinite(found.logit).all()
    assert found.logit[treated].min() > found.logit[~treated].max()
    assert found.constant == ("diabetes",)
    with pytest.raises(CohortError, match="no covariate varies"):
        fit_propensity(np.ones((80, 1)), [variable("diabetes")], treated)


def test_matching_takes_simulated_confounding_away(simulated: Cohort) -> None:
    found = match_cohort(simulated, PLAN)
    rows = {(row.label): row for row in found.balance}
    assert rows["Age"].before > 0.6
    for row in found.balance:
        assert row.after is not None
        assert abs(row.after) < 0.15
    assert abs(rows["Age"].after) < abs(rows["Age"].before) / 5
    assert rows["Albumin: not recorded"].kind == "missing"
    assert found.matched_treated > 0.8 * found.treated.sum()


def test_members_keep_the_rules(simulated: Cohort) -> None:
    plan = MatchingPlan("revision_surgery", "present", PLAN.covariates, ratio=2, exact=("sex",))
    found = match_cohort(simulated, plan)
    members = found.members
    logit = found.propensity.logit
    spread = [np.var(logit[group], ddof=1) for group in (found.treated, ~found.treated)]
    assert found.width == pytest.approx(0.2 * np.sqrt(sum(spread) / 2))
    assert len(np.unique(members.rows)) == len(members.rows)
    assert np.array_equal(found.treated[members.rows], members.treated)
    sex = simulated.matrix(["sex"])[:, 0]
    for number in np.unique(members.sets):
        inside = members.sets == number
        case, controls = members.rows[inside][0], members.rows[inside][1:]
        assert members.treated[inside].tolist() == [True] + [False] * len(controls)
        assert 1 <= len(controls) <= 2
        assert (np.abs(logit[controls] - logit[case]) <= found.width).all()
        assert (sex[controls] == sex[case]).all()
        assert members.weights[inside] == pytest.approx([1.0] + [1 / len(controls)] * len(controls))
    cases = members.rows[members.treated]
    assert np.array_equal(cases, np.sort(cases))
    sizes = found.set_sizes
    assert sum(sizes.values()) == found.matched_treated
    assert sum(size * count for size, count in sizes.items()) == len(found.control_weights) == (~members.treated).sum()


def test_exact_values_match_the_missing_with_the_missing(as_cohort: MakeCohort) -> None:
    table = confounded()
    table.loc[::7, "sex"] = None
    cohort = as_cohort(table)
    plan = MatchingPlan("revision_surgery", "present", ("age",), exact=("sex", "primary_tumour"))
    found = match_cohort(cohort, plan)
    values = np.nan_to_num(cohort.matrix(["sex", "primary_tumour"]), nan=-1)
    pairs = found.members.rows.reshape(-1, 2)
    assert np.array_equal(values[pairs[:, 0]], values[pairs[:, 1]])
    assert (values[pairs[:, 0], 0] == -1).any()


def test_treated_without_a_like_are_counted(as_cohort: MakeCohort) -> None:
    table = confounded()
    table.loc[table["revision_surgery"] == "absent", "sex"] = "female"
    found = match_cohort(as_cohort(table), MatchingPlan("revision_surgery", "present", ("age",), exact=("sex",)))
    men = int(((table["revision_surgery"] == "present") & (table["sex"] == "male")).sum())
    assert found.alone == men > 0
    assert any(f"{men} of them because no control agrees in sex" in text for text in found.warnings())


def test_with_replacement_a_control_serves_several(simulated: Cohort) -> None:
    plan = MatchingPlan("revision_surgery", "present", PLAN.covariates, ratio=3, replace=True)
    found = match_cohort(simulated, plan)
    controls = found.members.rows[~found.members.treated]
    assert len(np.unique(controls)) < len(controls)
    assert len(found.control_weights) == len(np.unique(controls))
    assert found.control_weights.sum() == pytest.approx(found.matched_treated)
    assert found.to_dict()["effective_controls"] < len(found.control_weights)


def test_the_balance_after_matching_is_weighted_and_by_the_spread_before(simulated: Cohort) -> None:
    plan = MatchingPlan("revision_surgery", "present", PLAN.covariates, ratio=2)
    found = match_cohort(simulated, plan)
    members = found.members
    age = simulated.matrix(["age"])[:, 0]
    treated, controls = members.treated, ~members.treated
    after = np.average(age[members.rows[controls]], weights=members.weights[controls])
    spread = np.sqrt((age[found.treated].var(ddof=1) + age[~found.treated].var(ddof=1)) / 2)
    row = next(row for row in found.balance if row.name == "age")
    assert row.after == pytest.approx((age[members.rows[treated]].mean() - after) / spread)
    assert row.means[0].controls_after == pytest.approx(after)


def test_equal_input_gives_equal_sets_and_the_seed_orders_equals_only(as_cohort: MakeCohort) -> None:
    table = confounded().assign(age=lambda t: t["age"].round(-1))  # many of equal propensity
    cohort, plan = as_cohort(table), MatchingPlan("revision_surgery", "present", ("age",))
    one, two = match_cohort(cohort, plan), match_cohort(cohort, plan)
    assert np.array_equal(one.members.rows, two.members.rows)
    seeded = [
        match_cohort(cohort, MatchingPlan("revision_surgery", "present", ("age",), seed=seed)) for seed in (3, 3, 4)
    ]
    assert np.array_equal(seeded[0].members.rows, seeded[1].members.rows)
    assert not np.array_equal(seeded[0].members.rows, seeded[2].members.rows)
    assert len({found.matched_treated for found in (one, *seeded)}) == 1


def test_who_is_matched_does_not_depend_on_the_names_of_the_groups(as_cohort: MakeCohort) -> None:
    table = confounded()
    table["surgical_approach"] = table["revision_surgery"].map({"present": "anterior", "absent": "posterior"})
    table.loc[table.index[-5:], "surgical_approach"] = "combined"
    plan = MatchingPlan("surgical_approach", "anterior", ("age",))
    found = match_cohort(as_cohort(table), plan)
    assert int(found.treated.sum()) == int((table["surgical_approach"] == "anterior").sum())
    assert plan.treated_label == "Surgical approach: Anterior"
    assert PLAN.treated_label == "Revision surgery"


def test_patients_whose_treatment_is_unknown_are_left_out(as_cohort: MakeCohort) -> None:
    table = confounded()
    table.loc[:19, "revision_surgery"] = None
    found = match_cohort(as_cohort(table), PLAN)
    assert len(found.cohort) == len(found.treated) == 580
    assert found.cohort.attrition[-1].excluded == 20
    assert found.members.rows.max() < 580


@pytest.mark.parametrize(
    ("everyone", "message"),
    [
        ("present", "there are no control patients"),
        ("absent", "there are no treated patients"),
        (None, "nobody's treatment is known"),
    ],
)
def test_a_treatment_with_one_level(simulated: Cohort, everyone: str | None, message: str) -> None:
    values = pd.Categorical([everyone] * 600, categories=["absent", "present"])
    changed = replace(simulated, frame=simulated.frame.assign(revision_surgery=values))
    with pytest.raises(CohortError, match=message):
        match_cohort(changed, PLAN)


def test_a_ratio_that_there_are_too_few_controls_for(simulated: Cohort) -> None:
    cases = int((simulated.frame["revision_surgery"] == "present").sum())
    most = (600 - cases) // cases
    match_cohort(simulated, MatchingPlan("revision_surgery", "present", ("age",), ratio=most))
    with pytest.raises(CohortError, match=rf"ratio of {most + 1}[\s\S]*at most {most}"):
        match_cohort(simulated, MatchingPlan("revision_surgery", "present", ("age",), ratio=most + 1))
    with pytest.raises(CohortError, match="asks for more controls"):
        match_cohort(simulated, MatchingPlan("revision_surgery", "present", ("age",), ratio=601, replace=True))


def test_fewer_controls_than_treated_is_said(as_cohort: MakeCohort) -> None:
    found = match_cohort(as_cohort(confounded()), MatchingPlan("revision_surgery", "absent", ("age",)))
    assert any("fewer controls" in text for text in found.warnings())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"caliper": 0.0}, "caliper of 0"),
        ({"caliper": -0.2}, "caliper of -0.2"),
        ({"caliper": float("nan")}, "caliper of nan"),
        ({"ratio": 0}, "0 controls"),
        ({"covariates": ()}, "no covariate"),
        ({"covariates": ("revision_surgery",)}, "is the treatment itself"),
        ({"exact": ("revision_surgery",)}, "is the treatment itself"),
        ({"covariates": ("death",)}, "is an outcome"),
        ({"covariates": ("albumen",)}, "did you mean albumin"),
        ({"treatment": "bilsky_grade", "level": "3", "covariates": ("high_grade_compression",)}, "follows from"),
        ({"treatment": "albumin"}, "cannot be the treatment"),
        ({"level": "yes"}, "has no level 'yes'"),
    ],
)
def test_a_plan_that_makes_no_sense(changes: dict[str, object], message: str) -> None:
    given_ = {"treatment": "revision_surgery", "level": "present", "covariates": ("age",), **changes}
    with pytest.raises((CohortError, ContractError), match=message):
        MatchingPlan(**given_)  # type: ignore[arg-type]


def test_reading_the_treatment() -> None:
    assert parse_treatment("revision_surgery") == ("revision_surgery", "present")
    assert parse_treatment("treatment_group = surgery") == ("treatment_group", "surgery")
    for text, message in (
        ("treatment_group", "which level of treatment_group"),
        ("treatment_group=surgary", "did you mean surgery"),
        ("revision_surgary", "did you mean revision_surgery"),
        ("age", "cannot be the treatment"),
    ):
        with pytest.raises((CohortError, ContractError), match=message):
            parse_treatment(text)


def test_groups_that_do_not_overlap(as_cohort: MakeCohort) -> None:
    table = confounded().assign(age=lambda t: np.where(t["revision_surgery"] == "present", 80.0, 40.0))
    with pytest.raises(CohortError, match="no treated patient has a control within the caliper"):
        match_cohort(as_cohort(table), MatchingPlan("revision_surgery", "present", ("age",)))


def test_what_stays_different_is_said(as_cohort: MakeCohort) -> None:
    table = confounded()
    loose = MatchingPlan("revision_surgery", "present", ("age", "treatment_year"), caliper=50.0, ratio=2)
    table["treatment_year"] = 2010
    found = match_cohort(as_cohort(table), loose)
    said = found.warnings()
    age = next(row for row in found.balance if row.name == "age")
    assert abs(age.after or 0) > 0.1
    assert said[0] == f"After matching the groups still differ by more than 0.1 in Age ({abs(age.after or 0):.2f})."
    assert any("without influence: Calendar year" in text for text in said)
    late = MatchingPlan("revision_surgery", "present", ("age", "operation_time"))
    table["operation_time"] = np.random.default_rng(1).normal(180, 30, 600)
    assert any("perhaps changed by the treatment" in text for text in match_cohort(as_cohort(table), late).warnings())


def test_levels_that_few_have_are_not_broken_down(as_cohort: MakeCohort) -> None:
    table = confounded()
    table.loc[table.index[:3], "primary_tumour"] = "thyroid"
    cohort = as_cohort(table)
    hidden = {row.name: row for row in match_cohort(cohort, PLAN, smallest=5).balance}["primary_tumour"]
    shown = {row.name: row for row in match_cohort(cohort, PLAN).balance}["primary_tumour"]
    assert hidden.means == ()
    assert [means.level for means in shown.means] == ["Lung", "Breast", "Prostate", "Thyroid"]
    assert hidden.after == shown.after


def test_the_summary_is_json_and_names_nobody(simulated: Cohort) -> None:
    found = match_cohort(simulated, PLAN)
    content = found.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["treated"] == content["treated_matched"] + content["treated_dropped"]
    assert "identifier-" not in json.dumps(content) + matching_text(found)


def test_the_table_holds_the_sources_columns_and_the_sets(tmp_path: Path) -> None:
    table = confounded().rename(columns={"id": "patient_id"}).assign(note="kept as it is", spare=range(600))
    table.to_csv(tmp_path / "p.csv", index=False)
    opened = open_patients(str(tmp_path / "p.csv"), None, Request(PLAN.variables))
    found = match_cohort(opened.cohort, PLAN)
    written = matched_table(opened, found)
    assert list(written.columns) == [*table.columns, *MATCHED_COLUMNS]
    for row in written.sample(20, random_state=1).itertuples():
        source = table[table["patient_id"] == row.patient_id].iloc[0]
        assert (str(source["age"]), source["note"], str(source["spare"])) == (row.age, row.note, row.spare)
        assert (source["revision_surgery"] == "present") == (row.matched_role == "treated")
    assert written["propensity"].between(0, 1).all()
    with pytest.raises(ContractError, match="already has a column 'matched_set'"):
        require_free_columns(list(written.columns))
    with pytest.raises(ContractError, match=r"\.csv or \.parquet"):
        require_table_name(tmp_path / "p.xlsx")
    write_table(tmp_path / "out.csv", written, "")
    again = pd.read_csv(tmp_path / "out.csv")
    assert again["matching_weight"].tolist() == written["matching_weight"].tolist()
    assert again["propensity"].tolist() == written["propensity"].tolist()


def test_synthetic_patients_stay_marked(tmp_path: Path) -> None:
    table = confounded()
    table["id"] = [f"SYNTHETIC-{number}" for number in range(600)]
    table.to_csv(tmp_path / "p.csv", index=False)
    opened = open_patients(str(tmp_path / "p.csv"), None, Request(PLAN.variables))
    written = matched_table(opened, match_cohort(opened.cohort, PLAN))
    assert set(written["spinecast_synthetic"]) == {"SYNTHETIC"}
    write_table(tmp_path / "out.parquet", written, opened.mark)
    assert parquet.read_schema(tmp_path / "out.parquet").metadata[b"spinecast.synthetic"] == b"SYNTHETIC"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == len(written)
