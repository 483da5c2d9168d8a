"""Files of raw cells, CSV or Parquet: read whole, or in stretches of rows where there may be any number of them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from spinecast.errors import CohortError, ContractError

if TYPE_CHECKING:
    import pyarrow

__all__ = ["Stretch", "csv_table", "is_parquet", "parquet_table", "read_stretches", "read_table"]

_SEPARATORS = (",", ";", "|", "\t")
# A row must fit: Arrow reads a file of any size in blocks of so many bytes.
_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some rows of a file, as they stand there.

    Parameters
    ----------
    first : int
        How many rows stand before them.
    cells : pyarrow.Table
    """

    first: int
    cells: pyarrow.Table

    def frame(self) -> pd.DataFrame:
        """Return raw cells as :func:`read_table` does; the index holds each row's position in the file."""
        table: pd.DataFrame = self.cells.to_pandas()
        table.index = pd.RangeIndex(self.first, self.first + len(table))
        return table


def read_stretches(path: Path, rows: int, separator: str = ",") -> Iterator[Stretch]:
    """Read a CSV or Parquet file of raw cells, so many rows at a time.

    A column of whole numbers some of which are missing holds decimals in every stretch, as it does when read whole.

    Raises
    ------
    CohortError, ContractError
        As :func:`read_table`; what is wrong further down, when it is come to.
    """
    pieces = _parquet_pieces(path, rows) if is_parquet(path) else _csv_pieces(path, separator)
    first = 0
    for cells in _regrouped(pieces, rows):
        yield Stretch(first, cells)
        first += len(cells)
    if not first:
        raise _no_patients(path)


def _regrouped(pieces: Iterable[pyarrow.Table], rows: int) -> Iterator[pyarrow.Table]:
    import pyarrow

    held: list[pyarrow.Table] = []
    for piece in pieces:
        held.append(piece)
        while sum(map(len, held)) >= rows:
            together = pyarrow.concat_tables(held)
            yield together.slice(0, rows).combine_chunks()
            held = [together.slice(rows)]
    if sum(map(len, held)):
        yield pyarrow.concat_tables(held).combine_chunks()


def _csv_pieces(path: Path, separator: str) -> Iterator[pyarrow.Table]:
    import pyarrow
    from pyarrow import csv as arrow_csv

    with _as_csv(path, separator):
        header, how = _csv_form(path, separator, say="", block_bytes=_BLOCK_BYTES)
        piece = None
        with arrow_csv.open_csv(path, **how) as reader:
            for batch in reader:
                whole = pyarrow.Table.from_batches([batch]).rename_columns(header)
                piece = whole if piece is not None else whole.slice(1)  # the first row is the header
                yield piece
        if piece is not None and len(piece):
            _require_closed_quotes(path, separator, piece.column(len(header) - 1)[-1])


def _parquet_pieces(path: Path, rows: int) -> Iterator[pyarrow.Table]:
    import pyarrow
    from pyarrow import parquet

    _require_file(path)
    try:
        with parquet.ParquetFile(path) as file:
            form = _settled(file)
            for batch in file.iter_batches(batch_size=min(rows, 65_536)):
                yield pyarrow.Table.from_batches([batch]).cast(form)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, "a Parquet table", error) from error


def _settled(file: Any) -> pyarrow.Schema:
    """Columns as pandas reads them whole: decimals where whole numbers are missing."""
    import pyarrow

    form = file.schema_arrow
    described = (form.pandas_metadata or {}).get("columns", [])
    # These hold whole numbers with gaps.
    nullable = {one["field_name"] for one in described if str(one["numpy_type"]).startswith(("Int", "UInt"))}
    fields = [
        field.with_type(pyarrow.float64())
        if pyarrow.types.is_integer(field.type) and field.name not in nullable and _has_gaps(file, field.name)
        else field
        for field in form
    ]
    return pyarrow.schema(fields, metadata=form.metadata)


def _has_gaps(file: Any, column: str) -> bool:
    return any(batch.column(0).null_count for batch in file.iter_batches(columns=[column]))


def is_parquet(path: Path) -> bool:
    """Say whether a file is read as Parquet: ``.parquet`` and ``.pq`` are, all else is CSV."""
    return path.suffix.casefold() in (".parquet", ".pq")


