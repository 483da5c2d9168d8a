"""What was fitted again enters the checklist, the instruments and the methods; what was not is not spoken of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from spinecast.reporting.record import RunRecord
from spinecast.reporting.records.internal_words import fitted_again, sites
from spinecast.reporting.records.methods import write_methods
from spinecast.reporting.records.recorded import Recorded, resolve
from spinecast.reporting.records.writing import fill_forms

from ..fixture_evaluation import estimate

AUC = estimate(0.731, 0.02, 1858, 840)
INTERNAL: dict[str, Any] = {
    "bootstrap": {
        "resamples": 200,
        "usable": 198,
        "tuning": "fixed",
        "drawn": "patients",
        "measures": {"auc": {"optimism_corrected": AUC}},
        "notes": [],
    },
    "repeated_cross_validation": {"absent": "the study asks for none"},
    "internal_external": {
        "by": "site",
        "label": "Hospital",
        "tuning": "repeated",
        "sites": [
            {"label": "A", "n": 90},
            {"label": "B", "n": 80},
            {"label": "C", "n": 70},
            {"label": "2 others", "n": None},
        ],
        "pooled": {"auc": {**AUC, "i2": 0.42}, "calibration_slope": {"absent": "two sites only"}},
    },
    "learning_curve": {"absent": "the study asks for none"},
    "instability": {"absent": "the study asks for none"},
}


@pytest.fixture
def recorded(record: RunRecord) -> Recorded:
    record.internal.clear()
    record.internal.update(INTERNAL)
    return Recorded.of(record)


def test_resamples_and_their_tuning_are_said(recorded: Recorded) -> None:
    said = fitted_again(recorded)
    assert said is not None
    assert "198 of 200 bootstrap resamples, tuning not repeated in them" in said.text
    assert "; optimism-corrected: " in said.text
    assert "0.731 (0.711 to 0.751)" in said.text
    assert "repeated" not in said.text.replace("not repeated", "")


def test_sites_are_said_with_their_heterogeneity(recorded: Recorded) -> None:
    said = sites(recorded)
    assert said is not None
    assert "3 groups of Hospital" in said.text
    assert "; internal-external: " in said.text
    assert "I² 42%" in said.text


def test_they_enter_every_form_with_evidence(recorded: Recorded) -> None:
    answers = {(form.form, one.number): one for form in fill_forms(recorded) for one in form.answers}
    for form, number, part in (
        ("tripod_ai", "12c", "bootstrap"),
        ("tripod_ai", "12d", "internal_external"),
        ("tripod_ai", "23b", "internal_external"),
        ("probast_2019", "4.8", "bootstrap"),
        ("probast_ai_2025_eval", "4.6", "bootstrap"),
    ):
        pointer = f"internal.json#/{part}"
        assert pointer in answers[form, number].evidence
        assert resolve(recorded, pointer) == INTERNAL[part]
    methods = write_methods(recorded)
    assert any(reference.startswith("Harrell FE") for reference in methods.references)


def test_an_older_record_says_nothing_of_it(record: RunRecord) -> None:
    recorded = Recorded.of(replace(record, internal={"absent": "not part of this record"}))
    assert fitted_again(recorded) is None
    assert sites(recorded) is None
    assert "Internal validation" not in [heading for heading, _ in write_methods(recorded).paragraphs]
