"""``spinecast study``: check a study file, print its schema or its resolved form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Check study files and print their schema.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)
StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="The study file (YAML).")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key, e.g. tuning.trials=10.")
]


@app.command("check")
def check(study_file: StudyArgument, set_: SetOption = None) -> None:
    """Check a study file without training; a mistake is named with its line and the nearest right key."""
    from spinecast.training.study.file import load_study, missing_table, summary

    study = load_study(study_file, tuple(set_ or ()))
    typer.echo(summary(study))
    if missing := missing_table(study):
        typer.echo(f"note: {missing}", err=True)


@app.command("show")
def show(study_file: StudyArgument, set_: SetOption = None) -> None:
    """Print the resolved study: every default written out."""
    from spinecast.training.study.file import load_study, resolved_yaml

    typer.echo(resolved_yaml(load_study(study_file, tuple(set_ or ()))), nl=False)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of study files."""
    from spinecast.training.study.file import study_schema

    typer.echo(json.dumps(study_schema(), indent=2, ensure_ascii=False))
