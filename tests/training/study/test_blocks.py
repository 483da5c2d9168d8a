"""The study as a model: its rules, its defaults, its canonical form and its hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spinecast.cohorts.contract import ImpossibleValues
from spinecast.cohorts.outcomes import (
    BinaryOutcome,
    CompetingRisksOutcome,
    HorizonOutcome,
    OrdinalOutcome,
    TimeToEventOutcome,
)
from spinecast.cohorts.rules import ColumnRule
from spinecast.cohorts.sources import CsvSource, ParquetSource
from spinecast.cohorts.support import SupportSubset
from spinecast.documents import Origin
from spinecast.errors import StudyError
from spinecast.models.catalogue import FAMILIES, Choice, Range
from spinecast.models.imputation import Imputation
from spinecast.models.ordinal.catalogue import CUMULATIVE_LEARNERS
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES
from spinecast.training.plan import candidate_plans, cohort_source
from spinecast.training.study import STUDY, Study, resolved_yaml, search_space, study_hash
from spinecast.training.study import missing as missing_blocks
from spinecast.training.study.file import check_study, load_study, study_schema
from spinecast.training.study.kinds import ORDINAL_KINDS, TIMED_KINDS

BASE: Mapping[str, Any] = {
    "study": "small",
    "title": "A small study",
    "cohort": {"source": {"kind": "support"}},
    "outcome": {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90},
    "predictors": ["age", "albumin"],
    "candidates": [{"kind": "elastic_net"}, {"kind": "xgboost"}],
}


def make(**changes: Any) -> Study:
    return Study.model_validate({**BASE, **changes})


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        make(**changes)
    return str(caught.value)


def test_defaults_are_filled_in() -> None:
    study = make()
    assert study.seed == 1
    assert study.cohort.impossible_values == "refuse"
    assert study.cohort.source.kind == "support"
    assert study.outcome.kind == "horizon"
    assert study.outcome.censored == "exclude"
    assert (study.resampling.outer_folds, study.resampling.inner_folds, study.resampling.group) == (5, 5, None)
    assert (study.tuning.trials, study.tuning.startup_trials) == (25, 8)
    assert study.final.kind == "winner"
    assert study.tracking.experiment == "small"
    assert [candidate.name for candidate in study.candidates] == ["elastic_net", "xgboost"]
    assert [candidate.imputation.kind for candidate in study.candidates] == ["median", "native"]


def test_experiment_may_be_named() -> None:
    assert make(tracking={"experiment": "mine"}).tracking.experiment == "mine"


def test_study_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make().seed = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["median", "forest"])
def test_imputation_is_written_short_or_long(kind: str) -> None:
    short = make(candidates=[{"kind": "random_forest", "imputation": kind}])
    long = make(candidates=[{"kind": "random_forest", "imputation": {"kind": kind}}])
    assert short == long
    assert study_hash(short) == study_hash(long)


@pytest.mark.parametrize("kind", sorted(set(FAMILIES) - {"xgboost"}))
def test_only_xgboost_takes_missing_values_as_they_are(kind: str) -> None:
    candidate = {"kind": kind, "imputation": "native"} | ({"predictors": ["age"]} if kind == "baseline" else {})
    assert "'median', 'forest'" in refused(candidates=[candidate])


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": True},
        {"seed": "5"},
        {"seed": 5.0},
        {"seed": -1},
        {"seed": 2**32},
        {"title": ""},
        {"study": "Small"},
        {"study": "90_days"},
        {"predictors": []},
        {"predictors": "age"},
        {"candidates": []},
        {"candidates": [{"kind": "baseline"}]},
        {"candidates": [{"kind": "xgboost", "trials": 0}]},
        {"candidates": [{"kind": "xgboost", "search": {"depth": []}}]},
        {"candidates": [{"kind": "xgboost", "search": {"depth": [True, 4]}}]},
        {"candidates": [{"kind": "xgboost", "search": {"depth": [float("nan"), 4]}}]},
        {"resampling": {"outer_folds": 1}},
        {"resampling": {"inner_folds": 21}},
        {"evaluation": {"thresholds": [0.0]}},
        {"evaluation": {"thresholds": [1.0]}},
        {"evaluation": {"decision_range": [0.1]}},
        {"evaluation": {"decision_range": [0.1, 1.0]}},
        {"outcome": {**BASE["outcome"], "horizon_days": 0}},
        {"outcome": {**BASE["outcome"], "censored": "drop"}},
        {"outcome": {"kind": "binary", "variable": "functional_outcome_2m", "event_levels": []}},
        {"final": {"kind": "ensemble"}},
        {"cohort": {"source": {"kind": "csv", "path": "a.csv"}}},
        {"cohort": {"source": {"kind": "support", "subset": "everybody"}}},
    ],
    ids=str,
)
def test_wrong_values_are_refused(changes: dict[str, Any]) -> None:
    assert "validation error" in refused(**changes)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"predictors": ["age", "albumin", "age"]}, "predictors: age is listed twice"),
        ({"evaluation": {"thresholds": [0.1, 0.2, 0.1]}}, "thresholds: 0.1 is listed twice"),
        ({"evaluation": {"decision_range": [0.4, 0.4]}}, "ends before it begins"),
        ({"candidates": [{"kind": "xgboost"}, {"kind": "xgboost"}]}, "two of them are named xgboost"),
        (
            {"candidates": [{"kind": "baseline", "predictors": ["age", "age"]}]},
            "candidates.0.predictors: age is listed twice",
        ),
        ({"candidates": [{"kind": "elastic_net", "search": {"knots": [3, 4, 3]}}]}, "knots: 3 is listed twice"),
        ({"final": {"kind": "ensemble", "of": ["xgbost"]}}, "no candidate named 'xgbost'"),
        ({"final": {"kind": "ensemble", "of": ["xgboost", "xgboost"]}}, "final.of: xgboost is listed twice"),
        ({"outcome": {**BASE["outcome"], "event": "follow_up_time"}}, "cannot be both the time and the event"),
        (
            {
                "outcome": {
                    "kind": "binary",
                    "variable": "functional_outcome_2m",
                    "event_levels": ["coma_or_intubated"],
                    "excluded_levels": ["coma_or_intubated"],
                }
            },
            "cannot be both the event and excluded",
        ),
        (
            {"comparators": [{"name": "a", "variable": "support_survival_2m"}] * 2},
            "comparators: two of them are named a",
        ),
    ],
)
def test_parts_must_agree(changes: dict[str, Any], what: str) -> None:
    assert what in refused(**changes)


def test_equal_ends_of_an_interval_fix_a_parameter() -> None:
    study = make(candidates=[{"kind": "random_forest", "search": {"smallest_leaf": [5, 5]}}])
    assert search_space(study.candidates[0])["smallest_leaf"] == Range(5, 5, log=True, whole=True)


@pytest.mark.parametrize(
    ("predictor", "why"),
    [
        ("resuscitation_order", "recorded after prediction time"),
        ("support_survival_2m", "another model's output: it is allowed as a comparator only"),
        ("race", "compare performance between groups"),
        ("death", "known only afterwards"),
    ],
)
def test_what_may_not_predict_is_refused_with_the_reason(predictor: str, why: str) -> None:
    for changes in (
        {"predictors": ["age", predictor]},
        {"candidates": [{"kind": "baseline", "predictors": [predictor]}]},
    ):
        with pytest.raises(StudyError, match=why):
            check_study(make(**changes))


@pytest.mark.parametrize(
    ("changes", "what", "expected_or_remedy"),
    [
        (
            {"predictors": ["albumine"]},
            "predictors.0: the dictionary has no variable 'albumine'",
            "did you mean albumin?",
        ),
        ({"outcome": {**BASE["outcome"], "event": "diabetes"}}, "diabetes is not an outcome", "role outcome"),
        (
            {"outcome": {**BASE["outcome"], "event": "functional_outcome_2m"}},
            "outcome.event: functional_outcome_2m is nominal",
            "a binary outcome variable",
        ),
        (
            {"outcome": {**BASE["outcome"], "time": "death", "event": "follow_up_time"}},
            "outcome.time: death is binary",
            "a continuous outcome variable",
        ),
        (
            {"outcome": {"kind": "binary", "variable": "follow_up_time", "event_levels": ["a"]}},
            "measured and has no levels",
            "with levels",
        ),
        (
            {"outcome": {"kind": "binary", "variable": "functional_outcome_2m", "event_levels": ["coma"]}},
            "outcome.event_levels.0: functional_outcome_2m has no level 'coma'",
            "coma_or_intubated",
        ),
        (
            {"comparators": [{"name": "a", "variable": "age"}]},
            "comparators.0.variable: age is no other model's output",
            "role comparator",
        ),
        (
            {"comparators": [{"name": "a", "variable": "support_physiology_score", "complement": True}]},
            "is no probability, so it has no complement",
            "",
        ),
        (
            {"resampling": {"group": "hospital"}},
            "there is no 'hospital' to keep together",
            "a variable of the dictionary",
        ),
    ],
)
def test_names_are_checked_against_the_dictionary(changes: dict[str, Any], what: str, expected_or_remedy: str) -> None:
    with pytest.raises(StudyError) as caught:
        check_study(make(**changes))
    assert what in caught.value.what
    assert expected_or_remedy in str(caught.value)


def table(**changes: Any) -> dict[str, Any]:
    return {"source": {"kind": "csv", "path": "data/patients.csv", "id_column": "id", **changes}}


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"albumin": {"unit": "mg"}}, "albumin is not measured in 'mg'"),
        ({"albumin": {"levels": {"1": "low"}}}, "albumin is measured and has no levels"),
        ({"sex": {"levels": {"M": "man"}}}, "sex has no level 'man'"),
        ({"sex": {"unit": "kg"}}, "sex has levels and takes no unit"),
        ({"sexx": {"column": "sx"}}, "the dictionary has no variable 'sexx'"),
    ],
)
def test_columns_are_checked_against_the_dictionary(columns: dict[str, Any], what: str) -> None:
    with pytest.raises(StudyError) as caught:
        check_study(make(cohort=table(columns=columns)))
    assert what in caught.value.what
    assert "cohort.source.columns." in caught.value.what


def test_a_good_table_passes() -> None:
    columns = {
        "albumin": {"column": "alb", "unit": "g/L", "missing_codes": [-9, "NK"]},
        "sex": {"column": "sx", "levels": {"1": "male", "2": "female"}},
    }
    study = make(cohort=table(columns=columns, group_column="site"), resampling={"group": "site"})
    check_study(study)


def test_groups_of_the_table_stay_together_unless_the_study_says_otherwise() -> None:
    grouped = table(group_column="site")
    assert make(cohort=grouped).resampling.group == "site"
    assert make(cohort=grouped, resampling={"outer_folds": 3}).resampling.group == "site"
    assert make(cohort=grouped, resampling={"group": "sex"}).resampling.group == "sex"
    assert make(cohort=grouped, resampling={"group": None}).resampling.group is None
    assert make(cohort=table()).resampling.group is None
    check_study(make(cohort=grouped))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (
            {"columns": {"albumin": {"column": "lab"}, "sodium": {"column": "lab"}}},
            "cohort.source.columns.sodium.column: the column 'lab' is read as albumin already",
        ),
        (
            {"columns": {"sodium": {"column": "albumin"}}},
            "cohort.source.columns.sodium.column: the column 'albumin' is read as albumin already",
        ),
        ({"columns": {"albumin": {"column": "id"}}}, "the column 'id' is read as the patient identifier already"),
        (
            {"columns": {"sex": {"column": "site"}}, "group_column": "site"},
            "the column 'site' is read as the group already",
        ),
        ({"id_column": "age"}, "the column 'age' is read as the patient identifier already"),
        ({"group_column": "id"}, "cohort.source.group_column: id is the patient identifier"),
    ],
)
def test_one_column_is_not_read_as_two_things(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(StudyError) as caught:
        check_study(make(cohort=table(**changes)))
    assert what in caught.value.what


def test_variables_may_change_places_in_the_table() -> None:
    columns = {"albumin": {"column": "sodium", "unit": "g/L"}, "sodium": {"column": "albumin"}}
    check_study(make(cohort=table(columns=columns)))


def test_what_a_study_says_of_its_table_reaches_the_cohort() -> None:
    said = {"name": "Two hospitals", "description": "Everyone", "licence": "ours alone", "citation": "Doe 2026"}
    source = cohort_source(make(cohort=table(separator=";", decimal=",", **said)))
    assert isinstance(source, CsvSource)
    assert (source.separator, source.decimal) == (";", ",")
    assert {key: getattr(source, key) for key in said} == said
    parquet = cohort_source(make(cohort={"source": {"kind": "parquet", "path": "a.parquet", "id_column": "id"}}))
    assert isinstance(parquet, ParquetSource)
    assert (parquet.name, parquet.description, parquet.licence, parquet.citation) == (None, "", "", "")


def test_a_table_cannot_be_grouped_by_a_column_it_does_not_name() -> None:
    with pytest.raises(StudyError, match="did you mean site_id"):
        check_study(make(cohort=table(group_column="site_id"), resampling={"group": "site"}))


@pytest.mark.parametrize(
    ("search", "what"),
    [
        ({"dept": [2, 4]}, "xgboost has no parameter 'dept'"),
        ({"depth": [4, 2]}, "ends before it begins: 4 to 2"),
        ({"depth": [1.5, 2]}, "xgboost cannot take 1.5"),
        ({"depth": [0]}, "xgboost cannot take 0"),
        ({"learning_rate": [0, 0.1]}, "xgboost cannot take 0"),
        ({"patient_share": [-0.5, 1]}, "xgboost cannot take -0.5"),
        ({"patient_share": [0.5, 1.5]}, "xgboost cannot take 1.5"),
        ({"predictor_share": [50]}, "xgboost cannot take 50"),
        ({"l2_penalty": [0, 1]}, "cannot begin at 0"),
    ],
)
def test_searched_parameters_are_checked_against_the_catalogue(search: dict[str, Any], what: str) -> None:
    study = make(candidates=[{"kind": "elastic_net"}, {"kind": "xgboost", "search": search}])
    with pytest.raises(StudyError) as caught:
        check_study(study)
    assert what in caught.value.what
    assert caught.value.what.startswith("candidates.1.search.")


@pytest.mark.parametrize(
    ("kind", "search", "allowed"),
    [
        ("elastic_net", {"knots": [2, 3]}, "one of 0, 3, 4, 5"),
        ("elastic_net", {"knots": [6]}, "one of 0, 3, 4, 5"),
        ("elastic_net", {"l1_ratio": [0, 2]}, "from 0 to 1"),
        ("elastic_net", {"inverse_penalty": [0, 1]}, "from 1e-06 to 1e+06"),
        ("random_forest", {"predictor_share": [0, 0.5]}, "from 0.001 to 1"),
        ("random_forest", {"trees": [0]}, "a whole number from 1 to 10000"),
        ("support_vector_machine", {"kernel_width": [-1]}, "from 1e-06 to 1e+06"),
        ("neural_network", {"units": [0.5]}, "a whole number from 1 to 1000"),
    ],
)
def test_what_an_algorithm_cannot_take_is_refused_with_what_it_takes(
    kind: str, search: dict[str, Any], allowed: str
) -> None:
    with pytest.raises(StudyError, match="cannot take") as caught:
        check_study(make(candidates=[{"kind": kind, "search": search}]))
    assert caught.value.expected is not None
    assert caught.value.expected.startswith(allowed)


def test_what_an_algorithm_takes_may_be_searched_though_the_catalogue_does_not() -> None:
    search = {"l2_penalty": [0, 1, 10], "depth": [1, 8], "patient_share": [1]}
    linear = {"knots": [0, 5], "l1_ratio": [0, 1]}
    check_study(make(candidates=[{"kind": "xgboost", "search": search}, {"kind": "elastic_net", "search": linear}]))


def test_search_space_is_the_catalogues_with_the_studys_changes() -> None:
    search = {"depth": [2, 3], "learning_rate": [0.05], "rounds": [100, 200, 300]}
    space = search_space(make(candidates=[{"kind": "xgboost", "search": search}]).candidates[0])
    usual = FAMILIES["xgboost"].search_space
    assert set(space) == set(usual)
    assert space["depth"] == Range(2, 3, whole=True)
    assert space["learning_rate"] == Choice((0.05,))
    assert space["rounds"] == Choice((100, 200, 300))
    assert space["l2_penalty"] == usual["l2_penalty"]
    assert search_space(make().candidates[1]) == usual


def test_two_values_of_a_choice_stay_choices() -> None:
    study = make(candidates=[{"kind": "elastic_net", "search": {"knots": [0, 3]}}])
    check_study(study)
    assert search_space(study.candidates[0])["knots"] == Choice((0, 3))


def test_errors_name_the_place_the_study_was_read_from() -> None:
    study = make(predictors=["albumine"]).with_origin(Origin(STUDY, file="here.yaml"))
    with pytest.raises(StudyError) as caught:
        check_study(study)
    assert caught.value.where == "here.yaml"


def test_the_hash_does_not_depend_on_where_the_file_lies(tmp_path: Path) -> None:
    relative = make(cohort=table())
    assert study_hash(relative) == study_hash(relative.with_origin(Origin(STUDY, folder=tmp_path)))
    assert relative.with_origin(Origin(STUDY, folder=tmp_path)).resolve_path("a.csv") == tmp_path / "a.csv"
    one, other = (make(cohort=table(path=str(tmp_path / folder / "a.csv"))) for folder in ("one", "other"))
    assert one != other
    assert study_hash(one) == study_hash(other)


def test_the_hash_changes_with_any_key() -> None:
    hashes = [
        study_hash(study)
        for study in (
            make(),
            make(seed=2),
            make(tuning={"trials": 24}),
            make(candidates=[{"kind": "xgboost"}, {"kind": "elastic_net"}]),
            make(evaluation={"bootstrap": 201}),
            make(cohort=table()),
            make(cohort=table(path="data/others.csv")),
        )
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(len(value) == 64 for value in hashes)


def test_the_hash_is_that_of_the_resolved_study() -> None:
    written_out = make(**make().model_dump(mode="json"))
    assert study_hash(written_out) == study_hash(make())


def test_kinds_and_defaults_agree_with_the_rooms_above() -> None:
    """What the study file allows is what cohorts and models can do."""
    defined = study_schema()["$defs"]
    candidates = {
        block["properties"]["kind"]["const"]: block
        for block in defined.values()
        if "trials" in block["properties"] and "kind" in block["properties"]
    }
    assert set(candidates) == set(FAMILIES) | set(TIMED_KINDS) | set(QUANTILE_FAMILIES) | set(ORDINAL_KINDS)
    assert set(candidates["cumulative"]["properties"]["learner"]["enum"]) == set(CUMULATIVE_LEARNERS)
    assert {name.removeprefix("discrete_time_").partition("aft_")[0] for name in SURVIVAL_FAMILIES} == {
        "cox",
        "boosted_cox",
        "boosted_",
        "random_survival_forest",
        *candidates["discrete_time"]["properties"]["learner"]["enum"],
    }
    for kind, family in {**FAMILIES, **QUANTILE_FAMILIES}.items():
        usual = "native" if kind.startswith("xgboost") else "median"
        assert candidates[kind]["properties"]["imputation"]["default"] == {"kind": usual}
        assert family.search_space.keys() == family.allowed.keys() == family.defaults.keys()
    forest, usual = missing_blocks.ForestImputation(kind="forest"), Imputation()
    assert (forest.iterations, forest.trees) == (usual.iterations, usual.trees)
    assert tuple(defined["CohortSpec"]["properties"]["impossible_values"]["enum"]) == get_args(ImpossibleValues)
    assert tuple(defined["SupportSource"]["properties"]["subset"]["enum"]) == get_args(SupportSubset)
    for outcome, name in (
        (HorizonOutcome, "HorizonOutcome"),
        (BinaryOutcome, "BinaryOutcome"),
        (OrdinalOutcome, "OrdinalOutcome"),
        (TimeToEventOutcome, "TimeToEventOutcome"),
        (CompetingRisksOutcome, "CompetingRisksOutcome"),
    ):
        assert set(defined[name]["properties"]) - {"kind"} == set(outcome.__dataclass_fields__)
    assert set(defined["TableColumn"]["properties"]) == set(ColumnRule.__dataclass_fields__) - {"variable"}


# ---- round trip -------------------------------------------------------------------------------------------------

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
texts = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        ["yes", "No", "on", "1e-3", "010", "1:30", "2026-11-24", "~", "null", " x ", "- a", "#", "=", "<<"]
    ),
)
numbers = st.one_of(
    st.integers(1, 10**6), st.floats(1e-300, 1e6, allow_nan=False), st.sampled_from([1e-5, 1e5, 123456.125])
)
codes = st.one_of(texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False))
COLUMNS = {"id", "yes", "1", "alb", "no", " x ", "1e-3"}
separators = st.fixed_dictionaries(
    {}, optional={"separator": st.sampled_from([",", ";", "|", "\t"]), "decimal": st.sampled_from([".", ","])}
)
sources = st.one_of(
    separators.map(lambda own: {"kind": "csv", "path": "a.csv", "id_column": "id"} | own),
    st.just({"kind": "support"}),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["csv", "parquet"]),
            "path": texts,
            "id_column": st.sampled_from(["id", "yes", "1"]),
        },
        optional={
            "synthetic": st.booleans(),
            "group_column": texts.filter(lambda text: text not in COLUMNS),
            "name": texts,
            "citation": texts,
            "columns": st.fixed_dictionaries(
                {},
                optional={
                    "albumin": st.fixed_dictionaries(
                        {"column": st.sampled_from(["alb", "no", " x ", "1e-3"])},
                        optional={
                            "unit": st.sampled_from(["g/L", "g/dL"]),
                            "missing_codes": st.lists(codes, max_size=3),
                        },
                    ),
                    "sex": st.fixed_dictionaries(
                        {}, optional={"levels": st.dictionaries(texts, st.sampled_from(["male", "female"]), max_size=3)}
                    ),
                },
            ),
        },
    ),
)
imputations = st.one_of(
    st.sampled_from(["median", "forest"]),
    st.fixed_dictionaries({"kind": st.just("forest")}, optional={"trees": st.integers(1, 500)}),
)
candidates = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["elastic_net", "random_forest", "neural_network"])},
            optional={"imputation": imputations, "trials": st.integers(1, 99), "name": names},
        ),
        st.fixed_dictionaries(
            {"kind": st.just("xgboost")},
            optional={
                "imputation": st.just("native"),
                "search": st.fixed_dictionaries(
                    {}, optional={"l2_penalty": st.lists(numbers, min_size=1, max_size=4, unique=True).map(sorted)}
                ),
            },
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda candidate: candidate.get("name", candidate["kind"]),
)
studies = st.fixed_dictionaries(
    {
        "study": names,
        "title": texts,
        "cohort": st.fixed_dictionaries({"source": sources}),
        "outcome": st.one_of(
            st.fixed_dictionaries(
                {
                    "kind": st.just("horizon"),
                    "time": st.just("follow_up_time"),
                    "event": st.just("death"),
                    "horizon_days": st.integers(1, 4000),
                },
                optional={"censored": st.sampled_from(["exclude", "ipcw"]), "label": texts},
            ),
            st.just({"kind": "binary", "variable": "functional_outcome_2m", "event_levels": ["coma_or_intubated"]}),
        ),
        "predictors": st.just(["age", "albumin", "sex"]),
        "candidates": candidates,
    },
    optional={
        "description": st.text(max_size=300),
        "seed": st.integers(0, 2**32 - 1),
        "tracking": st.fixed_dictionaries({}, optional={"experiment": texts}),
        "evaluation": st.fixed_dictionaries(
            {}, optional={"thresholds": st.lists(st.floats(1e-9, 0.999), min_size=1, max_size=4, unique=True)}
        ),
        "comparators": st.just([{"name": "other", "variable": "support_survival_2m", "note": "yes: no"}]),
    },
)


@given(content=studies)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_resolved_yaml_reads_back_as_the_same_study(content: dict[str, Any], tmp_path_factory: Any) -> None:
    study = Study.model_validate(content)
    file = Path(tmp_path_factory.getbasetemp()) / "resolved.yaml"
    file.write_bytes(resolved_yaml(study).encode("utf-8"))
    again = load_study(file)
    assert again == study
    assert study_hash(again) == study_hash(study)
    assert resolved_yaml(again) == resolved_yaml(study)


def test_resolved_yaml_writes_every_default() -> None:
    text = resolved_yaml(make())
    for line in (
        "seed: 1",
        "tuning: {trials: 25, startup_trials: 8}",
        "impossible_values: refuse",
        "group: null",
        "comparators: []",
        "bootstrap: 200",
    ):
        assert line in text
    assert text.startswith("study: small\ntitle: A small study\n")


def test_the_study_says_how_missing_values_are_met() -> None:
    candidates = [{"kind": "elastic_net"}, {"kind": "xgboost"}, {"kind": "random_forest", "imputation": "median"}]
    forest, native = (make(candidates=candidates, missing={"handling": name}) for name in ("forest", "native"))
    assert [one.imputation.kind for one in forest.candidates] == ["forest", "forest", "median"]
    assert [one.imputation.kind for one in native.candidates] == ["median", "native", "median"]
    assert Study.model_validate(forest.model_dump(mode="json")) == forest


def test_one_place_says_how_missing_inputs_are_met_with_its_settings_and_a_candidate_may_say_otherwise() -> None:
    candidates = [{"kind": "elastic_net"}, {"kind": "xgboost", "imputation": "native"}, {"kind": "random_forest"}]
    candidates[2]["imputation"] = {"kind": "pattern_submodels", "fewest_patients": 50}  # type: ignore[assignment]
    study = make(candidates=candidates, missing={"handling": {"kind": "multiple_imputation", "draws": 7}})
    assert [one.imputation.kind for one in study.candidates] == ["multiple_imputation", "native", "pattern_submodels"]
    assert study.candidates[0].imputation.draws == 7
    assert Study.model_validate(study.model_dump(mode="json")) == study
    plans = candidate_plans(study)
    assert (plans[0].imputation.draws, plans[0].imputation.iterations) == (7, 5)
    assert (plans[2].imputation.fewest_patients, plans[2].imputation.otherwise) == (50, "median")
    trees = make(candidates=[{"kind": "xgboost"}], missing={"handling": "pattern_submodels"})
    assert candidate_plans(trees)[0].imputation.otherwise == "native"


@pytest.mark.parametrize(
    "handling", ["mean", {"kind": "multiple_imputation", "draws": 1}, {"kind": "forest", "tres": 2}]
)
def test_a_wrong_handling_is_said_once_whatever_the_number_of_candidates(handling: Any) -> None:
    candidates = [{"kind": "elastic_net"}, {"kind": "xgboost"}, {"kind": "random_forest"}]
    with pytest.raises(ValidationError) as refused:
        make(candidates=candidates, missing={"handling": handling})
    assert refused.value.error_count() == 1
    assert refused.value.errors()[0]["loc"][:2] == ("missing", "handling")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"missing": {"handling": {"kind": "multiple_imputation", "draws": 1}}}, "greater than or equal to 2"),
        ({"missing": {"handling": {"kind": "pattern_submodels", "fewest_patients": 5}}}, "greater than or equal to 20"),
        ({"missing": {"handling": "mean"}}, "does not match any of the expected tags"),
        ({"uncertainty": {"venn_abers": "yes"}}, "valid boolean"),
    ],
)
def test_ways_that_are_none_are_refused(changes: dict[str, Any], what: str) -> None:
    assert what in refused(**changes)


LATER = {"kind": "time_to_event", "time": "follow_up_time", "event": "death", "horizons_days": [90]}
LENDERS = {"source": {"kind": "support", "subset": "all"}}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (
            {
                "outcome": LATER,
                "candidates": [
                    {"kind": "boosted_cox"},
                    {"kind": "cox"},
                    {"kind": "cox", "name": "other", "imputation": {"kind": "multiple_imputation", "draws": 3}},
                ],
                "missing": {"handling": "multiple_imputation"},
            },
            "candidates.2.imputation.draws: 3 draws, and 5 in candidate 1 of a study of times",
        ),
        (
            {
                "cohort": {"source": {"kind": "support"}, "borrow": LENDERS},
                "candidates": [{"kind": "elastic_net"}],
                "missing": {"handling": "pattern_submodels"},
            },
            "missing.handling: a submodel of one pattern of inputs borrows nobody",
        ),
        (
            {"outcome": LATER, "candidates": [{"kind": "cox"}], "uncertainty": {"venn_abers": True}},
            "uncertainty.venn_abers: it gives probabilities of one event, and this study predicts times",
        ),
        (
            {
                "outcome": {**LATER, "kind": "horizon", "horizon_days": 90, "censored": "ipcw", "horizons_days": ...},
                "uncertainty": {"venn_abers": True},
            },
            "uncertainty.venn_abers: it needs everybody's outcome",
        ),
    ],
)
def test_what_does_not_go_with_the_outcome_or_the_borrowed_is_refused(changes: dict[str, Any], what: str) -> None:
    outcome = changes.get("outcome")
    if outcome is not None:
        changes = {**changes, "outcome": {key: value for key, value in outcome.items() if value is not ...}}
    assert what in refused(**changes)


@pytest.mark.parametrize(
    ("decline", "what"),
    [
        ({"without": ["sodium"]}, "sodium is none of the predictors"),
        ({"without": ["age", "age"]}, "age is listed twice"),
        ({"missing_share": 1}, "less than 1"),
        ({"added_deviation": 0}, "greater than 0"),
    ],
)
def test_limits_that_no_model_could_keep_are_refused(decline: dict[str, Any], what: str) -> None:
    assert what in refused(missing={"decline": decline})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"weights": [0, 0.1, 0.1]}, "0.1 is listed twice"),
        ({"weights": [2]}, "less than or equal to 1"),
        ({"weights": []}, "at least 1 item"),
    ],
)
def test_weights_of_borrowed_patients_are_refused(changes: dict[str, Any], what: str) -> None:
    source = {"kind": "support", "subset": "all"}
    assert what in refused(cohort={"source": {"kind": "support"}, "borrow": {"source": source, **changes}})


def test_groups_that_are_judged_are_not_borrowed_from() -> None:
    cohort = {"source": {"kind": "support"}, "borrow": {"source": {"kind": "support", "subset": "all"}}}
    assert "belongs to a group that is judged" in refused(cohort=cohort, resampling={"group": "sex"})
