"""How good predicted quantities are: summary, quantiles and intervals, thresholds, candidates, composite patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Block,
    Facts,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Section,
    Table,
)
from spinecast.reporting.figures.quantity import fan_plot, observed_by_predicted_plot, quantile_reliability_plot
from spinecast.reporting.figures.timed import horizon_panels_plot
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import basis, footnoted, outcome_label, row
from spinecast.reporting.sections.model_parts import (
    candidates_section,
    composites_note,
    contributions_table,
    key_figure,
    out_of_fold_blocks,
)

__all__ = [
    "OVERALL",
    "amount",
    "quantity_accuracy_section",
    "quantity_candidates_section",
    "quantity_intervals_section",
    "quantity_outcome_section",
    "quantity_patients_section",
    "quantity_summary_section",
    "quantity_thresholds_section",
    "quantity_tile",
]

OVERALL = ("pinball_skill", "mean_absolute_error", "coverage_50", "coverage_80", "coverage_90")
THRESHOLD = ("auc", "brier", "scaled_brier", "observed_expected_ratio", "calibration_slope")


def _unit(record: RunRecord) -> str:
    return fmt.plain(record.evaluation["outcome"].get("unit") or "")


def amount(record: RunRecord, value: float) -> str:
    """Write an amount in the quantity's unit."""
    return fmt.with_unit(fmt.integer(round(value)), _unit(record))


def _measured(measures: Mapping[str, Any], name: str) -> str:
    return fmt.estimate(measures.get(name), QUANTITY_MEASURES[name].decimals)


def quantity_summary_section(record: RunRecord) -> Section:
    """Open the report with the question, the people, the headline numbers and what they mean."""
    evaluation = record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    passed = fmt.joined([amount(record, one["threshold"]) for one in evaluation["thresholds"]])
    lead = (
        f"{fmt.plain(evaluation['label'])} predicts: {outcome_label(record)}, its quantiles in each patient and the "
        f"probability of reaching {passed}. It was developed and internally validated on "
        f"{fmt.integer(evaluation['n'])} {people}; half of them lay below "
        f"{amount(record, evaluation['outcome']['observed']['median'])}."
    )
    measures = evaluation["measures"]
    tiles = [
        quantity_tile(record, QUANTITY_MEASURES[name].label, measures.get(name), name)
        for name in (*OVERALL[:2], *OVERALL[3:])
    ]
    tiles += [
        quantity_tile(record, f"AUC, {amount(record, one['threshold'])} and more", one["measures"]["auc"], "auc")
        for one in evaluation["thresholds"]
    ]
    judged = (
        "a patient's distribution was computed by models that had not seen that patient, and imputation, tuning, the "
        "choice of candidate and the shifts that make stated coverage hold were all learned again inside each outer "
        "fold"
    )
    blocks = (Paragraph(lead, lead=True), *out_of_fold_blocks(record, KeyFigures(tuple(tiles)), judged))
    return Section("summary", "Summary", blocks)


def quantity_tile(record: RunRecord, title: str, found: Mapping[str, Any] | None, name: str) -> KeyFigure:
    """Show one measure large, with its interval and what it rests on."""
    return key_figure(record, title, found, QUANTITY_MEASURES[name])


def quantity_outcome_section(record: RunRecord) -> Section:
    """Define the quantity and say how it was spread."""
    evaluation, outcome = record.evaluation, record.study.get("outcome") or {}
    n, seen = evaluation["n"], evaluation["outcome"]["observed"]
    facts = [
        ("Outcome", outcome_label(record)),
        ("Drawn from", fmt.plain(outcome.get("variable"))),
        ("Unit", _unit(record) or "none"),
        ("Median", amount(record, seen["median"])),
        ("Middle half", f"{amount(record, seen['p25'])} to {amount(record, seen['p75'])}"),
        ("Middle nine tenths", f"{amount(record, seen['p05'])} to {amount(record, seen['p95'])}"),
        ("Mean", amount(record, seen["mean"])),
        *(
            (f"{amount(record, one['threshold'])} and more", fmt.n_of_n(one["events"], n))
            for one in evaluation["thresholds"]
        ),
        ("Levels learned", fmt.joined([f"{level:g}" for level in evaluation["levels"]])),
    ]
    learned = "log(1 + value)" if evaluation["scale"] == "logarithm" else "the value as measured"
    how = (
        f"Learned is {learned}. Each level is shifted so that as many held-out development patients lay below it as it "
        "says (conformalised quantile regression), and crossing levels are put in order. Between two levels the normal "
        "score of the level is linear in what is learned; beyond the outermost levels that line goes on."
    )
    return Section("outcome", "The outcome", (Facts(tuple(facts)), Paragraph(how)))


