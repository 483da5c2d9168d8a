"""The blocks of a study file: one frozen model for each mapping, every key with its description.

The published JSON Schema and the messages of a refused study are drawn from here. A block that comes in several kinds
is a union told apart by its ``kind``; a new kind is one class and one entry in its union.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from spinecast.documents import (
    Block,
    Cell,
    Flag,
    Identifier,
    Names,
    Number,
    Seed,
    Text,
    Whole,
    named_kind,
)

__all__ = [
    "Baseline",
    "BinaryCandidate",
    "BinaryOutcome",
    "BinaryOutcomeSpec",
    "BorrowSpec",
    "CatBoost",
    "CohortSpec",
    "Comparator",
    "CompetingHorizonOutcome",
    "CsvSource",
    "DecisionTree",
    "ElasticNet",
    "EnsembleFinal",
    "ExplanationSpec",
    "FilledCandidate",
    "FinalSpec",
    "ForestImputation",
    "GaussianProcess",
    "GradientBoosting",
    "HorizonOutcome",
    "Imputation",
    "LandmarkOutcome",
    "LightGBM",
    "MedianImputation",
    "NativeImputation",
    "NeuralNetwork",
    "ParquetSource",
    "RandomForest",
    "SupportSource",
    "SupportVectorMachine",
    "SyntheticSource",
    "TableColumn",
    "TableSource",
    "ThresholdOutcome",
    "TrackingSpec",
    "TreeCandidate",
    "TreeImputation",
    "WinnerFinal",
    "XGBoost",
    "event_field",
    "imputation_text",
    "label_field",
    "name_field",
    "time_field",
]


class SupportSource(Block):
    """SUPPORT, 9,105 seriously ill adults of 1989-1994, from the optional package SurvSet."""

    kind: Literal["support"]
    subset: Literal["all", "metastatic", "lung", "colon"] = Field(
        default="metastatic",
        description="Which patients: the 1,858 with metastatic cancer; of those, the ones who entered for lung or for "
        "colon cancer; or all.",
    )


class TableColumn(Block):
    """One column of a table and the dictionary variable it holds."""

    column: Text | None = Field(
        default=None, description="The column's name in the table; the variable's own name when left out."
    )
    unit: str | None = Field(
        default=None,
        description="Unit of a measured variable's values; the dictionary's canonical unit when left out.",
    )
    levels: dict[str, Text] | None = Field(
        default=None,
        description="What each text of the table means: {text in the table: level of the dictionary}. Left out when "
        "the table already uses the dictionary's levels. Quote digits, yes and no.",
    )
    missing_codes: tuple[Cell, ...] = Field(
        default=(), description="Values that mean missing in this column (such as -99 or NA), besides the empty cell."
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


def label_field() -> Any:
    """The key of an outcome's name."""
    return Field(default=None, description="Name of the outcome in the report.")


def time_field() -> Any:
    """The key of an outcome's time."""
    return Field(description="Outcome variable with the days from entry to the event or end of follow-up.")


def event_field() -> Any:
    """The key of an outcome's event."""
    return Field(description="Binary outcome variable: whether follow-up ended with the event.")


def _censored() -> Any:
    return Field(
        default="exclude",
        description="Patients whose follow-up ended before the horizon without the event: leave them out, or weight "
        "the others by the inverse probability of censoring.",
    )


class HorizonOutcome(Block):
    """An event by a fixed day after entry, with follow-up that may end earlier."""

    kind: Literal["horizon"]
    time: Identifier = time_field()
    event: Identifier = event_field()
    horizon_days: Whole = Field(gt=0, description="Day by which the event counts.")
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class LandmarkOutcome(Block):
    """An event by a fixed day after a landmark, among patients alive and under observation then."""

    kind: Literal["landmark"]
    time: Identifier = time_field()
    event: Identifier = event_field()
    landmark_days: Whole = Field(
        gt=0,
        description="Day after entry at which the prediction is made. Predictors must be known by then; patients whose "
        "event or end of follow-up came by that day are left out.",
    )
    horizon_days: Whole = Field(gt=0, description="Days after the landmark by which the event counts.")
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class CompetingHorizonOutcome(Block):
    """An event of interest by a fixed day, where death or another event may come first."""

    kind: Literal["competing_horizon"]
    time: Identifier = time_field()
    status: Identifier = Field(
        description="Outcome variable with levels: the event, an event that competes with it, or the end of follow-up."
    )
    event_levels: Names = Field(min_length=1, description="Levels of the status that count as the event.")
    horizon_days: Whole = Field(gt=0, description="Day by which the event counts.")
    competing_levels: Names = Field(
        default=("death",),
        min_length=1,
        description="Levels of the status that compete with the event; all others are the end of follow-up.",
    )
    handling: Literal["competing", "composite", "exclude"] = Field(
        default="competing",
        description="Patients whose competing event came first: they do not have the event (the risk is the cumulative "
        "incidence), they count as having it, or they are left out.",
    )
    censored: Literal["exclude", "ipcw"] = _censored()
    label: Text | None = label_field()


