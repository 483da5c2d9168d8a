"""Derived variables in tables: what to read for them, what follows, and what contradicts what was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import frame_matrix
from spinecast.cohorts.columns import ColumnReading, level_series
from spinecast.cohorts.derived_values import closure, computed, differ, outside, shown
from spinecast.cohorts.rejections import Finding
from spinecast.cohorts.rules import impossible_rule

__all__ = ["complete", "contradictions", "derivation_note", "inputs_in", "variables_to_read"]


def variables_to_read(names: Sequence[str], has: Callable[[str], bool]) -> tuple[str, ...]:
    """Say which variables a table must be read for, so that those asked for can be had.

    Parameters
    ----------
    names : sequence of str
        What is asked for.
    has : callable
        Whether the table holds a variable.

    Returns
    -------
    tuple of str
        What is asked for; in place of a derived variable that the table lacks, those of its inputs that it has. A
        variable that can be had neither way stays, for the contract to refuse.
    """
    wanted: dict[str, None] = {}
    for name in names:
        wanted |= dict.fromkeys(_sources(name, has) or (name,))
    return tuple(wanted)


def _sources(name: str, has: Callable[[str], bool]) -> tuple[str, ...]:
    if has(name):
        return (name,)
    return tuple(source for each in variable(name).derived_from for source in _sources(each, has))


def inputs_in(frame: pd.DataFrame, name: str) -> tuple[str, ...]:
    """Return the columns of a canonical table that a derived variable follows from, directly or by another one.

    A column without any value is not among them.
    """
    return tuple(each for each in closure(variable(name).derived_from) if each in frame and frame[each].notna().any())


def complete(frame: pd.DataFrame, name: str) -> ColumnReading:
    """Return a derived variable: as given where it is, computed where it follows from the other columns.

    Parameters
    ----------
    frame : DataFrame, n rows
        Canonical columns; the variable itself may be among them.
    name : str
        A derived variable.

    Returns
    -------
    ColumnReading
        Computed numbers outside the possible range are missing and listed as impossible.
    """
    entry = variable(name)
    given = frame_matrix(frame, [name])[:, 0]
    followed = np.where(np.isnan(given), _computed(frame, name), np.nan)
    nothing = np.zeros(len(frame), dtype=bool)
    if entry.is_levelled:
        codes = np.where(np.isnan(given), followed, given)
        values = level_series(entry, np.where(np.isnan(codes), -1, codes).astype(np.int64))
        none = Finding.of(values.rename(name), nothing, "", variable=name)
        return ColumnReading(values.rename(name), (), none, nothing)
    beyond = outside(entry, followed)
    values = pd.Series(np.where(np.isnan(given), followed, given), dtype=np.float64, name=name)
    sources = ", ".join(inputs_in(frame, name))
    rules = np.array([f"{rule}; computed from {sources}" for rule in impossible_rule(entry, followed[beyond], None)])
    impossible = Finding.of(values, beyond, rules.astype(object), variable=name)
    return ColumnReading(values.mask(beyond), (), impossible, beyond)


def contradictions(frame: pd.DataFrame, name: str, raw: pd.Series) -> Finding:
    """List where a derived variable that was given contradicts what follows from its inputs.

    Parameters
    ----------
    frame : DataFrame, n rows
        Canonical columns, the variable among them.
    name : str
        A derived variable.
    raw : Series, shape (n,)
        The cells it was read from, for the message.
    """
    entry = variable(name)
    given, followed = frame_matrix(frame, [name])[:, 0], _computed(frame, name)
    wrong = differ(entry, given, followed)
    sources = ", ".join(inputs_in(frame, name))
    rules = [f"contradicts {shown(entry, value)}, which follows from {sources}" for value in followed[wrong]]
    return Finding.of(raw, wrong, np.array(rules, dtype=object), variable=name)


def derivation_note(frame: pd.DataFrame, name: str, values: pd.Series) -> str:
    """Say what a derived variable was computed from, and what nobody has; empty where nothing was computed.

    Parameters
    ----------
    frame : DataFrame, n rows
        Canonical columns as read.
    name : str
        A derived variable.
    values : Series, shape (n,)
        The variable as completed from them.
    """
    entry, direct = variable(name), variable(name).derived_from
    sources = ", ".join(variable(each).label for each in inputs_in(frame, name))
    known = [each for each in direct if each in inputs_in(frame, name) or inputs_in(frame, each)]
    lacking = [variable(each).label for each in direct if each not in known]
    lacks = f" Not recorded: {', '.join(lacking)}." if lacking else ""
    if name not in frame:
        return f"{entry.label}: computed from {sources or 'nothing'}.{lacks}"
    count = int((frame[name].isna() & values.notna()).sum())
    return (
        f"{entry.label}: computed from {sources} in {count} patients in whom it was not given.{lacks}" if count else ""
    )


def _computed(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    sources = inputs_in(frame, name)
    return computed(dict(zip(sources, frame_matrix(frame, sources).T, strict=True)), name, len(frame))
