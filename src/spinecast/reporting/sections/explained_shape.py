"""The shape of a model: curves along its inputs, interactions, and whether ways to rank its inputs agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spinecast.explanation.depth.stored import StoredExplanation
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Paragraph, Row, Section, Table
from spinecast.reporting.figures.depth import Curves, DotSeries, curves_plot, dots_plot
from spinecast.reporting.sections.common import footnoted, row
from spinecast.reporting.sections.explained_summary import labels_of

__all__ = ["agreement_section", "curves_section", "interactions_section"]

IN_FIGURE = 12
WIDTH = 0.1  # of H, which is about 1 where nothing is a sum


def curves_section(stored: StoredExplanation) -> Section | None:
    """Show partial dependence with the curves of single patients."""
    curves, about = stored.record["found"]["curves"], stored.record["about"]
    if not curves:
        return None
    without = [
        fmt.plain(one["label"])
        for one in stored.record["found"]["importance"][: about["settings"]["inputs"]]
        if one.get("tells_apart") is False
    ]
    none = f" No curve is drawn of {fmt.joined(without)}: all of these patients have the same value." if without else ""
    text = (
        "Each grey line (or point, where levels have no order) is one patient: what the model would say at other "
        "values of one input, all others as they are. Blue is their average (partial dependence). Lines that run apart "
        "mean that what the input does depends on the others. Some of the patients asked of cannot exist, because "
        "inputs go together: where few have such values, the curves are the model's guess. No curve says what changing "
        f"a value would do.{none}"
    )
    blocks = (Paragraph(text), _answers(stored, about), _centred(stored, fmt.plain(about["scale"])))
    return Section("curves", "Along one input", blocks)


def _answers(stored: StoredExplanation, about: Mapping[str, Any]) -> Figure:
    curves, unit = stored.record["found"]["curves"], fmt.plain(about["unit"])
    drawn = [_drawn(one, stored, "answers", None) for one in curves]
    rows: list[Row] = []
    for one in curves:
        rows.append(Row((fmt.named(one["label"], one["unit"]),), heading=True))
        for place, value in enumerate(one["grid"]):
            spread = (one["answers"][name][place] for name in ("low", "median", "high"))
            said = (_number(each, unit) for each in (one["average"][place], *spread))
            rows.append(row(_value(one, place, value), *said, level=1))
    first = curves[0]
    return Figure(
        key="dependence",
        title=f"{fmt.sentence(about['answered'])} along one input",
        svg=curves_plot(drawn, _axis(fmt.sentence(about["answered"]), unit), "dependence", percent=not unit),
        caption=f"{fmt.plural(first['patients'], 'patient')} drawn at random; at most forty are shown as lines.",
        alternative=(
            f"Curves of {fmt.plural(len(curves), 'input')}; along {fmt.plain(first['label'])} the average goes from "
            f"{_number(first['average'][0], unit)} to {_number(first['average'][-1], unit)}."
        ),
        table=Table(
            "Average, and the middle four fifths of single patients",
            ("Value", "Average", "10th centile", "Median", "90th centile"),
            tuple(rows),
            numeric=(1, 2, 3, 4),
        ),
    )


def _centred(stored: StoredExplanation, scale: str) -> Figure:
    curves = stored.record["found"]["curves"]
    drawn = [_drawn(one, stored, "on_scale", one["centred"]["mean"]) for one in curves]
    rows: list[Row] = []
    for one in curves:
        rows.append(Row((fmt.named(one["label"], one["unit"]),), heading=True))
        for place, value in enumerate(one["grid"]):
            said = (fmt.number(one["centred"][name][place], signed=True) for name in ("mean", "low", "high"))
            rows.append(row(_value(one, place, value), *said, level=1))
    starts = [f"{fmt.plain(one['label'])} from {one['levels'][0]}" for one in curves if not one.get("ordered", True)]
    begun = f" Levels without an order start from the first: {fmt.joined(starts)}." if starts else ""
    widest = max(curves, key=lambda one: one["centred"]["high"][-1] - one["centred"]["low"][-1])
    return Figure(
        key="centred",
        title="The same from each patient's first value",
        svg=curves_plot(drawn, f"Change of the {scale}", "centred", percent=False),
        caption="Parallel curves lie on one another: they spread only where the input acts together with others."
        + begun,
        alternative=f"Centred curves, spread most at the end of {fmt.plain(widest['label'])}.",
        table=Table(
            f"Change of the {scale} from the first value",
            ("Value", "Average", "10th centile", "90th centile"),
            tuple(rows),
            numeric=(1, 2, 3),
        ),
    )


def _drawn(one: Mapping[str, Any], stored: StoredExplanation, which: str, average: list[float] | None) -> Curves:
    lines = stored.arrays[f"curve.{one['variable']}.{which}"]
    if average is not None:
        lines = lines - lines[:, :1]
    return Curves(
        label=fmt.plain(one["label"]),
        unit=fmt.plain(one["unit"]),
        levels=one["levels"],
        ordered=one.get("ordered", True),
        grid=stored.arrays[f"curve.{one['variable']}.grid"],
        lines=lines,
        average=np.asarray(one["average"] if average is None else average, dtype=np.float64),
    )


def _value(one: Mapping[str, Any], place: int, value: float) -> str:
    return fmt.plain(one["levels"][place]) if one["levels"] is not None else fmt.significant(value, 4)


def _number(value: float, unit: str) -> str:
    return fmt.with_unit(fmt.significant(value, 3), unit) if unit else fmt.percentage(value)


def _axis(words: str, unit: str) -> str:
    return f"{words}, {unit}" if unit else words


def interactions_section(record: Mapping[str, Any]) -> Section | None:
    """Show Friedman's H of every two leading inputs, and of each with all others."""
    found, labels, scale = record["found"]["interactions"], labels_of(record), fmt.plain(record["about"]["scale"])
    if not found["pairs"]:
        return None
    text = (
        "Friedman's H is the share of what inputs do together that is no sum of what each does alone (its root; 0 "
        f"for none), on the {scale}. With few patients it is never quite 0. A strong interaction of inputs that hardly "
        "move the answer matters little: the size beside it is in units of the scale."
    )
    pairs = [one for one in found["pairs"] if "absent" not in one["strength"]][:IN_FIGURE]
    blocks: list[Block] = [Paragraph(text)]
    if pairs:
        blocks.append(_pairs_figure(pairs, found, labels))
    totals = tuple(
        row(labels[one["inputs"][0]], fmt.estimate(one["strength"], 2), fmt.number(one["size"]))
        for one in found["totals"]
    )
    header = ("Input", "H (95% interval)", "Size")
    blocks.append(footnoted(Table("Each input with all others together", header, totals, numeric=(1, 2))))
    return Section("interactions", "Inputs that act together", tuple(blocks))


