"""CC060 to CC070: what is not recorded, in whom, and whether there are events enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result, first_rows
from spinecast.cohorts.checking.reading import MappedTable

__all__ = ["HORIZONS", "missing_results", "outcome_results"]

# This project's own conventions.
_HALF = 0.5
_ALMOST_NOTHING = 0.1
_FEWEST_VARIABLES = 5
# As for SC006 (spinecast.validation.checks): a fifth more missing on one side of an outcome tells the outcome. Fewer
# than 20 people on a side tell nothing about missingness.
_GAP = 0.2
_FEWEST_PEOPLE = 20
_EARLY_DAYS = 30

HORIZONS = (30, 90, 180, 365)
"""Days at which survival after surgery for spinal metastases is usually reported."""
# By rule of thumb an external validation needs 100 events and 100 non-events at least (Vergouwe et al. 2005, J Clin
# Epidemiol 58:475; Collins, Ogundimu and Altman 2016, Stat Med 35:214), and may need more (Snell et al. 2021, J Clin
# Epidemiol 135:79).
_FEWEST_EVENTS = 100

BoolArray = NDArray[np.bool_]


def missing_results(table: MappedTable) -> Iterator[Result]:
    """Check what is missing, by column, by row and by outcome."""
    if not table.columns:
        yield from (NotApplicable(code, "no variable is read") for code in ("CC060", "CC061", "CC062", "CC063"))
        return
    yield from _columns(table)
    yield from _rows(table)
    yield from _by_outcome(table)


def _columns(table: MappedTable) -> Iterator[Result]:
    empty = [column for column in table.columns.values() if not column.known.n]
    for column in empty:
        why = "every cell is empty" if column.missing == len(table) else "no cell can be used"
        yield FileFinding(
            "CC060",
            "warning",
            f"{column.name} has no usable value: {why}",
            "leave the variable out of studies of this file"
            if column.missing == len(table)
            else "mend what the other findings about it say",
            column=column.rule.column,
            variable=column.name,
            count=len(table) - column.known.n,
            of=len(table),
        )
    shares = {column.name: 1 - column.known.n / len(table) for column in table.columns.values() if column.known.n}
    mostly = sorted((name for name in shares if shares[name] >= _HALF), key=lambda name: -shares[name])
    if mostly:
        yield FileFinding(
            "CC061",
            "note",
            f"{len(mostly)} of {len(table.columns)} variables are missing in half of the patients or more",
            "ask whether they were asked of everybody; a variable that is mostly imputed carries little",
            count=len(mostly),
            of=len(table.columns),
            examples=tuple(f"{name}: {100 * shares[name]:.0f}% missing" for name in mostly),
        )


def _rows(table: MappedTable) -> Iterator[Result]:
    total = len(table.columns)
    if total < _FEWEST_VARIABLES:
        yield NotApplicable("CC062", f"fewer than {_FEWEST_VARIABLES} variables are read")
        return
    known = np.zeros(len(table), dtype=np.int64)
    for column in table.columns.values():
        known += column.marked_rows(~column.absent)
    if np.median(known) < _HALF * total:
        yield NotApplicable("CC062", "most rows are half empty or more")
        return
    almost = known <= _ALMOST_NOTHING * total
    if almost.any():
        yield FileFinding(
            "CC062",
            "warning",
            f"of {int(almost.sum())} of {len(table)} patients a tenth of the {total} variables or less is recorded",
            "ask who they are: people never treated, or rows cut off; leave them out by a rule, not by their outcome",
            count=int(almost.sum()),
            of=len(table),
            rows=first_rows(almost),
        )


def _by_outcome(table: MappedTable) -> Iterator[Result]:
    sides = dict(_sides(table))
    if not sides:
        reason = f"no yes-or-no outcome is read with {_FEWEST_PEOPLE} or more people on either side"
        yield NotApplicable("CC063", reason)
        return
    for words, (with_event, without) in sides.items():
        told = []
        for column in table.columns.values():
            if column.entry.role != "predictor":
                continue
            absent = column.place < 0
            absent |= column.marked_rows(column.absent)
            shares = float(absent[with_event].mean()), float(absent[without].mean())
            if abs(shares[0] - shares[1]) > _GAP:
                told.append((abs(shares[0] - shares[1]), f"{column.name}: {shares[0]:.0%} against {shares[1]:.0%}"))
        if told:
            yield FileFinding(
                "CC063",
                "warning",
                f"{len(told)} predictor{'s are' if len(told) > 1 else ' is'} missing much more or less often with "
                f"{words} than without",
                "ask how the values came to be missing, and whether that is known when a prediction is made",
                count=len(told),
                of=len(table.columns),
                examples=tuple(text for _, text in sorted(told, reverse=True)),
            )


def _sides(table: MappedTable) -> Iterator[tuple[str, tuple[BoolArray, BoolArray]]]:
    """Yield the outcomes by which missingness is compared, each with who had the event and who did not."""
    for name, column in table.columns.items():
        if column.entry.role == "outcome" and column.entry.kind == "binary":
            values = column.values
            yield from _large_enough(name, values == 1, values == 0)
    if table.has("death", "follow_up_time"):
        died, time = table.columns["death"].values, table.columns["follow_up_time"].values
        early = (died == 1) & (time <= _EARLY_DAYS)
        yield from _large_enough(f"death within {_EARLY_DAYS} days", early, time > _EARLY_DAYS)


def _large_enough(
    words: str, with_event: BoolArray, without: BoolArray
) -> Iterator[tuple[str, tuple[BoolArray, BoolArray]]]:
    if min(with_event.sum(), without.sum()) >= _FEWEST_PEOPLE:
        yield words, (with_event, without)


def outcome_results(table: MappedTable) -> Iterator[Result]:
    """CC070: count deaths by the usual horizons, and both sides of other yes-or-no outcomes."""
    counted = list(_events(table))
    if not counted:
        yield NotApplicable("CC070", "no follow-up with deaths and no yes-or-no outcome is read")
        return
    few = [
        (words, events, others, unknown)
        for words, events, others, unknown in counted
        if min(events, others) < _FEWEST_EVENTS
    ]
    if few:
        yield FileFinding(
            "CC070",
            "note",
            f"{len(few)} of {len(counted)} outcomes have fewer than {_FEWEST_EVENTS} people with or without the event",
            f"fewer than {_FEWEST_EVENTS} of either validate no model, and developing one takes more: look for more "
            "patients or another horizon",
            count=len(few),
            of=len(counted),
            examples=tuple(
                f"{words}: {events} with, {others} without" + (f", {unknown} not known" if unknown else "")
                for words, events, others, unknown in few
            ),
        )


def _events(table: MappedTable) -> Iterator[tuple[str, int, int, int]]:
    """Yield each outcome with how many had it, had it not, and are not known."""
    total = len(table)
    if table.has("death", "follow_up_time"):
        died, time = table.columns["death"].values, table.columns["follow_up_time"].values
        for day in HORIZONS:
            event = (died == 1) & (time <= day)
            events, others = int(event.sum()), int(((time >= day) & ~event).sum())
            yield f"death by day {day}", events, others, total - events - others
    for name, column in table.columns.items():
        if column.entry.role == "outcome" and column.entry.kind == "binary" and name != "death":
            values = column.values
            events, others = int((values == 1).sum()), int((values == 0).sum())
            yield name, events, others, total - events - others
