from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spinecast.cohorts.describing.by_outcome import SMALLEST_SHOWN as TABLE_ONE_SMALLEST
from spinecast.reporting import RunRecord
from spinecast.reporting.document import Bullets, Facts, Figure, Table
from spinecast.reporting.sections.closing import checks_section, reproducibility_section
from spinecast.reporting.sections.cohort import cohort_section, missing_rows
from spinecast.reporting.sections.common import SMALLEST_SHOWN, footnoted, in_words, measure_table, row
from spinecast.reporting.sections.explanation import explanation_section
from spinecast.reporting.sections.limitations import latest_year, limitations_section
from spinecast.reporting.sections.performance import calibration_section, comparators_section, comparison_section
from spinecast.reporting.sections.study import tuning_section
from spinecast.reporting.sections.summary import summary_section
from spinecast.reporting.sections.usefulness import useful_range
from spinecast.validation import check_missingness, check_synthetic_cohort
from spinecast.validation.checks import CHECKS


def limitations(record: RunRecord) -> dict[str, str]:
    facts = next(block for block in limitations_section(record).blocks if isinstance(block, Facts))
    return dict(facts.items)


def bullets(record: RunRecord) -> str:
    return " ".join(str(block) for block in summary_section(record).blocks)


def test_limitations_follow_from_the_record(record: RunRecord) -> None:
    found = limitations(record)
    assert "No external validation yet" in found
    assert "Retrospective" in found
    assert "no year after 1994: the data are about 32 years old" in found["Old data"]
    assert found["Missing values"].startswith("6 variables are missing in 20% of patients or more: Coma score")
    assert "from 0.763 to 0.781 over 5 folds" in found["Spread between folds"]
    assert found["As the run says"] == record.run["notes"][0]
    assert "Few events" not in found
    assert "Synthetic cohort" not in found


def test_few_events_count_the_smaller_group(record: RunRecord) -> None:
    record.evaluation["events"] = record.evaluation["n"] - 100
    assert "has 100 patients, 4.0 for each of 25 predictors" in limitations(record)["Few events"]


def test_an_external_basis_is_not_called_unvalidated(altered: Callable[[str, Any], RunRecord]) -> None:
    assert "No external validation yet" not in limitations(altered("evaluation.basis", "external"))


def test_unknown_age_of_data_is_said(altered: Callable[[str, Any], RunRecord]) -> None:
    assert limitations(altered("cohort.provenance.description", "adults"))["Age of the data"].startswith(
        "not available"
    )


def test_recent_data_are_not_called_old(altered: Callable[[str, Any], RunRecord]) -> None:
    found = limitations(altered("cohort.provenance.description", "adults of 2019"))
    assert "Old data" not in found


@pytest.mark.parametrize(
    ("text", "year"), [("1989 to 1994", 1994), ("n = 19944, 1234567", None), ("from 2030", 2030), ("", None)]
)
def test_latest_year(text: str, year: int | None) -> None:
    assert latest_year(text) == year


@pytest.mark.parametrize(
    ("slope", "large", "expected"),
    [
        ((0.6, 0.5, 0.7), (0.0, -0.1, 0.1), "their spread is too extreme"),
        ((1.4, 1.2, 1.6), (0.0, -0.1, 0.1), "their spread is too moderate"),
        ((1.0, 0.9, 1.1), (0.3, 0.2, 0.4), "predicted risks are lower than what happened"),
        ((1.0, 0.9, 1.1), (-0.3, -0.4, -0.2), "predicted risks are higher than what happened"),
        ((1.0, 0.9, 1.1), (0.0, -0.1, 0.1), "neither too low nor too high"),
    ],
)
def test_calibration_is_worded_by_its_intervals(
    record: RunRecord, slope: tuple[float, ...], large: tuple[float, ...], expected: str
) -> None:
    for name, value in (("calibration_slope", slope), ("calibration_in_the_large", large)):
        record.evaluation["measures"][name].update(zip(("estimate", "lower", "upper"), value, strict=True))
    assert expected in bullets(record)


