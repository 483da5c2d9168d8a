"""Tables that are written stretch by stretch, as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from spinecast.errors import ContractError
from spinecast.files import writing

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = ["table_writer"]


@contextmanager
def table_writer(stream: BinaryIO, path: Path) -> Iterator[Callable[[pandas.DataFrame], None]]:
    """Write tables of the same columns one below the other.

    Parameters
    ----------
    stream : binary file
    path : pathlib.Path
        What it will be called: by its ending it is Parquet or CSV.

    Yields
    ------
    callable
        Takes the next table.

    Raises
    ------
    OutputError
        If the file cannot be written.
    ContractError
        If a column of a Parquet file changes its kind from one table to the next.
    """
    from spinecast.cohorts.table_files import is_parquet

    if not is_parquet(path):
        yield _csv_writer(stream, path)
        return
    import pyarrow
    from pyarrow import parquet

    opened: list[Any] = []

    def write(table: pandas.DataFrame) -> None:
        cells = pyarrow.Table.from_pandas(table, preserve_index=False)
        if not opened:
            opened.append(parquet.ParquetWriter(stream, _settled(cells.schema)))
        try:
            cells = cells.cast(opened[0].schema)
        except (pyarrow.ArrowException, ValueError) as error:
            raise ContractError(
                "a column holds other kinds of values further down than at its beginning",
                where=" ".join(str(error).split())[:200],
                remedy="name an --output that ends in .csv",
            ) from error
        with writing(path):
            opened[0].write_table(cells)

    yield write
    with writing(path):
        for writer in opened:
            writer.close()


def _csv_writer(stream: BinaryIO, path: Path) -> Callable[[pandas.DataFrame], None]:
    begun: list[bool] = []

    def write(table: pandas.DataFrame) -> None:
        text = table.to_csv(index=False, header=not begun)
        begun.append(True)
        with writing(path):
            stream.write(text.encode())

    return write


def _settled(schema: pyarrow.Schema) -> pyarrow.Schema:
    """Columns that hold nothing in the first stretch may hold text in the next."""
    import pyarrow

    fields = [field.with_type(pyarrow.string()) if pyarrow.types.is_null(field.type) else field for field in schema]
    return pyarrow.schema(fields, metadata=schema.metadata)
