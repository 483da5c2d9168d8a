"""The algorithms a study may compare, each with its search space and its one way to be fitted.

Penalised logistic regression, random forest, boosted trees, support vector machine and neural network are what the
SORG group compared for survival in spinal metastasis (Karhade 2019, doi:10.1093/neuros/nyy469); a single decision tree,
scikit-learn's gradient boosting and a Gaussian process are what others of the field used. The baseline needs no machine
learning: a few predictors that anyone has, in a logistic regression. A module holds a group of families; a new family
is added to its group, a new group here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spinecast.models.catalogue.boosting import BOOSTING
from spinecast.models.catalogue.family import PENALTY, RATE, ROUNDS, SHARE, Family, Fit, Parameters
from spinecast.models.catalogue.kernels import KERNELS
from spinecast.models.catalogue.network import NETWORKS
from spinecast.models.catalogue.regression import REGRESSIONS
from spinecast.models.catalogue.trees import TREES
from spinecast.models.dimensions import Allowed, Choice, Dimension, Interval, Range

__all__ = [
    "FAMILIES",
    "PENALTY",
    "RATE",
    "ROUNDS",
    "SHARE",
    "Allowed",
    "Choice",
    "Dimension",
    "Family",
    "Fit",
    "Interval",
    "Parameters",
    "Range",
]

FAMILIES: Mapping[str, Family[Fit]] = MappingProxyType(
    {family.name: family for family in (*REGRESSIONS, *TREES, *BOOSTING, *KERNELS, *NETWORKS)}
)
