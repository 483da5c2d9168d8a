"""The blocks of a study file that say where its patients come from, and whom it borrows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.cohorts.table_column import TableColumn
from spinecast.documents import Block, Flag, Identifier, Number, Seed, Text, Whole

__all__ = [
    "BorrowSpec",
    "CohortSpec",
    "CsvSource",
    "ParquetSource",
    "PatientSource",
    "SupportSource",
    "SyntheticSource",
    "TableSource",
]


class SupportSource(Block):
    """SUPPORT, 9,105 seriously ill adults of 1989-1994, from the optional package SurvSet."""

    kind: Literal["support"]
    subset: Literal["all", "metastatic", "lung", "colon"] = Field(
        default="metastatic",
        description="Which patients: the 1,858 with metastatic cancer; of those, the ones who entered for lung or for "
        "colon cancer; or all.",
    )


class TableSource(Block):
    """A table in a file, one row a patient."""

    kind: str
    path: Text = Field(description="The table's file, relative to the folder of this study file.")
    id_column: Text = Field(description="Column that tells patients apart; duplicates are refused.")
    group_column: Text | None = Field(
        default=None,
        description="Column with the site or cluster. Its patients stay together in resampling, unless "
        "resampling.group says otherwise.",
    )
    synthetic: Flag = Field(
        default=False, description="True when the patients are not real: every report, page and record then says so."
    )
    columns: dict[Identifier, TableColumn] = Field(
        default={},
        description="How the table writes a variable, where it differs from the dictionary's own name, unit and "
        "levels: {variable: {column, unit, levels, missing_codes}}.",
    )
    date_columns: dict[Literal["birth", "index", "last_contact", "death"], Text] = Field(
        default={},
        description="Columns with dates, as in a mapping: {index: surgery_date}. The index date is the day the "
        "prediction is made for.",
    )
    measured_on: dict[Identifier, Text] = Field(
        default={},
        description="Columns with the day a variable was measured: {variable: column}. With the index date they show "
        "whether a predictor was known when the prediction is made.",
    )
    name: Text | None = Field(
        default=None, description="What reports call the cohort; the file's name without its ending when left out."
    )
    description: Text | None = Field(default=None, description="Who the patients are, for the report.")
    licence: Text | None = Field(default=None, description="The terms on which the table may be used, for the report.")
    citation: Text | None = Field(default=None, description="The reference to cite for the table, for the report.")


class CsvSource(TableSource):
    """A delimited text table in UTF-8, one row a patient."""

    kind: Literal["csv"]
    separator: Literal[",", ";", "|", "\t"] = Field(
        default=",", description='What stands between two cells; quote it, and write a tab as "\\t".'
    )
    decimal: Literal[".", ","] = Field(default=".", description="What stands before the decimals of a number.")


class ParquetSource(TableSource):
    """A Parquet table, one row a patient."""

    kind: Literal["parquet"]


class SyntheticSource(Block):
    """Patients who do not exist, drawn from a recipe of published numbers; everything made from them says SYNTHETIC."""

    kind: Literal["synthetic"]
    recipe: Text = Field(
        description="Name of a recipe that comes with spinecast (`spinecast synth --list`), or the path of one, "
        "relative to the folder of this study file."
    )
    patients: Whole = Field(ge=1, le=10_000_000, description="How many patients are drawn.")
    seed: Seed = Field(default=1, description="Start of every random draw of the patients.")
    site: Identifier | None = Field(default=None, description="A site of the recipe; its first when left out.")


PatientSource = Annotated[SupportSource | CsvSource | ParquetSource | SyntheticSource, Field(discriminator="kind")]


class BorrowSpec(Block):
    """Related patients who help to fit, at a weight that is tuned, and never judge."""

    source: PatientSource = Field(
        description="Where they come from. The study's own patients among them are left out, as are those whose "
        "outcome is not known."
    )
    weights: tuple[Annotated[Number, Field(ge=0, le=1)], ...] = Field(
        default=(0.0, 0.1, 0.3, 1.0),
        min_length=1,
        description="Weights tried, of one borrowed patient against one of the study's own; 0 borrows nothing. The "
        "choice is a dimension of every candidate's search, judged on the study's own patients.",
    )


class CohortSpec(Block):
    """The patients the study learns from and is judged on."""

    source: PatientSource = Field(description="Where the patients come from.")
    borrow: BorrowSpec | None = Field(
        default=None,
        title="Borrow",
        description="Related patients who enter every training set, and never a validation.",
    )
    impossible_values: Literal["refuse", "set_missing", "exclude_patient"] = Field(
        default="refuse",
        description="What happens to a value outside the variable's possible range: refuse the table, treat the value "
        "as missing, or leave the patient out. Each such value is counted in the report.",
    )
