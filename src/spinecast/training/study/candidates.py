"""The candidates of a study of an event that is had or not, and which of them make the model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from spinecast.documents import Block, Identifier, Names, Number, Whole
from spinecast.training.study.missing import (
    IMPUTATION,
    Imputation,
    MedianImputation,
    NativeImputation,
    TreeImputation,
)

__all__ = [
    "Baseline",
    "BinaryCandidate",
    "CatBoost",
    "DecisionTree",
    "ElasticNet",
    "EnsembleFinal",
    "FilledCandidate",
    "FinalSpec",
    "GaussianProcess",
    "GradientBoosting",
    "LearnerCandidate",
    "LightGBM",
    "NeuralNetwork",
    "RandomForest",
    "SupportVectorMachine",
    "TreeCandidate",
    "WinnerFinal",
    "XGBoost",
    "name_field",
]


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

    imputation: Imputation = Field(default=MedianImputation(kind="median"), description=IMPUTATION)


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

    imputation: TreeImputation = Field(default=NativeImputation(kind="native"), description=IMPUTATION)


class XGBoost(TreeCandidate):
    """Gradient-boosted trees."""

    kind: Literal["xgboost"]
    name: Identifier = name_field("xgboost")


class LearnerCandidate(FilledCandidate):
    """A candidate that fits a binary algorithm several times: to intervals, or to thresholds."""

    learner: str
    imputation: TreeImputation = Field(  # type: ignore[assignment]  # xgboost alone takes more than the base class
        default=MedianImputation(kind="median"), description=IMPUTATION
    )

    @property
    def takes_missing(self) -> bool:
        """Whether missing values may stay missing."""
        return self.learner == "xgboost" or not isinstance(self.imputation, NativeImputation)


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
