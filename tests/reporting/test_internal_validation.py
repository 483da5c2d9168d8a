"""The section on internal validation: every basis named, what was not repeated said, absences with their reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from spinecast.reporting import RunRecord
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Callout, Figure, Section, Table
from spinecast.reporting.sections.internal_validation import (
    corrected_too_little,
    internal_validation_section,
    not_tuned_again,
)
from spinecast.reporting.sections.limitations import limitations_section

Alter = Callable[[str, Any], RunRecord]


def tables(section: Section) -> dict[str, Table]:
    found = {block.caption: block for block in section.blocks if isinstance(block, Table)}
    return found | {block.key: block.table for block in section.blocks if isinstance(block, Figure)}


def test_every_basis_stands_in_one_row(record: RunRecord) -> None:
    table = tables(internal_validation_section(record))["The same measures on every basis, with 95% intervals"]
    assert table.header == (
        "Measure",
        "Apparent",
        "Optimism",
        "Optimism-corrected",
        ".632+",
        "Out-of-fold, nested",
        "Out-of-fold, 3 repeats",
    )
    auc = record.internal["bootstrap"]["measures"]["auc"]
    shown = table.rows[0].cells
    assert shown[1].startswith(fmt.number(auc["apparent"]["estimate"]))
    assert shown[3].startswith(fmt.number(auc["optimism_corrected"]["estimate"]))
    assert shown[5].startswith(fmt.number(record.evaluation["measures"]["auc"]["estimate"]))
    notes = " ".join(table.notes)
    assert "12 bootstrap resamples of patients, 12 usable" in notes
    assert "never quote it alone" in notes
    assert "Fewer than 100 resamples" in notes
    assert "Over the repeats the AUC ran from" in notes


def test_it_says_where_tuning_was_not_repeated(record: RunRecord) -> None:
    said = not_tuned_again(record)
    assert "of: bootstrap, internal-external validation and learning curve." in said
    assert "optimistic to that degree" in said
    assert any(isinstance(b, Callout) and b.text == said for b in internal_validation_section(record).blocks)
    assert any(said in str(block) for block in limitations_section(record).blocks)
    for part in ("bootstrap", "internal_external", "learning_curve"):
        record.internal[part]["tuning"] = "repeated"
    assert not_tuned_again(record) == ""
    tuned = [block.title for block in internal_validation_section(record).blocks if isinstance(block, Callout)]
    assert "Tuning was not repeated" not in tuned


@pytest.mark.parametrize(("above", "warned"), [(0.01, True), (-0.01, False)])
def test_a_correction_too_small_is_warned_of(record: RunRecord, above: float, warned: bool) -> None:
    upper = record.evaluation["measures"]["auc"]["upper"]
    record.internal["bootstrap"]["measures"]["auc"]["optimism_corrected"]["estimate"] = upper + above
    text = str(internal_validation_section(record))
    assert ("Too little optimism is taken off" in text) == warned


def test_the_warning_names_the_measure_and_632_plus_only_where_it_was_computed() -> None:
    nested = {"harrell_c": {"estimate": 0.69, "lower": 0.67, "upper": 0.70}}
    found = {
        "optimism_corrected": {"estimate": 0.74, "lower": 0.72, "upper": 0.76},
        "bootstrap_632_plus": {"absent": "-"},
    }
    said = corrected_too_little("Harrell's C", "harrell_c", {"measures": {"harrell_c": found}}, nested)
    assert said.startswith("The optimism-corrected Harrell's C, 0.740, lies above")
    assert ".632+" not in said
    found["bootstrap_632_plus"] = {"estimate": 0.71}
    assert ".632+" in corrected_too_little("C", "harrell_c", {"measures": {"harrell_c": found}}, nested)
    assert corrected_too_little("C", "harrell_c", None, nested) == ""


def test_sites_with_their_pool_and_the_one_too_small_to_show(record: RunRecord) -> None:
    found = tables(internal_validation_section(record))["sites"]
    labels = [row.cells[0] for row in found.rows]
    assert labels == [*(f"Hospital {name}" for name in "ABCDEFG"), "Pooled", "Prediction interval"]
    assert found.rows[6].cells[1:3] == ("–", "–")
    assert any("fewer than 10 events" in note for note in found.notes)
    ends = record.internal["internal_external"]["pooled"]["auc"]["prediction"]
    assert found.rows[-1].cells[3] == fmt.interval(ends["lower"], ends["upper"])


def test_a_share_that_could_not_be_trained_on_is_named(record: RunRecord) -> None:
    found = tables(internal_validation_section(record))["learning-curve"]
    assert [row.cells[0] for row in found.rows] == ["10%", "25%", "50%", "100%"]
    assert found.rows[0].cells[3].startswith("not available")
    assert found.rows[3].cells[1] == "480"


def test_figures_hold_groups_and_no_patient(record: RunRecord) -> None:
    figures = {block.key: block for block in internal_validation_section(record).blocks if isinstance(block, Figure)}
    assert list(figures) == ["instability", "calibration-instability", "sites", "learning-curve"]
    assert len(figures["instability"].table.rows) == 20
    assert all("<svg" in figure.svg for figure in figures.values())


@pytest.mark.parametrize("part", ["bootstrap", "internal_external", "learning_curve", "instability"])
def test_one_part_may_be_absent(altered: Alter, part: str) -> None:
    record = altered(f"internal.{part}", {"absent": "the study does not ask for it"})
    text = str(internal_validation_section(record))
    assert ("(the study does not ask for it)" in text) == (part != "instability")


def test_a_record_from_before_and_a_study_that_asks_for_nothing(record: RunRecord) -> None:
    for name in record.internal:
        record.internal[name] = {"absent": "the study does not ask for it"}
    assert "the study asks for none" in str(internal_validation_section(record))
    record.internal.clear()
    record.internal["absent"] = "not part of this record"
    assert "not part of this record" in str(internal_validation_section(record))
    assert not_tuned_again(record) == ""


def test_sites_that_could_not_be_pooled_are_still_listed(record: RunRecord) -> None:
    for name in record.internal["internal_external"]["pooled"]:
        record.internal["internal_external"]["pooled"][name] = {"absent": "1 of 7 sites could be judged"}
    section = internal_validation_section(record)
    assert "sites" not in {block.key for block in section.blocks if isinstance(block, Figure)}
    assert "1 of 7 sites could be judged" in str(section)
