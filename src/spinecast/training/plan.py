"""From the words of a study to what the rooms below understand: sources, outcomes and candidate plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.outcomes import (
    BinaryOutcome,
    BinaryRisk,
    CompetingHorizonOutcome,
    CompetingRisksOutcome,
    HorizonOutcome,
    LandmarkOutcome,
    OrdinalOutcome,
    QuantityOutcome,
    ThresholdOutcome,
    TimedOutcome,
    TimeToEventOutcome,
)
from spinecast.cohorts.sources import CsvSource, ParquetSource, Source, SupportSource, SyntheticSource
from spinecast.cohorts.synthetic.recipe import find_recipe
from spinecast.errors import ContractError
from spinecast.models.catalogue import Choice, Parameters
from spinecast.models.imputation import Imputation
from spinecast.models.survival.catalogue import any_family
from spinecast.training.features import all_feature_names, expanded_predictors
from spinecast.training.study import Candidate, Study, search_space
from spinecast.training.study.candidates import TreeCandidate
from spinecast.training.study.missing import PatternSubmodels
from spinecast.training.study.sources import PatientSource, TableSource
from spinecast.training.tuning_unit import BORROWED_WEIGHT, CandidatePlan

__all__ = [
    "any_definition",
    "candidate_parameters",
    "candidate_plans",
    "cohort_source",
    "cohort_variables",
    "ensemble_names",
    "fixed_plans",
    "is_group_column",
    "model_predictors",
    "ordinal_definition",
    "outcome_definition",
    "patient_source",
    "quantity_definition",
    "quantity_thresholds",
    "timed_definition",
]


Definition: TypeAlias = BinaryRisk | TimedOutcome | QuantityOutcome | OrdinalOutcome


def cohort_source(study: Study) -> Source:
    """Where the study's patients come from."""
    return patient_source(study, study.cohort.source)


def patient_source(study: Study, source: PatientSource) -> Source:
    """Patients as a study's block names them: its own, or those it borrows."""
    if source.kind == "support":
        return SupportSource(subset=source.subset)
    if source.kind == "synthetic":
        recipe = find_recipe(source.recipe, study.origin.folder)
        return SyntheticSource(recipe=recipe, patients=source.patients, seed=source.seed, site=source.site)
    table: dict[str, Any] = {
        "path": study.resolve_path(source.path),
        "id_column": source.id_column,
        "columns": {name: column.model_dump() for name, column in source.columns.items()},
        "group_column": source.group_column,
        "synthetic": source.synthetic,
        "name": source.name,
        "description": source.description or "",
        "licence": source.licence or "",
        "citation": source.citation or "",
    }
    if source.kind == "csv":
        return CsvSource(**table, separator=source.separator, decimal=source.decimal)
    return ParquetSource(**table)


def cohort_variables(study: Study) -> tuple[str, ...]:
    """Every variable the study reads: predictors, outcome, comparators, groups, sites; each once."""
    # The table's group column is read as what it is, also where a variable of the dictionary bears its name.
    own = [name for name in study.groupings().values() if name in variables() and not is_group_column(study, name)]
    return tuple(dict.fromkeys((*study.variables_read().values(), *own, *all_feature_names(study))))


def is_group_column(study: Study, name: str) -> bool:
    """Whether what tells groups apart is the table's group column, and not a variable."""
    source = study.cohort.source
    return isinstance(source, TableSource) and source.group_column == name


def _quantity(
    variable: str, thresholds: Sequence[float], unit: str | None, label: str | None, **_: Any
) -> QuantityOutcome:
    for at, threshold in enumerate(thresholds):
        try:
            ThresholdOutcome(variable, threshold, unit)
        except ContractError as error:
            what = error.what.replace("outcome.threshold:", f"outcome.thresholds.{at}:")
            raise ContractError(what, expected=error.expected, remedy=error.remedy) from None
    return QuantityOutcome(variable, label)


_OUTCOMES: Mapping[str, Callable[..., Definition]] = {
    "horizon": HorizonOutcome,
    "landmark": LandmarkOutcome,
    "competing_horizon": CompetingHorizonOutcome,
    "binary": BinaryOutcome,
    "threshold": ThresholdOutcome,
    "time_to_event": TimeToEventOutcome,
    "competing_risks": CompetingRisksOutcome,
    "quantity": _quantity,
    "ordinal": OrdinalOutcome,
}


def any_definition(study: Study) -> Definition:
    """The outcome as the cohorts room labels it: the study's block, key by key.

    Raises
    ------
    ContractError
        If the definition makes no sense; the study's rules have then not been applied.
    """
    outcome = study.outcome
    return _OUTCOMES[outcome.kind](**{key: value for key, value in outcome if key != "kind"})


