"""Killed while it writes: what is left says so, misleads no reader, and is gone after the next run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from tracking import made_runs
from tracking.conftest import MakeStore

from spinecast.tracking import new_database, runs, validations
from spinecast.tracking.models import find_any_model, registered_versions
from spinecast.tracking.runs import TrackedRun, remove_unfinished, write_run
from spinecast.tracking.store import Store, open_store

# Where the process dies: just before the n-th call of a function.
POINTS: dict[str, tuple[Any, str, int]] = {
    "the run is made": (runs, "_log", 1),
    "its cohort is linked": (MlflowClient, "create_run", 2),
    "half of the nested runs are made": (MlflowClient, "create_run", 3),
    "the nested runs are made": (MlflowClient, "log_artifacts", 1),
    "the artifacts are written": (runs, "_register", 1),
    "the model is begun": (MlflowClient, "log_model_artifacts", 1),
    "the model is logged": (runs, "_ensure_registered", 1),
    "the name is registered": (MlflowClient, "create_model_version", 1),
    "the version is made": (MlflowClient, "set_registered_model_alias", 1),
    "the alias is given": (MlflowClient, "set_tag", 1),
}
VERSION_MADE = {"the version is made", "the alias is given"}


class Killed(BaseException):
    """What a kill is to the code it meets: no ``except Exception`` holds it."""


@contextmanager
def killed_before(owner: Any, name: str, call: int) -> Iterator[None]:
    """Die at a function's n-th call, and let nothing write after that: a killed process leaves no ``with`` block."""
    real, calls = getattr(owner, name), 0

    def dies(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls < call:
            return real(*args, **kwargs)
        patch.setattr(MlflowClient, "set_terminated", never)
        raise Killed

    def never(*_: Any, **__: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, dies)
        with pytest.raises(Killed):
            yield


@dataclass(frozen=True)
class Holdings:
    """All that a store holds."""

    ids: set[str]
    rows: list[tuple[str, tuple[Any, ...]]]
    files: dict[str, bytes]

    @classmethod
    def of(cls, store: Store) -> Holdings:
        return cls(made_runs.identifiers(store), list(made_runs.rows(store)), made_runs.files(store))

    def of_runs(self, ids: set[str]) -> list[tuple[str, tuple[Any, ...]]]:
        """Rows that name a run, a logged model or a link."""
        return [row for row in self.rows if any(str(value) in ids for value in row[1])]


def assert_nothing_of(store: Store, ids: set[str]) -> None:
    """No row of any table, no artifact and no folder may still name these runs and models."""
    assert ids
    for table, row in made_runs.rows(store):
        if table == "model_versions" and "Deleted_Internal" in row:
            continue  # what MLflow keeps of a version that was removed, so that its number is not given again
        assert not [value for value in row if any(known in str(value) for known in ids)], table
    for path in (made_runs.folder_of(store) / "artifacts").rglob("*"):
        assert path.name not in ids
        if path.is_file():
            assert not any(known.encode() in path.read_bytes() for known in ids), path


def state_of(store: Store, run_id: str) -> str:
    return str(store.client().get_run(run_id).data.tags["spinecast.state"])


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_run_left_is_swept_by_the_next(
    store: Store, written: TrackedRun, output: Path, point: str
) -> None:
    content = made_runs.content_of(output, run_key=f"killed once {point}")
    before, versions = Holdings.of(store), registered_versions(store)
    serving = str(store.client().get_model_version_by_alias(made_runs.NAME, "candidate").version)

    with killed_before(*POINTS[point]):
        write_run(store, content)

    left = made_runs.identifiers(store) - before.ids
    assert left
    if point != "the alias is given":
        # Whoever asks for the model meanwhile gets the version before, whole.
        assert str(store.client().get_model_version_by_alias(made_runs.NAME, "candidate").version) == serving
    assert find_any_model(store, made_runs.NAME)[1] == content.identity

    again = write_run(store, content)

    assert_nothing_of(store, left)
    assert state_of(store, again.run_id) == "complete"
    after = Holdings.of(store)
    # One run, two nested ones, one logged model and its two links: what an undisturbed run makes.
    assert len(after.ids - before.ids) == 6
    # The runs before, complete, are as they were: rows, artifacts, versions.
    assert before.ids <= after.ids
    assert after.of_runs(before.ids) == before.of_runs(before.ids)
    assert before.files.items() <= after.files.items()
    newest, *others = registered_versions(store)
    assert (newest.version, newest.run_id, newest.aliases) == (again.version, again.run_id, ("candidate",))
    assert [(one.version, one.run_id) for one in others] == [(one.version, one.run_id) for one in versions]
    # A number that was given to a version is not given again, as it may have been seen.
    assert int(again.version) == int(serving) + (2 if point in VERSION_MADE else 1)
    assert state_of(store, written.run_id) == "complete"


@pytest.mark.parametrize("point", ["the name is registered", "the version is made", "the alias is given"])
def test_the_first_version_of_a_name_killed_leaves_the_name_free(store: Store, output: Path, point: str) -> None:
    content = made_runs.content_of(output, name=f"first {point}", run_key=f"killed first {point}")
    known = made_runs.identifiers(store)
    with killed_before(*POINTS[point]):
        write_run(store, content)
    left = made_runs.identifiers(store) - known
    again = write_run(store, content)
    assert_nothing_of(store, left)
    assert again.version == "1"
    (only,) = (one for one in registered_versions(store) if one.name == content.name)
    assert (only.version, only.run_id, only.aliases) == ("1", again.run_id, ("candidate",))


def test_sweeping_alone_says_how_many_runs_went_and_gives_the_alias_back(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    write_run(store, made_runs.content_of(output, run_key="earlier"))
    before = Holdings.of(store)
    content = made_runs.content_of(output)
    with killed_before(*POINTS["the alias is given"]):
        write_run(store, content)
    assert str(store.client().get_model_version_by_alias(made_runs.NAME, "candidate").version) == "2"

    assert remove_unfinished(store, content.experiment, content.run_key) == 3

    after = Holdings.of(store)
    assert (after.ids, after.files) == (before.ids, before.files)
    assert str(store.client().get_model_version_by_alias(made_runs.NAME, "candidate").version) == "1"
    assert remove_unfinished(store, content.experiment, content.run_key) == 0


# Killed again in the sweep: the erasing of two nested runs, of the parent's model, and of the parent.
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("_erase_artifacts", 1),
        ("_erase_links", 1),
        ("_remove_models", 2),
        ("_unregister", 1),
        ("_remove_models", 3),
        ("_erase_artifacts", 3),
        ("_erase_artifacts", 4),
        ("_erase_links", 3),
    ],
)
def test_a_sweep_that_is_itself_killed_is_taken_up_by_the_next(
    store: Store, written: TrackedRun, output: Path, name: str, call: int
) -> None:
    content = made_runs.content_of(output, run_key=f"killed twice {name} {call}")
    known = Holdings.of(store)
    with killed_before(*POINTS["the alias is given"]):
        write_run(store, content)
    left = made_runs.identifiers(store) - known.ids
    with killed_before(runs, name, call):
        write_run(store, content)
    write_run(store, content)
    assert_nothing_of(store, left)
    assert len(made_runs.identifiers(store) - known.ids) == 6
    assert state_of(store, written.run_id) == "complete"


