"""``spinecast validate``: a model, a published score or formula on patients it was not made from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.validation_options import (
    AllowMissing,
    Bootstrap,
    Censored,
    CohortFile,
    Impossible,
    Json,
    MappingFile,
    Pdf,
    Seed,
    StudyFile,
    Synthetic,
    Thresholds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.cli.validation_cohort import Asked
    from spinecast.validation.external_plan import ValidationSettings

__all__ = ["validate"]


def validate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Registered name, name@alias, run id or folder; score:NAME; published:NAME or published:FILE.yaml.",
        ),
    ],
    cohort: CohortFile,
    mapping: MappingFile = None,
    study: StudyFile = None,
    outcome_time: Annotated[
        str | None, typer.Option("--outcome-time", metavar="V", help="Variable with the follow-up, for --horizon.")
    ] = None,
    outcome_event: Annotated[
        str | None, typer.Option("--outcome-event", metavar="V", help="Variable with the event, for --horizon.")
    ] = None,
    horizon: Annotated[
        list[float] | None,
        typer.Option("--horizon", metavar="DAYS", help="Day by which the event counts; several of a model of times."),
    ] = None,
    censored: Censored = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="MODEL", help="A further model to set beside it.")
    ] = None,
    subgroup: Annotated[
        list[str] | None, typer.Option("--subgroup", metavar="V", help="A further variable to judge by group.")
    ] = None,
    allow_missing: AllowMissing = False,
    synthetic: Synthetic = False,
    impossible: Impossible = None,
    thresholds: Thresholds = "0.1,0.2,0.3,0.5",
    fewest: Annotated[
        int, typer.Option("--fewest", min=2, help="Fewest events, and fewest without, of a group that is shown.")
    ] = 10,
    draws: Annotated[
        int, typer.Option("--missing-draws", min=1, help="Random choices for each number of missing inputs.")
    ] = 10,
    bootstrap: Bootstrap = 200,
    seed: Seed = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of record and report [default: output/validations/…]."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="PAGE.html", help="Write the page alone, no folder.")
    ] = None,
    pdf: Pdf = False,
    json_: Json = False,
) -> None:
    """Validate on other patients: the full evaluation, every comparator, case mix, subgroups, missing inputs.

    A model of times is judged as a whole curve and on each horizon, a model of a quantity by its quantiles. Refused are
    the development cohort itself, a cohort without a predictor, other units, no events. Research use only.
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
    asked.outcome = asked_outcome_of(asked, outcome_time, outcome_event, tuple(horizon or ()), censored)
    _run(asked, settings, output=output, report=report, pdf=pdf, json_=json_)


def _variables(names: Sequence[str] | None) -> tuple[str, ...]:
    from spinecast.clinical.dictionary import variable

    return tuple(variable(name).name for name in names or ())


def _run(
    asked: Asked, settings: ValidationSettings, *, output: Path | None, report: Path | None, pdf: bool, json_: bool
) -> None:
    from spinecast.cli.validation_inputs import folder_name
    from spinecast.cli.validation_plans import prepare
    from spinecast.cli.validation_results import make_record, require_own_folder, summary_text, write_results
    from spinecast.files import canonical_json
    from spinecast.training.progress import say

    started = datetime.now(UTC)
    prepared = prepare(asked, settings, say)
    plan = prepared.plan
    target = None
    if report is None:
        target = output or Path("output") / "validations" / folder_name(plan.source, plan.cohort.name)
        target = require_own_folder(target)
    record = make_record(prepared, prepared.validate(say), started)
    run_id = write_results(record, target, report, pdf=pdf)
    if json_:
        typer.echo(canonical_json({**record.to_dict(), "folder": str(target) if target else None, "run_id": run_id}))
    else:
        typer.echo(summary_text(record, target, report, run_id))
