"""From tuned candidates to out-of-fold predictions and the final model.

In each split the study's rule chooses (the candidate with the lowest inner log-loss, or the named ones), the
chosen are averaged on the log-odds scale, and the average is recalibrated on the inner held-out predictions.
The rule is applied inside every outer fold too, so the out-of-fold predictions judge choosing as well as fitting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.member_arrays import member_from_bytes
from spinecast.models.prognosis_model import Part
from spinecast.statistics import fit_logistic_recalibration
from spinecast.training.resampling import Split
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate

__all__ = ["OutOfFold", "SplitChoice", "choose", "collect_out_of_fold", "final_parts", "held_out_log_odds"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SplitChoice:
    """What the rule chose in one split and the line that recalibrates it.

    Parameters
    ----------
    split : str
    chosen : tuple of str
    loss : mapping of str to float
        Inner log-loss of every candidate.
    intercept, slope : float
        Of the average of the chosen candidates' log-odds; exactly 0 and 1 for one candidate, which its own
        line has already calibrated on the same patients.
    test : ndarray, shape (len(test),)
        Log-odds of the outer test patients.
    """

    split: str
    chosen: tuple[str, ...]
    loss: Mapping[str, float]
    intercept: float
    slope: float
    test: FloatArray


@dataclass(frozen=True)
class OutOfFold:
    """Pooled predictions of patients by models that never saw them.

    Parameters
    ----------
    final : ndarray, shape (n,)
        Risk by the whole procedure, choosing included.
    candidates : mapping of str to ndarray, shape (n,)
        Risk by each candidate alone.
    fold : ndarray of int64, shape (n,)
        Outer fold each patient was judged in, from 1.
    """

    final: FloatArray
    candidates: Mapping[str, FloatArray]
    fold: NDArray[np.int64]


def choose(
    split: Split,
    tuned: Mapping[str, TunedCandidate],
    ensemble: Sequence[str] | None,
    outcome: FloatArray,
    weights: FloatArray | None,
) -> SplitChoice:
    """Apply the study's rule to one split.

    Parameters
    ----------
    split : Split
    tuned : mapping of str to TunedCandidate
        Every candidate in this split.
    ensemble : sequence of str, optional
        The candidates the study averages; None takes the winner.
    outcome, weights : ndarray, shape (n,)
        Of all labelled patients.
    """
    losses = {name: result.best.loss for name, result in tuned.items()}
    chosen = tuple(ensemble) if ensemble else (min(losses, key=lambda name: losses[name]),)
    held_out = np.mean([tuned[name].held_out for name in chosen], axis=0)
    test = np.mean([tuned[name].test for name in chosen], axis=0)
    intercept, slope = 0.0, 1.0
    if len(chosen) > 1:
        own = None if weights is None else weights[split.train]
        line = fit_logistic_recalibration(outcome[split.train], held_out, own)
        intercept, slope = line.intercept, line.slope
    return SplitChoice(
        split=split.name,
        chosen=chosen,
        loss=losses,
        intercept=intercept,
        slope=slope,
        test=intercept + slope * test,
    )


def held_out_log_odds(choice: SplitChoice, tuned: Mapping[str, TunedCandidate]) -> FloatArray:
    """Log-odds of a split's training patients by what was chosen, each from the fits that did not see them.

    Parameters
    ----------
    choice : SplitChoice
    tuned : mapping of str to TunedCandidate
        Every candidate in this split.
    """
    held_out = np.mean([tuned[name].held_out for name in choice.chosen], axis=0)
    return np.asarray(choice.intercept + choice.slope * held_out, dtype=np.float64)


def collect_out_of_fold(
    splits: Sequence[Split],
    tuned: Mapping[tuple[str, str], TunedCandidate],
    choices: Mapping[str, SplitChoice],
    candidates: Sequence[str],
    count: int,
) -> OutOfFold:
    """Pool the outer test predictions of all folds.

    Parameters
    ----------
    splits : sequence of Split
        The outer folds (splits without test patients are passed over).
    tuned : mapping of (split, candidate) to TunedCandidate
    choices : mapping of split to SplitChoice
    candidates : sequence of str
    count : int
        Number of labelled patients.
    """
    final, fold = np.empty(count), np.zeros(count, dtype=np.int64)
    by_candidate = {name: np.empty(count) for name in candidates}
    for number, split in enumerate((s for s in splits if s.test.size), start=1):
        final[split.test] = expit(choices[split.name].test)
        fold[split.test] = number
        for name in candidates:
            by_candidate[name][split.test] = expit(tuned[split.name, name].test)
    return OutOfFold(final=final, candidates=by_candidate, fold=fold)


def final_parts(
    choice: SplitChoice,
    tuned: Mapping[str, TunedCandidate],
    plans: Mapping[str, CandidatePlan],
    predictors: Sequence[str],
) -> tuple[Part, ...]:
    """The chosen candidates of the split over all patients as parts of the final model."""
    return tuple(
        Part(
            **plans[name].part_fields(predictors),
            intercept=tuned[name].line[0],
            slope=tuned[name].line[1],
            members=tuned[name].members(member_from_bytes),
        )
        for name in choice.chosen
    )