def test_an_unfinished_run_of_another_experiment_is_left_alone(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    with killed_before(*POINTS["the model is logged"]):
        write_run(store, made_runs.content_of(output, experiment="another", run_key="another"))
    others = Holdings.of(store)
    write_run(store, made_runs.content_of(output))
    after = Holdings.of(store)
    assert others.ids <= after.ids
    assert after.of_runs(others.ids) == others.of_runs(others.ids)
    assert others.files.items() <= after.files.items()


def test_what_was_left_goes_though_the_study_or_its_cohort_has_changed_since(
    make_store: MakeStore, output: Path
) -> None:
    # Under the store's lock nobody else can be writing: what says so was left by a process that died.
    store = make_store()
    with killed_before(*POINTS["the model is logged"]):
        write_run(store, made_runs.content_of(output, run_key="before the change"))
    left = made_runs.identifiers(store)
    write_run(store, made_runs.content_of(output))
    assert_nothing_of(store, left)


def test_an_unfinished_run_that_a_person_deleted_is_erased_too(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    with killed_before(*POINTS["the artifacts are written"]):
        write_run(store, made_runs.content_of(output))
    left = made_runs.identifiers(store)
    (run_id,) = (row[2] for table, row in made_runs.rows(store) if table == "tags" and row[1] == "writing")
    store.client().delete_run(run_id)
    write_run(store, made_runs.content_of(output))
    assert_nothing_of(store, left)


def test_a_complete_run_that_a_person_deleted_can_still_be_restored(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    first = write_run(store, made_runs.content_of(output))
    store.client().delete_run(first.run_id)
    write_run(store, made_runs.content_of(output))
    store.client().restore_run(first.run_id)
    assert state_of(store, first.run_id) == "complete"
    assert made_runs.model_folder(store, first.run_id).is_dir()


def test_there_is_nothing_to_sweep_where_nothing_was_written(make_store: MakeStore) -> None:
    assert remove_unfinished(make_store(), "never heard of", "a" * 64) == 0


def test_a_validation_that_was_killed_is_swept_by_the_next(store: Store, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("{}")
    content = validations.ValidationContent(
        title="a model elsewhere",
        identity="0" * 64,
        model="model",
        cohort_name="elsewhere",
        cohort_kind="synthetic",
        fingerprint="1" * 64,
        metrics={"auc": 0.7},
        record=tmp_path,
    )
    known = made_runs.identifiers(store)
    with killed_before(MlflowClient, "log_artifacts", 1):
        validations.write_validation(store, content)
    left = made_runs.identifiers(store) - known
    assert left
    again = validations.write_validation(store, content)
    assert_nothing_of(store, left)
    assert state_of(store, again) == "complete"


def test_a_store_killed_while_its_tables_are_made_is_made_anew(tmp_path: Path, empty_database: Path) -> None:
    store = open_store(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(new_database.shutil, "rmtree", lambda *_, **__: None)  # a killed process tidies nothing up
        patch.setattr("mlflow.store.db.utils._verify_schema", dies)
        with pytest.raises(Killed), store.writing():
            pass
    assert list(tmp_path.glob(f"{new_database.ASIDE}*/*"))
    assert not (tmp_path / "mlflow.db").exists()
    with store.writing():
        made = {path.name for path in tmp_path.iterdir()}
    assert made == {"artifacts", "mlflow.db", ".writing.lock"}
    assert {row[0] for row in made_runs.rows(store)} == {
        row[0] for row in made_runs.rows(open_store(empty_database.parent))
    }
    store.prove("anything")


def dies(*_: Any, **__: Any) -> Any:
    raise Killed
