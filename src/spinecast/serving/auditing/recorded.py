"""What a record holds of an answer, whatever kind of model gave it: read from the record, nothing computed anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.audit.records import Record
from spinecast.clinical.dictionary import variable
from spinecast.errors import ContractError
from spinecast.reporting import formatting as fmt
from spinecast.serving.pages.view import lower_first
from spinecast.serving.pages.words import days_words, labelled_days, percent, quantity
from spinecast.serving.recording import REPLAYED_KINDS

__all__ = ["Said", "input_label", "is_synthetic", "said_in", "said_of_unaltered", "written"]


@dataclass(frozen=True)
class Said:
    """An answer that stands in a record.

    Parameters
    ----------
    answer : mapping
        As it was given.
    asked : mapping
        The question.
    """

    answer: Mapping[str, Any]
    asked: Mapping[str, Any]

    @property
    def prediction(self) -> Mapping[str, Any] | None:
        """The prediction; None of scores, and where none was given."""
        return self.answer.get("prediction")

    @property
    def declined(self) -> str:
        """Why no risk was given; empty where one was."""
        return str(self.answer.get("declined") or "")

    @property
    def synthetic(self) -> bool:
        """Whether the model was made from made-up patients."""
        return bool((self.answer.get("model") or {}).get("synthetic"))

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that the answer warned of, and why it was declined."""
        found = tuple(map(str, (self.prediction or {}).get("warnings", ())))
        return (*found, self.declined) if self.declined else found

    @property
    def explained(self) -> str:
        """What the contributions are of: the outcome, and its day, its level or its quantile; empty without any."""
        said = self.prediction
        if said is None:
            return ""
        outcome = str(said["outcome"])
        if "explained_day" in said:
            return f"{outcome}, {labelled_days(float(said['explained_day']))}"
        if "explained" in said:
            label = next(one["label"] for one in said["thresholds"] if one["level"] == said["explained"])
            return f"{outcome}, reaching {lower_first(str(label))}"
        return f"{outcome}, median" if "median" in said else outcome

    @property
    def explains(self) -> tuple[str, str, str]:
        """Scale, what is explained, and its absence, which names the day: only where all three are one, two compare."""
        complement = self.answer.get("complement") or {}
        return str((self.prediction or {}).get("scale", "")), self.explained, str(complement.get("label", ""))

    def risks(self) -> Iterator[float]:
        """Yield every probability of an event that the answer states: on each day, at each threshold."""
        said = self.prediction or {}
        if "risk" in said:
            yield float(said["risk"])
        yield from (float(one["risk"]) for one in said.get("horizons", ()) if "absent" not in one)
        for name in ("thresholds", "at_least"):
            yield from (float(one["probability"]) for one in said.get(name, ()))

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield what was answered: what, how much, and its 95 % limits."""
        said = self.prediction or {}
        if "risk" in said:
            yield str(said["outcome"]), percent(said["risk"]), _limits(said)
        complement = self.answer.get("complement") or {}
        if "probability" in complement:
            yield str(complement["label"]), percent(complement["probability"]), _limits(complement)
        for one in said.get("horizons", ()):
            what = f"{said['outcome']}, {days_words(float(one['day']))}"
            yield (
                (what, fmt.absent(one["absent"]), "") if "absent" in one else (what, percent(one["risk"]), _limits(one))
            )
        for one in said.get("levels", ()):
            yield str(one["label"]), percent(one["probability"]), ""
        for one in said.get("thresholds", ()):
            yield str(one["label"]), percent(one["probability"]), _limits(one)
        if "median" in said:
            yield f"{said['outcome']}, median", f"{quantity(said['median'])} {said['unit']}", ""
            for one in said["intervals"]:
                between = f"{quantity(one['lower'])} to {quantity(one['upper'])} {said['unit']}"
                yield f"{said['outcome']}, {percent(one['stated'])} of such patients", between, ""
            for one in said["at_least"]:
                yield f"{quantity(one['threshold'])} {said['unit']} and more", percent(one["probability"]), ""
        for one in self.answer.get("scores", ()) if self.prediction is None and not self.declined else ():
            yield str(one["label"]), score_words(one), ""

    @property
    def summary(self) -> str:
        """All of it in a few words, for a list."""
        if self.declined:
            return "no risk given"
        said = self.prediction
        if said is None:
            return fmt.plural(len(self.answer.get("scores", ())), "published score")
        if "risk" in said:
            return f"{percent(said['risk'])} ({_limits(said)})"
        if "horizons" in said:
            shown = [one for one in said["horizons"] if "absent" not in one]
            return ", ".join(f"{days_words(float(one['day']))} {percent(one['risk'])}" for one in shown)
        if "thresholds" in said:
            return next(
                f"{one['label'].lower()}: {percent(one['probability'])}"
                for one in said["thresholds"]
                if one["level"] == said["explained"]
            )
        return f"median {quantity(said['median'])} {said['unit']}"


def said_in(record: Record) -> Said | None:
    """Return the answer that stands in a record; None where none does, its content was erased, or is none.

    An answer of another version, which somebody asked for to compare it, stands in a record of the kind ``replay``.
    """
    return None if record.alterations() else said_of_unaltered(record)


def said_of_unaltered(record: Record) -> Said | None:
    """Do as :func:`said_in` with a record whose hashes somebody has looked at."""
    body = record.body or {}
    holds = record.kind in REPLAYED_KINDS or record.kind == "replay"
    answer, asked = body.get("answer"), body.get("asked")
    if not holds or not isinstance(answer, dict) or not isinstance(asked, dict):
        return None
    return Said(answer, asked)


def is_synthetic(record: Record, said: Said | None) -> bool:
    """Say whether made-up patients had a part in what a record tells: the model, or whom it was validated on.

    An unknown kind of patients is not taken for real.

    Parameters
    ----------
    record : Record
    said : Said or None
        The answer in it.
    """
    if said is not None:
        return said.synthetic
    body = {} if record.alterations() else record.body or {}
    cohort = body.get("cohort")
    kinds = (body.get("cohort_kind", "real"), cohort.get("kind", "real") if isinstance(cohort, Mapping) else "real")
    return body.get("synthetic") is True or any(kind != "real" for kind in kinds)


def input_label(name: str) -> str:
    """Name an input as the dictionary does; one it no longer has keeps its own name."""
    try:
        return variable(name).label
    except ContractError:
        return name


def written(value: Any) -> str:
    """Write an input as it was given."""
    if isinstance(value, Mapping):
        return fmt.plain(f"{value.get('value')} {value.get('unit') or ''}".rstrip())
    return "not known" if value is None else fmt.plain(value)


def score_words(score: Mapping[str, Any]) -> str:
    """Write a published score: its points, or between which they lie."""
    if "absent" in score:
        return fmt.absent(fmt.plain(score["absent"]))
    if score["value"] is not None:
        return fmt.significant(score["value"])
    return f"{fmt.significant(score['lower'])} to {fmt.significant(score['upper'])}"


def _limits(said: Mapping[str, Any]) -> str:
    return f"{percent(said['lower'])} to {percent(said['upper'])}"
