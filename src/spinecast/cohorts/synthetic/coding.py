"""How a site writes its patients down: columns, units, levels and codes for missing values, and the mapping back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import is_batch
from spinecast.cohorts.synthetic.generator import Chunk, Generator
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, patient_prefix
from spinecast.cohorts.synthetic.population import recording_of
from spinecast.cohorts.synthetic.recipe_blocks import Coding, Recipe, Site
from spinecast.cohorts.synthetic.site_rules import FIXED_COLUMNS, written_variables

if TYPE_CHECKING:
    import pyarrow

__all__ = ["ID_COLUMN", "INDEX_DATE_COLUMN", "SITE_COLUMN", "mapping_of", "patient_table", "truth_table"]

FloatArray = NDArray[np.float64]

_WHOLE = re.compile("-?(0|[1-9][0-9]{0,8})")

ID_COLUMN, _, SITE_COLUMN, INDEX_DATE_COLUMN = FIXED_COLUMNS


def patient_table(generator: Generator, chunk: Chunk) -> pyarrow.Table:
    """Return a chunk of patients as the site's table holds them."""
    import pyarrow

    recipe, site = generator.recipe, generator.site_block
    columns = _fixed(generator, chunk)
    columns[SITE_COLUMN] = _same(generator.site_name, len(chunk))
    columns[INDEX_DATE_COLUMN] = pyarrow.array(chunk.index_day.astype(np.int32), type=pyarrow.int32()).cast("date32")
    for name in written_variables(recipe):
        coding = site.coding.get(name, Coding())
        columns[coding.column or name] = _written(name, chunk.observed[name], recipe, site)
    for name, values in chunk.images.items():
        # Seven digits, as a program in single precision writes them.
        columns[name] = pyarrow.array(values if is_batch(name) else values.astype(np.float32), from_pandas=True)
    return pyarrow.table(columns)


def truth_table(generator: Generator, chunk: Chunk) -> pyarrow.Table:
    """Return the true linear predictors and chances of a chunk of patients."""
    import pyarrow

    columns = _fixed(generator, chunk)
    columns |= {name: pyarrow.array(np.ascontiguousarray(values)) for name, values in chunk.truth.items()}
    return pyarrow.table(columns)


def mapping_of(recipe: Recipe, site: Site) -> dict[str, Any]:
    """Return how a site's columns map to the dictionary, as ``columns`` of a study's table source takes it.

    Empty where the site writes as the dictionary does; else every unit is named that could be another.
    """
    columns: dict[str, Any] = {}
    for name in written_variables(recipe):
        coding = site.coding.get(name, Coding())
        entry: dict[str, Any] = {}
        if coding.column is not None and coding.column != name:
            entry["column"] = coding.column
        if coding.unit is not None:
            entry["unit"] = coding.unit
        levels = _levels(name, site)
        if levels is not None:
            entry["levels"] = {text: level for level, text in levels.items()}
        if coding.missing_code is not None:
            entry["missing_codes"] = [coding.missing_code]
        if entry:
            columns[name] = entry
    return _with_units(recipe, columns) if columns else {}


def _with_units(recipe: Recipe, columns: dict[str, Any]) -> dict[str, Any]:
    """Name the unit of every variable that could be in another one, so that nobody has to guess."""
    named: dict[str, Any] = {}
    for name in written_variables(recipe):
        entry, given = variable(name), columns.get(name, {})
        if entry.other_units and entry.unit_symbol:
            given = {"unit": entry.unit_symbol} | given
        if given:
            named[name] = given
    return named


def _fixed(generator: Generator, chunk: Chunk) -> dict[str, Any]:
    """Return the columns by which a patient is told, and told to be made up."""
    import pyarrow

    prefix = patient_prefix(generator.recipe.recipe, generator.site_name, generator.seed)
    numbers = range(chunk.first + 1, chunk.first + len(chunk) + 1)
    return {
        ID_COLUMN: pyarrow.array([f"{prefix}{number:07d}" for number in numbers]),
        MARK_COLUMN: _same(generator.source.mark, len(chunk)),
    }


def _same(text: str, size: int) -> pyarrow.Array:
    import pyarrow

    return pyarrow.DictionaryArray.from_arrays(np.zeros(size, dtype=np.int8), [text])


def _written(name: str, values: FloatArray, recipe: Recipe, site: Site) -> pyarrow.Array:
    """Return one variable as it is written."""
    import pyarrow

    code, missing = site.coding.get(name, Coding()).missing_code, np.isnan(values)
    entry = variable(name)
    if entry.is_levelled:
        levels = _levels(name, site) or {level: level for level in entry.level_values}
        texts = [levels[level] for level in entry.level_values]
        return _written_levels(texts, values, code)
    spec = site.variables.get(name) or recipe.variables.get(name)
    numbers = recording_of(name, spec, site).written(values)
    if isinstance(code, str):
        # A text among numbers makes the column text, as it would in a real table.
        texts = [code if lost else f"{number:.15g}" for number, lost in zip(numbers.tolist(), missing, strict=True)]
        return pyarrow.array(texts)
    if code is not None:
        return pyarrow.array(np.where(missing, float(code), numbers))
    return pyarrow.array(numbers, mask=missing)


def _written_levels(texts: list[str], values: FloatArray, code: str | int | float | None) -> pyarrow.Array:
    """Return levels as written: whole numbers where every level is one, as a spreadsheet would hold them."""
    import pyarrow

    missing = np.isnan(values)
    texts = texts if code is None else [*texts, str(code)]
    indices = np.where(missing, len(texts) - 1, np.nan_to_num(values)).astype(np.int8)
    unknown = missing if code is None else np.zeros(missing.shape, dtype=bool)
    if all(_WHOLE.fullmatch(text) for text in texts):
        return pyarrow.array(np.array([int(text) for text in texts])[indices], mask=unknown)
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices, mask=unknown), texts)


def _levels(name: str, site: Site) -> dict[str, str] | None:
    """Return how a site writes the levels of a variable, or None where it writes as the dictionary does."""
    coding = site.coding.get(name)
    if coding is not None and coding.levels is not None:
        return dict(coding.levels)
    if site.binary_levels is not None and variable(name).kind == "binary":
        return dict(zip(variable(name).level_values, site.binary_levels, strict=True))
    return None
