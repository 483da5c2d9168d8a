"""From what was asked of ``spinecast validate`` to a plan: the patients, what is judged, and what is set beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spinecast.cli.validation_cohort import Asked
    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.outcomes import LabelledOutcome
    from spinecast.models.loading import TimedModel
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.models.quantiles.model import QuantityModel
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort
    from spinecast.validation.comparing import Comparator
    from spinecast.validation.development import Development, Overlap
    from spinecast.validation.external_plan import ValidationPlan, ValidationSettings
    from spinecast.validation.external_result import ExternalJudgement, ExternalValidation
    from spinecast.validation.risk_sources import RiskSource

    Say = Callable[[str], None]

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A validation that can be run.

    Parameters
    ----------
    plan : ValidationPlan
        Of a model of several answers: its part at one day, threshold or level.
    validate : callable
        Runs it; is told whom to tell what is going on.
    described : LabelledOutcome
        By which the patients are described.
    opened : OpenedCohort
    notes : tuple of str
        What to know of these patients beside what `opened` says.
    met_before : tuple of dict
        JSON values, a cohort each that the model was updated on or borrowed from: whether its patients were looked for
        among these, and how many were found.
    """

    plan: ValidationPlan
    validate: Callable[[Say], ExternalValidation | ExternalJudgement]
    described: LabelledOutcome
    opened: OpenedCohort
    notes: tuple[str, ...] = ()
    met_before: tuple[dict[str, Any], ...] = ()


def prepare(asked: Asked, settings: ValidationSettings, say: Say) -> Prepared:
    """Open the patients, refuse those that must not be judged on, and gather what is judged and set beside.

    Raises
    ------
    SpinecastError
        If the patients cannot be opened, or are those of the development or of an update.
    """
    from spinecast.cli.borrowed_patients import without_borrowed
    from spinecast.cli.development_patients import development_of
    from spinecast.cli.updating_patients import updates_again
    from spinecast.cli.validation_cohort import open_asked, wanted_of
    from spinecast.cli.validation_inputs import default_comparators
    from spinecast.cohorts.outcomes import OrdinalOutcome, QuantityOutcome
    from spinecast.validation.cohort_file import dated_predictors
    from spinecast.validation.development import find_overlap, refuse_development_cohort
    from spinecast.validation.recorded_outcome import label_as_event
    from spinecast.validation.risk_sources import asked_outcome
    from spinecast.validation.updating_patients import refuse_updating_patients

    outcome = asked.outcome
    alone = isinstance(outcome, QuantityOutcome | OrdinalOutcome)  # nothing published predicts these
    defaults = () if alone else tuple(default_comparators(asked_outcome(outcome)))
    named = {reference.text: reference for reference in (*asked.compare, *defaults)}
    named.pop(asked.reference.text, None)
    development, trained = development_of(asked.reference, asked.study, say)
    wanted = wanted_of(asked, tuple(named.values()), development.variables, settings.subgroups, trained)
    opened = open_asked(asked, wanted)
    seen = label_as_event(opened.cohort, outcome)
    overlap = find_overlap(development, opened.cohort, seen)
    refuse_development_cohort(overlap, development, opened.cohort)
    beside = (Path(asked.cohort), asked.mapping)
    met_before = refuse_updating_patients(updates_again(asked.reference, beside, say), opened.cohort, seen)
    opened, borrowed = without_borrowed(asked.reference, asked.study, opened, seen)
    met_before += borrowed
    barred = _barred(asked, opened, seen, beside)
    asked.reference, learned = asked.reference.knowing_scanners_of(opened.cohort)
    opened = replace(opened, notes=(*opened.notes, *learned))
    for sentence in learned:
        say(sentence)
    request = _Request(
        asked=asked,
        opened=opened,
        settings=settings,
        development=development,
        overlap=overlap,
        beside={text: reference for text, reference in named.items() if text not in barred},
        barred=tuple(barred.items()),
        study=asked.study or trained,
        dated=dated_predictors(Path(asked.cohort), asked.mapping) if asked.mapping else None,
        seen=seen,
    )
    return replace(_prepared(request), met_before=tuple(met_before))


