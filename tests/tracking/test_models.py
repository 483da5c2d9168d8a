"""A stored model by every name people use, bit for bit the one that was saved; anything else is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import made_models
import numpy as np
import pandas as pd
import pytest
from tracking import made_runs
from tracking.conftest import MakeStore

from spinecast.clinical.dictionary import variable
from spinecast.errors import ArtifactError, ContractError, TrackingError
from spinecast.models.artifact import save_model
from spinecast.tracking.models import fetch_record, find_any_model, registered_versions
from spinecast.tracking.runs import TrackedRun, write_run
from spinecast.tracking.store import Store


def patients(count: int = 12) -> pd.DataFrame:
    """Simulated patients as MLflow is given them: levels by name, what is not recorded missing."""
    matrix, _ = made_models.patients(count, seed=3)
    table = pd.DataFrame(matrix, columns=list(made_models.PREDICTORS))
    for name in table.columns:
        levels = variable(name).levels
        if levels:
            words = {float(index): level.value for index, level in enumerate(levels)}
            table[name] = table[name].map(words).astype(object).where(table[name].notna(), None)
    return table


@pytest.fixture(params=["name", "name@alias", "name/version", "run id", "folder of the run", "folder of the model"])
def reference(request: pytest.FixtureRequest, written: TrackedRun, output: Path) -> str:
    return {
        "name": made_runs.NAME,
        "name@alias": f"{made_runs.NAME}@candidate",
        "name/version": f"{made_runs.NAME}/{written.version}",
        "run id": written.run_id,
        "folder of the run": str(output),
        "folder of the model": str(output / "model"),
    }[str(request.param)]


def test_every_name_finds_the_model_that_was_saved(store: Store, output: Path, reference: str) -> None:
    matrix, _ = made_models.patients(30, seed=2)
    model, identity = find_any_model(store, reference)
    assert identity == made_runs.content_of(output).identity
    made_models.assert_same_bits(model.predict(matrix), made_runs.MODEL.predict(matrix))


@pytest.mark.parametrize("uri", ["models:/{name}@candidate", "models:/{name}/1", "{source}", "runs:/{run}/model"])
def test_mlflow_loads_it_by_registry_alias_version_model_and_run(store: Store, written: TrackedRun, uri: str) -> None:
    table = patients()
    version = store.client().get_model_version(made_runs.NAME, "1")
    with store.active() as mlflow:
        served = mlflow.pyfunc.load_model(uri.format(name=made_runs.NAME, source=version.source, run=written.run_id))
    answer = served.predict(table)
    matrix, _ = made_models.patients(12, seed=3)
    lower, upper = made_runs.MODEL.interval(matrix)
    assert list(answer.columns) == ["risk", "lower", "upper"]
    np.testing.assert_array_equal(answer["risk"], made_runs.MODEL.predict(matrix))
    np.testing.assert_array_equal(answer["lower"], lower)
    np.testing.assert_array_equal(answer["upper"], upper)
    # The contract still stands inside MLflow's form.
    with pytest.raises(ContractError, match="37"):
        served.predict(table.assign(albumin=37.0))


@pytest.mark.usefixtures("written")
def test_the_signature_makes_every_predictor_optional_and_names_its_kind(store: Store) -> None:
    with store.active() as mlflow:
        signature = mlflow.models.get_model_info(f"models:/{made_runs.NAME}@candidate").signature
    kinds = {column.name: (column.type.name, column.required) for column in signature.inputs.inputs}
    assert list(kinds) == list(made_models.PREDICTORS)
    assert kinds["age"] == ("double", False)
    assert kinds["tumour_group"] == ("string", False)
    assert [column.name for column in signature.outputs.inputs] == ["risk", "lower", "upper"]


def test_a_newer_version_is_what_the_name_means_and_the_older_keeps_its_run_id(
    make_store: MakeStore, output: Path, tmp_path: Path
) -> None:
    store = make_store()
    first = write_run(store, made_runs.content_of(output))
    other = made_models.model_of("baseline")
    identity = save_model(other, tmp_path / "model")
    second = write_run(store, made_runs.content_of(output, model=tmp_path / "model", identity=identity))
    assert find_any_model(store, made_runs.NAME)[1] == find_any_model(store, second.run_id)[1] == identity
    assert find_any_model(store, first.run_id)[1] == made_runs.content_of(output).identity
    found = registered_versions(store)
    assert [(one.version, one.run_id, one.aliases) for one in found] == [
        ("2", second.run_id, ("candidate",)),
        ("1", first.run_id, ()),
    ]
    assert {(one.name, one.cohort_kind) for one in found} == {(made_runs.NAME, "synthetic")}
    assert [one.identity for one in found] == [identity, made_runs.content_of(output).identity]


def test_an_alias_of_ones_own_is_found(make_store: MakeStore, output: Path) -> None:
    store = make_store()
    write_run(store, made_runs.content_of(output))
    store.client().set_registered_model_alias(made_runs.NAME, "ward_7", "1")
    assert find_any_model(store, f"{made_runs.NAME}@ward_7")[1] == made_runs.content_of(output).identity
    assert registered_versions(store)[0].aliases == ("candidate", "ward_7")


class TestAltered:
    """What stands in the artifact folder was changed after it was registered."""

    @pytest.fixture
    def stored(self, store: Store, written: TrackedRun, tmp_path: Path) -> Iterator[Path]:
        folder = made_runs.model_folder(store, written.run_id)
        kept = Path(shutil.copytree(folder, tmp_path / "kept"))
        yield folder
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)

    @pytest.mark.parametrize("reference", ["name", "run id"])
    @pytest.mark.parametrize("file", ["model.json", "marginals.npz", "parts/elastic_net_1/member_0.npz"])
    def test_one_byte_is_enough(
        self, store: Store, written: TrackedRun, stored: Path, file: str, reference: str
    ) -> None:
        content = bytearray((stored / file).read_bytes())
        content[len(content) // 2] ^= 1
        (stored / file).write_bytes(content)
        with pytest.raises(ArtifactError, match="not what its manifest says") as caught:
            find_any_model(store, made_runs.NAME if reference == "name" else written.run_id)
        assert file in str(caught.value)
        assert "do not use this copy" in str(caught.value)

    def test_a_file_added_is_refused(self, store: Store, stored: Path) -> None:
        (stored / "python_model.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
        with pytest.raises(ArtifactError, match=r"python_model\.pkl"):
            find_any_model(store, made_runs.NAME)

    def test_a_file_removed_is_refused(self, store: Store, stored: Path) -> None:
        (stored / "marginals.npz").unlink()
        with pytest.raises(ArtifactError, match=r"marginals\.npz"):
            find_any_model(store, made_runs.NAME)

    def test_without_its_manifest_it_is_no_model(self, store: Store, stored: Path) -> None:
        (stored / "manifest.json").unlink()
        with pytest.raises(ArtifactError, match="is not a spinecast model"):
            find_any_model(store, made_runs.NAME)

    def test_another_whole_model_in_its_place_is_not_the_one_registered(self, store: Store, stored: Path) -> None:
        # Its own manifest agrees with it: only the identity that the version carries gives it away.
        other = save_model(made_models.model_of("baseline"), stored)
        with pytest.raises(ArtifactError, match="is not the model that was registered") as caught:
            find_any_model(store, made_runs.NAME)
        assert other in str(caught.value)
        assert "train it again" in str(caught.value)

    def test_mlflow_refuses_it_as_well(self, store: Store, stored: Path) -> None:
        (stored / "model.json").write_text((stored / "model.json").read_text().replace("0.97", "0.79"))
        with (
            store.active() as mlflow,
            pytest.raises(ArtifactError, match="not what its manifest says"),
        ):
            mlflow.pyfunc.load_model(f"models:/{made_runs.NAME}@candidate")


@pytest.mark.usefixtures("written")
def test_an_unknown_name_names_the_nearest(store: Store) -> None:
    with pytest.raises(TrackingError) as caught:
        find_any_model(store, "simulated_mortalty")
    assert "no model 'simulated_mortalty' is registered" in str(caught.value)
    assert "did you mean simulated_mortality?" in str(caught.value)


@pytest.mark.usefixtures("written")
def test_an_unknown_alias_names_those_there_are(store: Store) -> None:
    with pytest.raises(TrackingError, match="no version of simulated_mortality has the alias 'champion'") as caught:
        find_any_model(store, f"{made_runs.NAME}@champion")
    assert "candidate" in str(caught.value)
    with pytest.raises(TrackingError, match="one of simulated_mortality"):
        find_any_model(store, "another@champion")


@pytest.mark.usefixtures("written")
def test_an_unknown_number_names_those_there_are(store: Store) -> None:
    with pytest.raises(TrackingError, match=r"^simulated_mortality has no version 7\n.*expected: one of 1\n") as caught:
        find_any_model(store, f"{made_runs.NAME}/7")
    assert "is registered" not in str(caught.value)
    with pytest.raises(TrackingError, match="no model 'another/7' is registered"):
        find_any_model(store, "another/7")


@pytest.mark.usefixtures("written")
def test_a_run_without_a_model_and_a_run_that_is_not_there(store: Store) -> None:
    with pytest.raises(TrackingError, match="has no model"):
        find_any_model(store, "0" * 32)
    with pytest.raises(TrackingError, match=r"no run record for '0+'"):
        fetch_record(store, "0" * 32)


def test_a_store_that_was_moved_away_from_its_files_says_so(store: Store, written: TrackedRun) -> None:
    files = Path(str(store.artifacts).removeprefix("file://"))
    elsewhere = files.rename(files.with_name("elsewhere"))
    try:
        for ask in (lambda: fetch_record(store, written.run_id), lambda: find_any_model(store, made_runs.NAME)):
            with pytest.raises(TrackingError, match="are not where the store has them") as told:
                ask()
            assert str(files) in str(told.value)
    finally:
        elsewhere.rename(files)
    assert fetch_record(store, written.run_id).is_dir()


@pytest.mark.parametrize("reference", ["no/such/folder", "nothing"])
def test_without_a_store_only_folders_can_be_found(tmp_path: Path, reference: str) -> None:
    with pytest.raises(TrackingError, match="there is no model folder"):
        find_any_model(None, str(tmp_path / reference) if "/" in reference else reference)


def test_the_record_comes_back_as_it_was_written(store: Store, written: TrackedRun, output: Path) -> None:
    folder = fetch_record(store, written.run_id)
    assert (folder / "run.json").read_bytes() == (output / "record" / "run.json").read_bytes()
    assert (folder / "figures" / "roc.svg").is_file()


def test_an_empty_store_says_to_train_first(make_store: MakeStore) -> None:
    store = make_store()
    assert registered_versions(store) == []
    with pytest.raises(TrackingError, match="a model trained here first"):
        find_any_model(store, made_runs.NAME)
