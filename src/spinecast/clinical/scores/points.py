"""Points scores: a sum of items, each a table over a few findings.

An item looks at one or more findings, each read into a few states. Its table holds the points of every combination of
states; for each combination in which something is not known, the fewest and the most points over all that it could be
are worked out once. No finding stands in two items, so the sum of the fewest and the sum of the most points are the
exact ends of what the score can be, and a million patients are one table look-up an item.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores.columns import column, patient_count
from spinecast.clinical.scores.score import Columns, FloatArray, ScoreResult, Stratum

__all__ = ["Finding", "IntArray", "Item", "alternatives", "given_level", "inputs", "level", "reaches", "total"]

IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class Finding:
    """What an item looks at, in a few states.

    Parameters
    ----------
    variables : tuple of str
        Dictionary variables it is read from.
    states : int
        How many states there are.
    read : callable
        ``read(columns)`` gives the state of each patient, from 0; `states` itself where it is not known.
    derived : bool
        Whether the variable follows from others of the item, and is read only where it is given.
    """

    variables: tuple[str, ...]
    states: int
    read: Callable[[Columns], IntArray]
    derived: bool = False


def level(name: str) -> Finding:
    """Return the finding whose states are the levels of a variable."""
    states = len(variable(name).levels)

    def read(columns: Columns) -> IntArray:
        values = column(columns, name)
        return np.where(np.isnan(values), states, values).astype(np.intp)

    return Finding((name,), states, read)


def given_level(name: str) -> Finding:
    """Return the finding whose states are the levels of a derived variable, and after them: it was not given.

    Not being given is known. It leaves the item to the variables the derived one follows from.
    """
    levels = level(name)
    return Finding(levels.variables, levels.states + 1, levels.read, derived=True)


def reaches(name: str, *thresholds: float) -> Finding:
    """Return the finding whose state is how many of ascending thresholds a number reaches (is equal to or above)."""
    ends = np.asarray(thresholds, dtype=np.float64)

    def read(columns: Columns) -> IntArray:
        values = column(columns, name)
        reached = np.searchsorted(ends, values, side="right")
        return np.where(np.isnan(values), len(ends) + 1, reached)

    return Finding((name,), len(ends) + 1, read)


@dataclass(frozen=True, eq=False)
class Item:
    """One item of a points score.

    Parameters
    ----------
    label : str
    findings : tuple of Finding
    points : ndarray of float, shape (states of the first finding, of the second, ...)
        What each combination of states earns.
    """

    label: str
    findings: tuple[Finding, ...]
    points: FloatArray

    @classmethod
    def of(cls, label: str, findings: Sequence[Finding], rule: Callable[..., float]) -> Item:
        """Make an item by asking a rule for the points of every combination of states.

        Parameters
        ----------
        label : str
        findings : sequence of Finding
        rule : callable
            ``rule(*states) -> points``, one state a finding.
        """
        points = np.empty([finding.states for finding in findings])
        for states in np.ndindex(*points.shape):
            points[states] = rule(*states)
        return cls(label, tuple(findings), points)

    @cached_property
    def _fewest(self) -> FloatArray:
        return _with_unknown(self.points, np.min)

    @cached_property
    def _most(self) -> FloatArray:
        return _with_unknown(self.points, np.max)

    def bounds(self, columns: Columns) -> tuple[FloatArray, FloatArray]:
        """Return the fewest and the most points each patient can have, shape (n,) each."""
        index: IntArray = np.zeros(patient_count(columns), dtype=np.intp)
        for finding in self.findings:
            index = index * (finding.states + 1) + finding.read(columns)
        return self._fewest.take(index), self._most.take(index)


def _with_unknown(points: FloatArray, extreme: Callable[..., FloatArray]) -> FloatArray:
    """Append to every axis the extreme over it: what can be where that finding is not known."""
    for axis in range(points.ndim):
        points = np.concatenate([points, extreme(points, axis=axis, keepdims=True)], axis=axis)
    return points


def total(
    items: Sequence[Item], columns: Columns, strata: tuple[Stratum, ...], *, most: float | None = None
) -> ScoreResult:
    """Add the items of a points score.

    Parameters
    ----------
    items : sequence of Item
    columns : mapping of variable to ndarray of float, shape (n,)
    strata : tuple of Stratum
    most : float, optional
        A ceiling the publication puts on the sum.

    Returns
    -------
    ScoreResult
    """
    lower = np.zeros(patient_count(columns))
    upper = lower.copy()
    for item in items:
        fewest, greatest = item.bounds(columns)
        lower += fewest
        upper += greatest
    if most is not None:
        lower, upper = np.minimum(lower, most), np.minimum(upper, most)
    return ScoreResult(lower, upper, strata)


def inputs(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the variables items are made of, in order.

    Raises
    ------
    ValueError
        If one stands in two findings: then the range of the sum would not be exact.
    """
    names = [name for item in items for finding in item.findings for name in finding.variables]
    if len(set(names)) != len(names):
        raise ValueError("a variable stands in two items, so the range of their sum would not be exact")
    given = alternatives(items)
    return tuple(name for name in names if name not in given)


def alternatives(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the derived variables items accept in place of those they follow from, in order."""
    return tuple(name for item in items for finding in item.findings if finding.derived for name in finding.variables)