def test_calibration_without_an_interval_is_not_judged(record: RunRecord) -> None:
    record.evaluation["measures"]["calibration_slope"].update(lower=None, upper=None)
    assert "Calibration: on average" not in bullets(record)


def test_useful_range_by_hand() -> None:
    # Against max(treat all, 0): better at 20, 30 and 40%; its lower end only at 30%.
    curve = {
        "thresholds": [0.1, 0.2, 0.3, 0.4, 0.5],
        "net_benefit": [0.30, 0.25, 0.20, 0.10, 0.00],
        "lower": [0.20, 0.15, 0.16, -0.01, -0.1],
        "upper": [0.40, 0.35, 0.24, 0.21, 0.1],
        "treat_all": [0.30, 0.20, 0.10, -0.10, -0.2],
    }
    found = useful_range(curve)
    assert found is not None
    assert found.startswith("between thresholds of 20% and 40%")
    assert "between 30% and 30% so does the lower end" in found
    assert "at no threshold" in (useful_range({**curve, "net_benefit": [0.0] * 5}) or "")
    assert useful_range({"absent": "one class"}) is None


def test_missingness_reads_counts_and_proportions_alike(record: RunRecord) -> None:
    n, events = record.evaluation["n"], record.evaluation["events"]
    entry = {"variable": "a", "label": "A", "missing": 50, "proportion": 50 / n}
    record.cohort["missingness"] = [
        {**entry, "missing_with_event": 20, "missing_without_event": 30},
        {**entry, "missing_with_event": 20 / events, "missing_without_event": 30 / (n - events)},
    ]
    counted, shared = missing_rows(record)
    assert counted["proportion_with_event"] == shared["proportion_with_event"] == 20 / events
    assert counted["proportion_without_event"] == shared["proportion_without_event"] == 30 / (n - events)


def test_what_holds_for_a_variable_stands_beside_its_name(record: RunRecord) -> None:
    table = next(
        block for block in cohort_section(record).blocks if isinstance(block, Table) and block.header[0] == "Variable"
    )
    rows = {row.cells[0]: row for row in table.rows}
    assert rows["Age, years"].cells[4] == "29 (1.6%)"
    assert rows["Sex"].cells[1:5] == ("", "", "", "29 (1.6%)")
    assert rows["Female"].level == 1
    assert rows["Female"].cells[1] == "929 (50.0%)"


def test_variable_groups_get_a_heading_once(record: RunRecord) -> None:
    for variable in record.cohort["table_one"][:3]:
        variable["group_header"] = "Demography"
    table = next(
        block for block in cohort_section(record).blocks if isinstance(block, Table) and block.header[0] == "Variable"
    )
    assert [row.cells for row in table.rows if row.heading] == [("Demography",)]


def test_the_chosen_are_marked_in_every_split(record: RunRecord) -> None:
    table = next(
        block for block in tuning_section(record).blocks if isinstance(block, Table) and "chosen" in block.caption
    )
    assert table.header == ("Candidate", "Fold 1", "Fold 2", "Fold 3", "Fold 4", "Fold 5", "All patients")
    for column, entry in enumerate(record.tuning["selection"], start=1):
        marked = [row.cells[column] for row in table.rows if row.cells[column].endswith("*")]
        assert marked == [f"{min(entry['log_loss'].values()):.4f} *"]
    assert [row.cells[0] for row in table.rows if row.strong] == ["Gradient-boosted trees (XGBoost)"]