def _pairs_figure(pairs: list[Mapping[str, Any]], found: Mapping[str, Any], labels: Mapping[str, str]) -> Figure:
    largest = " and ".join(labels[name] for name in pairs[0]["inputs"])
    named = ["\nand ".join(labels[name] for name in one["inputs"]) for one in pairs]
    values = [
        (one["strength"]["estimate"], one["strength"]["lower"] or 0.0, one["strength"]["upper"] or 1.0) for one in pairs
    ]
    rows = tuple(
        row(
            " and ".join(labels[name] for name in one["inputs"]),
            fmt.estimate(one["strength"], 2),
            fmt.number(one["size"]),
        )
        for one in found["pairs"]
    )
    table = Table("Every two of the leading inputs", ("Inputs", "H (95% interval)", "Size"), rows, numeric=(1, 2))
    return Figure(
        key="interactions",
        title="Interaction of two leading inputs, the largest in size first",
        svg=dots_plot(named, [DotSeries("", values)], "Friedman's H", "interactions", least=WIDTH),
        caption=(
            f"{fmt.plural(len(pairs), 'pair')} of {len(found['pairs'])}; {fmt.plural(found['patients'], 'patient')}, "
            "95% intervals over resamples of them."
        ),
        alternative=f"Dot plot of {fmt.plural(len(pairs), 'pair')}; the largest in size is {largest}.",
        table=footnoted(table),
    )


def agreement_section(record: Mapping[str, Any]) -> Section:
    """Show whether contributions, local fits and permutation importance rank the inputs alike."""
    found, labels = record["found"]["agreement"], labels_of(record)
    low, middle, high = found["r_squared"]
    text = (
        "Contributions (SHAP values) share out what the model says of a patient; a local fit (LIME) is a straight line "
        "through what it says of made-up neighbours who share some of the patient's values; permutation importance is "
        "how much its answers change (mean square) when another patient's value stands in place of the own. Where they "
        "disagree, interactions or inputs that go together leave no single ranking. The straight lines explain "
        f"{fmt.percentage(middle, 0)} of what the model says near half of the patients or more "
        f"(10th to 90th centile {fmt.percentage(low, 0)} to {fmt.percentage(high, 0)})."
    )
    return Section("agreement", "Whether ways to rank the inputs agree", (Paragraph(text), *_tables(found, labels)))


def _tables(found: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[Table]:
    pairs = tuple(
        row(
            fmt.sentence(f"{one['ways'][0]} and {one['ways'][1]}"),
            fmt.estimate(one["rank_correlation"], 2),
            f"{fmt.number(one['shared']['estimate'] * one['first'], 0)} of {one['first']}",
            fmt.interval(one["shared"]["lower"], one["shared"]["upper"], 2),
        )
        for one in found["pairs"]
    )
    yield footnoted(
        Table(
            f"Agreement in {fmt.plural(found['patients'], 'patient')}",
            ("Ways", "Rank correlation (95% interval)", "Most important shared", "Its share, 95% interval"),
            pairs,
            numeric=(1, 2, 3),
        )
    )
    ordered = sorted(found["importance"], key=lambda one: -one["ways"][0])
    rows = tuple(row(labels[one["variable"]], *(fmt.number(value) for value in one["ways"])) for one in ordered)
    header = ("Input", "Mean absolute contribution", "Mean absolute local effect", "Permutation importance")
    yield Table("Importance by each way", header, rows, numeric=(1, 2, 3))
