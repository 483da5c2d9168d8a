"""What is read of an embedded store without MLflow is what MLflow says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracking import made_runs
from tracking.conftest import MakeStore

from spinecast.errors import TrackingError
from spinecast.models.loading import load_any_model
from spinecast.tracking import serving_versions as module
from spinecast.tracking.runs import write_run
from spinecast.tracking.serving_versions import fetched, pinned_version, serving_versions
from spinecast.tracking.store import Store


def test_aliases_identities_and_places_are_those_of_mlflow(make_store: MakeStore, output: Path, tmp_path: Path) -> None:
    store = make_store()
    for _ in range(2):
        write_run(store, made_runs.content_of(output))
    write_run(store, made_runs.content_of(output, name="another"))
    assert {one.name: (one.version, one.alias) for one in serving_versions(store)} == {
        "another": ("1", "candidate"),
        "simulated_mortality": ("2", "candidate"),
    }
    store.client().set_registered_model_alias("simulated_mortality", "champion", "1")
    read = serving_versions(store)
    assert [(one.name, one.version, one.alias) for one in read] == [
        ("another", "1", "candidate"),
        ("simulated_mortality", "1", "champion"),
    ]
    by_client = {(one.name, one.alias): one for one in module._aliased_by_client(store, {})}
    assert list(by_client) == [(one.name, one.alias) for one in read]
    for one in read:
        place = tmp_path / one.name
        place.mkdir()
        other = fetched(store, by_client[one.name, one.alias], place)
        assert (one.version, one.identity, one.run_id, one.cohort_kind) == (
            other.version,
            other.identity,
            other.run_id,
            other.cohort_kind,
        )
        assert load_any_model(one.model_folder)[1] == load_any_model(other.model_folder)[1] == one.identity
        assert fetched(store, one, tmp_path) is one  # files already
        assert one.record is not None
        assert other.record is not None
        assert (one.record / "run.json").read_bytes() == (other.record / "run.json").read_bytes()
        without = fetched(store, by_client[one.name, one.alias], place, record=False)
        assert without.record is None
    pinned = pinned_version(store, "simulated_mortality", "2")
    assert (pinned.version, pinned.alias) == ("2", "")
    store.client().delete_model_version("simulated_mortality", "2")
    with pytest.raises(TrackingError, match="no longer holds simulated_mortality version 2"):
        pinned_version(store, "simulated_mortality", "2")
    assert module._numbered_by_client(store, "simulated_mortality", "2") == []


def test_a_store_that_is_none_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database")
    with pytest.raises(TrackingError, match="cannot be read"):
        serving_versions(Store(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts=None))
