"""The report of a model in use: it says what the record says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_watched import a_model, some_watched

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Callout, Code, Document, Figure, Table
from spinecast.reporting.figures.monitoring import DRAWN, cumulative_sums_plot
from spinecast.reporting.html import render_html
from spinecast.reporting.monitoring import build_monitoring_report
from spinecast.reporting.monitoring_record import MonitoringRecord
from spinecast.reporting.sections.monitoring_summary import doubt_words
from spinecast.validation.monitoring.alarms import AlarmRule
from spinecast.validation.monitoring.monitor import monitor
from spinecast.validation.monitoring.one_risk import one_risk
from spinecast.validation.monitoring.reference import reference_of_patients
from spinecast.validation.monitoring.watched import Watched

UNTIL = np.datetime64("2025-12-31", "D")
ABOUT: dict[str, Any] = {
    "title": "Death: in use",
    "notices": [],
    "model": {"name": "m", "title": "Death", "version": "m/1", "identity": "0" * 64},
    "cohort_kind": "real",
    "source": "a test",
    "rule_text": "One prediction a patient counts.",
    "reference": "patients",
    "notes": ["something to know"],
    "commands": ["spinecast update m/1 --cohort PATIENTS.csv"],
    "bootstrap": 20,
    "started": "2026-11-27T08:00:00+00:00",
    "finished": "2026-11-27T08:01:00+00:00",
    "environment": {"packages": {"spinecast": "0.1.0"}},
}


def record_of(watched: Watched, **about: object) -> MonitoringRecord:
    reference = reference_of_patients(watched.predictors, watched.inputs)
    rule = AlarmRule(simulations=700, span_years=2)
    found = monitor(watched, one_risk(a_model()), reference, watched.inputs, until=UNTIL, rule=rule, bootstrap=20)
    return MonitoringRecord({**ABOUT, **about}, found.to_dict())


@pytest.fixture(scope="module")
def changed() -> MonitoringRecord:
    return record_of(some_watched(1200, shift=1.1, lost=1e-9))


@pytest.fixture(scope="module")
def report(changed: MonitoringRecord) -> Document:
    return build_monitoring_report(changed)


def blocks(document: Document, anchor: str) -> list[Any]:
    return list(next(one for one in document.sections if one.anchor == anchor).blocks)


def test_what_was_raised_stands_first_and_an_update_is_proposed(report: Document) -> None:
    page = render_html(report)
    assert "More events than predicted: known on 2025-0" in page
    assert "Raised: 1 change" in page
    assert "Watched are the level (odds times and divided by 2), the spread of the risks (slope 0.5)" in page
    assert "a closed test chooses" in page
    assert "a change is chosen more often than in 5% where every risk is right" in page
    assert "The sums do not wait for the horizon" in page
    assert "until 2025-12-31: the sums end there" in page
    assert "SYNTHETIC" not in page
    code = [one for one in blocks(report, "proposal") if isinstance(one, Code)]
    assert code[0].text == "spinecast update m/1 --cohort PATIENTS.csv"
    assert "None of these commands was run" in page


def test_every_number_drawn_stands_in_a_table(changed: MonitoringRecord, report: Document) -> None:
    figures = {one.key: one for one in report.figures()}
    again = cumulative_sums_plot(changed.found["calibration"], "sums")
    assert figures["sums"].svg == again
    assert set(figures) == {"quarters", "sums", "inputs"}
    quarters = [one for one in changed.found["quarters"] if one["due"]]
    table = figures["quarters"].table
    assert [row.cells[0].removesuffix(" (goes on)") for row in table.rows] == [one["quarter"] for one in quarters]
    assert [row.cells[1] for row in table.rows] == [f"{one['events']} of {one['n']}" for one in quarters]
    for row, one in zip(table.rows, quarters, strict=True):
        for cell, name in zip(row.cells[-3:], DRAWN, strict=True):
            limits = one["limits"][name]
            assert cell == fmt.interval(limits["lower"], limits["upper"], 2)
    assert len(figures["sums"].table.rows) == len(changed.found["calibration"]["months"])
    assert len(figures["inputs"].table.rows) == len(changed.found["inputs"])
    assert all(isinstance(one, Figure) and "<svg" in one.svg for one in figures.values())
    last = [one for one in blocks(report, "inputs") if isinstance(one, Table)]
    assert "2025 Q4" in last[0].caption


def test_a_box_is_not_green_where_the_whole_time_is_not_as_expected(changed: MonitoringRecord) -> None:
    quiet = MonitoringRecord(changed.about, {**changed.found, "alarms": [], "update": None})
    assert quiet.found["doubts"][0]["measure"] == "observed_expected_ratio"
    document = build_monitoring_report(quiet)
    box = next(one for one in blocks(document, "summary") if isinstance(one, Callout))
    assert (box.tone, box.title) == ("warning", "Nothing was raised, but not all is as expected")
    for one in quiet.found["doubts"]:
        assert doubt_words(one) in box.text
    assert "no update is proposed" in render_html(document)
    without = MonitoringRecord(changed.about, {**quiet.found, "doubts": []})
    box = next(one for one in blocks(build_monitoring_report(without), "summary") if isinstance(one, Callout))
    assert (box.tone, box.title) == ("good", "Nothing was raised")


def test_outcomes_that_do_not_come_back_are_warned_of() -> None:
    watched = some_watched(400, lost=1e-9)
    silent = np.arange(400) % 3 == 0
    time, state = (np.where(silent, np.nan, values) for values in (watched.time, watched.state))
    record = record_of(replace(watched, time=time, state=state, untimely=3), cohort_kind="synthetic")
    document = build_monitoring_report(record)
    callouts = [one for one in blocks(document, "summary") if isinstance(one, Callout)]
    assert callouts[0].title == "Many outcomes have not come back"
    page = render_html(document)
    assert "SYNTHETIC COHORT" in page
    assert "3, whose outcome does not count" in page


def test_without_outcomes_the_report_says_why_there_is_no_calibration() -> None:
    watched = some_watched(300)
    nothing = np.full(300, np.nan)
    record = record_of(replace(watched, time=nothing, state=nothing))
    page = render_html(build_monitoring_report(record))
    assert record.found["calibration"]["absent"] in page
    assert "Nothing was raised" in page
    assert "nothing is proposed" in page
