"""Tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import typer

__all__ = ["print_columns"]


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows, the first of them the head, each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
