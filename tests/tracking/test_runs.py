"""What a written run leaves: parent and nested runs, the cohort, artifacts, a model version with its alias."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tracking import made_runs
from tracking.conftest import MakeStore

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.tracking.runs import TrackedRun, write_run
from spinecast.tracking.store import Store

PICKLES = {".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill", ".pt", ".pth"}


@pytest.fixture(scope="module")
def run(store: Store, written: TrackedRun) -> Any:
    return store.client().get_run(written.run_id)


def test_the_run_is_finished_and_complete(run: Any) -> None:
    assert run.info.status == "FINISHED"
    assert run.data.tags["spinecast.state"] == "complete"
    assert run.data.tags["spinecast.run_key"] == "a" * 64
    assert run.info.run_name == "Death within 90 days in a simulated cohort"


def test_parameters_metrics_and_tags_are_those_given(run: Any, output: Path) -> None:
    given = made_runs.content_of(output)
    assert run.data.params == {name: str(value) for name, value in given.parameters.items()}
    # What could not be computed is absent, not a NaN.
    assert run.data.metrics == {name: value for name, value in given.metrics.items() if math.isfinite(value)}
    assert "calibration_slope" not in run.data.metrics
    assert given.tags.items() <= run.data.tags.items()


def test_a_synthetic_cohort_and_research_use_stand_on_the_run_and_its_version(
    store: Store, run: Any, written: TrackedRun
) -> None:
    note = run.data.tags["mlflow.note.content"]
    assert SYNTHETIC in note
    assert RESEARCH_USE in note
    version = store.client().get_model_version(written.model_name, written.version)
    assert version.tags["use"] == RESEARCH_USE
    assert version.tags["spinecast.cohort_kind"] == run.data.tags["spinecast.cohort_kind"] == "synthetic"


def test_real_patients_are_not_called_synthetic(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    done = write_run(store, made_runs.content_of(output, cohort_kind="real"))
    note = store.client().get_run(done.run_id).data.tags["mlflow.note.content"]
    assert SYNTHETIC not in note
    assert RESEARCH_USE in note


def test_each_candidate_is_a_finished_nested_run(store: Store, run: Any, output: Path) -> None:
    nested = store.client().search_runs(
        [run.info.experiment_id], filter_string=f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    )
    given = made_runs.content_of(output).candidates
    assert {child.info.run_name for child in nested} == set(given)
    for child in nested:
        parameters, metrics = given[child.info.run_name]
        assert child.info.status == "FINISHED"
        assert child.data.params == {name: str(value) for name, value in parameters.items()}
        assert child.data.metrics == dict(metrics)


def test_the_cohort_is_a_dataset_by_its_fingerprint(run: Any) -> None:
    (found,) = run.inputs.dataset_inputs
    assert found.dataset.name == "simulated"
    assert found.dataset.digest == made_runs.FINGERPRINT[:36]
    assert json.loads(found.dataset.source)["tags"] == {"source": "patients.csv"}
    # Name and address only: MLflow's own datasets of tables carry a profile and a schema of the table.
    assert found.dataset.profile is None
    assert found.dataset.schema is None
    assert {tag.key: tag.value for tag in found.tags} == {
        "mlflow.data.context": "development",
        "spinecast.cohort_kind": "synthetic",
    }


@pytest.mark.usefixtures("written")
def test_the_record_is_in_the_store_and_the_out_of_fold_risks_are_not(store: Store, output: Path) -> None:
    stored = {path.split("/artifacts/")[1]: content for path, content in made_runs.files(store).items()}
    record = {name: content for name, content in stored.items() if name.startswith("record/")}
    assert record == {
        f"record/{path.relative_to(output / 'record')}": path.read_bytes()
        for path in (output / "record").rglob("*")
        if path.is_file()
    }
    assert not [name for name in stored if "out_of_fold" in name]


def test_the_version_points_at_the_run_and_its_logged_model(store: Store, run: Any, written: TrackedRun) -> None:
    client = store.client()
    version = client.get_model_version_by_alias(written.model_name, "candidate")
    assert (str(version.version), version.run_id, version.status) == (written.version, written.run_id, "READY")
    (output_model,) = run.outputs.model_outputs
    assert version.source == f"models:/{output_model.model_id}"
    logged = client.get_logged_model(output_model.model_id)
    assert logged.source_run_id == written.run_id
    assert str(logged.status) == "READY"
    # The tag by which MLflow's pages lead from a logged model to its versions.
    assert json.loads(logged.tags["mlflow.modelVersions"]) == [{"name": written.model_name, "version": 1}]


def test_the_stored_model_is_the_saved_folder_byte_for_byte(store: Store, written: TrackedRun, output: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert contents(made_runs.model_folder(store, written.run_id)) == contents(output / "model")


@pytest.mark.usefixtures("written")
def test_nothing_among_the_artifacts_is_or_asks_for_a_pickle(store: Store) -> None:
    stored = made_runs.files(store)
    assert len(stored) > 8
    for name, content in stored.items():
        path = Path(name)
        assert path.suffix not in PICKLES, name
        assert path.stem != "python_model", name
        # A pickle of protocol 2 or newer begins so, whatever its file is called.
        assert not (content[:1] == b"\x80" and content[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}), name
        assert b"cloudpickle" not in content, name
        if path.suffix == ".npz":
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                assert all(arrays[key].dtype != object for key in arrays.files), name
    (flavour,) = (yaml.safe_load(content) for name, content in stored.items() if name.endswith("/MLmodel"))
    assert set(flavour["flavors"]) == {"python_function"}
    function = flavour["flavors"]["python_function"]
    assert function["loader_module"] == "spinecast.tracking.pyfunc"
    assert not any(function.get(name) for name in ("python_model", "artifacts", "code", "model_code_path"))
    (requirements,) = (content for name, content in stored.items() if name.endswith("/requirements.txt"))
    assert {line.split(b"==")[0] for line in requirements.split()} == {b"mlflow", b"spinecast"}


def test_the_same_run_again_is_a_second_version_and_takes_the_alias(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    first, second = (write_run(store, made_runs.content_of(output)) for _ in range(2))
    assert (first.version, second.version) == ("1", "2")
    client = store.client()
    assert str(client.get_model_version_by_alias(made_runs.NAME, "candidate").version) == "2"
    # The first was complete, so the second did not take it for a dead process's.
    assert client.get_run(first.run_id).data.tags["spinecast.state"] == "complete"
    assert client.get_model_version(made_runs.NAME, "1").run_id == first.run_id


def test_mlflow_says_nothing(make_store: MakeStore, output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # Also a warning would fail here: the tests turn every warning into an error.
    store = make_store()
    for _ in range(2):
        write_run(store, made_runs.content_of(output))
    assert capfd.readouterr() == ("", "")


def test_other_warnings_of_mlflow_are_not_hidden(
    make_store: MakeStore, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import warnings

    import mlflow

    def log_model(**_: Any) -> None:
        warnings.warn("something else is wrong", UserWarning, stacklevel=2)

    monkeypatch.setattr(mlflow.pyfunc, "log_model", log_model)
    with pytest.raises(UserWarning, match="something else is wrong"):
        write_run(make_store(), made_runs.content_of(output))


def test_a_registry_that_refuses_a_name_is_not_taken_for_one_that_knows_it(make_store: MakeStore, output: Path) -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="name"):
        write_run(make_store(), made_runs.content_of(output, name="a/b:c"))


def test_an_experiment_may_be_called_anything(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    write_run(store, made_runs.content_of(output, experiment="../../Überleben: 90 %/Tag #1"))
    (folder,) = (made_runs.folder_of(store) / "artifacts").iterdir()
    assert folder.name == "_berleben_90_Tag_1"


def test_many_parameters_and_long_values_go_in_batches(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    many = {f"parameter.{number}": number for number in range(230)} | {"long": "x" * 7000}
    done = write_run(store, made_runs.content_of(output, parameters=many))
    stored = store.client().get_run(done.run_id).data.params
    assert len(stored) == 231
    assert stored["parameter.229"] == "229"
    assert stored["long"] == "x" * 6000
