"""The watch on the registry goes on whatever happens, and says what happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import made_store
from serving.made_store import EVENT, LOSS

from spinecast.errors import TrackingError
from spinecast.models.artifact import save_model
from spinecast.models.loading import AnyModel
from spinecast.serving import answers as answers_module
from spinecast.serving import models as models_module
from spinecast.serving.models import ServedModels
from spinecast.serving.rehearsal import rehearse
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State
from spinecast.tracking.serving_versions import Known
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
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr(models_module, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(models_module, "MOST_SECONDS_BETWEEN", 0.3)
    said: list[str] = []
    models = ServedModels(store, said.append)
    models.start()
    asked: list[float] = []
    right = models_module.serving_versions

    def wrong(of: Store, known: Known) -> list[Any]:
        if of is not store:  # the session's own server watches too
            return list(right(of, known))
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
    # An error that is none of ours may hold a value: of a defect the log has the place alone.
    assert "sixty-three" not in said[0] + caplog.text
    assert ("RuntimeError at" in caplog.text) == isinstance(error, RuntimeError)
    gaps = [later - sooner for sooner, later in pairwise(asked)]
    assert gaps[-1] > 0.25  # doubled, up to the most
    models.stop()


def test_a_version_that_our_own_code_cannot_take_is_refused_for_a_while_and_the_others_are_served(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
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
    assert "KeyError at" in caplog.text
    assert "test_watch.py:" in caplog.text
    assert "a defect'" not in caplog.text
    models.refresh()
    assert len(loaded) == 2  # each once: it is not read again every two seconds
    assert models.refused == {f"{LOSS}/1": "KeyError while it was loaded"}
    assert said == [f"NOT SERVED: {LOSS}/1: KeyError while it was loaded"]
    monkeypatch.setattr(models_module, "SECONDS_REFUSED", 0)
    monkeypatch.setattr(models_module, "load_any_model", right)
    models.refresh()
    assert set(models.current) == {EVENT, LOSS}
    assert models.refused == {}


def test_what_cannot_explain_what_it_serves_is_served_no_more_and_a_name_that_is_new_is_rehearsed_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "SECONDS_BETWEEN", 0.01)
    rehearsed: list[str] = []
    broken = {EVENT}

    def rehearse(served: ServedModel) -> None:
        if served.version.folder is None or not served.version.folder.is_relative_to(tmp_path):
            return  # the session's own server
        rehearsed.append(served.name)
        if served.name in broken:
            raise ArithmeticError("contributions leave 0.3 unexplained")

    monkeypatch.setattr(models_module, "rehearse", rehearse)
    said: list[str] = []
    models = ServedModels(store, said.append)
    models.start()
    assert waited(lambda: EVENT not in models.current)
    folder = tmp_path / "registry" / "loss" / "model"
    made_store.register(store, LOSS, 1, folder, made_store.save_quantity_model(made_store.loss_model(), folder))
    assert waited(lambda: LOSS in models.current)
    assert rehearsed == [EVENT, LOSS]
    assert models.refused == {f"{EVENT}/1": "contributions leave 0.3 unexplained"}
    assert said == [f"NOT SERVED: {EVENT}/1: contributions leave 0.3 unexplained"]
    broken.clear()
    monkeypatch.setattr(models_module, "SECONDS_REFUSED", 0)
    assert waited(lambda: EVENT in models.current)
    assert models.refused == {}
    models.stop()


def test_every_kind_of_model_is_rehearsed_with_all_that_an_answer_can_hold(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[str, int]] = []
    right = answers_module.narrowing

    def narrowing(model: AnyModel, matrix: np.ndarray, level: str | None = None) -> list[Any]:
        found = right(model, matrix, level)
        if threading.current_thread() is threading.main_thread():  # the session's own server rehearses too
            looked.append((model.name, len(found)))
        return found

    monkeypatch.setattr(answers_module, "narrowing", narrowing)
    before = state.log.count()
    for served in state.models.current.values():
        rehearse(served)  # of models with limits too: a typical patient is none whom a study declines
    # One input is left out, for which it is looked.
    assert sorted(looked) == sorted((served.model.name, 1) for served in state.models.current.values())
    assert state.log.count() == before
    event = made_store.event_model()
    strict = replace(event, about={**event.about, "decline": {"missing_share": 0}})
    rehearse(replace(state.models.get(EVENT), model=strict))
    assert looked[-1] == (event.name, 0)  # declined with one left out, and answered with none
