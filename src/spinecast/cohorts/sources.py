"""Where patients come from: files, SUPPORT from the SurvSet package, and recipes of made-up patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from spinecast.cohorts.cohort import AttritionStep, Cohort, CohortKind, Provenance
from spinecast.cohorts.contract import ImpossibleValues, make_cohort, require_columns
from spinecast.cohorts.decimals import with_decimal_points
from spinecast.cohorts.derived import variables_to_read
from spinecast.cohorts.rules import ColumnRule, column_rules
from spinecast.cohorts.support import SupportSubset, support_patients, support_rules
from spinecast.cohorts.synthetic.marks import MARK_COLUMN, is_marked
from spinecast.cohorts.table_files import csv_table, is_parquet, parquet_table, read_table
from spinecast.files import sha256_file

__all__ = [
    "CsvSource",
    "ParquetSource",
    "RawTable",
    "Source",
    "SupportSource",
    "SyntheticSource",
    "build_cohort",
    "is_parquet",
    "read_csv",
    "read_parquet",
    "read_support",
    "read_synthetic",
    "read_table",
]


@dataclass(frozen=True)
class _TableSource:
    """A file of patients.

    Parameters
    ----------
    path : Path
        The file.
    id_column : str
        Column that tells patients apart.
    columns : mapping of variable to {column, unit, levels, missing_codes}
        Columns that do not bear their variable's name or are not in canonical units and levels.
    group_column : str, optional
        Column with the site or cluster.
    synthetic : bool
        Whether the patients are made up; everything made from them then says so. A table that carries the mark of
        ``spinecast synth`` is synthetic whatever is said here.
    name : str, optional
        What reports call the cohort; the file's name without its ending when left out.
    description, licence, citation : str
        For the provenance.
    """

    path: Path
    id_column: str
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    group_column: str | None = None
    synthetic: bool = False
    name: str | None = None
    description: str = ""
    licence: str = ""
    citation: str = ""


@dataclass(frozen=True)
class CsvSource(_TableSource):
    """A delimited text file in UTF-8 with one header row.

    Parameters
    ----------
    separator : str
        What stands between two cells, one character.
    decimal : {".", ","}
        What stands before the decimals of a number.
    """

    separator: str = ","
    decimal: str = "."


@dataclass(frozen=True)
class ParquetSource(_TableSource):
    """A Parquet file."""


@dataclass(frozen=True)
class SupportSource:
    """SUPPORT: 9,105 seriously ill adults in five US hospitals, 1989-1994."""

    subset: SupportSubset = "metastatic"


@dataclass(frozen=True)
class SyntheticSource:
    """Made-up patients, drawn from a recipe when they are needed.

    Parameters
    ----------
    recipe : Path
        The recipe's file.
    patients : int
    seed : int
    site : str, optional
        A site of the recipe; its first when None.
    """

    recipe: Path
    patients: int
    seed: int = 1
    site: str | None = None


Source = CsvSource | ParquetSource | SupportSource | SyntheticSource


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as read, with what is needed to check it.

    Parameters
    ----------
    name : str
    kind : {"real", "synthetic"}
    table : DataFrame
        Raw cells; the integer index holds each row's position in the source.
    rules : tuple of ColumnRule
        What is read; the inputs of a derived variable in place of one that the table lacks.
    id_column : str
    provenance : Provenance
    attrition : tuple of AttritionStep
    variables : tuple of str
        What was asked for.
    group_column : str, optional
    """

    name: str
    kind: CohortKind
    table: pd.DataFrame
    rules: tuple[ColumnRule, ...]
    id_column: str
    provenance: Provenance
    attrition: tuple[AttritionStep, ...]
    variables: tuple[str, ...]
    group_column: str | None = None


def build_cohort(source: Source, variables: Sequence[str], impossible_values: ImpossibleValues = "refuse") -> Cohort:
    """Read a source and make a cohort of it through the contract.

    Parameters
    ----------
    source : CsvSource, ParquetSource, SupportSource or SyntheticSource
    variables : sequence of str
        Dictionary names the study needs: predictors, outcomes, comparators, subgroups. A derived variable that a
        file has no column for is computed from the columns it follows from.
    impossible_values : {"refuse", "set_missing", "exclude_patient"}

    Raises
    ------
    CohortError
        If the file is not there, has no patient, or the SurvSet package is missing.
    ContractError, RejectedTableError
        If the file cannot be read or its cells break the contract.
    DocumentError
        If a recipe cannot be read or drawn from.
    """
    if isinstance(source, SupportSource):
        raw = read_support(source, variables)
    elif isinstance(source, SyntheticSource):
        raw = read_synthetic(source, variables)
    elif isinstance(source, CsvSource):
        raw = read_csv(source, variables)
    else:
        raw = read_parquet(source, variables)
    return make_cohort(
        raw.table,
        raw.rules,
        name=raw.name,
        kind=raw.kind,
        provenance=raw.provenance,
        id_column=raw.id_column,
        impossible_values=impossible_values,
        attrition=raw.attrition,
        group_column=raw.group_column,
        variables=raw.variables,
    )


