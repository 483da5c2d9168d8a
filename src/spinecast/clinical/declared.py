"""What somebody declares of how a model was made: what no file of numbers can show, and checks must know."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spinecast.documents import Block, Flag, Text

__all__ = ["NOTHING_DECLARED", "PREDICTOR_CHOICE", "DevelopmentDeclared", "PredictorChoice"]

PredictorChoice = Literal["clinical", "literature", "all_candidates", "penalised", "stepwise", "univariable_p"]

PREDICTOR_CHOICE = (
    "How the predictors were chosen: on clinical grounds, from the literature, all candidates kept, by a penalty, "
    "stepwise, or by their p values one at a time. Left out when nobody states it."
)


class DevelopmentDeclared(Block):
    """How a model was made, as its makers or its publication state it; what is left out is not stated."""

    predictor_choice: PredictorChoice | None = Field(default=None, description=PREDICTOR_CHOICE)
    classes: Literal["as_they_are", "weighted", "resampled"] | None = Field(
        default=None,
        description="Whether patients with and without the event counted as they came, or one side was weighted "
        "(class_weight, scale_pos_weight) or resampled (over- or undersampling, SMOTE).",
    )
    recalibrated: Flag | None = Field(
        default=None,
        description="Whether the risks were recalibrated afterwards on patients in their natural proportion.",
    )
    place: Text | None = Field(default=None, description="Where that is stated.")


NOTHING_DECLARED = DevelopmentDeclared()
