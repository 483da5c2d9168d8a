"""``spinecast update``: a model made to fit other patients, and judged on patients set apart."""

from __future__ import annotations

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
    from spinecast.cli.update_results import Answer
    from spinecast.cli.validation_cohort import Asked
    from spinecast.models.loading import AnyModel
    from spinecast.training.study import Study
    from spinecast.training.updating import Training
    from spinecast.validation.checks import Result
    from spinecast.validation.cohort_file import OpenedCohort, Wanted
    from spinecast.validation.development import Development
    from spinecast.validation.external_plan import ValidationSettings
    from spinecast.validation.updating import AnyMethod

__all__ = ["update"]


def update(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Registered name, name@alias, name/version, run id or folder.")
    ],
    cohort: CohortFile,
    mapping: MappingFile = None,
    study: StudyFile = None,
    method: Annotated[
        str,
        typer.Option("--method", metavar="METHOD", help="closed-test, or how the model is changed."),
    ] = "closed-test",
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="FILE", help="Other patients to judge on [default: a share].")
    ] = None,
    judge_share: Annotated[
        float | None,
        typer.Option("--judge-share", metavar="SHARE", help="Share of the cohort to judge on [default: 0.5]."),
    ] = None,
    alias: Annotated[
        str | None,
        typer.Option("--alias", metavar="NAME", help="Alias of the new version; a bare name means `candidate`."),
    ] = None,
    censored: Censored = None,
    allow_missing: AllowMissing = False,
    synthetic: Synthetic = False,
    impossible: Impossible = None,
    thresholds: Thresholds = "0.1,0.2,0.3,0.5",
    bootstrap: Bootstrap = 200,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that fit a model again.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of model, record, report [default: output/updates/…]."),
    ] = None,
    pdf: Pdf = False,
    json_: Json = False,
) -> None:
    """Update a model on other patients, judge it before and after on yet others, and register the new version.

    Ways to change a model of an event: intercept, logistic, refit; of times: level, level-and-slope, by-day; of a
    quantity: shift, scale, per-level; of ordered levels: common-intercept, intercepts, intercepts-and-slope, lines;
    closed-test chooses. No alias moves unless one is named: a bare name goes on meaning the version it did. Research
    use only.
    """
    from spinecast.cli.evaluate import read_thresholds
    from spinecast.cli.update_results import require_alias
    from spinecast.cli.validation_cohort import Asked, asked_outcome_of
    from spinecast.cli.validation_inputs import find_reference
    from spinecast.training.study.file import load_study
    from spinecast.validation.external_plan import ValidationSettings
    from spinecast.validation.subgroups import default_subgroup_variables
    from spinecast.validation.updating import read_method

    settings = ValidationSettings(
        thresholds=read_thresholds(thresholds),
        bootstrap=bootstrap,
        seed=seed,
        subgroups=default_subgroup_variables(),
    )
    share = _share(judge, judge_share)
    if alias is not None:
        require_alias(alias)
    asked = Asked(
        reference=find_reference(model),
        study=load_study(study) if study else None,
        cohort=cohort,
        mapping=mapping,
        allow_missing=allow_missing,
        impossible=impossible,
        synthetic=synthetic,
    )
    updatable = _require_model(asked)
    chosen = read_method(method, updatable)
    asked.outcome = asked_outcome_of(asked, None, None, (), censored)
    answer = _run(
        asked, updatable, settings, method=chosen, judge=judge, share=share, alias=alias, workers=workers,
        output=output, pdf=pdf,
    )  # fmt: skip
    typer.echo(answer.json() if json_ else answer.text())


def _share(judge: str | None, share: float | None) -> float:
    from spinecast.errors import SpinecastError

    if judge is not None and share is not None:
        raise SpinecastError("--judge names other patients, --judge-share divides these", remedy="name one of them")
    if share is not None and not 0 < share < 1:
        raise SpinecastError(f"{share:g} is no share to judge on", where="--judge-share", expected="between 0 and 1")
    return 0.5 if share is None else share


def _require_model(asked: Asked) -> AnyModel:
    """Return the model; a score or a published formula is no model that a version could be made of."""
    from spinecast.errors import ContractError

    reference = asked.reference
    if reference.model is not None:
        return reference.model
    kind = "a published score" if reference.score is not None else "a published formula"
    raise ContractError(
        f"{reference.text} is {kind}: it stays as it was published, and no version of it can be registered",
        where="MODEL",
        expected="a model of spinecast: a registered name, name@alias, name/version, run id or folder",
        remedy="`spinecast validate` shows how far it is off; train a study and update that",
    )


