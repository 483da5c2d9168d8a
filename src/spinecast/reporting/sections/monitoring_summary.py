"""What was raised, who was counted, and what might be done: the parts of a monitoring report that are read first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Block,
    Bullets,
    Callout,
    Code,
    Facts,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
)
from spinecast.reporting.measures import MEASURES
from spinecast.reporting.monitoring_record import MonitoringRecord
from spinecast.reporting.sections.common import sized

__all__ = [
    "alarm_words",
    "doubt_words",
    "monitoring_proposal_section",
    "monitoring_summary_section",
    "monitoring_watched_section",
]

_HEADLINES = ("observed_expected_ratio", "calibration_slope", "auc")
_CHOSEN = {
    "original": "the model as it is",
    "intercept": "a new intercept",
    "logistic": "a new intercept and slope",
    "refit": "estimating the model again",
}
_DIRECTIONS = {
    "more": "More events than predicted",
    "fewer": "Fewer events than predicted",
    "flatter": "Outcomes differ less between low and high risks than predicted",
}


def alarm_words(alarm: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Say what one alarm, and those after it, are of."""
    since = f"from predictions of {alarm['quarter']}, known on {alarm['known_on']}"
    again = "" if alarm["times"] == 1 else f"; raised {alarm['times']} times in all"
    if alarm["kind"] == "calibration":
        return f"{_DIRECTIONS[alarm['direction']]}: known on {alarm['known_on']}{again}"
    label = labels[alarm["variable"]]
    if alarm["kind"] == "missing":
        return f"{label} is missing more or less often than in the development: {since}{again}"
    return f"{label} is distributed otherwise than in the development: {since}{again}"


def monitoring_summary_section(record: MonitoringRecord) -> Section:
    """Say what was raised, and the headline numbers."""
    found, raised = record.found, record.raised
    rule = found["rule"]
    counts = found["counts"]
    lead = Paragraph(
        f"{fmt.plural(counts['patients'], 'patient')} were predicted by {fmt.plain(record.about['model']['name'])} "
        f"from {found['first']} to {found['last']}; of {fmt.integer(counts['due'])} the outcome was due by "
        f"{found['until']}.",
        lead=True,
    )
    watched = (
        "Watched are the inputs alone, as no outcome counts yet"
        if fmt.absence(found["calibration"])
        else f"Watched are the level (odds times and divided by {rule['odds_ratio']:g}), the spread of the risks "
        f"(slope {rule['slope']:g}) and the inputs"
    )
    promise = (
        f"{watched}. If nothing changed, anything at all would be raised in {fmt.percentage(rule['false_alarms'])} "
        f"of such models over {rule['span_years']} years."
    )
    blocks: list[Block] = [lead, *_unknown(record)]
    if raised:
        blocks.append(Callout("serious", f"Raised: {fmt.plural(len(raised), 'change')}", promise))
        blocks.append(Bullets(tuple(fmt.ended(alarm_words(one, record.labels)) for one in raised)))
    elif found["doubts"]:
        doubts = [fmt.ended(doubt_words(one)) for one in found["doubts"]]
        told = "It may have been so from the beginning: a validation tells whether the model fits these patients."
        text = " ".join([*doubts, told, promise])
        blocks.append(Callout("warning", "Nothing was raised, but not all is as expected", text))
    else:
        blocks.append(Callout("good", "Nothing was raised", promise))
    blocks.append(_headlines(found))
    return Section("summary", "What was raised", tuple(blocks))


def doubt_words(doubt: Mapping[str, Any]) -> str:
    """Say of all quarters together that a measure is not what it should be."""
    one = MEASURES[doubt["measure"]]
    estimate, expected = (fmt.number(doubt[key], one.decimals) for key in ("estimate", "expected"))
    interval = fmt.interval(doubt["lower"], doubt["upper"], one.decimals)
    return f"{one.label} over the whole time: {estimate} ({interval}), where {expected} is expected if risks are right"


def _unknown(record: MonitoringRecord) -> tuple[Callout, ...]:
    """Warn where so many outcomes are lacking that calibration rests on a part of the patients."""
    counts = record.found["counts"]
    lacking = counts["without_return"]
    if not counts["due"] or lacking / counts["due"] <= 0.2:
        return ()
    return (
        Callout(
            "warning",
            "Many outcomes have not come back",
            f"Of {fmt.n_of_n(lacking, counts['due'])} whose outcome is due nothing came back. Calibration takes them "
            "to be like the others; where outcomes come back more readily of some, it is wrong.",
        ),
    )


