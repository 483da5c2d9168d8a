"""Writing a synthetic cohort: the table, the truth beside it and the mapping, all in place together or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinecast import __version__
from spinecast.cohorts.synthetic.coding import (
    ID_COLUMN,
    INDEX_DATE_COLUMN,
    SITE_COLUMN,
    mapping_of,
    patient_table,
    truth_table,
)
from spinecast.cohorts.synthetic.generator import Generator
from spinecast.cohorts.synthetic.marks import PARQUET_KEY
from spinecast.documents import write_yaml
from spinecast.errors import OutputError
from spinecast.files import canonical_json, ensure_writable_directory
from spinecast.notices import RESEARCH_USE, SYNTHETIC

if TYPE_CHECKING:
    import pyarrow

__all__ = ["WrittenCohort", "write_cohort"]

_PARQUET = (".parquet", ".pq")
_TEXT = (".csv",)


@dataclass(frozen=True)
class WrittenCohort:
    """What was written.

    Parameters
    ----------
    table, truth : Path
        The patients, and their true linear predictors and chances.
    mapping : Path, optional
        How the site's columns map to the dictionary; None where it writes as the dictionary does.
    about : dict
        Recipe, hash, site, seed, years and number of patients.
    """

    table: Path
    truth: Path
    mapping: Path | None
    about: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        files = {
            "table": str(self.table),
            "truth": str(self.truth),
            "mapping": None if self.mapping is None else str(self.mapping),
        }
        return {"notice": SYNTHETIC, **self.about, **files}


def write_cohort(
    generator: Generator, patients: int, table: Path, progress: Callable[[int], None] = lambda _done: None
) -> WrittenCohort:
    """Draw patients and write them.

    Memory is bounded by a chunk of patients, whatever their number. The same recipe, site, years, seed and number of
    patients write the same bytes.

    Parameters
    ----------
    generator : Generator
    patients : int
        At least 1.
    table : Path
        ``.csv`` or ``.parquet``; ``STEM.truth.parquet`` and, where the site writes otherwise than the dictionary,
        ``STEM.mapping.yaml`` go beside it. Files of these names are replaced.
    progress : callable, optional
        Told how many patients are done.

    Raises
    ------
    OutputError
        If the name or the folder will not do, or the disk is full; nothing is left behind.
    DocumentError
        If the recipe states what cannot be had.
    """
    targets = _files_of(table)
    about = _about(generator, patients)
    columns = mapping_of(generator.recipe, generator.site_block)
    with _staged(targets) as staged:
        with (
            _writer(staged / "table", table.suffix, about) as patient_file,
            _writer(staged / "truth", ".parquet", about) as truth_file,
        ):
            for chunk in generator.chunks(patients):
                patient_file(patient_table(generator, chunk))
                truth_file(truth_table(generator, chunk))
                progress(chunk.first + len(chunk))
        if columns:
            (staged / "mapping").write_text(_mapping_text(generator, table, columns), encoding="utf-8")
    return WrittenCohort(table, targets["truth"], targets["mapping"] if columns else None, about)


def _files_of(table: Path) -> dict[str, Path]:
    """Return the files of a cohort: ``table``, ``truth`` and ``mapping``, the last of which need not be written.

    Raises
    ------
    OutputError
        If the name does not say how to write, is a folder, or its folder cannot be written.
    """
    if table.suffix.casefold() not in (*_PARQUET, *_TEXT):
        raise OutputError(
            f"{table} does not say how to write the patients",
            where=str(table),
            expected="a name ending in .csv or .parquet",
            remedy="name the file with -o, such as -o cohort.parquet",
        )
    beside = {"truth": "truth.parquet", "mapping": "mapping.yaml"}
    targets = {"table": table} | {key: table.with_name(f"{table.stem}.{ending}") for key, ending in beside.items()}
    for target in targets.values():
        if target.is_dir():
            raise OutputError(f"{target} is a folder", where=str(target), expected="the name of a file")
    ensure_writable_directory(table.parent)
    return targets


def _about(generator: Generator, patients: int) -> dict[str, Any]:
    years = generator.population.treated
    return {
        "recipe": generator.recipe.recipe,
        "recipe_hash": generator.source.hash,
        "mark": generator.source.mark,
        "site": generator.site_name,
        "seed": generator.seed,
        "years": [years.first, years.last],
        "patients": patients,
        "spinecast": __version__,
    }


def _mapping_text(generator: Generator, table: Path, columns: Mapping[str, Any]) -> str:
    """Return the mapping as a document, as ``spinecast cohort check --mapping`` takes it."""
    heading = (
        f"# How {table.name} maps to the dictionary. {SYNTHETIC}\n"
        f"# Recipe {generator.recipe.recipe}, site {generator.site_name}, {generator.source.mark}. {RESEARCH_USE}\n"
    )
    content = {
        "id_column": ID_COLUMN,
        "group_column": SITE_COLUMN,
        "synthetic": True,
        "date_columns": {"index": INDEX_DATE_COLUMN},
        "columns": dict(columns),
    }
    return heading + write_yaml(content)


@contextmanager
def _writer(path: Path, suffix: str, about: Mapping[str, Any]) -> Iterator[Callable[[pyarrow.Table], None]]:
    """Open a file that takes tables one after the other, a row group each."""
    from pyarrow import csv, parquet

    metadata = {PARQUET_KEY: canonical_json({"notice": SYNTHETIC, **about}).encode()}
    writer: Any = None

    def write(table: pyarrow.Table) -> None:
        nonlocal writer
        if suffix.casefold() in _PARQUET:
            if writer is None:
                writer = parquet.ParquetWriter(path, table.schema.with_metadata(metadata), compression="zstd")
            writer.write_table(table.replace_schema_metadata(metadata))
            return
        if writer is None:
            writer = csv.CSVWriter(path, table.schema, write_options=csv.WriteOptions(quoting_style="needed"))
        writer.write_table(table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def _staged(targets: Mapping[str, Path]) -> Iterator[Path]:
    """Fill a hidden folder beside the targets; put every file in place when the block ends without an error.

    A process killed inside the block leaves only that folder, which the next call for the same table clears away. A
    target whose file was not written is removed: what stood there belonged to another cohort. The table goes last,
    so that a table in place has its truth and mapping beside it.

    Yields
    ------
    pathlib.Path
        The folder; files are named by the keys of `targets`.
    """
    folder = targets["table"].parent
    staged = folder / f".{targets['table'].name}.staging"
    try:
        _recover(staged, targets)
        staged.mkdir()
        try:
            yield staged
            for key in targets:
                if (staged / key).exists():
                    _flush(staged / key)
            _put_in_place(staged, targets)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"the cohort cannot be written to {folder}: {error.strerror or error}",
            where=str(folder),
            expected="a folder with room that this user may write",
        ) from error


def _recover(staged: Path, targets: Mapping[str, Path]) -> None:
    """Clear away what a killed process left; what it had moved aside goes back to a place that is empty."""
    for key, target in targets.items():
        kept = staged / f"before-{key}"
        if kept.exists() and not target.exists():
            kept.replace(target)
    shutil.rmtree(staged, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _put_in_place(staged: Path, targets: Mapping[str, Path]) -> None:
    """Rename every staged file to its target; if one cannot be, put back what stood there before."""
    before: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        for key, target in targets.items():
            if target.exists():
                before[target] = target.replace(staged / f"before-{key}")
        for key, target in reversed(list(targets.items())):
            if (staged / key).exists():
                (staged / key).replace(target)
                placed.append(target)
    except BaseException:
        for target in placed:
            target.unlink(missing_ok=True)
        for target, kept in before.items():
            kept.replace(target)
        raise
