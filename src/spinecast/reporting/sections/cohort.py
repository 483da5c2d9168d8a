"""Who was studied: attrition, table one, missingness, provenance, refused values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Facts, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import (
    SMALLEST_SHOWN,
    negative_label,
    positive_label,
    row,
    sized,
    unavailable,
)

__all__ = ["cohort_section", "missing_rows"]


def cohort_section(record: RunRecord) -> Section:
    """Describe the people studied and how they came to be the ones."""
    cohort = record.cohort
    people = "synthetic patients, who do not exist," if record.is_synthetic else "patients"
    blocks: list[Block] = [
        Paragraph(
            f"The cohort “{fmt.plain(cohort['name'])}” holds {fmt.integer(cohort['patients'])} {people} after "
            "attrition."
        ),
        *_provenance(cohort),
        Heading("Attrition"),
        _attrition(record),
        Heading("Characteristics"),
        _table_one(record),
        Heading("Missing values"),
        *_missingness(record),
        Heading("Values refused or set to missing"),
        *_rejections(record),
        *_borrowed(record),
    ]
    return Section("cohort", "The cohort", tuple(blocks))


def _borrowed(record: RunRecord) -> list[Block]:
    """Say who helped to fit without being judged, and at what weight; nothing where the study borrows nobody."""
    found = record.cohort.get("borrowed")
    if not isinstance(found, Mapping):
        return []
    candidates = fmt.listed(record.tuning.get("candidates"))
    tried = fmt.joined([f"{weight:g}" for weight in found["weights"]])
    rows = tuple(
        row(
            entry["label"],
            *(f"{split['best']['parameters'].get('borrowed_weight', 0):g}" for split in entry["splits"]),
        )
        for entry in candidates
    )
    splits = [split["split"] for split in candidates[0]["splits"]] if candidates else []
    return [
        Heading("Borrowed patients"),
        Paragraph(
            f"{fmt.integer(found['patients'])} related patients of “{fmt.plain(found['name'])}”, "
            f"{fmt.integer(found['events'])} with the outcome, stand in every training set and in no set that judges; "
            f"{fmt.integer(found['own_left_out'])} of the study's own patients were among them and are left out there. "
            f"The weight of one of them against one of the study's own was tuned with each candidate's other "
            f"parameters, on the study's own held-out patients ({tried} were tried). Encoding, imputation, "
            "recalibration, choosing and every figure of this report rest on the study's own patients alone."
        ),
        Table(
            "Weight of a borrowed patient that was chosen in each split",
            ("Candidate", *splits),
            rows,
            numeric=tuple(range(1, len(splits) + 1)),
        ),
    ]


def _provenance(cohort: Mapping[str, Any]) -> list[Block]:
    provenance = cohort.get("provenance")
    reason = fmt.absence(provenance)
    if reason is not None or provenance is None:
        return [unavailable("Provenance", reason or "not recorded")]
    names = (
        ("source", "Source"),
        ("description", "Description"),
        ("period", "Period"),
        ("licence", "Licence"),
        ("citation", "Citation"),
    )
    facts = [
        (label, fmt.plain(provenance.get(name) or fmt.absent("not stated by the source")))
        for name, label in names
        if name in provenance or name != "period"
    ]
    facts.append(("Fingerprint", fmt.plain(cohort.get("fingerprint") or fmt.absent("not recorded"))))
    notes = tuple(fmt.ended(fmt.sentence(note)) for note in fmt.listed(provenance.get("notes")))
    said: list[Block] = [Heading("Notes on the source"), Bullets(notes)] if notes else []
    return [Facts(tuple(facts)), *said]


def _attrition(record: RunRecord) -> Block:
    steps = record.cohort.get("attrition")
    reason = fmt.absence(steps)
    if reason is not None or steps is None:
        return unavailable("Attrition", reason or "not recorded")
    n, events = record.evaluation["n"], record.evaluation["events"]
    last = steps[-1]["remaining"]
    # The split by outcome belongs into the last box only when the evaluation is about exactly the people in it.
    outcome = (positive_label(record), events, negative_label(record), n - events) if last == n else None
    table = Table(
        "Patients left out at each step",
        ("Step", "Reason for leaving out", "Left out", "Remaining"),
        tuple(
            row(
                fmt.sentence(step["step"]),
                fmt.sentence(step.get("reason") or "–"),
                fmt.integer(step["excluded"]),
                fmt.integer(step["remaining"]),
            )
            for step in steps
        ),
        numeric=(2, 3),
    )
    start = steps[0]["remaining"] + steps[0]["excluded"]
    return Figure(
        key="attrition",
        title="From the source to the people studied",
        svg=figures.attrition_diagram(steps, "attrition", outcome=outcome),
        caption="Each step, how many it left out and why.",
        alternative=f"Flow diagram: {fmt.plural(start, 'patient')} in the source, {fmt.integer(last)} studied.",
        table=table,
    )


def _table_one(record: RunRecord) -> Block:
    variables = record.cohort.get("table_one")
    reason = fmt.absence(variables)
    if reason is not None or variables is None:
        return unavailable("Characteristics", reason or "not recorded")
    rows: list[Row] = []
    group = None
    for variable in variables:
        header = variable.get("group_header")
        if header and header != group:
            rows.append(Row((fmt.plain(header),), heading=True))
        group = header
        rows += _variable_rows(variable)
    # The cohort's own: those who could be judged, or whose outcome is known, may be fewer.
    events = record.cohort.get("events", record.evaluation["events"])
    return Table(
        f"Characteristics of the cohort, {_size(record, events)}",
        ("Variable", "All", negative_label(record), positive_label(record), "Missing", "SMD"),
        tuple(rows),
        notes=(
            "Numbers are median with interquartile range, or count (%). Counts below 5 are not shown, so that nobody "
            "can be recognised.",
            "SMD: standardised difference between the two outcome groups; –: does not apply.",
        ),
        numeric=(1, 2, 3, 4, 5),
    )


def _size(record: RunRecord, events: int) -> str:
    """Say how many they are, and how many had the event; of a quantity or of levels, how many lay on the side named."""
    if record.evaluation.get("kind") not in ("quantity", "ordinal"):
        return sized(record.cohort["patients"], events)
    side = positive_label(record)
    return f"{sized(record.cohort['patients'], None)}; {fmt.integer(events)}: {side[0].lower()}{side[1:]}"


def _variable_rows(variable: Mapping[str, Any]) -> list[Row]:
    name = fmt.named(variable["label"], variable.get("unit"))
    entries = variable["rows"]
    first = entries[0]
    if len(entries) == 1:
        level = first.get("level")
        return [row(name if level is None else f"{name}: {fmt.plain(level)}", *_cells(first))]
    opening: Mapping[str, Any] = {}
    if first.get("level") is None:
        opening, entries = first, entries[1:]
    else:
        # What holds for the whole variable stands beside its name, not beside its first level.
        whole = ["missing"]
        if all(entry.get("standardised_difference") is None for entry in entries[1:]):
            whole.append("standardised_difference")
        opening = {key: first.get(key) for key in whole}
        entries = [{**first, **dict.fromkeys(whole)}, *entries[1:]]
    rows = [row(name, *_cells(opening, ""))]
    return rows + [row(entry.get("level") or "–", *_cells(entry, ""), level=1) for entry in entries]


def _cells(entry: Mapping[str, Any], nothing: str = "–") -> tuple[str, ...]:
    """Format a row; ``nothing`` stands where it has no value: empty where another row of the variable carries it."""
    names = ("overall", "without_event", "with_event", "missing")
    found = [nothing if entry.get(name) is None else fmt.count(entry[name]) for name in names]
    difference = entry.get("standardised_difference")
    if isinstance(difference, int | float):
        return (*found, fmt.number(difference, 2))
    return (*found, nothing if difference is None else fmt.count(difference))


def missing_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Return the missingness of each variable, most often missing first, with proportions by outcome.

    A record gives the missing of an outcome group as a count or as a proportion; both end here as proportions.
    """
    n, events = record.evaluation["n"], record.evaluation["events"]
    rows = [
        {
            **entry,
            "proportion_with_event": _proportion(entry, "with_event", events),
            "proportion_without_event": _proportion(entry, "without_event", n - events),
        }
        for entry in fmt.listed(record.cohort.get("missingness"))
    ]
    return sorted(rows, key=lambda entry: (-entry["proportion"], str(entry["label"])))