def outcome_definition(study: Study) -> BinaryRisk:
    """The outcome of a study that predicts an event which is had or not; raises as :func:`any_definition`.

    Raises
    ------
    ContractError
        If the study predicts a time, a quantity or ordered levels.
    """
    found = any_definition(study)
    if isinstance(found, TimedOutcome):
        days = ", ".join(f"{day:g}" for day in found.horizons_days)
        raise ContractError(
            f"{study.study} predicts a time and no event by one day",
            expected="an outcome that is had or not",
            remedy=f"name the day: --horizon with one of {days}",
        )
    if isinstance(found, QuantityOutcome):
        raise ContractError(
            f"{study.study} predicts a measured quantity and no event", expected="an outcome that is had or not"
        )
    if isinstance(found, OrdinalOutcome):
        raise ContractError(
            f"{study.study} predicts ordered levels and no event", expected="an outcome that is had or not"
        )
    return found


def timed_definition(study: Study) -> TimedOutcome:
    """The outcome of a study that predicts a time; raises as :func:`any_definition`.

    Raises
    ------
    ContractError
        If the study predicts an event which is had or not.
    """
    found = any_definition(study)
    if not isinstance(found, TimedOutcome):
        raise ContractError(f"{study.study} predicts an event and no time", expected="time_to_event or competing_risks")
    return found


def quantity_definition(study: Study) -> QuantityOutcome:
    """The outcome of a study that predicts a measured quantity; raises as :func:`any_definition`.

    Raises
    ------
    ContractError
        If the study predicts something else.
    """
    found = any_definition(study)
    if not isinstance(found, QuantityOutcome):
        raise ContractError(f"{study.study} predicts no measured quantity", expected="an outcome of the kind quantity")
    return found


def ordinal_definition(study: Study) -> OrdinalOutcome:
    """The outcome of a study that predicts ordered levels; raises as :func:`any_definition`.

    Raises
    ------
    ContractError
        If the study predicts something else.
    """
    found = any_definition(study)
    if not isinstance(found, OrdinalOutcome):
        raise ContractError(f"{study.study} predicts no ordered levels", expected="an outcome of the kind ordinal")
    return found


def quantity_thresholds(study: Study) -> tuple[float, ...]:
    """Thresholds of a study of a quantity in the canonical unit; none for other studies."""
    outcome = study.outcome
    if outcome.kind != "quantity":
        return ()
    convert = variable(outcome.variable).conversion(outcome.unit).to_canonical
    return tuple(float(convert(threshold)) for threshold in outcome.thresholds)


def candidate_plans(study: Study) -> tuple[CandidatePlan, ...]:
    """The study's candidates with every default filled in."""
    return tuple(_plan(study, candidate) for candidate in study.candidates)


def fixed_plans(plans: Sequence[CandidatePlan], parameters: Mapping[str, Parameters]) -> tuple[CandidatePlan, ...]:
    """Candidates whose search is over: one trial, with the parameters that were found.

    Parameters
    ----------
    plans : sequence of CandidatePlan
    parameters : mapping of candidate to its parameters
    """
    return tuple(
        replace(
            plan,
            search_space={name: Choice((value,)) for name, value in parameters[plan.name].items()},
            trials=1,
        )
        for plan in plans
    )


def model_predictors(study: Study) -> tuple[str, ...]:
    """Predictors of all candidates, the study's own order first."""
    own = [name for candidate in study.candidates for name in candidate.predictors or ()]
    return expanded_predictors(study, (*study.predictors, *own))


def candidate_parameters(study: Study) -> int:
    """Count candidate predictor parameters: one a measured or binary predictor, levels less one for others.

    Every image feature counts, also where fewer are kept: choosing among them is learning too.
    """
    entries = [variable(name) for name in model_predictors(study)]
    return sum(max(len(entry.levels) - 1, 1) for entry in entries if not entry.is_label)


def ensemble_names(study: Study) -> tuple[str, ...] | None:
    """The candidates that the final model averages; None where the winner of each split is taken."""
    return tuple(study.final.of) if study.final.kind == "ensemble" else None


def _imputation(candidate: Candidate) -> Imputation:
    """What the candidate's block says, and for patients without a submodel what it does when left to itself."""
    settings = candidate.imputation.model_dump()
    if isinstance(candidate.imputation, PatternSubmodels) and isinstance(candidate, TreeCandidate):
        settings["otherwise"] = "native"
    return Imputation(**settings)


def _plan(study: Study, candidate: Candidate) -> CandidatePlan:
    family = any_family(candidate.family)
    named = tuple(candidate.predictors or study.predictors)
    label = family.label
    if candidate.kind == "baseline":
        blocks = study.feature_blocks
        words = [name if name in blocks else variable(name).label.lower() for name in named]
        label = f"{label} ({', '.join(words)})"
    if candidate.name != candidate.kind:
        label = f"{label} [{candidate.name}]"
    space = dict(search_space(candidate))
    if study.cohort.borrow is not None:
        space[BORROWED_WEIGHT] = Choice(tuple(sorted(study.cohort.borrow.weights)))
    return CandidatePlan(
        name=candidate.name,
        family=candidate.family,
        label=label,
        predictors=expanded_predictors(study, named),
        imputation=_imputation(candidate),
        search_space=space,
        trials=candidate.trials or study.tuning.trials,
        startup_trials=study.tuning.startup_trials,
    )
