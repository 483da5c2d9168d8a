"""Options that ``spinecast validate`` and ``spinecast update`` share: one declaration each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AllowMissing",
    "Bootstrap",
    "Censored",
    "CohortFile",
    "Impossible",
    "Json",
    "MappingFile",
    "Pdf",
    "Seed",
    "StudyFile",
    "Synthetic",
    "Thresholds",
]

CohortFile = Annotated[
    str, typer.Option("--cohort", metavar="FILE", help="The patients: CSV or Parquet, or support:SUBSET.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", metavar="MAP.yaml", help="How the file's columns map to the dictionary.")
]
StudyFile = Annotated[
    Path | None, typer.Option("--study", metavar="STUDY", help="Take outcome and column mapping from a study.")
]
Censored = Annotated[
    str | None,
    typer.Option("--censored", metavar="exclude|ipcw", help="Patients whose follow-up ends before the horizon."),
]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing-predictors", help="Take a model without predictors the cohort lacks.")
]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="Say that the patients are not real.")]
Impossible = Annotated[
    str | None,
    typer.Option(
        "--impossible", metavar="refuse|set_missing|exclude_patient", help="What becomes of impossible values."
    ),
]
Thresholds = Annotated[str, typer.Option("--thresholds", metavar="T1,T2", help="Risks at which one might act.")]
Bootstrap = Annotated[int, typer.Option("--bootstrap", min=20, help="Resamples where there is no formula.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Start of every random draw.")]
Pdf = Annotated[bool, typer.Option("--pdf", help="Write the report as PDF too.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
