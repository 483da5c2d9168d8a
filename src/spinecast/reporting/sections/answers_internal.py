"""What was fitted again of a model whose answers are no single risk: curves, quantiles, or ordered levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Heading, Paragraph, Section, Table
from spinecast.reporting.measure_words import MeasureWords
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable
from spinecast.reporting.sections.internal_parts import instability_blocks, learning_curve_blocks
from spinecast.reporting.sections.internal_validation import about_resamples, corrected_too_little, not_tuned_again

__all__ = ["AnswerWords", "answers_internal_section"]

TITLE = "Internal validation"
DRAWN = 2  # of the measures shown by the number of patients, so many as curves
FORMS = (
    ("apparent", "Apparent"),
    ("optimism", "Optimism"),
    ("optimism_corrected", "Optimism-corrected"),
    ("out_of_bag", "Out-of-bag"),
)


@dataclass(frozen=True)
class AnswerWords(MeasureWords):
    """What is shown of a kind of model, and how it is called.

    Parameters
    ----------
    measures, at
        As :class:`MeasureWords`.
    one_risk : str
        The risk whose scatter is shown.
    event : str
        What is counted as an event.
    corrected : str
        Name of a measure, higher being better, whose correction for optimism is held against the nested one.
    by_site, learnt : tuple of str
        Names, whole, of the measures shown of each site, and by the number of patients.
    nested : mapping of str to measure
        Of the nested out-of-fold answers, by the same names.
    """

    one_risk: str
    event: str
    corrected: str
    by_site: tuple[str, ...]
    learnt: tuple[str, ...]
    nested: Mapping[str, Any]


def answers_internal_section(record: RunRecord, words: AnswerWords) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these.

    Parameters
    ----------
    record : RunRecord
    words : AnswerWords
        Of the record's kind of model.
    """
    internal, evaluation = record.internal, record.evaluation
    reason = fmt.absence(internal)
    if reason is not None:
        return Section("internal", TITLE, (unavailable(TITLE, reason),))
    boot, repeated, sites, curve, scatter = (
        None if fmt.absence(part := internal.get(name)) is not None else part
        for name in ("bootstrap", "repeated_cross_validation", "internal_external", "learning_curve", "instability")
    )
    blocks: list[Block] = [Paragraph(f"Events counted in this section: {words.event}.")]
    if tuned := not_tuned_again(record):
        blocks.append(Callout("note", "Tuning was not repeated", tuned))
    label = words.label(words.corrected)
    if warned := corrected_too_little(label, words.corrected, boot, words.nested):
        blocks.append(Callout("warning", "Too little optimism is taken off", warned))
    if boot or repeated:
        blocks.append(_side_by_side(evaluation, words, boot, repeated))
    if scatter:
        blocks.append(Paragraph(f"How single risks scatter is shown of {words.one_risk}."))
        blocks += instability_blocks(scatter)
    if sites:
        blocks += [Heading(f"Internal-external validation: {fmt.plain(sites['label'])}"), _sites(words, sites)]
    if curve:
        blocks += learning_curve_blocks(curve, words, words.learnt, words.learnt[:DRAWN])
    if len(blocks) == 1:
        return Section("internal", TITLE, (unavailable(TITLE, "the study asks for none"),))
    return Section("internal", TITLE, tuple(blocks))


def _side_by_side(
    evaluation: Mapping[str, Any],
    words: AnswerWords,
    boot: Mapping[str, Any] | None,
    repeated: Mapping[str, Any] | None,
) -> Table:
    columns: list[tuple[str, Mapping[str, Any]]] = []
    notes = [f"All rest on {sized(evaluation['n'], evaluation['events'])}."]
    if boot:
        columns += [(title, {name: one[form] for name, one in boot["measures"].items()}) for form, title in FORMS]
        notes += about_resamples(boot)
    columns.append((f"{fmt.sentence(evaluation['basis'])}, nested", words.nested))
    if repeated:
        columns.append((f"Out-of-fold, {fmt.plural(repeated['repeats'], 'repeat')}", repeated["measures"]))
        notes += [f"Not usable: {fmt.ended(note)}" for note in repeated["notes"]]
    names = tuple((boot or repeated or {})["measures"])
    rows = tuple(row(words.short(name), *(words.shown(found, name) for _, found in columns)) for name in names)
    return footnoted(
        Table(
            "The same measures on every basis, with 95% intervals",
            ("Measure", *(title for title, _ in columns)),
            rows,
            notes=tuple(notes),
            numeric=tuple(range(1, len(columns) + 1)),
        )
    )


def _sites(words: AnswerWords, sites: Mapping[str, Any]) -> Table:
    pooled = sites["pooled"]
    names = [name for name in words.by_site if name in pooled]
    rows = [
        row(
            fmt.plain(site["label"]),
            *("–" if site[count] is None else fmt.integer(site[count]) for count in ("n", "events")),
            *(words.shown(site["measures"], name) for name in names),
        )
        for site in sites["sites"]
    ]
    rows.append(row("Pooled", "", "", *(words.shown(pooled, name) for name in names), strong=True))
    rows.append(row("Prediction interval", "", "", *(_prediction(words, pooled[name], name) for name in names)))
    note = (
        "Each by the model of all the others. Pooled by random effects (REML, Hartung-Knapp); the prediction interval "
        "is where a further group like these is expected."
    )
    return footnoted(
        Table(
            f"Each group ({fmt.plain(sites['label'])}) by the model of the others, 95% intervals",
            (fmt.plain(sites["label"]), "n", "Events", *(words.short(name) for name in names)),
            tuple(rows),
            notes=(note,),
            numeric=tuple(range(1, 3 + len(names))),
        )
    )


def _prediction(words: AnswerWords, pooled: Mapping[str, Any], name: str) -> str:
    reason = fmt.absence(pooled) or fmt.absence(pooled.get("prediction"))
    if reason is not None:
        return fmt.absent(reason)
    ends = pooled["prediction"]
    return fmt.interval(ends["lower"], ends["upper"], words.decimals(name))
