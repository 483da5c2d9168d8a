"""``spinecast validate``: a model, a published score or formula on patients it was not made from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.cli.validation_cohort import Asked
    from spinecast.cohorts.outcomes import LabelledOutcome
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort
    from spinecast.validation.comparing import Comparator

__all__ = ["validate"]


def validate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Registered name, name@alias, run id or folder; score:NAME; published:NAME or published:FILE.yaml.",
        ),
    ],
    cohort: Annotated[
        str, typer.Option("--cohort", metavar="FILE", help="The patients: CSV or Parquet, or support:SUBSET.")
    ],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="MAP.yaml", help="How the file's columns map to the dictionary.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option("--study", metavar="STUDY", help="Take outcome and column mapping from a study.")
    ] = None,
    outcome_time: Annotated[
        str | None, typer.Option("--outcome-time", metavar="V", help="Variable with the follow-up, for --horizon.")
    ] = None,
    outcome_event: Annotated[
        str | None, typer.Option("--outcome-event", metavar="V", help="Variable with the event, for --horizon.")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="DAYS", help="Day by which the event counts.")
    ] = None,
    censored: Annotated[
        str | None,
        typer.Option("--censored", metavar="exclude|ipcw", help="Patients whose follow-up ends before the horizon."),
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="MODEL", help="A further model to set beside it.")
    ] = None,
    subgroup: Annotated[
        list[str] | None, typer.Option("--subgroup", metavar="V", help="A further variable to judge by group.")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing-predictors", help="Judge a model without predictors the cohort lacks.")
    ] = False,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Say that the patients are not real.")] = False,
    impossible: Annotated[
        str | None,
        typer.Option(
            "--impossible", metavar="refuse|set_missing|exclude_patient", help="What becomes of impossible values."
        ),
    ] = None,
    thresholds: Annotated[
        str, typer.Option("--thresholds", metavar="T1,T2", help="Risks at which one might act.")
    ] = "0.1,0.2,0.3,0.5",
    fewest: Annotated[
        int, typer.Option("--fewest", min=2, help="Fewest events, and fewest without, of a group that is shown.")
    ] = 10,
    draws: Annotated[
        int, typer.Option("--missing-draws", min=1, help="Random choices for each number of missing inputs.")
    ] = 10,
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=20, help="Resamples where there is no formula.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Start of every random draw.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of record and report [default: output/validations/…]."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="PAGE.html", help="Write the page alone, no folder.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the report as PDF too.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Validate on other patients: the full evaluation, every comparator, case mix, subgroups, missing inputs.

    Refused are the development cohort itself, a cohort without a predictor, other units, no events. Research use only.
    """
    from spinecast.cli.evaluate import read_thresholds, require_page
    from spinecast.cli.validation_cohort import Asked, asked_outcome_of
    from spinecast.cli.validation_inputs import find_reference
    from spinecast.errors import SpinecastError
    from spinecast.training.study.file import load_study
    from spinecast.validation.external_plan import ValidationSettings
    from spinecast.validation.subgroups import default_subgroup_variables

    if report is not None and output is not None:
        raise SpinecastError("--report writes the page alone, --output a folder", remedy="name one of them")
    settings = ValidationSettings(
        thresholds=read_thresholds(thresholds),
        bootstrap=bootstrap,
        seed=seed,
        fewest=fewest,
        draws=draws,
        subgroups=tuple(dict.fromkeys((*default_subgroup_variables(), *_variables(subgroup)))),
    )
    if report is not None:
        require_page(report, [Path(cohort), mapping, study])
    asked = Asked(
        reference=find_reference(model),
        study=load_study(study) if study else None,
        cohort=cohort,
        mapping=mapping,
        compare=tuple(find_reference(name) for name in compare or ()),
        allow_missing=allow_missing,
        impossible=impossible,
        synthetic=synthetic,
    )
    asked.outcome = asked_outcome_of(asked, outcome_time, outcome_event, horizon, censored)
    _run(asked, settings, output=output, report=report, pdf=pdf, json_=json_)


def _variables(names: Sequence[str] | None) -> tuple[str, ...]:
    from spinecast.clinical.dictionary import variable

    return tuple(variable(name).name for name in names or ())


