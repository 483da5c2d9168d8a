"""The same request gives the same patients; another seed, site or recipe gives others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import drawn, recipe_named

from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.recipe import load_recipe
from spinecast.cohorts.synthetic.streams import CHUNK, Streams
from spinecast.cohorts.synthetic.writing import write_cohort
from spinecast.files import sha256_file


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_same_request_writes_the_same_bytes(tmp_path: Path, ending: str) -> None:
    hashes = []
    for folder in ("one", "two"):
        generator = Generator(recipe_named("sorg"), seed=5, site="taiwan")
        written = write_cohort(generator, 700, tmp_path / folder / f"cohort{ending}")
        assert written.mapping is not None
        hashes.append([sha256_file(path) for path in (written.table, written.truth, written.mapping)])
    assert hashes[0] == hashes[1]


def test_patient_i_does_not_depend_on_how_many_are_asked_for() -> None:
    few, many = drawn("bilsky3_ambulation", 500), drawn("bilsky3_ambulation", CHUNK + 100)
    for part in ("observed", "truth"):
        for name, values in getattr(many, part).items():
            np.testing.assert_array_equal(values[:500], getattr(few, part)[name], err_msg=name)


def test_chunks_differ_from_each_other() -> None:
    made = drawn("bilsky3_ambulation", CHUNK + 100)
    assert not np.array_equal(made.observed["age"][:100], made.observed["age"][CHUNK:])


@pytest.mark.parametrize("change", [{"seed": 6}, {"cohort": "b"}, {"chunk": 1}])
def test_streams_of_another_seed_cohort_or_chunk_differ(change: dict[str, int | str]) -> None:
    one = {"seed": 5, "cohort": "a", "chunk": 0, "size": 1000}
    first, second = (Streams(**given).normal("score of age") for given in (one, one | change))  # type: ignore[arg-type]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15
    assert not np.isin(first, second).any()


def test_two_uses_of_one_chunk_are_independent() -> None:
    streams = Streams(1, "a", 0, 20_000)
    assert abs(np.corrcoef(streams.normal("one"), streams.normal("two"))[0, 1]) < 4 / np.sqrt(20_000)
    np.testing.assert_array_equal(streams.normal("one"), streams.normal("one"))


def test_another_seed_gives_other_patients() -> None:
    assert (
        drawn("bilsky3_ambulation", 500).truth["death_survival_90d"]
        != drawn("bilsky3_ambulation", 500, seed=2).truth["death_survival_90d"]
    ).mean() > 0.5


def test_one_more_variable_changes_nobody(write_recipe: Callable[..., Path]) -> None:
    more = "  hypertension:\n    distribution: {kind: bernoulli, probability: 0.3}\n    source: design\ncorrelation:"
    first = next(Generator(load_recipe(write_recipe())).chunks(200))
    second = next(Generator(load_recipe(write_recipe("correlation:", more, name="more.yaml"))).chunks(200))
    for name in ("age", "sex", "hemoglobin", "diabetes", "albumin"):
        np.testing.assert_array_equal(first.observed[name], second.observed[name])


def test_the_hash_is_of_what_a_recipe_says_not_how(write_recipe: Callable[..., Path]) -> None:
    plain = load_recipe(write_recipe())
    spelled = load_recipe(write_recipe("sd: 12", "sd: 12.0", name="spelled.yaml"))
    other = load_recipe(write_recipe("sd: 12", "sd: 13", name="other.yaml"))
    assert plain.hash == spelled.hash
    assert plain.hash != other.hash
    assert plain.hash != load_recipe(write_recipe(), ["variables.age.distribution.sd=11"]).hash


def test_years_move_when_patients_are_treated_and_nothing_else(write_recipe: Callable[..., Path]) -> None:
    from spinecast.cohorts.synthetic.recipe_blocks import Years

    recipe = load_recipe(write_recipe())
    usual = next(Generator(recipe).chunks(300))
    later = next(Generator(recipe, years=Years(first=2021, last=2021)).chunks(300))
    assert set(usual.observed["treatment_year"]) == {2015, 2016, 2017, 2018, 2019}
    assert set(later.observed["treatment_year"]) == {2021}
    np.testing.assert_array_equal(usual.observed["age"], later.observed["age"])
    assert later.observed["follow_up_time"].max() <= 730
