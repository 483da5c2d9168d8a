"""The page and its figures, and the command line."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from spinecast.cli.evidence import app
from spinecast.errors import SpinecastError
from spinecast.evidence.pooling import Pooled, Recipe, pool
from spinecast.evidence.printed import check_summaries
from spinecast.evidence.reading import find_table, read_results
from spinecast.evidence.results import Flag, PublishedResult
from spinecast.evidence.selection import Selection, select
from spinecast.notices import RESEARCH_USE
from spinecast.reporting.evidence_page import build_evidence_page, evidence_page
from spinecast.reporting.figures.forest import Axis, ForestRow, forest_plot
from spinecast.reporting.figures.funnel import FunnelPoint, funnel_plot

HOSTILE = '<script>alert("1")</script>\'"><img src=https://example.org onerror=x>{{ 7 * 7 }}'
RUN = CliRunner()


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture(scope="module")
def at_90d() -> Pooled:
    return pool(select(read_results(find_table(None)), Selection("90d")), Recipe())


def test_the_page_says_the_values_the_source_and_what_does_not_follow(at_90d: Pooled) -> None:
    page = evidence_page(at_90d, "published_auc.csv", check_summaries())
    for part in (
        RESEARCH_USE,
        "0.789 (95% interval 0.749 to 0.825)",
        "0.656 to 0.880",
        "J Clin Med 2025;14:5885",
        "Printed .762 (.704–.717), an interval that does not hold its own estimate",
        "Multiple imputation of 2,074 patients",
    ):
        assert part in page, part
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page
    assert page == evidence_page(at_90d, "published_auc.csv", check_summaries())


def test_every_figure_has_its_numbers(at_90d: Pooled) -> None:
    figures = {figure.key: figure for figure in build_evidence_page(at_90d, "t.csv").figures()}
    assert list(figures) == ["forest", "leave-one-out", "small-studies-plot"]
    assert [len(figure.table.rows) for figure in figures.values()] == [11, 10, 10]
    for figure in figures.values():
        ids = re.findall(r' id="([^"]+)"', figure.svg)
        assert all(name.startswith(figure.key) for name in ids)
    shown = texts(figures["forest"].svg)
    for text in ("Fenn 2024 [a]", "0.85 (0.83–0.87)", "13.5%", "0.789 (0.749 to 0.825)", "Prediction interval"):
        assert text in shown
    assert {str(number) for number in range(1, 11)} <= set(texts(figures["small-studies-plot"].svg))


def test_the_forest_plot_draws_what_it_is_given() -> None:
    rows = [ForestRow("A", 0.7, 0.6, 0.8, 0.25), ForestRow("B", 0.8, 0.7, 0.9, 0.75)]
    svg = forest_plot(rows, ForestRow("Pooled", 0.78, 0.7, 0.85), (0.6, 0.9), Axis("AUC"), "f")
    assert {"0.700 (0.600 to 0.800)", "25.0%", "0.600 to 0.900", "Pooled"} <= set(texts(svg))
    without = forest_plot(rows, ForestRow("Pooled", 0.78, 0.7, 0.85), None, Axis("AUC"), "f")
    assert "Prediction interval" not in texts(without)
    ratio = forest_plot(
        [ForestRow("A", 0.5, 0.2, 1.2)], ForestRow("P", 0.6, 0.3, 1.1), None, Axis("O/E", ratio=True), "f"
    )
    assert {"0.2", "0.5", "1"} <= set(texts(ratio))


def test_small_studies_plot_takes_every_scale_and_points_in_one_place() -> None:
    points = [FunnelPoint(str(place), 1.0, 0.2) for place in range(4)]
    for scale, ticks in (("logit", "0.70"), ("log", "2"), ("raw", "1.00")):
        svg = funnel_plot(points, 1.0, 0.05, (0.9, 0.1), Axis("AUC"), "f", scale=scale)
        assert ticks in texts(svg)
        assert {"1", "2", "3", "4"} <= set(texts(svg))


@pytest.mark.parametrize("k", [2, 3])
def test_few_results_and_hostile_names_make_a_page(k: int) -> None:
    table = [
        PublishedResult(
            f"{HOSTILE}{place}",
            f"{HOSTILE}{place}",
            "mine.csv:2",
            auc=0.7 + place / 50,
            lower=0.6,
            upper=0.85,
            model=HOSTILE,
            source=HOSTILE,
            printed=HOSTILE,
            flags=(Flag(HOSTILE, HOSTILE),),
        )
        for place in range(k)
    ]
    page = evidence_page(pool(select(table, Selection()), Recipe()), HOSTILE)
    assert "<script>alert" not in page
    assert "<img src" not in page
    assert "{{ 7 * 7 }}" in page
    assert "not available" in page if k == 2 else "Influence of each study" in page


# The command line.


def test_pool_prints_and_writes(tmp_path: Path) -> None:
    target = tmp_path / "pages" / "forest.html"
    done = RUN.invoke(app, ["pool", "--outcome", "90d", "--output", str(target)])
    assert done.exit_code == 0
    for part in ("0.789 (0.749 to 0.825)", "0.656 to 0.880", ".762 (.704–.717)", "fenn_2024_90d", RESEARCH_USE):
        assert part in done.stdout
    assert "<svg" in target.read_text(encoding="utf-8")
    assert [path.name for path in target.parent.iterdir()] == ["forest.html"]


def test_pool_as_json() -> None:
    done = RUN.invoke(app, ["pool", "--outcome", "1y", "--exclude", "Shah 2021", "--json"])
    answer = json.loads(done.stdout)
    assert answer["recipe"]["method"] == "reml"
    assert answer["auc"]["studies"] == 9
    assert answer["auc"]["estimate"] == pytest.approx(0.7903923, abs=1e-6)  # metafor 3.8.1 without Shah 2021
    assert {"lower", "upper"} == set(answer["prediction_interval"])
    assert len(answer["studies"]) == len(answer["leave_one_out"]) == len(answer["influence"]) == 9
    assert sum(study["weight"] for study in answer["studies"]) == pytest.approx(1)
    assert answer["left_out"] == [{"id": "shah_2021_1y", "study": "Shah 2021", "why": "excluded on request"}]
    assert answer["notices"] == [RESEARCH_USE]
    fixed = json.loads(RUN.invoke(app, ["pool", "--outcome", "90d", "--method", "fixed", "--json"]).stdout)
    assert fixed["recipe"]["interval"] == "wald"
    assert "absent" in fixed["prediction_interval"]


def test_list_and_check_print_what_is_known() -> None:
    done = RUN.invoke(app, ["list", "external_validation", "--outcome", "90d"])
    assert "fenn_2024_90d_complete_case" in done.stdout
    assert "imputed_and_complete_cases_differ" in done.stdout
    ratios = RUN.invoke(app, ["list", "external_validation", "--outcome", "90d", "--ratio", "oe"])
    assert "0.951" in ratios.stdout
    listed = json.loads(RUN.invoke(app, ["list", "--stage", "training", "--json"]).stdout)
    assert len(listed["results"]) == 6
    checked = RUN.invoke(app, ["check"])
    assert "an interval that does not hold its own estimate" in " ".join(checked.stdout.split())
    assert len(json.loads(RUN.invoke(app, ["check", "--json"]).stdout)) == 19


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pool", "nothing.csv", "--outcome", "90d"], "there is no table"),
        (["pool"], "several outcomes"),
        (["pool", "--outcome", "90d", "--method", "remle"], "did you mean reml?"),
        (["pool", "--outcome", "90d", "--scale", "log"], "--scale cannot be 'log'"),
        (["pool", "--outcome", "90d", "--interval", "hk"], "--interval cannot be 'hk'"),
        (["pool", "--outcome", "90d", "--method", "fixed", "--interval", "hartung-knapp"], "belongs to random effects"),
        (["pool", "--outcome", "90d", "--ratio", "auc"], "--ratio cannot be 'auc'"),
        (["pool", "external_validation", "--outcome", "90d", "--ratio", "oe"], "nothing to pool it with"),
        (["pool", "--outcome", "90d", "--ratio", "oe", "--scale", "raw"], "--scale is of AUCs"),
        (["pool", "--outcome", "90d", "--output", "page.pdf"], "a name that ends in .html"),
        (["pool", "--outcome", "90d", "--standard-error", "delta"], "one of limits, width"),
        (["list", "--model", "SORG-MLB"], "did you mean 'SORG-MLA'?"),
    ],
)
def test_bad_input_has_one_message(arguments: list[str], message: str) -> None:
    done = RUN.invoke(app, arguments)
    assert isinstance(done.exception, SpinecastError)
    assert message in str(done.exception)


def test_it_works_from_anywhere_and_ends_with_status_2(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "spinecast", "evidence", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    done = run("pool", "--outcome", "90d")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0.789 (0.749 to 0.825)" in done.stdout
    wrong = run("pool", "--outcome", "90")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: the table holds nothing of outcome '90'")
    assert "Traceback" not in wrong.stderr
