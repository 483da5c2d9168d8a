"""Validations in the audit log: what a registry that was tampered with no longer says, the log does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from promotion import made_versions as made
from sqlalchemy import text

from spinecast.audit.retention import KEPT_KINDS
from spinecast.audit.sealing import verify_log
from spinecast.errors import AuditError, PromotionError
from spinecast.promotion.evidence import gather
from spinecast.promotion.gates import assess
from spinecast.promotion.gates_file import read_gates
from spinecast.promotion.history import moves_of
from spinecast.promotion.logged import gone_validations, held_against_log, logged_validations, record_validation
from spinecast.promotion.moving import Mover
from spinecast.reporting.external_record import ExternalRecord
from spinecast.tracking.record_hash import RECORD_HASH, record_hash
from spinecast.tracking.runs import IDENTITY, STATE

GATES = read_gates()
VERSION = f"{made.NAME}/2"


def bad() -> ExternalRecord:
    """A validation of the second version whose slope refuses it."""
    record = made.validation("1" * 64, fingerprint="ab" * 32, name="hospital_c")
    record.evaluation["measures"]["calibration_slope"] = made.estimate(0.6, 0.1)
    return record


def validate(mover: Mover, folder: Path, record: ExternalRecord, name: str = VERSION) -> str:
    """Write a validation to registry and log, as ``spinecast validate`` does; return its run."""
    run = made.write(mover.store, folder, record)
    written = max(folder.glob("validation_*"), key=lambda place: int(place.name.split("_")[1]))
    record_validation(mover.log, "command line: somebody", name, run, record_hash(written), record)
    return run


def promote(mover: Mover) -> None:
    mover.promote("2", "champion", "it is better", GATES)


def test_a_record_edited_together_with_its_tag_is_refused_by_the_log(mover: Mover, tmp_path: Path) -> None:
    run = validate(mover, tmp_path, bad())
    client = mover.store.client()
    folder = Path(client.get_run(run).info.artifact_uri.removeprefix("file://")) / "record"
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    evaluation["measures"]["calibration_slope"] = made.estimate(1.0, 0.1)
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    client.set_tag(run, RECORD_HASH, record_hash(folder))
    with pytest.raises(PromotionError, match="the validation on hospital_c was altered since it was made") as refused:
        promote(mover)
    assert "by record 1 of the audit log" in str(refused.value)
    assert [one.kind for one in mover.log.records()] == ["validation"]


def test_a_validation_deleted_before_anybody_asked_is_missed(mover: Mover, tmp_path: Path) -> None:
    run = validate(mover, tmp_path, bad())
    mover.store.client().delete_run(run)
    with pytest.raises(PromotionError, match=f"are gone: run {run} on hospital_c, by record 1") as told:
        promote(mover)
    assert "written to another store under the same log" in str(told.value)
    logged = logged_validations(mover.log, made.NAME)
    assert gone_validations(logged, mover.store) == [f"run {run} on hospital_c, by record 1"]
    # One of other patients takes nothing's place; one of the same does, and says what it says.
    validate(mover, tmp_path, made.validation("1" * 64, fingerprint="cd" * 32, name="hospital_d"))
    with pytest.raises(PromotionError, match=f"are gone: run {run} on hospital_c"):
        promote(mover)
    validate(mover, tmp_path, made.validation("1" * 64, fingerprint="ab" * 32, name="hospital_c"))
    promote(mover)
    assert not gone_validations(logged_validations(mover.log, made.NAME), mover.store)
    assert verify_log(mover.log).whole


@pytest.mark.parametrize("name", ["output/first/model", "another_name/1"])
def test_a_validation_that_the_log_has_by_another_name_is_missed_too(mover: Mover, tmp_path: Path, name: str) -> None:
    run = validate(mover, tmp_path, bad(), name)  # in its folder before it was registered, or registered twice
    mover.store.client().delete_run(run)
    with pytest.raises(PromotionError, match=f"are gone: run {run} on hospital_c, by record 1"):
        promote(mover)
    assert not logged_validations(mover.log, made.NAME)
    assert [one.run_id for one in logged_validations(mover.log, made.NAME, {"1" * 64})] == [run]


@pytest.mark.parametrize(("tag", "value"), [(IDENTITY, "f" * 64), (STATE, "writing")])
def test_a_validation_hidden_behind_another_tag_is_missed(mover: Mover, tmp_path: Path, tag: str, value: str) -> None:
    run = validate(mover, tmp_path, bad())
    mover.store.client().set_tag(run, tag, value)
    with pytest.raises(PromotionError, match=f"are gone: run {run} on hospital_c"):
        promote(mover)


@pytest.mark.parametrize("why", ["made up", "shared", "ranks only"])
def test_one_that_could_not_count_may_go(mover: Mover, tmp_path: Path, why: str) -> None:
    record = bad()
    if why == "made up":
        record.about["cohort"]["kind"] = "synthetic"
    elif why == "shared":
        record.findings["met_before"] = [{"role": "updating", "shared": 3}]
    else:
        record.about["source"]["ranks_only"] = "another day"
    mover.store.client().delete_run(validate(mover, tmp_path, record))
    promote(mover)


def test_gates_say_which_validations_the_log_knows(mover: Mover, tmp_path: Path) -> None:
    run = validate(mover, tmp_path, made.validation("1" * 64, fingerprint="ab" * 32, name="hospital_c"))
    evidence = gather(mover.store, made.NAME, "2")
    held = held_against_log(evidence, mover.log, mover.store, moves_of(mover.log, made.NAME))
    found = {one.what: one.found for one in assess(held, GATES.content)[0].findings}
    assert f"run {run}, record 1 of the audit log; decides" in found["Validation on hospital_c"]
    assert "not in the audit log: known by the run's tag alone" in found["Validation on hospital_b"]
    assert "audit log" not in assess(evidence, GATES.content)[0].findings[1].found  # where there is none
    assert "validation" in KEPT_KINDS  # and it outlives the contents that retention erases
    assert "Patient" not in json.dumps(mover.log.find(kind="validation")[0].body)


def test_a_log_that_was_altered_shows_nothing(mover: Mover, tmp_path: Path) -> None:
    validate(mover, tmp_path, bad())
    with mover.log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_update"))
        connection.execute(text("UPDATE audit_record SET content = replace(content, 'hospital_c', 'hospital_x')"))
    with pytest.raises(AuditError, match="record 1 was altered"):
        promote(mover)
