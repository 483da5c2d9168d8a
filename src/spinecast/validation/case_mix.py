"""Why a model does worse elsewhere: other patients, or a model that does not hold for them.

The framework is that of Debray et al. (2015, J Clin Epidemiol 68:279): how alike the two cohorts are comes first
(membership model, spread and level of the linear predictor), how to read the performance follows from it. The
model-based concordance (van Klaveren et al. 2016, Stat Med 35:4136) says what AUC the patients allow, and calibration
after weighting the patients to the development's case mix what is left when they are made alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import is_batch
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.cohorts.standardised_differences import effective_size, moments, standardised
from spinecast.statistics import Absent, Measure, auc, measure_from_dict
from spinecast.validation.development import Development
from spinecast.validation.expected_concordance import expected_auc
from spinecast.validation.linear_predictor import LinearPredictor, linear_predictor
from spinecast.validation.measures import accuracy_measures, calibration_in_groups
from spinecast.validation.membership import Membership, membership_probability
from spinecast.validation.predictions import Predictions
from spinecast.validation.predictor_differences import compare_predictors
from spinecast.validation.subgroups import FEWEST

__all__ = ["CaseMix", "LinearPredictor", "compare_case_mix"]

FloatArray = NDArray[np.float64]

RISK_BINS = 40
# Groups are called balanced up to a quarter of a standard deviation (Rubin 2001, Health Serv Outcomes Res Methodol
# 2:169). The largest of many differences among few weighted patients lies above that by chance: twice as much, this
# project's own convention, is taken to mean that weighting has failed.
STILL_APART = 0.5
REWEIGHTED = ("auc", "scaled_brier", "calibration_in_the_large", "calibration_slope", "observed_expected_ratio")


@dataclass(frozen=True, eq=False)
class CaseMix:
    """The validation cohort beside the development cohort.

    Parameters
    ----------
    risk_distribution : dict
        ``edges`` of 40 bins of risk, and the share of patients in each, in ``development`` (or why it is absent) and in
        ``validation``.
    linear_predictor : dict of str to LinearPredictor or Absent
        ``development`` and ``validation``, alike: both from each patient, or both from risks in 40 bins where no more
        than these are kept of the development.
    development_auc : Estimate or Absent
        As recorded: out of fold in the development cohort.
    expected_auc : Estimate or Absent
        What the validation patients allow if the risks are right.
    observed_auc : Estimate or Absent
    membership_auc, membership_auc_with_outcome : Estimate or Absent
        How well the predictors, and these with the outcome, tell which cohort a patient is of.
    observed, reweighted : dict of str to Estimate or Absent
        Performance of the patients as they are, and weighted to the development's predictors.
    effective_n : float or None
        How many equally weighted patients these tell as much as.
    remaining_difference : float or None
        Largest absolute standardised difference of a predictor that is left between the weighted patients and those of
        the development.
    characteristics : tuple of mapping
        One a predictor: both cohorts, missing values, standardised difference.
    set_aside : tuple of str
        Predictors that the membership model left out, each with the reason.
    """

    risk_distribution: dict[str, Any]
    linear_predictor: dict[str, LinearPredictor | Absent]
    development_auc: Measure
    expected_auc: Measure
    observed_auc: Measure
    membership_auc: Measure
    membership_auc_with_outcome: Measure
    observed: dict[str, Measure]
    reweighted: dict[str, Measure]
    effective_n: float | None
    remaining_difference: float | None
    characteristics: tuple[Mapping[str, Any], ...]
    set_aside: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: no patient."""
        return {
            "risk_distribution": self.risk_distribution,
            "linear_predictor": {name: found.to_dict() for name, found in self.linear_predictor.items()},
            "development_auc": self.development_auc.to_dict(),
            "expected_auc": self.expected_auc.to_dict(),
            "observed_auc": self.observed_auc.to_dict(),
            "membership_auc": self.membership_auc.to_dict(),
            "membership_auc_with_outcome": self.membership_auc_with_outcome.to_dict(),
            "observed": {name: measure.to_dict() for name, measure in self.observed.items()},
            "reweighted": {name: measure.to_dict() for name, measure in self.reweighted.items()},
            "effective_n": self.effective_n,
            "remaining_difference": self.remaining_difference,
            "characteristics": [dict(row) for row in self.characteristics],
            "set_aside": list(self.set_aside),
        }


