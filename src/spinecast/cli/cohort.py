"""``spinecast cohort``: check a table of patients, describe it, and match controls to the treated in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spinecast.cli.validation_cohort import impossible_values_named

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app"]

app = typer.Typer(
    help="Check, describe and match tables of patients.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

DATA_ERRORS = 2
"""Status when the data have errors: the same as for input that cannot be used, because they cannot."""


@app.callback()
def _group() -> None:
    """Keep this a group of commands, however few there are."""


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Table of patients: CSV or Parquet.")],
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="MAP.yaml", help="How its columns map to the dictionary: a study's columns."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="OTHER", help="Another table to compare it with.")
    ] = None,
    against_mapping: Annotated[
        Path | None, typer.Option("--against-mapping", metavar="MAP2.yaml", help="How the other's columns map.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PAGE.html", help="Write a self-contained page.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Check columns, units, values, people, dates and missing values of a table; ask wherever two answers fit.

    Status 0 when there are no errors (warnings and notes may be), 2 when there are. Research use only.
    """
    from spinecast.cohorts.checking import check_file, check_text, summary_line
    from spinecast.errors import SpinecastError
    from spinecast.files import readable_json

    if against_mapping is not None and against is None:
        raise SpinecastError("--against-mapping maps a file that is not named", expected="--against OTHER beside it")
    if output is not None:
        from spinecast.reporting.cohort_check import require_page

        require_page(output, [path for path in (file, mapping, against, against_mapping) if path is not None])
    found = check_file(file, mapping, against, against_mapping, progress=lambda said: typer.echo(said, err=True))
    if output is not None:
        from spinecast.files import atomic_write
        from spinecast.reporting.cohort_check import write_page

        atomic_write(output, write_page(found))
        typer.echo(f"page: {output}", err=True)
    typer.echo(readable_json(found.to_dict()) if json_ else check_text(found), nl=not json_)
    if found.has_errors:
        typer.echo(f"error: the data of {found.name} have errors: {summary_line(found)}", err=True)
        raise typer.Exit(DATA_ERRORS)


SourceArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="Patients: CSV or Parquet, or support:metastatic for those of SUPPORT.")
]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", metavar="MAP.yaml", help="How the file's columns map to the dictionary.")
]
ImpossibleOption = Annotated[
    str | None,
    typer.Option(
        "--impossible",
        metavar="refuse|set_missing|exclude_patient",
        help="What becomes of impossible values [default: refuse; set_missing for SUPPORT].",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


@app.command("describe")
def describe(
    file: SourceArgument,
    mapping: MappingOption = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="VARIABLE|outcome|site", help="Describe by group as well.")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="DAYS", help="With --by outcome: dead by this day.")
    ] = None,
    variables: Annotated[
        str | None, typer.Option("--variables", metavar="A,B", help="What to describe [default: all that is read].")
    ] = None,
    suppress: Annotated[
        int | None,
        typer.Option(
            "--suppress", metavar="N", min=0, help="Hide counts below N [default: 5 for real patients, else 0]."
        ),
    ] = None,
    impossible: ImpossibleOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PAGE.html", help="Write a self-contained page.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="TABLE.csv", help="Write table one as CSV.")] = None,
    json_: JsonOption = False,
) -> None:
    """Describe patients: table one over all and by group, standardised differences, missing values.

    Research use only.
    """
    from spinecast.cohorts.describing import default_smallest, describe_groups, group_patients, parse_group_by
    from spinecast.cohorts.opening import SITE, Request, open_patients
    from spinecast.errors import SpinecastError

    group_by = parse_group_by(by, horizon)
    chosen = _names("--variables", variables)
    _require_places([file, mapping], output, csv)
    if csv is not None and csv.suffix.casefold() != ".csv":
        raise SpinecastError(f"{csv} has no known ending", where="--csv", expected="a name that ends in .csv")
    request = Request(
        variables=chosen,
        also=group_by.variables if group_by else (),
        outcomes=bool(group_by and group_by.needs_outcomes),
        site=by == SITE,
        impossible_values=impossible_values_named(impossible),
    )
    typer.echo(f"reading {file}", err=True)
    opened = open_patients(file, mapping, request)
    typer.echo(f"describing {len(opened.cohort):,} patients", err=True)
    grouping = group_patients(opened.cohort, group_by)
    names = [name for name in chosen or opened.cohort.variables if name not in grouping.used]
    smallest = default_smallest(opened.cohort) if suppress is None else suppress
    found = describe_groups(opened.cohort, grouping, names, smallest=smallest, notes=opened.notes)
    _write_description(found, opened.mark, output, csv, json_=json_)


