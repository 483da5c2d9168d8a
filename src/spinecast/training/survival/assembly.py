"""From tuned learners of times to out-of-fold curves and the final model of each cause.

The study's rule chooses in each split and for each cause: the candidate with the lowest inner integrated Brier score,
or the named ones averaged on the log cumulative hazard and corrected once more on the same held-out curves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.models.survival.artifact import survival_member_from_bytes
from spinecast.models.survival.correction import CurveCorrection, never_falling
from spinecast.models.survival.model import SurvivalPart, TimeToEventModel
from spinecast.training.resampling import ALL_PATIENTS, Split
from spinecast.training.survival.tuning import CurveTask
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate

__all__ = ["CauseResult", "CurveChoice", "choose_curves", "final_hazard", "survival_parts"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CurveChoice:
    """What the rule chose in one split and how the average is corrected.

    Parameters
    ----------
    split : str
    chosen : tuple of str
    loss : mapping of str to float
        Inner integrated Brier score of every candidate.
    correction : CurveCorrection
        Of the average of the chosen candidates' curves; none for one candidate.
    test : ndarray, shape (len(test), k)
        Curves of the outer test patients, as they would be served.
    """

    split: str
    chosen: tuple[str, ...]
    loss: Mapping[str, float]
    correction: CurveCorrection
    test: FloatArray


@dataclass(frozen=True)
class CauseResult:
    """Everything learned of one cause.

    Parameters
    ----------
    cause : str
        Level of the dictionary.
    task : CurveTask
    tuned : mapping of (split, candidate) to TunedCandidate
    choices : mapping of split to CurveChoice
    final : ndarray, shape (n, k)
        Out-of-fold curves of the whole procedure.
    candidates : mapping of str to ndarray, shape (n, k)
        Out-of-fold curves of each candidate alone.
    """

    cause: str
    task: CurveTask
    tuned: Mapping[tuple[str, str], TunedCandidate]
    choices: Mapping[str, CurveChoice]
    final: FloatArray
    candidates: Mapping[str, FloatArray]


def choose_curves(
    split: Split, tuned: Mapping[str, TunedCandidate], ensemble: Sequence[str] | None, task: CurveTask
) -> CurveChoice:
    """Apply the study's rule to one split.

    Parameters
    ----------
    split : Split
    tuned : mapping of str to TunedCandidate
        Every candidate in this split.
    ensemble : sequence of str, optional
        The candidates the study averages; None takes the winner.
    task : CurveTask
    """
    losses = {name: result.best.loss for name, result in tuned.items()}
    chosen = tuple(ensemble) if ensemble else (min(losses, key=lambda name: losses[name]),)
    correction = CurveCorrection.none(len(task.grid))
    if len(chosen) > 1:
        correction = task.correction(split.train, np.mean([tuned[name].held_out for name in chosen], axis=0))
    return CurveChoice(
        split=split.name,
        chosen=chosen,
        loss=losses,
        correction=correction,
        test=never_falling(task.corrected(np.mean([tuned[name].test for name in chosen], axis=0), correction)),
    )


def final_hazard(
    result: CauseResult,
    plans: Mapping[str, CandidatePlan],
    *,
    name: str,
    predictors: Sequence[str],
    marginals: FloatArray,
    about: Mapping[str, Any],
) -> TimeToEventModel:
    """The model of one cause's hazard, from what was chosen on all patients."""
    choice = result.choices[ALL_PATIENTS]
    tuned = {chosen: result.tuned[ALL_PATIENTS, chosen] for chosen in choice.chosen}
    return TimeToEventModel(
        name=name,
        predictors=tuple(predictors),
        parts=survival_parts(choice, tuned, plans, predictors),
        correction=choice.correction,
        grid=result.task.grid,
        reference=result.task.reference,
        marginals=marginals,
        about=about,
    )


def survival_parts(
    choice: CurveChoice,
    tuned: Mapping[str, TunedCandidate],
    plans: Mapping[str, CandidatePlan],
    predictors: Sequence[str],
) -> tuple[SurvivalPart, ...]:
    """The parts of one cause's model: the members of each chosen candidate."""
    return tuple(
        SurvivalPart(
            **plans[name].part_fields(predictors),
            correction=tuned[name].line,
            members=tuned[name].members(survival_member_from_bytes),
        )
        for name in choice.chosen
    )
