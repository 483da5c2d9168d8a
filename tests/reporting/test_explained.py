"""The report of an explanation in depth, of every kind of model: each part has its numbers, and says what it is not."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
import pytest
from explanation.depth.test_cohort_parts import every_kind

from spinecast.clinical.dictionary import variable
from spinecast.explanation.depth.cohort import ExplainingSettings, NamedGroups, compare_versions, explain_cohort
from spinecast.explanation.depth.stored import StoredExplanation
from spinecast.explanation.depth.views import view_of
from spinecast.reporting import render_html
from spinecast.reporting.document import Callout, Figure, Table
from spinecast.reporting.explained import build_explanation
from spinecast.reporting.figures.depth import Curves, curves_plot

FEW = ExplainingSettings(patients=40, curves=8, swapped=8, inputs=2, neighbours=30, bootstrap=20)
KINDS = ("event", "quantity")  # all others are risks on another scale


@cache
def stored(kind: str, alike: str = "") -> StoredExplanation:
    """What a model of a kind is explained by on patients who are all alike in one input, or in none."""
    model, rows = next(one[1:] for one in every_kind() if one[0] == kind)
    matrix = np.tile(rows, (4, 1))[:24]  # each patient several times: enough for two groups
    if alike:
        matrix[:, model.predictors.index(alike)] = 1.4
    view = view_of(model)
    halves = NamedGroups("sex", "Sex", [("Female", np.arange(24) < 12), ("Male", np.arange(24) >= 12)])
    found = explain_cohort(view, matrix, [halves], FEW, lambda _: None)
    found.found["versions"] = {"against": "another/1", **compare_versions(found, view, matrix, FEW)}
    about: dict[str, Any] = {
        "title": f"A model of {kind}",
        "model": model.name,
        "identity": "0" * 64,
        "answered": view.answered,
        "unit": view.unit,
        "scale": view.scale,
        "synthetic": True,
        "labels": {name: variable(name).label for name in model.predictors},
        "cohort": {"name": "made up", "kind": "synthetic", "fingerprint": "f" * 64, "patients": 24},
        "left_out": 1,
        "lacking": [],
        "notes": ["a note"],
        "settings": asdict(FEW),
        "finished": "2026-11-27T09:00:00+00:00",
        "environment": {"packages": {"spinecast": "0.1.0"}},
    }
    return found.stored(about)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_every_part_with_its_numbers(kind: str) -> None:
    document = build_explanation(stored(kind))
    anchors = [section.anchor for section in document.sections]
    assert anchors == ["summary", "drivers", "versions", "groups", "curves", "interactions", "agreement", "done"]
    assert document.mark is not None
    assert all(figure.table.rows for figure in document.figures())
    page = render_html(document)
    assert "nan" not in page.casefold().split()
    assert "No curve says what changing a value would do" in page
    unit = stored(kind).record["about"]["unit"]
    average = next(figure for figure in document.figures() if figure.key == "dependence").table.rows[1].cells[1]
    assert average.endswith(unit or "%")


def test_an_input_that_is_the_same_in_everybody_is_said_to_tell_nobody_apart() -> None:
    one = stored("event", "albumin")
    assert one.record["found"]["importance"][0]["variable"] == "albumin"
    assert one.record["found"]["curves"][0]["variable"] != "albumin"
    page = render_html(build_explanation(one))
    assert "Albumin is the same in all of these patients" in page
    assert "No curve is drawn of Albumin" in page
    assert "is the same in all of these patients" not in render_html(build_explanation(stored("event")))


def test_many_groups_are_rows_and_the_largest_are_drawn() -> None:
    one = stored("event")
    (halves,) = one.record["found"]["groups"]
    shown = halves["groups"][0]
    many = [{**shown, "label": f"Group {number}", "n": 10 + number} for number in range(8)]
    found = {**one.record["found"], "groups": [{**halves, "groups": many}]}
    document = build_explanation(StoredExplanation({**one.record, "found": found}, one.arrays))
    figure = next(figure for figure in document.figures() if figure.key == "groups-sex")
    assert figure.table.header == ("Group", "Patients", "Mean absolute contribution")
    inputs = len(halves["inputs"][:8])
    assert len(figure.table.rows) == inputs * (1 + 8)
    assert figure.table.rows[1].cells[:2] == ("Group 0", "10")
    assert figure.table.notes == ("Drawn are the 6 largest groups.",)
    assert "Group 1<" not in figure.svg
    assert "Group 2<" in figure.svg


def test_no_line_passes_between_levels_without_an_order() -> None:
    grid = np.arange(12.0)
    lines = np.random.default_rng(0).random((3, 12))
    names = [f"Level {number}" for number in range(12)]
    ordered, nominal = (
        curves_plot([Curves("Input", "", names, order, grid, lines, lines.mean(axis=0))], "Risk", "k", percent=True)
        for order in (True, False)
    )
    assert ordered != nominal
    assert all(f"{name}<" in nominal for name in names)
    found = stored("event").record["found"]["curves"]
    assert all(one["ordered"] == (variable(one["variable"]).kind != "nominal") for one in found)


def test_what_is_not_firm_stands_on_the_first_page_and_in_the_table() -> None:
    one = stored("event")
    drivers = [dict(driver) for driver in one.record["found"]["stability"]["drivers"]]
    drivers[0] |= {"stable": False, "reasons": ["it differs from fit to fit"]}
    found = {**one.record["found"], "stability": {"folds": 3, "drivers": drivers}}
    document = build_explanation(StoredExplanation({**one.record, "found": found}, one.arrays))
    label = one.record["about"]["labels"][drivers[0]["variable"]]
    (callout,) = [block for block in document.sections[0].blocks if isinstance(block, Callout)]
    assert label in callout.title
    figure = next(block for block in document.sections[1].blocks if isinstance(block, Figure))
    assert figure.table.rows[0].cells[-1] == "not firm"
    assert any("it differs from fit to fit" in note for note in figure.table.notes)


def test_a_group_that_is_not_shown_is_named_without_its_number() -> None:
    one = stored("event")
    (grouping,) = one.record["found"]["groups"]
    hidden = {"label": "Few", "n": None, "importance": []}
    found = {**one.record["found"], "groups": [{**grouping, "groups": [*grouping["groups"], hidden]}]}
    document = build_explanation(StoredExplanation({**one.record, "found": found}, one.arrays))
    table: Table = next(figure for figure in document.figures() if figure.key == "groups-sex").table
    assert len(table.header) == 3
    assert any("Few" in note for note in table.notes)