def _run(
    asked: Asked,
    model: AnyModel,
    settings: ValidationSettings,
    *,
    method: AnyMethod,
    judge: str | None,
    share: float,
    alias: str | None,
    workers: int,
    output: Path | None,
    pdf: bool,
) -> Answer:
    from datetime import UTC, datetime

    from spinecast.cli.development_patients import development_of
    from spinecast.cli.update_record import Finished
    from spinecast.cli.update_results import finish, folder_of, registered_version
    from spinecast.cli.updating_patients import reading_of
    from spinecast.cli.validation_cohort import wanted_of
    from spinecast.cli.validation_results import require_own_folder
    from spinecast.models.prognosis_model import PrognosisModel
    from spinecast.models.scanners import with_scanners_of
    from spinecast.training.progress import say
    from spinecast.training.seeds import derive_seed
    from spinecast.training.updating import UpdatePlan, update_any
    from spinecast.validation.recorded_outcome import label_as_event
    from spinecast.validation.updating import require_update_events, risk_method
    from spinecast.validation.updating_patients import divide_patients, refuse_same_patients

    started = datetime.now(UTC)
    if isinstance(model, PrognosisModel):  # asked_outcome_of holds models of other kinds to it
        _require_same_outcome(asked)
    development, trained = development_of(asked.reference, asked.study, say)
    wanted = wanted_of(asked, (), (*development.variables, *_grouping(trained)), settings.subgroups, trained)
    opened = _opened(asked, wanted)
    first = _first(asked, model, development, opened, settings)
    notes = list(opened.notes)
    drawn_from, reading = None, reading_of(asked, share if judge is None else None)
    if judge is None:
        labelled = label_as_event(opened.cohort, asked.outcome)
        updating, judging = divide_patients(opened.cohort, labelled, share, derive_seed(settings.seed, "judged on"))
        drawn_from = (opened.cohort, labelled)
    else:
        asked.cohort = judge
        apart = _opened(asked, wanted)
        first = _first(asked, model, development, apart, settings)
        updating, judging = opened.cohort, apart.cohort
        refuse_same_patients(updating, judging, asked.outcome)
        notes += [note for note in apart.notes if note not in notes]
    labelled_updating = label_as_event(updating, asked.outcome)
    if isinstance(model, PrognosisModel):  # before a folder is made for the results
        require_update_events(labelled_updating, risk_method(method), model.predictors)
        # From those it is updated on alone: whoever it is judged on teaches nothing.
        model, learned = with_scanners_of(model, updating.frame)
        notes += learned
    target = require_own_folder(output or folder_of(model, opened.cohort.name), what="update", also=("model",))
    plan = UpdatePlan(
        model=model,
        identity=asked.reference.identity,
        version=registered_version(asked.reference.identity),
        method=method,
        outcome=asked.outcome,
        cohort=updating,
        labelled=labelled_updating,
        drawn_from=drawn_from,
        training=_training(asked, trained),
        seed=settings.seed,
        workers=workers,
    )
    updated = update_any(plan, say)
    done = Finished(
        plan, updated, development, first, judging, opened.lacking, tuple(notes), settings, started, reading
    )
    return finish(done, target, alias=alias, pdf=pdf)


def _opened(asked: Asked, wanted: Wanted) -> OpenedCohort:
    """Open the patients, none of whom the model may have borrowed."""
    from spinecast.cli.borrowed_patients import without_borrowed
    from spinecast.cli.validation_cohort import open_asked
    from spinecast.validation.recorded_outcome import label_as_event

    opened = open_asked(asked, wanted)
    labelled = label_as_event(opened.cohort, asked.outcome)
    return without_borrowed(asked.reference, asked.study, opened, labelled)[0]


def _grouping(trained: Study | None) -> tuple[str, ...]:
    """Return the variable by which the training kept patients together, where there is one."""
    from spinecast.clinical.dictionary import variables

    group = trained.resampling.group if trained else None
    return (group,) if group in variables() and group is not None else ()


def _first(
    asked: Asked, model: AnyModel, development: Development, opened: OpenedCohort, settings: ValidationSettings
) -> tuple[Result, ...]:
    """Make the checks that need no prediction; refuse patients the model was made from or updated on before."""
    from spinecast.cli.updating_patients import updates_again
    from spinecast.cli.validation_inputs import plain_source
    from spinecast.training.progress import say
    from spinecast.validation.checks import stop_at_errors
    from spinecast.validation.cohort_file import dated_predictors
    from spinecast.validation.development import find_overlap, refuse_development_cohort
    from spinecast.validation.external_checks import first_checks
    from spinecast.validation.external_plan import ValidationPlan
    from spinecast.validation.recorded_outcome import label_as_event
    from spinecast.validation.updating_patients import refuse_updating_patients

    labelled = label_as_event(opened.cohort, asked.outcome)
    overlap = find_overlap(development, opened.cohort, labelled)
    refuse_development_cohort(overlap, development, opened.cohort)
    updates = updates_again(asked.reference, (Path(asked.cohort), asked.mapping), say)
    refuse_updating_patients(updates, opened.cohort, labelled)
    plan = ValidationPlan(
        source=plain_source(model, asked.reference.identity),
        cohort=opened.cohort,
        outcome=asked.outcome,
        labelled=labelled,
        development=development,
        model=model,
        lacking=opened.lacking,
        dated=dated_predictors(Path(asked.cohort), asked.mapping) if asked.mapping else None,
        settings=settings,
    )
    first = first_checks(plan, overlap)
    stop_at_errors(first)
    return first


def _require_same_outcome(asked: Asked) -> None:
    """Refuse an outcome that is not the model's: its risks could be ranked by it and not brought to its level."""
    from spinecast.errors import ContractError
    from spinecast.validation.risk_sources import asked_outcome

    source = asked.reference.source(asked_outcome(asked.outcome))
    if source.ranks_only:
        raise ContractError(
            f"another outcome than the model's: {source.ranks_only}",
            where="--study",
            expected="the outcome the model was made for",
            remedy="leave --study out, or train a study of that outcome",
        )


def _training(asked: Asked, trained: Study | None) -> Training | str:
    from spinecast.training.updating import Training

    if trained is None or asked.reference.record is None:
        return "the record of its training, with the parameters it was tuned to, is not at hand"
    if trained.features:
        # Other patients have other scanners, another table and other acquisition facts: that is another study.
        return "it has image features, and fitting those again is a study of its own (spinecast train)"
    return Training(trained, asked.reference.record)
