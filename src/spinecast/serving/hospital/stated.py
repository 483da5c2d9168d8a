"""What an answer says in words and numbers, of whatever kind of model: for a card, and for a FHIR resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.serving.pages.words import days_words, percent, quantity

__all__ = ["Chance", "chances", "statement"]


@dataclass(frozen=True)
class Chance:
    """The probability of one thing.

    Parameters
    ----------
    label : str
        What of.
    probability : float
    lower, upper : float or None
        Its 95 % limits; None where the model gives none.
    days : float or None
        By which day.
    """

    label: str
    probability: float
    lower: float | None = None
    upper: float | None = None
    days: float | None = None

    def text(self) -> str:
        """Write it with its limits: "41% (33% to 50%)"."""
        if self.lower is None or self.upper is None:
            return percent(self.probability)
        return f"{percent(self.probability)} ({percent(self.lower)} to {percent(self.upper)})"


def chances(said: Mapping[str, Any], outcome: Mapping[str, Any]) -> list[Chance]:
    """Return every probability of an answer.

    Parameters
    ----------
    said : mapping
        As :func:`spinecast.serving.answers.answer`, with a prediction.
    outcome : mapping
        The model's ``about["outcome"]``.
    """
    prediction, kind = said["prediction"], said["model"]["kind"]
    label = str(prediction["outcome"])
    if kind == "event":
        day = outcome.get("horizon_days")
        limits = (float(prediction["lower"]), float(prediction["upper"]))
        return [Chance(label, float(prediction["risk"]), *limits, None if day is None else float(day))]
    if kind == "times":
        return [
            Chance(
                f"{label} by {days_words(float(one['day']))}",
                float(one["risk"]),
                float(one["lower"]),
                float(one["upper"]),
                float(one["day"]),
            )
            for one in prediction["horizons"]
            if "absent" not in one
        ]
    if kind == "levels":
        return [
            Chance(f"{label}: {one['label']}", float(one["probability"]), float(one["lower"]), float(one["upper"]))
            for one in prediction["thresholds"]
        ]
    unit = prediction["unit"]
    return [
        Chance(f"{label} of {quantity(one['threshold'])} {unit} and more", float(one["probability"]))
        for one in prediction["at_least"]
    ]


def statement(said: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    """Return the one thing that stands for an answer where there is room for no more."""
    prediction, kind = said["prediction"], said["model"]["kind"]
    if kind == "quantity":
        widest = max(prediction["intervals"], key=lambda one: one["stated"], default=None)
        middle = f"{prediction['outcome']}: median {quantity(prediction['median'])} {prediction['unit']}"
        if widest is None:
            return middle
        return f"{middle} ({widest['stated']:.0%}: {quantity(widest['lower'])} to {quantity(widest['upper'])})"
    found = chances(said, outcome)
    if not found:
        return f"{prediction['outcome']}: no probability can be given"
    chosen = found[0]
    if kind == "times":
        explained = float(prediction["explained_day"])
        chosen = min(found, key=lambda one: abs((one.days or 0.0) - explained))
    elif kind == "levels":
        levels = [str(one["level"]) for one in prediction["thresholds"]]
        chosen = found[levels.index(str(prediction["explained"]))]
    return f"{chosen.label}: {chosen.text()}"