def read_csv(source: CsvSource, variables: Sequence[str]) -> RawTable:
    """Read a delimited text file. Cells stay text, so that the contract sees what was written.

    Raises
    ------
    CohortError
        If the file is not there or holds no patient.
    ContractError
        If it is not readable as a table, or a column is missing.
    """
    table = csv_table(source.path, source.separator, say="set cohort.source.separator: {} in the study")
    raw = _from_file(source, variables, table)
    return replace(raw, table=with_decimal_points(raw.table, raw.rules)) if source.decimal == "," else raw


def read_parquet(source: ParquetSource, variables: Sequence[str]) -> RawTable:
    """Read a Parquet file.

    Raises
    ------
    CohortError, ContractError
        As `read_csv`.
    """
    return _from_file(source, variables, parquet_table(source.path))


def read_support(source: SupportSource, variables: Sequence[str]) -> RawTable:
    """Take SUPPORT from the SurvSet package.

    Raises
    ------
    CohortError
        If SurvSet is not installed.
    ContractError
        If SUPPORT does not record a variable.
    """
    rules = support_rules(variables)
    patients = support_patients(source.subset, rules)
    return RawTable(
        name=patients.name,
        kind="real",
        table=patients.table,
        rules=rules,
        id_column="pid",
        provenance=patients.provenance,
        attrition=patients.attrition,
        variables=tuple(dict.fromkeys(variables)),
    )


def read_synthetic(source: SyntheticSource, variables: Sequence[str]) -> RawTable:
    """Draw made-up patients from a recipe.

    Raises
    ------
    CohortError
        If the recipe has no such site.
    ContractError
        If it has no such variable.
    DocumentError
        If the recipe cannot be read, or states what cannot be had.
    """
    from spinecast.cohorts.synthetic.coding import ID_COLUMN
    from spinecast.cohorts.synthetic.embedding import canonical_table, require_variables
    from spinecast.cohorts.synthetic.generator import Generator
    from spinecast.cohorts.synthetic.recipe import load_recipe
    from spinecast.cohorts.synthetic.site_rules import written_variables

    recipe = load_recipe(source.recipe)
    generator = Generator(recipe, source.seed, source.site)
    content, site = recipe.content, generator.site_name
    needed = variables_to_read(variables, lambda name: name in written_variables(content))
    require_variables(content, needed)
    return RawTable(
        name=f"{content.recipe} ({site})",
        kind="synthetic",
        table=canonical_table(generator, source.patients, needed),
        rules=column_rules(needed),
        id_column=ID_COLUMN,
        provenance=Provenance(
            source=f"recipe {content.recipe}",
            description=content.title,
            citation="; ".join(content.sources.values()),
            notes=(f"{recipe.mark}: site {site}, seed {source.seed}", f"SHA-256 of the recipe: {recipe.hash}"),
        ),
        attrition=(AttritionStep("source", f"patients drawn from {content.recipe}", 0, source.patients),),
        variables=tuple(dict.fromkeys(variables)),
    )


def _from_file(source: _TableSource, variables: Sequence[str], table: pd.DataFrame) -> RawTable:
    columns = {str(column) for column in table.columns}
    # What the mapping names is there, or is missed: a column named by mistake is not computed from others instead.
    needed = variables_to_read(variables, lambda name: name in source.columns or name in columns)
    rules = column_rules(needed, source.columns)
    require_columns([str(column) for column in table.columns], rules, source.id_column, source.group_column)
    name = source.name or source.path.stem
    marked = is_marked(columns, table[source.id_column])
    return RawTable(
        name=name,
        kind="synthetic" if source.synthetic or marked else "real",
        table=table,
        rules=rules,
        id_column=source.id_column,
        provenance=Provenance(
            source=source.path.name,
            description=source.description or f"Patients of {source.path.name}",
            licence=source.licence,
            citation=source.citation,
            notes=(*_marks(table), f"SHA-256 of the file: {sha256_file(source.path)}"),
        ),
        attrition=(AttritionStep("source", f"patients in {source.path.name}", 0, len(table)),),
        variables=tuple(dict.fromkeys(variables)),
        group_column=source.group_column,
    )


def _marks(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the marks that a synthetic table carries, each once: the recipes its patients were drawn from."""
    return tuple(sorted({str(mark) for mark in table[MARK_COLUMN].dropna()})) if MARK_COLUMN in table else ()
