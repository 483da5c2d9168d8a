from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from spinecast.reporting import Document, RunRecord, figures
from spinecast.reporting.figures.style import house_style, new_figure, number_axis, percent_axis, to_svg

LABELS = {"positive": "Died", "negative": "Alive"}
HOSTILE = 'x</text><script>alert("1")</script> $\\frac{1}{2$ #panic() \x00 \N{GRINNING FACE}'


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_every_figure_is_one_clean_element(document: Document) -> None:
    for figure in document.figures():
        root = ElementTree.fromstring(figure.svg)
        names = {node.tag.rpartition("}")[2] for node in root.iter()}
        assert names <= {"svg", "g", "path", "use", "text", "defs", "clipPath", "rect"}, figure.key
        assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", root.attrib["viewBox"])
        assert "nan" not in figure.svg.lower().replace("finance", "")


def test_ids_are_unique_in_the_document_and_every_reference_has_its_target(document: Document) -> None:
    seen: set[str] = set()
    for figure in document.figures():
        ids = re.findall(r'\bid="([^"]+)"', figure.svg)
        targets = re.findall(r'href="#([^"]+)"', figure.svg) + re.findall(r"url\(#([^)]+)\)", figure.svg)
        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"{figure.key}-") for name in ids)
        assert set(targets) == set(ids), "an id nobody uses, or a reference without target"
        assert not seen & set(ids)
        seen |= set(ids)


def test_figures_of_different_key_share_no_id(record: RunRecord) -> None:
    one, two = (figures.roc_plot(record.evaluation, key) for key in ("one", "two"))
    assert one.replace("one-", "two-") == two


def test_the_users_matplotlib_settings_change_nothing_and_come_back(record: RunRecord) -> None:
    usual = figures.roc_plot(record.evaluation, "roc")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert figures.roc_plot(record.evaluation, "roc") == usual
        assert matplotlib.rcParams["font.size"] == 30


def test_numbers_in_labels_keep_their_decimals() -> None:
    with house_style():
        figure = new_figure(3, 2)
        figure.add_subplot().text(0.5, 0.5, "0.123456")
        assert "0.123456" in texts(to_svg(figure, "key"))


def test_a_hostile_label_is_shown_as_it_is(record: RunRecord) -> None:
    variables = [{**entry, "label": HOSTILE} for entry in record.explanation["importance"][:2]]
    svg = figures.importance_plot(variables, "importance")
    assert "<script" not in svg
    assert any(text.startswith('x</text><script>alert("1")') for text in texts(svg))


def test_the_calibration_plot_zooms_to_small_risks(altered: Callable[[str, Any], RunRecord]) -> None:
    low = np.linspace(0.01, 0.18, 20).tolist()
    curve = {"predicted": low, "observed": low, "lower": None, "upper": None, "method": "spline"}
    record = altered("evaluation.calibration_curve", curve)
    record.evaluation["calibration_groups"] = []
    shown = texts(figures.calibration_plot(record.evaluation, "calibration", **LABELS))
    assert "15%" in shown
    assert "80%" not in shown
    assert "95% band" not in shown


def test_the_decision_curve_names_its_rivals(record: RunRecord) -> None:
    shown = texts(figures.decision_curve_plot(record.evaluation, "key"))
    assert {"Final model", "Treat all", "Treat none", "SUPPORT model, 2-month survival"} <= set(shown)
    assert "Physician's estimate, 2 months" not in shown


def test_a_model_without_a_measure_is_said_to_lack_it(record: RunRecord) -> None:
    row = figures.ComparisonRow("Other", {"auc": {"absent": "one class"}}, "candidate")
    final = figures.ComparisonRow("Final", record.evaluation["measures"], "final")
    assert texts(figures.comparison_plot([final, row], ["auc"], "key")).count("not available") == 1


def test_poor_trials_are_marked_not_drawn_to_scale(record: RunRecord) -> None:
    candidate = record.tuning["candidates"][0]
    candidate["splits"][0]["trials"][0]["log_loss"] = 25.0
    candidate["splits"][0]["trials"][1]["log_loss"] = None
    shown = texts(figures.tuning_history_plot([candidate], "key"))
    assert "25.00" not in shown
    assert "Trial above the scale" in shown


def test_the_flow_starts_at_a_first_step_that_excludes_nobody() -> None:
    steps = [{"step": "Adults", "reason": "", "excluded": 0, "remaining": 93}]
    shown = texts(figures.attrition_diagram(steps, "key", outcome=("Died", 40, "Alive", 53)))
    assert shown == ["Adults", "n = 93", "Died: n = 40", "Alive: n = 53"]


