"""Updating a model on patients of elsewhere: fit every change, choose, and write down where the result comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import (
    CompetingRisksOutcome,
    LabelledOutcome,
    OrdinalOutcome,
    Outcome,
    QuantityOutcome,
    TimeToEventOutcome,
    label_outcome,
)
from spinecast.errors import CohortError
from spinecast.models.loading import AnyModel, with_about
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.statistics import Absent, ClosedTest, UpdateLine, closed_update_test, fit_update
from spinecast.training.seeds import derive_seed
from spinecast.training.study import Study
from spinecast.training.update_refit import Refit, refit_model, refit_plans
from spinecast.validation.updating import (
    AnyMethod,
    predictor_parameters,
    recalibrated,
    require_update_events,
    risk_method,
    too_few_for,
)
from spinecast.validation.updating_ordinal import LevelsUpdate, update_levels
from spinecast.validation.updating_patients import describe_people
from spinecast.validation.updating_quantity import QuantityUpdate, update_quantity
from spinecast.validation.updating_times import TimesUpdate, update_times

__all__ = ["Training", "Update", "UpdatePlan", "update_any", "update_model"]

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Training:
    """The study a model was trained by and the record of that training: what refitting needs."""

    study: Study
    record: Path


@dataclass(frozen=True, eq=False)
class UpdatePlan:
    """What an update is made of.

    Parameters
    ----------
    model : AnyModel
        As it is.
    identity, version : str
        Of this model; the version is ``name/number`` in the registry, or says that it is not registered.
    method : AnyMethod
    outcome : Outcome
    cohort : Cohort
        The updating patients.
    labelled : LabelledOutcome
        Their outcome, as one that is had or not.
    drawn_from : (Cohort, LabelledOutcome), optional
        All patients they were divided from; None where others are judged on.
    training : Training or str
        What refitting needs, or why it is not at hand.
    seed, workers : int
    """

    model: AnyModel
    identity: str
    version: str
    method: AnyMethod
    outcome: Outcome
    cohort: Cohort
    labelled: LabelledOutcome
    drawn_from: tuple[Cohort, LabelledOutcome] | None
    training: Training | str
    seed: int
    workers: int

    @property
    def risk_model(self) -> PrognosisModel:
        """The model, where it gives a risk of an event."""
        if not isinstance(self.model, PrognosisModel):
            raise TypeError("the model predicts no event by one day")
        return self.model


@dataclass(frozen=True, eq=False)
class Update:
    """What came of it.

    Parameters
    ----------
    method : str
        "intercept", "logistic" or "refit"; "original" where the closed test keeps the model as it is.
    model : PrognosisModel
        Updated, with the update in its ``about``; the model as it was where the method is "original".
    lines : mapping of str to UpdateLine or Absent
        Every line that was fitted, chosen or not.
    closed_test : ClosedTest or Absent, optional
        None where a method was named.
    refit : Refit or Absent, optional
        None where it was not asked for.
    """

    method: str
    model: PrognosisModel
    lines: Mapping[str, UpdateLine | Absent]
    closed_test: ClosedTest | Absent | None
    refit: Refit | Absent | None

    def to_dict(self) -> dict[str, Any]:
        """Return every number as JSON values."""
        cross_validated: Any = None
        if isinstance(self.refit, Absent):
            cross_validated = self.refit.to_dict()
        elif self.refit is not None and self.refit.cross_validated is not None:
            cross_validated = self.refit.cross_validated.to_dict()
        return {
            "method": self.method,
            "lines": {name: line.to_dict() for name, line in self.lines.items()},
            "closed_test": None if self.closed_test is None else self.closed_test.to_dict(),
            "refit_against_logistic": cross_validated,
        }

    def numbers(self) -> dict[str, float]:
        """Return what was changed: intercept and slope of the line that was put after the model."""
        line = self.lines.get(self.method)
        if not isinstance(line, UpdateLine):
            return {}
        return {"intercept": line.intercept.estimate, "slope": line.slope.estimate}


def update_any(plan: UpdatePlan, say: Say = lambda _: None) -> Update | TimesUpdate | QuantityUpdate | LevelsUpdate:
    """Update a model of any kind, and let the result say where it comes from.

    Parameters
    ----------
    plan : UpdatePlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        As :func:`update_model`, :func:`spinecast.validation.updating_times.update_times`,
        :func:`spinecast.validation.updating_quantity.update_quantity` and
        :func:`spinecast.validation.updating_ordinal.update_levels`.
    """
    if isinstance(plan.model, PrognosisModel):
        return update_model(plan, say)
    say(f"updating on {len(plan.labelled):,} patients")
    found: TimesUpdate | QuantityUpdate | LevelsUpdate
    method: Any = plan.method
    if isinstance(plan.model, OrdinalModel):
        assert isinstance(plan.outcome, OrdinalOutcome)  # the outcome is the model's own
        levels = label_outcome(plan.cohort, plan.outcome)
        found = update_levels(plan.model, plan.model.matrix(plan.cohort.frame)[levels.rows], levels, method)
    elif isinstance(plan.model, QuantityModel):
        assert isinstance(plan.outcome, QuantityOutcome)  # the outcome is the model's own
        quantity = label_outcome(plan.cohort, plan.outcome)
        groups = None if plan.cohort.groups is None else pd.factorize(plan.cohort.groups.iloc[quantity.rows])[0]
        matrix = plan.model.matrix(plan.cohort.frame)[quantity.rows]
        seed = derive_seed(plan.seed, "folds")
        found = update_quantity(plan.model, matrix, quantity, method, groups=groups, seed=seed)
    else:
        assert isinstance(plan.outcome, TimeToEventOutcome | CompetingRisksOutcome)  # the outcome is the model's own
        times = label_outcome(plan.cohort, replace(plan.outcome, horizons_days=()))
        found = update_times(plan.model, plan.model.matrix(plan.cohort.frame)[times.rows], times, method)
    if found.method == "original":
        return found
    made: Any = with_about(found.model, _about(plan, found.method, found.numbers()))
    return replace(found, model=made)


def update_model(plan: UpdatePlan, say: Say = lambda _: None) -> Update:
    """Update a model.

    Parameters
    ----------
    plan : UpdatePlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        If the patients are too few for the method, have one outcome, or are ranked the wrong way round.
    ArtifactError
        If refitting is asked for and the record of the training is not at hand.
    """
    require_update_events(plan.labelled, risk_method(plan.method), plan.risk_model.predictors)
    rows = plan.labelled.rows
    log_odds = plan.risk_model.log_odds(plan.risk_model.matrix(plan.cohort.frame)[rows])
    outcome, weights = plan.labelled.values, plan.labelled.weights
    say(f"updating on {len(plan.labelled):,} patients, {plan.labelled.events:,} with the event")
    lines: dict[str, UpdateLine | Absent] = {
        "intercept": fit_update(outcome, log_odds, "intercept", weights),
        "logistic": fit_update(outcome, log_odds, "logistic", weights),
    }
    tested, refit = None, None
    chosen: str = plan.method
    if plan.method == "closed-test":
        tested = closed_update_test(outcome, log_odds, weights)
        refit = _refit_if_possible(plan, say)
        chosen = _chosen(tested, refit)
    elif plan.method == "refit":
        refit = _refit(plan, say, cross_validate=False)
    return Update(chosen, _result(plan, chosen, lines, refit), lines, tested, refit)


def _chosen(tested: ClosedTest | Absent, refit: Refit | Absent) -> str:
    """Take the refit where it does better beyond chance than the largest change with degrees of freedom."""
    if isinstance(refit, Refit) and refit.cross_validated is not None and refit.cross_validated.prefers_refit:
        return "refit"
    if isinstance(tested, Absent):
        raise CohortError(
            f"the closed test cannot be made: {tested.reason}",
            expected="risks that differ and do not tell the outcome for certain",
            remedy="--method intercept needs neither",
        )
    return tested.chosen


def _refit_if_possible(plan: UpdatePlan, say: Say) -> Refit | Absent:
    if isinstance(plan.training, str):
        return Absent(plan.training)
    few = too_few_for(plan.labelled, predictor_parameters(plan.risk_model.predictors))
    if few:
        return Absent(f"too few events to fit the model again: {few}")
    lacking = _lacking(plan)
    if lacking:
        return Absent(f"nobody has {lacking}")
    try:
        return _refit(plan, say, cross_validate=True)
    except CohortError as error:  # too few patients or groups to fill the study's folds: the lesser changes are left
        return Absent(error.what)


def _refit(plan: UpdatePlan, say: Say, *, cross_validate: bool) -> Refit:
    if isinstance(plan.training, str):
        raise CohortError(
            f"the model cannot be fitted again: {plan.training}",
            expected="the model by its registered name, or the output folder of its training with record/ in it",
            remedy="name it so, or update by --method logistic, which needs the model alone",
        )
    lacking = _lacking(plan)
    if lacking:
        raise CohortError(
            f"the model cannot be fitted again: nobody has {lacking}", remedy="update by --method logistic"
        )
    say("fitting the model again" + (", and outside each fold to judge that" if cross_validate else ""))
    return refit_model(
        plan.risk_model,
        refit_plans(plan.risk_model, plan.training.study, plan.training.record),
        plan.training.study,
        plan.cohort,
        plan.labelled,
        seed=derive_seed(plan.seed, "refit"),
        workers=plan.workers,
        cross_validate=cross_validate,
    )


def _lacking(plan: UpdatePlan) -> str:
    frame = plan.cohort.frame
    absent = [name for name in plan.risk_model.predictors if name not in frame or not frame[name].notna().any()]
    return ", ".join(variable(name).label for name in absent)


def _result(
    plan: UpdatePlan, chosen: str, lines: Mapping[str, UpdateLine | Absent], refit: Refit | Absent | None
) -> PrognosisModel:
    if chosen == "original":
        return plan.risk_model
    line = lines.get(chosen)
    if isinstance(refit, Refit) and chosen == "refit":
        made = refit.model
    elif isinstance(line, UpdateLine):
        made = recalibrated(plan.risk_model, line)
    else:
        reason = line.reason if isinstance(line, Absent) else "it was not fitted"
        raise CohortError(f"the model cannot be updated by {chosen}: {reason}", remedy="--method intercept needs least")
    numbers = {}
    if isinstance(line, UpdateLine):
        numbers = {"intercept": line.intercept.estimate, "slope": line.slope.estimate}
    return replace(made, about=_about(plan, chosen, numbers))


def _about(plan: UpdatePlan, chosen: str, numbers: Mapping[str, float]) -> dict[str, Any]:
    """Return what the model says of itself: all it said before, its development cohort included, and the update."""
    about = dict(plan.model.about)
    before = about.get("cohort") or {}
    held = dict(zip(plan.model.predictors, plan.model.marginals.tolist(), strict=True))
    # A model fitted again holds the quantiles of its new patients: those of its development must not be forgotten.
    about["cohort"] = {"quantiles": held, **before} if chosen == "refit" else before
    drawn_from = None
    if plan.drawn_from is not None:
        drawn_from = describe_people(*plan.drawn_from, plan.model.predictors, plan.outcome)
    update = {
        "method": chosen,
        "asked": plan.method,
        "intercept": numbers.get("intercept"),
        "slope": numbers.get("slope"),
        **{name: value for name, value in numbers.items() if name not in ("intercept", "slope")},
        "parent": {"identity": plan.identity, "version": plan.version},
        "cohort": describe_people(plan.cohort, plan.labelled, plan.model.predictors, plan.outcome),
        "drawn_from": drawn_from,
        "seed": plan.seed,
    }
    return {**about, "updates": [*(about.get("updates") or ()), update]}
