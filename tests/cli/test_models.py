"""``spinecast models`` gates, promote, demote, rollback and history, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.conftest import Run, assert_refused
from promotion import made_versions as made
from tracking import made_runs

from spinecast.cli.log_here import log_here, record_alias_here, record_validation_here
from spinecast.delivered import delivered_folder
from spinecast.promotion.history import history_of
from spinecast.tracking.aliases import set_alias
from spinecast.tracking.store import open_store

IDENTITY = "a" * 64
PROMOTE = ("models", "promote", made.NAME, "1", "--to", "champion", "--because")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one registered version that passes every gate."""
    made_runs.import_mlflow()
    folder = made_runs.write_output(tmp_path_factory.mktemp("versions"))
    store = open_store(folder / "mlruns")
    made.register(store, folder, identity=IDENTITY)
    made.write(store, folder, made.validation(IDENTITY))
    return folder


def test_a_version_goes_through_the_gates_and_back_and_the_history_says_so(home: Path, here: Run) -> None:
    """One walk: each step stands on the one before."""
    shown = here("models", "gates", made.NAME, "1", folder=home)
    assert shown.returncode == 0
    assert "Calibration slope in hospital_b: 0.97 (0.85 to 1.09)" in shown.stdout
    assert "must be 0.8 to 1.2, its 95 % interval within 0.6 to 1.4" in shown.stdout
    assert not (home / "mlruns" / "audit").exists()  # looking leaves nothing

    assert_refused(here(*PROMOTE, " ", folder=home), "a reason is needed")
    done = here(*PROMOTE, "validated at hospital B", folder=home)
    assert done.returncode == 0, done.stderr
    assert f"{made.NAME}/1 is champion" in done.stdout
    assert "champion" in here("models", folder=home).stdout

    demoted = here("models", "demote", made.NAME, "--because", "risks too high in March", folder=home)
    assert demoted.stdout == f"{made.NAME}/1 is champion no more\n"
    back = here("models", "rollback", made.NAME, "--because", "they were not", folder=home)
    assert back.stdout == f"{made.NAME}/1 is champion again\n"

    history = here("models", "history", made.NAME, folder=home)
    assert history.returncode == 0
    for words in ("validated at hospital B", "risks too high in March", "they were not", "command line: "):
        assert words in history.stdout
    listed = here("audit", "list", "--json", folder=home).stdout.splitlines()
    kinds = [json.loads(line)["kind"] for line in reversed(listed)]
    assert kinds == ["promotion", "alias", "demotion", "alias", "rollback", "alias"]
    assert here("audit", "verify", folder=home).returncode == 0

    set_alias(open_store(home / "mlruns"), made.NAME, "champion", None)
    disagreeing = here("models", "history", made.NAME, "--json", folder=home)
    assert disagreeing.returncode == 4
    (found,) = json.loads(disagreeing.stdout)["disagreements"]
    assert found == "champion is nobody in the registry, and version 1 by record 5"


def test_gates_of_ones_own_are_read_and_refuse(home: Path, here: Run, tmp_path: Path) -> None:
    text = (delivered_folder("gates.yaml")).read_text(encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("estimate: [0.8, 1.2]", "estimate: [0.99, 1.01]"), encoding="utf-8")
    shown = here("models", "gates", made.NAME, "1", "--gates", str(own), "--json", folder=home)
    assert shown.returncode == 2
    answer = json.loads(shown.stdout)
    assert answer["passes"] is False
    assert [one["gate"] for one in answer["results"] if one["refuses"]] == ["calibration_slope"]
    own.write_text(text.replace("fewest: 1", "fewst: 1"), encoding="utf-8")
    assert_refused(here("models", "gates", made.NAME, "1", "--gates", str(own), folder=home), "own.yaml:", "fewest")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gates", made.NAME, "7"), "has no version 7"),
        (("gates", "nobodys", "1"), "no model 'nobodys' is registered"),
        (("promote", made.NAME, "1", "--to", "live", "--because", "x"), "champion or candidate"),
        (("demote", made.NAME, "--alias", "shadow", "--because", "x"), "no version of simulated_mortality is shadow"),
    ],
)
def test_mistakes_are_one_clear_error(home: Path, here: Run, arguments: tuple[str, ...], words: str) -> None:
    assert_refused(here("models", *arguments, folder=home), words)