def quantity_candidates_section(record: RunRecord) -> Section:
    """Set the final model and its candidates side by side."""
    thresholds = [f"{one['threshold']:g}" for one in record.evaluation["thresholds"]]
    columns = (*OVERALL[:2], *OVERALL[3:])
    header = (*(QUANTITY_MEASURES[name].short for name in columns), *(f"AUC, {one}" for one in thresholds))

    def cells(judged: Mapping[str, Any]) -> list[str]:
        measures = judged["measures"]
        return [
            *(_measured(measures, name) for name in columns),
            *(fmt.number((measures.get(f"auc_at_{one}") or {}).get("estimate")) for one in thresholds),
        ]

    return candidates_section(record, header, cells, note="95% intervals.", repeated="shifts")


def quantity_accuracy_section(record: RunRecord) -> Section:
    """Show predicted medians against what was measured."""
    evaluation = record.evaluation
    groups = fmt.listed(evaluation["observed_by_predicted"])
    table = Table(
        "Observed by tenth of the predicted median",
        ("Patients", "Predicted median", "Predicted middle half", "Observed median", "Observed middle half"),
        tuple(
            row(
                fmt.integer(one["n"]),
                fmt.integer(round(one["predicted_median"])),
                f"{fmt.integer(round(one['predicted_lower']))} to {fmt.integer(round(one['predicted_upper']))}",
                fmt.integer(round(one["observed_median"])),
                f"{fmt.integer(round(one['observed_lower']))} to {fmt.integer(round(one['observed_upper']))}",
            )
            for one in groups
        ),
        numeric=(0, 1, 2, 3, 4),
    )
    figure = Figure(
        key="observed-by-predicted",
        title="Observed and predicted median",
        svg=observed_by_predicted_plot(groups, _unit(record), "observed-by-predicted"),
        caption=f"{basis(record).capitalize()}, n = {fmt.integer(evaluation['n'])}. One point a tenth of the patients.",
        alternative="Observed medians with middle halves against predicted medians, by tenth of the prediction.",
        table=table,
    )
    rows = tuple(
        row(QUANTITY_MEASURES[name].label, _measured(evaluation["measures"], name), QUANTITY_MEASURES[name].ideal)
        for name in OVERALL
    )
    overall = Table("Overall measures", ("Measure", "Estimate (95% interval)", "Ideal"), rows, numeric=(1,))
    return Section("accuracy", "Accuracy", (figure, footnoted(overall)))


def quantity_intervals_section(record: RunRecord) -> Section:
    """Show whether quantiles and intervals hold what they say."""
    evaluation = record.evaluation
    intervals = Table(
        "Stated and observed coverage of central intervals",
        ("Stated", "Observed (95% interval)", f"Mean width, {_unit(record)}".rstrip(", ")),
        tuple(
            row(fmt.percentage(one["stated"], 0), fmt.estimate(one["coverage"], 3), fmt.estimate(one["width"], 0))
            for one in evaluation["intervals"]
        ),
        numeric=(0, 1, 2),
    )
    levels = Table(
        "Calibration and loss of each level",
        ("Level", "Share below (95% interval)", "Pinball loss (95% interval)", "Share of the loss removed"),
        tuple(
            row(
                f"{one['level']:g}",
                fmt.estimate(one["share_below"], 3),
                fmt.estimate(one["pinball"], 1),
                fmt.estimate(one.get("skill"), 3),
            )
            for one in evaluation["quantiles"]
        ),
        notes=(
            "A calibrated quantile has its own level below it. Removed is a share of the loss of the cohort's own "
            "quantile, given to everybody.",
        ),
        numeric=(0, 1, 2, 3),
    )
    figure = Figure(
        key="quantile-reliability",
        title="Calibration of the quantiles",
        svg=quantile_reliability_plot(evaluation["reliability"], "quantile-reliability"),
        caption=f"{basis(record).capitalize()}. Points: share of patients below the predicted quantile, 95% interval.",
        alternative="Share of patients below each predicted quantile against its level.",
        table=footnoted(levels),
    )
    return Section("calibration", "Intervals and quantiles", (footnoted(intervals), figure))


