"""What the patients of a table look like, over all and by group: table one, missing values, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing.by_outcome import SMALLEST_SHOWN
from spinecast.cohorts.describing.grouping import Grouping
from spinecast.cohorts.describing.missing_patterns import MissingPatterns, missing_patterns
from spinecast.cohorts.describing.table_one import TableEntry, table_entry
from spinecast.errors import CohortError

__all__ = ["NOT_KNOWN", "GroupDescription", "default_smallest", "describe_groups"]

NOT_KNOWN = "Not known"


@dataclass(frozen=True, eq=False)
class GroupDescription:
    """A cohort described; no single patient.

    Parameters
    ----------
    cohort : Cohort
        The patients described.
    grouping : str
        What they are grouped by; empty without groups.
    groups : tuple of str
        Patients whose group is not known are the last one, `NOT_KNOWN`.
    sizes : tuple of int
        Patients in each group.
    compared : int
        How many of the groups are compared: all but the patients whose group is not known, who come last.
    smallest : int
        Smallest count shown besides 0; 0 where nothing is hidden.
    entries : tuple of TableEntry
    patterns : MissingPatterns
    notes : tuple of str
    """

    cohort: Cohort
    grouping: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    compared: int
    smallest: int
    entries: tuple[TableEntry, ...]
    patterns: MissingPatterns
    notes: tuple[str, ...]

    @property
    def patients(self) -> int:
        """How many patients are described."""
        return len(self.cohort)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        cohort = self.cohort
        patterns = [{"missing": list(each.variables), "patients": each.patients} for each in self.patterns.shown]
        return {
            "cohort": cohort.name,
            "kind": cohort.kind,
            "fingerprint": cohort.fingerprint,
            "provenance": cohort.provenance.to_dict(),
            "attrition": [step.to_dict() for step in cohort.attrition],
            "rejections": cohort.rejections.summary(),
            "patients": self.patients,
            "grouped_by": self.grouping or None,
            "groups": [{"group": group, "patients": size} for group, size in zip(self.groups, self.sizes, strict=True)],
            "smallest_count_shown": self.smallest,
            "table_one": [entry.to_dict(self.groups) for entry in self.entries],
            "missing_patterns": {
                "shown": patterns,
                "others": self.patterns.others,
                "patients_in_others": self.patterns.patients_in_others,
            },
            "notes": list(self.notes),
        }


def default_smallest(cohort: Cohort) -> int:
    """Return the smallest count shown of a cohort where nothing else is asked for: all of people who do not exist."""
    return SMALLEST_SHOWN if cohort.kind == "real" else 0


def describe_groups(
    cohort: Cohort, grouping: Grouping, names: Sequence[str], *, smallest: int, notes: Sequence[str] = ()
) -> GroupDescription:
    """Describe patients over all and by group.

    Parameters
    ----------
    cohort : Cohort
    grouping : Grouping
        Of its patients.
    names : sequence of str
        Variables to describe.
    smallest : int
        Counts from 1 to one below are hidden, with what would give them away; 0 hides nothing. Patients of a group
        smaller than this are left out of the description altogether.
    notes : sequence of str
        What else a reader should know.

    Returns
    -------
    GroupDescription

    Raises
    ------
    CohortError
        If every group is too small to be described, or there is no variable.
    """
    if not names:
        raise CohortError("nothing is left to describe", expected="a variable other than those that make the groups")
    said = [*notes, *grouping.notes]
    codes, labels = grouping.codes, grouping.labels
    compared = np.ones(len(labels), dtype=bool)
    if labels and (codes < 0).any():
        # They stand in a column of their own: columns then add up, and what is hidden cannot be had by subtraction.
        codes, labels = np.where(codes < 0, len(labels), codes), (*labels, NOT_KNOWN)
        compared = np.append(compared, False)
    small = np.bincount(codes[codes >= 0], minlength=len(labels)) < smallest
    if small.any():
        if small[compared].all():
            raise CohortError(
                f"every group has fewer than {smallest} patients", remedy="group otherwise, or lower --suppress"
            )
        cohort, codes, labels = _without(cohort, codes, labels, small, smallest)
        said.append(f"Groups of fewer than {smallest} patients are left out.")
    groups = [codes == position for position in range(len(labels))]
    count = int((compared & ~small).sum())
    matrix = cohort.matrix(names)
    entries = tuple(
        table_entry(variable(name), column, groups, count, smallest)
        for name, column in zip(names, matrix.T, strict=True)
    )
    return GroupDescription(
        cohort=cohort,
        grouping=grouping.label,
        groups=labels,
        sizes=tuple(int(group.sum()) for group in groups),
        compared=count,
        smallest=smallest if smallest > 1 else 0,
        entries=entries,
        patterns=missing_patterns(np.isnan(matrix), names, smallest),
        notes=tuple(said),
    )


def _without(
    cohort: Cohort, codes: NDArray[np.intp], labels: tuple[str, ...], small: NDArray[np.bool_], smallest: int
) -> tuple[Cohort, NDArray[np.intp], tuple[str, ...]]:
    """Leave small groups out."""
    kept = ~small[codes]
    place = np.cumsum(~small) - 1
    left = cohort.subset(kept, step="small groups", reason=f"a group of fewer than {smallest} patients")
    return left, place[codes[kept]], tuple(label for label, gone in zip(labels, small, strict=True) if not gone)
