"""Rows of a table of pairs: one for every two models, under the first of them where there are several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Row
from spinecast.reporting.sections.common import row

__all__ = ["FIRST_LESS_SECOND", "pair_rows"]

FIRST_LESS_SECOND = "First less second"


def pair_rows(record: ComparisonRecord, cells: Callable[[Mapping[str, Any]], Sequence[str]]) -> tuple[Row, ...]:
    """Make the rows of a table of pairs.

    Parameters
    ----------
    record : ComparisonRecord
    cells : callable
        Maps a pair to the cells that follow its name.
    """
    labels, pairs = record.labels, record.found["pairs"]
    if not record.several:
        return tuple(row(f"{labels[pair['first']]} less {labels[pair['second']]}", *cells(pair)) for pair in pairs)
    rows: list[Row] = []
    for first, others in groupby(pairs, key=lambda pair: str(pair["first"])):
        rows.append(Row((f"{labels[first]} less",), heading=True))
        rows += [row(labels[pair["second"]], *cells(pair), level=1) for pair in others]
    return tuple(rows)
