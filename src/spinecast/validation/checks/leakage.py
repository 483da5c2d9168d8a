"""Checks for predictors that know the outcome: one that tells it alone, one that is dated after the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.findings import NotApplicable as FileNotApplicable
from spinecast.statistics import Absent, auc
from spinecast.validation.checks.design import PredictorLike
from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result

__all__ = ["check_dates", "check_single_predictors"]

FloatArray = NDArray[np.float64]

# Sources of the bounds stand in the register.
TELLS = 0.9
TELLS_ALL = 0.99
SAME_AS_TIME = 0.99
FEWEST = 20


def check_single_predictors(
    columns: Mapping[str, FloatArray],
    unordered: Mapping[str, int],
    outcome: FloatArray,
    time: FloatArray | None = None,
) -> Result:
    """SC007: a predictor that alone tells the outcome, or is the time of it.

    Parameters
    ----------
    columns : mapping of predictor to ndarray, shape (n,)
        Coding of `Cohort.matrix`, NaN where missing; patients whose outcome is known.
    unordered : mapping of predictor to int
        Number of levels of those whose levels have no order; each level is then set against the others.
    outcome : ndarray, shape (n,)
        0 or 1.
    time : ndarray, shape (n,), optional
        Follow-up; among those with the event a predictor may not be it.
    """
    judged: dict[str, float] = {}
    graves: list[tuple[str, str]] = []
    doubtful: list[tuple[str, str]] = []
    for name, column in columns.items():
        told = max(_told(column, outcome, unordered.get(name, 0)), default=None)
        if told is None:
            continue
        judged[name] = told
        if told >= TELLS_ALL:
            graves.append((name, f"{name} ranks patients with and without the event with an AUC of {told:.3f}"))
        elif told >= TELLS:
            doubtful.append((name, f"{name} ranks patients with and without the event with an AUC of {told:.3f}"))
        together = _together(column, outcome, time)
        if together >= SAME_AS_TIME:
            graves.append((name, f"{name} goes with the time of the event (rank correlation {together:.3f})"))
    if not judged:
        return NotApplicable(
            "SC007", f"no predictor is known for {FEWEST} patients with and {FEWEST} without the event"
        )
    found = graves or doubtful
    if not found:
        most = max(judged, key=lambda name: judged[name])
        return NotFound("SC007", f"of {len(judged)} predictors {most} tells most, with an AUC of {judged[most]:.3f}")
    return Check(
        "SC007",
        "error" if graves else "warning",
        "; ".join(text for _, text in (*graves, *doubtful)),
        "find out when and from what it was recorded; take it out of the predictors unless it is known, in this form, "
        "when the prediction is made",
        "One fact alone says nearly who will have the event. Facts like that are mostly written down after the event, "
        "or follow from it: at a bedside nobody has them.",
        tuple(dict.fromkeys(name for name, _ in (*graves, *doubtful))),
    )


def _told(column: FloatArray, outcome: FloatArray, levels: int) -> Iterator[float]:
    """Yield how well a predictor ranks the outcome, in either direction; nothing where too few are known."""
    known = ~np.isnan(column)
    events = int(outcome[known].sum())
    if min(events, int(known.sum()) - events) < FEWEST:
        return
    values = column[known]
    for score in (values == level for level in range(levels)) if levels > 2 else (values,):
        found = auc(outcome[known], score.astype(np.float64))
        if not isinstance(found, Absent):
            yield max(found.estimate, 1 - found.estimate)


def _together(column: FloatArray, outcome: FloatArray, time: FloatArray | None) -> float:
    """Return the rank correlation with the time among those with the event; 0 where it says nothing."""
    if time is None:
        return 0.0
    rows = (outcome == 1) & ~np.isnan(column) & ~np.isnan(time)
    # A coarse column goes with anything by chance: a time has about as many values as patients.
    if rows.sum() < FEWEST or np.unique(column[rows]).size < FEWEST:
        return 0.0
    return abs(float(spearmanr(column[rows], time[rows]).statistic))


def check_dates(
    predictors: Sequence[PredictorLike], dated: Sequence[FileFinding | FileNotApplicable] | None, *, undated: str
) -> Result:
    """SC008: predictors recorded after the day the prediction is made for.

    Parameters
    ----------
    predictors : sequence of clinical variables
        What the model reads.
    dated : sequence of results of the file checks, or None
        What CC057 says of the days on which variables were measured; None where no such days are named.
    undated : str
        Why none are, or where they could be named.
    """
    names = [predictor.name for predictor in predictors]
    after = [predictor.name for predictor in predictors if predictor.role == "after_prediction"]
    late = [one for one in dated or () if isinstance(one, FileFinding) and one.variable in names]
    if after or late:
        told = [f"{name} is recorded after the prediction by its definition" for name in after]
        return Check(
            "SC008",
            "error",
            "; ".join([*told, *(one.finding for one in late)]),
            "take the last value on or before the index date; leave out what is only known later, such as treatment "
            "after surgery",
            "Who has this value had to live long enough to get it. The model takes having lived for a cause of living, "
            "and at a bedside the value is not there.",
            tuple(dict.fromkeys([*after, *(str(one.variable) for one in late)])),
        )
    reasons = [one.reason for one in dated or () if isinstance(one, FileNotApplicable)]
    if dated is None or reasons:
        return NotApplicable("SC008", reasons[0] if reasons else undated)
    return NotFound("SC008", "no predictor is dated after the index date, of those whose day is named")
