from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting import Document, RunRecord, build_report, render_html, render_pdf
from spinecast.reporting.document import Section
from spinecast.reporting.sections.closing import checks_section, reproducibility_section
from spinecast.reporting.sections.cohort import cohort_section
from spinecast.reporting.sections.explanation import explanation_section, patients_section
from spinecast.reporting.sections.limitations import limitations_section
from spinecast.reporting.sections.performance import (
    calibration_section,
    comparators_section,
    comparison_section,
    discrimination_section,
    folds_section,
)
from spinecast.reporting.sections.study import tuning_section
from spinecast.reporting.sections.summary import summary_section
from spinecast.reporting.sections.usefulness import classification_section, decision_section

SECTIONS = [
    "summary",
    "cohort",
    "outcome",
    "study",
    "tuning",
    "comparison",
    "discrimination",
    "calibration",
    "usefulness",
    "classification",
    "folds",
    "internal",
    "comparators",
    "explanation",
    "patients",
    "missing-inputs",
    "sample-size",
    "checks",
    "limitations",
    "forms",
    "reproducibility",
    "glossary",
]
FIGURES = [
    "attrition",
    "missingness",
    "tuning-history",
    "comparison",
    "roc",
    "calibration",
    "decision-curve",
    "instability",
    "calibration-instability",
    "sites",
    "learning-curve",
    "importance",
    "beeswarm",
    "dependence",
    "patient-1",
    "patient-2",
    "patient-3",
    "patient-4",
]
BARE = RunRecord(
    study={"study": "test_fixture"},
    study_yaml="study: test_fixture\n",
    cohort={"name": "test_fixture", "kind": "real", "patients": 3},
    evaluation={"label": "Model", "basis": "out-of-fold", "n": 3, "events": 1, "measures": {}},
    tuning={},
    explanation={"absent": "the study asked for none"},
    run={"run_key": "0"},
)


def words(part: Any) -> Iterator[str]:
    """Every text of a document except its drawings."""
    if isinstance(part, str):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            if field.name != "svg":
                yield from words(getattr(part, field.name))
    elif isinstance(part, tuple):
        for each in part:
            yield from words(each)


def section(document: Document, anchor: str) -> str:
    return "\n".join(words(next(part for part in document.sections if part.anchor == anchor)))


def test_the_report_holds_every_section_and_figure(document: Document) -> None:
    assert [part.anchor for part in document.sections] == SECTIONS
    assert [figure.key for figure in document.figures()] == FIGURES


def test_every_figure_has_alternative_text_and_its_numbers(document: Document) -> None:
    for figure in document.figures():
        assert len(figure.alternative) > 20, figure.key
        assert figure.table.rows, figure.key


def test_no_cell_says_nothing_by_accident(document: Document) -> None:
    for text in words(document):
        assert text not in {"None", "nan", "NaN", "null"}
        assert "= None" not in text
        assert ": None" not in text


def test_the_summary_gives_interval_size_and_basis_of_its_numbers(document: Document, record: RunRecord) -> None:
    text = section(document, "summary")
    events = record.evaluation["events"]
    assert f"1,858 patients, of whom {events} had the event" in text
    assert text.count(f"n = 1,858; {events} events. Out-of-fold, nested.") == 6
    assert "95% interval 0.750 to 0.792" in text
    assert "each of 5 outer folds" in text


def test_a_reduced_search_is_said_where_the_search_is_shown(document: Document) -> None:
    assert "Reduced search: 25 trials a candidate where the full study has 60." in section(document, "tuning")
    assert "Each candidate had 25 trials in each split, 900 trials in all." in section(document, "tuning")


def test_an_absent_measure_shows_its_reason(document: Document) -> None:
    reason = "not available: the largest error has no stable interval in so few bootstrap samples"
    assert reason in section(document, "calibration")
    assert "not available: the two models share too few patients" in section(document, "comparators")


def test_refused_values_are_named_by_variable_and_column(document: Document) -> None:
    assert "Albumin (column num_alb)" in section(document, "cohort")


def test_checks_come_with_what_to_do(document: Document) -> None:
    text = section(document, "checks")
    assert "SC003 Calibration slope out of range (warning)" in text
    assert "To do: Choose a simpler model." in text


def test_composites_are_said_to_be_no_people(document: Document) -> None:
    assert "These are composites, not real people" in section(document, "patients")


