"""From the words of a study to what the rooms below understand: sources, outcomes and candidate plans."""

from __future__ import annotations

from pathlib import Path

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.outcomes import BinaryOutcome, HorizonOutcome
from spinecast.cohorts.sources import CsvSource, ParquetSource, SupportSource
from spinecast.models.catalogue import FAMILIES
from spinecast.models.encoding import Imputation
from spinecast.training.study import Candidate, Study, search_space
from spinecast.training.tuning import CandidatePlan

__all__ = ["candidate_plans", "cohort_source", "cohort_variables", "ensemble_names", "outcome_definition"]


def cohort_source(study: Study) -> CsvSource | ParquetSource | SupportSource:
    """Where the study's patients come from."""
    source = study.cohort.source
    if source.kind == "support":
        return SupportSource(subset=source.subset)
    table = CsvSource if source.kind == "csv" else ParquetSource
    return table(
        path=Path(study.resolve_path(source.path)),
        id_column=source.id_column,
        columns={name: column.model_dump() for name, column in source.columns.items()},
        group_column=source.group_column,
        synthetic=source.synthetic,
    )


def cohort_variables(study: Study) -> tuple[str, ...]:
    """Every variable the study reads: predictors, outcome, comparators, group; each once."""
    # A group that is no dictionary variable is the table's group column, which the source names itself.
    group = [name for name in (study.resampling.group,) if name is not None and name in variables()]
    return tuple(dict.fromkeys((*study.variables_read().values(), *group)))


def outcome_definition(study: Study) -> HorizonOutcome | BinaryOutcome:
    """The outcome as the cohorts room labels it."""
    outcome = study.outcome
    if outcome.kind == "horizon":
        return HorizonOutcome(
            time=outcome.time,
            event=outcome.event,
            horizon_days=outcome.horizon_days,
            censored=outcome.censored,
            label=outcome.label,
        )
    return BinaryOutcome(
        variable=outcome.variable,
        event_levels=tuple(outcome.event_levels),
        excluded_levels=tuple(outcome.excluded_levels),
        label=outcome.label,
    )


def candidate_plans(study: Study) -> tuple[CandidatePlan, ...]:
    """The study's candidates with every default filled in."""
    return tuple(_plan(study, candidate) for candidate in study.candidates)


def model_predictors(study: Study) -> tuple[str, ...]:
    """Predictors of all candidates, the study's own order first."""
    own = [name for candidate in study.candidates for name in candidate.predictors or ()]
    return tuple(dict.fromkeys((*study.predictors, *own)))


def ensemble_names(study: Study) -> tuple[str, ...] | None:
    """The candidates that the final model averages; None where the winner of each split is taken."""
    return tuple(study.final.of) if study.final.kind == "ensemble" else None


def _plan(study: Study, candidate: Candidate) -> CandidatePlan:
    family = FAMILIES[candidate.kind]
    predictors = tuple(candidate.predictors or study.predictors)
    label = family.label
    if candidate.kind == "baseline":
        label = f"Baseline ({', '.join(variable(name).label.lower() for name in predictors)})"
    if candidate.name != candidate.kind:
        label = f"{label} [{candidate.name}]"
    return CandidatePlan(
        name=candidate.name,
        family=candidate.kind,
        label=label,
        predictors=predictors,
        imputation=Imputation(**candidate.imputation.model_dump()),
        search_space=search_space(candidate),
        trials=candidate.trials or study.tuning.trials,
        startup_trials=study.tuning.startup_trials,
    )
