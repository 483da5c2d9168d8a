"""Judging an updated model of several answers: the plan of its validation on the patients set apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.cli.update_record import Finished
    from spinecast.models.loading import TimedModel
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.models.quantiles.model import QuantityModel
    from spinecast.validation.before_after_kinds import JudgedUpdate
    from spinecast.validation.external_plan import OrdinalPlan, QuantityPlan, TimesPlan, ValidationPlan

__all__ = ["judge_kind"]


def judge_kind(done: Finished, model: TimedModel | QuantityModel | OrdinalModel) -> JudgedUpdate:
    """Judge an updated model before and after on the patients set apart.

    Parameters
    ----------
    done : Finished
    model : TimeToEventModel, CompetingRisksModel, QuantityModel or OrdinalModel
        After the update.
    """
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.models.quantiles.model import QuantityModel
    from spinecast.training.progress import say
    from spinecast.validation.before_after_kinds import judge_levels_update, judge_quantity_update, judge_times_update

    changed = done.update.method != "original"
    before: Any = done.plan.model
    if isinstance(model, OrdinalModel):
        return judge_levels_update(_levels_plan(done, model), before, done.first, changed=changed)
    if isinstance(model, QuantityModel):
        return judge_quantity_update(_quantity_plan(done, model), before, done.first, changed=changed)
    return judge_times_update(_times_plan(done, model), before, done.first, changed=changed, say=say)


def _times_plan(done: Finished, model: TimedModel) -> TimesPlan:
    from spinecast.cli.validation_days import checked_day, kept_horizons
    from spinecast.cohorts.outcomes import read_by_day
    from spinecast.validation.external_plan import TimesPlan
    from spinecast.validation.model_risks import timed_source
    from spinecast.validation.risk_sources import AskedOutcome, asked_outcome

    times, _ = kept_horizons(done.plan.outcome, done.judging)
    day = checked_day(times, done.development)
    asked = AskedOutcome(asked_outcome(done.plan.outcome).event, day)
    source = timed_source(model, done.plan.identity, asked, label=_label(model))
    return TimesPlan(
        at_day=replace(_at(done), source=source, labelled=read_by_day(times, day)),
        times=times,
        model=model,
        horizons=tuple(float(one) for one in times.horizons_days),
    )


def _quantity_plan(done: Finished, model: QuantityModel) -> QuantityPlan:
    from spinecast.cohorts.outcomes import QuantityOutcome, label_outcome, read_by_threshold
    from spinecast.validation.external_plan import QuantityPlan
    from spinecast.validation.external_quantity import checked_threshold
    from spinecast.validation.model_risks import threshold_source

    outcome = done.plan.outcome
    assert isinstance(outcome, QuantityOutcome)  # the outcome is the model's own
    quantity = label_outcome(done.judging, outcome)
    checked = checked_threshold(quantity, model.thresholds, done.settings.fewest)
    source = threshold_source(model, done.plan.identity, outcome.variable, checked, label=_label(model))
    return QuantityPlan(
        at_threshold=replace(_at(done), source=source, labelled=read_by_threshold(quantity, checked)),
        quantity=quantity,
        model=model,
        thresholds=model.thresholds,
        checked=checked,
    )


def _levels_plan(done: Finished, model: OrdinalModel) -> OrdinalPlan:
    from spinecast.cohorts.outcomes import OrdinalOutcome, label_outcome, most_even_level, read_by_level
    from spinecast.validation.external_plan import OrdinalPlan
    from spinecast.validation.model_risks import level_source

    outcome = done.plan.outcome
    assert isinstance(outcome, OrdinalOutcome)  # the outcome is the model's own
    levels = label_outcome(done.judging, outcome)
    checked = most_even_level(levels) - 1
    source = level_source(model, done.plan.identity, outcome.variable, checked, label=_label(model))
    return OrdinalPlan(
        at_level=replace(_at(done), source=source, labelled=read_by_level(levels, checked + 1)),
        levels=levels,
        model=model,
        checked=checked,
    )


def _label(model: TimedModel | QuantityModel | OrdinalModel) -> str:
    return f"{model.about.get('title') or model.name}, updated"


def _at(done: Finished) -> ValidationPlan:
    """Return what plans of all kinds share; source and outcome are replaced by those of one day or threshold."""
    from spinecast.cli.validation_inputs import plain_source
    from spinecast.validation.external_plan import ValidationPlan
    from spinecast.validation.recorded_outcome import label_as_event

    return ValidationPlan(
        source=plain_source(done.plan.model, done.plan.identity),
        cohort=done.judging,
        outcome=done.plan.outcome,
        labelled=label_as_event(done.judging, done.plan.outcome),
        development=done.development,
        model=done.update.model,
        lacking=done.lacking,
        settings=done.settings,
    )