def quantity_thresholds_section(record: RunRecord) -> Section:
    """Show how good the probability of reaching each threshold is."""
    judged = record.evaluation["thresholds"]
    rows = tuple(
        row(
            amount(record, one["threshold"]),
            fmt.integer(one["events"]),
            *(_measured(one["measures"], name) for name in THRESHOLD),
        )
        for one in judged
    )
    table = Table(
        "Probability of reaching each threshold",
        ("Threshold", "Reached", *(QUANTITY_MEASURES[name].short for name in THRESHOLD)),
        rows,
        notes=("95% intervals.",),
        numeric=tuple(range(2 + len(THRESHOLD))),
    )
    drawn = [one for one in judged if "calibration_curve" in one]
    if not drawn:
        return Section("thresholds", "Passing a threshold", (footnoted(table),))
    titles = [f"{amount(record, one['threshold'])} and more" for one in drawn]
    figure = Figure(
        key="threshold-calibration",
        title="Predicted and observed probability",
        svg=horizon_panels_plot(drawn, "threshold-calibration", what="calibration", titles=titles),
        caption=f"{basis(record).capitalize()}. Line: loess with its 95% band; points: tenths; dashed: agreement.",
        alternative=f"Calibration curves at {fmt.plural(len(drawn), 'threshold')}.",
        table=footnoted(table),
    )
    return Section("thresholds", "Passing a threshold", (figure,))


def quantity_patients_section(record: RunRecord) -> Section:
    """Show the distributions of four patients made for the purpose, the blood they would need, and what moves them."""
    patients: Sequence[Mapping[str, Any]] = fmt.listed(record.explanation.get("illustrative"))
    thresholds = [one["threshold"] for one in record.evaluation["thresholds"]]
    header = ("Composite", "Median", "80% interval", *(f"{amount(record, one)} and more" for one in thresholds))
    rows = tuple(
        row(
            fmt.plain(one["title"]),
            amount(record, one["median"]),
            next(_ends(record, interval) for interval in one["intervals"] if interval["stated"] == 0.8),
            *(fmt.percentage(at["probability"], 0) for at in one["at_least"]),
        )
        for one in patients
    )
    blocks: list[Block] = [
        composites_note(),
        Figure(
            key="fans",
            title="Predicted distributions of the composites",
            svg=fan_plot(patients, thresholds, _unit(record), "fans"),
            caption="Line: median; bands: central intervals up to 90%; dashed: the thresholds.",
            alternative=f"Distributions of {fmt.plural(len(patients), 'composite patient')}.",
            table=Table("What is predicted for them", header, rows, numeric=tuple(range(1, len(header)))),
        ),
    ]
    if any("blood_order" in one for one in patients):
        blocks.append(_orders(patients))
    served = f"Median, {fmt.plain(record.explanation['scale'])}"
    for one in patients:
        blocks.append(Heading(fmt.plain(one["title"])))
        blocks.append(contributions_table(one, served, "Putting crossing levels in order"))
    return Section("patients", "Illustrative patients", tuple(blocks))


def _ends(record: RunRecord, interval: Mapping[str, Any]) -> str:
    return f"{fmt.integer(round(interval['lower']))} to {amount(record, interval['upper'])}"


def _orders(patients: Sequence[Mapping[str, Any]]) -> Table:
    rows, rule, least = [], "", None
    for one in patients:
        order = one["blood_order"]
        rule = fmt.plain(order["rule"])
        if "absent" in order:
            rows.append(row(fmt.plain(one["title"]), "–", "–", f"not estimable: {fmt.plain(order['absent'])}"))
            continue
        least = order["least_hemoglobin"]
        for at in order["orders"]:
            said = fmt.plain(at["absent"]) if "absent" in at else _units(at["units"])
            lost = (fmt.percentage(at["level"], 0), fmt.integer(round(at["loss"])))
            rows.append(row(fmt.plain(one["title"]), *lost, said))
    lowest = f"; lowest haemoglobin accepted {least:g} g/dL" if least is not None else ""
    return footnoted(
        Table(
            "Blood to cross-match",
            ("Composite", "Lose less", "Loss, mL", "Units"),
            tuple(rows),
            notes=(f"{rule}{lowest}. A rule to be looked at, not an order.",),
            numeric=(1, 2),
        )
    )


def _units(units: float) -> str:
    return fmt.plural(units, "unit") if units else "group and screen"
