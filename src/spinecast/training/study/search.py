"""What a study searches: each candidate's parameters, within what its algorithm can take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spinecast.documents import KeyPath, Problem, did_you_mean, dotted

if TYPE_CHECKING:
    from spinecast.models.catalogue import Family
    from spinecast.models.dimensions import Dimension
    from spinecast.training.study import Study
    from spinecast.training.study.kinds import Candidate

__all__ = ["catalogue_problems", "search_space"]


def search_space(candidate: Candidate) -> Mapping[str, Dimension]:
    """Return what the tuner searches for a candidate: the catalogue's space with the study's changes.

    Two values given for a parameter the catalogue searches over an interval are the ends of an interval on the same
    scale; any other number of values are choices.
    """
    from spinecast.models.catalogue import Choice, Range
    from spinecast.models.survival.catalogue import any_family

    space = dict(any_family(candidate.family).search_space)
    for name, values in (candidate.search or {}).items():
        usual = space[name]
        if isinstance(usual, Range) and len(values) == 2:
            space[name] = Range(values[0], values[1], log=usual.log, whole=usual.whole)
        else:
            space[name] = Choice(values)
    return space


def catalogue_problems(study: Study) -> list[Problem]:
    """List what the catalogue of algorithms speaks against: parameters no algorithm has, values it cannot take."""
    from spinecast.models.survival.catalogue import any_family

    problems: list[Problem] = []
    for position, candidate in enumerate(study.candidates):
        family = any_family(candidate.family)
        by = "learner" if hasattr(candidate, "learner") else "kind"
        problems += _extra_problems(("candidates", position, by), getattr(candidate, by))
        for name, values in (candidate.search or {}).items():
            key: KeyPath = ("candidates", position, "search", name)
            if name in family.search_space:
                problems += _value_problems(key, values, family, name)
            else:
                what = f"{dotted(key)}: {candidate.kind} has no parameter {name!r}"
                known = family.search_space
                problems.append(Problem(key, what, f"one of {', '.join(known)}", did_you_mean(name, known)))
    return problems


def _extra_problems(key: KeyPath, kind: str) -> Iterator[Problem]:
    """Find a candidate whose library stands in an extra that is not installed."""
    from spinecast.errors import StudyError
    from spinecast.models.extras import require_extra

    try:
        require_extra(kind)
    except StudyError as error:
        yield Problem(key, f"{dotted(key)}: {error.what}", error.expected, error.remedy)


def _value_problems(key: KeyPath, values: tuple[float, ...], family: Family[Any], name: str) -> Iterator[Problem]:
    """Find values that the algorithm cannot take or the tuner cannot search."""
    from spinecast.models.catalogue import Range

    usual, allowed = family.search_space[name], family.allowed[name]
    expected = f"{allowed.describe()}; the catalogue searches {usual.describe()}"
    refused = [i for i, value in enumerate(values) if not allowed.holds(value)]
    for i in refused:
        yield Problem((*key, i), f"{dotted(key)}: {family.name} cannot take {values[i]:.10g}", expected)
    if refused or len(values) != 2 or not isinstance(usual, Range):
        return
    low, high = values
    if low > high:
        yield Problem(key, f"{dotted(key)}: the interval ends before it begins: {low:g} to {high:g}", expected)
    elif usual.log and low <= 0:
        what = f"{dotted(key)}: an interval searched on the logarithm cannot begin at {low:g}"
        yield Problem(key, what, "a lowest value above 0", "begin it higher, or list three or more choices")
