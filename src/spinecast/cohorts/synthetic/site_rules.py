"""The rules of a recipe's sites and drift: they change what the recipe has, and write what can be read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.synthetic.distribution_rules import level_problem, unknown_variable
from spinecast.cohorts.synthetic.marks import MARK_COLUMN
from spinecast.cohorts.synthetic.population import YEAR
from spinecast.cohorts.synthetic.recipe_blocks import Coding, CompetingOutcome, Recipe, Site, SurvivalOutcome
from spinecast.cohorts.synthetic.variable_rules import variable_problems, whole_problems
from spinecast.documents import KeyPath, Problem, did_you_mean, dotted
from spinecast.errors import ContractError

__all__ = ["FIXED_COLUMNS", "site_problems", "written_variables"]

FIXED_COLUMNS = ("patient", MARK_COLUMN, "site", "index_date")
"""Columns of every table that are no variables."""


def written_variables(recipe: Recipe) -> tuple[str, ...]:
    """Return the variables a table of the recipe holds, in order."""
    outcomes = [
        name
        for block in recipe.outcomes
        for name in (
            (block.time, block.status) if isinstance(block, SurvivalOutcome | CompetingOutcome) else (block.variable,)
        )
    ]
    return (YEAR, *recipe.variables, *outcomes)


def site_problems(recipe: Recipe) -> Iterator[Problem]:
    """Find what is wrong with the sites and the drift."""
    changeable = [*recipe.events, *(getattr(block, "variable", "") for block in recipe.outcomes)]
    changeable = [name for name in changeable if name]
    if recipe.drift is not None:
        yield from _unknown(("drift", "shifts"), recipe.drift.shifts, recipe.variables)
        yield from _unknown(("drift", "baseline"), recipe.drift.baseline, changeable)
    for name, site in recipe.sites.items():
        key: KeyPath = ("sites", name)
        yield from _unknown((*key, "shifts"), site.shifts, recipe.variables)
        yield from _unknown((*key, "baseline"), site.baseline, changeable)
        yield from _unknown((*key, "variables"), site.variables, recipe.variables)
        together = recipe.variables | site.variables
        yield from variable_problems((*key, "variables"), site.variables, together)
        yield from whole_problems((*key, "variables"), together)
        yield from _coding_problems(key, site, recipe)


def _unknown(key: KeyPath, named: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    names = list(known)
    yield from (unknown_variable((*key, name), name, names) for name in named if name not in names)


def _coding_problems(key: KeyPath, site: Site, recipe: Recipe) -> Iterator[Problem]:
    written = [name for name in written_variables(recipe) if name in variables()]
    columns: dict[str, str] = dict.fromkeys(FIXED_COLUMNS, "the table itself")
    if site.binary_levels is not None and site.binary_levels[0] == site.binary_levels[1]:
        own: KeyPath = (*key, "binary_levels")
        yield Problem(own, f"{dotted(own)}: absent and present are written alike", "two different texts")
    yield from _unknown((*key, "coding"), site.coding, written)
    for name in written:
        coding = site.coding.get(name, Coding())
        column = coding.column or name
        if column in columns:
            own = (*key, "coding", name, "column")
            yield Problem(own, f"{dotted(own)}: the column {column!r} is taken by {columns[column]}", "its own column")
        columns[column] = name
        yield from _written_problems((*key, "coding", name), name, coding)


def _written_problems(key: KeyPath, name: str, coding: Coding) -> Iterator[Problem]:
    entry = variable(name)
    if entry.is_levelled:
        if coding.unit is not None or coding.decimals is not None:
            yield Problem(key, f"{dotted(key)}: {name} has levels and takes no unit", "`levels`")
        if coding.levels is not None:
            yield from _level_problems((*key, "levels"), name, coding.levels)
        return
    if coding.levels is not None:
        yield Problem((*key, "levels"), f"{dotted(key)}.levels: {name} is measured and has no levels", "`unit`")
    try:
        entry.conversion(coding.unit)
    except ContractError as error:
        yield Problem((*key, "unit"), f"{dotted((*key, 'unit'))}: {error.what}", error.expected, error.remedy)
        return
    code = coding.missing_code
    if isinstance(code, int | float) and entry.possible:
        canonical = float(entry.conversion(coding.unit).to_canonical(code))
        if bool(entry.possible.contains(canonical)):
            own: KeyPath = (*key, "missing_code")
            yield Problem(own, f"{dotted(own)}: {code} is a possible value of {name}", "an impossible one")


def _level_problems(key: KeyPath, name: str, levels: Mapping[str, str]) -> Iterator[Problem]:
    entry = variable(name)
    for level in levels:
        if problem := level_problem((*key, level), entry, level):
            yield problem
    absent = [level for level in entry.level_values if level not in levels]
    if absent:
        yield Problem(
            key,
            f"{dotted(key)}: {', '.join(absent)} cannot be written",
            "a text for every level",
            did_you_mean(absent[0], levels),
        )
    if len(set(levels.values())) < len(levels):
        yield Problem(key, f"{dotted(key)}: two levels are written alike", "a text of its own for each")
