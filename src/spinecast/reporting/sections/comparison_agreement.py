"""How far the risk of one patient depends on the model asked, and what each run's own record adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Block, Bullets, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.figures.side_by_side import agreement_plot
from spinecast.reporting.figures.style import SERIES
from spinecast.reporting.sections.common import footnoted, row, unavailable
from spinecast.reporting.sections.comparison_pairs import FIRST_LESS_SECOND, pair_rows

__all__ = ["agreement_section", "recorded_section"]


def agreement_section(record: ComparisonRecord) -> Section | None:
    """Show how the risks of the same patients differ between models; None where the patients are not the same."""
    if not record.found["paired"]:
        return None
    table = Table(
        "Agreement of the risks of the same patients, every two models",
        (FIRST_LESS_SECOND, "Mean difference", "Limits of agreement", "Mean absolute difference", "Nine in ten below"),
        pair_rows(record, lambda pair: _agreement_cells(pair["agreement"])),
        notes=(
            "Differences in percentage points of risk, 95% intervals in brackets. Limits of agreement hold 95% of "
            "patients if differences are normal (Bland and Altman 1986). Nine in ten below: of the absolute "
            "differences.",
        ),
        numeric=(1, 2, 3, 4),
    )
    thresholds = [one["threshold"] for one in record.found["pairs"][0]["agreement"]["changed_side"]]
    changed = Table(
        "Patients whom one model puts at or above a threshold and the other below it",
        ("Two models", *(f"at {fmt.percentage(level, 0)}" for level in thresholds)),
        pair_rows(record, lambda pair: [_points(one) for one in pair["agreement"]["changed_side"]]),
        notes=("Shares of the patients with Wilson's 95% intervals.",),
        numeric=tuple(range(1, 1 + len(thresholds))),
    )
    text = (
        "Two models that rank and fit equally well may still tell one patient different things. Between models that "
        "differ only by who was among their patients this is instability (Riley and Collins 2023); between different "
        "algorithms it is what choosing one of them decides for a patient."
    )
    drawn = record.with_first()[: len(SERIES)]
    return Section(
        "agreement",
        "Agreement for one patient",
        (Paragraph(text), table, changed, *(_figure(record, at, pair) for at, pair in enumerate(drawn, start=1))),
    )


def _agreement_cells(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        _points(found["mean_difference"]),
        f"{_percent(found['lower_limit'])} to {_percent(found['upper_limit'])}",
        _points(found["mean_absolute_difference"]),
        fmt.percentage(found["absolute_difference_90th"]),
    )


def _figure(record: ComparisonRecord, at: int, pair: Mapping[str, Any]) -> Figure:
    first, second, found = record.labels[pair["first"]], record.labels[pair["second"]], pair["agreement"]
    key = f"agreement-{at}"
    return Figure(
        key=key,
        title=f"{first} and {second}",
        svg=agreement_plot(first, second, found, key),
        caption=(
            "Left: patients by both risks, the area of a dot their number. Right: "
            f"{first} less {second} in groups of like risk."
        ),
        alternative=f"Mean absolute difference {fmt.percentage(found['mean_absolute_difference']['estimate'])}; limits "
        f"of agreement {_percent(found['lower_limit'])} to {_percent(found['upper_limit'])}.",
        table=Table(
            "Groups of patients of like mean risk",
            ("Patients", "Mean risk", "Mean difference", "Nine in ten within"),
            tuple(
                row(
                    fmt.integer(one["n"]),
                    fmt.percentage(one["risk"]),
                    fmt.percentage(one["difference"]),
                    f"{fmt.percentage(one['lower'])} to {fmt.percentage(one['upper'])}",
                )
                for one in found["groups"]
            ),
            numeric=(0, 1, 2, 3),
        ),
    )


def recorded_section(record: ComparisonRecord) -> Section:
    """Say what each run's own record adds: models of resamples, the best candidate alone, published comparators."""
    blocks: list[Block] = [*_resamples(record.recorded)]
    said = tuple(f"{one['label']}. {one['own_best']}" for one in record.recorded if one["own_best"])
    if said:
        blocks += [Heading("Against the best single candidate"), Bullets(said)]
    blocks += _comparators(record.recorded)
    return Section("recorded", "What the runs record", tuple(blocks))


def _resamples(recorded: Sequence[Mapping[str, Any]]) -> list[Block]:
    title = "Models of resamples"
    known = [one for one in recorded if fmt.absence(one["instability"]) is None]
    if not known:
        return [unavailable(title, fmt.absence(recorded[0]["instability"]) or "no run fitted any")]
    rows = []
    for one in recorded:
        found = one["instability"]
        reason = fmt.absence(found)
        if reason is not None:
            rows.append(row(one["label"], *(fmt.absent(reason), "–", "–", "–")))
            continue
        changed = "; ".join(
            f"{fmt.percentage(each['changed'])} at {fmt.percentage(each['threshold'], 0)}"
            for each in found["thresholds"]
        )
        rows.append(
            row(
                one["label"],
                fmt.integer(found["models"]),
                "repeated" if found["tuning"] == "repeated" else "not repeated",
                fmt.percentage(found["mean_absolute_error"]),
                changed,
            )
        )
    table = Table(
        "Instability of each run: its own procedure on resamples of its patients",
        ("Run", "Models", "Tuning", "Mean absolute prediction error", "Decided otherwise"),
        tuple(rows),
        notes=(
            "Mean distance between a patient's risk by a model of a resample and by the final model, and the share of "
            "patients and models on the other side of a threshold (Riley and Collins 2023).",
        ),
        numeric=(1, 3),
    )
    text = "What two runs differ by above is to be read beside how far one and the same procedure scatters by itself."
    return [Heading(title), Paragraph(text), footnoted(table)]


def _comparators(recorded: Sequence[Mapping[str, Any]]) -> list[Block]:
    rows = [
        row(one["label"], each["label"], fmt.estimate(each["measures"].get("auc")), fmt.estimate(each["difference"]))
        for one in recorded
        for each in one["comparators"]
    ]
    if not rows:
        return []
    notes = dict.fromkeys(
        f"{each['label']}: {fmt.ended(each['note'])}" for one in recorded for each in one["comparators"] if each["note"]
    )
    table = Table(
        "Published comparators, as each run's record holds them",
        ("Run", "Comparator", "AUC", "AUC of the run less comparator"),
        tuple(rows),
        notes=("95% intervals, paired in the patients of the run who have the comparator.", *notes),
        numeric=(2, 3),
    )
    return [Heading("Against published comparators"), footnoted(table)]


def _points(measure: Mapping[str, Any]) -> str:
    reason = fmt.absence(measure)
    if reason is not None:
        return fmt.absent(reason)
    return f"{_percent(measure)} ({fmt.percentage(measure['lower'])} to {fmt.percentage(measure['upper'])})"


def _percent(measure: Mapping[str, Any]) -> str:
    return fmt.percentage(measure["estimate"])