def _run(asked: Asked, settings: Any, *, output: Path | None, report: Path | None, pdf: bool, json_: bool) -> None:
    from spinecast.cli.validation_cohort import open_asked, wanted_of
    from spinecast.cli.validation_inputs import default_comparators, development_of, folder_name
    from spinecast.cli.validation_results import make_record, require_own_folder, summary_text, write_results
    from spinecast.cohorts.outcomes import label_outcome
    from spinecast.files import canonical_json
    from spinecast.training.progress import say
    from spinecast.validation.cohort_file import dated_predictors
    from spinecast.validation.development import find_overlap, refuse_development_cohort
    from spinecast.validation.external import validate_externally
    from spinecast.validation.external_plan import ValidationPlan
    from spinecast.validation.risk_sources import asked_outcome
    from spinecast.validation.updating_patients import refuse_updating_cohorts

    started = datetime.now(UTC)
    outcome = asked_outcome(asked.outcome)
    source = asked.reference.source(outcome)
    named = {reference.text: reference for reference in (*asked.compare, *default_comparators(outcome))}
    named.pop(asked.reference.text, None)
    development, trained = development_of(asked.reference, asked.study, say)
    opened = open_asked(
        asked, wanted_of(asked, tuple(named.values()), development.variables, settings.subgroups, trained)
    )
    labelled = label_outcome(opened.cohort, asked.outcome)
    overlap = find_overlap(development, opened.cohort, labelled)
    refuse_development_cohort(overlap, development, opened.cohort)
    if asked.reference.model is not None:
        refuse_updating_cohorts(asked.reference.model, opened.cohort, labelled)
    barred = _barred(asked, opened, labelled)
    plan = ValidationPlan(
        source=source,
        cohort=opened.cohort,
        outcome=asked.outcome,
        labelled=labelled,
        development=development,
        comparators=tuple(
            reference.source(outcome, named=True) for text, reference in named.items() if text not in barred
        ),
        barred=tuple(barred.items()),
        recorded=_recorded(asked.study or trained, opened, labelled),
        model=asked.reference.model,
        lacking=opened.lacking,
        overlap=overlap,
        dated=dated_predictors(Path(asked.cohort), asked.mapping) if asked.mapping else None,
        settings=settings,
    )
    target = None if report else output or Path("output") / "validations" / folder_name(source, opened.cohort.name)
    if target is not None:
        target = require_own_folder(target)
    found = validate_externally(plan, say)
    record = make_record(plan, found, opened, started)
    run_id = write_results(record, target, report, pdf=pdf)
    if json_:
        typer.echo(canonical_json({**record.to_dict(), "folder": str(target) if target else None, "run_id": run_id}))
    else:
        typer.echo(summary_text(record, target, report, run_id))


def _barred(asked: Asked, opened: OpenedCohort, labelled: LabelledOutcome) -> dict[str, str]:
    """Return the models to compare that were made from these very patients, with the reason: it would be unfair."""
    from spinecast.cli.validation_inputs import development_of
    from spinecast.training.progress import say
    from spinecast.validation.development import find_overlap
    from spinecast.validation.updating_patients import updating_cohorts

    found = {}
    for reference in asked.compare:
        if reference.model is None:
            continue
        development, _ = development_of(reference, None, say)
        for people in (development, *updating_cohorts(reference.model)):
            overlap = find_overlap(people, opened.cohort, labelled)
            if overlap.how:
                found[reference.text] = (
                    f"it was made from these patients: {overlap.shared:,} of {overlap.of:,} stand in its "
                    f"{people.role} cohort"
                )
    return found


def _recorded(study: Study | None, opened: OpenedCohort, labelled: LabelledOutcome) -> tuple[Comparator, ...]:
    """Return the other models' predictions that stand in the cohort itself, as the study reads them."""
    from spinecast.clinical.dictionary import variable
    from spinecast.validation.comparing import Comparator

    found = []
    for entry in study.comparators if study else ():
        if entry.variable not in opened.cohort.frame:
            continue
        values = opened.cohort.matrix([entry.variable])[labelled.rows, 0]
        label = variable(entry.variable).label
        found.append(
            Comparator(
                entry.name,
                f"{label} (as a risk)" if entry.complement else label,
                1 - values if entry.complement else values,
                entry.horizon_days,
                entry.note or "",
            )
        )
    return tuple(found)
