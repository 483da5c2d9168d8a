"""The study's block on internal validation: defaults, what is filled in, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import simulated

from spinecast.errors import StudyError
from spinecast.training.study import Study
from spinecast.training.study.file import load_study


def load(folder: Path, *overrides: str) -> Study:
    return load_study(simulated.write_study(folder), overrides)


def test_by_default_fifty_resamples_with_tuning_fixed_and_nothing_else(tmp_path: Path) -> None:
    asked = load(tmp_path, "internal_validation={}").internal_validation
    assert asked.bootstrap is not None
    assert (asked.bootstrap.resamples, asked.bootstrap.tuning) == (50, "fixed")
    assert asked.repeated_cross_validation is None
    assert asked.internal_external is None
    assert asked.learning_curve is None


def test_each_part_can_be_left_out_and_put_in(tmp_path: Path) -> None:
    overrides = ("bootstrap=null", "learning_curve=null", "repeated_cross_validation={tuning: repeated}")
    asked = load(tmp_path, *(f"internal_validation.{one}" for one in overrides)).internal_validation
    assert asked.bootstrap is None
    assert asked.learning_curve is None
    assert asked.repeated_cross_validation is not None
    assert (asked.repeated_cross_validation.repeats, asked.repeated_cross_validation.tuning) == (3, "repeated")


def test_sites_follow_the_group_column_unless_the_study_says_otherwise(tmp_path: Path) -> None:
    own = "cohort.source.group_column=site"
    for overrides, by in (
        ((own, "internal_validation={internal_external: {}}"), "site"),
        ((own, "internal_validation={internal_external: {by: tumour_group}}"), "tumour_group"),
    ):
        sites = load(tmp_path, *overrides).internal_validation.internal_external
        assert sites is not None
        assert sites.by == by


@pytest.mark.parametrize(
    ("override", "key", "said"),
    [
        ("internal_external={}", "internal_external.by", "names no group_column"),
        ("internal_external={by: tumour_grup}", "internal_external.by", "did you mean tumour_group"),
        ("internal_external={by: days}", "internal_external.by", "there is no 'days' to leave out"),
        ("learning_curve={shares: [0.5, 0.25, 0.5]}", "learning_curve.shares", "0.5 is listed twice"),
        ("learning_curve={shares: [0.0]}", "learning_curve.shares", "greater than 0"),
        ("bootstrap={resamples: 5}", "bootstrap.resamples", "10"),
        ("bootstrap={tuning: sometimes}", "bootstrap.tuning", "fixed"),
        ("bootstrap={resample: 50}", "bootstrap.resample", "did you mean resamples"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key(tmp_path: Path, override: str, key: str, said: str) -> None:
    with pytest.raises(StudyError) as caught:
        load(tmp_path, f"internal_validation.{override}")
    assert f"internal_validation.{key}" in str(caught.value)
    assert said in str(caught.value)
