"""The measures a record knows, with their words: of times by the checked day, of quantities and levels by threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.measures import MEASURES, Measure
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.records.recorded import Recorded
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = [
    "HEADLINE",
    "WORDS",
    "KnownMeasure",
    "headline_measures",
    "in_words",
    "known_measures",
    "passing_words",
    "words_of",
]

HEADLINE = (
    "harrell_c",
    "integrated_brier",
    "pinball_skill",
    "coverage_80",
    "ordinal_concordance",
    "ranked_probability_score",
    "auc",
    "calibration_slope",
    "calibration_in_the_large",
    "scaled_brier",
)
WORDS: Mapping[str, Measure] = {**TIMED_MEASURES, **QUANTITY_MEASURES, **ORDINAL_MEASURES}
"""Of every kind of model."""
BY_THRESHOLD: Mapping[str, Mapping[str, Measure]] = {"quantity": QUANTITY_MEASURES, "ordinal": ORDINAL_MEASURES}


@dataclass(frozen=True)
class KnownMeasure:
    """One measure of an evaluation that has a value.

    Parameters
    ----------
    name : str
    measure : Measure
    of : str
        The day, threshold or level it is of; empty where it is of everything.
    text : str
        Value and interval.
    place : str
        Where it stands: ``evaluation.json#/measures/auc``.
    checked : bool
        Whether it is of everything, or of the day or threshold that checks read.
    """

    name: str
    measure: Measure
    of: str
    text: str
    place: str
    checked: bool = True

    @property
    def label(self) -> str:
        """Name in running text."""
        return f"{self.measure.label}, {self.of}" if self.of else self.measure.label


def words_of(kind: str) -> Mapping[str, Measure]:
    """Return the measures that models of a kind may have, by name.

    Parameters
    ----------
    kind : str
        What the model predicts: ``"event"``, ``"time_to_event"``, ``"competing_risks"``, ``"quantity"``, ``"ordinal"``.
    """
    timed = dict.fromkeys(("time_to_event", "competing_risks"), TIMED_MEASURES)
    return {**BY_THRESHOLD, **timed}.get(kind, MEASURES)


def known_measures(record: Recorded) -> Sequence[KnownMeasure]:
    """Return every measure that has a value, those of the whole first."""
    kind = record.predicts
    if kind in BY_THRESHOLD:
        return [*_whole(record, BY_THRESHOLD[kind], own=True), *_by_threshold(record, BY_THRESHOLD[kind])]
    day = record.get("evaluation.json", "one_day")
    if day is None:
        return list(_whole(record, MEASURES))
    return [*_whole(record, TIMED_MEASURES, own=True), *_whole(record, MEASURES, f"day {fmt.setting(day)}")]


def headline_measures(record: Recorded) -> Sequence[KnownMeasure]:
    """Return the few of them that an abstract names."""
    return [one for one in known_measures(record) if one.name in HEADLINE and one.checked]


def in_words(known: Sequence[KnownMeasure]) -> str:
    """Name measures with their values."""
    return "; ".join(f"{one.label} {one.text}" for one in known)


def _whole(
    record: Recorded, words: Mapping[str, Measure], of: str = "", *, own: bool = False
) -> Iterator[KnownMeasure]:
    """Read the measures of everything; `own` are those no model of one event has."""
    measures = record.get("evaluation.json", "measures") or {}
    for name, measure in words.items():
        if name in measures and fmt.absence(measures[name]) is None and not (own and name in MEASURES):
            text = fmt.estimate(measures[name], measure.decimals)
            yield KnownMeasure(name, measure, of, text, f"evaluation.json#/measures/{name}")


def _by_threshold(record: Recorded, words: Mapping[str, Measure]) -> Iterator[KnownMeasure]:
    for place, one in enumerate(record.listed("evaluation.json", "thresholds")):
        for name, measure in words.items():
            found = one["measures"].get(name)
            if found is not None and fmt.absence(found) is None:
                yield KnownMeasure(
                    name,
                    measure,
                    passing_words(record, one),
                    fmt.estimate(found, measure.decimals),
                    f"evaluation.json#/thresholds/{place}/measures/{name}",
                    checked=place == record.checked_threshold,
                )


def passing_words(record: Recorded, one: Mapping[str, Any]) -> str:
    """Say what it is to pass a threshold: of a quantity its amount, of ordered levels their words."""
    if "label" in one:
        return fmt.plain(one["label"])
    unit = fmt.plain(record.get("evaluation.json", "outcome", "unit") or "")
    return f"{fmt.with_unit(fmt.setting(one['threshold']), unit)} and more"
