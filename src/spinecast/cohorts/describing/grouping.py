"""Patients in groups: by a variable with levels, by the outcome, or by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable, variables
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.opening import SITE
from spinecast.cohorts.outcomes import HorizonOutcome, label_outcome
from spinecast.errors import ContractError, nearest

__all__ = ["OUTCOME", "GroupBy", "Grouping", "group_patients", "parse_group_by"]

OUTCOME = "outcome"

_TIME, _DEATH = "follow_up_time", "death"
# A table of more columns than these is read by nobody.
_MOST_GROUPS = 30


@dataclass(frozen=True)
class GroupBy:
    """What patients are grouped by.

    Parameters
    ----------
    by : str
        A variable with levels, ``outcome`` or ``site``.
    horizon : float, optional
        With ``outcome``: dead by this day.
    """

    by: str
    horizon: float | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """What the table must hold for it."""
        if self.by == OUTCOME:
            return () if self.horizon is None else (_TIME, _DEATH)
        return () if self.by == SITE else (self.by,)

    @property
    def needs_outcomes(self) -> bool:
        """Whether the table's outcomes must be read to find the one to group by."""
        return self.by == OUTCOME and self.horizon is None


@dataclass(frozen=True, eq=False)
class Grouping:
    """Which group each patient is in.

    Parameters
    ----------
    label : str
        What they are grouped by.
    labels : tuple of str
        The groups, each with at least one patient.
    codes : ndarray of int, shape (n,)
        Position in `labels`, -1 where the group is not known.
    used : tuple of str
        Variables that say nothing within a group, because the groups are made of them.
    notes : tuple of str
        What to know about the groups.
    """

    label: str
    labels: tuple[str, ...]
    codes: NDArray[np.intp]
    used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def parse_group_by(by: str | None, horizon: float | None) -> GroupBy | None:
    """Check what patients are to be grouped by, before a table is read for it.

    Raises
    ------
    ContractError
        If it is neither ``outcome``, ``site`` nor a variable with levels.
    """
    if horizon is not None and by != OUTCOME:
        raise ContractError("--horizon goes with --by outcome", expected="--by outcome --horizon DAYS")
    if by is None:
        return None
    if by not in (OUTCOME, SITE):
        if by not in variables():
            known = [OUTCOME, SITE, *variables()]
            close = nearest(by, known)
            raise ContractError(
                f"patients cannot be grouped by {by!r}",
                where="--by",
                expected="outcome, site or a variable with levels (spinecast dictionary list)",
                remedy=f"did you mean {close}?" if close else None,
            )
        if not variable(by).is_levelled:
            raise ContractError(
                f"{by} is measured and has no levels to group by", where="--by", expected="a variable with levels"
            )
    if horizon is not None and not horizon > 0:
        raise ContractError(f"a horizon of {horizon:g} days lies not ahead", where="--horizon", expected="days above 0")
    return GroupBy(by, horizon)


def group_patients(cohort: Cohort, group_by: GroupBy | None) -> Grouping:
    """Put the patients of a cohort into groups.

    Parameters
    ----------
    cohort : Cohort
        With the variables that the grouping needs; with groups for ``site``.
    group_by : GroupBy or None
        None makes no groups.

    Raises
    ------
    CohortError, ContractError
        If nobody's group is known, there are too many groups, or the outcome is not one.
    """
    if group_by is None:
        return Grouping("", (), np.full(len(cohort), -1, dtype=np.intp))
    if group_by.by == SITE:
        return _by_site(cohort)
    if group_by.by != OUTCOME:
        return _by_variable(cohort, group_by.by)
    return _by_outcome(cohort) if group_by.horizon is None else _by_horizon(cohort, group_by.horizon)


def _by_site(cohort: Cohort) -> Grouping:
    if cohort.groups is None:
        raise ContractError(f"the cohort {cohort.name} does not say at which site a patient was")
    codes, labels = pd.factorize(cohort.groups, sort=True)
    return _present("Site", [str(label) for label in labels], np.asarray(codes, dtype=np.intp))


def _by_variable(cohort: Cohort, name: str, notes: tuple[str, ...] = ()) -> Grouping:
    entry = variable(name)
    column = cohort.matrix([name])[:, 0]
    codes = np.where(np.isnan(column), -1, column).astype(np.intp)
    return _present(entry.label, [level.label for level in entry.levels], codes, (name,), notes)


def _by_outcome(cohort: Cohort) -> Grouping:
    found = [name for name in cohort.variables if variable(name).role == "outcome" and variable(name).is_levelled]
    if len(found) != 1:
        raise ContractError(
            f"the table has {len(found)} outcomes with levels" if found else "the table has no outcome with levels",
            where="--by outcome",
            expected=f"one of {', '.join(found)}, named with --by" if found else "a variable of role outcome",
            remedy="or --by outcome --horizon DAYS for death by a day" if _DEATH in found else None,
        )
    note = (
        "Death is taken as it stood at the end of follow-up, which is not the same for everyone; --horizon groups by "
        "death by a day."
    )
    return _by_variable(cohort, found[0], (note,) if found[0] == _DEATH else ())


def _by_horizon(cohort: Cohort, horizon: float) -> Grouping:
    labelled = label_outcome(cohort, HorizonOutcome(_TIME, _DEATH, horizon))
    codes = np.full(len(cohort), -1, dtype=np.intp)
    codes[labelled.rows] = labelled.values.astype(np.intp)
    unknown = int((codes < 0).sum())
    note = (
        "Patients whose follow-up ended alive before the horizon are in neither group, which leaves the two "
        "richer in deaths than the cohort."
    )
    labels = (labelled.negative_label, labelled.positive_label)
    return _present(labelled.label, labels, codes, (_TIME, _DEATH), (note,) if unknown else ())


def _present(
    label: str,
    labels: Sequence[str],
    codes: NDArray[np.intp],
    used: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Grouping:
    """Keep the groups that have a patient."""
    there = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(labels)))
    if not len(there):
        raise ContractError(f"nobody's group is known: {label} is missing in every patient", where="--by")
    if len(there) > _MOST_GROUPS:
        raise ContractError(
            f"{label} makes {len(there)} groups", where="--by", expected=f"at most {_MOST_GROUPS} groups in a table"
        )
    place = np.full(len(labels) + 1, -1, dtype=np.intp)
    place[there] = np.arange(len(there))
    return Grouping(label, tuple(labels[int(position)] for position in there), place[codes], used, notes)
