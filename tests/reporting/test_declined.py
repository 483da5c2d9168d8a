"""Whom a model would not answer stands on the page of its validation, few of them uncounted."""

from __future__ import annotations

from typing import Any

import pytest

from spinecast.reporting.document import Facts
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.sections.external_summary import judged_section


def facts(declined: dict[str, Any] | None) -> dict[str, str]:
    about = {
        "kind": "validation",
        "source": {"label": "A model", "kind": "model", "identity": "0" * 64, "note": "", "inputs": ["age"]},
        "development": {"name": "home", "n": 10, "events": 4, "kind": "real", "patients": True},
        "outcome": {"label": "Death", "definition": {"kind": "HorizonOutcome", "horizon_days": 90}},
        "lacking": [],
    }
    found = {"not_scored": 12} | ({} if declined is None else {"declined": declined})
    (block,) = judged_section(ExternalRecord(about, {}, {}, found)).blocks
    assert isinstance(block, Facts)
    return dict(block.items)


@pytest.mark.parametrize(
    ("patients", "limits", "said"),
    [
        (0, {}, "nobody: every patient is within the limits of the study"),
        (
            12,
            {"Albumin is not known": 9, "outside the development range": 3},
            "12 of 300: no risk would be given of them, so that none is judged. Albumin is not known (9) and outside "
            "the development range (fewer than 5).",
        ),
    ],
)
def test_they_are_counted_with_the_limit(patients: int, limits: dict[str, int], said: str) -> None:
    listed = [{"limit": limit, "patients": count} for limit, count in limits.items()]
    found = facts({"patients": patients, "of": 300, "limits": listed})
    assert found["Of these declined"] == said
    assert found["Patients it gives nothing"] == "12"


def test_a_model_without_limits_says_nothing_of_it() -> None:
    assert "Of these declined" not in facts(None)
