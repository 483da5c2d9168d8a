"""CC080 to CC082: people who stand in two files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.checking.findings import SHOWN, FileFinding, NotApplicable, Result, first_rows
from spinecast.cohorts.checking.linkage import Links, find_links
from spinecast.cohorts.checking.people_checks import common_evidence
from spinecast.cohorts.checking.reading import MappedTable
from spinecast.cohorts.rules import MISSING_TEXT, canonical_key

__all__ = ["shared_people_results"]

# This project's own convention: nine in ten of the smaller file's people in the other is a copy, not an overlap.
_MADE_FROM = 0.9

FloatArray = NDArray[np.float64]
Positions = NDArray[np.int64]


def shared_people_results(
    table: MappedTable,
    other: MappedTable,
    dates: Mapping[str, FloatArray],
    other_dates: Mapping[str, FloatArray],
) -> Iterator[Result]:
    """Look for people who stand in both files, under whatever identifiers.

    Parameters
    ----------
    table, other : MappedTable
    dates, other_dates : mapping of str to ndarray
        Days since 1970, by the key of the mapping's date columns.
    """
    common = [name for name in table.columns if name in other.columns]
    links = find_links(common_evidence(table, other, common, dates, other_dates))
    if links is None:
        reason = "the columns that both files have cannot together tell two people apart"
        yield from (NotApplicable(code, reason) for code in ("CC080", "CC082"))
    elif len(links):
        yield from _overlap(table, other, links)
    yield from _identifiers(table, other, links)


def _overlap(table: MappedTable, other: MappedTable, links: Links) -> Iterator[Result]:
    here, there = len(np.unique(links.left)), len(np.unique(links.right))
    marked = np.zeros(len(table), dtype=bool)
    marked[links.left] = True
    share_here, share_there = here / len(table), there / len(other)
    remedy = "never develop a model on one and validate it on the other; keep each person in one file"
    evidence = (
        f"they agree in {int(np.median(links.agreeing))} columns (median) and differ in "
        f"{int(np.median(links.differing))}; by chance at most {links.by_chance:.1g} would be found"
    )
    if max(share_here, share_there) >= _MADE_FROM:
        if min(share_here, share_there) >= _MADE_FROM:
            text = f"the files hold the same people: {here} of {len(table)} and {there} of {len(other)}"
        elif share_here >= _MADE_FROM:
            text = f"{table.name} is made from {other.name}: {here} of its {len(table)} people stand there too"
        else:
            text = f"{other.name} is made from {table.name}: {there} of its {len(other)} people stand here too"
        code = "CC082"
    else:
        text = f"{here} of {len(table)} people stand in {other.name} too"
        code = "CC080"
    yield FileFinding(
        code,
        "error",
        f"{text}; {evidence}{_under(table, other, links)}",
        remedy,
        count=here,
        of=len(table),
        rows=first_rows(marked),
        examples=tuple(
            f"row {left + 1} is row {right + 1} of {other.name}: {agreeing} columns agree, {differing} differ"
            for left, right, agreeing, differing in zip(
                links.left[:SHOWN], links.right[:SHOWN], links.agreeing[:SHOWN], links.differing[:SHOWN], strict=True
            )
        ),
    )


def _under(table: MappedTable, other: MappedTable, links: Links) -> str:
    """Say under how many different identifiers the same people stand."""
    if table.identifiers is None or other.identifiers is None:
        return ""
    mine, theirs = _keys(table)[links.left], _keys(other)[links.right]
    different = int((mine != theirs).sum())
    return f"; {different} of them under different identifiers"


def _identifiers(table: MappedTable, other: MappedTable, links: Links | None) -> Iterator[Result]:
    if table.identifiers is None or other.identifiers is None:
        yield NotApplicable("CC081", "an id_column is read in one file only, or in none")
        return
    mine, theirs = _keys(table), _keys(other)
    usable = ~np.isin(mine, [canonical_key(text) for text in MISSING_TEXT])
    shared = np.isin(mine, theirs) & usable
    count = int(shared.sum())
    if not count:
        return
    same = 0
    if links is not None:
        same = int((mine[links.left] == theirs[links.right]).sum())
    unlike = links is not None and same < 0.5 * count
    yield FileFinding(
        "CC081",
        "note" if unlike else "error",
        f"{count} identifiers stand in both files"
        + (
            "; whether they are the same people cannot be told from the common columns"
            if links is None
            else f"; under {same} of them stands the same person"
        ),
        "the files number their patients alike: give each file's identifiers a prefix before they are put together"
        if unlike
        else "take these people out of one of the files",
        column=table.mapping.content.id_column,
        count=count,
        of=len(table),
        rows=first_rows(shared),
    )


def _keys(table: MappedTable) -> NDArray[np.str_]:
    """Return identifiers as text, 1 and 1.0 alike, shape (n,)."""
    if table.identifiers is None:
        return np.empty(0, dtype=str)
    return np.array([canonical_key(identifier) for identifier in table.identifiers], dtype=str)
