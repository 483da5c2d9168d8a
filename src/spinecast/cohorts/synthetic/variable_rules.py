"""What a recipe must say right of its variables, of what goes together and of what drives what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import numpy as np

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable
from spinecast.cohorts.synthetic.copula import Copula, NotPositiveDefiniteError, correlation_matrix
from spinecast.cohorts.synthetic.distribution_rules import (
    distribution_problems,
    level_problem,
    range_problems,
    unknown_variable,
)
from spinecast.cohorts.synthetic.population import YEAR, needs
from spinecast.cohorts.synthetic.variable_blocks import (
    BetaBinomial,
    Constant,
    Correlation,
    Effect,
    Grouped,
    Sum,
    VariableSpec,
)
from spinecast.documents import KeyPath, Problem, dotted

__all__ = ["correlation_problems", "effect_problems", "variable_problems", "whole_problems"]

_ROLES = ("predictor", "subgroup", "after_prediction")


def variable_problems(
    key: KeyPath, specs: Mapping[str, VariableSpec], all_specs: Mapping[str, VariableSpec]
) -> Iterator[Problem]:
    """Find what is wrong with variables.

    Parameters
    ----------
    key : KeyPath
        Of the mapping they stand in.
    specs : mapping of variable to VariableSpec
    all_specs : mapping of variable to VariableSpec
        With those they may depend on.
    """
    known = variables()
    for name, spec in specs.items():
        own: KeyPath = (*key, name)
        if name not in known:
            yield unknown_variable(own, name)
            continue
        entry = known[name]
        if entry.role not in _ROLES or name == YEAR:
            what = f"{dotted(own)}: {name} is not drawn like a patient's characteristic"
            where = "`years` says when patients are treated" if name == YEAR else "state it under `outcomes`"
            yield Problem(own, what, remedy=where)
            continue
        broken = [*_limit_problems(own, entry, spec), *distribution_problems(own, entry, spec, all_specs)]
        yield from broken or range_problems(own, entry, spec)


def whole_problems(key: KeyPath, specs: Mapping[str, VariableSpec]) -> Iterator[Problem]:
    """Find variables that depend on each other in a circle."""
    try:
        TopologicalSorter({name: needs(spec.distribution) for name, spec in specs.items()}).prepare()
    except CycleError as error:
        circle = " on ".join(reversed(error.args[1]))
        yield Problem((*key, error.args[1][0]), f"{dotted(key)}: {circle}: they depend on each other in a circle")


def _limit_problems(key: KeyPath, entry: Variable, spec: VariableSpec) -> Iterator[Problem]:
    if spec.limits is None:
        return
    own: KeyPath = (*key, "limits")
    lower, upper = spec.limits
    if entry.is_levelled:
        yield Problem(own, f"{dotted(own)}: {entry.name} has levels and no limits", remedy="leave them out")
    elif not lower < upper:
        yield Problem(own, f"{dotted(own)}: they end before they begin", "[lowest, highest]")
    elif isinstance(spec.distribution, Sum | Constant | BetaBinomial | Grouped):
        yield Problem(
            own, f"{dotted(own)}: a {spec.distribution.kind} has its own ends", remedy="limit its parts instead"
        )
    elif entry.possible and not (entry.possible.lower <= lower and upper <= entry.possible.upper):
        yield Problem(
            own,
            f"{dotted(own)}: they leave what is possible of {entry.name}",
            f"limits within {entry.range_text(entry.possible)}",
        )


def correlation_problems(pairs: tuple[Correlation, ...], specs: Mapping[str, VariableSpec]) -> Iterator[Problem]:
    """Find what is wrong with the correlations, one by one and together."""
    seen: dict[frozenset[str], int] = {}
    broken = False
    for i, pair in enumerate(pairs):
        key: KeyPath = ("correlation", i, "between")
        unknown = [unknown_variable((*key, j), name, specs) for j, name in enumerate(pair.between) if name not in specs]
        together = frozenset(pair.between)
        if unknown:
            yield from unknown
        elif len(together) == 1:
            yield Problem(key, f"{dotted(key)}: {pair.between[0]} cannot go together with itself", "two variables")
        elif together in seen:
            yield Problem(key, f"{dotted(key)}: this pair stands twice, first as correlation.{seen[together]}")
        broken = broken or bool(unknown) or len(together) == 1 or together in seen
        seen.setdefault(together, i)
    if not broken:
        yield from _matrix_problems(pairs)


def _matrix_problems(pairs: tuple[Correlation, ...]) -> Iterator[Problem]:
    names = list(dict.fromkeys(name for pair in pairs for name in pair.between))
    latent = {(pair.between[0], pair.between[1]): pair.latent for pair in pairs}
    try:
        Copula.of(names, latent)
    except NotPositiveDefiniteError as error:
        change = error.nearest - correlation_matrix(names, latent)
        row, column = np.unravel_index(np.abs(change).argmax(), change.shape)
        pair = f"{names[row]} and {names[column]}"
        yield Problem(
            ("correlation",),
            f"correlation: the correlations contradict each other (smallest eigenvalue {error.smallest:.3g})",
            "a positive-definite matrix; pairs that are not listed count as 0",
            f"the nearest possible matrix has {error.nearest[row, column]:.2f} between {pair}, its largest change",
        )


def effect_problems(key: KeyPath, effects: tuple[Effect, ...], specs: Mapping[str, VariableSpec]) -> Iterator[Problem]:
    """Find what is wrong with a list of effects."""
    for i, effect in enumerate(effects):
        own: KeyPath = (*key, i)
        name = effect.variable
        if name not in variables():
            yield unknown_variable((*own, "variable"), name)
        elif lacking := _lacking(name, specs):
            what = f"{dotted((*own, 'variable'))}: the recipe has no {name}"
            derived = variable(name).derived_from
            expected = "a variable of the recipe" + (f"; {name} follows from {', '.join(derived)}" if derived else "")
            yield Problem((*own, "variable"), what, expected, f"add {', '.join(lacking)} to `variables`")
        else:
            yield from _effect_shape_problems(own, effect, variable(name))


def _lacking(name: str, specs: Mapping[str, VariableSpec]) -> list[str]:
    """Return which variables a recipe would have to add for another to be known."""
    if name in specs or name == YEAR:
        return []
    inputs = variable(name).derived_from
    return [missing for each in inputs for missing in _lacking(each, specs)] if inputs else [name]


def _effect_shape_problems(key: KeyPath, effect: Effect, entry: Variable) -> Iterator[Problem]:
    place = dotted(key)
    forms = [form for form in ("levels", "at_least", "less_than", "per") if getattr(effect, form) is not None]
    if len(forms) != 1:
        yield Problem(
            key,
            f"{place}: it says {' and '.join(forms) or 'nothing of where the ratio holds'}",
            "exactly one of levels, at_least, less_than and per",
        )
        return
    form = forms[0]
    extras = [name for name in ("above", "below") if getattr(effect, name) is not None]
    if effect.levels is not None:
        if not entry.is_levelled:
            yield Problem((*key, form), f"{place}: {entry.name} has no levels", "at_least, less_than or per")
            return
        for j, level in enumerate(effect.levels):
            if problem := level_problem((*key, "levels", j), entry, level):
                yield problem
    elif form != "per" and entry.is_levelled:
        yield Problem((*key, form), f"{place}: {entry.name} has levels", "`levels: [...]`, those that count")
    elif form == "per" and entry.kind in {"nominal", "binary"}:
        yield Problem((*key, form), f"{place}: the levels of {entry.name} have no steps", "`levels: [...]`")
    if (extras and form != "per") or len(extras) + (effect.scale == "log2") > 1:
        yield Problem((*key, (extras or ["scale"])[0]), f"{place}: above, below and log2 go one at a time with per")
