"""``spinecast checks``: what the coded checks look for, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.columns import print_columns

if TYPE_CHECKING:
    from spinecast.validation.checks import CheckKind

__all__ = ["app"]

app = typer.Typer(
    help="Read the register of coded checks.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_(
    place: Annotated[
        str | None, typer.Option("--in", metavar="COMMAND", help="Only those of train, validate or evaluate.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """List every check with its gravest severity and where it is made, one line each."""
    from spinecast.files import readable_json
    from spinecast.validation.checks import CHECKS

    kinds = [kind for kind in CHECKS.values() if place is None or place in kind.places]
    if not kinds:
        raise _no_place(str(place))
    if json_:
        typer.echo(readable_json({"checks": [kind.to_dict() for kind in kinds]}), nl=False)
        return
    rows = [("code", "severity", "made in", "looks for")]
    rows += [(kind.code, " or ".join(kind.severities), ", ".join(kind.places), kind.title) for kind in kinds]
    print_columns(rows)


@app.command("show")
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A check, such as SC001.")], json_: JsonOption = False
) -> None:
    """Say what a check looks for, when it cannot be made, what to do, and where its bounds come from."""
    from spinecast.files import readable_json
    from spinecast.validation.checks import check_kind

    kind = check_kind(code)
    typer.echo(readable_json(kind.to_dict()) if json_ else _text(kind), nl=False)


@app.command("export")
def export() -> None:
    """Print the register as a page in Markdown (docs/checks.md)."""
    from spinecast.validation.checks import register_page

    typer.echo(register_page(), nl=False)


def _no_place(place: str) -> Exception:
    from spinecast.errors import ContractError, nearest
    from spinecast.validation.checks import PLACES

    close = nearest(place, PLACES)
    return ContractError(
        f"no check is made in {place!r}",
        where="--in",
        expected=f"one of {', '.join(PLACES)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def _text(kind: CheckKind) -> str:
    import textwrap

    parts = (
        ("severity", " or ".join(kind.severities)),
        ("made in", ", ".join(kind.places)),
        ("looks for", kind.explanation),
        ("cannot be", kind.not_applicable),
        ("to do", kind.remedy),
        ("source", kind.source),
    )
    lines = [f"{kind.code} {kind.title}"]
    for name, words in parts:
        lines += textwrap.wrap(words, 100, initial_indent=f"  {name + ':':11}", subsequent_indent=" " * 13)
    return "\n".join(lines) + "\n"
