"""The learners of ordered levels a study may compare, each with its search space and its one way to be fitted.

Any binary family serves, fitted at each threshold: nothing then holds the slopes of a predictor equal (partial
proportional odds, without naming which predictor departs), and the thresholds are put in order afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.models.catalogue import FAMILIES, PENALTY, Choice, Family, Range
from spinecast.models.ordinal.learners import FitLevels, fit_cumulative, fit_proportional
from spinecast.statistics import KNOT_QUANTILES

__all__ = ["CUMULATIVE_LEARNERS", "ORDINAL_FAMILIES"]

# The baseline is left out: proportional odds on a few predictors is what the others must beat.
CUMULATIVE_LEARNERS = tuple(name for name in FAMILIES if name != "baseline")


def _cumulative(learner: str) -> Family[FitLevels]:
    binary = FAMILIES[learner]
    return Family(
        name=f"cumulative_{learner}",
        label=f"{binary.label} at each threshold",
        search_space=binary.search_space,
        allowed=binary.allowed,
        defaults=binary.defaults,
        fit=fit_cumulative(learner),
        explained_by=binary.explained_by,
        cost=4.0 * binary.cost,
    )


ORDINAL_FAMILIES: Mapping[str, Family[FitLevels]] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="proportional_odds",
                label="Proportional-odds regression",
                search_space={"penalty": Range(0.0003, 1.0, log=True), "knots": Choice((0, 3, 4))},
                allowed={"penalty": PENALTY, "knots": Choice((0, *KNOT_QUANTILES))},
                defaults={"penalty": 0.01, "knots": 0},
                fit=fit_proportional,
                explained_by="exact linear contributions",
                cost=0.3,
            ),
            *(_cumulative(learner) for learner in CUMULATIVE_LEARNERS),
        )
    }
)