class BinaryOutcome(Block):
    """A state at assessment that is present or not."""

    kind: Literal["binary"]
    variable: Identifier = Field(description="Outcome variable with the state of each patient.")
    event_levels: Names = Field(min_length=1, description="Levels that count as the event.")
    excluded_levels: Names = Field(default=(), description="Levels whose patients are left out of the study.")
    label: Text | None = label_field()


class ThresholdOutcome(Block):
    """A measured outcome that reaches a threshold or not, such as a blood loss of 2500 mL and more."""

    kind: Literal["threshold"]
    variable: Identifier = Field(description="Continuous outcome variable.")
    threshold: Number = Field(description="The threshold, in the unit below.")
    unit: Text | None = Field(
        default=None, description="Unit of the threshold; the dictionary's canonical unit when left out."
    )
    comparison: Literal["at_least", "more_than", "at_most", "less_than"] = Field(
        default="at_least", description="Which side of the threshold is the event."
    )
    label: Text | None = label_field()


BinaryOutcomeSpec = HorizonOutcome | LandmarkOutcome | CompetingHorizonOutcome | BinaryOutcome | ThresholdOutcome


class Comparator(Block):
    """Another model's risk, already in the cohort, judged beside this study's model. Never a predictor."""

    name: Identifier = Field(description="Name in the report's tables.")
    variable: Identifier = Field(description="Dictionary variable that holds the other model's output.")
    complement: Flag = Field(
        default=False, description="True when the variable is the chance that the event does not happen."
    )
    horizon_days: Whole | None = Field(default=None, gt=0, description="Day the other model predicts for, if any.")
    note: Text | None = Field(default=None, description="What a reader must know before comparing.")


class MedianImputation(Block):
    """The median or the commonest level, with an indicator that it was missing."""

    kind: Literal["median"]


class NativeImputation(Block):
    """Missing values stay missing; each split of a tree learns which way they go."""

    kind: Literal["native"]


class ForestImputation(Block):
    """Each variable predicted from the others by a forest, in rounds, with an indicator that it was missing."""

    kind: Literal["forest"]
    iterations: Whole = Field(default=3, ge=1, le=20, description="Rounds over all incomplete variables.")
    trees: Whole = Field(default=20, ge=1, le=500, description="Trees of each forest.")


_Filled = Annotated[MedianImputation | ForestImputation, Field(discriminator="kind")]
_FilledOrNative = Annotated[MedianImputation | NativeImputation | ForestImputation, Field(discriminator="kind")]
# `imputation: forest` is short for `imputation: {kind: forest}`.
Imputation = Annotated[
    _Filled, BeforeValidator(named_kind, json_schema_input_type=_Filled | Literal["median", "forest"])
]
TreeImputation = Annotated[
    _FilledOrNative,
    BeforeValidator(named_kind, json_schema_input_type=_FilledOrNative | Literal["median", "native", "forest"]),
]
_IMPUTATION = "How missing values are met, learned inside the resampling: a kind, or a kind with its settings."


def imputation_text() -> str:
    """What the key of a candidate's imputation says."""
    return _IMPUTATION


