"""The rules of a published model: its parts agree with each other, and its terms with the dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spinecast.clinical.dictionary import variables
from spinecast.clinical.published_blocks import (
    Clip,
    Codes,
    CoxLink,
    Factor,
    Levels,
    Plain,
    Spline,
    Standardise,
    Step,
    Term,
    Worked,
)
from spinecast.clinical.variable import Variable
from spinecast.documents import KeyPath, Problem, did_you_mean, dotted
from spinecast.errors import ContractError

if TYPE_CHECKING:
    from spinecast.clinical.published_model import PublishedModel

__all__ = ["agreement_problems", "dictionary_problems"]


def agreement_problems(model: PublishedModel) -> Iterator[Problem]:
    """Find what contradicts itself within the file."""
    yield from _link_problems(model)
    for i, term in enumerate(model.terms):
        yield from _number_problems(("terms", i), term, linear=model.link.kind == "linear")
        if any(_same_factors(term, other) for other in model.terms[:i]):
            yield Problem(("terms", i), f"terms.{i}: a term of the same variable and transformation stands above it")
        for key, factor in factors_of(i, term):
            for j, step in enumerate(factor.transform):
                yield from _step_problems((*key, "transform", j), step)
    for i, worked in enumerate(model.worked):
        yield from _worked_problems(("worked", i), worked, model)


def dictionary_problems(model: PublishedModel) -> Iterator[Problem]:
    """Find what the dictionary does not have, or what may not be done with it."""
    known = variables()
    for i, term in enumerate(model.terms):
        for key, factor in factors_of(i, term):
            entry = known.get(factor.variable)
            if entry is None:
                yield _unknown_variable((*key, "variable"), factor.variable)
            else:
                yield from _factor_problems(key, factor, entry)
    for i, name in enumerate(model.outcome.variables):
        if name not in known:
            yield _unknown_variable(("outcome", "variables", i), name)
        elif known[name].role != "outcome":
            what = f"outcome.variables.{i}: {name} is not an outcome"
            yield Problem(("outcome", "variables", i), what, "a variable of the role outcome")


def factors_of(i: int, term: Term) -> Iterator[tuple[KeyPath, Factor]]:
    """Return every factor of a term with its key, its own first."""
    yield ("terms", i), term
    for j, factor in enumerate(term.times):
        yield ("terms", i, "times", j), factor


def _unknown_variable(key: KeyPath, name: str) -> Problem:
    remedy = did_you_mean(name, variables())
    return Problem(key, f"{dotted(key)}: the dictionary has no variable {name!r}", remedy=remedy)


def _link_problems(model: PublishedModel) -> Iterator[Problem]:
    link = model.link
    if isinstance(link, CoxLink):
        level, what = bool(link.baseline), "baseline survival"
        days = [point.days for point in link.baseline]
        survival = [point.survival for point in link.baseline]
        if days != sorted(set(days)) or survival != sorted(survival, reverse=True):
            expected = "each day once, ascending, with survival that never rises"
            yield Problem(("link", "baseline"), "link.baseline: its points are out of order", expected)
    else:
        level, what = link.intercept is not None, "an intercept"
    if level and link.ranks_only:
        yield Problem(("link", "ranks_only"), f"link.ranks_only: the file gives {what}, so it is not ranks only")
    if not level and not link.ranks_only:
        key: KeyPath = ("link", "baseline" if isinstance(link, CoxLink) else "intercept")
        yield Problem(key, f"link: without {what} there is no level", f"{what}, or link.ranks_only with the reason")


def _number_problems(key: KeyPath, term: Term, *, linear: bool) -> Iterator[Problem]:
    place = dotted(key)
    if (term.coefficient is None) == (term.ratio is None):
        yield Problem(key, f"{place}: a term needs a coefficient or a ratio", "one of the two")
        return
    if linear and term.ratio is not None:
        yield Problem((*key, "ratio"), f"{place}.ratio: a linear model has no ratios", "a coefficient")
    number = term.coefficient if term.ratio is None else term.ratio
    if term.interval is not None and number is not None and not term.interval[0] <= number <= term.interval[1]:
        what = f"{place}.interval: {number:g} lies outside {term.interval[0]:g} to {term.interval[1]:g}"
        yield Problem((*key, "interval"), what, "[lower, upper] around the number, on its scale")


def _same_factors(one: Term, other: Term) -> bool:
    def factors(term: Term) -> list[str]:
        own = Factor(variable=term.variable, unit=term.unit, transform=term.transform)
        return sorted(factor.model_dump_json() for factor in (own, *term.times))

    return factors(one) == factors(other)


def _step_problems(key: KeyPath, step: Step) -> Iterator[Problem]:
    place = dotted(key)
    if isinstance(step, Clip):
        ends = [end for end in (step.lower, step.upper) if end is not None]
        if not ends or ends != sorted(set(ends)):
            yield Problem(key, f"{place}: clip needs a lower end, an upper end, or both in this order")
    if isinstance(step, Standardise) and step.scale == 0:
        yield Problem((*key, "scale"), f"{place}.scale: nothing can be divided by 0")
    if isinstance(step, Spline):
        if list(step.knots) != sorted(set(step.knots)):
            yield Problem((*key, "knots"), f"{place}.knots: they must ascend")
        if step.term > len(step.knots) - 2:
            expected = f"1 to {len(step.knots) - 2}, for {len(step.knots)} knots"
            yield Problem((*key, "term"), f"{place}.term: there is no term {step.term}", expected)
    if isinstance(step, Levels) and set(step.levels) & set(step.against):
        yield Problem((*key, "against"), f"{place}: a level cannot be both 1 and 0")


def _factor_problems(key: KeyPath, factor: Factor, entry: Variable) -> Iterator[Problem]:
    place = dotted(key)
    if entry.role != "predictor":
        what = f"{place}.variable: {entry.name} is not known when the prediction is made"
        yield Problem((*key, "variable"), what, "a variable of the role predictor")
    if factor.unit is not None:
        try:
            entry.conversion(factor.unit)
        except ContractError as error:
            yield Problem((*key, "unit"), f"{place}.unit: {error.what}", error.expected, error.remedy)
    first = factor.transform[0] if factor.transform else None
    if entry.kind in ("ordinal", "nominal") and not isinstance(first, Levels | Codes):
        what = f"{place}: {entry.name} has levels and no numbers"
        yield Problem(key, what, "a transformation of kind level or codes, before any other")
    for j, step in enumerate(factor.transform):
        step_key: KeyPath = (*key, "transform", j)
        if isinstance(step, Levels | Codes):
            yield from _level_problems(step_key, step, entry, first=j == 0)
        elif entry.kind == "binary" and isinstance(step, Plain) and step.kind.startswith("log"):
            yield Problem(step_key, f"{dotted(step_key)}: {entry.name} is absent or present and has no logarithm")


def _level_problems(key: KeyPath, step: Levels | Codes, entry: Variable, *, first: bool) -> Iterator[Problem]:
    if not entry.is_levelled:
        yield Problem(key, f"{dotted(key)}: {entry.name} is measured and has no levels")
        return
    if not first:
        yield Problem(key, f"{dotted(key)}: levels are read before any other transformation")
    named = step.codes if isinstance(step, Codes) else (*step.levels, *step.against)
    for level in named:
        if level not in entry.level_values:
            error = entry.unknown_level(level)
            yield Problem(key, f"{dotted(key)}: {error.what}", error.expected, error.remedy)


def _worked_problems(key: KeyPath, worked: Worked, model: PublishedModel) -> Iterator[Problem]:
    place = dotted(key)
    amounts = model.link.kind == "linear"
    given = {"linear_predictor": worked.linear_predictor, "risk": worked.risk, "amount": worked.amount}
    if all(number is None for number in given.values()):
        yield Problem(key, f"{place}: it states no result", f"one of {', '.join(given)}")
    for name, allowed in (("risk", model.gives_level and not amounts), ("amount", model.gives_level and amounts)):
        if given[name] is not None and not allowed:
            yield Problem((*key, name), f"{place}.{name}: this model gives no {name}")
