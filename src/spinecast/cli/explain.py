"""``spinecast explain``: what lies behind one patient's answer, or behind a model's answers to a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.errors import DeclinedError, SpinecastError

if TYPE_CHECKING:
    from spinecast.explanation.answering import Question

__all__ = ["explain"]


def explain(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Registered name, name@alias, name/version, run id or folder.")
    ],
    patient: Annotated[
        Path | None, typer.Option("--patient", metavar="FILE", help="One patient as JSON: {variable: value}.")
    ] = None,
    counterfactual: Annotated[
        bool,
        typer.Option("--counterfactual", help="Look for patients alike but for actionable inputs, of another risk."),
    ] = False,
    to: Annotated[
        float | None,
        typer.Option("--to", metavar="RISK", help="The risk they are to have, such as 0.3 (a median in its unit)."),
    ] = None,
    most_changes: Annotated[
        int, typer.Option("--most-changes", min=1, max=3, help="Most inputs that are otherwise.")
    ] = 3,
    day: Annotated[
        float | None, typer.Option("--day", metavar="DAY", help="Of a model of times: the day [its study's].")
    ] = None,
    level: Annotated[
        str | None, typer.Option("--level", metavar="LEVEL", help="Of a model of ordered levels: the one reached.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Explain in depth what a model says of one patient. Research use only: never for the care of a person.

    What the model would say of another patient is not what would happen to this one.
    """
    from spinecast.explanation.answering import Question

    question = Question(() if day is None else (day,), None, level)
    if patient is None:
        raise SpinecastError("explain needs a patient", expected="--patient FILE.json")
    if counterfactual != (to is not None):
        raise SpinecastError(
            "what risk the other patients are to have is missing"
            if counterfactual
            else "--to says what counterfactuals are to reach",
            expected="--counterfactual --to RISK",
        )
    if to is not None:
        _counterfactual(model, patient, question, to, most_changes, json_=json_)


def _counterfactual(
    model: str, patient: Path, question: Question, to: float, most_changes: int, *, json_: bool
) -> None:
    from spinecast.cli.predict import load_asked, read_patient, say_declined
    from spinecast.explanation.depth.counterfactuals import find_counterfactuals
    from spinecast.explanation.depth.views import view_of
    from spinecast.files import canonical_json

    given = read_patient(patient)
    loaded, identity = load_asked(model)
    try:
        found = find_counterfactuals(view_of(loaded, question), identity, given, to, most_changes=most_changes)
    except DeclinedError as error:
        say_declined(loaded, identity, error, json_=json_)
    typer.echo(canonical_json(found.to_dict()) if json_ else found.to_text())
