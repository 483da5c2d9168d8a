"""What the report says of the outcome: what it is drawn from, and how death before the assessment was counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from spinecast.reporting import RunRecord
from spinecast.reporting.document import Callout, Facts
from spinecast.reporting.sections.outcome import death_before_assessment, outcome_section

CONFIGS = Path(__file__).parents[2] / "configs"


def outcome_of(study: str) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((CONFIGS / f"{study}.yaml").read_text(encoding="utf-8"))["outcome"]
    return written


@pytest.mark.parametrize(
    ("study", "said"),
    [
        ("ambulation/walking_30d", "competing"),  # the dead do not walk: they count as without the good outcome
        ("ambulation/walking_90d", "excluded"),
        ("ambulation/not_walking_180d", "competing"),
        ("ambulation/loss_of_walking_365d", "competing"),
        ("radiotherapy/sbrt_local_progression_2y", "competing"),
    ],
)
def test_each_delivered_study_says_what_became_of_the_dead(study: str, said: str) -> None:
    found = death_before_assessment(outcome_of(study))
    assert found is not None
    assert found[0].endswith(f"({said})")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"handling": "composite"}, "(composite)"),
        ({"handling": "exclude"}, "(excluded)"),
        ({"handling": "competing"}, "(competing)"),
    ],
)
def test_a_competing_event_is_said_as_it_was_handled(changes: dict[str, str], said: str) -> None:
    found = death_before_assessment(outcome_of("implants/implant_failure_2y") | changes)
    assert found is not None
    assert said in found[0]


def test_a_state_that_counts_the_dead_is_a_composite() -> None:
    outcome = outcome_of("ambulation/not_walking_180d")
    found = death_before_assessment(outcome | {"event_levels": ["not_ambulatory", "died_before_assessment"]})
    assert found is not None
    assert "(composite)" in found[0]


@pytest.mark.parametrize(
    "outcome",
    [
        {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90},
        {"kind": "binary", "variable": "surgical_site_infection", "event_levels": ["present"]},
        {"kind": "binary", "variable": "unknown_to_the_dictionary", "event_levels": ["present"]},
        {},
    ],
)
def test_outcomes_without_such_a_death_say_nothing(outcome: dict[str, Any]) -> None:
    assert death_before_assessment(outcome) is None


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        ("blood_loss/massive_blood_loss", {"Drawn from": "intraoperative_blood_loss: at least 2500 mL"}),
        (
            "implants/implant_failure_2y",
            {
                "Horizon": "730 days from study entry",
                "Drawn from": "implant_failure_time and implant_failure_status",
                "Counts as the event": "implant_failure",
                "Competes with it": "death",
                "Censored before the horizon": "not counted; the others are weighted",
            },
        ),
        ("ambulation/walking_90d", {"Levels left out": "died_before_assessment"}),
    ],
)
def test_every_kind_of_outcome_is_defined(record: RunRecord, study: str, expected: dict[str, str]) -> None:
    record.study["outcome"] = outcome_of(study)
    section = outcome_section(record)
    facts = dict(next(block for block in section.blocks if isinstance(block, Facts)).items)
    for name, text in expected.items():
        assert facts[name].startswith(text)
    assert any(isinstance(block, Callout) for block in section.blocks) is (study != "blood_loss/massive_blood_loss")


def test_a_landmark_is_said(record: RunRecord) -> None:
    record.study["outcome"] = {"kind": "landmark", "horizon_days": 90, "landmark_days": 30, "time": "t", "event": "e"}
    (facts,) = (block for block in outcome_section(record).blocks if isinstance(block, Facts))
    assert dict(facts.items)["Horizon"] == "90 days from day 30, among patients under observation then"
