"""``spinecast compare``: finished runs, or the candidates of one, side by side in the same patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Output folder, registered name, name@alias, name/version or run id.",
        ),
    ],
    candidates: Annotated[
        bool, typer.Option("--candidates", help="Set every candidate of each run beside it: one run is enough.")
    ] = False,
    horizon: Annotated[
        float | None,
        typer.Option("--horizon", metavar="DAYS", help="Of runs of times: the day at which they are compared."),
    ] = None,
    unpaired: Annotated[
        bool, typer.Option("--unpaired", help="Runs that share no patient, each in its own: differences mix in theirs.")
    ] = False,
    results: Annotated[
        Path, typer.Option("--results", metavar="DIR", help="Where the output folders of registered runs lie.")
    ] = Path("output"),
    thresholds: Annotated[
        str | None,
        typer.Option("--thresholds", metavar="T1,T2", help="Risks at which one might act [the first run's study]."),
    ] = None,
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=20, help="Resamples where there is no formula.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Start of every random draw.")] = 1,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="PAGE.html", help="Where the page goes [default: output/comparisons/….html]."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the page as PDF too.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Compare runs: paired tests, calibration and decision curves on one axis, how far one patient's risks differ.

    Patients are paired by identifier, in the tables that training left beside the cohort. Research use only.
    """
    from spinecast.cli.compare_inputs import find_runs, models_to_compare
    from spinecast.cli.compare_results import make_record, page_of, settings_of, summary_text
    from spinecast.cli.evaluate import require_page
    from spinecast.errors import ContractError
    from spinecast.files import atomic_write, canonical_json
    from spinecast.reporting import render_html, render_pdf
    from spinecast.reporting.comparison import build_comparison
    from spinecast.training.progress import say
    from spinecast.validation.comparison.comparing_levels import compare_levels
    from spinecast.validation.comparison.comparing_runs import compare_runs

    found = find_runs(runs, results)
    models = models_to_compare(found, horizon, candidates=candidates)
    page = report or page_of(found)
    require_page(page, [])
    settings = settings_of(found[0].results, thresholds, bootstrap, seed)
    say(f"comparing {len(models)} models")
    levels = [one.levels for one in models if one.levels is not None]
    if levels and unpaired:
        raise ContractError(
            "ordered levels are compared in the same patients alone",
            where="--unpaired",
            remedy="leave it out; validate both models on the same patients",
        )
    record = make_record(
        models,
        settings,
        compare_levels(levels, settings)
        if levels
        else compare_runs([one.risks for one in models], settings, unpaired=unpaired),
    )
    document = build_comparison(record)
    atomic_write(page, render_html(document))
    if pdf:
        atomic_write(page.with_suffix(".pdf"), render_pdf(document))
    typer.echo(canonical_json(record.to_dict() | {"page": str(page)}) if json_ else summary_text(record, page))