def _write_description(found: Any, mark: str, output: Path | None, csv: Path | None, *, json_: bool) -> None:
    from spinecast.cohorts.describing import table_csv, table_text
    from spinecast.files import atomic_write, readable_json

    notices = _notices(found.cohort.kind)
    if output is not None:
        from spinecast.reporting.cohort_description import render_description

        atomic_write(output, render_description(found))
        typer.echo(f"page: {output}", err=True)
    if csv is not None:
        atomic_write(csv, table_csv(found, " ".join([*notices, mark]).strip()))
        typer.echo(f"table: {csv}", err=True)
    if json_:
        typer.echo(readable_json({"notices": notices, **found.to_dict()}), nl=False)
    else:
        typer.echo("\n".join([*notices, "", table_text(found), "", *found.notes]).rstrip())


@app.command("match")
def match(
    file: SourceArgument,
    treatment: Annotated[
        str, typer.Option("--treatment", metavar="VARIABLE[=LEVEL]", help="Who was treated; all others are controls.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="A,B", help="Covariates, known before the treatment.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="TABLE", help="Where the matched patients go: .csv or .parquet.")
    ],
    mapping: MappingOption = None,
    ratio: Annotated[int, typer.Option("--ratio", metavar="K", help="Controls for each treated patient.")] = 1,
    caliper: Annotated[
        float,
        typer.Option("--caliper", help="Largest difference, in standard deviations of the propensity's log-odds."),
    ] = 0.2,
    exact: Annotated[
        str | None, typer.Option("--exact", metavar="A,B", help="Variables in which matched patients agree.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Let a control serve several treated patients.")] = False,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Let equals come in a random order [default: the order of the table]."),
    ] = None,
    impossible: ImpossibleOption = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="PAGE.html", help="Write a self-contained page.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Match controls to treated patients by propensity; say how alike the groups became. Research use only.

    The table names patients: keep it where the data are kept. The page does not.
    """
    from spinecast.cohorts.describing import default_smallest
    from spinecast.cohorts.matching import (
        MatchingPlan,
        match_cohort,
        matched_table,
        parse_treatment,
        require_free_columns,
        require_table_name,
        write_table,
    )
    from spinecast.cohorts.opening import Request, open_patients
    from spinecast.files import atomic_write

    name, level = parse_treatment(treatment)
    plan = MatchingPlan(
        name, level, _names("--on", on) or (), ratio, caliper, _names("--exact", exact) or (), replace, seed
    )
    require_table_name(output)
    _require_places([file, mapping], page, output)
    request = Request(plan.variables, impossible_values=impossible_values_named(impossible))
    typer.echo(f"reading {file}", err=True)
    opened = open_patients(file, mapping, request)
    require_free_columns([str(column) for column in opened.table])
    typer.echo(f"matching {len(opened.cohort):,} patients", err=True)
    matched = match_cohort(opened.cohort, plan, smallest=default_smallest(opened.cohort))
    rendered = _matching_page(matched) if page is not None else ""
    write_table(output, matched_table(opened, matched), opened.mark)
    if page is not None:
        atomic_write(page, rendered)
        typer.echo(f"page: {page}", err=True)
    _say_matched(matched, output, json_=json_, notes=opened.notes)


def _say_matched(matched: Any, output: Path, *, json_: bool, notes: Sequence[str]) -> None:
    from spinecast.cohorts.matching import matching_text
    from spinecast.files import readable_json

    notices = _notices(matched.cohort.kind)
    for text in matched.warnings():
        typer.echo(f"warning: {text}", err=True)
    if json_:
        typer.echo(readable_json({"notices": notices, **matched.to_dict(), "table": str(output)}), nl=False)
        return
    typer.echo("\n".join([*notices, *notes, matching_text(matched)]))
    typer.echo(f"table: {output} (it names patients: keep it where the data are kept)", err=True)


def _matching_page(matched: Any) -> str:
    from spinecast.reporting.cohort_matching import render_matching

    return render_matching(matched)


def _names(option: str, given: str | None) -> tuple[str, ...] | None:
    """Read names joined by commas; None where the option is left out."""
    from spinecast.clinical.dictionary import variable
    from spinecast.errors import SpinecastError

    if given is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not names:
        raise SpinecastError(f"{option} names no variable", expected="variables joined by commas")
    for name in names:
        variable(name)  # an unknown one is refused with the nearest
    return names


def _require_places(read: Sequence[str | Path | None], page: Path | None, table: Path | None) -> None:
    """Refuse places to write to before any work is done: no page, a folder, a file that is read, one place twice."""
    from spinecast.errors import OutputError
    from spinecast.files import ensure_writable_directory

    inputs = [Path(each) for each in read if each is not None]
    if table is not None:
        if table.is_dir():
            raise OutputError(f"{table} is a folder", where=str(table), expected="the name of a file")
        if any(table.resolve() == other.resolve() for other in inputs):
            raise OutputError(f"{table} is a file that is read", where=str(table), remedy="name another file")
        ensure_writable_directory(table.parent)
    if page is not None:
        from spinecast.reporting.cohort_check import require_page

        require_page(page, [*inputs, *([table] if table is not None else [])])


def _notices(kind: str) -> list[str]:
    from spinecast.notices import RESEARCH_USE, SYNTHETIC

    return [RESEARCH_USE, *([SYNTHETIC] if kind == "synthetic" else [])]
