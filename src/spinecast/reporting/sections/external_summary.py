"""The first page of an external validation: what was judged, on whom, how good it is and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Callout, Facts, Heading, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.sections.common import SMALLEST_SHOWN, row
from spinecast.reporting.sections.external_opening import callouts
from spinecast.reporting.sections.summary import headline_tiles, readings

__all__ = ["external_summary_section", "judged_section", "not_compared_blocks"]

_KINDS = {"model": "a model of spinecast", "score": "a published score", "published": "a published regression model"}
_WAS_TO_THE_MODEL = {
    "updating": "People it was updated on, or judged on then",
    "borrowed": "People it borrowed to be fitted",
}


def external_summary_section(record: ExternalRecord) -> Section:
    """Open the report with what was judged, on whom, the headline numbers and what they mean."""
    run = record.as_run_record()
    blocks: list[Block] = [Paragraph(_lead(record), lead=True)]
    source = record.about.get("source") or {}
    if source.get("ranks_only"):
        text = f"It gives no risks of this outcome: {fmt.ended(source['ranks_only'])} Only its ranking is judged."
        blocks.append(Callout("note", "Ranks only", fmt.plain(text)))
    blocks.append(headline_tiles(run))
    said = [*readings(run), *_rivals(record)]
    if said:
        blocks.append(Bullets(tuple(said)))
    return Section("summary", "Summary", (*blocks, *callouts(record)))


def _lead(record: ExternalRecord) -> str:
    evaluation = record.evaluation
    n, events = evaluation["n"], evaluation["events"]
    people = "synthetic patients" if record.is_synthetic else "patients"
    # Among patients weighted for censoring the share of events found is not the risk.
    share = f", {fmt.percentage(events / n)}" if n and not record.about.get("weighted") else ""
    outcome = evaluation["outcome"]
    size = f"{fmt.integer(n)} {people}, of whom {fmt.integer(events)} had the event"
    happened = f"({fmt.plain(outcome['positive_label'])}{share})"
    if not record.is_validation:
        return (
            f"The risks in column {fmt.plain(evaluation['label'])} were made elsewhere. They are judged here on {size} "
            f"{happened}. Whether these patients are others than those the risks were made from, the file does not say."
        )
    return (
        f"{fmt.plain(evaluation['label'])} was applied, as it is, to {size} {happened}. "
        f"Outcome: {fmt.plain(outcome['label'])}."
    )


def _rivals(record: ExternalRecord) -> list[str]:
    """Word the paired differences in AUC by their intervals, rivals of one verdict together."""
    better: list[str] = []
    worse: list[str] = []
    alike: list[str] = []
    for one in fmt.listed(record.evaluation.get("comparators")):
        difference = one.get("auc_difference")
        if fmt.absence(difference) is not None or difference.get("lower") is None:
            continue
        verdict = better if difference["lower"] > 0 else worse if difference["upper"] < 0 else alike
        verdict.append(fmt.plain(one["label"]))
    said = [
        f"it ranks better than {fmt.joined(better)}" if better else "",
        f"it ranks worse than {fmt.joined(worse)}" if worse else "",
        f"the data do not tell its ranking apart from that of {fmt.joined(alike)}" if alike else "",
    ]
    text = "; ".join(part for part in said if part)
    return [f"Comparators, each in the patients who have both: {text}."] if text else []


def judged_section(record: ExternalRecord) -> Section:
    """Say what exactly was judged, and how the outcome was read."""
    if not record.is_validation:
        return Section("judged", "What was judged", (_columns(record),))
    about = record.about
    source, development, outcome = about["source"], about["development"], about["outcome"]
    overlap = record.findings.get("overlap") or {}
    facts = [
        ("What", f"{fmt.plain(source['label'])} ({_KINDS[source['kind']]})"),
        ("Identity" if source["kind"] == "model" else "Publication", fmt.plain(source["identity"])),
        *((("Note", fmt.ended(fmt.plain(source["note"]))),) if source["note"] else ()),
        ("Development cohort", _development(source, development)),
        ("People in both cohorts", _overlap(overlap)),
        *((_WAS_TO_THE_MODEL[one["role"]], _met_before(one)) for one in record.findings.get("met_before") or ()),
        ("Outcome", fmt.plain(outcome["label"])),
        ("How it is read", _definition(outcome["definition"])),
        ("Basis", "external: nothing was fitted, tuned or recalibrated on these patients"),
        ("Inputs", fmt.count(len(source["inputs"]))),
        ("Inputs nobody has", fmt.joined([fmt.plain(label) for label in about["lacking"]]) or "none"),
        ("Patients it gives nothing", fmt.integer(record.findings["not_scored"])),
        *((("Of these declined", _declined(record.findings["declined"])),) if "declined" in record.findings else ()),
    ]
    return Section("judged", "What was judged", (Facts(tuple(facts)),))


def _declined(declined: Mapping[str, Any]) -> str:
    """Say of how many patients the model wants no risk given, and why; few are not counted."""
    if not declined["patients"]:
        return "nobody: every patient is within the limits of the study"
    reasons = fmt.joined([f"{fmt.plain(one['limit'])} ({_few(one['patients'])})" for one in declined["limits"]])
    return (
        f"{_few(declined['patients'])} of {fmt.integer(declined['of'])}: no risk would be given of them, so that none "
        f"is judged. {fmt.sentence(reasons)}."
    )


def _few(count: int) -> str:
    return fmt.integer(count) if count >= SMALLEST_SHOWN else f"fewer than {SMALLEST_SHOWN}"


def not_compared_blocks(record: ExternalRecord) -> tuple[Heading | Table, ...]:
    """List what could not be computed from these patients, and why; nothing where everything could."""
    found = fmt.listed(record.findings.get("not_compared"))
    if not found:
        return ()
    table = Table(
        "Published scores and models that could not be computed from these patients",
        ("What", "Why"),
        tuple(row(one["label"], fmt.sentence(one["reason"])) for one in found),
    )
    return (Heading("What could not be compared"), table)


def _columns(record: ExternalRecord) -> Facts:
    columns, left_out = record.about["columns"], record.about["left_out"]
    names = {
        "risk": "Risk",
        "outcome": "Outcome",
        "time": "Follow-up",
        "event": "Event",
        "horizon": "Horizon",
        "weights": "Weights",
    }
    shown = [(label, fmt.setting(columns[name])) for name, label in names.items() if columns.get(name) is not None]
    without = [f"{fmt.integer(count)} without {reason}" for reason, count in left_out.items()]
    facts = [
        ("File", fmt.plain(record.about["cohort"]["name"])),
        *shown,
        ("Compared with", fmt.joined([fmt.plain(name) for name in columns["compare"]]) or "nothing"),
        ("Left out", fmt.joined([fmt.plain(text) for text in without]) or "nobody"),
    ]
    if columns.get("competing"):
        others = fmt.joined([fmt.plain(code) for code in columns["competing"]])
        facts.append(("Another event first", f"{others}: known to be without the event, and no censoring"))
    facts += [("To know", fmt.sentence(fmt.plain(note))) for note in fmt.listed(record.about.get("notes"))]
    if columns.get("time") is not None:
        how = "the others weighted by the inverse probability of being uncensored (Graf 1999)"
        facts.append(("Censored before the horizon", how))
    return Facts(tuple(facts))


def _development(source: Mapping[str, Any], development: Mapping[str, Any]) -> str:
    if source["kind"] != "model":
        return "see the publication; its patients are not at hand"
    size, events = development.get("n"), development.get("events")
    # A quantity and ordered levels have no events to count.
    counted = f": {fmt.integer(size)} patients" if size else ""
    counted += f", {fmt.integer(events)} events" if size and events is not None else ""
    kind = ", synthetic" if development.get("kind") == "synthetic" else ""
    reason = fmt.absence(development.get("patients"))
    patients = "" if reason is None else f" Its patients are not at hand: {fmt.ended(fmt.plain(reason))}"
    return f"{fmt.plain(development['name'])}{kind}{counted}.{patients}"


def _met_before(met: Mapping[str, Any]) -> str:
    return f"{fmt.plain(met['name'])}: {_overlap(met)}"


def _overlap(overlap: Mapping[str, Any]) -> str:
    if overlap.get("how"):
        return f"{fmt.n_of_n(overlap['shared'], overlap['of'])}, told by {fmt.plain(overlap['looked'])}"
    if overlap.get("searched"):
        return f"none found; compared: {fmt.plain(overlap.get('looked'))}"
    return f"not looked for row by row: {fmt.plain(overlap.get('looked'))}"


def _definition(definition: Mapping[str, Any]) -> str:
    # What is empty says nothing.
    named = {name: value for name, value in definition.items() if name not in ("label", "kind")}
    shown = {name: value for name, value in named.items() if value not in (None, (), [])}
    words = {"exclude": "left out", "ipcw": "the others weighted for them (inverse probability of censoring)"}
    texts = {name: fmt.setting(value) for name, value in shown.items()}
    texts |= {"censored": words[texts["censored"]]} if texts.get("censored") in words else {}
    return "; ".join(f"{name.replace('_', ' ')}: {text}" for name, text in texts.items())
