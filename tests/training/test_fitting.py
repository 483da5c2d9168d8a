"""Training proper: what a split learns, it learns from its own training patients."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated

from spinecast.training.fitting import Trained, fit_study
from spinecast.training.study.file import load_study

SMALL = (
    "candidates=[{kind: elastic_net}, {kind: baseline, predictors: [age, albumin]}]",
    "final={kind: ensemble, of: [elastic_net, baseline]}",
    "resampling={outer_folds: 2, inner_folds: 2}",
    "tuning={trials: 1}",
    "internal_validation={bootstrap: null}",
)


def trained(folder: Path, table: pd.DataFrame, *overrides: str) -> Trained:
    study = load_study(simulated.write_study(folder, table), (*SMALL, *overrides))
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


@pytest.fixture(scope="module")
def censored() -> pd.DataFrame:
    """Patients of whom some leave before day 90."""
    table = simulated.patients()
    early = np.random.default_rng(2).random(len(table)) < 0.25
    days = np.where(early, np.minimum(table["days"], 60), table["days"])
    return table.assign(days=days, died=np.where(early & (table["days"] > 60), "absent", table["died"]))


def test_follow_up_of_test_patients_does_not_reach_the_recalibration_they_are_judged_by(
    tmp_path: Path, censored: pd.DataFrame
) -> None:
    before = trained(tmp_path / "before", censored, "outcome.censored=ipcw")
    fold = before.splits[0]
    # Half of the test patients who were alive at day 90 leave on day 5 instead: their outcome (0, now unknown) and so
    # every split stays as it was, and the censoring distribution of everybody does not.
    alive = (before.labelled.values[fold.test] == 0) & before.labelled.known[fold.test]
    changed = before.labelled.rows[fold.test[alive]][::2]
    table = censored.copy()
    table.loc[changed, "days"], table.loc[changed, "died"] = 5, "absent"
    after = trained(tmp_path / "after", table, "outcome.censored=ipcw")
    assert np.array_equal(after.splits[0].train, fold.train)
    assert after.labelled.weights is not None
    assert before.labelled.weights is not None
    assert not np.allclose(after.labelled.weights[fold.train], before.labelled.weights[fold.train])
    one, two = before.choices[fold.name], after.choices[fold.name]
    assert (one.intercept, one.slope) == (two.intercept, two.slope)
    assert np.array_equal(one.test, two.test)
    assert (one.intercept, one.slope) != (0.0, 1.0)


def test_patients_of_one_site_are_never_on_both_sides_of_a_split(tmp_path: Path) -> None:
    table = simulated.patients()
    table["site"] = [f"hospital {number % 12}" for number in range(len(table))]
    done = trained(tmp_path, table, "cohort.source.group_column=site")
    assert done.study.resampling.group == "site"
    site = table["site"].to_numpy()[done.labelled.rows]
    for split in done.splits:
        assert not set(site[split.train]) & set(site[split.test])
        inside = site[split.train]
        for fold in set(split.inner):
            assert not set(inside[split.inner == fold]) & set(inside[split.inner != fold])


def test_only_the_learners_own_time_is_called_time_in_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spinecast.training import encoded_folds, tuning

    clock = iter(range(10_000))
    encode = encoded_folds.fit_encoder

    def slow_encoding(*arguments: object, **named: object) -> object:
        for _ in range(100):
            next(clock)
        return encode(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(encoded_folds, "fit_encoder", slow_encoding)
    monkeypatch.setattr(tuning.time, "perf_counter", lambda: next(clock))
    done = trained(tmp_path, simulated.patients())
    # 3 splits x 2 candidates x 1 trial x 2 inner folds: one tick of the clock within each fit, a hundred around each.
    assert done.found.fit_seconds == 12
