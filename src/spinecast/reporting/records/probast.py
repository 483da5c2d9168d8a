"""Answering an instrument that judges: signalling questions from the record, then domains and the whole by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from spinecast.errors import DocumentError, nearest
from spinecast.reporting.records import probast_analysis, probast_subjects
from spinecast.reporting.records.answers import Answer, FilledForm, Signal
from spinecast.reporting.records.form import Form, Item
from spinecast.reporting.records.judgement import judge_domain, judge_overall
from spinecast.reporting.records.probast_subjects import Judged
from spinecast.reporting.records.recorded import Recorded

__all__ = ["ANSWERERS", "answer_instrument"]

ANSWERERS: Mapping[str, Callable[[Recorded], Judged]] = {
    name: getattr(module, name)
    for module in (probast_subjects, probast_analysis)
    for name in module.__all__
    if name not in ("Judged", "to_be_judged")
}
"""What answers a signalling question, by the name a form gives it."""

ONLY = {"development": "development", "evaluation": "evaluation"}


def answer_instrument(form: Form, recorded: Recorded) -> FilledForm:
    """Answer the signalling questions of an instrument and judge its domains.

    A question that needs a human is answered NI, "to be judged by a reader", and never with a yes.

    Parameters
    ----------
    form : Form
        Of kind "risk_of_bias" or "quality".
    recorded : Recorded

    Raises
    ------
    DocumentError
        If the form names an answer there is not.
    """
    answers = tuple(_answer(item, recorded) for item in form.items)
    signals = {answer.number: cast(Signal, answer.status) for answer in answers}
    domains = tuple(
        judge_domain(domain, {item.number: signals[item.number] for item in items}) for domain, items in form.sections()
    )
    overall = judge_overall(
        domains,
        developed_only=form.downgraded_without_external_validation and recorded.design == "development",
        internally_validated=recorded.is_nested,
    )
    return FilledForm.of(form, recorded, answers, domains=domains, overall=overall)


def _answer(item: Item, recorded: Recorded) -> Answer:
    if recorded.design in item.applies_to:
        judged = _answerer(item)(recorded)
    else:
        judged = Judged("NA", f"Asked of the {ONLY[item.applies_to[0]]} of a model only.")
    return Answer(
        number=item.number,
        section=item.section,
        topic=item.topic,
        asked=item.text,
        status=judged.answer,
        text=judged.reason,
        evidence=judged.evidence,
    )


def _answerer(item: Item) -> Callable[[Recorded], Judged]:
    name = str(item.answered_by)
    if name not in ANSWERERS:
        close = nearest(name, ANSWERERS)
        raise DocumentError(
            f"question {item.number}: nothing is called {name!r} that answers one",
            expected="the name of an answer of spinecast",
            remedy=f"did you mean {close}?" if close else None,
        )
    return ANSWERERS[name]