def test_the_study_is_shown_as_resolved(document: Document, record: RunRecord) -> None:
    assert record.study_yaml in section(document, "study")


def test_a_real_cohort_is_never_called_synthetic(document: Document) -> None:
    assert document.mark is None
    assert "synthetic" not in " ".join(words(document)).lower()


def test_a_synthetic_cohort_is_marked_and_never_called_real(record: RunRecord) -> None:
    record.cohort["kind"] = "synthetic"
    made = build_report(record)
    assert made.mark is not None
    assert made.mark.title == SYNTHETIC
    assert made.banner.title == RESEARCH_USE
    assert "(real patients)" not in " ".join(words(made))
    assert "No patient in it exists." in section(made, "limitations")


def test_a_bare_record_gives_a_report_of_absences() -> None:
    made = build_report(BARE)
    assert [part.anchor for part in made.sections] == SECTIONS
    for anchor in ("tuning", "calibration", "usefulness", "classification", "folds"):
        assert "not available: not recorded in this run" in section(made, anchor)
    for anchor in ("explanation", "patients"):
        assert "not available: the study asked for none" in section(made, anchor)
    assert "not available: not recorded in this run" in section(made, "checks")
    assert render_pdf(made).startswith(b"%PDF")
    assert "not available" in render_html(made)


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("cohort.attrition", cohort_section),
        ("cohort.table_one", cohort_section),
        ("cohort.missingness", cohort_section),
        ("cohort.provenance", cohort_section),
        ("cohort.rejections", cohort_section),
        ("evaluation.roc", discrimination_section),
        ("evaluation.calibration_curve", calibration_section),
        ("evaluation.decision_curve", decision_section),
        ("evaluation.classification", classification_section),
        ("evaluation.by_fold", folds_section),
        ("evaluation.comparators", comparators_section),
        ("tuning.candidates", tuning_section),
        ("explanation.importance", explanation_section),
        ("explanation.illustrative", patients_section),
        ("run.checks", checks_section),
        ("run.splits", reproducibility_section),
    ],
)
def test_a_part_that_is_absent_says_why(
    altered: Callable[[str, Any], RunRecord], path: str, write: Callable[[RunRecord], Section]
) -> None:
    record = altered(path, {"absent": "it rained"})
    assert "not available: it rained" in "\n".join(words(write(record)))
    for other in (summary_section, comparison_section, limitations_section, decision_section, calibration_section):
        other(record)


@pytest.mark.parametrize(
    "name", ["calibration_groups", "risk_histogram", "candidates", "comparators", "outcome", "classification"]
)
def test_figures_do_without_what_is_absent(altered: Callable[[str, Any], RunRecord], name: str) -> None:
    record = altered(f"evaluation.{name}", None)
    for write in (calibration_section, decision_section, discrimination_section, comparison_section, summary_section):
        assert write(record).blocks


def test_equal_records_give_equal_bytes(record: RunRecord, document: Document, page: str, pdf: bytes) -> None:
    again = build_report(copy.deepcopy(record))
    assert again == document
    assert render_html(again) == page
    assert render_pdf(again) == pdf


def test_the_whole_report_takes_less_than_eight_seconds(record: RunRecord) -> None:
    start = time.process_time()  # of this process: other work on the machine does not count
    made = build_report(record)
    render_html(made)
    render_pdf(made)
    assert time.process_time() - start < 8


def test_borrowed_patients_are_named_with_the_weight_each_split_chose() -> None:
    borrowed = {"name": "others", "patients": 7247, "events": 2707, "own_left_out": 1858, "weights": [0, 0.1, 1]}
    splits = [
        {"split": name, "best": {"parameters": {"borrowed_weight": weight}}, "trials": []}
        for name, weight in (("fold 1", 0.1), ("all patients", 1.0))
    ]
    lending = replace(
        BARE,
        cohort=BARE.cohort | {"borrowed": borrowed},
        tuning={"candidates": [{"label": "Elastic net", "splits": splits}]},
    )
    shown = "\n".join(words(cohort_section(lending)))
    assert "7,247 related patients of “others”, 2,707 with the outcome" in shown
    assert "0, 0.1 and 1 were tried" in shown
    assert "Elastic net\n0.1\n1" in shown
    assert "Borrowed" not in "\n".join(words(cohort_section(BARE)))
