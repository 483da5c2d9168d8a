"""Logistic regressions: a few predictors without machine learning, and many with an elastic net."""

from __future__ import annotations

import warnings

from spinecast.models.catalogue.family import PENALTY, Family, Fit, FloatArray, Parameters
from spinecast.models.dimensions import Choice, Interval, Range
from spinecast.models.scorers import LinearScorer, Scorer
from spinecast.statistics import KNOT_QUANTILES

__all__ = ["REGRESSIONS"]


# Tuning fits some hundred elastic nets: they stop where the objective is right to a ten-thousandth of itself.
ELASTIC_NET_TOLERANCE, ELASTIC_NET_STEPS = 5e-4, 400


def _fit_elastic_net(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(
        C=parameters["inverse_penalty"],
        l1_ratio=parameters["l1_ratio"],
        solver="saga",
        tol=ELASTIC_NET_TOLERANCE,
        max_iter=ELASTIC_NET_STEPS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Nearly unpenalised trials may stop short of the tolerance; the tuning loss judges them as they are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(columns, outcome, sample_weight=weights)
    return LinearScorer(coefficients=learner.coef_[0].copy(), intercept=float(learner.intercept_[0]))


def _fit_baseline(
    columns: FloatArray, outcome: FloatArray, weights: FloatArray | None, parameters: Parameters, seed: int
) -> Scorer:
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(C=parameters["inverse_penalty"], tol=1e-8, max_iter=1000, random_state=seed)
    learner.fit(columns, outcome, sample_weight=weights)
    return LinearScorer(coefficients=learner.coef_[0].copy(), intercept=float(learner.intercept_[0]))


REGRESSIONS: tuple[Family[Fit], ...] = (
    Family(
        name="baseline",
        label="Baseline",
        search_space={"inverse_penalty": Range(0.01, 100.0, log=True)},
        allowed={"inverse_penalty": PENALTY},
        defaults={"inverse_penalty": 1.0},
        fit=_fit_baseline,
        explained_by="exact linear contributions",
        cost=0.1,
    ),
    Family(
        name="elastic_net",
        label="Elastic-net logistic regression",
        search_space={
            "inverse_penalty": Range(0.003, 3.0, log=True),
            "l1_ratio": Range(0.0, 1.0),
            "knots": Choice((0, 3, 4)),
        },
        allowed={
            "inverse_penalty": PENALTY,
            "l1_ratio": Interval(0.0, 1.0),
            "knots": Choice((0, *KNOT_QUANTILES)),
        },
        defaults={"inverse_penalty": 0.1, "l1_ratio": 0.5, "knots": 3},
        fit=_fit_elastic_net,
        explained_by="exact linear contributions",
        cost=1.0,
    ),
)
