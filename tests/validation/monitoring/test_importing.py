"""Outcomes that come back: what is recorded of them, what is refused, and that a log with them stays whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft
from spinecast.audit.retention import erase_older, hold
from spinecast.audit.verification import verify
from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.dictionary.outcomes import FOLLOWED
from spinecast.clinical.dictionary.quantities import DAYS
from spinecast.errors import AuditError, ContractError, SpinecastError
from spinecast.validation.monitoring.importing import Imported, import_outcomes, standing_outcomes
from spinecast.validation.monitoring.returned import read_returned

TODAY = np.datetime64("2026-11-27", "D")
HEADER = "patient,date,death,intraoperative_blood_loss\n"
FIRST = HEADER + "4711,2026-02-01,present,\n4712,2026-03-01,absent,750\n4713,,,\n"


def given(log: AuditLog, folder: Path, text: str, **how: object) -> Imported:
    (folder / "outcomes.csv").write_text(text)
    return import_outcomes(log, "a tester", read_returned(folder / "outcomes.csv"), today=TODAY, **how)  # type: ignore[arg-type]


def stands(log: AuditLog, patient: str, outcome: str = "death") -> tuple[object, str]:
    with log.reading() as connection:
        found = standing_outcomes(connection)[log.key.pseudonym(patient), outcome]
    return found.value, str(found.day)


def test_outcomes_are_recorded_once_under_pseudonyms(log: AuditLog, tmp_path: Path) -> None:
    before = log.count()
    done = given(log, tmp_path, FIRST)
    assert done.counts == {
        "new": 3, "continued": 0, "corrected": 0, "already": 0, "older": 0, "unknown": 0, "empty": 1
    }  # fmt: skip
    assert done.records == (before + 1, before + 3)
    assert stands(log, "4711") == ("present", "2026-02-01")
    assert stands(log, "4712", "intraoperative_blood_loss") == (750.0, "2026-03-01")
    kept = [record.content or "" for record in log.records(before + 1)]
    assert not any(patient in text for text in kept for patient in ("4711", "4712"))
    again = given(log, tmp_path, FIRST)
    assert (again.counts["already"], again.records) == (3, ())
    assert log.count() == before + 3
    assert verify(log.records(), log.seal()).whole


def test_a_dry_run_checks_and_records_nothing(log: AuditLog, tmp_path: Path) -> None:
    before = log.count()
    assert given(log, tmp_path, FIRST, dry_run=True).counts["new"] == 3
    assert log.count() == before
    with pytest.raises(AuditError, match="of nobody in the file"):
        given(log, tmp_path, HEADER + "9999,2026-02-01,present,\n", dry_run=True)


def test_follow_up_goes_on_and_names_the_record_before(log: AuditLog, tmp_path: Path) -> None:
    given(log, tmp_path, FIRST)
    older = given(log, tmp_path, HEADER + "4712,2026-02-01,absent,\n")
    assert (older.counts["older"], older.records) == (1, ())
    done = given(log, tmp_path, HEADER + "4712,2026-05-01,present,\n")
    assert done.counts["continued"] == 1
    body = log.get(done.records[0]).body  # type: ignore[union-attr]
    assert body is not None
    before = log.get(body["continues"])
    assert before is not None
    assert (before.body or {})["value"] == "absent"
    assert stands(log, "4712") == ("present", "2026-05-01")


def test_alive_and_dead_on_one_day_is_follow_up_that_went_on(log: AuditLog, tmp_path: Path) -> None:
    given(log, tmp_path, FIRST)
    done = given(log, tmp_path, HEADER + "4712,2026-03-01,present,\n")
    assert (done.counts["continued"], done.counts["corrected"]) == (1, 0)
    assert stands(log, "4712") == ("present", "2026-03-01")
    # Told the other way round: seen alive that morning says less than what stands.
    assert given(log, tmp_path, HEADER + "4712,2026-03-01,absent,\n").counts["older"] == 1
    assert stands(log, "4712") == ("present", "2026-03-01")


CONTRADICTIONS = [
    "4711,2026-02-02,present,\n",  # another day of death
    "4711,2026-06-01,absent,\n",  # alive after it
    "4712,2026-02-15,present,\n",  # dead while known to be alive
    "4712,2026-03-01,absent,900\n",  # another blood loss
]


@pytest.mark.parametrize("row", CONTRADICTIONS)
def test_a_contradiction_is_refused_and_can_be_a_correction(log: AuditLog, tmp_path: Path, row: str) -> None:
    given(log, tmp_path, FIRST)
    before = log.count()
    with pytest.raises(ContractError, match="contradict what is recorded"):
        given(log, tmp_path, HEADER + "4714,2026-02-01,absent,\n" + row)
    assert log.count() == before
    done = given(log, tmp_path, HEADER + row, correct="the registry was wrong")
    assert done.counts["corrected"] == 1
    body = log.get(done.records[0]).body  # type: ignore[union-attr]
    assert body is not None
    assert body["reason"] == "the registry was wrong"
    assert log.get(body["corrects"]) is not None


def test_what_is_assessed_once_does_not_come_later(log: AuditLog, tmp_path: Path) -> None:
    header = "patient,date,thromboembolism_30d\n"
    given(log, tmp_path, header + "4711,2026-04-01,absent\n")
    with pytest.raises(ContractError, match="contradict what is recorded"):
        given(log, tmp_path, header + "4711,2026-04-05,present\n")
    same = given(log, tmp_path, header + "4711,2026-04-03,absent\n")
    assert same.counts["continued"] == 1
    assert given(log, tmp_path, header + "4711,2026-04-01,absent\n").counts["older"] == 1
    done = given(log, tmp_path, header + "4711,2026-04-05,present\n", correct="the scan was read again")
    assert done.counts["corrected"] == 1
    assert stands(log, "4711", "thromboembolism_30d") == ("present", "2026-04-05")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ecog_30d", "4711,2026-01-03,1"),
        ("thromboembolism_30d", "4712,2026-01-20,absent"),
        ("ambulation_90d", "4711,2026-02-15,ambulatory"),
    ],
)
def test_what_was_assessed_too_early_is_refused(log: AuditLog, tmp_path: Path, header: str, row: str) -> None:
    before = log.count()
    with pytest.raises(ContractError, match="assessed too early") as refused:
        given(log, tmp_path, f"patient,date,{header}\n4713,2026-04-01,\n{row}\n")
    assert "row 2" in str(refused.value)
    assert log.count() == before


def test_who_died_before_an_assessment_or_had_the_event_may_be_said_at_once(log: AuditLog, tmp_path: Path) -> None:
    text = "patient,date,ecog_30d,thromboembolism_30d\n4711,2026-01-04,5,\n4712,2026-01-06,,present\n"
    assert given(log, tmp_path, text).counts["new"] == 2


def test_follow_up_goes_on_of_what_stands_beside_a_time() -> None:
    assert {variable(name).levels[0].value for name in FOLLOWED} == {"absent", "none"}
    timed = [one.name for one in variables().values() if one.role == "outcome" and one.unit == DAYS]
    assert {"follow_up_time", *(name.replace("_status", "_time") for name in FOLLOWED - {"death"})} == set(timed)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9999,2026-02-01,present,\n", "no prediction is in the log"),
        ("4714,2026-01-01,present,\n", "before the patient's first prediction"),
        ("4714,2027-01-01,present,\n", "after 2026-11-27"),
    ],
)
def test_what_cannot_be_is_refused_whole(log: AuditLog, tmp_path: Path, row: str, why: str) -> None:
    before = log.count()
    with pytest.raises(SpinecastError, match=why) as refused:
        given(log, tmp_path, HEADER + "4711,2026-02-01,absent,\n" + row)
    assert "row 2" in str(refused.value)
    assert "4714" not in str(refused.value)
    assert "9999" not in str(refused.value)
    assert log.count() == before


def test_unknown_patients_can_be_left_out_and_are_counted(log: AuditLog, tmp_path: Path) -> None:
    done = given(log, tmp_path, HEADER + "9999,2026-02-01,present,\n4711,2026-02-01,present,\n", skip_unknown=True)
    assert (done.counts["unknown"], done.counts["new"]) == (1, 1)


def test_a_file_of_nobody_known_is_refused_though_they_may_be_left_out(log: AuditLog, tmp_path: Path) -> None:
    rows = HEADER + "04711,2026-02-01,present,\n04712,2026-02-01,absent,\n"
    before = log.count()
    for skip_unknown in (True, False):
        with pytest.raises(AuditError, match="of nobody in the file") as refused:
            given(log, tmp_path, rows, skip_unknown=skip_unknown)
        assert "leading zeros" in (refused.value.remedy or "")
        assert "--skip-unknown" not in (refused.value.remedy or "")
    assert log.count() == before
    # Where record systems asked, their prefix is what is likeliest to be lacking.
    subject = log.key.pseudonym("ehr/4711")
    log.append([Draft("prediction", "hospital:ehr", {"risk": 0.2}, "model/1", subject)])
    for text in (rows, HEADER + "4711,2026-02-01,present,\n9999,2026-02-01,present,\n"):
        with pytest.raises(AuditError) as refused:
            given(log, tmp_path, text)
        assert (refused.value.remedy or "").startswith("hospital:ehr asked here: say --prefix")


def test_outcomes_are_erased_and_held_as_predictions_are(
    log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spinecast.audit import log as log_module

    with monkeypatch.context() as then:
        then.setattr(log_module, "now_text", lambda: "2026-06-01T12:00:00.000000Z")
        given(log, tmp_path, FIRST)
    hold(log, "an auditor", log.key.pseudonym("4712"), "a claim")
    erase_older(log, "an auditor", 1, "a test")
    with log.reading() as connection:
        left = standing_outcomes(connection)
    assert {subject for subject, _ in left} == {log.key.pseudonym("4712")}
    assert verify(log.records(), log.seal()).whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("patient,death\n1,present\n", "no column 'date'"),
        ("patient,date,deth\n1,2026-01-01,1\n", "did you mean death"),
        ("patient,date,age\n1,2026-01-01,60\n", "is no outcome"),
        ("patient,date,follow_up_time\n1,2026-01-01,60\n", "counted from the day of the prediction"),
        ("patient,date\n1,2026-01-01\n", "holds no outcome"),
        ("patient,date,death\n1,01/02/2026,present\n", "are no dates"),
        ("patient,date,death\n1,,present\n", "has no date"),
        ("patient,date,death\n1,2026-01-01,maybe\n", "maybe"),
        ("patient,date,death\n1,2026-01-01,present\n1,2026-01-02,present\n", "duplicated patient"),
        ("patient,date,intraoperative_blood_loss\n1,2026-01-01,-5\n", "-5"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "outcomes.csv").write_text(text)
    with pytest.raises(SpinecastError, match=why):
        read_returned(tmp_path / "outcomes.csv")


def test_a_parquet_file_says_the_same(tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "outcomes.csv").write_text(FIRST)
    table = pd.read_csv(tmp_path / "outcomes.csv", parse_dates=["date"])
    table.to_parquet(tmp_path / "outcomes.parquet")
    one, other = read_returned(tmp_path / "outcomes.csv"), read_returned(tmp_path / "outcomes.parquet")
    assert one.values == other.values


def test_a_record_systems_prefix_stands_before_its_ids(tmp_path: Path) -> None:
    (tmp_path / "outcomes.csv").write_text(FIRST)
    found = read_returned(tmp_path / "outcomes.csv", prefix="ward-")
    assert {one.patient for one in found.values} == {"ward-4711", "ward-4712"}


def test_made_up_patients_are_known_as_such(tmp_path: Path) -> None:
    (tmp_path / "outcomes.csv").write_text("patient,date,death\nSYNTHETIC-sorg-1-1,2026-01-01,present\n")
    assert read_returned(tmp_path / "outcomes.csv").synthetic
