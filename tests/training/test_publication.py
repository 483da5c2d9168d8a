"""What a run leaves in its folder, and what it counts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulated

from spinecast.errors import OutputError
from spinecast.training.explanation_stability import explanation_stability
from spinecast.training.final_model import final_model, resample_model
from spinecast.training.fitting import Trained, fit_study
from spinecast.training.publication import publish
from spinecast.training.study.file import load_study


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A study whose outcome is not known of everybody: some leave before day 90 and the others are weighted."""
    folder = tmp_path_factory.mktemp("weighted")
    table = simulated.patients()
    early = np.random.default_rng(2).random(len(table)) < 0.25
    days = np.where(early, np.minimum(table["days"], 60), table["days"])
    table = table.assign(days=days, died=np.where(early & (table["days"] > 60), "absent", table["died"]))
    overrides = (
        "outcome.censored=ipcw",
        "candidates=[{kind: baseline, predictors: [age, albumin]}]",
        "final={kind: winner}",
        "resampling={outer_folds: 2, inner_folds: 2}",
        "tuning={trials: 1}",
        "internal_validation={bootstrap: {resamples: 10}, repeated_cross_validation: {repeats: 2, tuning: repeated}}",
    )
    study = load_study(simulated.write_study(folder, table), overrides)
    return fit_study(study, checkpoints=folder / "checkpoints", workers=1, started=datetime.now(UTC))


def test_reasons_over_resamples_are_those_of_the_models_that_were_judged(weighted: Trained) -> None:
    model, bootstrap = final_model(weighted), weighted.refitted.bootstrap
    assert bootstrap is not None
    again = partial(resample_model, weighted)
    found = explanation_stability(weighted, model, [bootstrap], again)
    assert (found["refits"], found["patients"], found["tuning"]) == (len(bootstrap.splits), 50, "fixed")
    assert {one["variable"] for one in found["drivers"]} <= {"age", "albumin"} == set(model.predictors)
    albumin = next(one for one in found["drivers"] if one["variable"] == "albumin")
    assert albumin["stable"]
    assert albumin["lower"] < albumin["importance"] < albumin["upper"]
    matrix = weighted.cohort.matrix(model.predictors)[weighted.labelled.rows]
    for split in bootstrap.splits[:3]:
        one = again(model, split, [bootstrap.tuned[split.name]])
        assert one.predict(matrix) == pytest.approx(bootstrap.risk[split.name], abs=1e-12)


def test_a_study_without_a_bootstrap_says_why_reasons_have_no_stability(weighted: Trained) -> None:
    found = explanation_stability(weighted, final_model(weighted), [None], partial(resample_model, weighted))
    assert "needs the bootstrap" in found["absent"]


def test_patients_of_unknown_outcome_are_counted_nowhere(weighted: Trained, tmp_path: Path) -> None:
    written = publish(weighted, tmp_path, overrides=())
    known = int(weighted.labelled.known.sum())
    assert known < len(weighted.labelled)
    assert written.evaluation["n"] == known
    assert sum(fold["n"] for fold in written.evaluation["by_fold"]) == known
    assert written.model.about["cohort"]["n"] == known
    # The study names six predictors, the one candidate uses two: the others move no risk and are not asked for.
    assert written.model.predictors == ("age", "albumin")
    rows = pd.read_csv(tmp_path / "out_of_fold.csv")
    assert len(rows) == len(weighted.labelled)
    assert rows["outcome"].isna().tolist() == (~weighted.labelled.known).tolist()
    assert (rows["weight"] == 0).tolist() == (~weighted.labelled.known).tolist()
    assert int(rows["outcome"].sum()) == written.evaluation["events"] == weighted.labelled.events


def test_a_full_disk_is_one_clear_message(weighted: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        publish(weighted, tmp_path, overrides=())
