"""Studies on made-up patients: a recipe as the source, and the name lookup behind it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import drawn

from spinecast.cohorts.outcomes import HorizonOutcome, label_outcome
from spinecast.cohorts.sources import SyntheticSource, build_cohort
from spinecast.cohorts.synthetic.recipe import find_recipe, recipe_files
from spinecast.delivered import delivered, delivered_folder
from spinecast.errors import CohortError, ContractError, DocumentError
from spinecast.training.plan import cohort_source, cohort_variables
from spinecast.training.study.file import load_study, summary

STUDY = """\
study: made_up
title: Made-up patients
cohort:
  source: {kind: synthetic, recipe: RECIPE, patients: 800, seed: 3}
outcome: {kind: horizon, time: follow_up_time, event: death, horizon_days: 90}
predictors: [age, albumin, tumour_growth_group, ecog_3_or_4, three_or_more_spine_metastases]
candidates:
  - {kind: elastic_net}
"""


def write_study(folder: Path, recipe: str, *changes: tuple[str, str]) -> Path:
    text = STUDY.replace("RECIPE", recipe)
    for old, new in changes:
        text = text.replace(old, new)
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_draws_its_cohort_from_a_recipe(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, "sorg"))
    cohort = build_cohort(cohort_source(study), cohort_variables(study))
    assert (cohort.kind, len(cohort), cohort.name) == ("synthetic", 800, "sorg (development)")
    made = drawn("sorg", 800, seed=3)
    for name in ("age", "albumin", "follow_up_time", "death"):
        np.testing.assert_array_equal(cohort.matrix([name])[:, 0], made.observed[name])
    # Derived predictors are computed by the contract; nothing they follow from is missing here.
    for name in ("tumour_growth_group", "ecog_3_or_4", "three_or_more_spine_metastases"):
        np.testing.assert_array_equal(cohort.matrix([name])[:, 0], made.complete[name])
    labelled = label_outcome(cohort, HorizonOutcome(time="follow_up_time", event="death", horizon_days=90))
    assert 0.2 < labelled.events / len(labelled) < 0.3
    assert any(made.recipe.mark in note for note in cohort.provenance.notes)


def test_the_summary_of_such_a_study_says_synthetic(tmp_path: Path) -> None:
    text = summary(load_study(write_study(tmp_path, "sorg", ("seed: 3", "seed: 3, site: taiwan"))))
    assert "800 of the recipe sorg, site taiwan, seed 3" in text
    assert "SYNTHETIC COHORT: no real patients." in text


def test_a_recipe_beside_the_study_is_found(tmp_path: Path, write_recipe: Callable[..., Path]) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write_recipe()
    changed = ("[age, albumin, tumour_growth_group, ecog_3_or_4, three_or_more_spine_metastases]", "[age, albumin]")
    study = load_study(write_study(folder, "../small.yaml", changed))
    assert build_cohort(cohort_source(study), cohort_variables(study)).name == "small (here)"


def test_the_fingerprint_changes_with_seed_and_recipe(write_recipe: Callable[..., Path]) -> None:
    prints = {
        build_cohort(SyntheticSource(path, 100, seed), ("age", "albumin")).fingerprint
        for path, seed in (
            (write_recipe(), 1),
            (write_recipe(), 2),
            (write_recipe("mean: 60", "mean: 61", name="other.yaml"), 1),
        )
    }
    assert len(prints) == 3


def test_what_a_recipe_lacks_is_refused_with_the_nearest(write_recipe: Callable[..., Path]) -> None:
    with pytest.raises(ContractError, match="the recipe small has no variable 'hematocrit'") as refused:
        build_cohort(SyntheticSource(write_recipe(), 50), ("age", "hematocrit"))
    assert "did you mean hemoglobin?" in str(refused.value)
    with pytest.raises(CohortError, match="no site 'nowhere'"):
        build_cohort(SyntheticSource(write_recipe(), 50, site="nowhere"), ("age",))


def test_an_unknown_recipe_is_refused_when_the_study_runs(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, "sorrg"))
    with pytest.raises(DocumentError, match="did you mean sorg"):
        cohort_source(study)


def test_recipes_are_found_by_name_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from spinecast.cohorts.synthetic.recipe import find_recipe; print(find_recipe('sorg'))",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == find_recipe("sorg")
    assert set(recipe_files()) == set(delivered("cohorts"))
    assert delivered_folder("cohorts").is_dir()
    assert delivered("no_such_kind") == {}


def test_each_recipe_is_named_as_its_file() -> None:
    from made_cohorts import recipe_named

    for name in recipe_files():
        content = recipe_named(name).content
        assert content.recipe == name
        assert "SYNTHETIC" in content.title
