"""The blocks of a study file that bring features computed from images: their table, acquisition and harmonisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from spinecast.clinical.features import BATCH, batch_name, is_feature_column
from spinecast.documents import (
    Block,
    Flag,
    Identifier,
    KeyPath,
    Names,
    Problem,
    Real,
    Text,
    Whole,
    did_you_mean,
    dotted,
    named_kind,
)

if TYPE_CHECKING:
    from spinecast.training.study.model import Study

__all__ = [
    "Acquisition",
    "Combat",
    "FeatureBlockSpec",
    "NoHarmonisation",
    "ReductionSpec",
    "batch_names",
    "feature_problems",
]

Positive = Annotated[Real, Field(gt=0)]

FEWEST_IN_BATCH = 10
"""Patients of a scanner from which its effect is learned by default. ComBat has been used on fewer than that (Johnson
2007, doi:10.1093/biostatistics/kxj037); a spread known from ten patients is off by a quarter (1 / sqrt(2 (n - 1)))."""


class Acquisition(Block):
    """How the images were made, segmented and turned into numbers.

    The items follow CLEAR (Kocak 2023, doi:10.1186/s13244-023-01415-8), the radiomics quality score (Lambin 2017,
    doi:10.1038/nrclinonc.2017.141) and the reporting guidelines of the IBSI (Zwanenburg 2020,
    doi:10.1148/radiol.2020191145).
    """

    modality: Text = Field(description="What made the images, such as CT, MR or PET.")
    scanners: Text | None = Field(default=None, description="Manufacturers and models.")
    protocol: Text | None = Field(default=None, description="Protocol or sequence, and whether one was prescribed.")
    timing: Text | None = Field(default=None, description="When the images were made, against the day of prediction.")
    contrast: Text | None = Field(default=None, description="Contrast agent and phase; none where none was given.")
    slice_thickness_mm: Positive | None = Field(default=None, description="Slice thickness, mm.")
    pixel_spacing_mm: Positive | None = Field(default=None, description="Pixel spacing in the slice, mm.")
    voltage_kv: Positive | None = Field(default=None, description="Tube voltage, kV.")
    kernel: Text | None = Field(default=None, description="Reconstruction kernel or filter.")
    field_strength_t: Positive | None = Field(default=None, description="Field strength, T.")
    segmentation: Text | None = Field(
        default=None, description="Region, who drew it and with what, and whether it was checked by a second reader."
    )
    preprocessing: Text | None = Field(
        default=None, description="Resampling of voxels, normalisation, filters, and how grey values were binned."
    )
    software: Text | None = Field(default=None, description="Program and version that computed the features.")
    ibsi_compliant: Flag | None = Field(
        default=None, description="Whether the program's features agree with the IBSI's reference values."
    )
    repeatability: Text | None = Field(
        default=None, description="Test-retest or readers' agreement, and which features were kept for it."
    )


class NoHarmonisation(Block):
    """Features as the scanners gave them."""

    kind: Literal["none"]


class Combat(Block):
    """ComBat: each scanner's shift and stretch of every feature, learned inside the resampling without the outcome."""

    kind: Literal["combat"]
    parametric: Flag = Field(
        default=True,
        description="Whether a scanner's effects on all features are drawn together by a parametric prior; otherwise "
        "the other features' own estimates are the prior.",
    )
    keep: Names = Field(
        default=(),
        description="Predictors whose effect on the features is left in them. They are asked for at prediction too; "
        "the outcome is never among them.",
    )
    reference: Text | None = Field(
        default=None, description="Scanner that is left as it is and to which the others are brought."
    )
    fewest_patients: Whole = Field(
        default=FEWEST_IN_BATCH, ge=2, description="A scanner with fewer patients is not learned, and not known."
    )
    unseen: Literal["missing", "as_they_are"] = Field(
        default="missing",
        description="Features of a patient whose scanner is not known: they count as missing, or are used as they are "
        "with a warning. In a validation or an update a scanner of which enough patients are at hand is learned from "
        "them first.",
    )


class ReductionSpec(Block):
    """Fewer features, chosen inside the resampling."""

    correlation: Annotated[Real, Field(gt=0, le=1)] = Field(
        default=1.0,
        description="Of two features with a Spearman correlation beyond this in size one is dropped; 1 drops none.",
    )
    most: Whole | None = Field(
        default=None,
        ge=1,
        description="At most so many are kept, those with the largest mutual information with the outcome.",
    )


Harmonisation = Annotated[Combat | NoHarmonisation, Field(discriminator="kind")]


class FeatureBlockSpec(Block):
    """Features computed from one kind of image, named as predictors by the block's name."""

    name: Identifier = Field(description="Name of the block. Listed among predictors it stands for all its features.")
    label: Text | None = Field(default=None, description="What reports call it; its name when left out.")
    table: Text | None = Field(
        default=None,
        description="CSV or Parquet table with a row a patient, relative to the folder of this study file. When left "
        "out the features stand in the cohort's own table, or come with the recipe.",
    )
    id_column: Text | None = Field(default=None, description="Column of that table that tells patients apart.")
    separator: Literal[",", ";", "|", "\t"] = Field(default=",", description="What separates the cells of a CSV table.")
    columns: tuple[Text, ...] | None = Field(default=None, min_length=1, description="Columns that are features.")
    prefix: Text | None = Field(default=None, description="Every column that begins so is a feature.")
    leave_out: tuple[Text, ...] = Field(default=(), description="Columns with that prefix that are not used.")
    batch: Text | None = Field(
        default=None, description="Column that tells scanners or protocols apart. It is never a predictor itself."
    )
    acquisition: Acquisition = Field(description="How the images were made and measured.")
    harmonisation: Annotated[
        Harmonisation, BeforeValidator(named_kind, json_schema_input_type=Harmonisation | Literal["combat", "none"])
    ] = Field(default=NoHarmonisation(kind="none"), description="How features of different scanners are made one.")
    reduction: ReductionSpec = Field(default=ReductionSpec(), description="Which features are kept.")

    @property
    def combat(self) -> Combat | None:
        """The harmonisation, where there is one."""
        return self.harmonisation if isinstance(self.harmonisation, Combat) else None