@pytest.mark.parametrize(
    ("kind", "limits", "expected"),
    [
        ("ensemble", (-0.012, -0.004), "the ensemble fits better than the best single candidate, {best}"),
        ("ensemble", (-0.004, 0.002), "the ensemble is not shown to beat the best single candidate, {best} "),
        ("ensemble", (0.001, 0.004), "the ensemble does not beat the best single candidate: {best} alone fits better"),
        ("winner", (0.0, 0.0), "is {best} in every fold"),
        ("winner", (0.001, 0.004), "which chooses a candidate in each split, does not beat"),
    ],
)
def test_the_summary_sets_the_model_beside_its_best_candidate(
    record: RunRecord, kind: str, limits: tuple[float, float], expected: str
) -> None:
    assert "Candidates:" not in bullets(record)  # a record from before the pairs were taken
    record.study["final"] = {"kind": kind}
    candidates = record.evaluation["candidates"]
    best = min(candidates, key=lambda one: one["measures"]["log_loss"]["estimate"])
    for one in candidates:
        far = 0.0 if one is best else -0.2
        difference = {"estimate": sum(limits) / 2 + far, "lower": limits[0] + far, "upper": limits[1] + far}
        one["final_less_candidate"] = {"log_loss": difference, "auc": {"estimate": 0.01, "lower": 0.0, "upper": 0.02}}
    said = bullets(record)
    assert expected.format(best=best["label"]) in said
    if limits != (0.0, 0.0):
        shown = f"{sum(limits) / 2:.4f}".replace("-", "\u2212")
        assert f"final less candidate: log-loss {shown}, " in said


def test_candidates_come_best_first_and_the_final_part_is_marked(record: RunRecord) -> None:
    figure = next(block for block in comparison_section(record).blocks if isinstance(block, Figure))
    losses = [float(row.cells[3].split()[0]) for row in figure.table.rows[1:7]]
    assert losses == sorted(losses)
    assert [row.cells[0] for row in figure.table.rows if "†" in row.cells[0]] == [
        "Gradient-boosted trees (XGBoost)\N{NO-BREAK SPACE}†"
    ]


def test_no_checks_is_not_the_same_as_none_recorded(altered: Callable[[str, Any], RunRecord]) -> None:
    assert "Nothing found" in str(checks_section(altered("run.checks", [])).blocks)
    assert "not available" in str(checks_section(altered("run.checks", None)).blocks)


def test_an_unknown_severity_is_shown_as_a_warning(record: RunRecord) -> None:
    record.run["checks"][1]["severity"] = "unheard of"
    assert {block.tone for block in checks_section(record).blocks} == {"warning"}  # type: ignore[union-attr]


def test_no_git_commit_is_said(altered: Callable[[str, Any], RunRecord]) -> None:
    text = str(reproducibility_section(altered("run.environment.git_commit", None)).blocks)
    assert "not available: not run from a git repository" in text


def test_small_counts_are_left_out_as_in_table_one(record: RunRecord) -> None:
    assert SMALLEST_SHOWN == TABLE_ONE_SMALLEST
    entry = record.cohort["missingness"][10]
    entry.update(missing=3, proportion=3 / 1858, missing_with_event=1, missing_without_event=2)
    figure = next(block for block in cohort_section(record).blocks if getattr(block, "key", "") == "missingness")
    assert isinstance(figure, Figure)
    cells = next(row.cells for row in figure.table.rows if row.cells[0] == entry["label"])
    assert cells[1:] == ("<5", "not shown", "not shown")


def test_the_table_of_dependence_names_nobodys_extreme_value(record: RunRecord) -> None:
    age = next(entry for entry in record.explanation["beeswarm"] if entry["variable"] == "age")
    age["points"] = [{"value": float(value), "contribution": 0.1 * value} for value in range(1, 101)]
    figure = next(block for block in explanation_section(record).blocks if getattr(block, "key", "") == "dependence")
    assert isinstance(figure, Figure)
    start = next(place for place, row in enumerate(figure.table.rows) if row.cells[0] == "Age, years")
    rows = [row.cells for row in figure.table.rows[start + 1 : start + 6]]
    # Fifths of 1 to 100: the edges are the 20th, 40th, 60th and 80th centiles, between two values each.
    assert [row[0] for row in rows] == [
        "below 20.8",
        "20.8 to below 40.6",
        "40.6 to below 60.4",
        "60.4 to below 80.2",
        "80.2 and above",
    ]
    assert [row[1] for row in rows] == ["20"] * 5
    assert rows[0][2] == "+1.050"


