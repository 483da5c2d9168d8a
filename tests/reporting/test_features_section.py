"""The section on image features: acquisition item by item, scanners before and after, and what was kept."""

from __future__ import annotations

import copy

import pytest
from made_image_features import BLOCK

from spinecast.reporting import RunRecord, build_report, render_html
from spinecast.reporting.document import Callout, Figure, Section, Table
from spinecast.reporting.sections.features import ACQUISITION, features_section
from spinecast.training.study.features import Acquisition


@pytest.fixture
def section(record: RunRecord) -> Section:
    record.cohort["features"] = [copy.deepcopy(BLOCK)]  # type: ignore[index]
    found = features_section(record)
    assert found is not None
    return found


def tables(section: Section) -> dict[str, Table]:
    return {block.caption: block for block in section.blocks if isinstance(block, Table)}


@pytest.mark.usefixtures("undrawn")
def test_a_study_without_image_features_has_no_such_section(record: RunRecord) -> None:
    assert features_section(record) is None
    assert "Image features" not in [section.title for section in build_report(record).sections]


def test_every_item_of_the_acquisition_is_shown_stated_or_not(section: Section) -> None:
    assert set(ACQUISITION) == set(Acquisition.model_fields)
    shown = {row.cells[0]: row.cells[1] for row in tables(section)["Acquisition and computation: Planning CT"].rows}
    assert len(shown) == len(ACQUISITION)
    assert (shown["Modality"], shown["Slice thickness, mm"]) == ("CT", "2.5")
    assert shown["Agrees with the IBSI's reference values"] == "yes"
    assert "not stated" in shown["Segmentation"]


def test_what_harmonisation_did_is_said_with_where_it_was_learned(section: Section) -> None:
    text = str(section.blocks)
    assert "ComBat (parametric empirical Bayes" in text
    assert "leaving in them what goes with Age" in text
    assert "never from the outcome" in text
    assert "at most 2 were kept, by their mutual information" in text
    figure = next(block for block in section.blocks if isinstance(block, Figure))
    assert [row.cells for row in figure.table.rows] == [
        ("shape Volume", "60.0%", "2.0%"),
        ("glcm Contrast", "40.0%", "1.0%"),
    ]
    assert "no measure of the model" in figure.caption
    assert figure.svg.startswith("<svg")


def test_small_scanners_are_counted_as_small(section: Section) -> None:
    rows = [row.cells for row in tables(section)["Patients by scanner"].rows]
    assert rows == [
        ("a", "60", "20", "yes"),
        ("b", "27", "not shown", "yes"),
        ("c", "<5", "not shown", "no, too few patients"),
    ]
    (kept,) = tables(section)["Features kept, of 3"].rows
    assert kept.cells == ("Elastic net", "3", "1 to 2", "1")


def test_features_as_measured_have_no_second_dot(record: RunRecord) -> None:
    plain = copy.deepcopy(BLOCK) | {"harmonisation": {"kind": "none"}, "kept_effects": [], "kept": []}
    for share in plain["scanner_share"]:
        share["after"] = None
    record.cohort["features"] = [plain]  # type: ignore[index]
    section = features_section(record)
    assert section is not None
    assert "as the scanners gave them" in str(section.blocks)
    figure = next(block for block in section.blocks if isinstance(block, Figure))
    assert figure.table.header == ("Feature", "As measured")
    assert "no part of the final model uses them" in str([one for one in section.blocks if isinstance(one, Callout)])


@pytest.mark.usefixtures("undrawn")
def test_the_page_holds_it(record: RunRecord) -> None:
    record.cohort["features"] = [copy.deepcopy(BLOCK)]  # type: ignore[index]
    page = render_html(build_report(record))
    assert 'id="features"' in page
    assert "What scanners do to the features" in page
