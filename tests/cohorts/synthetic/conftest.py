"""A small recipe that every test may change in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

RECIPE = """\
recipe: small
title: A small cohort (SYNTHETIC)
description: For tests.
family: survival
sources:
  somebody: Somebody et al.
years: {first: 2015, last: 2019}
variables:
  age:
    distribution: {kind: normal, mean: 60, sd: 12}
    limits: [18, 95]
    source: somebody
  sex:
    distribution: {kind: counts, counts: {female: 4, male: 6}}
    source: design
  albumin:
    distribution: {kind: normal, mean: 3.7, sd: 0.6}
    limits: [2.1, 5.2]
    source: somebody
  hemoglobin:
    distribution: {kind: normal, mean: 12, sd: 2}
    limits: [7, 17]
    source: design
  diabetes:
    distribution: {kind: bernoulli, probability: 0.2}
    source: design
correlation:
  - {between: [albumin, hemoglobin], latent: 0.4, source: design}
events:
  death:
    anchors:
      - {days: 90, event_free: 0.75, source: somebody}
      - {days: 365, event_free: 0.45, source: somebody}
    effects:
      - {variable: albumin, per: 1, hazard_ratio: 0.5, source: somebody}
      - {variable: age, at_least: 70, hazard_ratio: 1.4, source: design}
outcomes:
  - {kind: survival, time: follow_up_time, status: death, event: death}
missingness:
  drivers:
    - {variable: diabetes, levels: [present], odds_ratio: 2.0, source: design}
  rates:
    albumin: {rate: 0.2, source: design}
sites:
  here:
    description: As it stands.
    source: design
  there:
    description: Other habits.
    source: design
    binary_levels: ["1", "2"]
    coding:
      albumin: {column: alb, unit: g/L, missing_code: -99}
      sex: {levels: {female: F, male: M}}
"""


@pytest.fixture
def write_recipe(tmp_path: Path) -> Callable[..., Path]:
    """Write the recipe with one text replaced by another."""

    def write(old: str = "", new: str = "", *, name: str = "small.yaml") -> Path:
        assert old in RECIPE
        path = tmp_path / name
        path.write_text(RECIPE.replace(old, new, 1) if old else RECIPE, encoding="utf-8")
        return path

    return write
