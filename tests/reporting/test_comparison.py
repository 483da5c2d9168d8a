"""The page of a comparison: what it says of few runs, of many, and of runs that share no patient."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from validation.comparison.made_runs import OTHER, made_run

from spinecast.notices import RESEARCH_USE
from spinecast.reporting import render_html, render_pdf
from spinecast.reporting.comparison import build_comparison
from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Bullets, Document, Table
from spinecast.reporting.sections.comparison_summary import verdicts
from spinecast.validation.comparison.comparing_runs import ComparisonSettings, compare_runs

SETTINGS = ComparisonSettings(thresholds=(0.3, 0.5), decision_range=(0.1, 0.9), bootstrap=20, seed=1)
MEASURED = {"estimate": 0.7, "lower": 0.6, "upper": 0.8, "n": 120, "events": 50, "method": "DeLong"}
INSTABILITY = {
    "n": 120,
    "models": 50,
    "tuning": "fixed",
    "mean_absolute_error": 0.04,
    "thresholds": [{"threshold": 0.3, "changed": 0.05, "often_changed": 0.1}],
}


def made_record(*runs: Any, unpaired: bool = False) -> ComparisonRecord:
    described = [
        {
            "name": one.name,
            "label": one.label,
            "study": one.name,
            "made_of": "Ensemble of 2 candidates",
            "cohort": one.cohort.name,
            "kind": one.cohort.kind,
            "fingerprint": one.cohort.fingerprint,
            "folds": 5,
            "finished": "2026-11-27T00:00:00+00:00",
            "identity": "1" * 64,
            "run_key": "k",
            "search": None,
        }
        for one in runs
    ]
    recorded = [
        {"name": one.name, "label": one.label, "instability": {"absent": "not asked for"}, "own_best": None,
         "comparators": []}
        for one in runs
    ]  # fmt: skip
    published = {"name": "score", "label": "A score", "measures": {"auc": MEASURED}, "note": "Of another day",
                 "difference": MEASURED}  # fmt: skip
    recorded[0] |= {"instability": INSTABILITY, "own_best": "Candidates: none did better alone.",
                    "comparators": [published]}  # fmt: skip
    about = {
        "title": "Runs",
        "notices": [RESEARCH_USE],
        "outcome": "Death within 90 days",
        "cohort": {"name": "a cohort", "kind": runs[0].cohort.kind, "fingerprint": "f" * 64},
        "runs": described,
        "notes": [],
        "settings": {"thresholds": [0.3, 0.5], "decision_range": [0.1, 0.9], "bootstrap": 20, "seed": 1},
        "finished": "2026-11-27T00:00:00+00:00",
        "environment": {"packages": {}},
    }
    return ComparisonRecord(about, compare_runs(runs, SETTINGS, unpaired=unpaired).to_dict(), recorded)


@pytest.fixture(scope="module")
def two() -> ComparisonRecord:
    return made_record(made_run("good", noise=0.1, count=300), made_run("noisy", noise=4, count=300))


@pytest.fixture(scope="module")
def many() -> ComparisonRecord:
    return made_record(*(made_run(f"run {at}", noise=0.2 * at) for at in range(7)))


def tables(document: Document) -> list[Table]:
    return [block for section in document.sections for block in section.blocks if isinstance(block, Table)]


def test_a_difference_that_is_shown_names_the_better_and_one_that_is_not_is_said_not_to_be(
    two: ComparisonRecord,
) -> None:
    ranking, fit = verdicts(two)
    assert ranking.startswith("Good ranks better than Noisy (AUC, Good less Noisy: 0.")
    assert fit.startswith("Good fits better than Noisy")
    alike = made_record(made_run("one"), made_run("uno"))
    assert next(verdicts(alike)).startswith("No difference in ranking between One and Uno is shown (AUC, One less Uno")


def test_the_verdict_goes_by_the_adjusted_p_value_and_not_by_the_estimate(two: ComparisonRecord) -> None:
    pair = dict(two.found["pairs"][0])
    higher = pair["differences"]["auc"]["estimate"] > 0
    assert higher
    pair["adjusted_p_values"] = {**pair["adjusted_p_values"], "auc": 0.06}
    doubted = replace(two, found={**two.found, "pairs": [pair]})
    assert next(verdicts(doubted)).startswith("No difference in ranking")
    assert doubted.standing("auc", higher_is_better=True)["good"] == {"better": [], "worse": [], "neither": ["Noisy"]}


def test_of_many_runs_the_first_is_spoken_of_and_all_stand_in_tables(many: ComparisonRecord) -> None:
    said = list(verdicts(many))
    assert len(said) == 2
    assert "Of all 21 pairs" in said[0]
    document = build_comparison(many)
    captions = [table.caption for table in tables(document)]
    assert "What is shown in ranking" in captions
    assert "What is shown in fit" in captions
    curves = next(figure for figure in document.figures() if figure.key == "calibration")
    assert "The first 6 of 7 models are drawn" in curves.caption
    tests = next(table for table in tables(document) if table.caption.startswith("Differences of every two models"))
    assert sum(not row.heading for row in tests.rows) == 21
    assert "Holm 1979" in tests.notes[0]


def test_every_part_stands_on_the_page_and_no_patient(two: ComparisonRecord) -> None:
    document = build_comparison(two)
    assert [section.anchor for section in document.sections] == [
        "summary", "compared", "measures", "tests", "calibration", "decisions", "agreement", "recorded", "done",
    ]  # fmt: skip
    page = render_html(document)
    assert page == render_html(build_comparison(two))
    for words in (RESEARCH_USE, "Limits of agreement", "Candidates: none did better alone.", "A score", "Riley"):
        assert words in page
    assert not re.search(r"P0\d{3}", page)
    assert "<script" not in page
    assert render_pdf(document).startswith(b"%PDF")


def test_runs_that_share_no_patient_are_not_drawn_on_one_axis_of_net_benefit() -> None:
    document = build_comparison(
        made_record(made_run("here"), made_run("there", seed=5, first=900, cohort=OTHER), unpaired=True)
    )
    page = render_html(document)
    assert "agreement" not in [section.anchor for section in document.sections]
    assert "decision-curves" not in [figure.key for figure in document.figures()]
    for words in ("Not paired", "curves of different patients do not belong on one axis", "Unpaired DeLong"):
        assert words in page
    summary = next(block for block in document.sections[0].blocks if isinstance(block, Bullets))
    assert any("no comparison in fit" in item for item in summary.items)