def _proportion(entry: Mapping[str, Any], group: str, whole: int) -> float | None:
    stated, value = entry.get(f"proportion_{group}"), entry.get(f"missing_{group}")
    if stated is not None or value is None or whole <= 0:
        return stated
    return value / whole if isinstance(value, int) else float(value)


def _missing_cells(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    if entry["missing"] < SMALLEST_SHOWN:
        return f"<{SMALLEST_SHOWN}", "not shown", "not shown"
    return (
        f"{fmt.integer(entry['missing'])} ({fmt.percentage(entry['proportion'])})",
        fmt.percentage(entry["proportion_with_event"]),
        fmt.percentage(entry["proportion_without_event"]),
    )


def _missingness(record: RunRecord) -> list[Block]:
    reason = fmt.absence(record.cohort.get("missingness"), empty=False)
    if reason is not None:
        return [unavailable("Missing values", reason)]
    rows = missing_rows(record)
    some = [entry for entry in rows if entry["missing"]]
    complete = [fmt.plain(entry["label"]) for entry in rows if not entry["missing"]]
    if not some:
        return [Paragraph("Every variable is complete.")]
    positive, negative = positive_label(record), negative_label(record)
    table = Table(
        "Missing values by variable and outcome",
        ("Variable", "Not recorded", positive, negative),
        tuple(
            row(
                entry["label"],
                *_missing_cells(entry),
            )
            for entry in some
        ),
        numeric=(1, 2, 3),
    )
    worst = some[0]
    others = f" Complete: {fmt.joined(complete)}." if complete else ""
    return [
        Figure(
            key="missingness",
            title="How often each variable was not recorded",
            svg=figures.missingness_plot(some, "missingness", positive=positive, negative=negative),
            caption=f"Bars: everybody; marks: by outcome. Variables with no missing value are left out.{others}",
            alternative=(
                f"Bar chart of missing values: {fmt.plural(len(some), 'variable')} with missing values, most of all "
                f"{fmt.plain(worst['label'])} ({fmt.percentage(worst['proportion'])})."
            ),
            table=table,
        )
    ]


def _rejections(record: RunRecord) -> list[Block]:
    found = record.cohort.get("rejections")
    reason = fmt.absence(found, empty=False)
    if reason is not None:
        return [unavailable("Refused values", reason)]
    if not found:
        return [Paragraph("No value of the source broke the contract of the variable dictionary.")]
    policy = (record.study.get("cohort") or {}).get("impossible_values")
    said = {
        "set_missing": "Values outside a variable's possible range were treated as missing.",
        "exclude_patient": "Patients with a value outside a variable's possible range were left out.",
    }.get(str(policy), "Each value below broke the contract of the variable dictionary.")
    rows = tuple(
        row(fmt.refused_column(entry), fmt.sentence(entry["rule"]), fmt.integer(entry["count"])) for entry in found
    )
    return [
        Paragraph(said),
        Table("Values that broke the contract", ("Variable", "Rule", "Values"), rows, numeric=(2,)),
    ]
