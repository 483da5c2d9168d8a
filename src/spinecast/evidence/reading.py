"""Tables of published results as CSV files: one result a row, errors with their line and column."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from spinecast.delivered import delivered_folder
from spinecast.errors import DocumentError, nearest
from spinecast.evidence.results import Flag, PublishedResult, horizon_days

__all__ = ["DEFAULT_TABLE", "delivered_tables", "find_table", "read_results", "read_rows"]

DEFAULT_TABLE = "published_auc"
NOT_POOLED = ("printed_summaries",)
"""Delivered tables that hold no results of single studies."""

TEXTS = (
    "id", "study", "alternative_to", "reference", "stage", "outcome", "horizon", "population", "model", "method",
    "printed", "cohort", "centre", "source", "table", "citation",
)  # fmt: skip
WHOLE = ("year", "n", "events")
AUCS = ("auc", "lower", "upper")
RATIOS = {
    "observed_expected_ratio": "ratio",
    "observed_expected_ratio_lower": "ratio_lower",
    "observed_expected_ratio_upper": "ratio_upper",
}
NUMBERS = {
    "event_proportion": "event_proportion",
    "expected": "expected",
    "calibration_in_the_large": "intercept",
    "calibration_in_the_large_lower": "intercept_lower",
    "calibration_in_the_large_upper": "intercept_upper",
}
NEEDED = ("study", "auc")
RESULTS_NEEDED_BY_RATIOS = ("study",)
STAGES = ("training", "internal", "external")


def delivered_tables() -> dict[str, Path]:
    """Return the tables of single studies that come with spinecast, by name."""
    found = {path.stem: path for path in sorted(delivered_folder("evidence").glob("*.csv"))}
    return {name: path for name, path in found.items() if name not in NOT_POOLED}


def find_table(wanted: str | None) -> Path:
    """Return the file a user means: a path, or the name of a delivered table.

    Raises
    ------
    DocumentError
        If there is neither.
    """
    tables = delivered_tables()
    if wanted is None:
        wanted = DEFAULT_TABLE
    elif Path(wanted).is_file():
        return Path(wanted)
    if wanted.removesuffix(".csv") in tables:
        return tables[wanted.removesuffix(".csv")]
    close = nearest(wanted, tables)
    raise DocumentError(
        f"there is no table {wanted!r}" if not Path(wanted).is_dir() else f"{wanted} is a folder",
        expected=f"a CSV file, or one of the delivered tables: {', '.join(tables)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def read_results(path: Path, *, ratio: bool = False) -> tuple[PublishedResult, ...]:
    """Read a table of published results.

    Parameters
    ----------
    path : pathlib.Path
        CSV in UTF-8 with a header line; the columns it may hold are described in ``configs/evidence/README.md``,
        others are left alone.
    ratio : bool
        Whether it is read for observed to expected ratios, and need hold no AUCs.

    Raises
    ------
    DocumentError
        If the file cannot be read as such a table; the message names the line and the column.
    """
    header, rows = read_rows(path)
    needed = RESULTS_NEEDED_BY_RATIOS if ratio else NEEDED
    for name in needed:
        if name not in header:
            raise _no_column(path, name, header, needed)
    if not rows:
        raise DocumentError("the table holds no results", where=str(path), expected="a line for each result")
    identified = "id" in header
    results = tuple(_result(cells, f"{path.name}:{line}", identified=identified) for line, cells in rows)
    _check_identifiers(results, identified=identified)
    return results


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Read a CSV file as its column names and, by line, its cells without surrounding blanks.

    Raises
    ------
    DocumentError
        If it cannot be read, is no UTF-8 text, or a line has another number of cells than the header.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror or error}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{path} is no text in UTF-8", where=str(path), expected="a CSV file, saved as UTF-8"
        ) from error
    if "\x00" in text:
        raise DocumentError(f"{path} is no text", where=str(path), expected="a CSV file, saved as UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if not header:
                header = _header(stripped, path)
                continue
            if len(stripped) != len(header):
                raise DocumentError(
                    f"a line has {len(stripped)} cells and the header {len(header)}",
                    where=f"{path.name}:{reader.line_num}",
                    expected="as many cells as columns; a cell that holds a comma stands in quotation marks",
                )
            rows.append((reader.line_num, dict(zip(header, stripped, strict=True))))
    except csv.Error as error:
        raise DocumentError(
            f"the table cannot be read: {error}", where=f"{path.name}:{reader.line_num}", expected="a CSV file"
        ) from error
    if not header:
        raise DocumentError("the file is empty", where=str(path), expected="a header line and a line for each result")
    return header, rows


def _header(names: list[str], path: Path) -> list[str]:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise DocumentError(
            "the columns are not separated by commas", where=f"{path.name}:1", expected="a CSV file with commas"
        )
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise DocumentError(f"the column {doubled[0]!r} stands twice", where=f"{path.name}:1")
    return names


def _no_column(path: Path, name: str, header: list[str], needed: tuple[str, ...]) -> DocumentError:
    close = nearest(name, header)
    return DocumentError(
        f"the table has no column {name!r}",
        where=f"{path.name}:1",
        expected=f"the columns {' and '.join(needed)}, and lower and upper for the 95 % interval",
        remedy=f"is it the column {close!r}? Rename it" if close else None,
    )


def _result(cells: Mapping[str, str], place: str, *, identified: bool) -> PublishedResult:
    texts = {name: cells.get(name, "") for name in TEXTS}
    if not texts["study"]:
        raise DocumentError("a result names no study", where=f"{place}, column study", expected="author and year")
    if not identified:
        texts["id"] = texts["study"]
    if texts["stage"] and texts["stage"] not in STAGES:
        raise _wrong(place, "stage", texts["stage"], ", ".join(STAGES))
    if texts["horizon"] and horizon_days(texts["horizon"]) is None:
        raise _wrong(place, "horizon", texts["horizon"], "a number with d, w, m or y, such as 90d, 6w or 1y")
    flags = _flags(cells, place)
    wholes = {name: _whole(cells, name, place) for name in WHOLE}
    values = {name: _number(cells, name, place, _proportion, "between 0 and 1, such as 0.79") for name in AUCS}
    ratios = {field: _number(cells, name, place, _positive, "above 0") for name, field in RATIOS.items()}
    others = {field: _number(cells, name, place, math.isfinite, "") for name, field in NUMBERS.items()}
    _check_events(wholes, others, place)
    _check_limits(values, ("auc", "lower", "upper"), place, flags)
    _check_limits(ratios, ("ratio", "ratio_lower", "ratio_upper"), place, flags)
    _check_limits(others, ("intercept", "intercept_lower", "intercept_upper"), place, flags)
    return PublishedResult(place=place, flags=flags, **texts, **wholes, **values, **ratios, **others)  # type: ignore[arg-type]


def _flags(cells: Mapping[str, str], place: str) -> tuple[Flag, ...]:
    codes = [part.strip() for part in cells.get("flag", "").split("; ") if part.strip()]
    reasons = [part.strip() for part in cells.get("why", "").split("; ") if part.strip()]
    if len(codes) != len(reasons):
        raise DocumentError(
            f"{len(codes)} flags and {len(reasons)} reasons",
            where=f"{place}, columns flag and why",
            expected="a reason for each flag, both lists with '; ' between",
        )
    return tuple(Flag(code, why) for code, why in zip(codes, reasons, strict=True))


def _proportion(value: float) -> bool:
    return 0 <= value <= 1


def _positive(value: float) -> bool:
    return 0 < value < math.inf


def _number(
    cells: Mapping[str, str], name: str, place: str, allowed: Callable[[float], bool], expected: str
) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if math.isnan(value) or not allowed(value):
        raise _wrong(place, name, text, f"a number {expected} with a decimal point, or nothing".replace("  ", " "))
    return value


def _whole(cells: Mapping[str, str], name: str, place: str) -> int | None:
    text = cells.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise _wrong(place, name, text, "a whole number without separators, or nothing")
    return int(text)


def _wrong(place: str, name: str, text: str, expected: str) -> DocumentError:
    return DocumentError(f"{name} cannot be {text!r}", where=f"{place}, column {name}", expected=expected)


def _check_events(wholes: Mapping[str, int | None], others: Mapping[str, float | None], place: str) -> None:
    n, events, share = wholes["n"], wholes["events"], others["event_proportion"]
    if n is not None and events is not None and events > n:
        raise DocumentError(f"{events} events among {n} patients", where=f"{place}, column events")
    if share is not None and not 0 < share < 1:
        raise _wrong(place, "event_proportion", f"{share:g}", "a proportion between 0 and 1")
    expected = others["expected"]
    if expected is not None and expected <= 0:
        raise _wrong(place, "expected", f"{expected:g}", "a number of events above 0")


def _check_limits(
    values: Mapping[str, float | None], names: tuple[str, str, str], place: str, flags: tuple[Flag, ...]
) -> None:
    """Refuse limits without their partner or in the wrong order, and an interval that misses its estimate unflagged."""
    value, lower, upper = (values[name] for name in names)
    shown = names[0].replace("ratio", "observed_expected_ratio").replace("intercept", "calibration_in_the_large")
    if (lower is None) != (upper is None):
        raise DocumentError(f"{shown} has one limit of its interval", where=place, expected="both limits, or none")
    if lower is None or upper is None:
        return
    if value is None:
        raise DocumentError(f"{shown} has an interval and no value", where=place)
    if lower >= upper:
        raise DocumentError(
            f"the limits of {shown} are {lower:g} and {upper:g}", where=place, expected="the lower limit first"
        )
    if not lower <= value <= upper and not any(flag.code == "interval_excludes_its_estimate" for flag in flags):
        raise DocumentError(
            f"{shown} is {value:g} and its interval {lower:g} to {upper:g}",
            where=place,
            expected="an interval that holds its estimate",
            remedy="correct the row; if the paper prints it so, flag it interval_excludes_its_estimate and say why",
        )


def _check_identifiers(results: tuple[PublishedResult, ...], *, identified: bool) -> None:
    seen: dict[str, str] = {}
    for result in results:
        if result.id in seen:
            raise DocumentError(
                f"two results are called {result.id!r}",
                where=f"{result.place} and {seen[result.id]}",
                expected="a name of its own for each result, in the column id",
                remedy=None if identified else "add a column id",
            )
        seen[result.id] = result.place
    for result in results:
        if result.alternative_to and result.alternative_to not in seen:
            raise DocumentError(
                f"{result.id!r} is an alternative to {result.alternative_to!r}, which is not in the table",
                where=f"{result.place}, column alternative_to",
                remedy=f"did you mean {close!r}?" if (close := nearest(result.alternative_to, seen)) else None,
            )
