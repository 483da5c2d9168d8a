"""The blocks of a study file that say how its models are tuned, judged, compared and explained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.documents import Block, Flag, Identifier, Probability, Real, Text, Whole

__all__ = [
    "BootstrapSpec",
    "Comparator",
    "EvaluationSpec",
    "ExplanationSpec",
    "InternalExternalSpec",
    "InternalValidationSpec",
    "LearningCurveSpec",
    "RepeatedCrossValidationSpec",
    "ResamplingSpec",
    "TuningMode",
    "TuningSpec",
]

TuningMode = Literal["fixed", "repeated"]


class ResamplingSpec(Block):
    """Nested, stratified resampling: outer folds judge, inner folds tune."""

    outer_folds: Whole = Field(default=5, ge=2, le=20, description="Folds that judge the whole procedure.")
    inner_folds: Whole = Field(default=5, ge=2, le=20, description="Folds inside each outer fold, for tuning.")
    group: Text | None = Field(
        default=None,
        description="Patients who share this variable's value stay in one fold. When left out, the table's "
        "group_column decides if there is one; null keeps nobody together.",
    )


class TuningSpec(Block):
    """How long each candidate is tuned, by log-loss."""

    trials: Whole = Field(default=25, ge=1, le=10_000, description="Settings tried for each candidate in each split.")
    startup_trials: Whole = Field(default=8, ge=1, description="Trials drawn at random before the sampler learns.")


class _Refitted(Block):
    tuning: TuningMode = Field(
        default="fixed",
        description="Whether the search over parameters is repeated inside each training set (repeated), or the "
        "parameters found on all patients are taken (fixed): much quicker, and optimistic to that degree.",
    )


class BootstrapSpec(_Refitted):
    """The whole procedure again on patients drawn with replacement: optimism, .632+, instability."""

    resamples: Whole = Field(default=50, ge=10, le=10_000, description="Resamples, each of as many patients.")


class RepeatedCrossValidationSpec(_Refitted):
    """Cross-validation again with other folds: what the division into folds does to the numbers."""

    repeats: Whole = Field(default=3, ge=1, le=100, description="Further divisions into resampling.outer_folds folds.")


class InternalExternalSpec(_Refitted):
    """Each site predicted by the model of the others."""

    by: Text | None = Field(
        default=None,
        description="Variable whose values are the sites; the table's group_column when left out.",
    )


class LearningCurveSpec(_Refitted):
    """Performance had there been fewer patients to learn from."""

    shares: tuple[Annotated[Real, Field(gt=0, le=1)], ...] = Field(
        default=(0.25, 0.5, 0.75, 1.0), min_length=1, description="Shares of each fold's training patients."
    )
    repeats: Whole = Field(default=1, ge=1, le=100, description="Divisions into resampling.outer_folds folds.")


class InternalValidationSpec(Block):
    """What is fitted again, beside the outer folds, to see how far the model would hold; null leaves a part out."""

    bootstrap: BootstrapSpec | None = Field(
        default=BootstrapSpec(),
        title="Bootstrap",
        description="Optimism-corrected performance and instability of the predictions.",
    )
    repeated_cross_validation: RepeatedCrossValidationSpec | None = Field(
        default=None,
        title="Repeated Cross Validation",
        description="Out-of-fold performance over further divisions into folds.",
    )
    internal_external: InternalExternalSpec | None = Field(
        default=None,
        title="Internal External",
        description="Performance in each site by models of the others, pooled over sites.",
    )
    learning_curve: LearningCurveSpec | None = Field(
        default=None,
        title="Learning Curve",
        description="Out-of-fold performance by the number of patients trained on.",
    )


class EvaluationSpec(Block):
    """What the validation report shows beyond its fixed measures."""

    thresholds: tuple[Probability, ...] = Field(
        default=(0.1, 0.2, 0.3, 0.5), min_length=1, description="Risks at which sensitivity and specificity are given."
    )
    decision_range: tuple[Probability, Probability] = Field(
        default=(0.05, 0.95), description="Lowest and highest threshold probability of the decision curve."
    )
    bootstrap: Whole = Field(
        default=200, ge=20, le=10_000, description="Bootstrap draws behind intervals and bands that have no formula."
    )


class Comparator(Block):
    """Another model's risk, already in the cohort, judged beside this study's model. Never a predictor."""

    name: Identifier = Field(description="Name in the report's tables.")
    variable: Identifier = Field(description="Dictionary variable that holds the other model's output.")
    complement: Flag = Field(
        default=False, description="True when the variable is the chance that the event does not happen."
    )
    horizon_days: Whole | None = Field(default=None, gt=0, description="Day the other model predicts for, if any.")
    note: Text | None = Field(default=None, description="What a reader must know before comparing.")


class ExplanationSpec(Block):
    """How the model's contributions are computed and shown."""

    patients: Whole = Field(default=200, ge=10, le=100_000, description="Patients in the global explanation.")
