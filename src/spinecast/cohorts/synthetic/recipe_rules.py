"""The rules of a recipe: its parts agree with each other and with the dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from pydantic import BaseModel

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable
from spinecast.cohorts.synthetic.distribution_rules import level_problem, unknown_variable
from spinecast.cohorts.synthetic.image_rules import image_problems
from spinecast.cohorts.synthetic.recipe_blocks import (
    CompetingOutcome,
    DeathBefore,
    Event,
    OrdinalOutcome,
    QuantityOutcome,
    Recipe,
    StateOutcome,
    SurvivalOutcome,
)
from spinecast.cohorts.synthetic.site_rules import site_problems
from spinecast.cohorts.synthetic.variable_blocks import DESIGN, Sourced
from spinecast.cohorts.synthetic.variable_rules import (
    correlation_problems,
    effect_problems,
    variable_problems,
    whole_problems,
)
from spinecast.documents import KeyPath, Problem, did_you_mean, dotted

__all__ = ["LONGEST_YEARS", "recipe_problems"]

_ROUNDING = 0.005
LONGEST_YEARS = 99
"""From the first patient to the end of follow-up: the dictionary's longest time is a century."""


def recipe_problems(recipe: Recipe) -> list[Problem]:
    """List everything that contradicts itself or the dictionary."""
    return list(
        chain(
            _source_problems(recipe),
            _year_problems(recipe),
            variable_problems(("variables",), recipe.variables, recipe.variables),
            whole_problems(("variables",), recipe.variables),
            correlation_problems(recipe.correlation, recipe.variables),
            _event_problems(recipe),
            _outcome_problems(recipe),
            _missing_problems(recipe),
            site_problems(recipe),
            image_problems(recipe.features, recipe.variables, variables()),
        )
    )


def _source_problems(recipe: Recipe) -> Iterator[Problem]:
    """Find numbers whose source the recipe does not name."""
    if DESIGN in recipe.sources:
        yield Problem(("sources", DESIGN), f"sources.{DESIGN}: the word is kept for choices of the recipe itself")
    known = [*recipe.sources, DESIGN]
    for key, block in _sourced((), recipe):
        if block.source not in known:
            own: KeyPath = (*key, "source")
            what = f"{dotted(own)}: there is no source {block.source!r}"
            yield Problem(own, what, f"one of {', '.join(known)}", did_you_mean(block.source, known))


def _sourced(key: KeyPath, value: object) -> Iterator[tuple[KeyPath, Sourced]]:
    if isinstance(value, Sourced):
        yield key, value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _sourced((*key, name), getattr(value, name))
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from _sourced((*key, name), inside)
    elif isinstance(value, tuple):
        for i, inside in enumerate(value):
            yield from _sourced((*key, i), inside)


def _year_problems(recipe: Recipe) -> Iterator[Problem]:
    years = recipe.years
    if years.first > years.last:
        yield Problem(("years", "last"), "years: they end before they begin", f"{years.first} or later")
    elif years.last - years.first + recipe.follow_up.years_after_last > LONGEST_YEARS:
        yield Problem(("years",), "years: follow-up would last longer than a century", "fewer years")


def _event_problems(recipe: Recipe) -> Iterator[Problem]:
    for name, event in recipe.events.items():
        key: KeyPath = ("events", name)
        yield from effect_problems((*key, "effects"), event.effects, recipe.variables)
        yield from _anchor_problems(key, event)
        yield from _competing_problems(key, name, event, recipe)
        if event.discrimination and not any(effect.source == DESIGN for effect in event.effects):
            yield Problem(
                (*key, "discrimination"),
                f"{dotted((*key, 'discrimination'))}: there is no design effect to scale",
                f"at least one effect of source {DESIGN}; published effects are held",
            )


def _anchor_problems(key: KeyPath, event: Event) -> Iterator[Problem]:
    for i, anchor in enumerate(event.anchors):
        if (anchor.event_free is None) == (anchor.cumulative_incidence is None):
            own: KeyPath = (*key, "anchors", i)
            yield Problem(own, f"{dotted(own)}: how many?", "exactly one of event_free and cumulative_incidence")
    if len(event.anchors) == 1 and event.shape is None:
        yield Problem(
            (*key, "shape"), f"{dotted(key)}: one anchor leaves the course open", "a second anchor or a shape"
        )
    if len(event.anchors) == 2:
        first, second = event.anchors
        if event.shape is not None:
            yield Problem((*key, "shape"), f"{dotted(key)}: two anchors leave no shape to choose", "one anchor or none")
        if first.event_free is None or second.event_free is None or first.days == second.days:
            own = (*key, "anchors")
            yield Problem(own, f"{dotted(own)}: no curve goes through these two", "event_free at two different days")


def _competing_problems(key: KeyPath, name: str, event: Event, recipe: Recipe) -> Iterator[Problem]:
    for i, other in enumerate(event.competing):
        own: KeyPath = (*key, "competing", i)
        if other not in recipe.events:
            yield unknown_variable(own, other, recipe.events)
        elif other == name or recipe.events[other].competing:
            yield Problem(
                own, f"{dotted(own)}: {other} is not solved for before {name}", "an event without `competing`"
            )


