"""Other patients, like this one but for a few actionable inputs, of whom the model would say another risk.

Never an effect: a model says how patients with such values fared, not what changing a value would do
(docs/decisions/0046). What is wanted of counterfactuals is from Wachter, Mittelstadt and Russell 2018, Harv J Law Tech
31:841 (close), Mothilal, Sharma and Tan 2020, doi:10.1145/3351095.3372850 (several, and different), and Dandl et al.
2020, doi:10.1007/978-3-030-58112-1_31 (few changes, and a patient who could be one of the development's).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from spinecast.errors import QuestionError
from spinecast.explanation.depth.changes import Change, ChangedPatients, possible_changes
from spinecast.explanation.depth.views import View, answer_text
from spinecast.explanation.prediction import notices, require_answerable
from spinecast.explanation.standing import decline_reasons, outside_rows

__all__ = ["MEANING", "Counterfactual", "Counterfactuals", "find_counterfactuals"]

MEANING = (
    "What the model would say of another patient, like this one but for the values named: not what would happen if "
    "they were changed. Patients who have such values differ in other ways too."
)
MOST_CHANGES = 3
WANTED = 5
# Combinations that are carried on to a further change, those nearest to what is wanted.
CARRIED = 40


@dataclass(frozen=True)
class Counterfactual:
    """One other patient.

    Parameters
    ----------
    changes : tuple of Change
        None of them can be left out.
    answer : float
        What the model says of that patient.
    given : mapping of str to value
        The other patient, to be handed to the model.
    """

    changes: tuple[Change, ...]
    answer: float
    given: Mapping[str, Any]

    @property
    def distance(self) -> float:
        """Sum of the changes' sizes."""
        return sum(change.distance for change in self.changes)


@dataclass(frozen=True)
class Counterfactuals:
    """What was found, or how near one comes.

    Parameters
    ----------
    model, identity : str
    answered, unit : str
        What the number is.
    answer, target : float
    found : tuple of Counterfactual
        Fewest and smallest changes first.
    nearest : Counterfactual or None
        Where none was found: of what was tried, the one that comes nearest.
    tried : tuple of str
        Labels of the inputs that were changed.
    notices : tuple of str
    """

    model: str
    identity: str
    answered: str
    unit: str
    answer: float
    target: float
    found: tuple[Counterfactual, ...]
    nearest: Counterfactual | None
    tried: tuple[str, ...]
    notices: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "model": self.model,
            "identity": self.identity,
            "answered": self.answered,
            "unit": self.unit,
            "answer": self.answer,
            "target": self.target,
            "meaning": MEANING,
            "counterfactuals": [_one_to_dict(one) for one in self.found],
            "nearest": None if self.nearest is None else _one_to_dict(self.nearest),
            "inputs_tried": list(self.tried),
            "notices": list(self.notices),
        }

    def to_text(self) -> str:
        """Return lines for a person to read."""
        side = "at most" if self.answer > self.target else "at least"
        lines = [
            f"{self.answered}: {self._number(self.answer)}; asked for {side} {self._number(self.target)}",
            f"model {self.model} ({self.identity[:12]})",
            "",
        ]
        if self.answer == self.target:
            lines.append("that is what the model says of this patient")
        elif self.found:
            lines.append("the model would say this of patients who are otherwise alike:")
            lines += [self._line(one) for one in self.found]
        else:
            lines.append(f"no such patient was found among changes of {', '.join(self.tried) or 'no known input'}")
            lines += [f"nearest:\n{self._line(self.nearest)}"] if self.nearest else []
        return "\n".join([*lines, "", MEANING, *self.notices])

    def _line(self, one: Counterfactual) -> str:
        changes = "; ".join(f"{change.label}: {change.becomes} in place of {change.was}" for change in one.changes)
        return f"  {self._number(one.answer)}  {changes}"

    def _number(self, value: float) -> str:
        return answer_text(self.unit, value)


def _one_to_dict(one: Counterfactual) -> dict[str, Any]:
    return {
        "changes": [change.to_dict() for change in one.changes],
        "answer": one.answer,
        "distance": one.distance,
        "given": dict(one.given),
    }


def find_counterfactuals(
    view: View,
    identity: str,
    given: Mapping[str, Any],
    target: float,
    *,
    most_changes: int = MOST_CHANGES,
    wanted: int = WANTED,
) -> Counterfactuals:
    """Find patients like this one, but for a few actionable inputs, of whom the model says at least or most a target.

    All single changes are tried. Those that move the answer the right way and not far enough are combined, the nearest
    first (a beam of :data:`CARRIED`), so that of two and three changes not every combination is looked at. A patient
    outside the development range is none, unless this one is, and nor is one of whom the model would give no answer.

    Parameters
    ----------
    view : View
    identity : str
    given : mapping of str to value
        The patient.
    target : float
        The risk (or median, in its unit) to be reached from whichever side the patient is on.
    most_changes : int
    wanted : int
        Most patients returned, no two with changes of the same inputs.

    Raises
    ------
    ContractError
        If the patient breaks the contract or nothing is known.
    DeclinedError
        If the model gives no answer of this patient.
    QuestionError
        If the target can be nobody's answer.
    """
    _require_target(view, target)
    changes = possible_changes(view.model, given)
    patients = ChangedPatients(view.model, given, changes)
    assert patients.row is not None
    standing, _ = require_answerable(view.model, patients.row)
    answer = float(view.answer(patients.row)[0])
    search = _Search(view, patients, target, answer, outside=standing is not None and standing.outside)
    reached = search.run(most_changes) if answer != target else []
    found = _different([search.one(places) for places in reached], wanted)
    return Counterfactuals(
        model=view.model.name,
        identity=identity,
        answered=view.answered,
        unit=view.unit,
        answer=answer,
        target=target,
        found=found,
        nearest=search.nearest() if not found and answer != target else None,
        tried=tuple(dict.fromkeys(change.label for change in patients.singles)),
        notices=notices(view.model),
    )