def test_one_row_says_all_of_a_binary_variable(record: RunRecord) -> None:
    diabetes = next(entry for entry in record.cohort["table_one"] if entry["variable"] == "diabetes")
    diabetes["rows"] = [{**diabetes["rows"][0], "level": "Present"}]
    table = next(
        block for block in cohort_section(record).blocks if isinstance(block, Table) and block.header[0] == "Variable"
    )
    assert any(row.cells[0] == "Diabetes: Present" and row.level == 0 for row in table.rows)


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (0.01, 0.03, "the model ranks better than SUPPORT model"),
        (-0.03, -0.01, "SUPPORT model, 2-month survival ranks better than the model"),
        (-0.01, 0.03, "the data do not tell the model and SUPPORT model"),
    ],
)
def test_the_summary_says_who_ranks_better(record: RunRecord, lower: float, upper: float, expected: str) -> None:
    record.evaluation["comparators"][0]["auc_difference"].update(lower=lower, upper=upper)
    assert expected in bullets(record)


def test_missingness_that_tells_the_outcome_is_said_in_words(record: RunRecord) -> None:
    # A name that is a word of prose (albumin) and one that is not; nothing in the report knows either beforehand.
    check = check_missingness({"coma_score": (0.63, 0.39), "albumin": (0.10, 0.45), "age": (0.0, 0.0)})
    assert check is not None
    record.run["checks"] = [check.to_dict()]
    record.explanation["importance"].sort(key=lambda entry: entry["variable"] != "coma_score")
    record.explanation["importance"][0]["mean_absolute"] = 9.0
    text = limitations(record)["Missingness that tells the outcome (SC006)"]
    assert "“Coma score of the SUPPORT study” was missing in 63 of 100 patients with the event and in 39 of" in text
    assert "“Albumin” was missing in 10 of 100 patients with the event and in 45 of 100 without it" in text
    assert "the model will do less well than shown here." in text
    assert "“Coma score of the SUPPORT study” is number 1 of the 25 variables that move this model's risk" in text
    assert "coma_score" not in text
    shown = str(checks_section(record).blocks)
    assert "coma_score" not in shown
    assert "without. To do: " in shown
    assert "report both. What it means is said under Limitations." in shown


def test_every_check_is_a_limitation_once(record: RunRecord) -> None:
    found = limitations(record)
    slope = "Slope 0.71, outside 0.8 to 1.2: predicted risks are too extreme."
    assert found["Calibration slope out of range (SC003)"] == slope
    assert all(CHECKS[check["code"]].title == check["title"] for check in record.run["checks"])
    record.cohort["kind"] = "synthetic"
    synthetic = check_synthetic_cohort("synthetic")
    assert synthetic is not None
    record.run["checks"] = [synthetic.to_dict()]
    assert [name for name in limitations(record) if "ynthetic" in name] == ["Synthetic cohort"]


def test_words_of_prose_are_not_taken_for_variables(record: RunRecord) -> None:
    assert in_words(record, "the age at which albumin falls") == "the age at which albumin falls"
    assert in_words(record, "urine_output, not curine_outputs") == "“Urine output in 24 hours”, not curine_outputs"


def test_reasons_stand_once_below_a_table() -> None:
    reason = "not available: the comparator predicts 60 days, the study 90"
    short = "not available: one class"
    table = footnoted(
        Table("caption", ("a", "b"), (row("x", reason), row("y", short), row("z", reason)), notes=("before",))
    )
    assert [one.cells[1] for one in table.rows] == ["not available (a)", short, "not available (a)"]
    assert table.notes == (f"(a) {reason}.", "before")


