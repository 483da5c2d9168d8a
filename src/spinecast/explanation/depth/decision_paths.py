"""How single trees came to what they say of a patient: the questions on the way to the leaf, in the dictionary's words.

A tree can be read; a forest of hundreds cannot, and the questions most asked in it are what importances already say. So
only parts made of single trees have paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.summary import value_text
from spinecast.models.encoding import ColumnMeaning, Encoder
from spinecast.models.loading import AnyModel
from spinecast.models.members import Member
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.scorers import ForestScorer

__all__ = ["DecisionPath", "Step", "decision_paths"]

FloatArray = NDArray[np.float64]

_SINGLE = "decision_tree"


@dataclass(frozen=True)
class Step:
    """One question and its answer.

    Parameters
    ----------
    variable : str
    text : str
        The condition that holds for the patient: "Albumin at most 3.2 g/dL".
    threshold : float or None
        Of a number, in its canonical unit; None where a level or a missing value was asked for.
    below : bool
        Whether the patient lies at or below it: of a level, does not have it; of a missing value, has one.
    filled_in : bool
        Whether the value was missing and the typical one was looked at.
    """

    variable: str
    text: str
    threshold: float | None
    below: bool
    filled_in: bool


@dataclass(frozen=True)
class DecisionPath:
    """The way through one tree.

    Parameters
    ----------
    part : str
        Label of the part of the model.
    fold : int
        Which of its fits, from 0.
    steps : tuple of Step
    share : float
        Share of the training patients in the leaf who had the event: what the tree says.
    patients : float
        Their number, weighted where training was.
    """

    part: str
    fold: int
    steps: tuple[Step, ...]
    share: float
    patients: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "part": self.part,
            "fold": self.fold,
            "steps": [step.text for step in self.steps],
            "share_with_event": self.share,
            "training_patients": self.patients,
        }

    def to_text(self) -> str:
        """Return the path as a line."""
        way = ", ".join(step.text for step in self.steps) or "no question asked"
        return f"{self.part}, fit {self.fold + 1}: {way}: {self.share:.1%} of {self.patients:,.0f} training patients"


def decision_paths(model: AnyModel, row: FloatArray) -> tuple[DecisionPath, ...]:
    """Return the way of one patient through every single tree of a model; none where it has no part of single trees.

    Parameters
    ----------
    model : AnyModel
    row : ndarray, shape (1, predictors)
    """
    if not isinstance(model, PrognosisModel):
        return ()
    found = []
    for part in model.parts:
        names = [model.predictors[place] for place in part.positions]
        own = np.ascontiguousarray(row[:, part.positions])
        for fold, member in enumerate(part.members):
            if part.family == _SINGLE and isinstance(member, Member):
                found.append(_path(part.label, fold, member, names, own))
    return tuple(found)


def _path(part: str, fold: int, member: Member, names: list[str], own: FloatArray) -> DecisionPath:
    assert isinstance(member.scorer, ForestScorer)
    forest, encoder = member.scorer.forest, member.encoder
    columns = np.asarray(encoder.transform(own), dtype=np.float32)[0]  # trees compare in single precision
    meanings = encoder.meanings()
    node, steps = int(forest.roots[0]), []
    while forest.left[node] != node:
        column, below = int(forest.feature[node]), bool(columns[forest.feature[node]] <= forest.threshold[node])
        steps.append(_step(encoder, meanings[column], column, float(forest.threshold[node]), below, names, own))
        node = int(forest.left[node] if below else forest.right[node])
    return DecisionPath(part, fold, tuple(steps), float(forest.value[node, 0]), float(forest.samples[node]))


def _step(
    encoder: Encoder,
    meaning: ColumnMeaning,
    column: int,
    threshold: float,
    below: bool,
    names: list[str],
    own: FloatArray,
) -> Step:
    entry = variable(names[meaning.variable])
    missing = bool(np.isnan(own[0, meaning.variable]))
    filled = missing and meaning.kind != "missing"
    note = " (not known: the typical value stands in)" if filled else ""
    if meaning.kind == "missing":
        return Step(entry.name, f"{entry.label} {'known' if below else 'not known'}", None, below, filled)
    if meaning.kind == "level":
        is_or_not = "is not" if below else "is"
        label = entry.levels[meaning.level].label
        return Step(entry.name, f"{entry.label} {is_or_not} {label}{note}", None, below, filled)
    if meaning.kind == "spline":
        raise TypeError(f"a tree of {entry.name} reads a spline")
    at = encoder.value_at(column, threshold)
    if not entry.is_levelled:
        text = f"{entry.label} {'at most' if below else 'above'} {value_text(entry, np.float64(at))}"
        return Step(entry.name, text + note, at, below, filled)
    place = math.floor(at) if below else math.floor(at) + 1
    label = entry.levels[min(max(place, 0), len(entry.levels) - 1)].label
    return Step(entry.name, f"{entry.label} {'at most' if below else 'at least'} {label}{note}", at, below, filled)
