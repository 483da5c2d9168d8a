"""What a recipe must say right of a distribution: it suits its variable, adds up, and stays possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable, format_number
from spinecast.cohorts.synthetic.marginals import UnattainableError, marginal
from spinecast.cohorts.synthetic.population import limits_of
from spinecast.cohorts.synthetic.variable_blocks import (
    Bernoulli,
    Beta,
    BetaBinomial,
    ByLevel,
    Categorical,
    Constant,
    Counts,
    Distribution,
    Gamma,
    Grouped,
    LogNormal,
    Normal,
    Quartiles,
    Shape,
    Sum,
    Uniform,
    VariableSpec,
)
from spinecast.documents import KeyPath, Problem, did_you_mean, dotted

__all__ = ["distribution_problems", "level_problem", "range_problems", "unknown_variable"]

_ROUNDING = 0.005
# One patient in ten million lies beyond these normal scores.
_EXTREMES = np.array([-5.2, 5.2])
_FOR_LEVELS = (Bernoulli, Categorical, Counts)
_FOR_NUMBERS = (Normal, LogNormal, Quartiles, Gamma, Beta, Uniform, Sum)


def unknown_variable(key: KeyPath, name: str, known: Iterable[str] | None = None) -> Problem:
    """Return the problem of a variable that the dictionary, or a narrower list, does not have."""
    if known is None:
        return Problem(
            key, f"{dotted(key)}: the dictionary has no variable {name!r}", remedy=did_you_mean(name, variables())
        )
    names = list(known)
    return Problem(
        key, f"{dotted(key)}: the recipe has no {name!r}", f"one of {', '.join(names)}", did_you_mean(name, names)
    )


def level_problem(key: KeyPath, entry: Variable, level: object) -> Problem | None:
    """Return the problem of a level a variable does not have, or None when it has it."""
    if level in entry.level_values:
        return None
    error = entry.unknown_level(level)
    return Problem(key, f"{dotted(key)}: {error.what}", error.expected, error.remedy)


def distribution_problems(
    key: KeyPath, entry: Variable, spec: VariableSpec, specs: Mapping[str, VariableSpec]
) -> Iterator[Problem]:
    """Find what is wrong with a variable's distribution.

    Parameters
    ----------
    key : KeyPath
        Of the variable.
    entry : Variable
    spec : VariableSpec
    specs : mapping of variable to VariableSpec
        Those it may depend on.
    """
    distribution, own = spec.distribution, (*key, "distribution")
    if isinstance(distribution, Sum):
        yield from _sum_problems(own, entry, distribution, specs)
    elif isinstance(distribution, ByLevel):
        yield from _by_level_problems(own, entry, distribution, specs)
    else:
        yield from _shape_problems(own, entry, distribution)


def _sum_problems(
    key: KeyPath, entry: Variable, distribution: Sum, specs: Mapping[str, VariableSpec]
) -> Iterator[Problem]:
    if entry.is_levelled:
        yield Problem(key, f"{dotted(key)}: {entry.name} has levels and is no sum")
        return
    for i, name in enumerate(distribution.of):
        own: KeyPath = (*key, "of", i)
        if name not in specs:
            yield unknown_variable(own, name, specs)
        elif name in variables() and variable(name).unit_symbol != entry.unit_symbol:
            yield Problem(
                own, f"{dotted(own)}: {name} is not measured in {entry.unit_symbol or 'the same unit'}", "one unit"
            )
    broken = list(_shape_problems((*key, "plus"), entry, distribution.plus))
    yield from broken
    if not broken:
        try:
            least = float(marginal(distribution.plus, entry).values(_EXTREMES)[0])
        except UnattainableError:
            return  # said of the distribution itself
        if least < 0:
            own = (*key, "plus")
            what = f"{dotted(own)}: it falls to {format_number(least)}, so {entry.name} could be below its parts"
            yield Problem(own, what, "a distribution that is never negative")


def _by_level_problems(
    key: KeyPath, entry: Variable, distribution: ByLevel, specs: Mapping[str, VariableSpec]
) -> Iterator[Problem]:
    parent = distribution.variable
    if parent not in specs or parent not in variables():
        yield unknown_variable((*key, "variable"), parent, specs)
        return
    for level, shape in distribution.cases.items():
        own: KeyPath = (*key, "cases", level)
        if variable(parent).is_levelled:
            problem = level_problem(own, variable(parent), level)
        elif re.fullmatch("-?[0-9]+", level):
            problem = None
        else:
            problem = Problem(own, f"{dotted(own)}: {parent} has no levels", "a whole number in quotes")
        if problem:
            yield problem
        yield from _shape_problems((*key, "cases", level), entry, shape)
    if distribution.otherwise is not None:
        yield from _shape_problems((*key, "otherwise"), entry, distribution.otherwise)


def _shape_problems(key: KeyPath, entry: Variable, shape: Shape) -> Iterator[Problem]:
    """Find what is wrong with a simple distribution."""
    place = dotted(key)
    if entry.is_levelled and isinstance(shape, _FOR_NUMBERS):
        yield Problem(key, f"{place}: {entry.name} has levels", "categorical, counts, bernoulli or constant")
    elif not entry.is_levelled and isinstance(shape, _FOR_LEVELS):
        yield Problem(key, f"{place}: {entry.name} is measured and has no levels", "a distribution of numbers")
    elif isinstance(shape, Bernoulli) and entry.kind != "binary":
        yield Problem(key, f"{place}: {entry.name} is not binary", "categorical or counts")
    elif isinstance(shape, Categorical | Counts):
        yield from _share_problems(key, entry, shape)
    elif isinstance(shape, Constant):
        yield from _constant_problems((*key, "value"), entry, shape)
    elif isinstance(shape, BetaBinomial | Grouped):
        yield from _whole_number_problems(key, entry, shape)
    else:
        yield from _curve_problems(key, shape)


def _share_problems(key: KeyPath, entry: Variable, shape: Categorical | Counts) -> Iterator[Problem]:
    field = "probabilities" if isinstance(shape, Categorical) else "counts"
    given = shape.probabilities if isinstance(shape, Categorical) else shape.counts
    for level in given:
        if problem := level_problem((*key, field, level), entry, level):
            yield problem
    total = sum(given.values())
    own: KeyPath = (*key, field)
    if isinstance(shape, Categorical) and abs(total - 1) > _ROUNDING:
        yield Problem(own, f"{dotted(own)}: they add up to {total:.4g}", "probabilities that add up to 1")
    elif not total:
        yield Problem(own, f"{dotted(own)}: there is no patient", "at least one")


def _constant_problems(key: KeyPath, entry: Variable, shape: Constant) -> Iterator[Problem]:
    if entry.is_levelled:
        if problem := level_problem(key, entry, shape.value):
            yield problem
    elif isinstance(shape.value, str):
        yield Problem(key, f"{dotted(key)}: {shape.value!r} is no number", "a number, without quotes")
    elif entry.possible and not bool(entry.possible.contains(shape.value)):
        yield Problem(key, f"{dotted(key)}: {shape.value} is impossible", entry.range_text(entry.possible))


def _whole_number_problems(key: KeyPath, entry: Variable, shape: BetaBinomial | Grouped) -> Iterator[Problem]:
    if isinstance(shape, Grouped):
        ends = [end for group in shape.groups for end in (group.lowest, group.highest)]
        rising = all(low <= high if i % 2 == 0 else low < high for i, (low, high) in enumerate(pairwise(ends)))
        if not rising:
            yield Problem((*key, "groups"), f"{dotted((*key, 'groups'))}: they overlap or fall", "ascending groups")
            return
        total = sum(group.probability for group in shape.groups)
        if abs(total - 1) > _ROUNDING:
            own: KeyPath = (*key, "groups")
            yield Problem(own, f"{dotted(own)}: their shares add up to {total:.4g}", "shares that add up to 1")
        lowest, highest = ends[0], ends[-1]
    else:
        lowest, highest = shape.lowest, shape.highest
        if not lowest < highest:
            yield Problem((*key, "highest"), f"{dotted(key)}: it ends before it begins", "lowest < highest")
            return
    if entry.is_levelled:
        for number in (lowest, highest):
            if problem := level_problem(key, entry, str(number)):
                yield problem
                return


def _curve_problems(key: KeyPath, shape: Shape) -> Iterator[Problem]:
    place = dotted(key)
    if isinstance(shape, LogNormal):
        given = [name for name in ("mean", "sd", "median", "log_sd") if getattr(shape, name) is not None]
        if given not in (["mean", "sd"], ["median", "log_sd"]):
            yield Problem(
                key, f"{place}: it is given by {', '.join(given) or 'nothing'}", "mean and sd, or median and log_sd"
            )
    elif isinstance(shape, Quartiles):
        first, median, third = shape.values
        if not first < median < third or (shape.scale == "log" and first <= 0):
            own: KeyPath = (*key, "values")
            positive = "positive " if shape.scale == "log" else ""
            yield Problem(own, f"{dotted(own)}: {first:g}, {median:g}, {third:g}", f"three ascending {positive}numbers")
    elif isinstance(shape, Beta | Uniform) and not shape.lowest < shape.highest:
        yield Problem(key, f"{place}: it ends before it begins", "lowest < highest")


def range_problems(key: KeyPath, entry: Variable, spec: VariableSpec) -> Iterator[Problem]:
    """Find what cannot be had, and patients who could not live: what lies beyond the dictionary's possible range."""
    distribution, limits = spec.distribution, limits_of(spec)
    for own, shape in _shapes((*key, "distribution"), distribution):
        try:
            ends = marginal(shape, entry, None if isinstance(distribution, Sum) else limits).values(_EXTREMES)
        except UnattainableError as error:
            yield Problem(own, f"{dotted(own)}: {error}", "numbers that go together")
            continue
        if entry.possible and not isinstance(distribution, Sum) and not entry.possible.contains(ends).all():
            yield Problem(
                own,
                f"{dotted(own)}: it reaches from {format_number(ends[0])} to {format_number(ends[1])}, past what is "
                f"possible of {entry.name}",
                entry.range_text(entry.possible),
                "give the variable `limits`",
            )


def _shapes(key: KeyPath, distribution: Distribution) -> Iterator[tuple[KeyPath, Shape]]:
    """List the simple distributions inside one, with their keys."""
    if isinstance(distribution, Sum):
        yield (*key, "plus"), distribution.plus
    elif isinstance(distribution, ByLevel):
        yield from (((*key, "cases", level), shape) for level, shape in distribution.cases.items())
        if distribution.otherwise is not None:
            yield (*key, "otherwise"), distribution.otherwise
    else:
        yield key, distribution
