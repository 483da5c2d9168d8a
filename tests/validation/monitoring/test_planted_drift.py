"""What the monitor promises, at a small size: benchmarks/drift.py measures it over hundreds of cohorts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import drift

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def everyone() -> drift.People:
    return drift.population(20_000, seed=2)


def test_planted_changes_are_raised_within_two_quarters_and_nothing_before(everyone: drift.People) -> None:
    planted = drift.Planted(drift.MORTALITY_ODDS_RATIO, drift.ASSAY_SHIFT)
    found = drift.watch(everyone, planted, seed=3, simulations=700)
    said = drift.delays(found, planted)
    assert said["false"] == 0
    assert said["mortality"] <= drift.WITHIN.astype(int)
    assert said["assay"] <= drift.WITHIN.astype(int)
    assert all(one.known_on > str(drift.MORTALITY_FROM) for one in found.alarms)


def test_nothing_is_raised_where_nothing_changes(everyone: drift.People) -> None:
    assert drift.watch(everyone, drift.Planted(), seed=1, simulations=700).alarms == ()
