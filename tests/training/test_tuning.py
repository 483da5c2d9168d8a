from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from spinecast.models.catalogue import FAMILIES
from spinecast.models.imputation import Imputation
from spinecast.models.member_arrays import member_from_bytes
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.training import encoded_folds, tuning
from spinecast.training.checkpoint import FinishedTrial, UnitCheckpoint, count_finished, exclusive
from spinecast.training.resampling import ALL_PATIENTS, nested_splits
from spinecast.training.search import SearchData, search
from spinecast.training.tuning import tune
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate, TuningUnit

NAMES = ("a", "b", "c", "d")
SCHEMA = PredictorSchema(
    NAMES, np.array([0, 0, 3, 2]), np.array([False, False, True, False]), np.array([True] + [False] * 3)
)


def simulated(count: int = 240, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    matrix = np.column_stack(
        [
            generator.lognormal(0, 0.6, count),
            generator.normal(size=count),
            generator.integers(0, 3, count).astype(float),
            generator.integers(0, 2, count).astype(float),
        ]
    )
    risk = expit(np.log(matrix[:, 0]) + matrix[:, 1] + (matrix[:, 2] == 1) - 0.3)
    outcome = (generator.random(count) < risk).astype(float)
    matrix[generator.random(matrix.shape) < 0.1] = np.nan
    return matrix, outcome


def plan(family: str, trials: int, imputation: str | None = None) -> CandidatePlan:
    known = FAMILIES[family]
    space = dict(known.search_space)
    if family == "random_forest":
        space["trees"] = replace(space["trees"], options=(10,))  # type: ignore[type-var]
    return CandidatePlan(
        family,
        family,
        known.label,
        NAMES,
        Imputation(imputation or ("native" if family == "xgboost" else "median")),
        space,
        trials,
        2,  # type: ignore[arg-type]
    )


def unit(folder: Path, family: str = "elastic_net", trials: int = 5, split: str = "fold 1") -> TuningUnit:
    matrix, outcome = simulated()
    splits = {s.name: s for s in nested_splits(outcome, None, outer_folds=3, inner_folds=3, seed=9)}
    checkpoint = UnitCheckpoint(folder, family, os.getpid())
    return TuningUnit(splits[split], plan(family, trials), SCHEMA, matrix, outcome, None, 9, checkpoint)


def same(first: TunedCandidate, second: TunedCandidate) -> bool:
    trials = [[(t.number, t.parameters, t.loss) for t in r.trials] for r in (first, second)]
    return (
        trials[0] == trials[1]
        and np.array_equal(first.held_out, second.held_out)
        and np.array_equal(first.test, second.test)
        and first.line == second.line
    )


@pytest.mark.parametrize("family", ["elastic_net", "xgboost", "neural_network"])
def test_a_resumed_unit_ends_where_the_uninterrupted_one_does(tmp_path: Path, family: str) -> None:
    whole = tune(unit(tmp_path / "whole", family, trials=6))
    stopped = unit(tmp_path / "stopped", family, trials=6)
    tune(replace(stopped, candidate=replace(stopped.candidate, trials=3)))
    with stopped.checkpoint.journal.open("ab") as stream:
        stream.write(b'{"number": 3, "param')  # killed inside a write
    assert same(whole, tune(stopped))


def test_a_kill_between_keeping_fits_and_announcing_them_changes_nothing(tmp_path: Path) -> None:
    whole = tune(unit(tmp_path / "whole"))
    stopped = unit(tmp_path / "stopped")
    tune(stopped)
    lines = stopped.checkpoint.journal.read_bytes().splitlines(keepends=True)
    # The best fits of the whole run are kept, but the line of the trial they come from is not yet written.
    stopped.checkpoint.journal.write_bytes(b"".join(lines[: whole.best.number]))
    assert same(whole, tune(stopped))


def test_no_finished_trial_is_fitted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = unit(tmp_path, trials=4)
    first = tune(work)
    monkeypatch.setattr(tuning, "_fit_members", lambda *_: pytest.fail("a finished trial was fitted again"))
    again = tune(work)
    assert same(first, again)
    assert again.fit_seconds == 0.0
    assert first.fit_seconds > 0.0


def test_the_loss_is_the_log_loss_of_the_recalibrated_held_out_scores(tmp_path: Path) -> None:
    work = unit(tmp_path, "support_vector_machine", trials=2)
    result = tune(work)
    outcome = work.outcome[work.split.train]
    # scikit-learn's unpenalised logistic regression is the independent recalibration.
    free = LogisticRegression(C=np.inf, tol=1e-10).fit(result.held_out[:, None], outcome)
    assert free.coef_[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert free.intercept_[0] == pytest.approx(0.0, abs=1e-4)
    assert result.best.loss == pytest.approx(log_loss(outcome, expit(result.held_out)), abs=1e-9)


def test_test_scores_are_the_mean_of_members_that_never_saw_them(tmp_path: Path) -> None:
    work = unit(tmp_path, split=ALL_PATIENTS)
    result = tune(work)
    members = result.members(member_from_bytes)
    assert len(members) == 3
    scores = np.empty(len(work.outcome))
    for fold, member in enumerate(members):
        rows = work.split.inner == fold
        scores[rows] = member.score(work.matrix[rows])
    assert np.array_equal(result.held_out, result.line[0] + result.line[1] * scores)


def test_changing_the_test_patients_changes_no_fit(tmp_path: Path) -> None:
    work = unit(tmp_path / "a")
    scrambled = work.matrix.copy()
    scrambled[work.split.test] = np.random.default_rng(0).permutation(scrambled[work.split.test])
    flipped = work.outcome.copy()
    flipped[work.split.test] = 1 - flipped[work.split.test]
    other = replace(work, matrix=scrambled, outcome=flipped, checkpoint=replace(work.checkpoint, folder=tmp_path / "b"))
    first, second = tune(work), tune(other)
    assert np.array_equal(first.held_out, second.held_out)
    assert [t.loss for t in first.trials] == [t.loss for t in second.trials]


def test_a_patient_with_no_weight_decides_nothing(tmp_path: Path) -> None:
    work = unit(tmp_path / "a")
    weights = np.ones(len(work.outcome))
    mute = work.split.train[::4]
    weights[mute] = 0.0
    flipped = work.outcome.copy()
    flipped[mute] = 1 - flipped[mute]
    one = tune(replace(work, weights=weights))
    two = tune(
        replace(work, weights=weights, outcome=flipped, checkpoint=replace(work.checkpoint, folder=tmp_path / "b"))
    )
    assert one.best.loss == pytest.approx(two.best.loss, abs=1e-9)


def test_one_worker_or_two_give_the_same_bits(tmp_path: Path) -> None:
    matrix, outcome = simulated()
    splits = nested_splits(outcome, None, outer_folds=2, inner_folds=2, seed=9)
    plans = [
        plan(name, 3)
        for name in ("elastic_net", "random_forest", "xgboost", "support_vector_machine", "neural_network")
    ]
    data = SearchData(matrix, SCHEMA, outcome, {})
    alone, together = (
        search(data, splits, plans, seed=9, checkpoint=tmp_path / str(workers), workers=workers) for workers in (1, 2)
    )
    assert alone.tuned.keys() == together.tuned.keys()
    assert all(same(alone.tuned[key], together.tuned[key]) for key in alone.tuned)
    assert together.workers_peak_mb > 0
    assert count_finished(tmp_path / "1") == 45


def test_a_worker_that_outlives_its_run_writes_nothing(tmp_path: Path) -> None:
    orphan = UnitCheckpoint(tmp_path, "elastic_net", owner=2**22 + 1)
    with pytest.raises(SystemExit, match="is gone"):
        orphan.append(FinishedTrial(0, {}, 0.5, 0.1))
    assert not orphan.journal.exists()


def test_two_runs_cannot_share_a_checkpoint(tmp_path: Path) -> None:
    from spinecast.errors import OutputError

    with exclusive(tmp_path), pytest.raises(OutputError, match="another process"), exclusive(tmp_path):
        pytest.fail("the second lock was given")
    with exclusive(tmp_path):
        pass


def test_the_forest_imputer_is_learned_once_for_all_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    fit = encoded_folds.fit_encoder
    monkeypatch.setattr(encoded_folds, "fit_encoder", lambda *a, **k: calls.append(1) or fit(*a, **k))
    work = unit(tmp_path, "baseline", trials=4)
    tune(replace(work, candidate=plan("baseline", 4, "forest")))
    assert len(calls) == 3  # one for each inner fold, whatever the number of trials