def _prepared(request: _Request) -> Prepared:
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.models.prognosis_model import PrognosisModel
    from spinecast.models.quantiles.model import QuantityModel

    model = request.asked.reference.model
    if model is None or isinstance(model, PrognosisModel):
        return _event(request)
    if isinstance(model, OrdinalModel):
        return _levels(request, model)
    return _quantity(request, model) if isinstance(model, QuantityModel) else _times(request, model)


@dataclass(frozen=True, eq=False)
class _Request:
    """Everything that plans of all kinds are made of."""

    asked: Asked
    opened: OpenedCohort
    settings: ValidationSettings
    development: Development
    overlap: Overlap
    beside: Mapping[str, Reference]
    barred: tuple[tuple[str, str], ...]
    study: Study | None
    dated: Any
    seen: LabelledOutcome

    def plan(self, source: RiskSource, labelled: LabelledOutcome, **more: Any) -> ValidationPlan:
        """Make the plan of one risk, or the part of another plan that looks at one."""
        from spinecast.validation.external_plan import ValidationPlan

        return ValidationPlan(
            source=source,
            cohort=self.opened.cohort,
            outcome=self.asked.outcome,
            labelled=labelled,
            development=more.pop("development", self.development),
            barred=self.barred,
            model=self.asked.reference.model,
            lacking=self.opened.lacking,
            overlap=self.overlap,
            dated=self.dated,
            settings=self.settings,
            **more,
        )


def _event(request: _Request) -> Prepared:
    from spinecast.validation.external import validate_externally
    from spinecast.validation.risk_sources import asked_outcome

    wanted = asked_outcome(request.asked.outcome)
    plan = request.plan(
        request.asked.reference.source(wanted),
        request.seen,
        comparators=tuple(reference.source(wanted, named=True) for reference in request.beside.values()),
        recorded=_recorded(request.study, request.opened, request.seen),
    )
    return Prepared(plan, lambda say: validate_externally(plan, say), request.seen, request.opened)


def _times(request: _Request, model: TimedModel) -> Prepared:
    from spinecast.cli.validation_days import checked_day, development_at_day, times_of
    from spinecast.cohorts.outcomes import read_by_day
    from spinecast.validation.external_plan import TimesPlan
    from spinecast.validation.external_times import validate_times
    from spinecast.validation.risk_sources import AskedOutcome, asked_outcome

    event = asked_outcome(request.asked.outcome).event
    times, notes = times_of(request.asked, request.opened)
    day = checked_day(times, request.development)
    labelled, development = read_by_day(times, day), development_at_day(request.asked.outcome, day, request.development)
    source = request.asked.reference.source(AskedOutcome(event, day))

    def sources_at(at: float) -> tuple[RiskSource, ...]:
        return tuple(one.source(AskedOutcome(event, at), named=True) for one in request.beside.values())

    at_day = request.plan(source, labelled, development=development, comparators=sources_at(day))
    plan = TimesPlan(
        at_day=at_day,
        times=times,
        model=model,
        horizons=tuple(float(one) for one in times.horizons_days),
        sources_at=sources_at,
        recorded=_recorded(request.study, request.opened, request.seen),
    )
    return Prepared(at_day, lambda say: validate_times(plan, say), request.seen, request.opened, notes)


def _quantity(request: _Request, model: QuantityModel) -> Prepared:
    from spinecast.cli.validation_days import development_at_threshold, quantity_of
    from spinecast.cohorts.outcomes import read_by_threshold
    from spinecast.errors import ContractError
    from spinecast.models.quantiles.model import QuantityModel
    from spinecast.validation.external_plan import QuantityPlan
    from spinecast.validation.external_quantity import checked_threshold, validate_quantity
    from spinecast.validation.model_risks import threshold_source

    others = []
    for text, reference in request.beside.items():
        if not isinstance(reference.model, QuantityModel) or _measured(reference.model) != _measured(model):
            raise ContractError(
                f"{text} predicts no {_measured(model)}", where="--compare", expected="a model of the same quantity"
            )
        others.append((reference.label, reference.model))
    quantity = quantity_of(request.asked, request.opened)
    checked = checked_threshold(quantity, model.thresholds, request.settings.fewest)
    source = threshold_source(model, request.asked.reference.identity, _measured(model), checked)
    labelled = read_by_threshold(quantity, checked)
    development = development_at_threshold(request.asked.outcome, checked, request.development)
    at_threshold = request.plan(source, labelled, development=development)
    plan = QuantityPlan(
        at_threshold=at_threshold,
        quantity=quantity,
        model=model,
        thresholds=model.thresholds,
        checked=checked,
        others=tuple(others),
    )
    return Prepared(at_threshold, lambda say: validate_quantity(plan, say), labelled, request.opened)


