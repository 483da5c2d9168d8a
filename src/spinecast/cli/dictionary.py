"""``spinecast dictionary``: the variables spinecast knows, to read and to export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.columns import print_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spinecast.clinical.variable import Variable

__all__ = ["app"]

app = typer.Typer(
    help="Read and export the dictionary of variables.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
DomainOption = Annotated[str | None, typer.Option("--domain", metavar="DOMAIN", help="Only one part of the record.")]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Only predictors, outcomes, ...")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_(domain: DomainOption = None, role: RoleOption = None, json_: JsonOption = False) -> None:
    """List variables with their kind and their unit or levels, one line each."""
    from spinecast.clinical.exporting import to_json

    entries = _chosen(domain, role)
    if json_:
        typer.echo(to_json(entries), nl=False)
        return
    rows = [("variable", "domain", "role", "kind", "unit or levels", "label")]
    rows += [(e.name, e.domain, e.role, e.kind, _shortened(_values(e), 44), e.label) for e in entries]
    print_columns(rows)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A variable, such as albumin.")], json_: JsonOption = False
) -> None:
    """Print all that is known of one variable: units with their factors, ranges, levels, codes, derivation, source."""
    from spinecast.clinical.dictionary import variable
    from spinecast.clinical.exporting import to_dict, to_text
    from spinecast.files import readable_json

    entry = variable(name)
    typer.echo(readable_json(to_dict(entry)) if json_ else to_text(entry), nl=False)


@app.command("export")
def export(
    format_: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="markdown, json, csv or redcap (a REDCap data dictionary)."),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")] = None,
    domain: DomainOption = None,
    role: RoleOption = None,
) -> None:
    """Export the dictionary as a page, a document, a table or the forms of a REDCap project."""
    from spinecast.clinical.exporting import FORMATS
    from spinecast.files import atomic_write

    _require_one_of("format", format_, FORMATS)
    entries = _chosen(domain, role)
    text = FORMATS[format_](entries)
    if output is None:
        typer.echo(text, nl=False)
        return
    atomic_write(output, text)
    typer.echo(f"{len(entries)} variables in {output}", err=True)


def _chosen(domain: str | None, role: str | None) -> list[Variable]:
    """Return the variables of a domain and a role, in the order of the dictionary."""
    from typing import get_args

    from spinecast.clinical.dictionary import variables
    from spinecast.clinical.variable import Domain, Role
    from spinecast.errors import ContractError

    _require_one_of("domain", domain, get_args(Domain))
    _require_one_of("role", role, get_args(Role))
    entries = [e for e in variables().values() if domain in (None, e.domain) and role in (None, e.role)]
    if not entries:
        raise ContractError(f"the dictionary has no variable of domain {domain} and role {role}")
    return entries


def _require_one_of(what: str, given: str | None, known: Iterable[str]) -> None:
    from spinecast.errors import ContractError, nearest

    if given is None or given in known:
        return
    close = nearest(given, known)
    raise ContractError(
        f"the dictionary has no {what} {given!r}",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _values(entry: Variable) -> str:
    if entry.is_levelled:
        return (" < " if entry.kind == "ordinal" else ", ").join(entry.level_values)
    return ", ".join(conversion.unit.symbol or "number" for conversion in entry.conversions())


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip(" ,<") + "…"
