"""The blocks of a study of ordered levels: its outcome and its candidates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.documents import Block, Identifier, Text
from spinecast.training.study.candidates import FilledCandidate, LearnerCandidate, name_field
from spinecast.training.study.outcomes import label_field

__all__ = ["Cumulative", "OrdinalCandidate", "OrdinalOutcome", "ProportionalOdds"]

Levels = tuple[Text, ...]
Group = Annotated[Levels, Field(min_length=2)]


class OrdinalOutcome(Block):
    """A level in an order, such as a Frankel grade: the chance of every level, and of reaching each."""

    kind: Literal["ordinal"]
    variable: Identifier = Field(description="Ordinal outcome variable; its levels run as in the dictionary.")
    death: Literal["worst_level", "excluded"] | None = Field(
        default=None,
        description="What becomes of people who died before the assessment, where the variable has a level for them: "
        "a level of their own at its end of the order, or left out. It must then be said.",
    )
    excluded_levels: Levels = Field(default=(), description="Levels whose patients are left out of the study.")
    combined_levels: tuple[Group, ...] = Field(
        default=(), description="Neighbouring levels that count as one, such as [[grade_3a, grade_3b]]."
    )
    label: Text | None = label_field()


class ProportionalOdds(FilledCandidate):
    """Proportional-odds regression with a ridge penalty, restricted cubic splines where they help."""

    kind: Literal["proportional_odds"]
    name: Identifier = name_field("proportional_odds")


class Cumulative(LearnerCandidate):
    """A binary algorithm fitted at each threshold, the thresholds then put in order."""

    kind: Literal["cumulative"]
    name: Identifier = name_field("cumulative")
    learner: Literal[
        "elastic_net",
        "random_forest",
        "decision_tree",
        "xgboost",
        "gradient_boosting",
        "lightgbm",
        "catboost",
        "support_vector_machine",
        "gaussian_process",
        "neural_network",
    ] = Field(default="xgboost", description="The binary algorithm.")

    @property
    def family(self) -> str:
        """The algorithm in the catalogue."""
        return f"cumulative_{self.learner}"


OrdinalCandidate = ProportionalOdds | Cumulative
