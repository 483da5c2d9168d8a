"""A model card in the sections of Mitchell 2019, each entry from the record or from the authors, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting import formatting as fmt
from spinecast.reporting.measures import FOR_COMPARISON
from spinecast.reporting.records import tripod_analysis, tripod_patients, tripod_results
from spinecast.reporting.records.answers import TO_BE_WRITTEN
from spinecast.reporting.records.card_parts import (
    ATTRIBUTES,
    ELSEWHERE,
    UPDATES,
    CardEntry,
    attribute_entries,
    check_words,
    curves,
    groups,
    measures_shown,
    validation_entries,
)
from spinecast.reporting.records.components import algorithms, outcome_words
from spinecast.reporting.records.known_measures import known_measures, words_of
from spinecast.reporting.records.recorded import Recorded, Said

__all__ = ["SECTIONS", "CardEntry", "ModelCard", "make_model_card", "owed"]

SECTIONS = (
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
    ELSEWHERE,
    ATTRIBUTES,
    UPDATES,
)
"""Those of Mitchell 2019, then what this project adds."""

NO_HISTORY = CardEntry(
    UPDATES, "Versions", "A run knows of no other: spinecast models card lists them for a registered version.", "record"
)


@dataclass(frozen=True)
class ModelCard:
    """A card: its entries in the order of `SECTIONS`.

    Parameters
    ----------
    model, title : str
    notices : tuple of str
        What must stand on it.
    metrics : mapping
        The measures as the evaluation holds them, with interval, n, events and method.
    groups : sequence
        The measures by subgroup, as the records of validations hold them, each with its cohort.
    entries : tuple of CardEntry
    calibration : sequence of mapping
        Each cohort's calibration curve with its size, groups and measures.
    """

    model: str
    title: str
    notices: tuple[str, ...]
    metrics: Mapping[str, Any]
    groups: Sequence[Any]
    entries: tuple[CardEntry, ...]
    calibration: Sequence[Mapping[str, Any]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, the entries by section."""
        return {
            "model": self.model,
            "title": self.title,
            "notices": list(self.notices),
            "sections": {
                section: [
                    {name: value for name, value in asdict(entry).items() if name != "section"}
                    | {"evidence": list(entry.evidence)}
                    for entry in self.entries
                    if entry.section == section
                ]
                for section in SECTIONS
            },
            "metrics": dict(self.metrics),
            "groups": list(self.groups),
            "calibration": list(self.calibration),
            "complete": not owed(self),
            "owed": list(owed(self)),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ModelCard:
        """Make a card of :meth:`to_dict`."""
        entries = tuple(
            CardEntry(**{**entry, "section": section, "evidence": tuple(entry["evidence"])})
            for section in SECTIONS
            for entry in value["sections"].get(section, ())
        )
        return cls(
            model=value["model"],
            title=value["title"],
            notices=tuple(value["notices"]),
            metrics=value["metrics"],
            groups=value["groups"],
            entries=entries,
            calibration=value["calibration"],
        )


def owed(card: ModelCard) -> tuple[str, ...]:
    """Return what the authors still have to write, by its name; a card is complete where that is nothing."""
    return tuple(dict.fromkeys(entry.name for entry in card.entries if entry.origin == TO_BE_WRITTEN))


def make_model_card(recorded: Recorded, updates: Sequence[CardEntry] = ()) -> ModelCard:
    """Make the card of the model a record is about.

    Parameters
    ----------
    recorded : Recorded
        With the validations of the model, where they are known.
    updates : sequence of CardEntry
        The history of its versions, where it is registered.
    """
    synthetic = recorded.record.is_synthetic
    entries = [*_entries(recorded), *(updates or [NO_HISTORY])]
    return ModelCard(
        model=recorded.model_name,
        title=recorded.title,
        notices=(RESEARCH_USE, *((SYNTHETIC,) if synthetic else ())),
        metrics=recorded.files["evaluation.json"]["measures"],
        groups=list(groups(recorded)),
        entries=tuple(sorted(entries, key=lambda entry: SECTIONS.index(entry.section))),
        calibration=list(curves(recorded)),
    )


def _entries(record: Recorded) -> Iterator[CardEntry]:
    authors = _Authors(record)
    yield from _details(record)
    yield authors.entry("Model details", "Owner and contact", "contact")
    yield authors.entry("Model details", "Licence and access", "model_availability")
    yield from _intended(record, authors)
    yield from _factors(record)
    yield from _metrics(record)
    yield from _data(record, authors)
    yield from _analyses(record)
    yield authors.entry("Ethical considerations", "Approval and consent", "ethics")
    yield authors.entry("Ethical considerations", "Inequalities in health", "health_inequalities")
    yield authors.entry("Ethical considerations", "Fairness", "fairness")
    yield authors.entry("Ethical considerations", "Further considerations", "ethical_considerations")
    yield from _caveats(record)
    yield authors.entry("Caveats and recommendations", "Limitations, in the authors' words", "limitations")
    yield authors.entry("Caveats and recommendations", "Next steps", "next_steps")
    yield from validation_entries(record)
    yield from attribute_entries(record)


@dataclass(frozen=True)
class _Authors:
    record: Recorded

    def entry(self, section: str, name: str, key: str) -> CardEntry:
        """Quote the authors, or say that they owe the words."""
        words = self.record.authors.get(key)
        if words is None:
            return CardEntry(section, name, f"{fmt.sentence(TO_BE_WRITTEN)} ({key}).", "to be written by the authors")
        return CardEntry(section, name, words, "authors")


def _recorded(section: str, name: str, said: Said | None) -> Iterator[CardEntry]:
    if said is not None:
        yield CardEntry(section, name, said.text, "record", said.evidence)


def _details(record: Recorded) -> Iterator[CardEntry]:
    section = "Model details"
    if record.design == "development":
        yield CardEntry(section, "Name", record.model_name, "record", ("study.yaml",))
        kinds = dict(algorithms(record))
        parts = [part["name"] for part in record.parts]
        made = fmt.joined([kinds[name].words if name in kinds else fmt.plain(name) for name in parts])
        if made:
            yield CardEntry(section, "Type", fmt.ended(fmt.sentence(made)), "record", ("evaluation.json#/candidates",))
        yield from _recorded(section, "The model itself", tripod_results.model_specification(record))
        if record.get("run.json", "finished"):
            when = fmt.moment(record.get("run.json", "finished"))
            yield CardEntry(section, "Made", when, "record", ("run.json#/finished",))
    else:
        yield CardEntry(section, "Name", record.model_name, "record", _held(record, "about.json", "source"))
        yield from _recorded(section, "The model itself", tripod_analysis.predictions_made(record))
    words = outcome_words(record)
    if words:
        yield CardEntry(section, "Predicts", f"{words}.", "record", (record.outcome_at,))
    yield from _recorded(section, "Output", tripod_analysis.model_output(record))
    yield from _recorded(section, "Software", tripod_analysis.software(record))


def _intended(record: Recorded, authors: _Authors) -> Iterator[CardEntry]:
    section = "Intended use"
    yield CardEntry(section, "Status", RESEARCH_USE, "record")
    yield authors.entry(section, "Intended use", "intended_use")
    yield authors.entry(section, "Intended users", "users")
    yield authors.entry(section, "Out of scope", "out_of_scope")
    yield from _recorded(section, "Missing and impossible inputs", tripod_results.input_policy(record))


def _factors(record: Recorded) -> Iterator[CardEntry]:
    section = "Factors"
    yield from _recorded(section, "Predictors", tripod_patients.predictors(record))
    by_cohort: dict[str, list[str]] = {}
    for one in groups(record):
        by_cohort.setdefault(one["cohort"], []).append(fmt.plain(one["label"]))
    for cohort, labels in by_cohort.items():
        yield CardEntry(section, "Groups", f"In {cohort}, performance was computed by {fmt.joined(labels)}.", "record")
    if not by_cohort:
        text = "Performance was not computed by group of people in this record."
        yield CardEntry(section, "Groups", text, "record", ("evaluation.json#/basis",))
    yield from _recorded(section, "Centres", tripod_analysis.clusters(record))


def _metrics(record: Recorded) -> Iterator[CardEntry]:
    section = "Metrics"
    for one in known_measures(record):
        ideal = one.measure.ideal
        wanted = ideal if ideal == FOR_COMPARISON else f"ideal {ideal}"
        yield CardEntry(section, one.label, f"{one.text}; {wanted}.", "record", (one.place,))
    if (day := record.files["evaluation.json"].get("one_day")) is not None:
        text = f"Of a curve, measures of one day are those by day {day:g}; every horizon is in the report."
        yield CardEntry(section, "Day", text, "record", ("evaluation.json#/one_day",))
    size = f"{fmt.plural(record.n, 'patient')}, {fmt.plural(record.events, 'event')}; {record.basis}."
    yield CardEntry(section, "Rest on", size, "record", ("evaluation.json#/n", "evaluation.json#/basis"))


def _data(record: Recorded, authors: _Authors) -> Iterator[CardEntry]:
    yield from _recorded("Evaluation data", "Source", tripod_patients.data_source(record))
    yield from _recorded("Evaluation data", "Patients", tripod_patients.eligibility(record))
    yield from _recorded(
        "Evaluation data", "Against the training data", tripod_analysis.development_against_evaluation(record)
    )
    yield authors.entry("Evaluation data", "Setting", "setting")
    yield authors.entry("Evaluation data", "Dates", "dates")
    if record.design == "development":
        text = (
            "The same patients: the final model is of all of them; each was judged by models that had not seen them."
            if record.basis == "out-of-fold"
            else f"The same patients; the predictions judged are {record.basis}."
        )
        yield CardEntry("Training data", "Patients", text, "record", ("evaluation.json#/basis",))
        yield from _recorded("Training data", "Missing data", tripod_patients.missing_data(record))
        yield from _recorded("Training data", "Preparation", tripod_patients.data_preparation(record))
        return
    development = record.get("about.json", "development") or {}
    if development.get("name"):
        size = development.get("n")
        counted = (
            f": {fmt.plural(size, 'patient')}, {fmt.plural(development.get('events') or 0, 'event')}" if size else ""
        )
        text = f"{fmt.plain(development['name'])}{counted}."
        yield CardEntry("Training data", "Patients", text, "record", ("about.json#/development",))
    else:
        text = "The record does not hold the patients it was made from; see its publication."
        yield CardEntry("Training data", "Patients", text, "record", ("evaluation.json#/basis",))


def _analyses(record: Recorded) -> Iterator[CardEntry]:
    section = "Quantitative analyses"
    found = list(groups(record))
    for entry in found:
        shown, words = [], words_of(entry["kind"])
        for group in fmt.listed(entry.get("groups")):
            measures = group.get("measures") or {}
            known = measures_shown(entry["kind"], measures)
            if known:
                texts = [f"{words[name].short} {fmt.estimate(measures[name], words[name].decimals)}" for name in known]
                shown.append(f"{fmt.plain(group['label'])}: {', '.join(texts)}")
        text = f"{'; '.join(shown)}." if shown else "No group had enough events to be shown."
        yield CardEntry(section, f"{fmt.plain(entry['label'])}, in {entry['cohort']}", text, "record")
    if not found:
        text = "None by group of people. Folds are in the report."
        yield CardEntry(section, "Unitary results", text, "record", ("evaluation.json#/basis",))
    text = "Groups of two characteristics at once were not examined."
    yield CardEntry(section, "Intersectional results", text, "record", ("evaluation.json#/basis",))


def _caveats(record: Recorded) -> Iterator[CardEntry]:
    section = "Caveats and recommendations"
    yield from _recorded(section, "What the record shows", tripod_results.limitations(record))
    file = "run.json" if record.design == "development" else "findings.json"
    for place, check in enumerate(record.listed(file, "checks")):
        text = check_words(check)
        name = f"{fmt.plain(check['code'])} {fmt.plain(check['title'])}"
        yield CardEntry(section, name, text, "record", (f"{file}#/checks/{place}",))


def _held(record: Recorded, file: str, *keys: str) -> tuple[str, ...]:
    return (f"{file}#/{'/'.join(keys)}",) if record.get(file, *keys) else ("evaluation.json#/label",)
