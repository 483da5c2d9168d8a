"""Internal validation of models whose answers are no single risk: curves, or quantiles of a quantity.

The same estimates as for an event (docs/decisions/0009, 0027), of whatever measures the answers are judged by: one
function says what they are for any of the patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import Absent, Estimate, Measure, Resampled
from spinecast.validation.internal.optimism import BootstrapValidation, CorrectedMeasure, Tuning, corrected_measure
from spinecast.validation.internal.repeated import (
    LearningCurve,
    RepeatedMeasure,
    RepeatedValidation,
    learning_points,
    mean_of_repeats,
)
from spinecast.validation.internal.sites import InternalExternal, SiteEvaluation, pooled_measure

__all__ = [
    "DrawnAnswers",
    "Measured",
    "answers_by_bootstrap",
    "answers_by_share",
    "answers_by_site",
    "answers_repeatedly",
]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.int64]
Measured = Callable[[Rows, FloatArray], Mapping[str, Measure]]
"""Maps patients, who may stand there twice, and their answers, shape (m, ...), to measures by name."""
DrawnAnswers = tuple[Rows, FloatArray | None]
"""Patients drawn, and the answers for all patients by the model of those drawn; None where it could not be fitted."""


def answers_by_bootstrap(
    apparent: FloatArray,
    resamples: Sequence[DrawnAnswers],
    measured: Measured,
    *,
    tuning: Tuning,
    drawn: str,
    notes: Sequence[str] = (),
) -> BootstrapValidation:
    """Correct the apparent performance of a model by that of the models of resamples.

    Parameters
    ----------
    apparent : ndarray, shape (n, ...)
        Answers of the final model for the patients it was made from.
    resamples : sequence of (rows, answers or None)
    measured : callable
    tuning, drawn, notes
        As in :class:`BootstrapValidation`.
    """
    everyone = np.arange(len(apparent))
    shown = measured(everyone, apparent)
    usable = [(rows, answers) for rows, answers in resamples if answers is not None]
    values = [_values(rows, answers, measured, everyone) for rows, answers in usable]
    spread = _out_of_bag_reach(usable, measured)
    measures = {}
    for name, measure in shown.items():
        if isinstance(measure, Absent):
            measures[name] = CorrectedMeasure(*(measure,) * 5)
            continue
        inside, original, outside = np.full((3, len(resamples)), np.nan)
        for at, found in enumerate(values):
            inside[at], original[at], outside[at] = found[name]
        resampled = Resampled(
            measure.estimate,
            inside,
            original,
            outside,
            None,
            measure.n,
            0 if measure.events is None else measure.events,
        )
        measures[name] = corrected_measure(name, measure, resampled, None, spread.get(name))
    return BootstrapValidation(len(resamples), len(usable), tuning, drawn, measures, tuple(notes))


def _values(
    rows: Rows, answers: FloatArray, measured: Measured, everyone: Rows
) -> dict[str, tuple[float, float, float]]:
    left_out = np.flatnonzero(np.bincount(rows, minlength=len(everyone)) == 0)
    found = [measured(chosen, answers[chosen]) for chosen in (rows, everyone, left_out)]
    return {name: (_point(found[0][name]), _point(found[1][name]), _point(found[2][name])) for name in found[0]}


def _point(measure: Measure) -> float:
    return measure.estimate if isinstance(measure, Estimate) else np.nan


def _out_of_bag_reach(usable: Sequence[tuple[Rows, FloatArray]], measured: Measured) -> dict[str, tuple[float, float]]:
    """How far intervals reach below and above: those of the mean answers by the models that did not see a patient."""
    if not usable:
        return {}
    total, times = np.zeros_like(usable[0][1]), np.zeros(len(usable[0][1]))
    for rows, answers in usable:
        left_out = np.bincount(rows, minlength=len(times)) == 0
        total[left_out] += answers[left_out]
        times += left_out
    seen = np.flatnonzero(times > 0)
    share = times[seen].reshape(-1, *(1,) * (total.ndim - 1))
    found = measured(seen, total[seen] / share) if seen.size else {}
    return {
        name: (measure.estimate - measure.lower, measure.upper - measure.estimate)
        for name, measure in found.items()
        if isinstance(measure, Estimate) and measure.lower is not None and measure.upper is not None
    }


def answers_repeatedly(
    repeats: Sequence[FloatArray], measured: Measured, *, folds: int, tuning: Tuning, notes: Sequence[str] = ()
) -> RepeatedValidation | Absent:
    """Average measures of out-of-fold answers, each of shape (n, ...), over divisions into folds.

    Returns
    -------
    RepeatedValidation or Absent
        Absent without a repeat.
    """
    if not repeats:
        return Absent("; ".join(notes) or "no division into folds could be used")
    return RepeatedValidation(len(repeats), folds, tuning, _over_repeats(repeats, measured), tuple(notes))


def answers_by_share(
    shares: Mapping[float, tuple[float, float, Sequence[FloatArray] | Absent]],
    measured: Measured,
    *,
    repeats: int,
    folds: int,
    tuning: Tuning,
) -> LearningCurve:
    """Follow measures of out-of-fold answers, each of shape (n, ...), over shares of the training patients.

    Parameters
    ----------
    shares : mapping of float to (float, float, sequence of ndarray or Absent)
        For each share: training patients and events, and the answers of each repeat.
    measured : callable
    repeats, folds, tuning
        As in :class:`LearningCurve`.
    """
    points = learning_points(shares, lambda answers: _over_repeats(answers, measured))
    return LearningCurve(repeats, folds, tuning, points)


def _over_repeats(repeats: Sequence[FloatArray], measured: Measured) -> dict[str, RepeatedMeasure]:
    found = [measured(np.arange(len(answers)), answers) for answers in repeats]
    return {name: mean_of_repeats([one[name] for one in found]) for name in found[0]}


def answers_by_site(
    sites: Sequence[tuple[str, Rows, FloatArray | Absent]],
    measured: Measured,
    names: Sequence[str],
    events: FloatArray,
    **described: Any,
) -> InternalExternal:
    """Judge every site by the answers of the model of the others and pool over sites.

    Parameters
    ----------
    sites : sequence of (label, rows, answers or Absent)
    measured : callable
    names : sequence of str
        Of the measures.
    events : ndarray, shape (n,)
        1 where the event was seen.
    **described
        ``by``, ``label`` and ``tuning`` of :class:`InternalExternal`.
    """
    judged = []
    for label, rows, answers in sites:
        if isinstance(answers, Absent):
            judged.append(SiteEvaluation(label, None, None, dict.fromkeys(names, answers)))
        else:
            found = dict(measured(rows, answers))
            judged.append(SiteEvaluation(label, len(rows), int(events[rows].sum()), found))
    pooled = {name: pooled_measure(name, judged) for name in names}
    return InternalExternal(sites=tuple(judged), pooled=pooled, **described)
