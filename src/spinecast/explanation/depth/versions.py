"""Two models on the same patients: which inputs have another share in the answers than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import QuestionError
from spinecast.explanation.answering import Question
from spinecast.explanation.depth.importance import resampled_means, shares
from spinecast.explanation.depth.views import View, view_of
from spinecast.models.loading import AnyModel
from spinecast.statistics import Estimate
from spinecast.statistics.foundations.bootstrap import percentile_interval

__all__ = ["ChangedShare", "changed_shares", "comparable_view"]

FloatArray = NDArray[np.float64]

# Shares that differ by less were only added in another order.
ROUNDING = 1e-9


@dataclass(frozen=True)
class ChangedShare:
    """One input.

    Parameters
    ----------
    variable : str
    now, before : float
        Its share of all absolute contributions; 0 for a model that does not use it.
    difference : Estimate
        ``now - before``, with its paired percentile interval over patients.
    """

    variable: str
    now: float
    before: float
    difference: Estimate

    @property
    def changed(self) -> bool:
        """Whether the interval leaves 0 out, by more than rounding: a new slope multiplies all contributions alike."""
        lower, upper = self.difference.lower, self.difference.upper
        return lower is not None and upper is not None and (lower > ROUNDING or upper < -ROUNDING)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.variable,
            "now": self.now,
            "before": self.before,
            "difference": self.difference.to_dict(),
            "changed": self.changed,
        }


def comparable_view(view: View, other: AnyModel, question: Question) -> View:
    """Return another model's number, if it answers the same question on the same scale.

    Parameters
    ----------
    view : View
    other : AnyModel
    question : Question
        As `view` was asked.

    Raises
    ------
    QuestionError
        If it is of another kind or outcome, or of another day or level.
    """
    before = view_of(other, question)
    if (before.scale, before.answered) != (view.scale, view.answered):
        raise QuestionError(
            "against",
            f"{other.name} gives the {before.answered} on the scale of the {before.scale}, {view.model.name} the "
            f"{view.answered} on that of the {view.scale}",
            expected="another version of the model, or a model of the same kind, outcome and day",
        )
    return before


def changed_shares(
    now: FloatArray,
    before: FloatArray,
    names: Sequence[str],
    names_before: Sequence[str],
    *,
    replicates: int,
    seed: int,
) -> list[ChangedShare]:
    """Compare shares of the inputs of either model, the largest difference first.

    Parameters
    ----------
    now, before : ndarray, shape (n, own predictors)
        Contributions to the answers about the same patients, in the same order.
    names, names_before : sequence of str
    replicates, seed : int
        Resamples of patients, the same for both.
    """
    every = list(dict.fromkeys((*names, *names_before)))
    absolute = [_placed(now, names, every), _placed(before, names_before, every)]
    share = [shares(one.mean(axis=0)) for one in absolute]
    drawn = [shares(resampled_means(one, replicates, seed)) for one in absolute]
    found = []
    for place, name in enumerate(every):
        interval = percentile_interval(list(drawn[0][:, place] - drawn[1][:, place]), replicates)
        difference = float(share[0][place] - share[1][place])
        found.append(
            ChangedShare(
                name,
                float(share[0][place]),
                float(share[1][place]),
                interval.around(difference, len(now), paired=True),
            )
        )
    return sorted(found, key=lambda one: -abs(one.difference.estimate))


def _placed(values: FloatArray, names: Sequence[str], every: Sequence[str]) -> FloatArray:
    placed = np.zeros((len(values), len(every)))
    placed[:, [every.index(name) for name in names]] = np.abs(values)
    return placed
