"""Every learner of times: what it recovers, that its curves never fall, and that it is data."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from made_models import assert_same_bits, patients
from made_survival import followed, lean, parameters, survival_model_of

from spinecast.errors import StudyError
from spinecast.models import extras
from spinecast.models.survival.catalogue import SURVIVAL_FAMILIES, any_family
from spinecast.models.survival.curves import curves_from_arrays, curves_to_arrays
from spinecast.models.survival.penalised_cox import fit_penalised_cox, log_baseline_hazard
from spinecast.models.survival.person_periods import Intervals, intervals_of
from spinecast.models.survival.survival_forest import grow_survival_forest, on_grid_days
from spinecast.models.survival.time_grid import time_grid
from spinecast.statistics import fit_cox, harrell_c

EVERY_FAMILY = pytest.mark.parametrize("family", list(SURVIVAL_FAMILIES))
GRID = np.array([10.0, 40.0, 90.0, 200.0, 365.0, 700.0])


def columns_and_times(count: int = 500, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Standardised columns with true log hazard ratios (0.8, -0.5, 0, 0), exponential times, a fifth censored."""
    draw = np.random.default_rng(seed)
    columns = draw.normal(size=(count, 4))
    truth = columns @ np.array([0.8, -0.5, 0.0, 0.0])
    time = draw.exponential(300 / np.exp(truth))
    censored = draw.uniform(100, 1500, count)
    return columns, np.ceil(np.minimum(time, censored)), (time <= censored).astype(float), truth


@EVERY_FAMILY
def test_curves_are_finite_never_fall_and_rank_as_the_true_hazard(family: str) -> None:
    columns, time, event, truth = columns_and_times()
    curves = SURVIVAL_FAMILIES[family].fit(columns, time, event, GRID, parameters(family), 1)
    found = curves.log_hazards(columns)
    assert found.shape == (len(columns), len(GRID))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert np.corrcoef(found[:, 3], truth)[0, 1] > 0.75


@EVERY_FAMILY
def test_a_curve_is_the_same_bits_alone_or_among_many_and_after_storage(family: str) -> None:
    columns, time, event, _ = columns_and_times(200)
    curves = SURVIVAL_FAMILIES[family].fit(columns, time, event, GRID, parameters(family), 1)
    together = curves.log_hazards(columns)
    for row in (0, 17, 199):
        assert_same_bits(curves.log_hazards(columns[row : row + 1])[0], together[row])
    again = SURVIVAL_FAMILIES[family].fit(columns, time, event, GRID, parameters(family), 1)
    assert_same_bits(again.log_hazards(columns), together)
    stored = curves_from_arrays(curves_to_arrays(curves))
    assert_same_bits(stored.log_hazards(columns), together)


@EVERY_FAMILY
def test_defaults_lie_inside_what_is_searched_and_what_is_searched_is_allowed(family: str) -> None:
    known = any_family(family)
    assert set(known.defaults) == set(known.search_space) == set(known.allowed)
    for name, value in known.defaults.items():
        assert known.allowed[name].holds(value)
        assert known.search_space[name].describe()


def test_unpenalised_cox_is_the_maximum_of_newton_s_method() -> None:
    columns, time, event, _ = columns_and_times()
    reference = fit_cox(time, event, columns, ties="breslow")
    found = fit_penalised_cox(columns, time, event, penalty=0.0, l1_ratio=0.0)
    np.testing.assert_allclose(found, reference.coefficients, atol=2e-5)  # type: ignore[union-attr]
    baseline = log_baseline_hazard(columns @ found, time, event, GRID)
    np.testing.assert_allclose(baseline, np.log(reference.baseline_at(GRID)), atol=1e-4)  # type: ignore[union-attr]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_penalised_cox_is_that_of_scikit_survival(l1_ratio: float) -> None:
    """Coxnet (Simon et al. 2011) minimises the same function of the same columns."""
    linear = pytest.importorskip("sksurv.linear_model")
    util = pytest.importorskip("sksurv.util")
    columns, time, event, _ = columns_and_times()
    time = time + np.arange(len(time)) * 1e-4  # without ties: Coxnet breaks them otherwise
    for penalty in (0.1, 0.03):
        model = linear.CoxnetSurvivalAnalysis(l1_ratio=l1_ratio, alphas=[penalty], tol=1e-12, max_iter=1_000_000)
        model.fit(columns, util.Surv.from_arrays(event == 1, time))
        found = fit_penalised_cox(columns, time, event, penalty=penalty, l1_ratio=l1_ratio)
        np.testing.assert_allclose(found, model.coef_[:, 0], atol=1e-4)
        assert (found[2:] == 0).all() == (model.coef_[2:, 0] == 0).all()