def compare_case_mix(
    predictions: Predictions,
    observed: Mapping[str, Measure],
    cohort: Cohort,
    labelled: LabelledOutcome,
    predictors: Sequence[str],
    development: Development,
    *,
    bootstrap: int,
    seed: int,
) -> CaseMix:
    """Compare the patients of a validation with those of the development.

    Parameters
    ----------
    predictions : Predictions
        Of the labelled patients, in their order, those whose outcome is not known (weight 0) among them: they belong to
        the case mix as the others do, and without them it would look worse than it is.
    observed : mapping of str to Estimate or Absent
        Their measures.
    cohort : Cohort
    labelled : LabelledOutcome
    predictors : sequence of str
        The model's.
    development : Development
        What is not known of it leaves the comparisons that need it absent, with the reason.
    bootstrap, seed : int
    """
    names = [name for name in predictors if name in cohort.frame and not is_batch(name)]
    matrix = cohort.matrix(names)[labelled.rows]
    both = _Both.of(development, matrix, names)
    membership = both if isinstance(both, Absent) else both.membership(seed)
    alike = _made_alike(both, membership, predictions)
    here, there = _validation_bins(predictions), _development_bins(development)
    return CaseMix(
        risk_distribution=_distribution(here, there),
        linear_predictor=_linear_predictors(predictions, development, here, there),
        development_auc=_recorded_auc(development),
        expected_auc=expected_auc(predictions.risk, predictions.weights),
        observed_auc=observed["auc"],
        membership_auc=_membership_auc(membership),
        membership_auc_with_outcome=_membership_auc(
            both if isinstance(both, Absent) else both.membership_with_outcome(labelled, seed)
        ),
        observed={name: observed[name] for name in REWEIGHTED},
        reweighted=_reweighted(alike, predictions, bootstrap, seed),
        effective_n=None if isinstance(alike, Absent) else alike.effective_n,
        remaining_difference=None if isinstance(alike, Absent) else alike.remaining,
        characteristics=tuple(compare_predictors(cohort, labelled, names, development)),
        set_aside=() if isinstance(both, Absent) else both.set_aside,
    )


@dataclass(frozen=True, eq=False)
class _Both:
    """The predictors of both cohorts, those that can differ in how the model sees them."""

    validation: FloatArray
    development: FloatArray
    labelled: LabelledOutcome  # of the development
    entries: tuple[Variable, ...]
    set_aside: tuple[str, ...]

    @classmethod
    def of(cls, development: Development, matrix: FloatArray, names: Sequence[str]) -> _Both | Absent:
        if development.cohort is None or development.labelled is None:
            return Absent(development.unreadable or "the development patients cannot be read again")
        theirs = development.labelled
        shared = [name for name in names if name in development.cohort.frame]
        other = development.cohort.matrix(shared)[theirs.rows]
        mine = matrix[:, [names.index(name) for name in shared]]
        kept, set_aside = [], []
        for place, name in enumerate(shared):
            if np.unique(other[~np.isnan(other[:, place]), place]).size < 2:
                set_aside.append(f"{variable(name).label}: the same in every development patient")
            elif np.isnan(mine[:, place]).all():
                set_aside.append(f"{variable(name).label}: not recorded in the validation cohort")
            else:
                kept.append(place)
        if not kept:
            return Absent("no predictor varies in the development cohort and is recorded in the validation cohort")
        entries = tuple(variable(shared[place]) for place in kept)
        return cls(mine[:, kept], other[:, kept], theirs, entries, tuple(set_aside))

    def membership(self, seed: int) -> Membership:
        return membership_probability(self.validation, self.development, self.entries, seed=seed)

    def membership_with_outcome(self, labelled: LabelledOutcome, seed: int) -> Membership:
        theirs = self.labelled
        here, there = labelled.known, theirs.known
        # Whose outcome is known is more often dead than the others: the weights for censoring make up for it.
        cases = np.concatenate([_cases(labelled)[here], _cases(theirs)[there]])
        return membership_probability(
            np.column_stack([self.validation[here], labelled.values[here]]),
            np.column_stack([self.development[there], theirs.values[there]]),
            (*self.entries, variable("death")),  # any binary variable: its coding is that of an outcome
            seed=seed,
            weights=None if np.isclose(cases, 1.0).all() else cases,
        )


def _cases(labelled: LabelledOutcome) -> FloatArray:
    return np.ones(len(labelled)) if labelled.weights is None else labelled.weights


def _membership_auc(membership: Membership | Absent) -> Measure:
    if isinstance(membership, Absent):
        return membership
    return auc(membership.validation, membership.probability, membership.weights)


@dataclass(frozen=True, eq=False)
class _Alike:
    """The validation patients weighted to the predictors of the development, and how well that went."""

    cases: FloatArray
    effective_n: float
    sides: tuple[float, float]  # the same without and with the event
    remaining: float | None


