"""Reading study files: the right line, the right words, and never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spinecast.errors import StudyError
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.training.study import Study
from spinecast.training.study.file import load_study, missing_table, study_schema, summary

GOOD = """\
study: small
title: A small study
seed: 7
cohort:
  source: {kind: csv, path: patients.csv, id_column: id, columns: {albumin: {column: alb, unit: g/L}}}
outcome:
  kind: horizon
  time: follow_up_time
  event: death
  horizon_days: 90
predictors: [age, albumin]
candidates:
  - kind: elastic_net
  - {kind: xgboost, imputation: native, search: {depth: [2, 4]}}
tuning:
  trials: 3
"""

Refuse = Callable[..., StudyError]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def refuse(file: Path) -> Refuse:
    """Load the good study with some text replaced, or another text, and return the error."""

    def load(
        old: str = "", new: str = "", *, text: str | bytes | None = None, overrides: Sequence[str] = ()
    ) -> StudyError:
        content = GOOD.replace(old, new, 1) if text is None else text
        if text is None and old:
            assert old in GOOD
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        with pytest.raises(StudyError) as caught:
            load_study(file, overrides)
        return caught.value

    return load


def at(file: Path, line: int) -> str:
    return f"{file}:{line}:"


def test_a_good_study_loads(file: Path) -> None:
    study = load_study(str(file))
    assert study.seed == 7
    assert study.tuning.trials == 3
    assert study.resolve_path("patients.csv") == file.parent / "patients.csv"


# ---- keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "remedy"),
    [
        ("seed: 7", "sed: 7", 3, "sed", "did you mean seed?"),
        ("  horizon_days", "  horizon_day", 10, "outcome.horizon_day", "did you mean horizon_days?"),
        ("  trials", "  trails", 16, "tuning.trails", "did you mean trials?"),
        ("unit:", "units:", 5, "cohort.source.columns.albumin.units", "did you mean unit?"),
        ("id_column", "id_colum", 5, "cohort.source.id_colum", "did you mean id_column?"),
        ("imputation: native", "imputations: native", 14, "candidates.1.imputations", "did you mean imputation?"),
        (
            "imputation: native",
            "imputation: {kind: forest, tree: 3}",
            14,
            "candidates.1.imputation.tree",
            "did you mean trees?",
        ),
    ],
)
def test_unknown_keys_name_their_line_and_the_nearest_key(
    refuse: Refuse, file: Path, old: str, new: str, line: int, key: str, remedy: str
) -> None:
    message = str(refuse(old, new))
    problem = next(part for part in message.split("\n  " + str(file)) if f"{key}: unknown key" in part)
    assert f"{key}: unknown key" in problem
    assert f":{line}:" in problem
    assert remedy in problem


def test_one_problem_stands_in_the_fields_of_the_error(refuse: Refuse, file: Path) -> None:
    error = refuse("  trials: 3", "  trails: 3")
    assert error.what == "tuning.trails: unknown key"
    assert error.where == f"{file}:16:3"
    assert error.expected == "one of trials, startup_trials"
    assert error.remedy == "did you mean trials?"


def test_a_key_nothing_is_near_to_lists_the_known_ones(refuse: Refuse) -> None:
    error = refuse("  trials: 3", "  trials: 3\n  zzzz: 1")
    assert error.remedy is None
    assert error.expected == "one of trials, startup_trials"


def test_missing_keys_are_described_at_the_block_they_belong_to(refuse: Refuse, file: Path) -> None:
    error = refuse("  time: follow_up_time\n", "")
    assert error.what == "outcome.time is missing"
    assert error.where == f"{file}:6:1"
    assert error.expected is not None
    assert "days from entry" in error.expected
    top = refuse("title: A small study\n", "")
    assert (top.what, top.where) == ("title is missing", f"{file}:1:1")


def test_every_problem_is_listed_once_in_the_order_of_the_file(refuse: Refuse, file: Path) -> None:
    message = str(
        refuse(text=GOOD.replace("seed: 7", "seed: no").replace("kind: xgboost", "kind: xgbost") + "extra: 1\n")
    )
    assert message.startswith(f"{file} has 3 problems\n")
    lines = [int(found) for found in re.findall(re.escape(str(file)) + r":(\d+):", message)]
    assert lines == [3, 14, 17]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("on", "a true-or-false value"), ("No", "a true-or-false value"), ("1", "a number"), ("~", "an empty value")],
)
def test_keys_that_yaml_does_not_read_as_text_are_explained(
    refuse: Refuse, file: Path, written: str, read_as: str
) -> None:
    columns = f"columns: {{sex: {{levels: {{{written}: male}}}}}}"
    error = refuse("columns: {albumin: {column: alb, unit: g/L}}", columns)
    assert error.what == f"cohort.source.columns.sex.levels: YAML reads the key {written} as {read_as}"
    assert error.remedy == f'write it in quotes: "{written}"'
    assert error.where is not None
    assert error.where.startswith(at(file, 5))


def test_quoted_keys_are_text(file: Path) -> None:
    file.write_text(
        GOOD.replace(
            "columns: {albumin: {column: alb, unit: g/L}}", "columns: {sex: {levels: {'1': male, 'no': female}}}"
        )
    )
    source = load_study(file).cohort.source
    assert source.kind == "csv"
    assert source.columns["sex"].levels == {"1": "male", "no": "female"}


def test_repeated_keys_are_refused_with_both_lines(refuse: Refuse, file: Path) -> None:
    error = refuse(text=GOOD + "seed: 8\n")
    assert error.where == f"{file}:17:1"
    assert "the key stands twice" in error.what
    assert at(file, 3) in error.what


# ---- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "expected", "remedy"),
    [
        ("seed: 7", "seed: yes", 3, "seed: `yes` will not do", "a whole number", "YAML reads yes as true"),
        ("seed: 7", "seed: '7'", 3, "seed: `7` will not do", "a whole number", "write it without quotes"),
        ("seed: 7", "seed: 7.5", 3, "seed: `7.5` will not do", "a whole number", None),
        ("seed: 7", "seed:", 3, "seed: there is nothing after the colon", "a whole number", None),
        ("study: small", "study: no", 1, "study: `no` will not do", "text", 'write it in quotes: "no"'),
        ("study: small", "study: Small one", 1, "study: `Small one` will not do", "lower-case letters", None),
        ("horizon_days: 90", "horizon_days: 0", 10, "outcome.horizon_days: `0` will not do", "greater than 0", None),
        ("horizon_days: 90", "horizon_days: 90 days", 10, "`90 days` will not do", "a whole number", None),
        ("[age, albumin]", "age", 11, "predictors: `age` will not do", "a list", None),
        ("[age, albumin]", "[age, yes]", 11, "predictors.1: `yes` will not do", "text", 'in quotes: "yes"'),
        ("[age, albumin]", "[]", 11, "predictors: `[]` will not do", "at least 1 of them", None),
        ("tuning:\n  trials: 3", "tuning:", 15, "tuning: there is nothing after the colon", "a mapping", None),
        (
            "kind: horizon",
            "kind: horizn",
            7,
            "outcome: unknown kind 'horizn'",
            "horizon, binary",
            "did you mean horizon?",
        ),
        ("  kind: horizon\n", "", 6, "outcome.kind is missing", "one of horizon, landmark", None),
        (
            "kind: horizon",
            "kin: horizon",
            6,
            "outcome.kind is missing",
            "horizon",
            "did you mean kind where it says kin?",
        ),
        (
            "imputation: native",
            "imputation: natve",
            14,
            "candidates.1.imputation: unknown kind",
            "median, native",
            "native?",
        ),
        (
            "kind: elastic_net",
            "kind: elastic_net\n    imputation: native",
            14,
            "unknown kind",
            "median, forest",
            "only xgboost",
        ),
        ("depth: [2, 4]", "depth: [2, x]", 14, "candidates.1.search.depth.1: `x` will not do", "a number", None),
        ("depth: [2, 4]", "depth: [2, .inf]", 14, "`.inf` will not do", "a number", None),
        ("kind: csv", "kind: csv, synthetic: 1", 5, "cohort.source.synthetic: `1` will not do", "true or false", None),
        (
            "unit: g/L",
            "missing_codes: [no]",
            5,
            "missing_codes.0: `no` will not do",
            "text or a finite number",
            "YAML reads no",
        ),
        (
            "  time:",
            "  censored: excluded\n  time:",
            8,
            "outcome.censored: `excluded` will not do",
            "'exclude' or 'ipcw'",
            "did you mean exclude?",
        ),
    ],
)
def test_wrong_values_name_their_line_and_what_was_expected(
    refuse: Refuse, file: Path, old: str, new: str, line: int, what: str, expected: str, remedy: str | None
) -> None:
    error = refuse(old, new)
    if error.where is None:  # `kin` is also an unknown key
        assert f"{at(file, line)}" in error.what
        assert all(text in error.what for text in (what, expected, remedy or ""))
        return
    assert error.where.startswith(at(file, line))
    assert what in error.what
    assert expected in (error.expected or "")
    assert (remedy or "") in (error.remedy or "")
    assert (remedy is None) == (error.remedy is None)


def test_a_list_with_a_wrong_entry_is_not_also_called_too_short(refuse: Refuse) -> None:
    assert refuse("kind: elastic_net", "knd: elastic_net").what == "candidates.0.kind is missing"
    assert refuse("[2, 4]", "[x]").what == "candidates.1.search.depth.0: `x` will not do"


def test_a_short_pair_wants_one_value_more(refuse: Refuse) -> None:
    error = refuse(text=GOOD + "evaluation: {decision_range: [0.1]}\n")
    assert (error.what, error.expected) == ("evaluation.decision_range.1 is missing", "one value more")


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("[age, albumin]", "[age, age]", 11, "predictors: age is listed twice"),
        ("[age, albumin]", "\n  - age\n  - albumine", 13, "the dictionary has no variable 'albumine'"),
        ("[age, albumin]", "\n  - age\n  - resuscitation_order", 13, "recorded after prediction time"),
        ("event: death", "event: follow_up_time", 9, "cannot be both the time and the event"),
        ("unit: g/L", "unit: mmol/L", 5, "albumin is not measured in 'mmol/L'"),
        ("depth: [2, 4]", "dept: [2, 4]", 14, "xgboost has no parameter 'dept'"),
        ("depth: [2, 4]", "depth: [2, 400]", 14, "candidates.1.search.depth: xgboost cannot take 400"),
        (
            "{depth: [2, 4]}",
            "{\n  patient_share: [0.5,\n  7]}",
            16,
            "candidates.1.search.patient_share: xgboost cannot",
        ),
        ("column: alb", "column: id", 5, "the column 'id' is read as the patient identifier already"),
        ("kind: elastic_net", "kind: xgboost", 14, "two of them are named xgboost"),
        ("seed: 7", "final: {kind: ensemble, of: [elastic_net, boost]}", 3, "there is no candidate named 'boost'"),
    ],
)
def test_rules_name_their_line_too(refuse: Refuse, file: Path, old: str, new: str, line: int, what: str) -> None:
    error = refuse(old, new)
    assert what in error.what
    assert error.where is not None
    assert error.where.startswith(at(file, line))


def test_dictionary_and_catalogue_are_judged_together(refuse: Refuse) -> None:
    message = str(refuse(text=GOOD.replace("[age, albumin]", "[ag, albumin]").replace("depth:", "dept:")))
    assert "has 2 problems" in message
    assert "did you mean age?" in message
    assert "did you mean depth?" in message


@pytest.mark.parametrize("written", ["1e-3", "0.001", "1.0e-3", "1E-03", ".001"])
def test_numbers_may_be_written_as_people_write_them(file: Path, written: str) -> None:
    file.write_text(GOOD.replace("depth: [2, 4]", f"learning_rate: [{written}]"))
    candidate = load_study(file).candidates[1]
    assert candidate.search == {"learning_rate": (0.001,)}


@pytest.mark.parametrize(("written", "means"), [('";"', ";"), ("'|'", "|"), (r'"\t"', "\t")])
def test_a_separator_is_one_of_four(refuse: Refuse, file: Path, written: str, means: str) -> None:
    file.write_text(GOOD.replace("kind: csv", f"kind: csv, separator: {written}"))
    source = load_study(file).cohort.source
    assert source.kind == "csv"
    assert source.separator == means
    error = refuse("kind: csv", "kind: csv, separator: semicolon")
    assert error.what.startswith("cohort.source.separator: `semicolon` will not do")
    assert "';'" in (error.expected or "")


# ---- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("", "is empty", ":1"),
        ("# nothing\n", "is empty", ":1"),
        ("- a\n- b\n", "is not a study", ":1:1"),
        ("id,age\n1,60\n", "is not a study", ":1:1"),
        ("study: a\ntitle: b: c\n", "mapping values are not allowed here", ":2:9"),
        ("study: a\n\ttitle: b\n", "cannot start any token", ":2:1"),
        ("study: [a\n", "is not YAML", ":2:1"),
        ("study: a\n---\nstudy: b\n", "but found another document", ":2:1"),
        ("study: *b\n", "undefined alias", ":1:8"),
        ("study: &a [*a]\n", "an alias repeats too much", ":1:8"),
        ("study: !!python/object/apply:os.getcwd []\n", "cannot hold", ":1:8"),
        ("study: !!binary aGk=\n", "cannot hold", ":1:8"),
        ("study: !!float .inf\n", "cannot hold", ":1:8"),
        ('study: "\\ud800"\n', "half a character", ":1:8"),
        ('"\\ud800": a\n', "half a character", ":1:1"),
        ("study: a\ntitle: b\x00\n", "a character that text files do not have", ":2:9"),
        (b"study: a\ntitle: caf\xe9\n", "is not UTF-8 text", ":2"),
        ("study: a\n".encode("utf-16"), "is not UTF-8 text", ":1"),
    ],
)
def test_what_is_not_a_study_is_refused_with_its_line(
    refuse: Refuse, file: Path, text: str | bytes, what: str, where: str
) -> None:
    error = refuse(text=text)
    assert what in error.what
    assert error.where == f"{file}{where}"


def test_a_missing_file_names_the_nearest_one(file: Path) -> None:
    with pytest.raises(StudyError, match="there is no study file") as caught:
        load_study(file.with_name("smal.yaml"))
    assert caught.value.remedy == f"did you mean {file}?"
    with pytest.raises(StudyError, match="there is no study file") as caught:
        load_study(file.parent / "nowhere" / "smal.yaml")
    assert caught.value.remedy is None


def test_a_folder_is_no_study(file: Path) -> None:
    with pytest.raises(StudyError, match="is a folder"):
        load_study(file.parent)


# ---- overrides ----------------------------------------------------------------------------------------------------


def test_overrides_are_applied_in_order(file: Path) -> None:
    study = load_study(
        file,
        [
            "tuning.trials=30",
            "tuning.trials=4",
            "candidates.0.trials=9",
            "candidates.1.search.depth=[3, 5]",
            "candidates.0.search.l1_ratio=[0, 1e-1]",
            "resampling.outer_folds=3",
            "final={kind: winner}",
            "title='yes: no'",
            "predictors.1=sodium",
        ],
    )
    assert study.tuning.trials == 4
    assert study.candidates[0].trials == 9
    assert study.candidates[1].search == {"depth": (3, 5)}
    assert study.candidates[0].search == {"l1_ratio": (0, 0.1)}
    assert study.resampling.outer_folds == 3
    assert study.title == "yes: no"
    assert study.predictors == ("age", "sodium")


def test_an_override_into_an_empty_block_fills_it(file: Path) -> None:
    file.write_text(GOOD.replace("tuning:\n  trials: 3", "tuning:"))
    assert load_study(file, ["tuning.trials=5"]).tuning.trials == 5


@pytest.mark.parametrize(
    ("override", "what", "expected_or_remedy"),
    [
        ("tuning.trails=3", "tuning.trails: unknown key", "did you mean trials?"),
        ("tunin.trials=3", "tunin: unknown key", "did you mean tuning?"),
        ("candidates.1.search.dept=[1, 2]", "xgboost has no parameter 'dept'", "did you mean depth?"),
        ("candidates.2.trials=3", "candidates is a list without an entry '2'", "a number from 0 to 1"),
        ("candidates.xgboost.trials=3", "candidates is a list without an entry 'xgboost'", "a number from 0 to 1"),
        ("candidates.-1.trials=3", "candidates is a list without an entry '-1'", "a number from 0 to 1"),
        ("seed.value=3", "seed is the value 7 and has no key 'value' to set", ""),
        ("tuning.trials=many", "tuning.trials: `many` will not do", "a whole number"),
        ("tuning.trials=", "tuning.trials: there is nothing after the colon", "a whole number"),
        ("tuning.trials=[1", "is not YAML", ""),
        ("tuning.trials={a: 1, a: 2}", "the key stands twice", "keep one"),
        ("tuning={trails: 1}", "tuning.trails: unknown key", "did you mean trials?"),
        ("outcome.kind=horizn", "outcome: unknown kind 'horizn'", "did you mean horizon?"),
        ("predictors.0=agee", "predictors.0: the dictionary has no variable 'agee'", "did you mean age?"),
        ("tuning.trials", "changes nothing", "--set tuning.trials=10"),
        ("=3", "changes nothing", "--set tuning.trials=10"),
        ("tuning..trials=3", "changes nothing", "--set tuning.trials=10"),
    ],
)
def test_wrong_overrides_are_named_as_such(refuse: Refuse, override: str, what: str, expected_or_remedy: str) -> None:
    error = refuse(overrides=[override])
    assert error.where == f"--set {override}"
    assert what in error.what
    assert expected_or_remedy in f"{error.expected}{error.remedy}"


def test_the_rest_of_the_file_keeps_its_lines_when_something_is_overridden(refuse: Refuse, file: Path) -> None:
    message = str(refuse("seed: 7", "sed: 7", overrides=["tuning.trails=3"]))
    assert f"{file}:3:1: sed: unknown key" in message
    assert "--set tuning.trails=3: tuning.trails: unknown key" in message


# ---- never a traceback --------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "study",
        ": ",
        "\n",
        "  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "kind",
        "yes",
        "1",
        "'",
        '"',
        "#",
        "|",
        "!!",
        "<<",
    ]
)
soup = st.one_of(st.text(max_size=80), st.lists(pieces, max_size=30).map("".join)).map(
    lambda text: text.encode("utf-8")
)


@given(content=st.one_of(soup, st.binary(max_size=60)))
@example(content=b"study: &a\n  *a : 1")
@example(content=b"? ? ?")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_that_is_no_study_ends_in_a_study_error(content: bytes, tmp_path_factory: Any) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "soup.yaml"
    file.write_bytes(content)
    with pytest.raises(StudyError) as caught:
        load_study(file)
    str(caught.value).encode("utf-8")


def _keys(content: Any, above: str = "") -> Iterator[str]:
    entries = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in entries:
        yield f"{above}{key}"
        yield from _keys(value, f"{above}{key}.")


@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_override_gives_a_study_or_a_study_error(data: st.DataObject, tmp_path_factory: Any) -> None:
    file = Path(tmp_path_factory.getbasetemp()) / "small.yaml"
    file.write_text(GOOD)
    known = list(_keys(load_study(file).model_dump(mode="json")))
    value = st.one_of(
        st.sampled_from(
            [
                "1",
                "-1",
                "0.5",
                "yes",
                "null",
                "[]",
                "{}",
                "[1, 2]",
                "{kind: forest}",
                "age",
                "[[1]]",
                "1e999",
                "{a: {b: c}}",
            ]
        ),
        st.text(max_size=12),
    )
    override = f"{data.draw(st.sampled_from(known))}={data.draw(value)}"
    try:
        study = load_study(file, [override])
    except StudyError:
        return  # refused, with a message: anything else is a traceback the user would see
    assert isinstance(study, Study)
    assert summary(study)


# ---- schema and summary -------------------------------------------------------------------------------------------


def test_the_schema_is_documentation() -> None:
    schema = study_schema()
    assert schema["$schema"].startswith("https://json-schema.org/draft/2020-12/")
    assert schema["$id"] == "urn:spinecast:study"
    assert schema["additionalProperties"] is False
    for name, block in [("Study", schema), *schema["$defs"].items()]:
        assert block["description"], name
        assert block["additionalProperties"] is False, name
        for key, value in block["properties"].items():
            assert value.get("description"), f"{name}.{key} has no description"
            assert value.get("title") or "$ref" in value or "const" in value, f"{name}.{key}"
    text = json.dumps({key: value for key, value in schema.items() if key != "$schema"})
    assert "://" not in text


def test_the_schema_requires_what_the_study_requires() -> None:
    assert set(study_schema()["required"]) == {"study", "title", "cohort", "outcome", "predictors", "candidates"}


def test_the_summary_says_what_will_be_done(file: Path) -> None:
    text = summary(load_study(file))
    for part in (
        "small: A small study",
        "death by day 90",
        "2: age, albumin",
        "elastic_net (3 trials",
        "native",
        "50 bootstrap resamples (tuning fixed)",
        "680 fits",  # (5 + 1 splits x 3 trials + 50 resamples) x 2 candidates x 5 inner folds
    ):
        assert part in text
    assert text.endswith(RESEARCH_USE)
    assert SYNTHETIC not in text


def test_the_summary_of_a_binary_outcome_and_an_ensemble(file: Path) -> None:
    study = load_study(
        file,
        [
            "outcome={kind: binary, variable: functional_outcome_2m, event_levels: [coma_or_intubated]}",
            "outcome.excluded_levels=[died_before_2m]",
            "final={kind: ensemble, of: [elastic_net, xgboost]}",
            "resampling.group=sex",
        ],
    )
    text = summary(study)
    assert "functional_outcome_2m is coma_or_intubated; left out: died_before_2m" in text
    assert "mean log-odds of elastic_net, xgboost" in text
    assert "sex kept together" in text


def test_a_table_that_is_not_there_is_missed(file: Path) -> None:
    study = load_study(file)
    said = missing_table(study)
    assert said is not None
    assert f"the table {file.parent / 'patients.csv'} is not there" in said
    (file.parent / "patient.csv").write_text("id\n")
    assert "did you mean patient.csv?" in str(missing_table(study))
    (file.parent / "patients.csv").write_text("id\n")
    assert missing_table(study) is None
    assert missing_table(load_study(file, ["cohort.source={kind: support}"])) is None


def test_made_up_patients_are_called_so(file: Path) -> None:
    assert SYNTHETIC in summary(load_study(file, ["cohort.source.synthetic=true"]))


def test_reading_a_study_imports_no_library_that_fits_or_tracks() -> None:
    heavy = ("pandas", "sklearn", "xgboost", "numba", "mlflow", "optuna", "matplotlib")
    code = f"import sys, spinecast.training.study.file; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
