"""CC040 to CC043: whether every row is one person, and another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.cohorts.checking.fill_ins import decimals_written
from spinecast.cohorts.checking.findings import SHOWN, FileFinding, NotApplicable, Result, first_rows
from spinecast.cohorts.checking.linkage import Evidence, Links, evidence_of, find_links
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn
from spinecast.cohorts.identifiers import patient_identifiers, source_rows
from spinecast.cohorts.rules import MISSING_TEXT

__all__ = ["common_evidence", "people_results"]

_WELL_FILLED = 0.8

FloatArray = NDArray[np.float64]


def people_results(table: MappedTable, dates: Mapping[str, FloatArray]) -> Iterator[Result]:
    """Look for people who stand in a file more than once.

    Parameters
    ----------
    table : MappedTable
    dates : mapping of str to ndarray, shape (n,)
        Days since 1970, by the key of the mapping's date columns; NaN where missing.
    """
    yield from _identifiers(table)
    yield from _groups(table)
    yield from _twice(table, dates)


def _identifiers(table: MappedTable) -> Iterator[Result]:
    column = table.mapping.content.id_column
    if table.identifiers is None or column is None:
        yield NotApplicable("CC040", "no id_column is read")
        yield NotApplicable("CC041", "no id_column is read")
        return
    for code, finding in zip(
        ("CC040", "CC041"), patient_identifiers(table.raw[column], source_rows(table.raw))[1], strict=True
    ):
        count = len(finding.positions)
        if not count:
            continue
        marked = np.zeros(len(table), dtype=bool)
        marked[finding.positions] = True
        missing = code == "CC040"
        whole = 0 if missing else _repeated_whole(table, marked)
        yield FileFinding(
            code,
            "error",
            f"{count} of {len(table)} rows have no identifier"
            if missing
            else f"{count} of {len(table)} rows bear the identifier of an earlier row"
            + (f"; {whole} of them are the same in every column" if whole else ""),
            "give every patient an identifier" if missing else "keep one row a patient: the one at the index date",
            column=column,
            count=count,
            of=len(table),
            rows=first_rows(marked),
        )


def _groups(table: MappedTable) -> Iterator[Result]:
    column = table.mapping.content.group_column
    if column is None or table.headers.count(column) != 1:
        yield NotApplicable("CC043", "no group_column is read")
        return
    texts = table.raw[column].astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell).strip().casefold())
    without = texts.isin(MISSING_TEXT).to_numpy(dtype=bool)
    if without.any():
        yield FileFinding(
            "CC043",
            "error",
            f"{int(without.sum())} of {len(table)} rows have no site or cluster",
            "give every patient one: people who belong together must stay together in resampling",
            column=column,
            count=int(without.sum()),
            of=len(table),
            rows=first_rows(without),
        )


def _repeated_whole(table: MappedTable, marked: NDArray[np.bool_]) -> int:
    """Count the rows under an identifier used before that repeat an earlier row in every column."""
    if table.identifiers is None:
        return 0
    concerned = table.identifiers.isin(set(table.identifiers[marked])).to_numpy(dtype=bool)
    return int(table.raw[concerned].duplicated().sum())


def _twice(table: MappedTable, dates: Mapping[str, FloatArray]) -> Iterator[Result]:
    filled = [name for name, column in table.columns.items() if column.known.n >= _WELL_FILLED * len(table)]
    evidence = common_evidence(table, table, filled, dates, dates)
    links = find_links(evidence, within=True, most_differing=0.0)
    if links is None:
        yield NotApplicable("CC042", "the well-filled columns together cannot tell two people apart")
        return
    links = _other_identifiers(table, links)
    if not len(links):
        return
    marked = np.zeros(len(table), dtype=bool)
    marked[links.right] = True
    yield FileFinding(
        "CC042",
        "warning",
        f"{len(links)} pairs of rows with different identifiers are the same in all the "
        f"{int(links.agreeing.min())} or more well-filled columns known of both; by chance at most "
        f"{links.by_chance:.3g} would be",
        "look at the rows named; keep one of each pair if they are one person",
        count=len(links),
        of=len(table),
        rows=first_rows(marked),
        examples=tuple(
            f"rows {left + 1} and {right + 1}: {agreeing} columns agree"
            for left, right, agreeing in zip(
                links.left[:SHOWN], links.right[:SHOWN], links.agreeing[:SHOWN], strict=True
            )
        ),
    )


def _other_identifiers(table: MappedTable, links: Links) -> Links:
    """Leave out pairs under one identifier: those have a finding of their own."""
    if table.identifiers is None:
        return links
    identifiers = table.identifiers.to_numpy(dtype=object)
    kept = identifiers[links.left] != identifiers[links.right]
    return Links(links.left[kept], links.right[kept], links.agreeing[kept], links.differing[kept], links.by_chance)


def common_evidence(
    left: MappedTable,
    right: MappedTable,
    names: list[str],
    left_dates: Mapping[str, FloatArray],
    right_dates: Mapping[str, FloatArray],
) -> list[Evidence]:
    """Return what two tables tell of the same people.

    Derived variables tell nothing that their inputs do not and are left out.

    Parameters
    ----------
    left, right : MappedTable
    names : list of str
        Variables read in both.
    left_dates, right_dates : mapping of str to ndarray
        Days since 1970, by the key of the mapping's date columns.
    """
    evidence = []
    for name in names:
        entry = left.columns[name].entry
        if not (entry.is_derived and left.has(*entry.derived_from)):
            mine, theirs = left.columns[name], right.columns[name]
            steps = None if entry.is_levelled else _steps(mine, theirs)
            evidence.append(evidence_of(name, mine.values, theirs.values, steps))
    shared = [key for key in left_dates if key in right_dates]
    return evidence + [evidence_of(key, left_dates[key], right_dates[key], (1.0, 1.0)) for key in shared]


def _steps(mine: ReadColumn, theirs: ReadColumn) -> tuple[float, float]:
    """Return the steps in which two columns are written, in the canonical unit: 0 where one is too fine to tell."""
    steps = []
    for column in (mine, theirs):
        decimals = decimals_written(column.numbers)
        factor = column.entry.conversion(column.rule.unit).factor
        steps.append(0.0 if decimals is None else float(10.0**-decimals * factor))
    return (steps[0], steps[1]) if max(steps) else (10.0**-mine.entry.decimals, 0.0)
