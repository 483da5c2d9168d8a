"""``spinecast explain``: what lies behind one patient's answer, or behind a model's answers to a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.validation_options import (
    AllowMissing,
    Bootstrap,
    Impossible,
    Json,
    MappingFile,
    Pdf,
    Seed,
    StudyFile,
    Synthetic,
)
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
    cohort: Annotated[
        str | None,
        typer.Option("--cohort", metavar="FILE", help="Patients to explain it on: CSV, Parquet or support:SUBSET."),
    ] = None,
    mapping: MappingFile = None,
    study: StudyFile = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="Another version, whose reasons are compared.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="Folder of the cohort's report and arrays.")
    ] = None,
    subgroup: Annotated[
        list[str] | None, typer.Option("--subgroup", metavar="V", help="A further variable to explain by group.")
    ] = None,
    patients: Annotated[
        int, typer.Option("--patients", min=10, help="Most patients whose answers are taken apart.")
    ] = 500,
    allow_missing: AllowMissing = False,
    synthetic: Synthetic = False,
    impossible: Impossible = None,
    bootstrap: Bootstrap = 200,
    seed: Seed = 1,
    pdf: Pdf = False,
    json_: Json = False,
) -> None:
    """Explain in depth what a model says of one patient, or of a cohort. Research use only.

    Of a patient: whether the model's own fits give the same reasons, a local straight line (LIME), and the way through
    single trees; or others, alike but for a few actionable inputs, of whom it would say another risk. Of a cohort:
    which inputs drive the answers, how firm that is and for whom, curves along them, interactions, and whether another
    version had other reasons. What the model would say of another patient is not what would happen to this one.
    """
    from spinecast.explanation.answering import Question

    question = Question(() if day is None else (day,), None, level)
    if (patient is None) == (cohort is None) or (cohort is None) != (output is None):
        raise SpinecastError(
            "explain takes either one patient or a cohort",
            expected="--patient FILE.json, or --cohort FILE --output DIR",
        )
    if patient is not None:
        if counterfactual != (to is not None):
            raise SpinecastError(
                "counterfactuals need the risk they are to have, and --to is of nothing else",
                expected="--counterfactual --to RISK",
            )
        if against is not None:
            raise SpinecastError("--against compares reasons on a cohort", remedy="leave it out, or name a --cohort")
        _of_patient(model, patient, question, to, most_changes, json_=json_)
    elif cohort is not None and output is not None:
        if counterfactual or to is not None:
            raise SpinecastError("counterfactuals are of one patient", expected="--patient FILE.json")
        from spinecast.cli.explain_cohort import CohortAsked, explain_on_cohort
        from spinecast.explanation.depth.cohort import ExplainingSettings
        from spinecast.training.study.file import load_study

        explain_on_cohort(
            CohortAsked(
                model=model,
                cohort=cohort,
                mapping=mapping,
                study=load_study(study) if study else None,
                impossible=impossible,
                against=against,
                output=output,
                question=question,
                settings=ExplainingSettings(patients=patients, bootstrap=bootstrap, seed=seed),
                subgroups=tuple(subgroup or ()),
                synthetic=synthetic,
                allow_missing=allow_missing,
                pdf=pdf,
            ),
            json_=json_,
        )


def _of_patient(
    model: str, patient: Path, question: Question, to: float | None, most_changes: int, *, json_: bool
) -> None:
    from spinecast.cli.predict import load_asked, read_patient, say_declined
    from spinecast.explanation.depth.counterfactuals import Counterfactuals, find_counterfactuals
    from spinecast.explanation.depth.patient import PatientReasons, question_patient
    from spinecast.explanation.depth.views import view_of
    from spinecast.files import canonical_json

    given = read_patient(patient)
    loaded, identity = load_asked(model)
    view = view_of(loaded, question)
    found: Counterfactuals | PatientReasons
    try:
        if to is None:
            found = question_patient(view, identity, given)
        else:
            found = find_counterfactuals(view, identity, given, to, most_changes=most_changes)
    except DeclinedError as error:
        say_declined(loaded, identity, error, json_=json_)
    typer.echo(canonical_json(found.to_dict()) if json_ else found.to_text())
