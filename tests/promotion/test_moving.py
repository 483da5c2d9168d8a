"""Moves of aliases: promotion, demotion, rollback, their records, and what stands when something broke in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from promotion import made_versions as made
from sqlalchemy import text

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft
from spinecast.audit.retention import erase_older
from spinecast.audit.sealing import verify_log
from spinecast.cli.update_results import require_alias
from spinecast.delivered import delivered_folder
from spinecast.errors import ArtifactError, AuditError, PromotionError, SpinecastError, TrackingError
from spinecast.promotion import moving
from spinecast.promotion.evidence import gather
from spinecast.promotion.gates_file import read_gates
from spinecast.promotion.history import history_of, record_new_version
from spinecast.promotion.moving import ALLOWED_SYNTHETIC, Mover
from spinecast.tracking.aliases import aliases_of, registered_version, set_alias, tag_version
from spinecast.tracking.asking import RegistryError
from spinecast.tracking.serving_versions import serving_versions
from spinecast.tracking.store import Store

GATES = read_gates()


def promote(mover: Mover, version: str, because: str = "it is better", **more: Any) -> None:
    mover.promote(version, "champion", because, GATES, **more)


def champion(store: Store) -> str | None:
    return aliases_of(store, made.NAME).get("champion")


def bodies(log: AuditLog) -> list[tuple[str, str, dict[str, Any]]]:
    return [(one.kind, one.model, one.body or {}) for one in log.records()]


def marks(store: Store) -> dict[str, str]:
    versions = store.client().search_model_versions(f"name = '{made.NAME}'")
    return {str(one.version): one.tags[ALLOWED_SYNTHETIC] for one in versions if ALLOWED_SYNTHETIC in one.tags}


def disagreements(mover: Mover) -> list[str]:
    return list(history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME)).disagreements)


def test_a_good_version_is_promoted_and_the_log_says_who_why_and_which_numbers(mover: Mover) -> None:
    promote(mover, "1", "validated at hospital B")
    assert champion(mover.store) == "1"
    assert serving_versions(mover.store)[0].version == "1"  # though version 3 is the candidate
    (kind, model, intent), (outcome_kind, _, outcome) = bodies(mover.log)
    assert (kind, model) == ("promotion", f"{made.NAME}/1")
    assert (intent["from"], intent["to"], intent["because"]) == (None, "1", "validated at hospital B")
    assert intent["identity"] == "0" * 64
    shipped = {"file": "gates.yaml", "name": "spinecast_default", "sha256": GATES.sha256, "delivered": True}
    assert intent["gates"] == shipped
    slope = next(one for one in intent["results"] if one["gate"] == "calibration_slope")
    assert slope["findings"][0]["found"] == "0.97 (0.87 to 1.07)"
    assert (outcome_kind, outcome["concludes"], outcome["outcome"]) == ("alias", 1, "moved")
    assert disagreements(mover) == []
    assert verify_log(mover.log).whole


def test_a_refusal_names_every_reason_is_recorded_and_changes_nothing(mover: Mover) -> None:
    before = aliases_of(mover.store, made.NAME)
    with pytest.raises(PromotionError, match=r"1 of 8 gates refuse it") as error:
        promote(mover, "3")
    assert "calibration slope: failed: Calibration slope in hospital_b: 0.60" in str(error.value)
    assert aliases_of(mover.store, made.NAME) == before
    ((kind, model, body),) = bodies(mover.log)
    assert (kind, model, body["to"]) == ("refused_promotion", f"{made.NAME}/3", "3")
    (move,) = history_of(mover.log, made.NAME, before).moves
    assert (move.outcome, move.action) == ("refused", "refused_promotion")
    assert move.gates == f"spinecast_default {GATES.sha256[:8]}"


def test_the_history_says_by_whose_gates_a_champion_came(mover: Mover, tmp_path: Path) -> None:
    """Whatever a file calls itself."""
    lax = tmp_path / "gates.yaml"
    lax.write_text(delivered_folder("gates.yaml").read_text(encoding="utf-8").replace("[0.8, 1.2]", "[-9, 9]"), "utf-8")
    own = read_gates(lax)
    mover.promote("1", "champion", "by other bounds", own)
    (move,) = history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME)).moves
    assert move.gates == f"spinecast_default {own.sha256[:8]} (own)"
    (copy := tmp_path / "copy.yaml").write_bytes(delivered_folder("gates.yaml").read_bytes())
    assert read_gates(copy).delivered


@pytest.mark.parametrize(
    ("version", "alias", "because", "error", "words"),
    [
        ("1", "champion", "  ", AuditError, "a reason is needed"),
        ("1", "production", "why not", PromotionError, "champion or candidate"),
        ("9", "champion", "why not", TrackingError, "has no version 9"),
        ("3", "candidate", "why not", PromotionError, "is candidate already"),
    ],
)
def test_what_cannot_be_asked_leaves_no_record(
    mover: Mover, version: str, alias: str, because: str, error: type[SpinecastError], words: str
) -> None:
    with pytest.raises(error) as raised:
        mover.promote(version, alias, because, GATES)
    assert words in str(raised.value)
    assert bodies(mover.log) == []


def test_an_unknown_model_is_one_error(mover: Mover) -> None:
    with pytest.raises(TrackingError, match="no model 'nobodys' is registered"):
        Mover(mover.store, mover.log, mover.actor, "nobodys").demote("champion", "it is gone")


def test_no_gate_stands_before_candidate_and_the_move_is_recorded(mover: Mover) -> None:
    mover.promote("1", "candidate", "back to the first", GATES)
    assert aliases_of(mover.store, made.NAME)["candidate"] == "1"
    assert bodies(mover.log)[0][2]["results"] == []


def test_demotion_and_rollback_walk_back_through_those_who_came_through_the_gates(mover: Mover) -> None:
    promote(mover, "1")
    promote(mover, "2")
    assert mover.roll_back("champion", "risks were too high in March") == "1"
    assert champion(mover.store) == "1"
    with pytest.raises(PromotionError, match="no version before that came through the gates"):
        mover.roll_back("champion", "further back")
    assert mover.demote("champion", "nobody may use it") == "1"
    assert champion(mover.store) is None
    with pytest.raises(PromotionError, match="no version of simulated_mortality is champion"):
        mover.demote("champion", "again")
    assert mover.roll_back("champion", "it may be used after all") == "1"
    found = history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME))
    walked = [(one.action, one.before, one.after, one.outcome) for one in found.moves]
    assert walked == [
        ("promotion", None, "1", "moved"),
        ("promotion", "1", "2", "moved"),
        ("rollback", "2", "1", "moved"),
        ("demotion", "1", None, "moved"),
        ("rollback", None, "1", "moved"),
    ]
    assert not found.disagreements
    assert found.moves[2].because == "risks were too high in March"


def test_a_candidate_goes_back_to_one_that_training_or_an_update_made(mover: Mover) -> None:
    for version, action in (("1", "training"), ("2", "update"), ("3", "training")):
        identity = str(int(version) - 1) * 64
        record_new_version(mover.log, "somebody", f"{made.NAME}/{version}", identity, "candidate", action)
    assert mover.roll_back("candidate", "the third is worse") == "2"
    assert aliases_of(mover.store, made.NAME)["candidate"] == "2"
    assert mover.roll_back("candidate", "so is the second") == "1"
    with pytest.raises(PromotionError, match="no version before that took it by training, update or promotion"):
        mover.roll_back("candidate", "further back")


def test_a_version_that_became_another_model_is_not_rolled_back_to(mover: Mover) -> None:
    promote(mover, "1")
    promote(mover, "2")
    mover.store.client().set_model_version_tag(made.NAME, "1", "spinecast.model_identity", "f" * 64)
    with pytest.raises(PromotionError, match="not the model that was promoted then"):
        mover.roll_back("champion", "back")
    assert champion(mover.store) == "2"


class TestWhatBreaksBetween:
    def test_an_alias_without_a_record_is_named(self, mover: Mover) -> None:
        set_alias(mover.store, made.NAME, "champion", "3")
        (found,) = disagreements(mover)
        assert found == "champion is version 3 in the registry, and no record says who made it so"
        promote(mover, "1")
        set_alias(mover.store, made.NAME, "champion", "3")
        (found,) = disagreements(mover)
        assert found == "champion is version 3 in the registry, and version 1 by record 1"
        with pytest.raises(PromotionError, match="not what the log says"):
            mover.roll_back("champion", "back")

    def test_a_version_that_was_never_through_the_gates_is_not_rolled_back_to(self, mover: Mover) -> None:
        set_alias(mover.store, made.NAME, "champion", "3")
        promote(mover, "1")
        with pytest.raises(PromotionError, match="came through the gates"):
            mover.roll_back("champion", "back")

    def test_a_registry_that_refuses_is_recorded_as_failed(self, mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise TrackingError("the registry did not take it")

        monkeypatch.setattr(moving, "set_alias", refuse)
        with pytest.raises(TrackingError, match="did not take it"):
            promote(mover, "1")
        assert bodies(mover.log)[1][2] == {
            "concludes": 1, "alias": "champion", "from": None, "to": "1", "outcome": "failed",
            "reason": "the registry did not take it",
        }  # fmt: skip
        assert disagreements(mover) == []
        assert champion(mover.store) is None

    def test_a_move_whose_answer_was_lost_is_concluded_by_what_stands(
        self, mover: Mover, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*given: Any) -> None:
            set_alias(*given)
            raise TrackingError("no answer came")

        monkeypatch.setattr(moving, "set_alias", lost)
        promote(mover, "1")
        assert champion(mover.store) == "1"
        outcome = bodies(mover.log)[1][2]
        assert (outcome["outcome"], outcome["reason"]) == ("moved", "no answer came")
        assert disagreements(mover) == []

    def test_a_move_of_which_nothing_can_be_read_stays_open(
        self, mover: Mover, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lost(*given: Any) -> None:
            set_alias(*given)
            monkeypatch.setattr(moving, "aliases_of", lambda *_: refuse())
            raise TrackingError("no answer came")

        def refuse() -> None:
            raise RegistryError("the registry does not answer")

        with monkeypatch.context() as patch:
            patch.setattr(moving, "set_alias", lost)
            with pytest.raises(TrackingError, match="no answer came"):
                promote(mover, "1")
        assert [kind for kind, _, _ in bodies(mover.log)] == ["promotion"]
        monkeypatch.setattr(moving, "aliases_of", aliases_of)
        promote(mover, "2")
        moves = history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME)).moves
        assert [(one.before, one.after, one.outcome) for one in moves] == [(None, "1", "moved"), ("1", "2", "moved")]

    @pytest.mark.parametrize("moved", [True, False])
    def test_a_process_killed_in_between_leaves_a_move_that_is_named_and_settled_by_the_next(
        self, mover: Mover, monkeypatch: pytest.MonkeyPatch, moved: bool
    ) -> None:
        def killed(*given: Any) -> None:
            if moved:
                set_alias(*given)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(moving, "set_alias", killed)
            with pytest.raises(KeyboardInterrupt):
                promote(mover, "1")
        (found,) = disagreements(mover)
        assert "record 1: a promotion from nobody to version 1 was begun, and nothing says what came of it" in found
        assert found.endswith("champion is version 1 now" if moved else "champion is nobody now")
        promote(mover, "2")
        assert disagreements(mover) == []
        first, second = history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME)).moves
        assert first.outcome == ("moved" if moved else "failed")
        assert second.before == ("1" if moved else None)

    def test_a_registry_that_is_down_is_not_an_unknown_model(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient

        def down(*_: object, **__: object) -> None:
            raise MlflowException("https://user:secret@registry is down")  # an internal error, as of a lost connection

        for method in ("get_registered_model", "search_registered_models", "set_model_version_tag"):
            monkeypatch.setattr(MlflowClient, method, down)
        for asked in (lambda: aliases_of(store, made.NAME), lambda: registered_version(store, made.NAME, "1")):
            with pytest.raises(
                RegistryError, match=r"the model registry does not answer: MlflowException \(INTERNAL_ERROR\)"
            ) as error:
                asked()
            assert "secret" not in str(error.value)
        with pytest.raises(TrackingError, match="did not take the tags mark of simulated_mortality/1"):
            tag_version(store, made.NAME, "1", {"mark": "x"})

    def test_an_altered_record_is_not_believed(self, mover: Mover) -> None:
        promote(mover, "1")
        with mover.log.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER audit_record_no_update"))
            connection.execute(text("UPDATE audit_record SET content = replace(content, 'better', 'worse')"))
        with pytest.raises(AuditError, match="record 1 was altered"):
            disagreements(mover)


def test_no_other_command_names_a_champion() -> None:
    with pytest.raises(SpinecastError, match="no update calls its own version champion"):
        require_alias("champion")
    require_alias("candidate")


def test_moves_outlive_the_retention_of_patients_records(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("spinecast.audit.log.now_text", lambda: "2020-01-01T00:00:00.000000Z")
        with pytest.raises(PromotionError):
            promote(mover, "3")
        promote(mover, "1")
        mover.log.append([Draft("prediction", "somebody", {"risk": 0.2}, f"{made.NAME}/1")])
    assert erase_older(mover.log, "somebody", 365, "a year").erased == 1
    found = history_of(mover.log, made.NAME, aliases_of(mover.store, made.NAME))
    assert [move.outcome for move in found.moves] == ["refused", "moved"]
    assert not found.disagreements


class TestEvidence:
    def test_validations_of_another_model_are_not_seen_and_the_last_of_one_cohort_stands(
        self, store: Store, tmp_path: Path
    ) -> None:
        identity = "0" * 64
        again = made.validation(identity)
        again.evaluation["measures"]["calibration_slope"] = made.estimate(0.9, 0.1)
        own = made.validation(identity, fingerprint="ab" * 32, name="development")
        own.about["development"]["fingerprint"] = "ab" * 32
        shared = made.validation(identity, fingerprint="cd" * 32, name="neighbours")
        shared.findings["overlap"]["shared"] = 7
        made_up = made.validation(identity, fingerprint="ef" * 32, name="made_up")
        made_up.about["cohort"]["kind"] = "synthetic"
        another_day = made.validation(identity, fingerprint="12" * 32, name="a_year")
        another_day.about["outcome"]["definition"]["horizon_days"] = 365
        # The same patients once more, declared made up: what does not count takes no place of what does.
        hidden = made.validation(identity)
        hidden.about["cohort"]["kind"] = "synthetic"
        # Nor does one that shows fewer groups: both are judged.
        few_groups = made.validation(identity)
        few_groups.about["settings"]["fewest"] = 100
        for record in (again, own, shared, made_up, another_day, hidden):
            made.write(store, tmp_path, record)
        found = gather(store, made.NAME, "1")
        assert [(one.cohort, one.refused) for one in found.validations if not one.refused] == [("hospital_b", "")]
        made_up_too = "its patients are made up, and those of the model are real"
        assert [one.refused for one in found.validations if one.cohort == "hospital_b"] == ["", made_up_too]
        assert {one.cohort: one.refused for one in found.validations if one.cohort != "hospital_b"} == {
            "development": "its patients are those the model was made from",
            "neighbours": "7 of its patients stand in the development cohort too",
            "made_up": "its patients are made up, and those of the model are real",
            "a_year": "it judges day 365, and the model predicts day 90",
        }
        (counted,) = found.counted
        slope = counted.recorded.measure("calibration_slope")
        assert slope is not None
        assert slope["estimate"] == 0.9
        made.write(store, tmp_path, few_groups)
        fewest = [one.recorded.get("about.json", "settings", "fewest") for one in gather(store, made.NAME, "1").counted]
        assert fewest == [10, 100]
        # Nor one made where the development patients could not be read: that somebody looked for them stays known.
        elsewhere = made.validation(identity)
        elsewhere.findings["overlap"]["searched"] = False
        made.write(store, tmp_path, elsewhere)
        assert [one.looked[0] for one in gather(store, made.NAME, "1").counted] == [True, True, False]
        assert gather(store, made.NAME, "2").counted[0].recorded.get("about.json", "source", "identity") == "1" * 64

    def test_a_record_that_somebody_edited_is_refused_whichever_way_it_was_turned(
        self, mover: Mover, tmp_path: Path
    ) -> None:
        bad = made.validation("1" * 64, fingerprint="ab" * 32)
        bad.evaluation["measures"]["calibration_slope"] = made.estimate(0.6, 0.1)
        run = made.write(mover.store, tmp_path, bad)
        location = mover.store.client().get_run(run).info.artifact_uri
        for name, old, new in (("evaluation.json", '"estimate":0.6', '"estimate":1.0'), ("findings.json", "none", "n")):
            path = Path(location.removeprefix("file://")) / "record" / name
            before = path.read_text()
            path.write_text(before.replace(old, new).replace(old.replace(":", ": "), new))
            assert path.read_text() != before
            with pytest.raises(ArtifactError, match=f"the record of run {run} was altered after it was written"):
                promote(mover, "2")
            path.write_text(before)
        assert bodies(mover.log) == []
        with pytest.raises(PromotionError, match=r"0\.60"):  # as it was written, it decides
            promote(mover, "2")

    def test_a_validation_that_refused_a_version_cannot_be_deleted_out_of_the_way(
        self, mover: Mover, tmp_path: Path
    ) -> None:
        bad = made.validation("1" * 64, fingerprint="ab" * 32)
        bad.evaluation["measures"]["calibration_slope"] = made.estimate(0.6, 0.1)
        run = made.write(mover.store, tmp_path, bad)
        with pytest.raises(PromotionError, match="gates refuse it"):
            promote(mover, "2")
        mover.store.client().delete_run(run)
        with pytest.raises(PromotionError, match=f"are gone: run {run}, which counted by record 1") as refused:
            promote(mover, "2")
        assert "restore_run" in str(refused.value)
        mover.store.client().restore_run(run)
        # A later one of the same patients takes its place, and both are still there to be seen.
        made.write(mover.store, tmp_path, made.validation("1" * 64, fingerprint="ab" * 32))
        promote(mover, "2")
        assert champion(mover.store) == "2"

    def test_a_model_of_made_up_patients_is_let_through_by_the_flag_and_tagged(
        self, mover: Mover, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        identity = "d" * 64
        store = mover.store
        version = made.register(store, filled, identity=identity, cohort_kind="synthetic", alias=None)
        record = made.validation(identity)
        record.about["cohort"]["kind"] = "synthetic"
        made.write(store, tmp_path, record)
        with pytest.raises(PromotionError, match="made of patients who do not exist"):
            promote(mover, version)
        assert champion(store) is None
        promote(mover, version, "for a demonstration", allow_synthetic=True)
        assert champion(store) == version
        assert "SYNTHETIC" in marks(store)[version]
        assert bodies(mover.log)[1][2]["allow_synthetic"] is True
        # The mark says who is champion by it: it goes with the alias, and comes back with it.
        promote(mover, "1")
        assert not marks(store)
        mover.roll_back("champion", "back to the demonstration")
        assert marks(store) == {version: "SYNTHETIC COHORT: no real patients. for a demonstration"}
        mover.demote("champion", "it is over")
        assert not marks(store)

        def refuse(*_: object) -> None:
            raise TrackingError("the registry did not take it")

        with monkeypatch.context() as patch:
            patch.setattr(moving, "set_alias", refuse)
            with pytest.raises(TrackingError, match="did not take it"):
                promote(mover, version, "again", allow_synthetic=True)
        assert not marks(store)
