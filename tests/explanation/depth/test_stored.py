"""Explanations on disk: the same arrays come back, still add up, and whatever is not what was written is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_models import assert_same_bits, model_of, patients

from spinecast.errors import ArtifactError
from spinecast.explanation.contributions import AdditivityError
from spinecast.explanation.depth.cohort import (
    ExplainedCohort,
    ExplainingSettings,
    NamedGroups,
    compare_versions,
    explain_cohort,
)
from spinecast.explanation.depth.dependence import POINTS
from spinecast.explanation.depth.stored import StoredExplanation, load_explanation, save_explanation
from spinecast.explanation.depth.views import view_of

FEW = ExplainingSettings(patients=60, curves=20, swapped=18, inputs=3, neighbours=80, bootstrap=40)


@cache
def explained(seed: int = 3) -> ExplainedCohort:
    matrix = patients(seed=seed)[0]
    groups = NamedGroups("sex", "Sex", [("Female", matrix[:, 4] == 0), ("Male", matrix[:, 4] == 1)])
    return explain_cohort(view_of(model_of("elastic_net", "random_forest")), matrix, [groups], FEW, lambda _: None)


def test_what_comes_back_is_what_was_written_and_still_adds_up(tmp_path: Path) -> None:
    found = explained().stored({"model": "simulated"})
    save_explanation(found, tmp_path)
    again = load_explanation(tmp_path)
    assert again.record == json.loads(json.dumps(found.record))
    assert again.arrays.keys() == found.arrays.keys()
    for name, array in found.arrays.items():
        assert_same_bits(again.arrays[name], array)
    rest = again.arrays["served"] - again.arrays["base"] - again.arrays["contributions"].sum(axis=1)
    assert np.abs(rest).max() < 1e-4
    save_explanation(again, tmp_path / "again")
    for name in ("explanation.json", "explanation.npz"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_same_cohort_and_seed_give_the_same_bits_and_no_row_is_a_patient() -> None:
    matrix = patients(seed=3)[0]
    groups = NamedGroups("sex", "Sex", [("Female", matrix[:, 4] == 0), ("Male", matrix[:, 4] == 1)])
    again = explain_cohort(view_of(model_of("elastic_net", "random_forest")), matrix, [groups], FEW, lambda _: None)
    assert again.found == explained().found
    assert len(again.arrays["contributions"]) == 60
    longest = max(len(one) for one in numbers_in(again.found))
    assert longest <= POINTS < min(FEW.patients, FEW.curves, FEW.swapped)  # a list of patients would be longer


def numbers_in(value: Any) -> Iterator[list[float]]:
    """Every list of numbers in JSON values, however deep."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers_in(one)
    if isinstance(value, list) and value and isinstance(value[0], float):
        yield value


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("schema_version", 2, "schema version 2"),
        ("format", "something else", "no explanation of ours"),
        ("sha256", "0" * 64, "not those it was written with"),
        ("arrays", {}, "not those it was written with"),
    ],
)
def test_another_version_and_altered_arrays_are_refused(tmp_path: Path, key: str, value: object, words: str) -> None:
    save_explanation(explained().stored({}), tmp_path)
    path = tmp_path / "explanation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ArtifactError, match=words):
        load_explanation(tmp_path)


def test_a_folder_without_an_explanation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"explanation\.json"):
        load_explanation(tmp_path)


def test_contributions_that_do_not_add_up_are_never_written(tmp_path: Path) -> None:
    found = explained().stored({})
    arrays = {**found.arrays, "base": found.arrays["base"] + 0.01}
    with pytest.raises(AdditivityError):
        save_explanation(StoredExplanation(found.record, arrays), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_compared_with_itself_has_changed_nothing_and_with_another_something() -> None:
    matrix = patients(seed=3)[0]
    same = compare_versions(explained(), view_of(model_of("elastic_net", "random_forest")), matrix, FEW)
    assert all(abs(one["difference"]["estimate"]) < 1e-12 and not one["changed"] for one in same["shares"])
    other = compare_versions(explained(), view_of(model_of("baseline")), matrix, FEW)
    told = {one["variable"]: one for one in other["shares"]}
    assert told["albumin"]["before"] == 0.0
    assert told["albumin"]["changed"]
    assert told["age"]["difference"]["estimate"] < 0
