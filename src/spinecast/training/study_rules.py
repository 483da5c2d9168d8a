"""The rules of a study: its parts agree with each other, with the dictionary and with the catalogue of algorithms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from spinecast.documents import KeyPath, Problem, did_you_mean, dotted, problems_error
from spinecast.errors import ContractError
from spinecast.training.study_blocks import Candidate, TableSource

if TYPE_CHECKING:
    from spinecast.clinical.variable import Role, Variable
    from spinecast.models.catalogue import Dimension
    from spinecast.training.study import Study

__all__ = [
    "agreement_problems",
    "catalogue_problems",
    "check_against_catalogue",
    "check_against_dictionary",
    "dictionary_problems",
    "search_space",
]

_NEVER_A_PREDICTOR: Mapping[Role, str] = {
    "outcome": "is known only afterwards: it may be an outcome, never a predictor",
    "comparator": "is another model's output: it is allowed as a comparator only",
    "subgroup": "is kept to compare performance between groups of people and never predicts",
    "after_prediction": "is recorded after prediction time: nobody knows it when the risk is asked for",
}


def agreement_problems(study: Study) -> Iterator[Problem]:
    """Find what contradicts itself within the study file."""
    return chain(_repeated(study), _outcome_problems(study), _final_problems(study), _range_problems(study))


def check_against_dictionary(study: Study) -> None:
    """Check every variable, role, unit and level the study names.

    Raises
    ------
    StudyError
        If the dictionary lacks one, or it may not be used so: what is known only after the prediction, and other
        models' outputs, are never predictors.
    """
    if problems := dictionary_problems(study):
        raise problems_error(problems, study.origin)


def check_against_catalogue(study: Study) -> None:
    """Check every searched parameter against the candidate's family.

    Raises
    ------
    StudyError
        If the family has no such parameter, or the values cannot be searched.
    """
    if problems := catalogue_problems(study):
        raise problems_error(problems, study.origin)


def search_space(candidate: Candidate) -> Mapping[str, Dimension]:
    """Return what the tuner searches for a candidate: the catalogue's space with the study's changes.

    Two values given for a parameter the catalogue searches over an interval are the ends of an interval on the same
    scale; any other number of values are choices.
    """
    from spinecast.models.catalogue import FAMILIES, Choice, Range

    space = dict(FAMILIES[candidate.kind].search_space)
    for name, values in (candidate.search or {}).items():
        usual = space[name]
        if isinstance(usual, Range) and len(values) == 2:
            space[name] = Range(values[0], values[1], log=usual.log, whole=usual.whole)
        else:
            space[name] = Choice(values)
    return space


def dictionary_problems(study: Study) -> list[Problem]:
    """List what :func:`check_against_dictionary` refuses."""
    from spinecast.clinical.dictionary import variables

    known = variables()
    named = study.variables_read()
    source = study.cohort.source
    columns = source.columns if isinstance(source, TableSource) else {}
    named |= {("cohort", "source", "columns", name): name for name in columns}
    problems = [
        Problem(key, f"{dotted(key)}: the dictionary has no variable {name!r}", remedy=did_you_mean(name, known))
        for key, name in named.items()
        if name not in known
    ]
    for key, name in named.items():
        if name in known:
            problems += _use_problems(study, key, known[name])
    group = study.resampling.group
    own = source.group_column if isinstance(source, TableSource) else None
    if group is not None and group != own and group not in known:
        candidates = [*known, own] if own else known
        what = f"resampling.group: there is no {group!r} to keep together"
        expected = "a variable of the dictionary" + (f", or the table's group_column ({own})" if own else "")
        problems.append(Problem(("resampling", "group"), what, expected, did_you_mean(group, candidates)))
    return problems


def catalogue_problems(study: Study) -> list[Problem]:
    """List what :func:`check_against_catalogue` refuses."""
    from spinecast.models.catalogue import FAMILIES

    problems: list[Problem] = []
    for position, candidate in enumerate(study.candidates):
        space = FAMILIES[candidate.kind].search_space
        for name, values in (candidate.search or {}).items():
            key: KeyPath = ("candidates", position, "search", name)
            if name in space:
                problems += _dimension_problems(key, values, space[name])
            else:
                what = f"{dotted(key)}: {candidate.kind} has no parameter {name!r}"
                problems.append(Problem(key, what, f"one of {', '.join(space)}", did_you_mean(name, space)))
    return problems


def _repeated(study: Study) -> Iterator[Problem]:
    """Find what is listed twice where once is meant."""
    lists: dict[KeyPath, Sequence[object]] = {
        ("predictors",): study.predictors,
        ("evaluation", "thresholds"): study.evaluation.thresholds,
        ("final", "of"): study.final.of if study.final.kind == "ensemble" else (),
        ("outcome", "event_levels"): study.outcome.event_levels if study.outcome.kind == "binary" else (),
    }
    for position, candidate in enumerate(study.candidates):
        lists["candidates", position, "predictors"] = candidate.predictors or ()
        for name, choices in (candidate.search or {}).items():
            lists["candidates", position, "search", name] = choices if len(choices) > 2 else ()
    for key, values in lists.items():
        for i, value in enumerate(values):
            if value in values[:i]:
                yield Problem((*key, i), f"{dotted(key)}: {value} is listed twice", remedy="keep one of them")
    for block, named in (("candidates", study.candidates), ("comparators", study.comparators)):
        names = [entry.name for entry in named]
        for i, name in enumerate(names):
            if name in names[:i]:
                what = f"{block}: two of them are named {name}"
                yield Problem(
                    (block, i, "name"), what, "a name of its own for each", "add a `name:` to tell them apart"
                )


def _outcome_problems(study: Study) -> Iterator[Problem]:
    outcome = study.outcome
    if outcome.kind == "horizon":
        if outcome.time == outcome.event:
            yield Problem(("outcome", "event"), f"outcome: {outcome.event} cannot be both the time and the event")
        return
    for i, level in enumerate(outcome.excluded_levels):
        if level in outcome.event_levels:
            key: KeyPath = ("outcome", "excluded_levels", i)
            yield Problem(key, f"outcome: level {level} cannot be both the event and excluded")


def _final_problems(study: Study) -> Iterator[Problem]:
    names = list(dict.fromkeys(candidate.name for candidate in study.candidates))
    for i, name in enumerate(study.final.of if study.final.kind == "ensemble" else ()):
        if name not in names:
            what = f"final.of: there is no candidate named {name!r}"
            yield Problem(("final", "of", i), what, f"one of {', '.join(names)}", did_you_mean(name, names))


def _range_problems(study: Study) -> Iterator[Problem]:
    low, high = study.evaluation.decision_range
    if low >= high:
        key = ("evaluation", "decision_range")
        yield Problem(key, f"{dotted(key)}: it ends before it begins: {low:g} to {high:g}", "[lowest, highest]")


def _use_problems(study: Study, key: KeyPath, entry: Variable) -> Iterator[Problem]:
    """Find what speaks against using a variable as the study does."""
    place, name = dotted(key), entry.name
    if key[0] == "cohort":
        yield from _column_reading_problems(study, key, entry)
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
    elif outcome.kind == "horizon":
        wanted = "continuous" if key[1] == "time" else "binary"
        if entry.kind != wanted:
            yield Problem(key, f"{place}: {entry.name} is {entry.kind}", f"a {wanted} outcome variable")
    elif not entry.is_levelled:
        yield Problem(key, f"{place}: {entry.name} is measured and has no levels", "an outcome variable with levels")
    else:
        for block, levels in (("event_levels", outcome.event_levels), ("excluded_levels", outcome.excluded_levels)):
            for i, level in enumerate(levels):
                if level not in entry.level_values:
                    yield _from_contract(("outcome", block, i), entry.unknown_level(level))


def _column_reading_problems(study: Study, key: KeyPath, entry: Variable) -> Iterator[Problem]:
    source = study.cohort.source
    if not isinstance(source, TableSource):
        return
    column = source.columns[entry.name]
    if column.unit is not None:
        try:
            entry.conversion(column.unit)
        except ContractError as error:
            yield _from_contract((*key, "unit"), error)
    if column.levels is not None and not entry.is_levelled:
        what = f"{dotted(key)}.levels: {entry.name} is measured and has no levels"
        yield Problem((*key, "levels"), what, "numbers, with their unit under `unit`")
    elif column.levels is not None:
        for text, level in column.levels.items():
            if level not in entry.level_values:
                yield _from_contract((*key, "levels", text), entry.unknown_level(level))


def _from_contract(key: KeyPath, error: ContractError) -> Problem:
    return Problem(key, f"{dotted(key)}: {error.what}", error.expected, error.remedy)


def _dimension_problems(key: KeyPath, values: tuple[float, ...], usual: Dimension) -> Iterator[Problem]:
    """Find what the tuner could not search."""
    from spinecast.models.catalogue import Choice

    place, usually = dotted(key), f"numbers like the catalogue's: {usual.describe()}"
    if isinstance(usual, Choice):
        whole, lowest, log = all(isinstance(option, int) for option in usual.options), min(usual.options), False
    else:
        whole, lowest, log = usual.whole, usual.low, usual.log
        if len(values) == 2 and values[0] > values[1]:
            yield Problem(key, f"{place}: the interval ends before it begins: {values[0]:g} to {values[1]:g}", usually)
    for value in values:
        if (whole and value != int(value)) or (lowest >= 0 > value) or (log and value <= 0):
            yield Problem(key, f"{place}: {value:g} cannot be tried", usually)
