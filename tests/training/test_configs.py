"""The studies that are delivered: they load, say what they mean, and keep to what is known at prediction time."""

from __future__ import annotations

import copy
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.support import SUPPORT_VARIABLES
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.study.file import load_study, study_schema

CONFIGS = Path(__file__).parents[2] / "configs"
DAYS = (30, 42, 90, 180, 365, 730)
SUPPORT_STUDIES = (
    *(f"survival/support_mortality_{day}d.yaml" for day in DAYS),
    "ambulation/support_function_2m.yaml",
)
NO_STUDIES = {"cohorts", "forms", "published"}  # recipes of cohorts, reporting forms, and models of others
FILES = sorted(path for path in CONFIGS.glob("*/*.yaml") if path.parent.name not in NO_STUDIES)
FAMILIES = {"elastic_net", "random_forest", "xgboost", "support_vector_machine", "neural_network"}
# Predictors of the dictionary that SUPPORT has and its studies leave out: income mirrors who got less care, and the
# tumour group is a coarser form of the diagnosis group.
LEFT_OUT = {"income_band", "tumour_group"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_support_study = pytest.mark.parametrize("name", SUPPORT_STUDIES)


def load(name: str) -> Study:
    return load_study(CONFIGS / name)


def test_the_promised_studies_are_there() -> None:
    assert {str(path.relative_to(CONFIGS)) for path in FILES} >= set(SUPPORT_STUDIES)


def test_every_family_of_the_field_has_its_studies() -> None:
    """Issue by issue what the reviewed literature has modelled beside survival."""
    outcomes = {path.stem: load_study(path).outcome for path in FILES}
    for name, variable_read in {
        "walking_30d": "ambulation_30d",
        "walking_90d": "ambulation_90d",
        "not_walking_180d": "ambulation_180d",
        "motor_recovery": "motor_recovery",
        "nurick_grade_30d": "nurick_grade_30d",
        "frankel_grade_30d": "frankel_grade_30d",
        "ecog_30d": "ecog_30d",
        "any_complication_30d": "complication_grade",
        "complication_grade": "complication_grade",
        "thromboembolism_30d": "thromboembolism_30d",
        "thromboembolism_90d": "thromboembolism_90d",
        "preoperative_thromboembolism_30d": "preoperative_thromboembolism_30d",
        "preoperative_thromboembolism_90d": "preoperative_thromboembolism_90d",
        "surgical_site_infection": "surgical_site_infection",
        "severe_distress": "severe_psychological_distress",
        "sbrt_response": "treatment_response",
        "massive_blood_loss": "intraoperative_blood_loss",
    }.items():
        assert outcomes[name].variable == variable_read
    for name, event in {
        "loss_of_walking_365d": "loss_of_ambulation",
        "sbrt_vertebral_fracture_2y": "vertebral_fracture",
        "sbrt_local_progression_2y": "local_progression",
        "implant_failure_2y": "implant_failure",
    }.items():
        assert outcomes[name].event_levels == (event,)
        assert outcomes[name].competing_levels == ("death",)


@pytest.mark.parametrize("days", ["walking_30d", "walking_90d", "not_walking_180d"])
def test_walking_is_voted_on_by_the_six_algorithms(days: str) -> None:
    study = load(f"ambulation/{days}.yaml")
    assert study.final.kind == "ensemble"
    assert set(study.final.of) == FAMILIES | {"decision_tree"}


@each_file
def test_each_study_is_named_like_its_file(path: Path) -> None:
    assert load_study(path).study == path.stem


def test_no_two_studies_share_a_name_or_a_hash() -> None:
    studies = [load_study(path) for path in FILES]
    assert len({study.study for study in studies}) == len(studies)
    assert len({study_hash(study) for study in studies}) == len(studies)


@each_file
def test_each_study_is_written_for_a_reader(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "Research use only" in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert text.count("#") >= 20
    assert not re.search(r"[a-z]+://|(?<![\w.])/\w", text), "an address or an absolute path"


@each_file
def test_each_resolved_study_is_the_same_study(path: Path, tmp_path: Path) -> None:
    study = load_study(path)
    (tmp_path / "study.yaml").write_text(resolved_yaml(study), encoding="utf-8")
    assert study_hash(load_study(tmp_path / "study.yaml")) == study_hash(study)


@each_support_study
def test_support_studies_read_the_metastatic_cohort(name: str) -> None:
    cohort = load(name).cohort
    assert cohort.source.kind == "support"
    assert cohort.source.subset == "metastatic"
    assert cohort.impossible_values == "set_missing"


@each_support_study
def test_support_studies_use_every_baseline_predictor_and_no_other(name: str) -> None:
    usable = {key for key in SUPPORT_VARIABLES if variables()[key].role == "predictor"} - LEFT_OUT
    assert set(load(name).predictors) == usable
    assert load(name).predictor_choice == "all_candidates"


@each_support_study
def test_nothing_known_later_and_no_other_models_output_predicts(name: str) -> None:
    study = load(name)
    used = {*study.predictors, *(key for candidate in study.candidates for key in candidate.predictors or ())}
    assert {variable(key).role for key in used} == {"predictor"}
    never = {"race", "income_band", "resuscitation_order", "support_physiology_score"}
    assert not used & (never | {"support_survival_2m", "support_survival_6m"})


@each_support_study
def test_the_five_families_and_the_baseline_are_compared(name: str) -> None:
    study = load(name)
    assert {candidate.kind for candidate in study.candidates} == FAMILIES | {"baseline"}
    baseline = next(candidate for candidate in study.candidates if candidate.kind == "baseline")
    assert baseline.predictors == ("age", "tumour_group")
    if study.final.kind == "ensemble":
        assert baseline.name not in study.final.of


@pytest.mark.parametrize("horizon", DAYS)
def test_mortality_studies_predict_death_by_their_day(horizon: int) -> None:
    study = load(f"survival/support_mortality_{horizon}d.yaml")
    assert study.outcome.kind == "horizon"
    assert (study.outcome.time, study.outcome.event) == ("follow_up_time", "death")
    assert (study.outcome.horizon_days, study.outcome.censored) == (horizon, "ipcw" if horizon == 730 else "exclude")
    compared = [(c.variable, c.complement, c.horizon_days) for c in study.comparators]
    assert compared == [("support_survival_2m", True, 60), ("support_survival_6m", True, 180)]


def test_models_of_times_use_what_their_studies_of_one_day_use_and_are_set_beside_them() -> None:
    for name, cohort in (("support_survival", "support_mortality"), ("sorg_survival", "sorg_mortality")):
        study = load(f"survival/{name}.yaml")
        assert study.outcome.kind == "time_to_event"
        assert study.outcome.horizons_days == DAYS
        assert study.horizon_studies == tuple(f"{cohort}_{day}d" for day in DAYS)
        for day in DAYS:
            beside = load(f"survival/{cohort}_{day}d.yaml")
            assert beside.predictors == study.predictors
            assert beside.cohort == study.cohort
            assert beside.outcome.horizon_days == day


@pytest.mark.parametrize("name", ["sbrt_local_progression", "sbrt_vertebral_fracture"])
def test_radiotherapy_studies_let_death_compete(name: str) -> None:
    study = load(f"radiotherapy/{name}.yaml")
    assert study.outcome.kind == "competing_risks"
    assert study.outcome.causes == (name.removeprefix("sbrt_"), "death")
    assert study.published


def test_blood_loss_is_studied_in_millilitres_and_as_an_event_in_the_same_patients() -> None:
    quantity, event = (load(f"blood_loss/{name}.yaml") for name in ("intraoperative_blood_loss", "massive_blood_loss"))
    assert quantity.outcome.kind == "quantity"
    assert event.outcome.kind == "threshold"
    assert event.outcome.threshold in quantity.outcome.thresholds
    assert event.cohort == quantity.cohort
    assert event.predictors == quantity.predictors
    # Known only afterwards; and all that the blood order needs is asked for.
    assert "operation_time" not in quantity.predictors
    assert {"sex", "body_height", "body_weight", "hemoglobin"} <= set(quantity.predictors)


def test_the_function_study_counts_only_the_good_state_and_says_what_its_comparators_are() -> None:
    study = load("ambulation/support_function_2m.yaml")
    assert study.outcome.kind == "binary"
    assert study.outcome.variable == "functional_outcome_2m"
    assert study.outcome.event_levels == ("no_severe_disability",)
    assert not any(comparator.complement for comparator in study.comparators)
    assert all("not function" in (comparator.note or "") for comparator in study.comparators)


@pytest.mark.parametrize(
    ("name", "patients", "events"),
    [
        # Counted in SUPPORT2 by hand with pandas: 1,858 with metastatic cancer, 13 of them censored before day 365,
        # 353 without the two-month interview.
        ("survival/support_mortality_30d.yaml", 1858, 483),
        ("survival/support_mortality_42d.yaml", 1858, 577),
        ("survival/support_mortality_90d.yaml", 1858, 840),
        ("survival/support_mortality_180d.yaml", 1858, 1126),
        ("survival/support_mortality_365d.yaml", 1845, 1394),
        ("ambulation/support_function_2m.yaml", 1505, 622),
    ],
)
def test_support_studies_label_the_known_numbers_of_patients(name: str, patients: int, events: int) -> None:
    pytest.importorskip("SurvSet")
    from spinecast.cohorts.outcomes import label_outcome
    from spinecast.cohorts.sources import build_cohort
    from spinecast.training.plan import cohort_source, cohort_variables, outcome_definition

    study = load(name)
    cohort = build_cohort(cohort_source(study), cohort_variables(study), study.cohort.impossible_values)
    labelled = label_outcome(cohort, outcome_definition(study))
    assert (len(labelled.values), int(labelled.values.sum())) == (patients, events)


# ---- the published schema accepts what the loader accepts ----------------------------------------------------------

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def schema_errors(schema: dict[str, Any], value: Any, root: dict[str, Any], at: str = "") -> list[str]:
    """Check a value by the part of JSON Schema 2020-12 that the published schema uses (no library of it is needed)."""
    if reference := schema.get("$ref"):
        return schema_errors(root["$defs"][reference.removeprefix("#/$defs/")], value, root, at)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            fitting = sum(not schema_errors(option, value, root, at) for option in schema[word])
            return [] if fitting == 1 or (word == "anyOf" and fitting) else [f"{at}: {fitting} of {word} fit"]
    if "const" in schema and value != schema["const"]:
        return [f"{at}: not {schema['const']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: not in {schema['enum']}"]
    if kind := schema.get("type"):
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            return [f"{at}: not {kind}"]
    errors = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        errors += [f"{at}: lacks {key}" for key in schema.get("required", ()) if key not in value]
        for key, inner in value.items():
            rest = schema.get("additionalProperties", True)
            if key in known or isinstance(rest, dict):
                errors += schema_errors(known.get(key, rest), inner, root, f"{at}.{key}")
            elif rest is False:
                errors.append(f"{at}: unknown {key}")
    elif isinstance(value, list):
        errors += [f"{at}: too short"] if len(value) < schema.get("minItems", 0) else []
        errors += [f"{at}: too long"] if len(value) > schema.get("maxItems", math.inf) else []
        for i, inner in enumerate(value):
            first = schema.get("prefixItems", [])
            errors += schema_errors(first[i] if i < len(first) else schema.get("items", {}), inner, root, f"{at}[{i}]")
    elif isinstance(value, str):
        errors += [f"{at}: pattern"] if not re.search(schema.get("pattern", ""), value) else []
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
        errors += [f"{at}: range"] if not (low <= value <= high and above < value < below) else []
    return errors


@each_file
def test_the_published_schema_accepts_each_study(path: Path) -> None:
    schema = study_schema()
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    resolved = yaml.safe_load(resolved_yaml(load_study(path)))
    assert schema_errors(schema, written, schema) == []
    assert schema_errors(schema, resolved, schema) == []


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("tunning",), {"trials": 3}),
        (("seed",), "20261124"),
        (("outcome", "kind"), "horizn"),
        (("outcome", "horizon_days"), 0),
        (("candidates", 0, "imputation"), "native"),
        (("candidates", 2, "imputation"), {"kind": "forest", "tree": 3}),
        (("candidates", 5, "predictors"), []),
        (("evaluation", "thresholds"), [1.0]),
        (("evaluation", "decision_range"), [0.1]),
        (("cohort", "source", "subset"), "everybody"),
        (("predictors",), "age"),
    ],
)
def test_the_published_schema_refuses_what_the_loader_refuses(keys: tuple[str | int, ...], value: Any) -> None:
    schema = study_schema()
    written = yaml.safe_load((CONFIGS / SUPPORT_STUDIES[1]).read_text(encoding="utf-8"))
    changed = holder = copy.deepcopy(written)
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = value
    assert schema_errors(schema, changed, schema)
    with pytest.raises(ValueError, match="validation error"):
        Study.model_validate(changed)
