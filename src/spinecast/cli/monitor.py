"""``spinecast monitor``: predictions of a model in use, met by the outcomes that came back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.validation_options import Bootstrap, Json, Pdf, Seed, Synthetic

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy

    from spinecast.cli.validation_inputs import Reference
    from spinecast.models.loading import AnyModel
    from spinecast.validation.monitoring.one_risk import OneRisk
    from spinecast.validation.monitoring.reference import InputReference
    from spinecast.validation.monitoring.watched import Watched

__all__ = ["monitor"]


def monitor(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Registered model; with --predictions any model.")],
    version: Annotated[
        str | None, typer.Option("--version", metavar="N", help="Version [default: champion, else candidate].")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="First day of predictions.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Outcomes are complete to this day [default: today].")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", metavar="FILE", help="Predictions with outcomes, in place of the audit log."),
    ] = None,
    day: Annotated[float | None, typer.Option("--day", metavar="DAYS", help="Of a model of times: which day.")] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="VALUE", help="Of a model of a quantity: which threshold.")
    ] = None,
    level: Annotated[
        str | None, typer.Option("--level", metavar="LEVEL", help="Of a model of ordered levels: which is reached.")
    ] = None,
    false_alarms: Annotated[
        float, typer.Option("--false-alarms", metavar="P", help="Chance of any alarm over --span if nothing changes.")
    ] = 0.03,
    span: Annotated[int, typer.Option("--span", min=1, metavar="YEARS", help="How long that holds.")] = 10,
    synthetic: Synthetic = False,
    bootstrap: Bootstrap = 200,
    seed: Seed = 1,
    patients: Annotated[
        Path | None,
        typer.Option("--patients", metavar="FILE.csv", help="Write whose outcome is known, for validate and update."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder of the report [default: output/monitoring/…]."),
    ] = None,
    pdf: Pdf = False,
    json_: Json = False,
) -> None:
    """Watch a model in use: calibration, performance and inputs by quarter, raised at a set rate of false alarms.

    Outcomes come from `spinecast outcomes import`. An update is proposed, never made. Research use only.
    """
    from dataclasses import replace
    from datetime import UTC, datetime

    from spinecast.cli.monitor_results import (
        default_folder,
        make_record,
        require_place,
        summary_text,
        write_patients,
        write_results,
    )
    from spinecast.errors import SpinecastError
    from spinecast.files import canonical_json
    from spinecast.training.progress import say
    from spinecast.validation.monitoring.alarms import AlarmRule
    from spinecast.validation.monitoring.monitor import monitor as watch
    from spinecast.validation.monitoring.one_risk import one_risk
    from spinecast.validation.monitoring.reference import on_reference_scale

    started = datetime.now(UTC)
    rule = AlarmRule(span_years=span, seed=seed)
    if not rule.least_false_alarms <= false_alarms < 1:
        raise SpinecastError(
            f"{false_alarms:g} is no rate of false alarms that could be held",
            where="--false-alarms",
            expected=f"at least {rule.least_false_alarms:g} and below 1: the limit is found by {rule.simulations:,} "
            "simulations, and rarer alarms are too few among them",
        )
    first, last = _date(since, "--since"), _date(until, "--until") or _today()
    reference, numbered = _model(name, version, in_file=predictions is not None)
    model = _required(reference)
    risk = one_risk(model, day=day, threshold=threshold, level=level)
    target = require_place(output or default_folder(model.name, numbered), patients)
    watched = _watched(reference, numbered, risk, predictions, (first, last), synthetic=synthetic)
    inputs, words, notes = _inputs(reference, say)
    columns = [watched.predictors.index(one.name) for one in inputs]
    found = watch(
        watched,
        risk,
        inputs,
        on_reference_scale(model, watched.inputs)[:, columns],
        until=last,
        today=_today(),
        rule=replace(rule, false_alarms=false_alarms),
        development=(model.about.get("cohort") or {}).get("n"),
        bootstrap=bootstrap,
    )
    record = make_record(
        found, reference, numbered, started, reference_words=words, notes=notes, bootstrap=bootstrap, patients=patients
    )
    write_results(record, target, pdf=pdf)
    if patients is not None:
        write_patients(found, patients)
    typer.echo(canonical_json({**record.to_dict(), "folder": str(target)}) if json_ else summary_text(record, target))


def _model(name: str, version: str | None, *, in_file: bool) -> tuple[Reference, str]:
    """Return the model and its ``name/version``; empty of one that is not registered."""
    from spinecast.cli.validation_inputs import find_reference
    from spinecast.errors import SpinecastError
    from spinecast.tracking.models import is_model_folder, registered_versions
    from spinecast.tracking.serving_versions import ALIASES
    from spinecast.tracking.store import open_store

    if in_file and is_model_folder(name):
        return find_reference(name), ""
    versions = [one for one in registered_versions(open_store(create=False)) if one.name == name]
    if version is None:
        aliased = {alias: one.version for one in versions for alias in one.aliases}
        version = next((aliased[alias] for alias in ALIASES if alias in aliased), None)
    if version is None or version not in {one.version for one in versions}:
        known = ", ".join(sorted(one.version for one in versions))
        raise SpinecastError(
            f"there is no such version of {name!r} in the registry",
            where="NAME or --version",
            expected=f"one of the versions {known}" if known else "a registered model: spinecast models",
            remedy="with --predictions, a model's folder is taken too",
        )
    return find_reference(f"{name}/{version}"), f"{name}/{version}"


def _required(reference: Reference) -> AnyModel:
    from spinecast.errors import ContractError

    if reference.model is None:
        raise ContractError(f"{reference.text} is no model of spinecast", where="NAME")
    return reference.model


def _watched(
    reference: Reference,
    numbered: str,
    risk: OneRisk,
    predictions: Path | None,
    between: tuple[numpy.datetime64 | None, numpy.datetime64],
    *,
    synthetic: bool,
) -> Watched:
    from spinecast.cli.log_here import command_line_actor, log_here
    from spinecast.validation.monitoring.prediction_table import watched_in_file
    from spinecast.validation.monitoring.served import watched_in_log

    model = _required(reference)
    since, until = between
    if predictions is not None:
        return watched_in_file(predictions, model, risk, since=since, until=until, synthetic=synthetic)
    with log_here() as log:
        return watched_in_log(log, command_line_actor(), model, numbered, risk, since=since, until=until)


def _inputs(reference: Reference, say: Callable[[str], None]) -> tuple[tuple[InputReference, ...], str, list[str]]:
    """Return what inputs are compared with, that in words, and what to know of it."""
    from spinecast.cli.development_patients import development_of
    from spinecast.validation.monitoring.reference import (
        on_reference_scale,
        reference_of_model,
        reference_of_patients,
    )

    model = _required(reference)
    development, _ = development_of(reference, None, say)
    updated = ["inputs are compared with the patients the first version was made from, not with those of updates"]
    notes = updated if model.about.get("updates") else []
    if development.cohort is not None and development.labelled is not None:
        matrix = development.cohort.matrix(model.predictors)[development.labelled.rows]
        known = reference_of_patients(model.predictors, on_reference_scale(model, matrix))
        return known, f"the {len(matrix):,} patients of the development", notes
    if development.description is None:
        notes.append("how often inputs were missing in the development is not at hand: no input is tested")
    words = "quantiles and shares that the model keeps of its development patients"
    return reference_of_model(model, development.description), words, notes


def _date(text: str | None, option: str) -> numpy.datetime64 | None:
    from datetime import date

    import numpy as np

    from spinecast.errors import SpinecastError

    if text is None:
        return None
    try:
        return np.datetime64(date.fromisoformat(text.strip()), "D")
    except ValueError as error:
        raise SpinecastError(
            f"{text!r} is no date", where=option, expected="year, month and day, such as 2026-03-01"
        ) from error


def _today() -> numpy.datetime64:
    import numpy as np

    return np.datetime64("today", "D")