def feature_problems(study: Study) -> Iterator[Problem]:
    """Find what contradicts itself in a study's blocks of features, or between them and the rest of it."""
    names = [block.name for block in study.features]
    used = {*study.predictors, *(name for candidate in study.candidates for name in candidate.predictors or ())}
    for position, block in enumerate(study.features):
        key: KeyPath = ("features", position)
        if block.name in names[:position]:
            yield Problem((*key, "name"), f"features: two blocks are named {block.name}", "a name of its own for each")
        if block.name not in used:
            what = f"features: no candidate uses {block.name}"
            yield Problem((*key, "name"), what, "its name among predictors", "add it, or leave the block out")
        yield from _column_problems(study, key, block)
        yield from _harmonisation_problems(study, key, block)
    yield from _imputation_problems(study)
    if study.features and study.cohort.borrow is not None:
        what = "cohort.borrow: a study with image features borrows nobody: whose scanners would theirs be?"
        yield Problem(("cohort", "borrow"), what, "one of the two", "leave borrow or features out")
    for i, name in enumerate(study.missing.decline.without):
        if name in names:
            what = f"missing.decline.without: {name} is a block of features"
            yield Problem(("missing", "decline", "without", i), what, "variables of the dictionary")


def _imputation_problems(study: Study) -> Iterator[Problem]:
    """Find candidates whose way to meet missing values knows no scanners."""
    names = {block.name for block in study.features}
    for position, candidate in enumerate(study.candidates):
        kind = candidate.imputation.kind
        used = names & set(candidate.predictors or study.predictors)
        if used and kind in ("multiple_imputation", "pattern_submodels"):
            key: KeyPath = ("candidates", position, "imputation")
            what = f"{dotted(key)}: {kind} does not go with image features ({', '.join(sorted(used))})"
            yield Problem(key, what, "median, forest or native")


def _column_problems(study: Study, key: KeyPath, block: FeatureBlockSpec) -> Iterator[Problem]:
    """Find what speaks against reading a block's columns, the table first."""
    yield from _table_problems(study, key, block)
    for i, column in enumerate(block.columns or ()):
        own: KeyPath = (*key, "columns", i)
        if column in (block.columns or ())[:i]:
            yield Problem(own, f"{dotted(own)}: {column} is listed twice", remedy="keep one of them")
        elif column in (block.batch, block.id_column):
            yield Problem(own, f"{dotted(own)}: {column} is no feature, it tells scanners or patients apart")
        elif not is_feature_column(column):
            expected = f"letters, digits, _ and -, and not {BATCH}"
            yield Problem(own, f"{dotted(own)}: {column!r} cannot name a feature", expected, "rename the column")


def _table_problems(study: Study, key: KeyPath, block: FeatureBlockSpec) -> Iterator[Problem]:
    source, place = study.cohort.source, dotted(key)
    if block.table is not None and block.id_column is None:
        what = f"{place}: nothing tells the patients of {block.table} apart"
        yield Problem((*key, "id_column"), what, "the column with the patients' identifiers")
    if block.table is None and block.id_column is not None:
        yield Problem((*key, "id_column"), f"{place}.id_column: there is no table of its own", "a `table` beside it")
    if block.table is None and source.kind == "support":
        yield Problem(key, f"{place}: SUPPORT holds no image features", "a `table` with them")
    drawn = block.table is None and source.kind == "synthetic"
    if drawn and block.prefix is not None:
        yield Problem((*key, "prefix"), f"{place}.prefix: a recipe's features are all of them, or named", "columns")
    if not drawn and (block.columns is None) == (block.prefix is None):
        yield Problem((*key, "columns"), f"{place}: which columns are features?", "exactly one of columns and prefix")
    if block.leave_out and block.prefix is None:
        yield Problem((*key, "leave_out"), f"{place}.leave_out: all columns are named", "a `prefix` beside it")


def _harmonisation_problems(study: Study, key: KeyPath, block: FeatureBlockSpec) -> Iterator[Problem]:
    combat = block.combat
    if combat is None:
        return
    place: KeyPath = (*key, "harmonisation")
    if block.batch is None:
        what = f"{dotted(place)}: nothing tells the scanners of {block.name} apart"
        yield Problem((*key, "batch"), what, "`batch`: the column with the scanner or protocol")
    for i, name in enumerate(combat.keep):
        own: KeyPath = (*place, "keep", i)
        for number, candidate in enumerate(study.candidates):
            predictors = candidate.predictors or study.predictors
            if block.name in predictors and name not in predictors:
                what = f"{dotted(own)}: {name} is kept in the features and candidate {candidate.name} does not know it"
                remedy = f"add it to the predictors of candidates.{number}, or leave it out of keep"
                yield Problem(own, what, f"one of {', '.join(predictors)}", did_you_mean(name, predictors) or remedy)
                break
        if name in [one.name for one in study.features]:
            yield Problem(own, f"{dotted(own)}: {name} is a block of features", "a variable of the dictionary")


def batch_names(study: Study) -> tuple[str, ...]:
    """Names by which patients may be grouped by their scanner."""
    return tuple(batch_name(block.name) for block in study.features if block.batch is not None)