def _outcome_problems(recipe: Recipe) -> Iterator[Problem]:
    written: dict[str, KeyPath] = {}
    for i, block in enumerate(recipe.outcomes):
        key: KeyPath = ("outcomes", i)
        fields = ("time", "status") if isinstance(block, SurvivalOutcome | CompetingOutcome) else ("variable",)
        entries: dict[str, Variable] = {}
        for field in fields:
            own, name = (*key, field), getattr(block, field)
            if name not in variables():
                yield unknown_variable(own, name)
            elif variable(name).role != "outcome":
                yield Problem(own, f"{dotted(own)}: {name} is not an outcome", "a variable of the role outcome")
            elif name in written:
                yield Problem(own, f"{dotted(own)}: {name} stands twice, first as {dotted(written[name])}")
            else:
                written[name] = own
                entries[field] = variable(name)
        if len(entries) < len(fields):
            continue
        if isinstance(block, SurvivalOutcome | CompetingOutcome):
            yield from _time_problems(key, block, entries, recipe)
        else:
            yield from effect_problems((*key, "effects"), block.effects, recipe.variables)
            yield from _assessment_problems(key, block, entries["variable"], recipe)


def _time_problems(
    key: KeyPath, block: SurvivalOutcome | CompetingOutcome, entries: Mapping[str, Variable], recipe: Recipe
) -> Iterator[Problem]:
    if entries["time"].unit_symbol != "days":
        yield Problem((*key, "time"), f"{dotted(key)}: {block.time} is not in days", "a time in days")
    if isinstance(block, SurvivalOutcome):
        if entries["status"].kind != "binary":
            yield Problem((*key, "status"), f"{dotted(key)}: {block.status} is not binary", "a binary outcome")
        if block.event not in recipe.events:
            yield unknown_variable((*key, "event"), block.event, recipe.events)
        return
    for level in (*block.events, block.none):
        own: KeyPath = (*key, "none") if level == block.none else (*key, "events", level)
        if problem := level_problem(own, entries["status"], level):
            yield problem
    for level, event in block.events.items():
        if event not in recipe.events:
            yield unknown_variable((*key, "events", level), event, recipe.events)


def _assessment_problems(
    key: KeyPath, block: StateOutcome | OrdinalOutcome | QuantityOutcome, entry: Variable, recipe: Recipe
) -> Iterator[Problem]:
    if isinstance(block, QuantityOutcome):
        yield from _quantity_problems(key, block, entry)
        return
    if isinstance(block, StateOutcome):
        levels = {"level": block.level, "otherwise": block.otherwise}
        for field, level in levels.items():
            if problem := level_problem((*key, field), entry, level):
                yield problem
    else:
        yield from _grade_problems((*key, "probabilities"), block, entry)
    if block.died is not None:
        yield from _death_problems((*key, "died"), block.died, entry, recipe)


def _grade_problems(key: KeyPath, block: OrdinalOutcome, entry: Variable) -> Iterator[Problem]:
    order = []
    for level in block.probabilities:
        if problem := level_problem((*key, level), entry, level):
            yield problem
        else:
            order.append(entry.level_values.index(level))
    if entry.kind != "ordinal" or order != sorted(order):
        yield Problem(
            key, f"{dotted(key)}: the levels are not in their order", f"in the order {', '.join(entry.level_values)}"
        )
    total = sum(block.probabilities.values())
    if abs(total - 1) > _ROUNDING:
        yield Problem(key, f"{dotted(key)}: they add up to {total:.4g}", "probabilities that add up to 1")


def _death_problems(key: KeyPath, died: DeathBefore, entry: Variable, recipe: Recipe) -> Iterator[Problem]:
    if died.event not in recipe.events:
        yield unknown_variable((*key, "event"), died.event, recipe.events)
    if problem := level_problem((*key, "level"), entry, died.level):
        yield problem


def _quantity_problems(key: KeyPath, block: QuantityOutcome, entry: Variable) -> Iterator[Problem]:
    if entry.is_levelled:
        yield Problem((*key, "variable"), f"{dotted(key)}: {entry.name} has levels and is no quantity")
        return
    given = [name for name in ("median", "residual_log_sd", "at_least") if getattr(block, name) is not None]
    if len(given) != 2:
        yield Problem(
            key,
            f"{dotted(key)}: it is given by {', '.join(given) or 'nothing'}",
            "exactly two of median, residual_log_sd and at_least; the third follows",
        )
    if block.limits is not None and not block.limits[0] < block.limits[1]:
        own: KeyPath = (*key, "limits")
        yield Problem(own, f"{dotted(own)}: they end before they begin", "[lowest, highest]")


def _missing_problems(recipe: Recipe) -> Iterator[Problem]:
    rules = recipe.missingness
    for name in rules.rates:
        if name not in recipe.variables:
            yield unknown_variable(("missingness", "rates", name), name, recipe.variables)
    yield from effect_problems(("missingness", "drivers"), rules.drivers, recipe.variables)
    for i, driver in enumerate(rules.drivers):
        inputs = {
            driver.variable,
            *(variables()[driver.variable].derived_from if driver.variable in variables() else ()),
        }
        for name in sorted(inputs & set(rules.rates)):
            key: KeyPath = ("missingness", "drivers", i, "variable")
            what = (
                f"{dotted(key)}: {name} is itself missing in some, so what it explains would not be missing at random"
            )
            yield Problem(key, what, "a variable that is never missing", f"take {name} out of `rates` or of `drivers`")
