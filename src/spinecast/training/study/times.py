"""The blocks of a study of times: its outcome, with or without competing causes, and its candidates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spinecast.documents import Block, Identifier, Names, Text, Whole
from spinecast.training.study.candidates import FilledCandidate, LearnerCandidate, TreeCandidate, name_field
from spinecast.training.study.outcomes import event_field, label_field, time_field

__all__ = [
    "BoostedAft",
    "BoostedCox",
    "CompetingRisksOutcome",
    "Cox",
    "DiscreteTime",
    "RandomSurvivalForest",
    "TimeToEventOutcome",
    "TimedCandidate",
    "TimedOutcomeSpec",
]

Horizons = Annotated[tuple[Annotated[Whole, Field(gt=0)], ...], Field(min_length=1)]
_HORIZONS = "Days at which risks are read, judged and reported: all from one curve."


class TimeToEventOutcome(Block):
    """The time to an event, with follow-up that may end earlier: one model answers every horizon."""

    kind: Literal["time_to_event"]
    time: Identifier = time_field()
    event: Identifier = event_field()
    horizons_days: Horizons = Field(description=_HORIZONS)
    label: Text | None = label_field()


class CompetingRisksOutcome(Block):
    """The time to the first of several events, each with a hazard of its own; risks are cumulative incidences."""

    kind: Literal["competing_risks"]
    time: Identifier = time_field()
    status: Identifier = Field(description="Outcome variable with levels: what ended the follow-up.")
    causes: Names = Field(
        min_length=2,
        description="Levels of the status that are events, first the one of interest; all others are the end of "
        "follow-up.",
    )
    horizons_days: Horizons = Field(description=_HORIZONS)
    label: Text | None = label_field()


class Cox(FilledCandidate):
    """Cox regression with an elastic-net penalty, restricted cubic splines where they help."""

    kind: Literal["cox"]
    name: Identifier = name_field("cox")


class BoostedCox(TreeCandidate):
    """Trees boosted on the partial likelihood, by XGBoost."""

    kind: Literal["boosted_cox"]
    name: Identifier = name_field("boosted_cox")


class BoostedAft(TreeCandidate):
    """Trees boosted on the likelihood of accelerated failure times, by XGBoost."""

    kind: Literal["boosted_aft"]
    name: Identifier = name_field("boosted_aft")
    distribution: Literal["normal", "logistic", "extreme"] = Field(
        default="logistic",
        description="Of the logarithm of time around its location: log-normal, log-logistic or Weibull times.",
    )

    @property
    def family(self) -> str:
        """The algorithm in the catalogue."""
        return f"boosted_aft_{self.distribution}"


class RandomSurvivalForest(FilledCandidate):
    """A forest whose leaves hold cumulative hazards. Needs the extra `survival` (scikit-survival)."""

    kind: Literal["random_survival_forest"]
    name: Identifier = name_field("random_survival_forest")


class DiscreteTime(LearnerCandidate):
    """Hazards of intervals, learned by a binary algorithm from rows of a patient and an interval."""

    kind: Literal["discrete_time"]
    name: Identifier = name_field("discrete_time")
    learner: Literal["elastic_net", "random_forest", "xgboost", "neural_network"] = Field(
        default="xgboost", description="The binary algorithm. A support vector machine gives no probability."
    )

    @property
    def family(self) -> str:
        """The algorithm in the catalogue."""
        return f"discrete_time_{self.learner}"


TimedOutcomeSpec = TimeToEventOutcome | CompetingRisksOutcome
TimedCandidate = Cox | BoostedCox | BoostedAft | RandomSurvivalForest | DiscreteTime
