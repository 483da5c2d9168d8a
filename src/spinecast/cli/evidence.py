"""``spinecast evidence``: published results as data, and what they amount to together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.errors import SpinecastError, nearest

if TYPE_CHECKING:
    from spinecast.evidence.pooling import Recipe
    from spinecast.evidence.printed import SummaryCheck

__all__ = ["app"]

app = typer.Typer(
    help="Pool what the literature prints: meta-analysis of AUCs and observed to expected ratios.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

FileArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE",
        help="CSV of published results, or published_auc (default), external_validation, comparators_umc_utrecht.",
        show_default=False,
    ),
]
OutcomeOption = Annotated[
    str | None,
    typer.Option("--outcome", metavar="NAME", help="90d and 1y mean mortality; mortality_6w, ambulation ...; or all."),
]
StageOption = Annotated[
    str | None,
    typer.Option(
        "--stage", metavar="STAGE", help="training, internal, external (default of pool) or all.", show_default=False
    ),
]
ModelOption = Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Only this model, as SORG-MLA.")]
RatioOption = Annotated[
    str | None, typer.Option("--ratio", metavar="oe", help="oe: observed to expected ratios instead of AUCs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

SCALES = ("logit", "raw")
METHODS = ("reml", "ml", "dl", "pm", "fixed")
INTERVALS = ("hartung-knapp", "hartung-knapp-truncated", "wald")


@app.command("list")
def list_(
    file: FileArgument = None,
    outcome: OutcomeOption = None,
    stage: StageOption = None,
    model: ModelOption = None,
    ratio: RatioOption = None,
    json_: JsonOption = False,
) -> None:
    """List published results as printed, with what is known to be wrong beside them."""
    from spinecast.evidence.answers import result_document
    from spinecast.evidence.reading import find_table, read_results
    from spinecast.evidence.results import ALL
    from spinecast.evidence.selection import Selection, narrow
    from spinecast.evidence.text import listed_text
    from spinecast.files import readable_json

    path, ratios = find_table(file), _ratios(ratio)
    results = narrow(read_results(path, ratio=ratios), Selection(outcome or ALL, stage or ALL, model))
    if json_:
        rows = [
            {**result_document(one), "auc": {"estimate": one.auc, "lower": one.lower, "upper": one.upper}}
            for one in results
        ]
        typer.echo(readable_json({"table": path.name, "results": rows}), nl=False)
        return
    typer.echo(listed_text(results, path.name, ratio=ratios))


@app.command("pool")
def pool_(
    file: FileArgument = None,
    outcome: OutcomeOption = None,
    stage: StageOption = None,
    model: ModelOption = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", metavar="A,B", help="Leave results out, by id or by study.")
    ] = None,
    instead: Annotated[
        str | None,
        typer.Option("--instead", metavar="A,B", help="Take alternative results in place of those they stand for."),
    ] = None,
    ratio: RatioOption = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="Between studies: reml, ml, dl, pm, or fixed.")
    ] = "reml",
    interval: Annotated[
        str | None,
        typer.Option(
            "--interval",
            metavar="INTERVAL",
            help="hartung-knapp (default), hartung-knapp-truncated, or wald (default of --method fixed).",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", metavar="SCALE", help="Of AUCs: logit (default) or raw.", show_default=False),
    ] = None,
    standard_error: Annotated[
        str,
        typer.Option(
            "--standard-error",
            metavar="SOURCE",
            help="On the logit scale: from the limits, or the width of the interval (delta method).",
        ),
    ] = "limits",
    missing_standard_error: Annotated[
        str,
        typer.Option(
            "--missing-se", metavar="leave-out|mean", help="Results without an interval: left out, or the mean error."
        ),
    ] = "leave-out",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PAGE.html", help="Write a self-contained page.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Pool published results: value, interval, prediction interval, heterogeneity, leave-one-out, influence.

    Printed values are never corrected; what is known to be wrong stands beside them. Research use only.
    """
    from spinecast.evidence.answers import pooled_document
    from spinecast.evidence.pooling import pool
    from spinecast.evidence.reading import find_table, read_results
    from spinecast.evidence.selection import Selection, select
    from spinecast.evidence.text import pooled_text
    from spinecast.files import readable_json

    path, ratios = find_table(file), _ratios(ratio)
    recipe = _recipe(method, interval, scale, standard_error, missing_standard_error, ratios=ratios)
    if output is not None:
        _require_page(output, path)
    selection = Selection(outcome, stage or "external", model, _names(exclude), _names(instead))
    pooled = pool(select(read_results(path, ratio=ratios), selection), recipe)
    checks = _checks(path) if not ratios else ()
    if output is not None:
        from spinecast.files import atomic_write
        from spinecast.reporting.evidence_page import evidence_page

        atomic_write(output, evidence_page(pooled, path.name, checks))
        typer.echo(f"page: {output}", err=True)
    if json_:
        typer.echo(readable_json(pooled_document(pooled, path.name, checks)), nl=False)
        return
    typer.echo(pooled_text(pooled, path.name, checks))


