"""Reading one column of a table as one variable, all rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.variable import Variable
from spinecast.cohorts.rejections import Finding
from spinecast.cohorts.rules import MISSING_TEXT, ColumnRule, canonical_key, impossible_rule, level_lookup

__all__ = ["ColumnReading", "label_series", "level_series", "read_column"]

_MISSING = -1
_UNKNOWN = -2


@dataclass(frozen=True, eq=False)
class ColumnReading:
    """One column read as one variable.

    Parameters
    ----------
    values : Series, shape (n,)
        float64 in the canonical unit, or categorical with the dictionary's levels; missing where the cell is missing,
        broken or impossible.
    broken : tuple of Finding
        Cells that cannot be read at all.
    impossible : Finding
        Numbers outside the physically possible range.
    impossible_mask : ndarray of bool, shape (n,)
        The same cells, marked.
    """

    values: pd.Series
    broken: tuple[Finding, ...]
    impossible: Finding
    impossible_mask: NDArray[np.bool_]


def read_column(raw: pd.Series, rule: ColumnRule) -> ColumnReading:
    """Read a column of raw cells, text or numbers, by its rule.

    Parameters
    ----------
    raw : Series, shape (n,)
        As the file holds it.
    rule : ColumnRule

    Returns
    -------
    ColumnReading
    """
    if raw.dtype == "category":
        raw = raw.astype(object)
    if rule.entry.is_label:
        reading = _read_label(raw, rule)
    else:
        reading = _read_levels(raw, rule) if rule.entry.is_levelled else _read_numbers(raw, rule)
    reading.values.name = rule.variable
    return reading


def _read_numbers(raw: pd.Series, rule: ColumnRule) -> ColumnReading:
    entry = rule.entry
    numbers, text, booleans = _parse(raw, rule.missing_codes)
    coded = np.isin(numbers, _numeric_codes(rule.missing_codes))
    numbers = np.where(coded | text | booleans, np.nan, numbers)
    values = entry.conversion(rule.unit).to_canonical(numbers)
    infinite = np.isinf(values)
    outside = ~np.isnan(values) & ~infinite & ~_possible(entry, values)
    broken = (
        Finding.of(raw, text, "text in a number", variable=entry.name),
        Finding.of(raw, booleans, "true or false in a number", variable=entry.name),
        Finding.of(raw, infinite, "not a finite number", variable=entry.name),
    )
    rules = impossible_rule(entry, numbers[outside], rule.unit)
    impossible = Finding.of(raw, outside, rules, variable=entry.name)
    cleaned = pd.Series(np.where(infinite | outside, np.nan, values), dtype=np.float64)
    return ColumnReading(cleaned, broken, impossible, outside)


def _possible(entry: Variable, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.ones(values.shape, dtype=bool) if entry.possible is None else entry.possible.contains(values)


def _parse(
    raw: pd.Series, missing_codes: tuple[object, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return numbers with NaN for missing, and which cells hold text and which truth values."""
    nothing = np.zeros(len(raw), dtype=bool)
    if pd.api.types.is_bool_dtype(raw.dtype):
        return np.full(len(raw), np.nan), nothing, raw.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(raw.dtype) and not pd.api.types.is_complex_dtype(raw.dtype):
        return raw.to_numpy(dtype=np.float64, na_value=np.nan), nothing, nothing
    if not (pd.api.types.is_object_dtype(raw.dtype) or pd.api.types.is_string_dtype(raw.dtype)):
        return np.full(len(raw), np.nan), raw.notna().to_numpy(), nothing  # dates and the like
    cells = raw.astype(object)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    booleans = nothing
    if pd.api.types.infer_dtype(cells, skipna=True) != "string":
        booleans = np.fromiter((isinstance(cell, bool | np.bool_) for cell in cells), dtype=bool, count=len(cells))
    text = np.isnan(numbers) & ~booleans
    suspects = np.flatnonzero(text)
    codes = {str(code).strip().casefold() for code in missing_codes} | MISSING_TEXT
    absent = [_is_absent(cell, codes) for cell in cells.iloc[suspects]]
    text[suspects[np.array(absent, dtype=bool)]] = False
    return numbers, text, booleans


def _is_absent(cell: object, codes: frozenset[str] | set[str]) -> bool:
    if isinstance(cell, str):
        return cell.strip().casefold() in codes
    return bool(pd.isna(cell))  # type: ignore[call-overload]


def _numeric_codes(missing_codes: tuple[object, ...]) -> list[float]:
    codes: list[float] = []
    for code in missing_codes:
        try:
            codes.append(float(code))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    return codes


def _read_levels(raw: pd.Series, rule: ColumnRule) -> ColumnReading:
    entry = rule.entry
    lookup = level_lookup(entry, rule.levels)
    absent = {canonical_key(code) for code in rule.missing_codes}
    numbers, uniques = pd.factorize(raw.astype(object), use_na_sentinel=True)
    found = [_level_of(value, lookup, absent, by_mapping=bool(rule.levels)) for value in uniques]
    codes = np.array([*found, _MISSING], dtype=np.int64)[numbers]  # the sentinel -1 picks the last
    unknown = codes == _UNKNOWN
    allowed = ", ".join(str(key) for key in (rule.levels or entry.level_values))
    broken = (Finding.of(raw, unknown, f"unknown level: expected {allowed}", variable=entry.name),)
    nothing = np.zeros(len(raw), dtype=bool)
    values = level_series(entry, np.where(unknown, _MISSING, codes))
    return ColumnReading(values, broken, Finding.of(raw, nothing, "", variable=entry.name), nothing)


def _read_label(raw: pd.Series, rule: ColumnRule) -> ColumnReading:
    """Read a text that tells groups apart: whatever stands there, written so that 1, 1.0 and "1" agree."""
    absent = {canonical_key(code) for code in rule.missing_codes}
    nothing = np.zeros(len(raw), dtype=bool)
    values = label_series([None if _no_label(cell, absent) else canonical_key(cell) for cell in raw.astype(object)])
    return ColumnReading(values, (), Finding.of(raw, nothing, "", variable=rule.variable), nothing)


def _no_label(cell: object, absent: set[str]) -> bool:
    if not isinstance(cell, str) and pd.isna(cell):  # type: ignore[call-overload]
        return True
    key = canonical_key(cell)
    return key in absent or key.casefold() in MISSING_TEXT


def label_series(texts: Sequence[str | None]) -> pd.Series:
    """Return texts, None where missing, as the categorical of a label: its categories are the texts there are."""
    found = sorted({text for text in texts if text is not None})
    return pd.Series(pd.Categorical(list(texts), categories=pd.Index(found, dtype=object)))


def level_series(entry: Variable, codes: NDArray[np.int64]) -> pd.Series:
    """Return level indices, shape (n,), -1 for missing, as the dictionary's categorical."""
    levels = pd.Index(entry.level_values)
    return pd.Series(pd.Categorical.from_codes(codes, categories=levels, ordered=entry.kind == "ordinal"))


def _level_of(value: object, lookup: dict[str, int], absent: set[str], *, by_mapping: bool) -> int:
    key = canonical_key(value)
    if key in absent:
        return _MISSING
    if not by_mapping:
        key = key.casefold()
    if key in lookup:
        return lookup[key]
    return _MISSING if key.casefold() in MISSING_TEXT else _UNKNOWN