def test_breslow_s_baseline_by_hand() -> None:
    """Four patients, one tie: at day 2 two events of four at risk, at day 5 one of the last two."""
    time, event = np.array([2.0, 2.0, 5.0, 9.0]), np.array([1.0, 1.0, 1.0, 0.0])
    relative = np.array([1.0, 2.0, 3.0, 4.0])
    found = log_baseline_hazard(np.log(relative), time, event, np.array([1.0, 2.0, 4.0, 5.0, 10.0]))
    steps = [0.5 / 10, 2 / 10, 2 / 10, 2 / 10 + 1 / 7, 2 / 10 + 1 / 7]
    np.testing.assert_allclose(np.exp(found), steps, rtol=1e-12)


def test_boosted_cox_has_breslow_s_baseline_of_its_own_margins() -> None:
    columns, time, event, _ = columns_and_times(120)
    curves = SURVIVAL_FAMILIES["boosted_cox"].fit(columns, time, event, GRID, parameters("boosted_cox"), 1)
    relative = np.exp(curves.scorer.score(columns))
    for day, found in zip(GRID, np.exp(curves.log_baseline), strict=True):
        hazard = sum(
            event[i] / relative[time >= time[i]].sum() for i in range(len(time)) if event[i] == 1 and time[i] <= day
        )
        assert found == pytest.approx(max(hazard, 0.5 / relative.sum()), rel=1e-9)


def test_boosted_aft_is_xgboost_s_own_time() -> None:
    xgboost = pytest.importorskip("xgboost")
    columns, time, event, _ = columns_and_times(200)
    curves = SURVIVAL_FAMILIES["boosted_aft_logistic"].fit(
        columns, time, event, GRID, parameters("boosted_aft_logistic"), 1
    )
    # XGBoost predicts exp(location); there a logistic time has survival one half.
    days = curves.scorer.booster.predict(xgboost.DMatrix(columns))
    halves = curves.from_location(curves.scorer.score(columns))
    crossed = np.array([np.interp(np.log(np.log(2)), row, np.log(GRID)) for row in halves])
    inside = (np.log(days) > np.log(GRID[0])) & (np.log(days) < np.log(GRID[-1]))
    assert inside.sum() > 100
    assert np.abs(crossed - np.log(days))[inside].max() < 0.15  # chords of a bent line between six days


def test_a_folded_forest_is_scikit_survival_s_own_prediction() -> None:
    ensemble, util = pytest.importorskip("sksurv.ensemble"), pytest.importorskip("sksurv.util")
    columns, time, event, _ = columns_and_times(250)
    folded = grow_survival_forest(columns, time, event, GRID, trees=12, smallest_leaf=8, predictor_share=0.5, seed=4)
    days, happened = on_grid_days(time, event, GRID)
    own = ensemble.RandomSurvivalForest(
        n_estimators=12, min_samples_leaf=8, min_samples_split=16, max_features=0.5, random_state=4
    ).fit(columns, util.Surv.from_arrays(happened == 1, days))
    unseen = np.random.default_rng(9).normal(size=(40, 4)).astype(np.float32).astype(float)
    for row, function in zip(
        folded.forest.predict(unseen), own.predict_cumulative_hazard_function(unseen), strict=True
    ):
        np.testing.assert_allclose(row, function(GRID), atol=1e-6)


