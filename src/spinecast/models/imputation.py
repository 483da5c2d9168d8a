"""How a candidate meets missing values, as a study asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["FittedTo", "Imputation", "ImputationKind"]

ImputationKind = Literal["median", "native", "forest", "multiple_imputation", "pattern_submodels"]
FittedTo = Literal["patients_of_the_pattern", "patients_with_its_inputs"]


@dataclass(frozen=True)
class Imputation:
    """How a candidate meets missing values.

    Parameters
    ----------
    kind : str
        ``median``: median (or commonest level) with an indicator of missingness; ``native``: left missing for trees
        that route it themselves; ``forest``: an iterative forest with indicators; ``multiple_imputation``: several
        draws with indicators, a fit each (:mod:`spinecast.models.chained_imputation`); ``pattern_submodels``: a fit for
        each of the commonest patterns of missing inputs (:mod:`spinecast.models.members`). Whatever the kind, a
        variable that fewer than ``encoding.FEWEST_MISSING`` training patients lacked gets its typical value and no
        indicator; several draws fill in that one too.
    iterations, trees : int
        Rounds of the forest kind and of multiple imputation, and trees of the forest kind.
    draws : int
        Of multiple imputation.
    patterns : int
        Most patterns that get a submodel.
    fewest_patients, fewest_events : int
        A submodel is fitted to at least so many patients, with the event and without it at least so many each.
    fitted_to : str
        Whom a submodel is fitted to: patients who lack exactly what the pattern lacks (Mercaldo and Blume 2020,
        doi:10.1093/biostatistics/kxy040), or all who have the inputs it uses (their complete-case submodels).
    otherwise : {"median", "native"}
        How patients of other patterns are met, by the fit to everybody.
    """

    kind: ImputationKind = "median"
    iterations: int = 3
    trees: int = 20
    draws: int = 5
    patterns: int = 8
    fewest_patients: int = 100
    fewest_events: int = 20
    fitted_to: FittedTo = "patients_of_the_pattern"
    otherwise: Literal["median", "native"] = "median"
