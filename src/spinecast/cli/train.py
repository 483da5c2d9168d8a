"""``spinecast train``: a study file to a tracked, validated, explained, saved model and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    study_file: Annotated[Path, typer.Argument(metavar="STUDY", help="The study file (YAML).")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the study, e.g. tuning.trials=10."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Folder for model, report and record [default: output/STUDY]."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes that fit side by side [default: all cores].")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="End with one JSON line on standard output.")] = False,
) -> None:
    """Train, validate, explain, report and register the model of a study.

    Interrupted or killed, the same command goes on where it stopped. Research use only.
    """
    from spinecast.training.study.file import load_study

    overrides = tuple(set_ or ())
    study = load_study(study_file, overrides)

    from spinecast.cli.log_here import record_alias_here
    from spinecast.errors import ContractError
    from spinecast.tracking.runs import CANDIDATE_ALIAS
    from spinecast.training.pipeline import train_study

    target = output or Path("output") / study.study
    rejections = _rejections_file(target)
    try:
        result = train_study(study, output=target, workers=workers, overrides=overrides)
    except ContractError as error:
        _write_rejections(error, rejections)
        raise
    except KeyboardInterrupt:
        typer.echo("finished work is kept, the same command goes on from here", err=True)
        raise
    rejections.unlink(missing_ok=True)  # of an earlier run: what it lists has been corrected
    record_alias_here(result.model, result.identity, CANDIDATE_ALIAS, "training")
    if json_:
        from spinecast.files import canonical_json

        typer.echo(canonical_json(result.to_dict()))
    else:
        typer.echo(result.summary())


def _rejections_file(target: Path) -> Path:
    """Where refused values are listed: beside the place of the output."""
    place = target.resolve()
    return place.parent / f"{place.name}.rejections.csv"


def _write_rejections(error: Exception, path: Path) -> None:
    """Put the table of refused values beside the place the output would have had."""
    rejections = getattr(error, "rejections", None)
    if rejections is None:
        return
    rejections.write(path)
    typer.echo(
        f"every refused value is listed in {path} (it holds patient data: keep it where the cohort is kept)", err=True
    )
