"""``spinecast validate``: a model, a published score or formula on patients it was not made from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.outcomes import BinaryRisk, LabelledOutcome
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort, Wanted
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
    from spinecast.errors import SpinecastError
    from spinecast.training.study_file import load_study
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
    asked = _Asked(
        reference=_reference(model),
        study=load_study(study) if study else None,
        cohort=cohort,
        mapping=mapping,
        compare=tuple(_reference(name) for name in compare or ()),
        allow_missing=allow_missing,
        impossible=impossible,
        synthetic=synthetic,
    )
    asked.outcome = _outcome(asked, outcome_time, outcome_event, horizon, censored)
    _run(asked, settings, output=output, report=report, pdf=pdf, json_=json_)


class _Asked:
    """What was named on the command line, found."""

    outcome: BinaryRisk

    def __init__(
        self,
        *,
        reference: Reference,
        study: Study | None,
        cohort: str,
        mapping: Path | None,
        compare: tuple[Reference, ...],
        allow_missing: bool,
        impossible: str | None,
        synthetic: bool,
    ) -> None:
        self.reference, self.study, self.cohort, self.mapping = reference, study, cohort, mapping
        self.compare, self.allow_missing, self.impossible = compare, allow_missing, impossible
        self.synthetic = synthetic


def _reference(name: str) -> Reference:
    from spinecast.cli.validation_inputs import find_reference

    return find_reference(name)


def _variables(names: Sequence[str] | None) -> tuple[str, ...]:
    from spinecast.clinical.dictionary import variable

    return tuple(variable(name).name for name in names or ())


def _outcome(
    asked: _Asked, time: str | None, event: str | None, horizon: float | None, censored: str | None
) -> BinaryRisk:
    """Return the outcome: that of the options, else of the study, else of the model."""
    from spinecast.cohorts.outcomes import HorizonOutcome
    from spinecast.errors import ContractError
    from spinecast.training.plan import outcome_definition
    from spinecast.validation.recorded_outcome import outcome_from_record, with_censoring

    if horizon is not None:
        return with_censoring(
            HorizonOutcome(time or "follow_up_time", event or "death", horizon, censored="ipcw"), censored
        )
    if time is not None or event is not None:
        raise ContractError("--outcome-time and --outcome-event need the day", expected="--horizon DAYS beside them")
    if asked.study is not None:
        return with_censoring(outcome_definition(asked.study), censored)
    if asked.reference.model is None:
        raise ContractError(
            f"{asked.reference.text} has no outcome of its own",
            expected="--horizon DAYS (death by that day), or --study STUDY",
        )
    return with_censoring(outcome_from_record(asked.reference.model.about.get("outcome")), censored)


def _run(asked: _Asked, settings: Any, *, output: Path | None, report: Path | None, pdf: bool, json_: bool) -> None:
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

    started = datetime.now(UTC)
    outcome = asked_outcome(asked.outcome)
    source = asked.reference.source(outcome)
    named = {reference.text: reference for reference in (*asked.compare, *default_comparators(outcome))}
    named.pop(asked.reference.text, None)
    development, trained = development_of(asked.reference, asked.study, say)
    opened = _open(asked, _wanted(asked, tuple(named.values()), development.variables, settings.subgroups, trained))
    labelled = label_outcome(opened.cohort, asked.outcome)
    overlap = find_overlap(development, opened.cohort, labelled, asked.reference.model)
    refuse_development_cohort(overlap, development, opened.cohort)
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


def _barred(asked: _Asked, opened: OpenedCohort, labelled: LabelledOutcome) -> dict[str, str]:
    """Return the models to compare that were made from these very patients, with the reason: it would be unfair."""
    from spinecast.cli.validation_inputs import development_of
    from spinecast.training.progress import say
    from spinecast.validation.development import find_overlap

    found = {}
    for reference in asked.compare:
        if reference.model is None:
            continue
        development, _ = development_of(reference, None, say)
        overlap = find_overlap(development, opened.cohort, labelled, reference.model)
        if overlap.how:
            found[reference.text] = (
                f"it was made from these patients: {overlap.shared:,} of {overlap.of:,} stand in its development cohort"
            )
    return found


def _wanted(
    asked: _Asked,
    compared: Sequence[Reference],
    development: Sequence[str],
    subgroups: Sequence[str],
    trained: Study | None,
) -> Wanted:
    from spinecast.validation.cohort_file import Wanted
    from spinecast.validation.recorded_outcome import outcome_variables

    outcome = outcome_variables(asked.outcome)
    useful = [name for reference in compared for name in (*reference.inputs, *reference.alternatives)]
    study = asked.study or trained
    useful += [*asked.reference.alternatives, *development, *subgroups]
    useful += [entry.variable for entry in study.comparators] if study else []
    return Wanted(
        predictors=asked.reference.inputs,
        outcome=outcome,
        useful=tuple(name for name in dict.fromkeys(useful) if name not in (*asked.reference.inputs, *outcome)),
        allow_lacking=asked.allow_missing,
        impossible_values=_impossible(asked),
    )


def _impossible(asked: _Asked) -> Any:
    from typing import get_args

    from spinecast.cohorts.contract import ImpossibleValues
    from spinecast.errors import SpinecastError, nearest

    known = get_args(ImpossibleValues)
    if asked.impossible is None:
        return asked.study.cohort.impossible_values if asked.study else None
    if asked.impossible in known:
        return asked.impossible
    close = nearest(asked.impossible, known)
    raise SpinecastError(
        f"{asked.impossible!r} says nothing of impossible values",
        where="--impossible",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _open(asked: _Asked, wanted: Wanted) -> OpenedCohort:
    """Open the patients; whoever says that they are made up is believed, and so is a file that says it itself."""
    from dataclasses import replace

    opened = _opened(asked, wanted)
    return replace(opened, cohort=replace(opened.cohort, kind="synthetic")) if asked.synthetic else opened


def _opened(asked: _Asked, wanted: Wanted) -> OpenedCohort:
    from spinecast.training.study_blocks import TableSource
    from spinecast.validation.cohort_file import open_cohort, open_like_study

    if asked.study is None or asked.mapping is not None or asked.cohort.startswith("support:"):
        return open_cohort(asked.cohort, asked.mapping, wanted)
    if not isinstance(asked.study.cohort.source, TableSource):
        return open_cohort(asked.cohort, None, wanted)
    return open_like_study(_replaced_source(asked.study, Path(asked.cohort)), wanted)


def _replaced_source(study: Study, path: Path) -> Any:
    """Return the study's source with another file: its mapping, identifier and group column, and its separator."""
    from spinecast.cohorts.sources import CsvSource, ParquetSource
    from spinecast.training.study_blocks import CsvSource as CsvBlock
    from spinecast.training.study_blocks import TableSource
    from spinecast.validation.cohort_file import is_parquet

    source = study.cohort.source
    if not isinstance(source, TableSource):
        raise TypeError("the study reads no table")
    shared: dict[str, Any] = {
        "path": path,
        "id_column": source.id_column,
        "columns": {name: column.model_dump() for name, column in source.columns.items()},
        "group_column": source.group_column,
    }
    if is_parquet(path):
        return ParquetSource(**shared)
    if isinstance(source, CsvBlock):
        return CsvSource(**shared, separator=source.separator, decimal=source.decimal)
    return CsvSource(**shared)


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