class _Candidate(Block):
    kind: str
    name: Identifier
    predictors: Names | None = Field(
        default=None, min_length=1, description="Predictors of this candidate; the study's when left out."
    )
    trials: Whole | None = Field(
        default=None, ge=1, le=10_000, description="Tuning trials of this candidate; tuning.trials when left out."
    )
    search: dict[Identifier, Annotated[tuple[Number, ...], Field(min_length=1)]] | None = Field(
        default=None,
        description="Parameters searched differently from the catalogue: {parameter: [low, high]}, or a list of "
        "choices (one value fixes the parameter; three or more are tried as they are).",
    )

    @property
    def family(self) -> str:
        """The algorithm in the catalogue."""
        return self.kind


class FilledCandidate(_Candidate):
    """A candidate whose missing values are filled in."""

    imputation: Imputation = Field(default=MedianImputation(kind="median"), description=_IMPUTATION)


def name_field(default: str) -> Any:
    """The key of a candidate's name."""
    return Field(default=default, description="Name in the report and in final.of; the kind when left out.")


class ElasticNet(FilledCandidate):
    """Logistic regression with an elastic-net penalty, restricted cubic splines where they help."""

    kind: Literal["elastic_net"]
    name: Identifier = name_field("elastic_net")


class RandomForest(FilledCandidate):
    """A forest of probability trees."""

    kind: Literal["random_forest"]
    name: Identifier = name_field("random_forest")


class TreeCandidate(_Candidate):
    """A candidate whose trees route missing values themselves, unless they are filled in."""

    imputation: TreeImputation = Field(default=NativeImputation(kind="native"), description=_IMPUTATION)


class XGBoost(TreeCandidate):
    """Gradient-boosted trees."""

    kind: Literal["xgboost"]
    name: Identifier = name_field("xgboost")


class SupportVectorMachine(FilledCandidate):
    """A support vector machine with a radial kernel."""

    kind: Literal["support_vector_machine"]
    name: Identifier = name_field("support_vector_machine")


class NeuralNetwork(FilledCandidate):
    """A small feed-forward network."""

    kind: Literal["neural_network"]
    name: Identifier = name_field("neural_network")


class DecisionTree(FilledCandidate):
    """One tree, pruned."""

    kind: Literal["decision_tree"]
    name: Identifier = name_field("decision_tree")


class GradientBoosting(FilledCandidate):
    """Gradient-boosted trees, by scikit-learn."""

    kind: Literal["gradient_boosting"]
    name: Identifier = name_field("gradient_boosting")


class GaussianProcess(FilledCandidate):
    """A Gaussian process with a radial kernel: risks are drawn towards even odds where patients were few."""

    kind: Literal["gaussian_process"]
    name: Identifier = name_field("gaussian_process")


class LightGBM(FilledCandidate):
    """Gradient-boosted trees, by LightGBM. Needs the extra `boosters`."""

    kind: Literal["lightgbm"]
    name: Identifier = name_field("lightgbm")


class CatBoost(FilledCandidate):
    """Gradient-boosted trees that ask one question a level, by CatBoost. Needs the extra `boosters`."""

    kind: Literal["catboost"]
    name: Identifier = name_field("catboost")


class Baseline(FilledCandidate):
    """Logistic regression on a few predictors anyone has: what the others must beat."""

    kind: Literal["baseline"]
    name: Identifier = name_field("baseline")
    predictors: Names = Field(min_length=1, description="The few predictors of the baseline, such as age.")


BinaryCandidate = (
    ElasticNet
    | RandomForest
    | XGBoost
    | SupportVectorMachine
    | NeuralNetwork
    | DecisionTree
    | GradientBoosting
    | GaussianProcess
    | LightGBM
    | CatBoost
    | Baseline
)


class WinnerFinal(Block):
    """The candidate with the lowest inner log-loss."""

    kind: Literal["winner"]


class EnsembleFinal(Block):
    """Several candidates averaged on the log-odds scale."""

    kind: Literal["ensemble"]
    of: Names = Field(min_length=1, description="Names of the candidates that are averaged.")


FinalSpec = Annotated[WinnerFinal | EnsembleFinal, Field(discriminator="kind")]


class ExplanationSpec(Block):
    """How the model's contributions are computed and shown."""

    patients: Whole = Field(default=200, ge=10, le=100_000, description="Patients in the global explanation.")


class TrackingSpec(Block):
    """Where the run is kept."""

    experiment: Text | None = Field(
        default=None, description="MLflow experiment; the study's identifier when left out."
    )