def test_a_reason_that_says_nothing_is_refused_before_there_is_a_log(
    home: Path, here: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPINECAST_AUDIT", str(tmp_path / "audit"))
    for arguments in (PROMOTE[1:], ("demote", made.NAME, "--because"), ("rollback", made.NAME, "--because")):
        assert_refused(here("models", *arguments, " ", folder=home), "a reason is needed")
    assert not (tmp_path / "audit").exists()


def test_a_card_is_published_with_the_authors_words(home: Path, here: Run, tmp_path: Path) -> None:
    words = tmp_path / "words.yaml"
    words.write_text("decision_role: It informs, and decides nothing.\n", encoding="utf-8")
    done = here("models", "card", made.NAME, "1", "--words", str(words), "--output", str(tmp_path), folder=home)
    assert done.returncode == 0, done.stderr
    assert "the card is published" in done.stdout
    assert "It informs, and decides nothing." in (tmp_path / "model_card.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "model_card.json").read_text(encoding="utf-8"))["complete"] is True
    words.write_text("decisionrole: It informs.\n", encoding="utf-8")
    refused = here("models", "card", made.NAME, "1", "--words", str(words), folder=home)
    assert_refused(refused, "words.yaml:1", "decision_role")


def test_a_new_version_that_takes_its_alias_is_recorded_where_there_is_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path))
    record_alias_here(f"{made.NAME}/1", IDENTITY, "candidate", "training")
    assert not (tmp_path / "audit").exists()  # training makes no log
    with log_here(create=True) as log:
        record_alias_here(f"{made.NAME}/2", IDENTITY, "candidate", "training")
        record_alias_here(f"{made.NAME}/3", IDENTITY, "shadow", "update")
        record_alias_here(f"{made.NAME}/3", IDENTITY, "candidate", "update")
        found = history_of(log, made.NAME, {"candidate": "3", "shadow": "3"})
    walked = [(one.action, one.alias, one.before, one.after, one.outcome) for one in found.moves]
    assert walked == [
        ("training", "candidate", None, "2", "moved"),
        ("update", "shadow", None, "3", "moved"),
        ("update", "candidate", "2", "3", "moved"),
    ]
    assert not found.disagreements
    assert not found.notes
    assert capsys.readouterr().err == ""
    (tmp_path / "audit" / "audit.seal").unlink()
    record_alias_here(f"{made.NAME}/4", IDENTITY, "candidate", "training")  # what was trained stands
    assert f"the audit log does not say that {made.NAME}/4 is candidate now" in capsys.readouterr().err


def test_the_history_names_a_validation_that_was_deleted(
    home: Path, here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no log nothing is recorded, and where it cannot be written what was validated stands."""
    record = made.validation(IDENTITY, fingerprint="ef" * 32, name="hospital_e")
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path))
    record_validation_here(f"{made.NAME}/1", "0" * 32, "c" * 64, record)
    assert not (tmp_path / "audit").exists()
    store = open_store(home / "mlruns")
    run = made.write(store, tmp_path, record)
    monkeypatch.setenv("SPINECAST_STORE", str(home / "mlruns"))
    with log_here(create=True):
        record_validation_here(f"{made.NAME}/1", run, "c" * 64, record)
    store.client().delete_run(run)
    shown = here("models", "history", made.NAME, folder=home)
    assert shown.returncode == 4
    words = f"DISAGREES: a validation is in the log and no longer in the registry: run {run} on hospital_e, by record"
    assert words in shown.stdout
    refused = here("models", "gates", made.NAME, "1", folder=home)
    assert_refused(refused, f"validations of {made.NAME}/1 are gone: run {run}", "restore_run")
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.db").write_text("no database")
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path))
    record_validation_here(f"{made.NAME}/1", run, "c" * 64, record)
    assert f"the audit log does not say that {made.NAME}/1 was validated in run {run}" in capsys.readouterr().err
