"""Words, drawings and what is said of a model's validation, against numbers worked out by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from serving.made_store import EVENT, LOSS, TIMES

from spinecast.serving.pages import figures
from spinecast.serving.pages.validity import Validity, validity_of
from spinecast.serving.pages.words import days_words, labelled_days, of_hundred, percent, points, quantity
from spinecast.serving.state import State


def numbers(path: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", path)]


@given(st.floats(0, 1))
@example(0.9995)
@example(0.0005)
def test_a_probability_is_never_a_certainty_and_never_far_from_itself(share: float) -> None:
    text = percent(share)
    assert text not in ("0%", "100%", "0.0%", "100.0%")
    if not text.startswith(("<", ">")):
        assert float(text.rstrip("%")) == pytest.approx(100 * share, abs=0.500001)


def test_times_amounts_and_differences_as_people_say_them() -> None:
    assert (days_words(42), labelled_days(42), labelled_days(90), labelled_days(100)) == (
        "6 weeks",
        "6 weeks (day 42)",
        "90 days",
        "100 days",
    )
    assert (quantity(1045.18), quantity(3029), quantity(28.96), quantity(0.5)) == ("1,050", "3,030", "29", "0.5")
    assert (points(0.0149), points(0.44)) == ("1 percentage point", "44 percentage points")


def test_bars_start_at_the_zero_they_share() -> None:
    # Of contributions from -1 to 3, zero stands at a quarter of the width.
    for value, left, width, kind in ((-1, 0, 25, "down"), (3, 25, 75, "up"), (1, 25, 25, "up")):
        drawn = ElementTree.fromstring(figures.bar(value, -1, 3))
        box = drawn.find("rect")
        assert box is not None
        assert (box.get("class"), float(box.get("x", "")), float(box.get("width", ""))) == (kind, left, width)
    assert 'width="0.00"' in figures.bar(0, 0, 0)


def test_limits_lie_on_the_axis_from_nought_to_a_hundred() -> None:
    drawn = ElementTree.fromstring(figures.interval_bars([{"label": "<b>", "risk": 0.5, "lower": 0.25, "upper": 0.75}]))
    box = next(one for one in drawn.iter("rect") if one.get("class") == "limits")
    assert (float(box.get("x", "")), float(box.get("width", ""))) == (8 + 284 / 4, 284 / 2)
    assert drawn.get("aria-label") == "<b>: 50%, 95 % limits 25% to 75%"


def test_a_curve_of_survival_falls_from_all_and_its_band_holds_it() -> None:
    curve = {"days": [30.0, 90.0], "risk": [0.2, 0.5], "lower": [0.1, 0.4], "upper": [0.3, 0.8]}
    drawn = ElementTree.fromstring(figures.risk_curve(curve, [{"day": 90.0, "risk": 0.5}], survival=True, last=90))
    line = next(one.get("d", "") for one in drawn.iter("path") if one.get("class") == "line")
    # 100 % at y 12, 0 % at y 142; day 0 at x 34, day 90 at x 292.
    assert numbers(line) == [34, 12, 120, 38, 292, 77]
    band = next(one.get("d", "") for one in drawn.iter("path") if one.get("class") == "band")
    assert numbers(band) == [34, 12, 120, 25, 292, 64, 292, 116, 120, 51, 34, 12]
    assert "90 days 50%" in drawn.get("aria-label", "")
    rising = ElementTree.fromstring(figures.risk_curve(curve, [], survival=False, last=90))
    line = next(one.get("d", "") for one in rising.iter("path") if one.get("class") == "line")
    assert numbers(line) == [34, 142, 120, 116, 292, 77]


def test_levels_fill_the_bar_in_their_order() -> None:
    levels = [{"label": "A: none", "probability": 0.25}, {"label": "B: some", "probability": 0.75}]
    drawn = ElementTree.fromstring(figures.levels_bar(levels))
    boxes = [(float(one.get("x", "")), float(one.get("width", ""))) for one in drawn.iter("rect")]
    assert boxes == [(0, 75), (75, 225)]
    assert [one.text for one in drawn.iter("text")] == ["A", "B"]


def test_the_widest_interval_of_an_amount_is_drawn_first_and_all_of_it() -> None:
    intervals = [{"stated": 0.5, "lower": 400.0, "upper": 1000.0}, {"stated": 0.9, "lower": 200.0, "upper": 2000.0}]
    drawn = ElementTree.fromstring(figures.quantity_bars(intervals, 600.0, "mL", quantity))
    boxes = [(float(one.get("x", "")), float(one.get("width", ""))) for one in drawn.iter("rect")]
    assert boxes == [(pytest.approx(36.4), pytest.approx(255.6)), (pytest.approx(64.8), pytest.approx(85.2))]
    assert drawn.get("aria-label", "").startswith("Median 600 mL; ")


def test_an_amount_that_may_be_negative_is_drawn_from_its_lowest() -> None:
    # From -50 to 150 over 284 from x 8: nought stands at a quarter, and nothing left of the axis.
    drawn = ElementTree.fromstring(
        figures.quantity_bars([{"stated": 0.8, "lower": -50.0, "upper": 150.0}], 0.0, "points", quantity)
    )
    box, point = drawn.find("rect"), next(one for one in drawn.iter("path") if one.get("class") == "point")
    assert box is not None
    assert (float(box.get("x", "")), float(box.get("width", ""))) == (8, 284)
    assert numbers(point.get("d", ""))[0] == 8 + 284 / 4
    assert [one.text for one in drawn.iter("text")] == ["\N{MINUS SIGN}50", "50", "150"]


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        (0.004, ("fewer than 1", "more than 99")),
        (0.006, ("1", "99")),
        (0.48, ("48", "52")),
        (0.997, ("more than 99", "fewer than 1")),
    ],
)
def test_of_a_hundred_patients_never_none_and_never_all(risk: float, words: tuple[str, str]) -> None:
    assert of_hundred(risk) == words
    drawn = ElementTree.fromstring(figures.icon_array(risk, "Death", "Alive"))
    assert drawn.get("aria-label") == f"Of 100 such patients, {words[0]}: Death; {words[1]}: Alive"


def recorded(folder: Path, evaluation: dict[str, Any]) -> Path:
    folder.mkdir()
    cohort = {"name": "somewhere", "provenance": {"description": "Patients of somewhere", "citation": "A. Author"}}
    checks = [{"severity": "warning", "title": "Too few", "finding": "9 of them"}, {"severity": "note", "title": "x"}]
    for name, content in (("evaluation", evaluation), ("cohort", cohort), ("run", {"checks": checks})):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def said_of(state: State, model: str, record: Path | None) -> Validity:
    served = state.models.get(model)
    return validity_of(replace(served, version=replace(served.version, record=record)))


def test_how_a_model_was_validated_is_what_its_record_says(state: State, tmp_path: Path) -> None:
    auc = {"estimate": 0.78123, "lower": 0.7, "upper": 0.85, "n": 200, "events": 50}
    slope = {"estimate": 0.95, "lower": 0.8, "upper": 1.1}
    absent = {"absent": "one outcome class only"}
    event = {
        "basis": "out-of-fold",
        "n": 200,
        "events": 50,
        "measures": {"auc": auc, "calibration_slope": slope, "observed_expected_ratio": absent},
    }
    found = said_of(state, EVENT, recorded(tmp_path / "event", event))
    assert (found.basis, found.patients, found.cohort) == (
        "out-of-fold",
        "200 patients, 50 with the event",
        "somewhere",
    )
    assert [row[:2] for row in found.rows] == [
        ("Area under the ROC curve", "0.781 (0.700 to 0.850)"),
        ("Calibration slope", "0.95 (0.80 to 1.10)"),
    ]
    assert found.observed == 0.25
    assert found.checks == ("Too few: 9 of them",)
    assert (found.source, found.citation) == ("Patients of somewhere", "A. Author")
    horizon = {"day": 42.0, "measures": {"horizon_auc": auc, "calibration_slope": absent}}
    times = {**event, "measures": {"harrell_c": auc}, "horizons": [horizon]}
    found = said_of(state, TIMES, recorded(tmp_path / "times", times))
    assert found.rows[-1][:2] == ("AUC at the horizon, 6 weeks (day 42)", "0.781 (0.700 to 0.850)")
    amount = {"basis": "out-of-fold", "n": 200, "measures": {"coverage_80": {**auc, "estimate": 0.8}}}
    found = said_of(state, LOSS, recorded(tmp_path / "amount", amount))
    assert found.patients == "200 patients"
    assert found.rows[0][0] == "Coverage of 80% intervals"


def test_a_record_that_is_not_there_or_not_whole_is_said_to_be_so(state: State, tmp_path: Path) -> None:
    broken = recorded(tmp_path / "broken", {"n": 3})
    for record in (None, tmp_path / "nowhere", broken):
        assert "not known" in said_of(state, EVENT, record).absent


def test_a_record_that_comes_later_is_read_then(state: State, tmp_path: Path) -> None:
    assert "not known" in said_of(state, EVENT, tmp_path / "late").absent
    recorded(tmp_path / "late", {"basis": "out-of-fold", "n": 200, "events": 50, "measures": {}})
    assert said_of(state, EVENT, tmp_path / "late").basis == "out-of-fold"