@app.command("check")
def check(json_: JsonOption = False) -> None:
    """Compute again what the review prints about its own tables, and say what does not follow from them."""
    from spinecast.evidence.answers import check_document
    from spinecast.evidence.printed import check_summaries
    from spinecast.evidence.text import checks_text
    from spinecast.files import readable_json

    checks = check_summaries()
    if json_:
        typer.echo(readable_json([check_document(one) for one in checks]), nl=False)
        return
    typer.echo(checks_text(checks))


def _checks(path: Path) -> tuple[SummaryCheck, ...]:
    """Return the printed summaries of the delivered table; a table of one's own has none."""
    from spinecast.evidence.printed import check_summaries
    from spinecast.evidence.reading import DEFAULT_TABLE, delivered_tables

    return check_summaries() if path.resolve() == delivered_tables()[DEFAULT_TABLE].resolve() else ()


def _ratios(ratio: str | None) -> bool:
    if ratio not in (None, "oe"):
        raise SpinecastError(f"--ratio cannot be {ratio!r}", expected="oe, observed to expected, or no --ratio")
    return ratio is not None


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))


def _recipe(
    method: str,
    interval: str | None,
    scale: str | None,
    standard_error: str,
    missing_standard_error: str,
    *,
    ratios: bool,
) -> Recipe:
    from spinecast.evidence.pooling import Recipe

    _one_of("--method", method, METHODS)
    if interval is not None:
        _one_of("--interval", interval, INTERVALS)
    if method == "fixed" and interval not in (None, "wald"):
        raise SpinecastError(
            f"--interval {interval} belongs to random effects", expected="--interval wald with --method fixed"
        )
    if ratios and scale is not None:
        raise SpinecastError("--scale is of AUCs", remedy="leave it out: ratios are pooled on the log scale")
    _one_of("--scale", scale or "logit", SCALES)
    _one_of("--standard-error", standard_error, ("limits", "width"))
    _one_of("--missing-se", missing_standard_error, ("leave-out", "mean"))
    return Recipe(
        quantity="observed_expected_ratio" if ratios else "auc",
        scale="log" if ratios else scale or "logit",  # type: ignore[arg-type]
        method=method,  # type: ignore[arg-type]
        interval=interval or ("wald" if method == "fixed" else "hartung-knapp"),  # type: ignore[arg-type]
        standard_error=standard_error,  # type: ignore[arg-type]
        missing_standard_error="mean" if missing_standard_error == "mean" else "leave_out",
    )


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        close = nearest(value, allowed)
        raise SpinecastError(
            f"{option} cannot be {value!r}",
            expected=f"one of {', '.join(allowed)}",
            remedy=f"did you mean {close}?" if close else None,
        )


def _require_page(output: Path, table: Path) -> None:
    from spinecast.errors import OutputError
    from spinecast.files import ensure_writable_directory

    if output.suffix.casefold() not in (".html", ".htm"):
        raise OutputError(f"{output} is no name of a page", expected="a name that ends in .html")
    if output.is_dir():
        raise OutputError(f"{output} is a folder", expected="the name of a file")
    if output.resolve() == table.resolve():
        raise OutputError(f"{output} is the table itself", remedy="name another file for the page")
    ensure_writable_directory(output.parent)