def test_comparators_are_named_and_noted_in_words(record: RunRecord) -> None:
    one = record.evaluation["comparators"][0]
    one.update(label="1 - SUPPORT model: two-month survival", note="Predicts day 60. The study predicts 90 days.")
    section = comparators_section(record)
    table, _, notes = section.blocks
    assert isinstance(table, Table)
    assert isinstance(notes, Facts)
    assert table.rows[0].cells[0] == "SUPPORT model: two-month survival (as a risk)"
    assert notes.items[0] == (
        "SUPPORT model: two-month survival (as a risk)",
        "Predicts day 60. The study predicts 90 days.",
    )


def test_what_all_measures_share_is_said_once(record: RunRecord) -> None:
    measures = record.evaluation["measures"]
    long = "local quadratic regression (loess, span 0.75); bootstrap over patients, 100 resamples"
    for name in ("ici", "e50"):
        measures[name]["method"] = long
    table = measure_table(measures, ("auc", "ici", "e50"), "caption")
    assert table.header == ("Measure", "Estimate (95% interval)", "Ideal", "Method")
    assert [one.cells[-1] for one in table.rows] == ["test fixture", "note 1", "note 1"]
    assert table.notes == (f"All rest on n = 1,858; {measures['auc']['events']} events.", f"Note 1: {long}.")
    measures["e50"]["n"] = 7
    assert "Rests on" in measure_table(measures, ("auc", "ici", "e50"), "caption").header


def test_distances_from_the_calibration_curve_are_explained_beside_their_intervals(record: RunRecord) -> None:
    table = calibration_section(record).blocks[-1]
    assert isinstance(table, Table)
    assert "An interval that begins at 0 says that chance alone may have given the estimate." in table.notes[-1]


def test_what_the_source_says_of_itself_is_a_list(record: RunRecord) -> None:
    notes = next(block for block in cohort_section(record).blocks if isinstance(block, Bullets))
    assert notes.items == ("Made for the tests of the report.", "Any likeness to a person is arithmetic.")


def test_times_are_shown_as_what_they_are(record: RunRecord) -> None:
    record.run["timings"] = {"fit_seconds": 812.4, "fit_share_of_worker_time": 0.854, "fit_share_of_training_wall": 1.7}
    facts = next(block for block in reproducibility_section(record).blocks if isinstance(block, Facts))
    shown = dict(facts.items)
    assert shown["Time inside fits, all workers"] == "13 min 32 s"
    assert shown["Share of the workers' time in fits"] == "85.4%"
    assert shown["Fits at a time, on average"] == "1.70"
    assert shown["Whole run, by the clock"] == "not available: not recorded"
    del record.run["timings"]["fit_share_of_training_wall"]
    facts = next(block for block in reproducibility_section(record).blocks if isinstance(block, Facts))
    assert "Fits at a time, on average" not in dict(facts.items)


def test_a_check_that_could_not_be_made_is_told_from_one_that_found_nothing(record: RunRecord) -> None:
    assert "Every check that was considered" not in str(checks_section(record).blocks)
    record.run["checks_made"] = [
        {"code": "SC003", "title": "Calibration slope out of range", "status": "not found", "reason": "slope 1.00"},
        {"code": "SC004", "title": "Horizon beyond follow-up", "status": "not applicable", "reason": "no horizon"},
    ]
    for checks in (record.run["checks"], []):
        record.run["checks"] = checks
        table = next(block for block in checks_section(record).blocks if isinstance(block, Table))
        assert [row.cells[2] for row in table.rows] == ["not found", "not applicable"]
        assert table.rows[1].cells[3] == "No horizon"


def test_shares_that_are_weighted_say_so_beside_counts_that_are_not(record: RunRecord) -> None:
    def notes() -> tuple[str, ...]:
        return next(block.table.notes for block in calibration_section(record).blocks if isinstance(block, Figure))

    assert notes() == ()
    record.evaluation["calibration_groups"][0]["observed"] += 0.05
    assert "weighted for censoring" in " ".join(notes())
