"""A level that one assessment found: one of several that count as the event, or its place in an order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import AttritionStep, Cohort
from spinecast.cohorts.outcomes._assessment import recorded, refuse_constant, two_sides
from spinecast.cohorts.outcomes._rules import (
    any_of,
    leave_out,
    require_disjoint,
    require_levels,
    words_of,
)
from spinecast.cohorts.outcomes.labelled import FloatArray, LabelledLevels, LabelledOutcome
from spinecast.errors import ContractError

__all__ = [
    "BinaryOutcome",
    "Death",
    "OrdinalOutcome",
    "label_binary",
    "label_ordinal",
    "most_even_level",
    "read_by_level",
]

Death = Literal["worst_level", "excluded"]

MOST_LEVELS_LISTED = 2


@dataclass(frozen=True)
class BinaryOutcome:
    """A state that is present or not.

    Parameters
    ----------
    variable : str
        Levelled variable with the state.
    event_levels : tuple of str
        Levels that count as the event.
    excluded_levels : tuple of str
        Levels whose patients are left out.
    label : str, optional
        Name of the outcome.
    """

    variable: str
    event_levels: tuple[str, ...]
    excluded_levels: tuple[str, ...] = ()
    label: str | None = None

    def __post_init__(self) -> None:
        entry = require_levels("variable", self.variable, (*self.event_levels, *self.excluded_levels))
        require_disjoint(entry, self.event_levels, self.excluded_levels, "left out")


@dataclass(frozen=True)
class OrdinalOutcome:
    """A level in an order, such as a performance status after treatment.

    Parameters
    ----------
    variable : str
        Ordinal variable.
    excluded_levels : tuple of str
        Levels whose patients are left out; the levels that stay keep their order.
    label : str, optional
        Name of the outcome.
    death : {"worst_level", "excluded"}, optional
        What becomes of people who did not live to be assessed, where the variable has a level for them: a level of
        their own at its end of the order, or left out. It must be said.
    combined_levels : tuple of tuple of str
        Levels that count as one; those of a group are neighbours.
    """

    variable: str
    excluded_levels: tuple[str, ...] = ()
    label: str | None = None
    death: Death | None = None
    combined_levels: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        entry = require_levels("variable", self.variable, self.excluded_levels)
        if entry.kind != "ordinal":
            raise ContractError(
                f"outcome.variable: {self.variable} is {entry.kind}, its levels have no order",
                expected="an ordinal variable",
            )
        self._check_death(entry)
        if len(self.kept_levels) < 2:
            raise ContractError(
                "outcome.excluded_levels: fewer than two levels are left",
                expected=f"two or more of {', '.join(entry.level_values)}",
            )
        self._check_combined(entry)

    @property
    def kept_levels(self) -> tuple[str, ...]:
        """The levels that are not left out, in order."""
        entry = variable(self.variable)
        left_out = {*self.excluded_levels, *(entry.died_before_levels if self.death == "excluded" else ())}
        return tuple(level for level in entry.level_values if level not in left_out)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The levels that are not left out, in order, those that count as one together."""
        group_of = {level: group for group in self.combined_levels for level in group}
        return tuple(dict.fromkeys(group_of.get(level, (level,)) for level in self.kept_levels))

    def _check_death(self, entry: Variable) -> None:
        died = entry.died_before_levels
        if self.death is not None and not died:
            raise ContractError(
                f"outcome.death: {entry.name} has no level for people who died before the assessment",
                expected="a variable that has one",
                remedy="leave death out: whoever died has no value and is left out as not recorded",
            )
        if self.death is None and set(died) - set(self.excluded_levels):
            raise ContractError(
                f"outcome.death: {entry.name} has a level for people who died before the assessment, and the study "
                "does not say what becomes of them",
                expected="worst_level (a level of its own) or excluded (they are left out)",
            )
        if self.death == "worst_level" and set(died) & set(self.excluded_levels):
            raise ContractError(
                "outcome.death: death is a level of its own and left out at once",
                expected="worst_level without the level of death among excluded_levels, or excluded",
            )

    def _check_combined(self, entry: Variable) -> None:
        kept = list(self.kept_levels)
        seen: set[str] = set()
        for number, group in enumerate(self.combined_levels):
            place = f"outcome.combined_levels.{number}"
            for level in group:
                entry.level_label(level)
            places = sorted(kept.index(level) for level in group if level in kept)
            if len(places) < len(group) or len(set(group)) < max(len(group), 2) or seen & set(group):
                raise ContractError(
                    f"{place}: {', '.join(group)} are no two or more levels that are kept, each in one group",
                    expected=f"levels of {', '.join(kept)}",
                )
            if places[-1] - places[0] != len(group) - 1:
                raise ContractError(
                    f"{place}: {', '.join(group)} do not follow each other: a level between them would be in both",
                    expected=f"neighbours in {', '.join(kept)}",
                )
            seen |= set(group)
        if len(self.groups) < 2:
            raise ContractError("outcome.combined_levels: one level is left", expected="two or more")