def _levels(request: _Request, model: OrdinalModel) -> Prepared:
    from spinecast.cli.validation_days import development_at_level, levels_of
    from spinecast.cohorts.outcomes import most_even_level, read_by_level
    from spinecast.errors import ContractError
    from spinecast.models.ordinal.model import OrdinalModel
    from spinecast.validation.external_ordinal import validate_levels
    from spinecast.validation.external_plan import OrdinalPlan
    from spinecast.validation.model_risks import level_source

    own = [str(one["level"]) for one in model.levels]
    others = []
    for text, reference in request.beside.items():
        other = reference.model
        if not isinstance(other, OrdinalModel) or _measured(other) != _measured(model):
            raise ContractError(
                f"{text} predicts no levels of {_measured(model)}",
                where="--compare",
                expected="a model of the same ordered levels",
            )
        theirs = [str(one["level"]) for one in other.levels]
        if theirs != own:
            raise ContractError(
                f"{text} predicts other levels of {_measured(model)}: {', '.join(theirs)}",
                where="--compare",
                expected=", ".join(own),
            )
        others.append((reference.label, other))
    levels = levels_of(request.asked, request.opened)
    checked = most_even_level(levels) - 1
    labelled = read_by_level(levels, checked + 1)
    at_level = request.plan(
        level_source(model, request.asked.reference.identity, _measured(model), checked),
        labelled,
        development=development_at_level(request.asked.outcome, checked, request.development),
    )
    plan = OrdinalPlan(at_level=at_level, levels=levels, model=model, checked=checked, others=tuple(others))
    return Prepared(at_level, lambda say: validate_levels(plan, say), labelled, request.opened)


def _measured(model: QuantityModel | OrdinalModel) -> str:
    return str(model.about["outcome"]["variable"])


def _barred(
    asked: Asked, opened: OpenedCohort, labelled: LabelledOutcome, beside: tuple[Path | None, ...]
) -> dict[str, str]:
    """Return the models to compare that were made from these very patients, with the reason: it would be unfair."""
    from spinecast.cli.borrowed_patients import borrowed_by
    from spinecast.cli.development_patients import development_of
    from spinecast.cli.updating_patients import updates_again
    from spinecast.training.progress import say
    from spinecast.validation.development import find_overlap

    found = {}
    for reference in asked.compare:
        if reference.model is None:
            continue
        development, _ = development_of(reference, None, say)
        borrowed = borrowed_by(reference, None)
        updating = [people for update in updates_again(reference, beside, say) for people in update.cohorts]
        for people in (development, *updating, *([borrowed] if borrowed else [])):
            overlap = find_overlap(people, opened.cohort, labelled)
            if overlap.how:
                found[reference.text] = (
                    f"it was made from these patients: {overlap.shared:,} of {overlap.of:,} stand in its "
                    f"{people.role} cohort"
                )
    return found


def _recorded(study: Study | None, opened: OpenedCohort, labelled: LabelledOutcome) -> tuple[Comparator, ...]:
    """Return the other models' predictions that stand in the cohort itself, as the study reads them."""
    from spinecast.clinical.dictionary import variable
    from spinecast.validation.comparing import Comparator

    found = []
    for entry in study.comparators if study else ():
        if entry.variable not in opened.cohort.frame:
            continue
        values = opened.cohort.matrix([entry.variable])[labelled.rows, 0]
        label = variable(entry.variable).label
        found.append(
            Comparator(
                entry.name,
                f"{label} (as a risk)" if entry.complement else label,
                1 - values if entry.complement else values,
                entry.horizon_days,
                entry.note or "",
            )
        )
    return tuple(found)
