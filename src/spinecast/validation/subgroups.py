"""Performance in groups of patients: by sex, age, tumour, site, period, treatment and whatever may be unequal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable, variables
from spinecast.clinical.variable import Variable
from spinecast.cohorts.cohort import Cohort
from spinecast.statistics import Absent, Measure
from spinecast.validation.measures import accuracy_measures, calibration_in_groups, ranking_measures
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk, measures_at_horizon, predictions_at_horizon

__all__ = [
    "FEWEST",
    "SUBGROUP_MEASURES",
    "Grouping",
    "SubgroupCell",
    "SubgroupEvaluation",
    "default_subgroup_variables",
    "evaluate_groups",
    "evaluate_subgroups",
    "follows_from_the_others",
    "group_patients",
]

FloatArray = NDArray[np.float64]
Measures = dict[str, Measure]

FEWEST = 10
"""Fewest events, and fewest patients without one, of a group that is shown: this project's own convention. Below it an
interval spans nearly everything, and a group can be few enough people to know."""

FEWEST_SHOWN = 5
"""Fewer people than this could be known by their number, as in table one."""

SUBGROUP_MEASURES = (
    "auc",
    "scaled_brier",
    "calibration_in_the_large",
    "calibration_slope",
    "observed_expected_ratio",
)
SITE = "site"

_AGE_BANDS = (50.0, 65.0, 75.0)
_YEARS_TOGETHER = 5
_FEW_YEARS = 6
_TUMOUR = ("tumour_group", "tumour_growth_group", "primary_tumour")
_TREATMENT = ("treatment_group", "surgical_procedure", "radiotherapy_technique")
_NOT_RECORDED = "Not recorded"


@dataclass(frozen=True, eq=False)
class Grouping:
    """The groups of one variable.

    Parameters
    ----------
    variable, label : str
    groups : tuple of (str, ndarray of bool, shape (n,))
        What each is called and who is in it; nobody is in two.
    """

    variable: str
    label: str
    groups: tuple[tuple[str, NDArray[np.bool_]], ...]


@dataclass(frozen=True)
class SubgroupCell:
    """One group.

    Parameters
    ----------
    label : str
    n, events : int or None
        Patients with a known outcome and events; None where the group is suppressed.
    measures : dict of str to Estimate or Absent
    """

    label: str
    n: int | None
    events: int | None
    measures: dict[str, Measure]


@dataclass(frozen=True)
class SubgroupEvaluation:
    """The groups of one variable, evaluated."""

    variable: str
    label: str
    cells: tuple[SubgroupCell, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.variable,
            "label": self.label,
            "groups": [
                {
                    "label": cell.label,
                    "n": cell.n,
                    "events": cell.events,
                    "measures": {name: measure.to_dict() for name, measure in cell.measures.items()},
                }
                for cell in self.cells
            ],
        }


def default_subgroup_variables() -> tuple[str, ...]:
    """Return the variables whose groups are always looked at where a cohort holds them."""
    unequal = [name for name, entry in variables().items() if entry.role == "subgroup"]
    return tuple(dict.fromkeys(("sex", "age", *_TUMOUR, "treatment_year", *_TREATMENT, *unequal)))


def group_patients(cohort: Cohort, rows: NDArray[np.intp], names: Sequence[str]) -> tuple[Grouping, ...]:
    """Form the groups of variables that a cohort holds, and of its sites.

    Ages fall into bands (under 50, 50 to 64, 65 to 74, 75 and over), years into single ones or, where there are many,
    into five at a time; other numbers at their quartiles.

    Parameters
    ----------
    cohort : Cohort
    rows : ndarray of int, shape (n,)
        The patients who are evaluated.
    names : sequence of str
        Variables; those the cohort lacks, and those with one group only, are left out.
    """
    found = []
    for name in names:
        if name in cohort.frame:
            entry = variable(name)
            if entry.is_label:
                found.append(Grouping(name, entry.label, tuple(_texts(cohort.frame[name].iloc[rows]))))
                continue
            found.append(Grouping(name, entry.label, tuple(_groups(entry, cohort.matrix([name])[rows, 0]))))
    if cohort.groups is not None:
        found.append(Grouping(SITE, "Site", tuple(_texts(cohort.groups.iloc[rows]))))
    return tuple(grouping for grouping in found if len(grouping.groups) > 1)


def _texts(column: pd.Series) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    """Name each text of a column and who has it; nobody is of a missing one."""
    texts = column.astype(object)
    for text in sorted(texts.dropna().unique(), key=str):
        yield str(text), (texts == text).to_numpy(dtype=bool)


def _groups(entry: Variable, column: FloatArray) -> Iterable[tuple[str, NDArray[np.bool_]]]:
    known = ~np.isnan(column)
    if entry.is_levelled:
        named = [(level.label, column == position) for position, level in enumerate(entry.levels)]
    elif entry.name == "treatment_year":
        named = _periods(column, known)
    else:
        edges = _AGE_BANDS if entry.name == "age" else tuple(np.unique(np.quantile(column[known], (0.25, 0.5, 0.75))))
        named = _bands(column, edges, entry) if known.any() else []
    yield from ((label, members) for label, members in named if members.any())
    if not known.all():
        yield _NOT_RECORDED, ~known


def _bands(column: FloatArray, edges: Sequence[float], entry: Variable) -> list[tuple[str, NDArray[np.bool_]]]:
    unit = f" {entry.unit_symbol}" if entry.unit_symbol and entry.name != "age" else ""
    whole = entry.name == "age"
    named = [(f"Under {edges[0]:g}{unit}", column < edges[0])]
    for low, high in pairwise(edges):
        words = f"{low:g} to {high - 1:g}" if whole else f"{low:g} to under {high:g}{unit}"
        named.append((words, (column >= low) & (column < high)))
    return [*named, (f"{edges[-1]:g}{unit} and over", column >= edges[-1])]


def _periods(column: FloatArray, known: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    years = np.unique(np.floor(column[known]))
    if years.size <= _FEW_YEARS:
        return [(f"{year:.0f}", np.floor(column) == year) for year in years]
    starts = np.unique(_YEARS_TOGETHER * np.floor(years / _YEARS_TOGETHER))
    end = _YEARS_TOGETHER
    return [(f"{start:.0f} to {start + end - 1:.0f}", (column >= start) & (column < start + end)) for start in starts]


def evaluate_subgroups(
    predictions: Predictions,
    groupings: Sequence[Grouping],
    *,
    followed: FollowedRisk | None = None,
    ranks_only: str = "",
    fewest: int = FEWEST,
    bootstrap: int,
    seed: int,
) -> tuple[SubgroupEvaluation, ...]:
    """Evaluate the predictions in every group; groups with too few events, or too few without, are suppressed.

    Where one group alone is suppressed and holds from one to four patients with the event, or without, its counts would
    follow from those of the others and of all: the smallest of the others is then suppressed with it.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample predictions, in the order of the groupings.
    groupings : sequence of Grouping
    followed : FollowedRisk, optional
        The same patients' follow-up, where they are weighted for its censoring. The censoring is then learned in each
        group: one that is followed for less than the others, late years or another site, has another.
    ranks_only : str
        Why the predictions are no risks, where they are not.
    fewest : int
        Fewest events, and fewest patients without one, of a group that is shown.
    bootstrap, seed : int
        Resamples and their seed, used with weights only.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("an evaluation by subgroup")
    known = np.ones_like(predictions.outcome, dtype=bool) if predictions.weights is None else predictions.weights > 0

    def measure(members: NDArray[np.bool_]) -> Measures:
        part = predictions.subset(members)
        if followed is None:
            return _measures(part, ranks_only, bootstrap, seed)
        here = followed.subset(members)
        weighed = predictions_at_horizon(here)
        if isinstance(weighed, Absent):
            return dict.fromkeys(SUBGROUP_MEASURES, weighed)
        found = _measures(weighed, ranks_only, bootstrap, seed) | measures_at_horizon(here, ranks_only=ranks_only)
        return {name: found[name] for name in SUBGROUP_MEASURES}

    return evaluate_groups(
        groupings, known & (predictions.outcome == 1), known & (predictions.outcome == 0), measure, fewest=fewest
    )