def test_a_stored_forest_needs_no_scikit_survival() -> None:
    code = (
        "import sys; sys.modules['sksurv'] = None; import numpy as np;"
        "from spinecast.models.survival.curves import HazardForest; from spinecast.models.trees import Forest;"
        "one = np.zeros(1, dtype=np.int32);"
        "f = Forest(one, one, one, one, np.zeros(1), np.array([[0.1, 0.2]]), np.ones(1), 0);"
        "print(np.exp(HazardForest(f, 0.01).log_hazards(np.zeros((1, 1)))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[[0.1 0.2]]"


def test_a_missing_extra_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    columns, time, event, _ = columns_and_times(60)
    with pytest.raises(StudyError, match=r"pip install 'spinecast\[survival\]'"):
        SURVIVAL_FAMILIES["random_survival_forest"].fit(
            columns, time, event, GRID, parameters("random_survival_forest"), 1
        )


def test_follow_up_moves_to_the_grid_without_losing_an_event() -> None:
    time = np.array([0.0, 3.0, 10.0, 11.0, 30.0, 39.0, 5000.0])
    days, event = on_grid_days(time, np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]), GRID)
    assert days.tolist() == [10.0, 5.0, 10.0, 40.0, 40.0, 40.0, 700.0]
    assert event.tolist() == [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]


def test_person_periods_by_hand() -> None:
    intervals = Intervals(np.array([10.0, 30.0]))
    time = np.array([0.0, 10.0, 11.0, 14.0, 25.0, 90.0])
    event = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    patient, interval, outcome = intervals.rows(time, event)
    assert list(zip(patient.tolist(), interval.tolist(), outcome.tolist(), strict=True)) == [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (2, 0, 0.0),
        (2, 1, 1.0),
        (3, 0, 0.0),  # censored before the middle of the second interval: not a row of it
        (4, 0, 0.0),
        (4, 1, 0.0),
        (5, 0, 0.0),
        (5, 1, 0.0),  # the event came after the last interval
    ]
    np.testing.assert_allclose(intervals.passed(np.array([5.0, 10.0, 20.0, 30.0])), [[0.5, 1, 1, 1], [0, 0, 0.5, 1]])
    assert intervals_of(GRID).ends[-1] == GRID[-1]


def test_discrete_time_recovers_a_known_hazard() -> None:
    """Nobody differs and the hazard is 1 in 300 days: the curve is t / 300 (n = 4,000, two standard errors)."""
    draw = np.random.default_rng(0)
    time = np.ceil(draw.exponential(300, 4000))
    columns = draw.normal(size=(4000, 2))
    curves = SURVIVAL_FAMILIES["discrete_time_elastic_net"].fit(
        columns, time, np.ones(4000), GRID, {"inverse_penalty": 1.0, "l1_ratio": 0.0, "knots": 0}, 1
    )
    np.testing.assert_allclose(np.exp(curves.log_hazards(np.zeros((1, 2)))[0][1:]), GRID[1:] / 300, rtol=0.08)


def test_every_learner_of_the_same_patients_beats_chance_out_of_sample() -> None:
    model = survival_model_of("cox", "boosted_aft_logistic")
    matrix, time, event = followed(400, seed=50)
    assert harrell_c(time, event, model.risk(matrix, [90.0])[:, 0]).estimate > 0.62  # type: ignore[union-attr]
    assert harrell_c(time, event, lean(matrix)).estimate > 0.62  # type: ignore[union-attr]


def test_the_grid_holds_whole_days_the_horizons_and_no_thin_end() -> None:
    _, time, event = followed()
    grid = time_grid(time, event, (30, 90, 365))
    assert (np.diff(grid) > 0).all()
    assert grid[0] >= 1
    assert (grid == np.ceil(grid)).all()
    assert {30.0, 90.0, 365.0} <= set(grid)
    assert (time >= grid[-1]).sum() >= 20
    assert patients(5)[0].shape == (5, 8)
