"""The rules of a study file that the dictionary of variables knows: what exists, and what may be used for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from spinecast.cohorts.table_column import column_problems, contract_problem
from spinecast.documents import KeyPath, Problem, did_you_mean, dotted
from spinecast.errors import ContractError
from spinecast.training.study.agreement import outcome_levels
from spinecast.training.study.features import batch_names
from spinecast.training.study.sources import TableSource

if TYPE_CHECKING:
    from spinecast.clinical.variable import Role, Variable
    from spinecast.training.study.model import Study

__all__ = ["dictionary_problems"]

_NEVER_A_PREDICTOR: Mapping[Role, str] = {
    "outcome": "is known only afterwards: it may be an outcome, never a predictor",
    "comparator": "is another model's output: it is allowed as a comparator only",
    "subgroup": "is kept to compare performance between groups of people and never predicts",
    "after_prediction": "is recorded after prediction time: nobody knows it when the risk is asked for",
}


def dictionary_problems(study: Study) -> list[Problem]:
    """List what the dictionary speaks against: unknown variables, levels and units, and roles they may not have.

    What is known only after the prediction, and other models' outputs, are never predictors.
    """
    from spinecast.clinical.dictionary import variables

    known = variables()
    named = study.variables_read()
    source = study.cohort.source
    columns = source.columns if isinstance(source, TableSource) else {}
    named |= {("cohort", "source", "columns", name): name for name in columns}
    measured = source.measured_on if isinstance(source, TableSource) else {}
    unknown = {("cohort", "source", "measured_on", name): name for name in measured if name not in known}
    problems = [
        Problem(key, f"{dotted(key)}: the dictionary has no variable {name!r}", remedy=did_you_mean(name, known))
        for key, name in (named | unknown).items()
        if name not in known
    ]
    for key, name in named.items():
        if name in known:
            problems += _use_problems(study, key, known[name])
    if not any(problem.key[0] == "outcome" for problem in problems):
        problems += _definition_problems(study)
    problems += _shared_column_problems(study)
    for position, block in enumerate(study.features):
        if block.name in known:
            what = f"features: {block.name} is a variable of the dictionary"
            problems.append(Problem(("features", position, "name"), what, "another name"))
    own, batches = source.group_column if isinstance(source, TableSource) else None, batch_names(study)
    for key, group in study.groupings().items():
        if group != own and group not in known and group not in batches:
            candidates = [*known, *batches, own] if own else [*known, *batches]
            what = (
                f"{dotted(key)}: there is no {group!r} to {'keep together' if key[0] == 'resampling' else 'leave out'}"
            )
            expected = "a variable of the dictionary" + (f", or the table's group_column ({own})" if own else "")
            problems.append(Problem(key, what, expected, did_you_mean(group, candidates)))
    return problems


def _use_problems(study: Study, key: KeyPath, entry: Variable) -> Iterator[Problem]:
    """Find what speaks against using a variable as the study does."""
    place, name = dotted(key), entry.name
    if key[0] == "cohort":
        if isinstance(study.cohort.source, TableSource):
            yield from column_problems(key, entry, study.cohort.source.columns[name])
    elif key[0] == "published":
        return  # what a score reads is its own affair
    elif key[0] == "outcome":
        yield from _outcome_variable_problems(study, key, entry)
    elif key[0] == "comparators" and isinstance(key[1], int):
        if entry.role != "comparator":
            yield Problem(key, f"{place}: {name} is no other model's output", "a variable of the role comparator")
        elif study.comparators[key[1]].complement and entry.possible and entry.possible.upper > 1:
            yield Problem((*key[:2], "complement"), f"{place}: {name} is no probability, so it has no complement")
    elif entry.role != "predictor":
        yield Problem(key, f"{place}: {name} {_NEVER_A_PREDICTOR[entry.role]}", "a variable of the role predictor")


def _outcome_variable_problems(study: Study, key: KeyPath, entry: Variable) -> Iterator[Problem]:
    place, outcome = dotted(key), study.outcome
    if entry.role != "outcome":
        yield Problem(key, f"{place}: {entry.name} is not an outcome", "a variable of the role outcome")
    elif key[1] in ("time", "event") or outcome.kind in ("threshold", "quantity"):
        wanted = "binary" if key[1] == "event" else "continuous"
        if entry.kind != wanted:
            yield Problem(key, f"{place}: {entry.name} is {entry.kind}", f"a {wanted} outcome variable")
    elif not entry.is_levelled:
        yield Problem(key, f"{place}: {entry.name} is measured and has no levels", "an outcome variable with levels")
    else:
        for block, levels in outcome_levels(study).items():
            for i, level in enumerate(levels):
                if level not in entry.level_values:
                    yield contract_problem((*block, i), entry.unknown_level(level))


def _definition_problems(study: Study) -> Iterator[Problem]:
    """Find what the cohorts room refuses about the outcome, whose parts are right one by one."""
    from spinecast.training.plan import any_definition

    try:
        any_definition(study)
    except ContractError as error:
        key, _, what = error.what.partition(": ")
        yield Problem(tuple(key.split(".")), f"{key}: {what}", error.expected, error.remedy)


def _shared_column_problems(study: Study) -> Iterator[Problem]:
    """Find columns of the table that would be read as two things."""
    source = study.cohort.source
    if not isinstance(source, TableSource):
        return
    place: KeyPath = ("cohort", "source")
    taken = {source.id_column: "the patient identifier"}
    if source.group_column in taken:
        key = (*place, "group_column")
        yield Problem(key, f"{dotted(key)}: {source.group_column} is the patient identifier", "a column of its own")
    elif source.group_column is not None:
        taken[source.group_column] = "the group"
    read = [*study.variables_read().values(), *study.groupings().values()]
    # Variables that bear their column's name come first, so that it is the mapping that is found at fault.
    unmapped = [name for name in read if name not in source.columns and name != source.group_column]
    for name in dict.fromkeys((*unmapped, *source.columns)):
        column = source.columns[name].column or name if name in source.columns else name
        if column in taken:
            key = (*place, "columns", name, "column")
            what = f"{dotted(key)}: the column {column!r} is read as {taken[column]} already"
            yield Problem(key, what, f"a column of its own for {name}", "name another column, or leave one of them out")
        taken.setdefault(column, name)
