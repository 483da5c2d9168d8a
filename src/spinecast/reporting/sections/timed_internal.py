"""What was fitted again of a model of times: optimism, other folds and left-out sites, at every horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Heading, Paragraph, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable
from spinecast.reporting.sections.internal_parts import instability_blocks
from spinecast.reporting.sections.internal_validation import about_resamples, not_tuned_again
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = ["timed_internal_section"]

TITLE = "Internal validation"
FORMS = (
    ("apparent", "Apparent"),
    ("optimism", "Optimism"),
    ("optimism_corrected", "Optimism-corrected"),
    ("out_of_bag", "Out-of-bag"),
)


def timed_internal_section(record: RunRecord) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these."""
    internal, evaluation = record.internal, record.evaluation
    reason = fmt.absence(internal)
    if reason is not None:
        return Section("internal", TITLE, (unavailable(TITLE, reason),))
    boot, repeated, sites, scatter = (
        None if fmt.absence(part := internal.get(name)) is not None else part
        for name in ("bootstrap", "repeated_cross_validation", "internal_external", "instability")
    )
    blocks: list[Block] = []
    if tuned := not_tuned_again(record):
        blocks.append(Callout("note", "Tuning was not repeated", tuned))
    if boot or repeated:
        blocks.append(_side_by_side(evaluation, boot, repeated))
    if scatter:
        blocks.append(Paragraph(f"How single risks scatter is shown at day {evaluation['one_day']:g}."))
        blocks += instability_blocks(scatter)
    if sites:
        blocks += [Heading(f"Internal-external validation: {fmt.plain(sites['label'])}"), _sites(evaluation, sites)]
    if not blocks:
        return Section("internal", TITLE, (unavailable(TITLE, "the study asks for none"),))
    return Section("internal", TITLE, tuple(blocks))


def _side_by_side(
    evaluation: Mapping[str, Any], boot: Mapping[str, Any] | None, repeated: Mapping[str, Any] | None
) -> Table:
    columns: list[tuple[str, Mapping[str, Any]]] = []
    notes = [f"All rest on {sized(evaluation['n'], evaluation['events'])}."]
    if boot:
        columns += [(words, {name: one[form] for name, one in boot["measures"].items()}) for form, words in FORMS]
        notes += about_resamples(boot)
    columns.append((f"{fmt.sentence(evaluation['basis'])}, nested", _nested(evaluation)))
    if repeated:
        columns.append((f"Out-of-fold, {fmt.plural(repeated['repeats'], 'repeat')}", repeated["measures"]))
        notes += [f"Not usable: {fmt.ended(note)}" for note in repeated["notes"]]
    names = tuple((boot or repeated or {})["measures"])
    rows = tuple(row(_label(name), *(_shown(measures, name) for _, measures in columns)) for name in names)
    return footnoted(
        Table(
            "The same measures on every basis, with 95% intervals",
            ("Measure", *(words for words, _ in columns)),
            rows,
            notes=tuple(notes),
            numeric=tuple(range(1, len(columns) + 1)),
        )
    )


def _sites(evaluation: Mapping[str, Any], sites: Mapping[str, Any]) -> Table:
    day, pooled = f"{evaluation['one_day']:g}", sites["pooled"]
    wanted = ("harrell_c", f"horizon_auc_{day}", f"calibration_slope_{day}")
    names = [name for name in wanted if name in pooled]
    rows = [
        row(
            fmt.plain(site["label"]),
            *("–" if site[count] is None else fmt.integer(site[count]) for count in ("n", "events")),
            *(_shown(site["measures"], name) for name in names),
        )
        for site in sites["sites"]
    ]
    rows.append(row("Pooled", "", "", *(_shown(pooled, name) for name in names), strong=True))
    rows.append(row("Prediction interval", "", "", *(_prediction(pooled[name], name) for name in names)))
    note = (
        "Each by the model of all the others. Pooled by random effects (REML, Hartung-Knapp); the prediction interval "
        "is where a further group like these is expected."
    )
    return footnoted(
        Table(
            f"Each group ({fmt.plain(sites['label'])}) by the model of the others, 95% intervals",
            (fmt.plain(sites["label"]), "n", "Events", *(_label(name) for name in names)),
            tuple(rows),
            notes=(note,),
            numeric=tuple(range(1, 3 + len(names))),
        )
    )


def _prediction(pooled: Mapping[str, Any], name: str) -> str:
    reason = fmt.absence(pooled) or fmt.absence(pooled.get("prediction"))
    if reason is not None:
        return fmt.absent(reason)
    ends = pooled["prediction"]
    return fmt.interval(ends["lower"], ends["upper"], TIMED_MEASURES[_of_day(name)[0]].decimals)


def _nested(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    by_day = {
        f"{name}_{one['day']:g}": measure for one in evaluation["horizons"] for name, measure in one["measures"].items()
    }
    return {**evaluation["measures"], **by_day}


def _of_day(name: str) -> tuple[str, str]:
    """Take the day off the name of a measure: ``horizon_auc_90``."""
    measure, _, day = name.rpartition("_")
    return (name, "") if name in TIMED_MEASURES else (measure, day)


def _label(name: str) -> str:
    measure, day = _of_day(name)
    label = TIMED_MEASURES[measure].short
    return f"{label}, day {day}" if day else label


def _shown(measures: Mapping[str, Any], name: str) -> str:
    return fmt.estimate(measures.get(name), TIMED_MEASURES[_of_day(name)[0]].decimals)
