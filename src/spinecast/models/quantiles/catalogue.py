"""The learners of quantiles a study may compare, each with its search space and its one way to be fitted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.models.catalogue import (
    PENALTY,
    RATE,
    ROUNDS,
    SHARE,
    Allowed,
    Choice,
    Dimension,
    Family,
    Interval,
    Range,
)
from spinecast.models.quantiles.learners import (
    FitQuantile,
    fit_boosted_quantile,
    fit_linear_quantile,
    fit_xgboost_quantile,
)
from spinecast.statistics import KNOT_QUANTILES

__all__ = ["QUANTILE_FAMILIES"]

_BOOSTING: Mapping[str, Dimension] = {
    "learning_rate": Range(0.02, 0.15, log=True),
    "rounds": Range(50, 300, log=True, whole=True),
    "depth": Range(1, 4, whole=True),
    # The outer levels rest on a tenth of a leaf's patients and fewer: a small leaf knows nothing of them.
    "smallest_leaf": Range(5, 60, log=True, whole=True),
    "patient_share": Range(0.5, 1.0),
    "predictor_share": Range(0.25, 1.0),
}
_BOOSTING_ALLOWED: Mapping[str, Allowed] = {
    "learning_rate": RATE,
    "rounds": ROUNDS,
    "depth": Interval(1, 20, whole=True),
    "smallest_leaf": Interval(1, 1_000_000, whole=True),
    "patient_share": SHARE,
    "predictor_share": SHARE,
}
_BOOSTING_DEFAULTS: Mapping[str, float | int] = {
    "learning_rate": 0.05,
    "rounds": 120,
    "depth": 2,
    "smallest_leaf": 20,
    "patient_share": 0.7,
    "predictor_share": 0.5,
}

QUANTILE_FAMILIES: Mapping[str, Family[FitQuantile]] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="linear_quantile",
                label="Linear quantile regression",
                search_space={"penalty": Range(0.0003, 0.03, log=True), "knots": Choice((0, 3))},
                allowed={"penalty": PENALTY, "knots": Choice((0, *KNOT_QUANTILES))},
                defaults={"penalty": 0.003, "knots": 0},
                fit=fit_linear_quantile,
                explained_by="exact linear contributions",
                cost=4.0,
            ),
            Family(
                name="boosted_quantile",
                label="Gradient-boosted quantile regression",
                # scikit-learn sets the quantile of each leaf one after the other: a round costs ten of XGBoost's.
                search_space={**_BOOSTING, "rounds": Range(30, 120, log=True, whole=True)},
                allowed=_BOOSTING_ALLOWED,
                defaults={**_BOOSTING_DEFAULTS, "rounds": 60, "learning_rate": 0.1},
                fit=fit_boosted_quantile,
                explained_by="exact tree contributions",
                cost=15.0,
            ),
            Family(
                name="xgboost_quantile",
                label="Gradient-boosted quantile regression (XGBoost)",
                search_space={**_BOOSTING, "l2_penalty": Range(0.03, 10.0, log=True)},
                allowed={**_BOOSTING_ALLOWED, "l2_penalty": Interval(0.0, 1e6)},
                defaults={**_BOOSTING_DEFAULTS, "l2_penalty": 0.3},
                fit=fit_xgboost_quantile,
                explained_by="exact tree contributions",
                cost=3.0,
            ),
        )
    }
)
