"""The section that says whether there were patients enough."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from spinecast.reporting import RunRecord
from spinecast.reporting.document import Callout, Table
from spinecast.reporting.sections.sample_size import sample_size_section
from spinecast.statistics import Estimate
from spinecast.validation import Predictions
from spinecast.validation.adequacy import Anticipated, judge_development, judge_validation

REACHED = Estimate(0.78, 0.75, 0.81, 1858, 840, "DeLong")


def test_a_development_shows_every_criterion_and_what_was_assumed(record: RunRecord) -> None:
    found = judge_development(1858, 840, 840 / 1858, 26, Anticipated(), REACHED)
    record.run["sample_size"] = found
    blocks = sample_size_section(record).blocks
    table = next(block for block in blocks if isinstance(block, Table))
    assert len(table.rows) == len(found["required"]["criteria"])
    for shown, criterion in zip(table.rows, found["required"]["criteria"], strict=True):
        assert shown.cells[1].replace(",", "") == str(criterion["n"])
        assert shown.cells[2] == ("met" if criterion["n"] <= 1858 else "not met")
    assert [row.strong for row in table.rows].count(True) == 1
    text = str(blocks)
    assert "the study declares nothing" in text
    assert "Cox-Snell R²" in text
    assert "the out-of-fold AUC of 0.780, which this run reached itself" in text
    callout = next(block for block in blocks if isinstance(block, Callout))
    assert callout.tone == ("good" if found["adequacy"]["suffices"] else "warning")


def test_a_validation_that_is_too_small_says_so(record: RunRecord) -> None:
    draw = np.random.default_rng(1)
    risk = expit(draw.normal(-0.5, 1, 200))
    made = Predictions(risk, (draw.random(200) < risk).astype(float), None, None, "external")
    record.run["sample_size"] = judge_validation(made, (0.2, 0.5))
    text = str(sample_size_section(record).blocks)
    assert "Too few patients" in text
    assert "Assumed sensitivity at 0.2" in text
    assert "linear predictor c statistic" not in text


def test_what_cannot_be_said_says_why(record: RunRecord) -> None:
    record.run["sample_size"] = {
        "purpose": "validation",
        "at_hand": {},
        "assumed": "a",
        "absent": "all risks are equal",
    }
    assert "not available: all risks are equal" in str(sample_size_section(record).blocks)
    del record.run["sample_size"]
    assert "not available: not recorded in this run" in str(sample_size_section(record).blocks)
