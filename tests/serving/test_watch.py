"""The watch on the registry goes on whatever happens, and says what happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from serving import made_store
from serving.made_store import EVENT, LOSS

from spinecast.errors import TrackingError
from spinecast.models.artifact import save_model
from spinecast.serving import models as models_module
from spinecast.serving.models import ServedModels
from spinecast.tracking.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = made_store.new_store(tmp_path / "registry")
    folder = tmp_path / "registry" / "first" / "model"
    made_store.register(store, EVENT, 1, folder, save_model(made_store.event_model(), folder))
    return store


def waited(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 120
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("error", [TrackingError("the registry is away"), RuntimeError("sixty-three")])
def test_it_goes_on_says_so_once_and_leaves_the_registry_alone_for_longer(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(models_module, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(models_module, "MOST_SECONDS_BETWEEN", 0.3)
    said: list[str] = []
    models = ServedModels(store, said.append)
    models.start()
    asked: list[float] = []
    right = models_module.serving_versions

    def wrong(of: Store) -> list[Any]:
        if of is not store:  # the session's own server watches too
            return list(right(of))
        asked.append(time.monotonic())
        raise error

    with monkeypatch.context() as away:
        away.setattr(models_module, "serving_versions", wrong)
        assert waited(lambda: len(asked) >= 7)
        assert models.trouble
        assert models.get(EVENT).version.version == "1"
    assert waited(lambda: "the registry answers again" in said)
    assert not models.trouble
    assert len(said) == 2
    assert said[0].endswith("what is in memory goes on answering")
    assert "sixty-three" not in said[0]  # an error that is none of ours may hold a value
    gaps = [later - sooner for sooner, later in pairwise(asked)]
    assert gaps[-1] > 0.25  # doubled, up to the most
    models.stop()


def test_a_version_that_our_own_code_cannot_take_is_refused_for_a_while_and_the_others_are_served(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "registry" / "loss" / "model"
    made_store.register(store, LOSS, 1, folder, made_store.save_quantity_model(made_store.loss_model(), folder))
    loaded: list[Path] = []
    right = models_module.load_any_model

    def broken(path: Path) -> object:
        if not path.is_relative_to(tmp_path):  # the session's own server loads too
            return right(path)
        loaded.append(path)
        if "loss" in str(path):
            raise KeyError("a defect")
        return right(path)

    monkeypatch.setattr(models_module, "load_any_model", broken)
    said: list[str] = []
    models = ServedModels(store, said.append)
    models.refresh()
    assert list(models.current) == [EVENT]
    assert models.refused == {f"{LOSS}/1": "KeyError while it was loaded"}
    models.refresh()
    assert len(loaded) == 2  # each once: it is not read again every two seconds
    assert models.refused == {f"{LOSS}/1": "KeyError while it was loaded"}
    assert said == [f"NOT SERVED: {LOSS}/1: KeyError while it was loaded"]
    monkeypatch.setattr(models_module, "SECONDS_REFUSED", 0)
    monkeypatch.setattr(models_module, "load_any_model", right)
    models.refresh()
    assert set(models.current) == {EVENT, LOSS}
    assert models.refused == {}