def test_the_flow_starts_at_the_source_even_when_the_first_step_excludes() -> None:
    steps = [{"step": "Adults", "reason": "Younger than 18", "excluded": 7, "remaining": 93}]
    shown = texts(figures.attrition_diagram(steps, "key", outcome=("Died", 40, "Alive", 53)))
    assert shown == [
        "In the source",
        "n = 100",
        "Left out: n = 7",
        "Younger than 18",
        "Adults",
        "n = 93",
        "Died: n = 40",
        "Alive: n = 53",
    ]


def test_waterfall_steps_add_up_to_the_log_odds(record: RunRecord) -> None:
    for patient in record.explanation["illustrative"]:
        steps = figures.waterfall_steps(patient, shown=4)
        assert [label for label, _ in steps][4:] == ["21 other variables"]
        total = patient["base_value"] + sum(contribution for _, contribution in steps)
        assert total == pytest.approx(patient["log_odds"], abs=1e-12)
        sizes = [abs(contribution) for _, contribution in steps[:4]]
        assert sizes == sorted(sizes, reverse=True)


def test_a_residual_is_a_bar_of_its_own(record: RunRecord) -> None:
    patient = record.explanation["illustrative"][0]
    patient["log_odds"] += 0.25
    label, contribution = figures.waterfall_steps(patient)[-1]
    assert label == "Not explained (residual)"
    assert contribution == pytest.approx(0.25)


def test_missing_and_constant_values_are_drawn() -> None:
    points = [{"value": None, "contribution": 0.1}, {"value": None, "contribution": 0.1}]
    constant = [{"value": 3.0, "contribution": 0.0}] * 3
    rows = [
        {"variable": "a", "label": "All missing", "unit": None, "levels": None, "points": points},
        {"variable": "b", "label": "Constant", "unit": "g", "levels": None, "points": constant},
        {"variable": "c", "label": "Levels", "unit": None, "levels": ["No", "So"], "points": points},
    ]
    assert "All missing" in texts(figures.beeswarm_plot(rows, "swarm"))
    assert texts(figures.dependence_plot(rows, "dependence")).count("not recorded") == 2


LONG = "Daily activities needing help (told by the patient)"


@pytest.mark.parametrize(
    "draw",
    [
        lambda _, rows: figures.importance_plot(rows, "key"),
        lambda _, rows: figures.missingness_plot(rows, "key", **LABELS),
        lambda record, rows: figures.waterfall_plot(
            {**record.explanation["illustrative"][0], "contributions": rows}, "key"
        ),
        lambda record, _: figures.comparison_plot(
            [figures.ComparisonRow(LONG, record.evaluation["measures"], "final")], ["auc"], "key"
        ),
    ],
)
def test_a_long_label_is_shown_whole_on_two_lines(
    draw: Callable[[RunRecord, list[dict[str, Any]]], str], record: RunRecord
) -> None:
    row = {"variable": "a", "label": LONG, "mean_absolute": 0.3, "proportion": 0.5}
    shown = " ".join(texts(draw(record, [{**row, "contribution": 0.3, "value_text": "2 activities"}])))
    assert LONG in shown
    assert "…" not in shown


def test_a_label_too_long_for_two_lines_keeps_its_end() -> None:
    row = {"label": f"{LONG} {LONG} in the last week", "mean_absolute": 0.3}
    shown = " ".join(texts(figures.importance_plot([row], "key")))
    assert "Daily activities" in shown
    assert "…" in shown
    assert "last week" in shown


def test_the_predicted_risk_is_written_inside_the_axes(record: RunRecord) -> None:
    for patient in record.explanation["illustrative"]:
        root = ElementTree.fromstring(figures.waterfall_plot(patient, "key"))
        width = float(root.attrib["viewBox"].split()[2])
        found = next(node for node in root.iter("{http://www.w3.org/2000/svg}text") if " to " in (node.text or ""))
        place = float(found.attrib.get("x") or found.attrib["transform"].split("(")[1].split()[0])
        assert 0.2 * width < place < width - 20


def test_ticks_close_together_are_told_apart() -> None:
    axes = new_figure(4.0, 3.0).add_subplot()
    axes.set_xlim(-0.02, 0.01)
    axes.set_xticks([-0.02, -0.015, -0.01, -0.005, 0.0, 0.005])
    number_axis(axes, "x", signed=True)
    labels = axes.xaxis.get_major_formatter().format_ticks(axes.get_xticks())
    assert labels == ["−0.020", "−0.015", "−0.010", "−0.005", "0.000", "+0.005"]
    percent_axis(axes, "x")
    shares = axes.xaxis.get_major_formatter()
    assert shares.format_ticks([0.0, 0.005, 0.01]) == ["0.0%", "0.5%", "1.0%"]
    assert shares.format_ticks([-0.1, 0.0, 0.1]) == ["−10%", "0%", "10%"]