def _made_alike(both: _Both | Absent, membership: Membership | Absent, predictions: Predictions) -> _Alike | Absent:
    if isinstance(both, Absent):
        return both
    if isinstance(membership, Absent):
        return membership
    weights = membership.development_weights()
    cases = weights if predictions.weights is None else weights * predictions.weights
    sides = (effective_size(cases[predictions.outcome == 0]), effective_size(cases[predictions.outcome == 1]))
    left = []
    for entry, here, there in zip(both.entries, both.validation.T, both.development.T, strict=True):
        levels = len(entry.levels)
        left.append(standardised(moments(here, levels, weights), moments(there, levels)))
    known = [abs(value) for value in left if value is not None]
    return _Alike(cases, effective_size(cases), sides, max(known) if len(known) == len(left) else None)


def _reweighted(alike: _Alike | Absent, predictions: Predictions, bootstrap: int, seed: int) -> dict[str, Measure]:
    if isinstance(alike, Absent):
        return dict.fromkeys(REWEIGHTED, alike)
    reason = ""
    if min(alike.sides) < FEWEST:
        reason = (
            "weighted to the development's case mix the patients tell as much as "
            f"{alike.sides[1]:.0f} with the event and {alike.sides[0]:.0f} without"
        )
    elif alike.remaining is None or alike.remaining > STILL_APART:
        left = "without bound" if alike.remaining is None else f"of {alike.remaining:.2f}"
        reason = f"weighting leaves a standardised difference {left} in a predictor"
    if reason:
        return dict.fromkeys(REWEIGHTED, Absent(f"the cohorts have too little in common: {reason}"))
    weighted = Predictions(predictions.risk, predictions.outcome, alike.cases, None, predictions.basis)
    found = accuracy_measures(weighted, bootstrap=bootstrap, seed=seed)
    found |= calibration_in_groups(weighted, bootstrap=bootstrap, seed=seed)
    return {name: found[name] for name in REWEIGHTED}


@dataclass(frozen=True, eq=False)
class _Binned:
    """Risks in bins: the form in which those of the development are kept."""

    edges: FloatArray
    counts: FloatArray
    basis: str


def _development_bins(development: Development) -> _Binned | Absent:
    recorded = (development.evaluation or {}).get("risk_histogram")
    if not recorded or "absent" in recorded:
        return Absent("no record of how this model did at home is at hand")
    counts = np.array(recorded["with_event"]) + np.array(recorded["without_event"])
    return _Binned(np.array(recorded["edges"]), counts, str((development.evaluation or {}).get("basis")))


def _validation_bins(predictions: Predictions) -> _Binned:
    counts, edges = np.histogram(predictions.risk, bins=np.linspace(0, 1, RISK_BINS + 1), weights=predictions.weights)
    return _Binned(edges, counts.astype(np.float64), predictions.basis)


def _distribution(here: _Binned, there: _Binned | Absent) -> dict[str, Any]:
    shares = here.counts / here.counts.sum()
    development: Any = there.to_dict() if isinstance(there, Absent) else (there.counts / there.counts.sum()).tolist()
    return {"edges": here.edges.tolist(), "development": development, "validation": shares.tolist()}


def _linear_predictors(
    predictions: Predictions, development: Development, here: _Binned, there: _Binned | Absent
) -> dict[str, LinearPredictor | Absent]:
    """Compare like with like: the spread of risks in bins is not that of the risks, least of all where they are low."""
    mine, recorded = linear_predictor(predictions), (development.evaluation or {}).get("linear_predictor")
    if isinstance(mine, LinearPredictor) and (isinstance(there, Absent) or (recorded and "absent" not in recorded)):
        theirs = there if isinstance(there, Absent) else LinearPredictor.from_dict(recorded or {})
        return {"development": theirs, "validation": mine}
    return {"development": _level_and_spread(there), "validation": _level_and_spread(here)}


def _level_and_spread(binned: _Binned | Absent) -> LinearPredictor | Absent:
    if isinstance(binned, Absent):
        return binned
    middle = (binned.edges[1:] + binned.edges[:-1]) / 2
    log_odds, total = np.log(middle / (1 - middle)), float(binned.counts.sum())
    mean = float(binned.counts @ log_odds) / total
    spread = float(np.sqrt(binned.counts @ (log_odds - mean) ** 2 / total))
    return LinearPredictor(mean, spread, total, binned.basis, binned=True)


def _recorded_auc(development: Development) -> Measure:
    measures = (development.evaluation or {}).get("measures") or {}
    if "auc" not in measures:
        return Absent("no record of how this model did at home is at hand")
    return measure_from_dict(measures["auc"])
