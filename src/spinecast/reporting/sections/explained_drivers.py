"""Which inputs drive a model's answers, how firm that is, for whom it holds, and whether a version changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spinecast.explanation.depth.stability import HARDLY, LEAST_AGREEMENT
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Heading, Paragraph, Row, Section, Table
from spinecast.reporting.figures.depth import DotSeries, dots_plot
from spinecast.reporting.sections.common import row
from spinecast.reporting.sections.explained_summary import labels_of

__all__ = ["drivers_section", "groups_section", "versions_section"]

IN_FIGURE = 20
IN_GROUPS = 8
# As many groups as have a colour of their own.
MOST_GROUPS = 6
# As many columns as a printed page holds.
MOST_COLUMNS = 5


def _ends(measure: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return a value with its limits; without limits they are the value."""
    value = float(measure["estimate"])
    lower, upper = measure.get("lower"), measure.get("upper")
    return value, value if lower is None else float(lower), value if upper is None else float(upper)


def drivers_section(record: Mapping[str, Any]) -> Section:
    """Show the mean absolute contribution of every input, and whether the fits of the model agree on it."""
    found, labels, scale = record["found"], labels_of(record), fmt.plain(record["about"]["scale"])
    text = (
        f"A contribution is what an input adds to the {scale} of one patient; contributions add up exactly to what is "
        "served. Shown is their mean size over patients. It says how much the model uses an input in these patients, "
        "not what causes the outcome."
    )
    return Section("drivers", "Which inputs drive the answers", (Paragraph(text), *_drivers(found, labels, scale)))


def _drivers(found: Mapping[str, Any], labels: Mapping[str, str], scale: str) -> Iterator[Block]:
    drivers = found["stability"]["drivers"]
    over_patients = {one["variable"]: one for one in found["importance"]}
    unstable = [place for place, one in enumerate(drivers[:IN_FIGURE]) if not one["stable"]]
    folds = found["stability"]["folds"]
    rows = [
        row(
            str(one["rank"]),
            labels[one["variable"]],
            fmt.estimate(over_patients[one["variable"]]),
            f"{fmt.number(one['importance'])} ({fmt.interval(one['lower'], one['upper'])})",
            f"{min(one['ranks'])} to {max(one['ranks'])}",
            fmt.percentage(one["sign_agreement"], 0),
            "firm" if one["stable"] else "not firm",
            strong=not one["stable"],
        )
        for one in drivers
        if one["variable"] in over_patients
    ]
    reasons = {reason: None for one in drivers for reason in one["reasons"]}
    notes = (
        f"Limits over patients: percentile bootstrap. Limits over fits: jackknife over the {folds} groups of patients "
        "that the model's fits were made without: the spread to be expected of a model made from other patients of the "
        "same kind.",
        "Same direction: share of the contributions, by their size, whose sign other fits are expected to give too.",
        f"Firm: a lower limit over fits of more than {HARDLY:.0%} of the value, and the same direction in "
        f"{LEAST_AGREEMENT:.0%} or more.",
        *(f"Not firm: {fmt.ended(reason)}" for reason in reasons),
    )
    yield Figure(
        key="drivers",
        title="Mean size of the contributions, with limits over the model's own fits",
        svg=dots_plot(
            [labels[one["variable"]] for one in drivers[:IN_FIGURE]],
            [DotSeries("", [(one["importance"], one["lower"], one["upper"]) for one in drivers[:IN_FIGURE]])],
            f"Mean absolute contribution to the {scale}",
            "drivers",
            marked=unstable,
        ),
        caption="Filled: the fits agree. Open: not firm, the fits disagree about how much it matters or which way.",
        alternative=(
            f"Dot plot of {fmt.plural(len(drivers[:IN_FIGURE]), 'input')}; the largest is "
            f"{labels[drivers[0]['variable']]}, {fmt.plural(len(unstable), 'input')} not firm."
        ),
        table=Table(
            "Inputs by mean absolute contribution",
            ("Rank", "Input", "Over patients", "Over fits", "Ranks in fits", "Same direction", "Verdict"),
            tuple(rows),
            notes=notes,
            numeric=(0, 2, 3, 4, 5),
        ),
    )


def groups_section(record: Mapping[str, Any]) -> Section | None:
    """Show what drives the answers in groups of patients, and from year to year where the cohort knows it."""
    groupings = [one for one in record["found"]["groups"] if sum(each["n"] is not None for each in one["groups"]) > 1]
    if not groupings:
        return None
    text = (
        "The mean size of the contributions in groups of patients. Groups differ because their patients' values do, or "
        "because the model treats the same value otherwise beside others. No allowance is made for looking at many."
    )
    blocks: list[Block] = [Paragraph(text)]
    for one in groupings:
        blocks += [Heading(fmt.plain(one["label"])), _group_figure(one, record)]
    return Section("groups", "For whom, and when", tuple(blocks))


