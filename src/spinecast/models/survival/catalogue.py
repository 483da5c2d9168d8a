"""The learners of times a study may compare, each with its search space and its one way to be fitted.

A binary family serves too: fitted to rows of a patient and an interval it learns the hazard of the interval. A support
vector machine does not: it gives a distance and no probability, and its kernel table grows with the square of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from spinecast.models.catalogue import (
    FAMILIES,
    PENALTY,
    ROUNDS,
    SHARE,
    Choice,
    Dimension,
    Family,
    Interval,
    Range,
)
from spinecast.models.catalogue.boosting import BOOSTING_ALLOWED
from spinecast.models.ordinal.catalogue import ORDINAL_FAMILIES
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.survival.curves import DISTRIBUTIONS
from spinecast.models.survival.learners import (
    FitCurves,
    fit_boosted_aft,
    fit_boosted_cox,
    fit_cox,
    fit_discrete_time,
    fit_forest,
)
from spinecast.statistics import KNOT_QUANTILES

__all__ = ["DISCRETE_TIME_LEARNERS", "SURVIVAL_FAMILIES", "any_family"]

DISCRETE_TIME_LEARNERS = ("elastic_net", "random_forest", "xgboost", "neural_network")

_BOOSTING: Mapping[str, Dimension] = {
    "learning_rate": Range(0.02, 0.15, log=True),
    "rounds": Range(40, 400, log=True, whole=True),
    "depth": Range(1, 5, whole=True),
    "smallest_child_weight": Range(0.5, 20.0, log=True),
    "patient_share": Range(0.5, 1.0),
    "predictor_share": Range(0.15, 1.0),
    "l2_penalty": Range(0.3, 30.0, log=True),
}
_BOOSTING_DEFAULTS: Mapping[str, float | int] = {
    "learning_rate": 0.03,
    "rounds": 200,
    "depth": 3,
    "smallest_child_weight": 3.0,
    "patient_share": 0.6,
    "predictor_share": 0.3,
    "l2_penalty": 3.0,
}


def _accelerated(distribution: str) -> Family[FitCurves]:
    return Family(
        name=f"boosted_aft_{distribution}",
        label=f"Gradient-boosted accelerated failure time, {distribution} (XGBoost)",
        search_space={**_BOOSTING, "scale": Range(0.4, 2.5, log=True)},
        allowed={**BOOSTING_ALLOWED, "scale": Interval(0.01, 100.0)},
        defaults={**_BOOSTING_DEFAULTS, "scale": 1.0},
        fit=partial(fit_boosted_aft, distribution),
        explained_by="exact tree contributions to the location of log time, in proportion on the log cumulative hazard",
        cost=2.0,
    )


def _discrete(learner: str) -> Family[FitCurves]:
    binary = FAMILIES[learner]
    return Family(
        name=f"discrete_time_{learner}",
        label=f"Discrete-time hazards by {binary.label[0].lower() + binary.label[1:]}",
        search_space=binary.search_space,
        allowed=binary.allowed,
        defaults=binary.defaults,
        fit=fit_discrete_time(learner),
        explained_by="permutation contributions",
        cost=4.0 * binary.cost,
    )


SURVIVAL_FAMILIES: Mapping[str, Family[FitCurves]] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="cox",
                label="Elastic-net Cox regression",
                search_space={
                    "penalty": Range(0.001, 1.0, log=True),
                    "l1_ratio": Range(0.0, 1.0),
                    "knots": Choice((0, 3, 4)),
                },
                allowed={
                    "penalty": PENALTY,
                    "l1_ratio": Interval(0.0, 1.0),
                    "knots": Choice((0, *KNOT_QUANTILES)),
                },
                defaults={"penalty": 0.05, "l1_ratio": 0.2, "knots": 3},
                fit=fit_cox,
                explained_by="exact linear contributions",
                cost=0.5,
            ),
            Family(
                name="boosted_cox",
                label="Gradient-boosted Cox regression (XGBoost)",
                search_space=_BOOSTING,
                allowed=BOOSTING_ALLOWED,
                defaults=_BOOSTING_DEFAULTS,
                fit=fit_boosted_cox,
                explained_by="exact tree contributions",
                cost=2.0,
            ),
            *(_accelerated(distribution) for distribution in DISTRIBUTIONS),
            Family(
                name="random_survival_forest",
                label="Random survival forest",
                search_space={
                    "trees": Choice((100,)),
                    "smallest_leaf": Range(5, 40, log=True, whole=True),
                    "predictor_share": Range(0.08, 0.5),
                },
                allowed={
                    "trees": ROUNDS,
                    "smallest_leaf": Interval(1, 1_000_000, whole=True),
                    "predictor_share": SHARE,
                },
                defaults={"trees": 100, "smallest_leaf": 12, "predictor_share": 0.2},
                fit=fit_forest,
                explained_by="exact tree contributions to the cumulative hazard, in proportion on its logarithm",
                cost=12.0,
            ),
            *(_discrete(learner) for learner in DISCRETE_TIME_LEARNERS),
        )
    }
)


def any_family(name: str) -> Family[Any]:
    """Return a family by its name, whatever it learns.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    return {**FAMILIES, **SURVIVAL_FAMILIES, **QUANTILE_FAMILIES, **ORDINAL_FAMILIES}[name]
