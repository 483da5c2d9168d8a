"""A search that was cut short, and what else the command line changed, worked out from counts of the record."""

from __future__ import annotations

from typing import Any

import pytest

from spinecast.reporting import RunRecord, build_report, render_html
from spinecast.reporting.document import Callout, Facts, Table
from spinecast.reporting.sections.changes import changed_on_command_line, short_search
from spinecast.reporting.sections.limitations import limitations_section
from spinecast.reporting.sections.study import study_section, tuning_section
from spinecast.reporting.sections.summary import summary_section

from .fixture_study import CANDIDATES, TRIALS

ASKED = {name: TRIALS for name, *_ in CANDIDATES}


def cut(record: RunRecord, trials: dict[str, int]) -> RunRecord:
    """Leave each named candidate that many trials in every split."""
    record.run["study_file_trials"] = dict(ASKED)
    for candidate in record.tuning["candidates"]:
        for split in candidate["splits"]:
            del split["trials"][trials.get(candidate["name"], TRIALS) :]
    return record


@pytest.mark.usefixtures("undrawn")
def test_a_short_search_is_said_where_a_reader_cannot_miss_it(record: RunRecord) -> None:
    cut(record, dict.fromkeys(ASKED, 4))
    found = short_search(record)
    assert found is not None
    assert found.title == "Short search (4 trials a candidate)"
    assert found.text.startswith("Every candidate had 4 trials in each split where the study file asks for 25.")
    summary = summary_section(record).blocks
    warning = next(block for block in summary if isinstance(block, Callout))
    assert (warning.tone, warning.title) == ("warning", found.title)
    assert summary.index(warning) == 1, "before any number"
    assert any(isinstance(block, Callout) and block.title == found.title for block in tuning_section(record).blocks)
    facts = next(block for block in limitations_section(record).blocks if isinstance(block, Facts))
    assert (found.title, found.text) in facts.items
    assert ("Search", "short: 4 trials a candidate") in build_report(record).meta


def test_only_candidates_with_fewer_trials_are_named(record: RunRecord) -> None:
    cut(record, {"xgboost": 4, "neural_network": 1, "random_forest": 4})
    found = short_search(record)
    assert found is not None
    assert found.title == "Short search (1 to 4 trials a candidate)"
    assert found.text.startswith(
        "Random forest and Gradient-boosted trees (XGBoost) had 4 trials in each split where the study file asks for "
        "25; Neural network had 1 trial in each split where the study file asks for 25."
    )


def test_one_split_cut_short_counts(record: RunRecord) -> None:
    cut(record, {})
    assert short_search(record) is None
    del record.tuning["candidates"][2]["splits"][3]["trials"][7:]
    found = short_search(record)
    assert found is not None
    assert "had 7 trials" in found.text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("asked", [None, {}, {"absent": "the file is gone"}, dict.fromkeys(ASKED, TRIALS)])
def test_a_search_as_long_as_asked_or_of_unknown_length_is_not_called_short(
    record: RunRecord, asked: dict[str, Any] | None
) -> None:
    record.run["study_file_trials"] = asked
    assert short_search(record) is None
    assert "Short search" not in render_html(build_report(record))


def test_more_trials_than_asked_are_not_short(record: RunRecord) -> None:
    record.run["study_file_trials"] = dict.fromkeys(ASKED, 3)
    assert short_search(record) is None


def test_what_was_changed_stands_beside_what_the_file_says(record: RunRecord) -> None:
    assert changed_on_command_line(record) == []
    record.run["overrides"] = [
        {"key": "tuning.trials", "study_file": 25, "run": 4},
        {"key": "final", "study_file": {"kind": "ensemble", "of": ["a", "b"]}, "run": {"kind": "winner"}},
        {"key": "seed", "study_file": {"absent": "the file is gone"}, "run": 2},
    ]
    table = next(block for block in study_section(record).blocks if isinstance(block, Table))
    assert [one.cells for one in table.rows] == [
        ("tuning.trials", "25", "4"),
        ("final", "kind ensemble, of a, b", "kind winner"),
        ("seed", "not available: the file is gone", "2"),
    ]