def label_binary(cohort: Cohort, outcome: BinaryOutcome) -> LabelledOutcome:
    """Read a state; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    codes, rows, steps = _levels_without(cohort, entry, outcome.excluded_levels)
    values = any_of(codes, entry, outcome.event_levels)
    # A list of many levels heads no column: the study's own name for them does.
    named = outcome.label if len(outcome.event_levels) > MOST_LEVELS_LISTED else None
    positive = named or words_of(entry, outcome.event_levels)
    others = [
        level.label for level in entry.levels if level.value not in (*outcome.event_levels, *outcome.excluded_levels)
    ]
    several = "Without the event" if named else f"Not {positive[0].lower()}{positive[1:]}"
    negative = others[0] if len(others) == 1 else several
    return two_sides(outcome.label or f"{entry.label}: {positive.lower()}", positive, negative, values, rows, steps)


def label_ordinal(cohort: Cohort, outcome: OrdinalOutcome) -> LabelledLevels:
    """Read levels in order; raises as `spinecast.cohorts.outcomes.label_outcome`."""
    entry = variable(outcome.variable)
    codes, rows, steps = _levels_without(cohort, entry, outcome.excluded_levels)
    if outcome.death == "excluded":
        died = any_of(codes, entry, entry.died_before_levels)
        leave_out(steps, "died before the assessment", words_of(entry, entry.died_before_levels).lower(), ~died)
        codes, rows = codes[~died], rows[~died]
    groups = outcome.groups
    place = {level: number for number, group in enumerate(groups) for level in group}
    numbers = np.array([place.get(level, -1) for level in entry.level_values], dtype=np.intp)
    labelled = LabelledLevels(
        label=outcome.label or entry.label,
        values=numbers[codes.astype(np.intp)],
        levels=tuple(group[0] if len(group) == 1 else f"{group[0]}_to_{group[-1]}" for group in groups),
        level_labels=tuple(words_of(entry, group) for group in groups),
        rows=rows,
        attrition=tuple(steps),
        short_labels=tuple(_short(entry, group) for group in groups),
        reached_labels=tuple(_reached(entry, groups, number) for number in range(1, len(groups))),
    )
    if np.count_nonzero(labelled.counts) < 2:
        refuse_constant(labelled.label, len(rows), "level", "patients at two or more levels")
    return labelled


def read_by_level(labelled: LabelledLevels, number: int) -> LabelledOutcome:
    """Read an ordered outcome as an event: whether a level was reached.

    Parameters
    ----------
    labelled : LabelledLevels
    number : int
        Position of the level, 1 or more.

    Raises
    ------
    CohortError
        If everybody or nobody reached it.
    """
    reached = labelled.reached_labels[number - 1]
    below = labelled.short_labels[0] if number == 1 else f"Below {labelled.short_labels[number]}"
    return two_sides(labelled.label, reached, below, labelled.values >= number, labelled.rows, list(labelled.attrition))


def _short(entry: Variable, group: tuple[str, ...]) -> str:
    """Name a level, or several that count as one, in a word or two."""
    words = [level.short for level in entry.levels if level.value in group]
    return words[0] if len(words) == 1 else f"{words[0]} to {words[-1]}"


def _reached(entry: Variable, groups: tuple[tuple[str, ...], ...], number: int) -> str:
    """Say what it is to reach a level: to be at it or above."""
    died = set(entry.died_before_levels)
    if set(chain.from_iterable(groups[:number])) <= died:
        return "Alive"
    first = next(level for level in entry.levels if level.value == groups[number][0])
    if first.short != first.label:
        return f"At least {first.short}"
    # A level without a grade before its words: the highest is named alone.
    return first.label if number == len(groups) - 1 and len(groups[number]) == 1 else f"At least “{first.label}”"


def most_even_level(labelled: LabelledLevels) -> int:
    """Position of the level whose reaching divides the patients most evenly, 1 or more; the first of several."""
    reached = np.array([(labelled.values >= number).mean() for number in range(1, len(labelled.levels))])
    return 1 + int(np.argmin(np.abs(reached - 0.5)))


def _levels_without(
    cohort: Cohort, entry: Variable, excluded_levels: tuple[str, ...]
) -> tuple[FloatArray, NDArray[np.intp], list[AttritionStep]]:
    """Return the level codes of the patients whose level is recorded and not left out."""
    codes, rows, steps = recorded(cohort, entry)
    excluded = any_of(codes, entry, excluded_levels)
    if excluded_levels:
        leave_out(steps, "excluded outcome", words_of(entry, excluded_levels).lower(), ~excluded)
    return codes[~excluded], rows[~excluded], steps
