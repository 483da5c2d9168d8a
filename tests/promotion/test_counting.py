"""Whether a validation counts: every way we thought of to have another question, or the same patients, pass for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from promotion import made_versions as made

from spinecast.promotion.counting import why_not_counted
from spinecast.reporting.records.recorded import Recorded

IDENTITY = "a1b2" * 16
DEATH = {"kind": "horizon", "time": "follow_up_time", "event": "death", "horizon_days": 90}
FRACTURE = {
    "kind": "competing_horizon", "time": "vertebral_fracture_time", "status": "vertebral_fracture_status",
    "event_levels": ["vertebral_fracture"], "horizon_days": 730, "competing_levels": ["death"],
}  # fmt: skip
RISKS = {
    "kind": "competing_risks", "time": "local_progression_time", "status": "local_progression_status",
    "causes": ["local_progression", "death"], "horizons_days": [365],
}  # fmt: skip
TIME = {"kind": "time_to_event", "time": "follow_up_time", "event": "death", "horizons_days": [90, 365]}
GRADE = {"kind": "ordinal", "variable": "frankel_grade_30d", "combined_levels": [["a", "b"]], "death": "worst_level"}
LOSS = {"kind": "quantity", "variable": "intraoperative_blood_loss", "thresholds": [500]}
MASSIVE = {"kind": "threshold", "variable": "intraoperative_blood_loss", "threshold": 2500.0, "unit": "mL"}
WALKING = {
    "kind": "binary", "variable": "ambulation_30d", "event_levels": ["not_ambulatory", "died_before_assessment"],
    "excluded_levels": [],
}  # fmt: skip


def asked(predicted: dict[str, Any], **changes: Any) -> str:
    """Why a validation of one outcome does not count for a model of another, as their records hold them."""
    own, record = made.development(), made.validation(IDENTITY)
    own.study["outcome"] = predicted
    definition = {**predicted, **changes}
    definition["kind"] = "".join(part.capitalize() for part in definition["kind"].split("_")) + "Outcome"
    record.about["outcome"]["definition"] = definition
    return counted(record, own)


def counted(record: Any, own: Any = None, development: Any = None, *, made_up_allowed: bool = False) -> str:
    of_version = Recorded.of(own or made.development())
    before = of_version if development is None else Recorded.of(development)
    return why_not_counted(Recorded.of(record), IDENTITY, of_version, before, made_up_allowed=made_up_allowed)


@pytest.mark.parametrize("outcome", [DEATH, FRACTURE, RISKS, TIME, GRADE, LOSS, MASSIVE, WALKING])
def test_the_outcome_of_the_model_counts_however_it_is_called_and_censored_patients_are_met(
    outcome: dict[str, Any],
) -> None:
    assert asked(outcome) == ""
    assert asked(outcome, label="Something else") == ""
    if outcome["kind"] in ("horizon", "competing_horizon"):
        assert asked(outcome, censored="ipcw") == ""
        assert asked(outcome, horizon_days=float(outcome["horizon_days"])) == ""


def test_levels_in_another_order_and_days_of_a_model_of_times_are_no_other_question() -> None:
    assert asked(WALKING, event_levels=WALKING["event_levels"][::-1]) == ""
    assert asked(RISKS, causes=RISKS["causes"][::-1]) == ""
    assert asked(TIME, horizons_days=[30]) == ""  # day by day is for the gates to judge


@pytest.mark.parametrize(
    ("predicted", "judged", "words"),
    [
        (DEATH, {"horizon_days": 60}, "it judges day 60, and the model predicts day 90"),
        # Another event on the same day.
        (DEATH, {"event": "reoperation"}, "another outcome than the model predicts: event reoperation and not death"),
        (DEATH, {"time": "local_progression_time"}, "time local_progression_time and not follow_up_time"),
        (DEATH, {"event": "reoperation", "horizon_days": 60}, "horizon days 60 and not 90"),
        (DEATH, {"kind": "landmark", "landmark_days": 30}, "another outcome: landmark, and the model predicts horizon"),
        (FRACTURE, {"handling": "composite"}, "handling composite and not competing"),
        (FRACTURE, {"time": "implant_failure_time"}, "time implant_failure_time and not vertebral_fracture_time"),
        (FRACTURE, {"horizon_days": 365}, "it judges day 365, and the model predicts day 730"),
        (
            RISKS,
            {"status": "vertebral_fracture_status", "causes": ["vertebral_fracture", "death"]},
            "causes vertebral_fracture and death and not local_progression and death",
        ),
        (TIME, {"event": "reoperation"}, "event reoperation and not death"),
        (TIME, {**DEATH}, "another outcome: horizon, and the model predicts time to event"),
        (GRADE, {"death": None, "excluded_levels": ["died_before_assessment"]}, "death none and not worst_level"),
        (GRADE, {"combined_levels": []}, "combined levels none and not a with b"),
        (GRADE, {"variable": "nurick_grade_30d", "combined_levels": [["0", "1"]]}, "variable nurick_grade_30d and not"),
        (LOSS, {"variable": "transfused_volume"}, "variable transfused_volume and not intraoperative_blood_loss"),
        (LOSS, MASSIVE, "another outcome: threshold, and the model predicts quantity"),
        (MASSIVE, {"threshold": 2000.0}, "threshold 2000 and not 2500"),
        (MASSIVE, {"comparison": "at_most"}, "comparison at_most and not at_least"),
        (WALKING, {"event_levels": ["ambulatory"]}, "event levels ambulatory and not not_ambulatory and died"),
        (
            WALKING,
            {"event_levels": ["not_ambulatory"], "excluded_levels": ["died_before_assessment"]},
            "excluded levels died_before_assessment and not none",
        ),
        (WALKING, {"variable": "ambulation_90d"}, "variable ambulation_90d and not ambulation_30d"),
    ],
)  # fmt: skip
def test_another_outcome_does_not_count_and_is_named(
    predicted: dict[str, Any], judged: dict[str, Any], words: str
) -> None:
    assert words in asked(predicted, **judged)


@pytest.mark.parametrize("definition", [None, {}, {"kind": "HorizonOutcome"}, {"kind": "Horizon", "event": "death"}])
def test_an_outcome_that_is_not_in_the_record_is_not_taken_for_the_models(definition: Any) -> None:
    record = made.validation(IDENTITY)
    record.about["outcome"]["definition"] = definition
    assert counted(record) == "which outcome it judges, or the model predicts, cannot be read in its record"
    record, own = made.validation(IDENTITY), made.development()
    own.study["outcome"] = definition
    assert "cannot be read in its record" in counted(record, own)


def test_the_patients_of_training_and_of_an_update_do_not_count_whatever_the_validation_knew_of_them() -> None:
    record = made.validation(IDENTITY)
    assert counted(record) == ""
    record.about["development"] = {}  # as where the model was validated from a folder, with no registry at hand
    assert counted(record) == ""
    trained = made.development()
    record.about["cohort"]["fingerprint"] = trained.cohort["fingerprint"]
    assert counted(record) == "its patients are those the model was made from"
    updated = copy.deepcopy(made.validation("b" * 64, fingerprint="77" * 32))
    updated.about["kind"] = "update"
    assert counted(record, updated, trained) == "its patients are those the model was made from"
    again = made.validation(IDENTITY, fingerprint="77" * 32)
    assert counted(again, updated, trained) == "its patients are those the model was made from"


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        (("about", "source"), {"identity": "c" * 64}, "it is of another model"),
        (("about",), {"kind": "update"}, "it is of another model"),
        (("about", "cohort"), {"kind": "synthetic"}, "its patients are made up"),
        (("about", "cohort"), {"kind": None}, "its patients are made up"),
        (("findings", "overlap"), {"shared": 1}, "1 of its patients stand in the development cohort too"),
        (
            ("findings",),
            {"overlap": {}},
            "whether its patients stand in the development cohort too is not in its record",
        ),
        (
            ("findings",),
            {"met_before": [{"role": "updating", "shared": 0}, {"role": "updating", "shared": 7}]},
            "7 of its patients stand in the updating cohort too",
        ),
        (("about", "source"), {"ranks_only": "a score without risks"}, "only the ranking was judged"),
    ],
)
def test_what_is_no_validation_on_other_real_patients_says_why(
    place: tuple[str, ...], change: dict[str, Any], words: str
) -> None:
    record = made.validation(IDENTITY)
    at: dict[str, Any] = getattr(record, place[0])
    for key in place[1:]:
        at = at[key]
    at.update(change)
    assert words in counted(record)


def test_made_up_patients_will_do_for_a_model_of_made_up_patients() -> None:
    record = made.validation(IDENTITY)
    record.about["cohort"]["kind"] = "synthetic"
    assert counted(record, made_up_allowed=True) == ""
