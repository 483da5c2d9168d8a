"""Asking one model on behalf of a page: the patient, and beside them the one who is otherwise; all of it recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.derived_values import closure
from spinecast.explanation.answering import Question
from spinecast.explanation.ordered_blood import orders_blood
from spinecast.models.quantiles.model import QuantityModel
from spinecast.serving.actors import Actor
from spinecast.serving.pages.asking import Filled
from spinecast.serving.pages.validity import Validity, validity_of
from spinecast.serving.pages.words import days_words
from spinecast.serving.problems import Problem
from spinecast.serving.reading import PatientQuestion
from spinecast.serving.scores_beside import score_inputs
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State

__all__ = ["Answered", "ask", "ask_scores", "changed_words", "orders"]

# Of one event it takes no longer than the answer; of curves and levels it is asked for by itself.
_NARROWED_AT_ONCE = ("event",)


@dataclass(frozen=True)
class Answered:
    """What one model says, or why it says nothing.

    Parameters
    ----------
    served : ServedModel
    validity : Validity
    said : mapping or None
        The answer as the API gives it; None where nothing was asked, or there is a problem.
    problem : str
    other : mapping or None
        The answer about the patient who is otherwise.
    other_problem : str
    changed : tuple of str
        What is otherwise, as far as this model reads it.
    """

    served: ServedModel
    validity: Validity
    said: Mapping[str, Any] | None = None
    problem: str = ""
    other: Mapping[str, Any] | None = None
    other_problem: str = ""
    changed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The model's name, by which its part of the page is known."""
        return self.served.name

    @property
    def prediction(self) -> Mapping[str, Any] | None:
        """The prediction, where one was made."""
        return None if self.said is None else self.said["prediction"]

    @property
    def other_prediction(self) -> Mapping[str, Any] | None:
        """The prediction for the patient who is otherwise, where one was made."""
        return None if self.other is None else self.other["prediction"]

    @property
    def title(self) -> str:
        """What it answers, in a line."""
        label = str(self.served.model.about["outcome"]["label"])
        if self.served.kind != "times":
            return label
        return "Survival over time" if self.is_death else f"{label} over time"

    @property
    def short(self) -> str:
        """What it answers, where there is room for little."""
        outcome = self.served.model.about["outcome"]
        day = outcome.get("horizon_days")
        if day is None:
            return self.title
        what = "Death" if self.is_death else str(outcome["label"])
        return f"{what}, {days_words(float(day))}"

    @property
    def is_death(self) -> bool:
        """Whether the event is death itself, and its absence survival."""
        outcome = self.served.model.about["outcome"]
        return bool(outcome.get("event") == "death")


def ask(
    state: State, served: ServedModel, filled: Filled, actor: Actor, *, explain: bool = False, live: bool = False
) -> Answered:
    """Ask one model about the patient of a form.

    Parameters
    ----------
    state : State
    served : ServedModel
    filled : Filled
        Without errors.
    actor : Actor
    explain : bool
        Whether to say which unknown input would narrow the answer most even where that takes long.
    live : bool
        Whether the page asked by itself because a value had changed.
    """
    validity = validity_of(served)
    read = set(closure(served.inputs))
    if not read.intersection(filled.inputs):
        return Answered(served, validity, problem="Nothing that this model reads is known of the patient.")
    shown: dict[str, Any] = {"on": "page", "live": live}
    narrow = explain or served.kind in _NARROWED_AT_ONCE
    try:
        said = state.predict(served, _question(served, filled, filled.inputs), actor, explain=narrow, shown=shown)
    except Problem as problem:
        return Answered(served, validity, problem=problem.detail)
    changed = tuple(name for name in filled.changed if name in read)
    if not changed:
        return Answered(served, validity, said)
    if said["declined"]:  # beside nothing there is nothing to compare
        why = "Not asked, because no risk is given of the patient."
        return Answered(served, validity, said, other_problem=why, changed=changed)
    shown |= {"what_if_of": said["audit_id"], "changed": list(changed)}
    try:
        other = state.predict(served, _question(served, filled, filled.other()), actor, shown=shown)
    except Problem as problem:
        return Answered(served, validity, said, other_problem=problem.detail, changed=changed)
    return Answered(served, validity, said, other=other, changed=changed)


def ask_scores(state: State, filled: Filled, actor: Actor, *, live: bool = False) -> Mapping[str, Any] | None:
    """Compute the published scores of the patient of a form; None where nothing is known that one reads.

    Raises
    ------
    Problem
        If they cannot be recorded.
    """
    known = {name: value for name, value in filled.inputs.items() if name in score_inputs()}
    if not known:
        return None
    question = PatientQuestion(known, filled.patient or None)
    return state.scores(question, None, actor, shown={"on": "page", "live": live})


def orders(served: ServedModel) -> bool:
    """Whether blood is ordered by what a model says."""
    return isinstance(served.model, QuantityModel) and orders_blood(served.model)


def _question(served: ServedModel, filled: Filled, inputs: Mapping[str, Any]) -> PatientQuestion:
    read = set(closure(served.inputs))
    own = {name: value for name, value in inputs.items() if name in read}
    least = filled.least if orders(served) else None
    return PatientQuestion(own, filled.patient or None, question=Question(minimum_hemoglobin=least))


def changed_words(one: Answered, filled: Filled) -> str:
    """Say what is otherwise: "Albumin 3.8 g/dL, Smoking Never"."""
    return ", ".join(f"{variable(name).label} {_value_words(name, filled)}" for name in one.changed)


def _value_words(name: str, filled: Filled) -> str:
    entry, value = variable(name), filled.what_if[name]
    if entry.is_levelled and not entry.is_label:
        return entry.level_label(value.text)
    return f"{value.text} {value.unit or entry.unit_symbol}".rstrip()
