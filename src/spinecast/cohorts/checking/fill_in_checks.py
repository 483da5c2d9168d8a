"""CC030 to CC034: values that look like fill-ins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinecast.clinical.variable import format_number
from spinecast.cohorts.checking.counted import Counted
from spinecast.cohorts.checking.fill_ins import Spike, decimals_written, last_digits, missing_codes, spikes
from spinecast.cohorts.checking.findings import FileFinding, NotApplicable, Result
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn

__all__ = ["fill_in_results"]

_FEWEST_TO_JUDGE = 20
# Of last digits 0 and 5 make a fifth where nobody rounds; twice that is a habit. On Whipple's index for ages it would
# be 200, beyond the 175 from which the United Nations call ages very rough. Fewer numbers than 100 show no habit.
_ROUND_DIGITS = 0.4
_FEWEST_DIGITS = 100
_FEWEST_DISTINCT = 30


def fill_in_results(table: MappedTable) -> Iterator[Result]:
    """Look for values that somebody, or some program, filled in."""
    measured = [column for column in table.columns.values() if not column.entry.is_levelled]
    enough = [column for column in measured if column.known.n >= _FEWEST_TO_JUDGE]
    if not enough:
        reason = f"no measured variable has {_FEWEST_TO_JUDGE} or more values"
        yield from (NotApplicable(code, reason) for code in ("CC030", "CC031", "CC034"))
    for column in enough:
        yield from _spikes(column)
    yield from _digits(enough)
    if not measured:
        yield NotApplicable("CC032", "no measured variable is read")
    for column in measured:
        yield from _codes(column)
    if not any(column.known.n >= _FEWEST_TO_JUDGE for column in table.columns.values()):
        yield NotApplicable("CC033", f"no variable has {_FEWEST_TO_JUDGE} or more values")
    for column in table.columns.values():
        yield from _constant(column)


def _usable(column: ReadColumn) -> Counted:
    """Return numbers as written without impossible values and codes."""
    left_out = np.unique(column.written[column.impossible | missing_codes(column)])
    return column.numbers.where(~np.isin(column.numbers.values, left_out)) if len(left_out) else column.numbers


def _spikes(column: ReadColumn) -> Iterator[Result]:
    numbers = _usable(column)
    for spike in spikes(column, numbers):
        rest = numbers.where(numbers.values != spike.value)
        stands_for = _middle(spike, rest)
        where = ""
        if spike.value in (numbers.values[0], numbers.values[-1]):
            end = "smallest" if spike.value == numbers.values[0] else "largest"
            where = f" It is the {end} value of all: it may be a limit of detection, or of what was written down."
        text = (
            f"{spike.count} of {numbers.n} values of {column.name} are exactly {format_number(spike.value)}; values "
            f"around it stand about {spike.expected:.0f} times each."
        )
        marked = column.written == spike.value
        yield FileFinding(
            "CC031" if stands_for else "CC030",
            "warning",
            text + (f" It is the {stands_for} of the others." if stands_for else where),
            "ask whether it was measured; set what was filled in to missing: it is imputed inside the resampling",
            column=column.rule.column,
            variable=column.name,
            count=spike.count,
            of=numbers.n,
            rows=column.rows(marked),
            examples=column.examples(marked),
        )


def _middle(spike: Spike, rest: Counted) -> str | None:
    """Say whether a spike is the mean or the median of the other values, to the digits it is written in."""
    own = Counted.of([spike.value])
    decimals = decimals_written(own)
    rounding = 0.5 * 10.0 ** -(6 if decimals is None else decimals)
    if abs(spike.value - rest.mean) <= rounding:
        return "mean"
    # The values that were measured and happened to be this one are not among the others: the middle may be as far away.
    margin = (1 + spike.expected) / rest.n
    lower, upper = rest.quantile(0.5 - margin), rest.quantile(0.5 + margin)
    return "median" if lower - rounding <= spike.value <= upper + rounding else None


def _codes(column: ReadColumn) -> Iterator[Result]:
    marked = missing_codes(column)
    count = column.count(marked)
    if not count:
        return
    codes = ", ".join(format_number(value) for value in np.unique(column.written[marked]))
    refused = bool((marked & column.impossible).any())
    yield FileFinding(
        "CC032",
        "error" if refused else "warning",
        f"{count} of {column.numbers.n} numbers of {column.name} look like codes for a missing value: {codes}",
        f"ask what they mean; if they mean missing, write missing_codes: [{codes}] in the mapping of {column.name}",
        column=column.rule.column,
        variable=column.name,
        count=count,
        of=column.numbers.n,
        rows=column.rows(marked),
        examples=column.examples(marked),
    )


def _constant(column: ReadColumn) -> Iterator[Result]:
    if column.known.n < _FEWEST_TO_JUDGE or len(column.known.values) > 1:
        return
    yield FileFinding(
        "CC033",
        "warning",
        f"all {column.known.n} known values of {column.name} are the same",
        "ask whether it was recorded at all; leave it out of studies of this file",
        column=column.rule.column,
        variable=column.name,
        count=column.known.n,
        of=len(column),
        examples=column.examples(~np.isnan(column.distinct)),
    )


def _digits(measured: list[ReadColumn]) -> Iterator[Result]:
    rounded = {}
    for column in measured:
        numbers = _usable(column)
        digits = last_digits(numbers)
        if digits is None or digits.sum() < _FEWEST_DIGITS or len(numbers.values) < _FEWEST_DISTINCT:
            continue
        share = float(digits[0] + digits[5]) / float(digits.sum())
        if share >= _ROUND_DIGITS:
            rounded[column.name] = share
    if rounded:
        yield FileFinding(
            "CC034",
            "note",
            f"of {len(rounded)} variables twice as many values end in 0 or 5 as would by themselves",
            "know that they are rounded: differences below the rounding mean nothing",
            count=len(rounded),
            of=len(measured),
            examples=tuple(f"{name}: {share:.0%} end in 0 or 5" for name, share in rounded.items()),
        )