def read_table(path: Path, separator: str = ",", *, said_in: str = "") -> pd.DataFrame:
    """Read a CSV or Parquet file of raw cells, by its ending.

    Parameters
    ----------
    path : pathlib.Path
    separator : str
        What stands between two cells of a CSV file.
    said_in : str
        Where another separator can be named, for the message; empty where it cannot.

    Raises
    ------
    CohortError, ContractError
        As `read_csv`.
    """
    if is_parquet(path):
        return parquet_table(path)
    return csv_table(path, separator, say=f"write separator: {{}} in {said_in}" if said_in else "")


def _require_file(path: Path) -> None:
    if not path.exists():
        raise CohortError(f"the file {path} does not exist", expected="a table of patients")
    if not path.is_file():
        raise CohortError(f"{path} is not a file", expected="a table of patients")


def _no_patients(path: Path) -> CohortError:
    return CohortError(f"{path} holds no patient", expected="a header row and at least one row below it")


def _unreadable(path: Path, kind: str, error: Exception) -> ContractError:
    reason = " ".join(str(error).split())
    # Arrow ends its message with the row itself, which is a patient.
    uneven = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", reason)
    if uneven:
        row, expected, found = uneven.groups()
        place = f"row {int(row) - 1} below the header" if row else "a row"
        reason = f"{place} has {found} cells where the header has {expected}"
    remedy = "save it in UTF-8; Excel calls that CSV UTF-8" if isinstance(error, UnicodeError) else None
    return ContractError(f"{path} cannot be read as {kind}", where=reason[:300] or None, remedy=remedy)


def csv_table(path: Path, separator: str, *, say: str) -> pd.DataFrame:
    """Read every cell as text. Arrow's reader refuses a row of another length, which pandas would fill or shift.

    A study or a mapping names the separator of its table, and `say` how; elsewhere it is the comma.
    """
    from pyarrow import csv as arrow_csv

    with _as_csv(path, separator):
        header, how = _csv_form(path, separator, say=say)
        cells = arrow_csv.read_csv(path, **how)
    if cells.num_rows < 2:
        raise _no_patients(path)
    _require_closed_quotes(path, separator, cells.column(len(header) - 1)[-1])
    table: pd.DataFrame = cells.slice(1).to_pandas()
    table.columns = pd.Index(header)
    return table


@contextmanager
def _as_csv(path: Path, separator: str) -> Iterator[None]:
    import pyarrow

    _require_file(path)
    try:
        yield
    except (pyarrow.ArrowException, UnicodeError, csv.Error, OSError) as error:
        raise _unreadable(path, _csv_kind(separator), error) from error


def _csv_kind(separator: str) -> str:
    return f"a table separated by {separator!r} in UTF-8"


def _csv_form(
    path: Path, separator: str, *, say: str, block_bytes: int | None = None
) -> tuple[list[str], dict[str, Any]]:
    """Return the header, and how Arrow is to read the file."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    with path.open(encoding="utf-8-sig", newline="") as handle:
        header = next((row for row in csv.reader(handle, delimiter=separator) if row), [])
    if not header:
        raise _no_patients(path)
    likely = max(_SEPARATORS, key=header[0].count)
    if len(header) == 1 and likely != separator and likely in header[0]:
        raise ContractError(
            f"{path} is not separated by {separator!r}",
            where=f"its header is {header[0][:200]!r}",
            remedy=say.format(json.dumps(likely)) if say else "save it separated by commas",
        )
    # The header is read as a row: with names of our own a doubled column keeps both its values and its name.
    names = [f"column {number}" for number in range(len(header))]
    return header, {
        # One thread: only then does Arrow say in which row a table goes wrong.
        "read_options": arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=block_bytes),
        "parse_options": arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
        ),
    }


def _require_closed_quotes(path: Path, separator: str, last_cell: object) -> None:
    """Refuse a quotation mark that is never closed: it swallows the rest of the file into the last cell."""
    if "\n" not in str(last_cell):
        return
    with path.open("rb") as handle:
        marks = sum(block.count(b'"') for block in iter(lambda: handle.read(_BLOCK_BYTES), b""))
    if marks % 2:
        raise _unreadable(path, _csv_kind(separator), ValueError("a quotation mark is opened and never closed"))


def parquet_table(path: Path) -> pd.DataFrame:
    """Read a Parquet file; rows are numbered from 0."""
    import pyarrow

    _require_file(path)
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, "a Parquet table", error) from error
    if table.empty:
        raise _no_patients(path)
    table.index = pd.RangeIndex(len(table))
    return table