def _headlines(found: Mapping[str, Any]) -> KeyFigures:
    overall = found["overall"]
    tiles = []
    for name in _HEADLINES:
        one = overall["measures"][name]
        absent = fmt.absence(one)
        decimals = MEASURES[name].decimals
        value = "–" if absent else fmt.number(one["estimate"], decimals)
        ends = fmt.plain(absent) if absent else f"95% interval {fmt.interval(one['lower'], one['upper'], decimals)}"
        tiles.append(KeyFigure(MEASURES[name].label, value, ends, sized(overall["n"], overall["events"])))
    return KeyFigures(tuple(tiles))


def monitoring_watched_section(record: MonitoringRecord) -> Section:
    """Say whose predictions count, who is waited for and who is lost."""
    about, found = record.about, record.found
    counts, outcome = found["counts"], found["outcome"]
    horizon = outcome["horizon_days"]
    left = [f"{fmt.integer(count)} {reason}" for reason, count in counts["left_out"].items()]
    facts = [
        ("Model", f"{fmt.plain(about['model']['title'])} ({fmt.plain(about['model']['version'])})"),
        ("Predictions from", fmt.plain(about["source"])),
        ("Outcome", fmt.plain(outcome["label"])),
        ("Patients", fmt.integer(counts["patients"])),
        ("Waited for", _waited(counts, horizon)),
        ("Nothing came back of", fmt.n_of_n(counts["without_return"], counts["due"])),
        *([("Assessed on another day", _untimely(counts["untimely"]))] if counts["untimely"] else []),
        ("Predictions that do not count", fmt.joined(left) or "none"),
        *(("To know", fmt.sentence(fmt.plain(note))) for note in about["notes"]),
    ]
    followed = (
        "By quarter only patients whose horizon has passed are judged, those with an early event too. Who was lost "
        "before it is not dropped: the others are weighted for them by the inverse probability of being followed."
        if horizon is not None
        else "The outcome has no horizon: patients are judged once it is known of them and the days on which it is "
        "assessed, if it has such, are over."
    )
    return Section(
        "watched", "Who was watched", (Paragraph(about["rule_text"]), Paragraph(followed), Facts(tuple(facts)))
    )


def _untimely(count: int) -> str:
    return (
        f"{fmt.integer(count)}, whose outcome does not count: it was found on a day on which it is not what it is named"
    )


def _waited(counts: Mapping[str, Any], horizon: float | None) -> str:
    if horizon is None:
        return f"{fmt.integer(counts['waiting'])} of whom no outcome has come back"
    return f"{fmt.integer(counts['waiting'])} whose {horizon:g} days have not passed"


def monitoring_proposal_section(record: MonitoringRecord) -> Section:
    """Propose what to do about it; nothing is done."""
    update, about = record.found["update"], record.about
    kinds = {one["kind"] for one in record.raised}
    blocks: list[Block] = []
    if not kinds:
        nothing = "Nothing was raised: nothing is proposed."
        if record.found["doubts"]:
            nothing = (
                "Nothing was raised: no update is proposed. A validation on these patients (spinecast monitor "
                "--patients, then spinecast validate) says whether the model fits them."
            )
        return Section("proposal", "What might be done", (Paragraph(nothing),))
    if kinds & {"input", "missing"}:
        blocks.append(
            Paragraph(
                "Inputs that changed are looked into first: a new assay, another unit, another form of documentation "
                "or other patients. An update learns a mistake of the input as readily as a change of the patients."
            )
        )
    if "calibration" in kinds:
        blocks.append(Paragraph(_closed_test(update)))
    blocks += [
        Paragraph(
            "An update is made of patients whose outcomes are known, judged on others, validated and only then "
            "promoted. None of these commands was run:"
        ),
        Code("\n".join(about["commands"]), "What an update would take"),
    ]
    return Section("proposal", "What might be done", tuple(blocks))


def _closed_test(update: Mapping[str, Any] | None) -> str:
    if update is None:
        return "What a closed test would choose was not computed."
    sizes = f"{fmt.integer(update['n'])} patients ({fmt.plural(update['events'], 'event')}) since {update['since']}"
    absent = fmt.absence(update["test"])
    if absent:
        return f"Of {sizes} a closed test could not choose a change: {fmt.plain(absent)}."
    chosen = _CHOSEN[update["test"]["chosen"]]
    return (
        f"On {sizes} a closed test chooses {chosen}. These are the patients by whom the alarm was raised: in them the "
        "size of the change is overstated, and a change is chosen more often than in 5% where every risk is right. "
        "Other patients must judge it."
    )