def _group_figure(grouping: Mapping[str, Any], record: Mapping[str, Any]) -> Figure:
    labels, scale = labels_of(record), fmt.plain(record["about"]["scale"])
    inputs = grouping["inputs"][:IN_GROUPS]
    shown = [group for group in grouping["groups"] if group["n"] is not None]
    hidden = [fmt.plain(group["label"]) for group in grouping["groups"] if group["n"] is None]
    largest = sorted(group["n"] for group in shown)[-MOST_GROUPS:]
    drawn = [group for group in shown if group["n"] >= largest[0]][:MOST_GROUPS]
    series = [
        DotSeries(
            fmt.shortened(group["label"], 34), [_ends(group["importance"][place]) for place in range(len(inputs))]
        )
        for group in drawn
    ]
    notes = []
    if hidden:
        notes.append(f"Not shown, because too few or because their number would follow: {', '.join(hidden)}.")
    if len(shown) > MOST_GROUPS:
        notes.append(f"Drawn are the {MOST_GROUPS} largest groups.")
    key = f"groups-{grouping['variable']}"
    return Figure(
        key=key,
        title=f"Contributions by {fmt.plain(grouping['label']).lower()}",
        svg=dots_plot([labels[name] for name in inputs], series, f"Mean absolute contribution to the {scale}", key),
        caption=f"The {len(inputs)} inputs that drive the answers most in all patients, with 95% intervals.",
        alternative=(
            f"Dot plot of {len(inputs)} inputs in {fmt.plural(len(shown), 'group')}; in "
            f"{fmt.plain(shown[0]['label'])} the largest is {_largest(shown[0], inputs, labels)}."
        ),
        table=_group_table(fmt.plain(grouping["label"]).lower(), inputs, shown, labels, tuple(notes)),
    )


def _group_table(
    by: str,
    inputs: Sequence[str],
    shown: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    notes: tuple[str, ...],
) -> Table:
    """Give every number of the groups: a column each where a page holds them, else a row each."""
    title = f"Mean absolute contribution by {by} (95% interval)"
    if len(shown) <= MOST_COLUMNS:
        header = ("Input", *(f"{fmt.plain(group['label'])}, n = {fmt.integer(group['n'])}" for group in shown))
        rows = [
            row(labels[name], *(fmt.estimate(group["importance"][place]) for group in shown))
            for place, name in enumerate(inputs)
        ]
        return Table(title, header, tuple(rows), notes=notes, numeric=tuple(range(1, len(header))))
    rows = []
    for place, name in enumerate(inputs):
        rows.append(Row((labels[name],), heading=True))
        for group in shown:
            said = fmt.integer(group["n"]), fmt.estimate(group["importance"][place])
            rows.append(row(fmt.plain(group["label"]), *said, level=1))
    header = ("Group", "Patients", "Mean absolute contribution")
    return Table(title, header, tuple(rows), notes=notes, numeric=(1, 2))


def _largest(group: Mapping[str, Any], inputs: Sequence[str], labels: Mapping[str, str]) -> str:
    first = max(range(len(inputs)), key=lambda place: group["importance"][place]["estimate"])
    return labels[inputs[first]]


def versions_section(record: Mapping[str, Any]) -> Section | None:
    """Show whether another version gave the same patients other reasons."""
    versions = record["found"].get("versions")
    if versions is None:
        return None
    labels, other = labels_of(record), fmt.plain(versions["against"])
    shares = versions["shares"]
    changed = [place for place, one in enumerate(shares[:IN_FIGURE]) if one["changed"]]
    text = (
        f"The share of each input in all contributions, here and in {other}, in the same "
        f"{fmt.plural(versions['patients'], 'patient')}. Differences are paired by patient; no allowance is made for "
        "looking at many inputs."
    )
    rows = [
        row(
            labels[one["variable"]],
            fmt.percentage(one["before"]),
            fmt.percentage(one["now"]),
            _points(one["difference"]),
            "changed" if one["changed"] else "not shown to have changed",
            strong=one["changed"],
        )
        for one in shares
    ]
    figure = Figure(
        key="versions",
        title=f"Change of each input's share against {other}",
        svg=dots_plot(
            [labels[one["variable"]] for one in shares[:IN_FIGURE]],
            [DotSeries("", [_hundredfold(_ends(one["difference"])) for one in shares[:IN_FIGURE]])],
            "Difference of shares, percentage points",
            "versions",
            marked=changed,
        ),
        caption="Right of 0: a larger share than before. Open: the 95% interval leaves 0 out.",
        alternative=(
            f"Dot plot of {fmt.plural(len(shares[:IN_FIGURE]), 'input')}: {fmt.plural(len(changed), 'share')} changed, "
            f"the largest difference that of {labels[shares[0]['variable']]}."
        ),
        table=Table(
            "Shares in the answers",
            ("Input", "Before", "Now", "Difference, points (95% interval)", "Verdict"),
            tuple(rows),
            numeric=(1, 2, 3),
        ),
    )
    return Section("versions", "Against another version", (Paragraph(text), figure))


def _hundredfold(ends: tuple[float, float, float]) -> tuple[float, float, float]:
    value, lower, upper = ends
    return 100 * value, 100 * lower, 100 * upper


def _points(measure: Mapping[str, Any]) -> str:
    value, lower, upper = _hundredfold(_ends(measure))
    signed = (fmt.number(one, 1, signed=True) for one in (value, lower, upper))
    return "{} ({} to {})".format(*signed)