def evaluate_groups(
    groupings: Sequence[Grouping],
    with_event: NDArray[np.bool_],
    without: NDArray[np.bool_],
    measure: Callable[[NDArray[np.bool_]], Measures],
    *,
    names: Sequence[str] = SUBGROUP_MEASURES,
    fewest: int = FEWEST,
) -> tuple[SubgroupEvaluation, ...]:
    """Evaluate every group by measures of any kind, and suppress as :func:`evaluate_subgroups` says.

    Parameters
    ----------
    groupings : sequence of Grouping
    with_event, without : ndarray of bool, shape (n,)
        Who is known to have had the event, and not to.
    measure : callable
        Maps the members of a group, shape (n,), to its measures.
    names : sequence of str
        Of the measures.
    fewest : int
        Fewest of either that a group is shown with.
    """

    def counted(members: NDArray[np.bool_]) -> tuple[int, int]:
        return int((with_event & members).sum()), int((without & members).sum())

    def cell(label: str, members: NDArray[np.bool_]) -> SubgroupCell:
        events, others = counted(members)
        if min(events, others) < fewest:
            reason = f"fewer than {fewest} events, or fewer than {fewest} patients without one"
            return SubgroupCell(label, None, None, dict.fromkeys(names, Absent(reason)))
        return SubgroupCell(label, events + others, events, measure(members))

    def cells(grouping: Grouping) -> tuple[SubgroupCell, ...]:
        found = [cell(label, members) for label, members in grouping.groups]
        hidden = [place for place, one in enumerate(found) if one.n is None]
        if len(found) > 1 and follows_from_the_others([counted(grouping.groups[place][1]) for place in hidden]):
            shown = [place for place in range(len(found)) if place not in hidden]
            smallest = min(shown, key=lambda place: found[place].n or 0)
            reason = f"not shown, as the numbers of {found[hidden[0]].label!r} would follow from it"
            label = found[smallest].label
            found[smallest] = SubgroupCell(label, None, None, dict.fromkeys(names, Absent(reason)))
        return tuple(found)

    return tuple(SubgroupEvaluation(each.variable, each.label, cells(each)) for each in groupings)


def follows_from_the_others(hidden: Sequence[tuple[int, int]]) -> bool:
    """Whether what is not shown follows from what is and from the total, and is of so few that they could be known.

    Parameters
    ----------
    hidden : sequence of (int, int)
        Patients with the event and without it, of each group that is not shown.
    """
    return len(hidden) == 1 and any(0 < count < FEWEST_SHOWN for count in hidden[0])


def _measures(part: Predictions, ranks_only: str, bootstrap: int, seed: int) -> dict[str, Measure]:
    if ranks_only:
        found = ranking_measures(part, ranks_only, bootstrap=bootstrap, seed=seed)
    else:
        found = accuracy_measures(part, bootstrap=bootstrap, seed=seed)
        found |= calibration_in_groups(part, bootstrap=bootstrap, seed=seed)
    return {name: found[name] for name in SUBGROUP_MEASURES}