def _require_target(view: View, target: float) -> None:
    inside = target > 0 if view.unit else 0 < target < 1
    if not inside or not np.isfinite(target):
        raise QuestionError(
            "to",
            f"{target:g} is no {view.answered}",
            expected=f"a number above 0, in {view.unit}"
            if view.unit
            else "a risk strictly between 0 and 1, such as 0.3",
        )


class _Search:
    """Combinations of changes by how far beyond the target they come."""

    def __init__(self, view: View, patients: ChangedPatients, target: float, answer: float, *, outside: bool) -> None:
        self.view, self.patients, self.target, self.outside = view, patients, target, outside
        self.sign = -1.0 if answer > target else 1.0
        self.start = self._beyond(answer)
        self.answers: dict[tuple[int, ...], float] = {}

    def run(self, most_changes: int) -> list[tuple[int, ...]]:
        """Return the combinations that reach the target and of which no change can be left out."""
        reached: list[tuple[int, ...]] = []
        tried = self._ask([(place,) for place in range(len(self.patients.singles))])
        helping = [places[0] for places in self._short(tried)]
        for size in range(1, most_changes + 1):
            reached += [places for places in tried if self._reaches(places) and self._needed(places)]
            if size < most_changes:
                tried = self._ask(self._extended(self._short(tried)[:CARRIED], helping))
        return reached

    def _beyond(self, answer: float) -> float:
        """Return how far an answer lies beyond the target, negative where short of it."""
        return self.sign * (answer - self.target)

    def _reaches(self, places: tuple[int, ...]) -> bool:
        return places in self.answers and self._beyond(self.answers[places]) >= 0

    def _short(self, tried: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Return those that come nearer and fall short, the nearest first."""
        short = [places for places in tried if self.start < self._beyond(self.answers[places]) < 0]
        return sorted(short, key=lambda places: -self._beyond(self.answers[places]))

    def _extended(self, near: Sequence[tuple[int, ...]], helping: Sequence[int]) -> list[tuple[int, ...]]:
        names = [change.variable for change in self.patients.singles]
        combined = {
            tuple(sorted((*places, other)))
            for places in near
            for other in helping
            if names[other] not in {names[place] for place in places}
        }
        return sorted(combined)

    def _ask(self, combined: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Return those that could be patients of the model, after asking it of each."""
        kept, rows = self.patients.combined(combined)
        if not kept:
            return []
        possible = np.array([not reason for reason in decline_reasons(self.view.model, rows)])
        if self.view.model.development is not None and not self.outside:
            possible &= np.array([not names for names in outside_rows(self.view.model, rows)])
        places = [places for places, one in zip(kept, possible, strict=True) if one]
        if places:
            self.answers |= zip(places, map(float, self.view.answer(rows[possible])), strict=True)
        return places

    def _needed(self, places: tuple[int, ...]) -> bool:
        """Say whether every change of some is needed to reach the target."""
        fewer = [some for size in range(1, len(places)) for some in combinations(places, size)]
        self._ask([some for some in fewer if some not in self.answers])
        return not any(self._reaches(some) for some in fewer)

    def one(self, places: tuple[int, ...]) -> Counterfactual:
        """Return one combination as a patient."""
        changes = tuple(self.patients.singles[place] for place in places)
        return Counterfactual(changes, self.answers[places], self.patients.described(changes))

    def nearest(self) -> Counterfactual | None:
        """Return the patient who comes nearest to the target from this side; None where no change comes nearer."""
        nearer = [places for places, answer in self.answers.items() if self._beyond(answer) > self.start]
        if not nearer:
            return None
        return self.one(max(nearer, key=lambda places: (self._beyond(self.answers[places]), -len(places))))


def _different(found: Sequence[Counterfactual], wanted: int) -> tuple[Counterfactual, ...]:
    """Choose, the fewest and smallest changes first, patients that share as few changed inputs as can be."""
    best: dict[frozenset[str], Counterfactual] = {}
    for one in sorted(found, key=lambda one: (one.distance, one.answer)):
        best.setdefault(frozenset(change.variable for change in one.changes), one)
    left, chosen, used = dict(best), list[Counterfactual](), set[str]()
    while left and len(chosen) < wanted:
        named = min(left, key=lambda names: (len(names), len(names & used), left[names].distance))
        chosen.append(left.pop(named))
        used |= named
    return tuple(sorted(chosen, key=lambda one: (len(one.changes), one.distance)))
