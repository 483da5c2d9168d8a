"""The blocks of a study of a measured quantity: its outcome and its candidates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.documents import Block, Identifier, Number, Text
from spinecast.training.study.candidates import FilledCandidate, TreeCandidate, name_field
from spinecast.training.study.outcomes import label_field

__all__ = ["BoostedQuantile", "LinearQuantile", "QuantityCandidate", "QuantityOutcome", "XGBoostQuantile"]

Levels = Annotated[tuple[Annotated[Number, Field(gt=0, lt=1)], ...], Field(min_length=3)]
Thresholds = Annotated[tuple[Number, ...], Field(min_length=1)]


class QuantityOutcome(Block):
    """A measured quantity, such as a blood loss in mL: its quantiles and the chance of passing a threshold."""

    kind: Literal["quantity"]
    variable: Identifier = Field(description="Outcome variable that is measured.")
    thresholds: Thresholds = Field(description="Values whose probability of being reached is answered and judged.")
    unit: Text | None = Field(default=None, description="Unit of the thresholds; the canonical one when left out.")
    quantiles: Levels = Field(
        default=(0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        description="Levels that are learned, ascending, the median (0.5) among them. All else is read between them.",
    )
    scale: Literal["logarithm", "as_measured"] = Field(
        default="logarithm",
        description="What is learned: log(1 + value), for quantities that are skewed and never negative, or the value.",
    )
    label: Text | None = label_field()


class LinearQuantile(FilledCandidate):
    """Quantile regression with an L1 penalty."""

    kind: Literal["linear_quantile"]
    name: Identifier = name_field("linear_quantile")


class BoostedQuantile(FilledCandidate):
    """Trees boosted on the pinball loss, by scikit-learn."""

    kind: Literal["boosted_quantile"]
    name: Identifier = name_field("boosted_quantile")


class XGBoostQuantile(TreeCandidate):
    """Trees boosted on the pinball loss, by XGBoost."""

    kind: Literal["xgboost_quantile"]
    name: Identifier = name_field("xgboost_quantile")


QuantityCandidate = LinearQuantile | BoostedQuantile | XGBoostQuantile
