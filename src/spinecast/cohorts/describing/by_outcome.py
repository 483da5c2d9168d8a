"""What a cohort looks like, for reports: table one by outcome, missing values, rejections; no single patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import is_batch
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.cohorts.standardised_differences import moments, standardised

__all__ = ["SMALLEST_SHOWN", "describe", "standardised_difference"]

SMALLEST_SHOWN = 5
"""Counts from 1 up to one below this are not shown when small cells are suppressed."""

_SMALL = f"<{SMALLEST_SHOWN}"
_HIDDEN = "not shown"

FloatArray = NDArray[np.float64]
Groups = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]


def describe(
    cohort: Cohort, labelled: LabelledOutcome, predictors: Sequence[str], *, suppress: bool = True
) -> dict[str, Any]:
    """Describe the patients analysed: the content of ``cohort.json``.

    Parameters
    ----------
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort; the description is of its patients, and by its outcome where that is known.
    predictors : sequence of str
        Variables of table one.
    suppress : bool
        Whether counts from 1 to 4 are shown as ``<5``, and the other group's count in the same row not at all. This
        keeps a reader of the report from recognising a patient; it is no full disclosure control.

    Returns
    -------
    dict
        JSON values only.
    """
    # What tells scanners apart is no predictor; the report counts its patients with the features.
    predictors = [name for name in predictors if not is_batch(name)]
    matrix = cohort.matrix(predictors)[labelled.rows]
    happened = labelled.values == 1
    everyone = np.ones(len(labelled), dtype=bool)
    groups = (everyone, labelled.known & ~happened, labelled.known & happened)
    entries = [variable(name) for name in predictors]
    columns = list(zip(entries, matrix.T, strict=True))
    return {
        "name": cohort.name,
        "kind": cohort.kind,
        "fingerprint": cohort.fingerprint,
        "provenance": cohort.provenance.to_dict(),
        "patients": len(labelled),
        "events": labelled.events,
        "attrition": [step.to_dict() for step in labelled.attrition],
        "rejections": cohort.rejections.summary(),
        "table_one": [_table_one_entry(entry, column, groups, suppress=suppress) for entry, column in columns],
        "missingness": [_missingness(entry, np.isnan(column), groups) for entry, column in columns],
    }


def standardised_difference(with_event: FloatArray, without_event: FloatArray) -> float | None:
    """Difference of two means in units of their pooled standard deviation.

    (m1 - m0) / sqrt((s1^2 + s0^2) / 2), with s the standard deviation of a number and p(1 - p) the variance of a share
    (Austin 2009, Stat Med 28:3083).

    Parameters
    ----------
    with_event, without_event : ndarray, shapes (a,) and (b,)
        Known values; for a share, 0 and 1.

    Returns
    -------
    float or None
        None when either group has fewer than two values, or both are constant and differ.
    """
    shares = bool(np.isin(with_event, (0, 1)).all() and np.isin(without_event, (0, 1)).all())
    levels = 2 if shares else 0
    return standardised(moments(with_event, levels), moments(without_event, levels))


def _table_one_entry(entry: Variable, column: FloatArray, groups: Groups, *, suppress: bool) -> dict[str, Any]:
    missing = _count(int(np.isnan(column).sum()), len(column), suppress=suppress)
    if not entry.is_levelled:
        known = [column[group & ~np.isnan(column)] for group in groups]
        rows = [
            {
                "level": None,
                "overall": _median(entry, known[0], suppress=suppress),
                "without_event": _median(entry, known[1], suppress=suppress),
                "with_event": _median(entry, known[2], suppress=suppress),
                "missing": missing,
                "standardised_difference": standardised_difference(known[2], known[1]),
            }
        ]
    else:
        # One row says all of a binary variable.
        shown = range(1, 2) if entry.kind == "binary" else range(len(entry.levels))
        rows = [_level_row(entry, column, index, groups, suppress=suppress) for index in shown]
        for position, row in enumerate(rows):
            row["missing"] = missing if position == 0 else None
    return {"variable": entry.name, "label": entry.label, "unit": entry.unit_symbol or None, "rows": rows}


def _level_row(entry: Variable, column: FloatArray, index: int, groups: Groups, *, suppress: bool) -> dict[str, Any]:
    known = [column[group & ~np.isnan(column)] == index for group in groups]
    counts = [int(group.sum()) for group in known]
    overall, without, with_event = (
        _count(count, len(group), suppress=suppress) for count, group in zip(counts, known, strict=True)
    )
    difference = standardised_difference(known[2].astype(np.float64), known[1].astype(np.float64))
    if _SMALL in (without, with_event):
        # The total less the one would give the other away, and so would the difference.
        without, with_event = (cell if cell == _SMALL else _HIDDEN for cell in (without, with_event))
        difference = None
    return {
        "level": entry.levels[index].label,
        "overall": overall,
        "without_event": without,
        "with_event": with_event,
        "missing": None,
        "standardised_difference": difference,
    }


def _count(count: int, total: int, *, suppress: bool) -> str:
    if suppress and 0 < count < SMALLEST_SHOWN:
        return _SMALL
    if not total:
        return "0"
    percentage = 100 * count / total
    return f"{count:,} ({'<1' if 0 < percentage < 0.5 else f'{percentage:.0f}'}%)"


def _median(entry: Variable, values: FloatArray, *, suppress: bool) -> str:
    if not len(values):
        return "none recorded"
    if suppress and len(values) < SMALLEST_SHOWN:
        return f"{_SMALL} recorded"
    lower, middle, upper = (f"{value:.{entry.decimals}f}" for value in np.percentile(values, [25, 50, 75]))
    return f"{middle} [{lower}–{upper}]"


def _missingness(entry: Variable, missing: NDArray[np.bool_], groups: Groups) -> dict[str, Any]:
    _, without, with_event = groups
    return {
        "variable": entry.name,
        "label": entry.label,
        "missing": int(missing.sum()),
        "proportion": float(missing.mean()),
        "missing_with_event": int(missing[with_event].sum()),
        "missing_without_event": int(missing[without].sum()),
        "proportion_with_event": float(missing[with_event].mean()),
        "proportion_without_event": float(missing[without].mean()),
    }
