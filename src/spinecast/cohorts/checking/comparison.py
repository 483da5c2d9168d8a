"""CC083 to CC088: whether two files write, distribute and record the same variables alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from spinecast.clinical.variable import format_number
from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result
from spinecast.cohorts.checking.privacy import A_DATE, shown_cell
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn
from spinecast.cohorts.rules import canonical_key

__all__ = ["comparison_results", "level_difference", "number_difference"]

_FEWEST = 20
# Groups are well balanced up to a standardised difference of 0.25 (Rubin 2001, Health Serv Outcomes Res Methodol
# 2:169); 0.8 is large by Cohen (1988). Either is reported only where it is beyond chance.
_SHIFTED = 0.25
_FAR = 0.8
# A fifth more missing, as in CC063: this project's own convention.
_GAP = 0.2
# Two distributions of levels differ by a quarter of the people, and by a third of that or less once one is turned.
_UNLIKE = 0.25
_MENDED = 1 / 3
# Quartiles come within 15 % of each other once a factor is taken out that lies three times as far apart.
_NEAR = np.log(1.15)
_CLEARER = 3.0

FloatArray = NDArray[np.float64]


def comparison_results(table: MappedTable, other: MappedTable) -> Iterator[Result]:
    """Compare the variables that two files share."""
    common = [(column, other.columns[name]) for name, column in table.columns.items() if name in other.columns]
    yield from _one_only(table, other, bool(common))
    levelled = [pair for pair in common if pair[0].entry.is_levelled]
    measured = [pair for pair in common if not pair[0].entry.is_levelled]
    if not levelled:
        yield from (NotApplicable(code, "the files share no variable with levels") for code in ("CC083", "CC084"))
    if not measured:
        yield NotApplicable("CC085", "the files share no measured variable")
    if not common:
        yield from (NotApplicable(code, "the files share no variable") for code in ("CC086", "CC087"))
    explained: set[str] = set()
    for mine, theirs in levelled:
        for result in (*_written(mine, theirs, other.name), *_turned(mine, theirs, other.name)):
            explained.add(mine.name)
            yield result
    for mine, theirs in measured:
        for result in _units(mine, theirs, other.name):
            explained.add(mine.name)
            yield result
    yield from _shifted([pair for pair in common if pair[0].name not in explained], other.name)
    yield from _missing(common, other.name)


def _one_only(table: MappedTable, other: MappedTable, any_common: bool) -> Iterator[Result]:
    if not any_common:
        yield FileFinding(
            "CC088",
            "error",
            f"{table.name} and {other.name} share no variable that is read, so they cannot be compared",
            "map the columns of both: --mapping for this file, --against-mapping for the other",
        )
        return
    here = [name for name in table.columns if name not in other.columns]
    there = [name for name in other.columns if name not in table.columns]
    if here or there:
        yield FileFinding(
            "CC088",
            "note",
            f"{len(here)} variables are read in {table.name} only and {len(there)} in {other.name} only",
            "map them in the other file, or know that a study of both cannot use them",
            count=len(here) + len(there),
            of=len(set(table.columns) | set(other.columns)),
            examples=(*(f"here only: {name}" for name in here), *(f"there only: {name}" for name in there)),
        )


def _written(mine: ReadColumn, theirs: ReadColumn, other: str) -> Iterator[Result]:
    """Find levels that one file writes in a way its mapping does not read: 0/1 against 1/2, other spellings."""
    if not (mine.broken.any() or theirs.broken.any()):
        return
    here, there = _texts(mine), _texts(theirs)
    if here == there:
        return
    yield FileFinding(
        "CC083",
        "error",
        f"{mine.name} is written {_listed(here)} here and {_listed(there)} in {other}, and not all of it is read",
        f"map both files to {', '.join(mine.entry.level_values)}: what is read of the one may mean something else",
        column=mine.rule.column,
        variable=mine.name,
        count=mine.count(mine.broken) + theirs.count(theirs.broken),
        of=len(mine) + len(theirs),
    )


def _texts(column: ReadColumn) -> tuple[str, ...]:
    shown = ~column.absent & ~column.withheld
    texts = {A_DATE if shown_cell(cell) == A_DATE else canonical_key(cell) for cell in column.cells[shown]}
    return tuple(sorted(texts))


def _listed(texts: tuple[str, ...]) -> str:
    few = ", ".join(text if len(text) <= 30 else f"{text[:29]}…" for text in texts[:12])
    return f"{few} and {len(texts) - 12} more" if len(texts) > 12 else few or "nowhere"


def _turned(mine: ReadColumn, theirs: ReadColumn, other: str) -> Iterator[Result]:
    """Suspect a reversed or moved coding where it would make two unlike distributions alike."""
    if min(mine.known.n, theirs.known.n) < _FEWEST or (mine.entry.kind == "nominal" and len(mine.entry.levels) > 2):
        return
    here, there = _level_shares(mine), _level_shares(theirs)
    apart = _apart(here, there)
    if apart < _UNLIKE:
        return
    readings = {"reversed": there[::-1]}
    if len(there) > 2:
        readings["moved up by one level"] = np.roll(there, 1)
        readings["moved down by one level"] = np.roll(there, -1)
    words = min(readings, key=lambda name: _apart(here, readings[name]))
    mended = _apart(here, readings[words])
    if mended > _MENDED * apart:
        return
    yield FileFinding(
        "CC084",
        "warning",
        f"{mine.name} looks {words} in one of the files: its levels differ by {apart:.0%} of the people, and by "
        f"{mended:.0%} once they are {words}",
        f"ask both what each code means; write it under levels in the mapping of {mine.name}",
        column=mine.rule.column,
        variable=mine.name,
        count=mine.known.n + theirs.known.n,
        of=len(mine) + len(theirs),
        examples=tuple(
            f"{level}: {share:.0%} here, {theirs_share:.0%} in {other}"
            for level, share, theirs_share in zip(mine.entry.level_values, here, there, strict=True)
        ),
    )


def _level_shares(column: ReadColumn) -> FloatArray:
    counts = np.zeros(len(column.entry.levels))
    counts[column.known.values.astype(np.int64)] = column.known.counts
    return np.asarray(counts / counts.sum())


def _apart(here: FloatArray, there: FloatArray) -> float:
    """Total variation distance: the share of people who would have to change level."""
    return float(np.abs(here - there).sum() / 2)


def _units(mine: ReadColumn, theirs: ReadColumn, other: str) -> Iterator[Result]:
    """Find a variable that seems to be in different units in the two files."""
    if min(mine.numbers.n, theirs.numbers.n) < _FEWEST:
        return
    here, there = _quartiles(mine), _quartiles(theirs)
    read_here, read_there = (column.entry.conversion(column.rule.unit) for column in (mine, theirs))
    gap = _gap(read_here.to_canonical(here), read_there.to_canonical(there))
    explained = {}
    for unit in mine.entry.conversions():
        name = unit.unit.symbol or "no unit"
        explained[f"those here were in {name}"] = _gap(unit.to_canonical(here), read_there.to_canonical(there))
        explained[f"those of {other} were in {name}"] = _gap(read_here.to_canonical(here), unit.to_canonical(there))
    words = min(explained, key=lambda reading: explained[reading])
    if explained[words] > _NEAR or gap < _CLEARER * max(explained[words], _NEAR):
        return
    yield FileFinding(
        "CC085",
        "error",
        f"{mine.name} has a median of {_median(mine)} here and {_median(theirs)} in {other}; the values would agree if "
        f"{words}",
        "ask both in which unit they recorded it and write it in both mappings",
        column=mine.rule.column,
        variable=mine.name,
        count=mine.numbers.n + theirs.numbers.n,
        of=len(mine) + len(theirs),
    )


def _quartiles(column: ReadColumn) -> FloatArray:
    return np.array([column.numbers.quantile(share) for share in (0.25, 0.5, 0.75)])


def _gap(ours: FloatArray, theirs: FloatArray) -> float:
    """Return how far apart quartiles are at most, as a logarithm of their ratio; infinite where one is not positive."""
    if (ours <= 0).any() or (theirs <= 0).any():
        return float("inf")
    return float(np.abs(np.log(ours / theirs)).max())


def _median(column: ReadColumn) -> str:
    unit = column.entry.conversion(column.rule.unit).unit.symbol
    return f"{format_number(column.numbers.median)} {unit}".rstrip()


def _shifted(common: list[tuple[ReadColumn, ReadColumn]], other: str) -> Iterator[Result]:
    found = []
    for mine, theirs in common:
        n, m = mine.known.n, theirs.known.n
        if min(n, m) < _FEWEST:
            continue
        levelled = mine.entry.is_levelled
        size = level_difference(mine, theirs) if levelled else number_difference(mine, theirs)
        free = len(set(mine.known.values) | set(theirs.known.values)) - 1 if levelled else 1
        # Under equal distributions size^2 n m / (n + m) is about chi-squared (Hotelling), with a degree a free level.
        if size is None or abs(size) < _SHIFTED or size**2 * n * m / (n + m) < stats.chi2.ppf(0.95, max(1, free)):
            continue
        found.append((abs(size), f"{mine.name}: {size:.2f}" if levelled else f"{mine.name}: {size:+.2f}"))
    if not found:
        return
    yield FileFinding(
        "CC086",
        "warning" if max(found)[0] >= _FAR else "note",
        f"{len(found)} of {len(common)} variables differ from {other} by a standardised difference of {_SHIFTED} or "
        "more",
        "know that the files hold other people; if they should not, look for another coding or selection",
        count=len(found),
        of=len(common),
        examples=tuple(text for _, text in sorted(found, reverse=True)),
    )


def number_difference(mine: ReadColumn, theirs: ReadColumn) -> float | None:
    """Return (mean here - mean there) / sqrt((s1^2 + s2^2) / 2), of logarithms where the variable is skewed.

    Austin 2009, Stat Med 28:3083. None where nothing varies.
    """
    here, there = mine.known, theirs.known
    if mine.entry.skewed:
        here, there = _logarithms(here), _logarithms(there)
    spread = np.sqrt((here.deviation**2 + there.deviation**2) / 2)
    return float((here.mean - there.mean) / spread) if spread > 0 else None


def _logarithms(known: Counted) -> Counted:
    # Zero has no logarithm, and log(1 + x) would depend on the unit: zeros are set aside.
    positive = known.where(known.values > 0)
    return Counted(np.log(positive.values), positive.counts)


def level_difference(mine: ReadColumn, theirs: ReadColumn) -> float | None:
    """Return the standardised difference of two distributions over levels, at least 0.

    sqrt((p - q)' S^-1 (p - q)) over all levels but the first, S the mean of the two multinomial covariance matrices
    (Yang and Dalton 2012, SAS Global Forum 335). For two levels it is the size of the usual difference of shares. None
    where nothing varies.
    """
    p, q = _level_shares(mine), _level_shares(theirs)
    used = (p + q) > 0
    p, q = p[used][1:], q[used][1:]
    if not len(p):
        return None
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    difference = p - q
    squared = float(difference @ np.linalg.pinv(covariance) @ difference)
    return float(np.sqrt(np.maximum(0.0, squared)))


def _missing(common: list[tuple[ReadColumn, ReadColumn]], other: str) -> Iterator[Result]:
    gaps = []
    for mine, theirs in common:
        here, there = (column.missing / len(column) for column in (mine, theirs))
        chance = 1.96 * np.sqrt(here * (1 - here) / len(mine) + there * (1 - there) / len(theirs))
        if abs(here - there) > max(_GAP, chance):
            gaps.append((abs(here - there), f"{mine.name}: {here:.0%} here, {there:.0%} in {other}"))
    if gaps:
        yield FileFinding(
            "CC087",
            "warning",
            f"{len(gaps)} of {len(common)} variables are missing much more often in one file than in the other",
            "ask whether they were asked alike; a model learns from what is missing, and will not find it there",
            count=len(gaps),
            of=len(common),
            examples=tuple(text for _, text in sorted(gaps, reverse=True)),
        )
