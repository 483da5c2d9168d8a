"""Parts of a model card beyond Mitchell's sections: validations elsewhere, source attributes, curves, groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from spinecast.clinical.dictionary import variables
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.answers import TO_BE_WRITTEN
from spinecast.reporting.records.form import SOURCE_ATTRIBUTES, form_named
from spinecast.reporting.records.known_measures import headline_measures, in_words, words_of
from spinecast.reporting.records.recorded import Recorded
from spinecast.reporting.records.tripod import fill_checklist

__all__ = [
    "ATTRIBUTES",
    "ELSEWHERE",
    "GROUP_MEASURES",
    "UPDATES",
    "CardEntry",
    "Origin",
    "attribute_entries",
    "check_words",
    "curves",
    "groups",
    "measures_shown",
    "validation_entries",
]

Origin = Literal["record", "authors", "to be written by the authors"]
ELSEWHERE, ATTRIBUTES, UPDATES = "External validation", "Source attributes (HTI-1)", "Update history"
# A name of the dictionary, also where it begins a sentence; one word alone reads as it is.
_WITH_UNDERSCORES = re.compile(r"\b[A-Za-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
# Of every kind of model; a group shows those that its kind has.
GROUP_MEASURES = (
    "auc",
    "harrell_c",
    "ordinal_concordance",
    "coverage_80",
    "calibration_in_the_large",
    "observed_expected_ratio",
    "calibration_slope",
)


@dataclass(frozen=True)
class CardEntry:
    """One statement of a card.

    Parameters
    ----------
    section, name, text : str
    origin : {"record", "authors", "to be written by the authors"}
        Who says it.
    evidence : tuple of str
        Where the record holds it.
    """

    section: str
    name: str
    text: str
    origin: Origin
    evidence: tuple[str, ...] = ()


def _cohort_in(record: Recorded, one: Recorded) -> str:
    """Name the cohort of one of several records; of two on the same patients each says when it was made."""
    others = [other for other in record.validations if other is not one]
    finished = one.get("about.json", "finished")
    if finished and any(other.cohort_name == one.cohort_name for other in others):
        return f"{one.cohort_name}, validated {fmt.moment(finished)}"
    return one.cohort_name


def check_words(check: Mapping[str, Any]) -> str:
    """Say what a check found and what to do, inputs by the names that people know them by."""
    known = variables()
    said = " ".join(fmt.ended(fmt.sentence(check[name])) for name in ("finding", "remedy") if check.get(name))

    def label(found: re.Match[str]) -> str:
        entry = known.get(found[0].lower())
        return entry.label if entry is not None else found[0]

    return _WITH_UNDERSCORES.sub(label, said)


def validation_entries(record: Recorded) -> Iterator[CardEntry]:
    """Say how the model did elsewhere, and what failed there."""
    for one in record.elsewhere:
        synthetic = " SYNTHETIC." if one.record.is_synthetic else ""
        size = f"{fmt.plural(one.n, 'patient')}, {fmt.plural(one.events, 'event')}{one.counted}.{synthetic}"
        measures = in_words(headline_measures(one)) or "no measure is known"
        yield CardEntry(ELSEWHERE, _cohort_in(record, one), f"{size} {fmt.sentence(measures)}.", "record")
    for one in record.validations:
        for check in one.listed("findings.json", "checks"):
            text = check_words(check)
            name = f"{fmt.plain(check['code'])} {fmt.plain(check['title'])}, in {_cohort_in(record, one)}"
            yield CardEntry("Caveats and recommendations", name, text, "record")
    if not record.elsewhere:
        text = "None is recorded: how well the model does on patients from elsewhere is not known."
        yield CardEntry(ELSEWHERE, "Validations", text, "record", ("evaluation.json#/basis",))


def attribute_entries(record: Recorded) -> Iterator[CardEntry]:
    """Answer each of the 31 source attributes, or say who still has to."""
    for answer in fill_checklist(form_named(SOURCE_ATTRIBUTES), record).answers:
        name = f"{answer.number} {answer.topic}"
        if answer.text:
            yield CardEntry(ATTRIBUTES, name, answer.text, "record", answer.evidence)
        for _, words in answer.authors:
            yield CardEntry(ATTRIBUTES, f"{name}, in words" if answer.text else name, words, "authors")
        if answer.wanted or not (answer.text or answer.authors):
            keys = f" ({', '.join(answer.wanted)})" if answer.wanted else ""
            text = f"Not stated; to be stated by {answer.stated_by}{keys}."
            yield CardEntry(ATTRIBUTES, f"{name}, in words" if answer.text else name, text, TO_BE_WRITTEN)


def curves(record: Recorded) -> Iterator[dict[str, Any]]:
    """Return the calibration of one event in each record: the model's own, and elsewhere."""
    for one in (record, *record.validations):
        curve = one.of_one_event("calibration_curve")
        measures = one.of_one_event("measures")
        if not curve or not measures:
            continue
        outcome: Mapping[str, Any] = one.files["evaluation.json"].get("outcome") or {}
        yield {
            "cohort": _cohort_in(record, one),
            "basis": one.basis,
            "n": one.n,
            "events": one.events,
            "positive_label": fmt.plain(outcome.get("positive_label") or "With the event"),
            "negative_label": fmt.plain(outcome.get("negative_label") or "Without the event"),
            "measures": measures,
            "calibration_curve": curve,
            **{
                name: found
                for name in ("calibration_groups", "risk_histogram")
                if (found := one.of_one_event(name)) is not None
            },
        }


def groups(record: Recorded) -> Iterator[dict[str, Any]]:
    """Return the measures of every group of patients, each record's with its cohort."""
    for one in (record, *record.validations):
        for entry in one.listed("findings.json", "subgroups"):
            yield {**entry, "cohort": _cohort_in(record, one), "kind": one.predicts or "event"}


def measures_shown(kind: str, found: Mapping[str, Any]) -> list[str]:
    """Name the measures of a group that its kind has and that are known."""
    words = words_of(kind)
    return [name for name in GROUP_MEASURES if name in words and fmt.absence(found.get(name)) is None]
