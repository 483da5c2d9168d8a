"""How each family of learners of times is fitted: encoded columns and follow-up in, curves on a grid out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from spinecast.models.catalogue import FAMILIES, Parameters
from spinecast.models.catalogue.boosting import boost_trees
from spinecast.models.scorers import ForestScorer, LinearScorer
from spinecast.models.survival.curves import (
    DISTRIBUTIONS,
    AcceleratedTimes,
    Curves,
    IntervalHazards,
    ProportionalHazards,
)
from spinecast.models.survival.penalised_cox import fit_penalised_cox, log_baseline_hazard
from spinecast.models.survival.person_periods import intervals_of
from spinecast.models.survival.survival_forest import grow_survival_forest
from spinecast.models.survival.time_grid import SHORTEST_DAYS

__all__ = ["FitCurves", "fit_boosted_aft", "fit_boosted_cox", "fit_cox", "fit_discrete_time", "fit_forest"]

FloatArray = NDArray[np.float64]
FitCurves = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, Parameters, int], Curves]


def fit_cox(
    columns: FloatArray, time: FloatArray, event: FloatArray, grid: FloatArray, parameters: Parameters, seed: int
) -> Curves:
    """Penalised Cox regression; nothing in it is drawn at random."""
    del seed
    coefficients = fit_penalised_cox(
        columns, time, event, penalty=parameters["penalty"], l1_ratio=parameters["l1_ratio"]
    )
    scorer = LinearScorer(coefficients=coefficients, intercept=0.0)
    return ProportionalHazards(scorer, log_baseline_hazard(scorer.score(columns), time, event, grid))


def fit_boosted_cox(
    columns: FloatArray, time: FloatArray, event: FloatArray, grid: FloatArray, parameters: Parameters, seed: int
) -> Curves:
    """Trees boosted on the partial likelihood (XGBoost ``survival:cox``), with Breslow's baseline."""
    import xgboost

    # XGBoost reads follow-up that was censored as a negative time.
    label = np.where(event == 1, 1.0, -1.0) * np.maximum(time, SHORTEST_DAYS)
    data = xgboost.DMatrix(columns, label=label, nthread=1)
    scorer = boost_trees(data, parameters, seed, {"objective": "survival:cox"})
    return ProportionalHazards(scorer, log_baseline_hazard(scorer.score(columns), time, event, grid))


def fit_boosted_aft(
    distribution: str,
    columns: FloatArray,
    time: FloatArray,
    event: FloatArray,
    grid: FloatArray,
    parameters: Parameters,
    seed: int,
) -> Curves:
    """Trees boosted on the likelihood of accelerated failure times (XGBoost ``survival:aft``; Barnwal et al. 2022)."""
    import xgboost

    lower = np.maximum(time, SHORTEST_DAYS)
    data = xgboost.DMatrix(columns, nthread=1)
    data.set_float_info("label_lower_bound", lower)
    data.set_float_info("label_upper_bound", np.where(event == 1, lower, np.inf))
    scale = float(parameters["scale"])
    own = {
        "objective": "survival:aft",
        "aft_loss_distribution": distribution,
        "aft_loss_distribution_scale": scale,
        # Boosting starts at the median follow-up: from one day, its default, a short search would never arrive.
        "base_score": float(np.median(lower)),
    }
    return AcceleratedTimes(
        scorer=boost_trees(data, parameters, seed, own),
        scale=scale,
        distribution=DISTRIBUTIONS.index(distribution),
        log_grid=np.log(grid),
    )


def fit_forest(
    columns: FloatArray, time: FloatArray, event: FloatArray, grid: FloatArray, parameters: Parameters, seed: int
) -> Curves:
    """Random survival forest (Ishwaran et al. 2008)."""
    return grow_survival_forest(
        columns,
        time,
        event,
        grid,
        trees=int(parameters["trees"]),
        smallest_leaf=int(parameters["smallest_leaf"]),
        predictor_share=float(parameters["predictor_share"]),
        seed=seed,
    )


def fit_discrete_time(learner: str) -> FitCurves:
    """Return the fit of discrete-time hazards by a family that learns yes or no.

    Parameters
    ----------
    learner : str
        A family of :data:`spinecast.models.catalogue.FAMILIES` whose score is a probability or its log-odds.
    """
    return partial(_fit_intervals, learner)


def _fit_intervals(
    learner: str,
    columns: FloatArray,
    time: FloatArray,
    event: FloatArray,
    grid: FloatArray,
    parameters: Parameters,
    seed: int,
) -> Curves:
    intervals = intervals_of(grid)
    trees = learner in ("random_forest", "xgboost")
    own = intervals.columns(indicators=not trees)
    patient, interval, outcome = intervals.rows(time, event)
    rows = np.ascontiguousarray(np.hstack([columns[patient], own[interval]]))
    scorer = FAMILIES[learner].fit(rows, outcome, None, parameters, seed)
    return IntervalHazards(
        scorer=scorer,
        log_odds=not isinstance(scorer, ForestScorer),
        intervals=own,
        passed=intervals.passed(grid),
        smallest=0.5 / len(time),
    )
