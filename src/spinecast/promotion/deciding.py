"""Which validations decide, and where: at each day a model of times predicts, those with patients enough there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spinecast.promotion.evidence import Evidence, Validated
from spinecast.promotion.gates_file import SampleSizeGate

__all__ = ["Deciding", "Size", "deciding_of"]

Day = float | None
"""A day that was judged; None of a model without days."""


@dataclass(frozen=True, order=True)
class Size:
    """Patients of a validation with the event and without, by a day where there is one.

    Parameters
    ----------
    fewer : int
        The smaller of the two.
    events : int
    without : int
        Of a model of times, those who are followed to the day without any event: who was lost before it tells nothing
        of it, and who had another event first is left out too, which counts too few rather than too many.
    """

    fewer: int
    events: int
    without: int

    @classmethod
    def of(cls, events: int, without: int) -> Size:
        """Put both counts down with the smaller."""
        return cls(min(events, without), events, without)


@dataclass(frozen=True)
class Deciding:
    """The validations that count, and which of them decide where.

    Parameters
    ----------
    counted : sequence of Validated
    days : tuple of float
        That the model predicts; empty of one without days.
    asked : SampleSizeGate
        What is large enough.
    """

    counted: Sequence[Validated]
    days: tuple[float, ...]
    asked: SampleSizeGate

    def large(self, size: Size) -> bool:
        """Say whether patients are enough."""
        return size.events >= self.asked.fewest_events and size.without >= self.asked.fewest_without

    def at(self, day: Day) -> Sequence[Validated]:
        """Return the validations whose numbers decide at a day: all that are large enough there, else all there are.

        None may be left out for its result; one of few patients would refuse any model for its wide intervals.
        """
        judged = [(one, sizes[day]) for one in self.counted if day in (sizes := sizes_of(one))]
        return [one for one, size in judged if self.large(size)] or [one for one, _ in judged]

    @property
    def anywhere(self) -> Sequence[Validated]:
        """The validations that decide at some day."""
        return [one for one in self.counted if any(one in self.at(day) for day in sizes_of(one))]

    def missing(self, validated: Validated) -> Sequence[float]:
        """Return the model's days that no validation on the same patients judged."""
        same = [one for one in self.counted if one.question == validated.question]
        judged = {day for one in same for day in sizes_of(one)}
        return [day for day in self.days if day not in judged]

    @property
    def smallest(self) -> tuple[Validated, Day, Size] | None:
        """The largest validation at the day where that is smallest; None where nobody was judged."""
        judged = {day for one in self.counted for day in sizes_of(one)}
        own = judged & set(self.days) or judged
        largest = [
            max(((one, day, sizes_of(one)[day]) for one in self.at(day)), key=lambda found: found[2]) for day in own
        ]
        return min(largest, key=lambda found: found[2], default=None)


def deciding_of(evidence: Evidence, asked: SampleSizeGate) -> Deciding:
    """Say which validations of a version decide."""
    places = [one for one in (evidence.own, evidence.development) if one is not None]
    days = {float(day) for place in places for day in place.outcome.get("horizons_days") or ()}
    return Deciding(evidence.counted, tuple(sorted(days)), asked)


def sizes_of(validated: Validated) -> Mapping[Day, Size]:
    """Return how many patients were judged by each day; of a model without days under None."""
    recorded = validated.recorded
    evaluation = recorded.files["evaluation.json"]
    if "horizons" not in evaluation:
        return {None: Size.of(recorded.events, recorded.n - recorded.events)}
    observed = evaluation.get("observed") or {}
    followed = list(zip(observed.get("days") or (), observed.get("at_risk") or (), strict=True))
    return {
        # Counted on the day itself or, where that is not written down, the next: nobody too many.
        float(one["day"]): Size.of(
            int(one.get("events") or 0), next((count for day, count in followed if day >= one["day"]), 0)
        )
        for one in evaluation["horizons"]
    }
