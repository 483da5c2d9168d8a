"""How good risks over time are: the summary, the curve, each horizon, candidates, usefulness, illustrative patients."""

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
from spinecast.reporting.figures.timed import (
    auc_over_time_plot,
    horizon_panels_plot,
    observed_curve_plot,
    patient_curves_plot,
)
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import basis, footnoted, outcome_label, row, sized
from spinecast.reporting.sections.model_parts import (
    candidates_section,
    composites_note,
    contributions_table,
    key_figure,
    net_benefit_rows,
    out_of_fold_blocks,
)
from spinecast.reporting.timed_measures import TIMED_MEASURES

__all__ = [
    "measure_tile",
    "timed_calibration_section",
    "timed_candidates_section",
    "timed_curve_section",
    "timed_decision_section",
    "timed_discrimination_section",
    "timed_outcome_section",
    "timed_patients_section",
    "timed_summary_section",
]

CURVE = ("harrell_c", "uno_c", "integrated_brier", "integrated_ipa")
CALIBRATION = ("horizon_observed_expected_ratio", "calibration_in_the_large", "calibration_slope", "ici", "e90")
RANKING = ("horizon_auc", "horizon_brier", "ipa")


def is_competing(record: RunRecord) -> bool:
    """Whether other events compete with the one of interest."""
    return record.evaluation.get("kind") == "competing_risks"


def measured(measures: Mapping[str, Any], name: str) -> str:
    """One measure with its interval, or why there is none."""
    return fmt.estimate(measures.get(name), TIMED_MEASURES[name].decimals)


def timed_summary_section(record: RunRecord) -> Section:
    """Open the report with the question, the people, the headline numbers and what they mean."""
    evaluation = record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    days = fmt.joined([f"{day:g}" for day in evaluation["horizons_days"]])
    lead = (
        f"{fmt.plain(evaluation['label'])} predicts: {outcome_label(record)}, over the whole follow-up. One curve "
        f"answers every day up to {evaluation['last_day']:g}; risks by day {days} are judged here. It was developed "
        f"and internally validated on {fmt.integer(evaluation['n'])} {people}, "
        f"{fmt.integer(evaluation['events'])} of whom had the event while they were followed."
    )
    tiles = [measure_tile(record, evaluation["measures"], name) for name in ("harrell_c", "integrated_ipa")]
    tiles += [
        measure_tile(record, one["measures"], "horizon_auc", f"AUC, day {one['day']:g}")
        for one in evaluation["horizons"]
    ]
    judged = (
        "a patient's curve was computed by models that had not seen that patient, and imputation, tuning, the choice "
        "of candidate and recalibration were all learned again inside each outer fold"
    )
    blocks = (Paragraph(lead, lead=True), *out_of_fold_blocks(record, KeyFigures(tuple(tiles)), judged))
    return Section("summary", "Summary", blocks)


def measure_tile(record: RunRecord, measures: Mapping[str, Any], name: str, label: str = "") -> KeyFigure:
    """Show one measure large, with its interval and what it rests on."""
    measure = TIMED_MEASURES[name]
    return key_figure(record, label or measure.label, measures.get(name), measure)


def timed_outcome_section(record: RunRecord) -> Section:
    """Define the outcome and count what ended the follow-up."""
    evaluation, outcome = record.evaluation, record.study.get("outcome") or {}
    n, causes = evaluation["n"], evaluation["outcome"]["causes"]
    ended = sum(one["events"] for one in causes)
    status = outcome.get("event") or outcome.get("status")
    facts = [
        ("Outcome", outcome_label(record)),
        ("Drawn from", f"{fmt.plain(outcome.get('time'))} and {fmt.plain(status)}"),
        ("Days judged", fmt.joined([f"{day:g}" for day in evaluation["horizons_days"]])),
        ("Last day answered", f"{evaluation['last_day']:g}, where few patients were still followed"),
        *((fmt.plain(one["label"]), fmt.n_of_n(one["events"], n)) for one in causes),
        ("Follow-up ended without an event", fmt.n_of_n(n - ended, n)),
    ]
    how = (
        "Each event has a hazard of its own, learned with the others as censoring. Their curves are combined to "
        "cumulative incidences: who has had another event cannot have this one. Incidences and the probability of no "
        "event add up to 1 on every day."
        if is_competing(record)
        else "Follow-up that ended without the event is censored: it counts for as long as it lasted."
    )
    return Section("outcome", "The outcome", (Facts(tuple(facts)), Paragraph(how)))


def timed_curve_section(record: RunRecord) -> Section:
    """Judge whole curves."""
    evaluation = record.evaluation
    observed, survival = evaluation["observed"], not is_competing(record)
    at = [observed["days"].index(day) for day in evaluation["horizons_days"] if day in observed["days"]]
    table = Table(
        "Observed risk and mean predicted risk",
        ("Day", "At risk", "Observed", "95% interval", "Predicted"),
        tuple(
            row(
                f"{observed['days'][i]:g}",
                fmt.integer(observed["at_risk"][i]),
                fmt.percentage(observed["observed"][i]),
                f"{fmt.percentage(observed['lower'][i])} to {fmt.percentage(observed['upper'][i])}",
                fmt.percentage(observed["predicted"][i]),
            )
            for i in at
        ),
        numeric=(0, 1, 2, 4),
    )
    figure = Figure(
        key="observed-curve",
        title="Observed curve and mean of the predictions",
        svg=observed_curve_plot(observed, "observed-curve", survival=survival),
        caption=f"{basis(record).capitalize()}, {sized(evaluation['n'], evaluation['events'])}.",
        alternative="The observed curve with its band and the mean of the predicted curves.",
        table=table,
    )
    rows = tuple(
        row(TIMED_MEASURES[name].label, measured(evaluation["measures"], name), TIMED_MEASURES[name].ideal)
        for name in CURVE
    )
    measures = Table("Measures of the whole curve", ("Measure", "Estimate (95% interval)", "Ideal"), rows, numeric=(1,))
    return Section("curve", "The whole curve", (figure, footnoted(measures)))


def timed_discrimination_section(record: RunRecord) -> Section:
    """Show how well risks rank at each day."""
    evaluation = record.evaluation
    table = _by_horizon(evaluation["horizons"], RANKING, "Ranking and overall performance at each horizon")
    figure = Figure(
        key="auc-over-time",
        title="Ranking over time",
        svg=auc_over_time_plot(evaluation, "auc-over-time"),
        caption=(
            f"{basis(record).capitalize()}, {sized(evaluation['n'], evaluation['events'])}. At each day: those with "
            "the event by then against those followed past it without, weighted for censoring. Squares: comparators"
            f"{'; open diamonds: studies of one day' if evaluation.get('horizon_studies') else ''}."
        ),
        alternative="AUC of the model by day, with comparators and studies of one day beside it.",
        table=table,
    )
    return Section("discrimination", "Discrimination", (figure,))


def timed_calibration_section(record: RunRecord) -> Section:
    """Show at each horizon whether risks mean what they say."""
    horizons = record.evaluation["horizons"]
    figure = Figure(
        key="horizon-calibration",
        title="Predicted and observed risk at each horizon",
        svg=horizon_panels_plot(horizons, "horizon-calibration", what="calibration"),
        caption=(
            f"{basis(record).capitalize()}. Line: loess of pseudo-values with its 95% band; points: tenths of risk "
            "with Kaplan-Meier (Aalen-Johansen) risk and 95% interval; dashed: perfect calibration."
        ),
        alternative=f"Calibration curves at {fmt.plural(len(horizons), 'horizon')}.",
        table=_by_horizon(horizons, CALIBRATION, "Calibration at each horizon"),
    )
    return Section("calibration", "Calibration", (figure, *_corrections(record)))


def _corrections(record: RunRecord) -> list[Block]:
    """What the curves of the final model were corrected by; earlier records do not say."""
    tables = [_correction_table(record, one) for one in fmt.listed(record.evaluation.get("corrected_days"))]
    said = Paragraph(
        "Curves were corrected on held-out patients: at each of these days the log cumulative hazard has a line of its "
        "own, in between the lines change evenly over the logarithm of time. A slope above 1 spreads risks further "
        "apart than they were predicted, one below 1 brings them together. A risk never falls as days go by."
    )
    return [said, *tables] if tables else []


def _correction_table(record: RunRecord, one: Mapping[str, Any]) -> Table:
    labels = {cause["cause"]: fmt.plain(cause["label"]) for cause in record.evaluation["outcome"]["causes"]}
    rows = tuple(
        row(fmt.plain(line["label"]), *(fmt.number(slope, 2) for slope in line["by_day"])) for line in one["slopes"]
    )
    header = ("Corrected", *(f"day {day:g}" for day in one["days"]))
    return Table(
        f"Slope of the correction by day, final model: {labels[one['cause']].lower()}",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
    )


def timed_decision_section(record: RunRecord) -> Section:
    """Show net benefit at each horizon."""
    horizons = record.evaluation["horizons"]
    table = Table(
        "Net benefit at the study's thresholds",
        ("Day", "Threshold", "Net benefit (95% interval)", "Acting on everybody"),
        net_benefit_rows([(f"{one['day']:g}", one) for one in horizons]),
        notes=("Acting on nobody has net benefit 0.",),
        numeric=(0, 1, 2, 3),
    )
    figure = Figure(
        key="horizon-decision",
        title="Decision curves",
        svg=horizon_panels_plot(horizons, "horizon-decision", what="decision"),
        caption=(
            f"{basis(record).capitalize()}, weighted for censoring. Blue: acting on the model, 95% band; dashed: "
            "acting on everybody; black: on nobody."
        ),
        alternative=f"Decision curves at {fmt.plural(len(horizons), 'horizon')}.",
        table=footnoted(table),
    )
    return Section("usefulness", "Clinical usefulness", (figure,))


def timed_candidates_section(record: RunRecord) -> Section:
    """Set the final model and its candidates side by side."""
    days = record.evaluation["horizons_days"]
    header = ("Harrell's C", "C, final less this", "Integrated Brier", *(f"AUC, day {day:g}" for day in days))

    def cells(judged: Mapping[str, Any]) -> list[str]:
        final = judged is record.evaluation
        return [
            measured(judged["measures"], "harrell_c"),
            "–" if final else fmt.estimate(judged.get("concordance_difference")),
            measured(judged["measures"], "integrated_brier"),
            *(fmt.number(at["measures"]["horizon_auc"].get("estimate")) for at in judged["horizons"]),
        ]

    note = (
        "Differences of C are paired, with 95% intervals: where the interval holds 0 the final model does not rank "
        "better than that candidate."
    )
    return candidates_section(record, header, cells, note=note)


def timed_patients_section(record: RunRecord) -> Section:
    """Show the curves of four patients made for the purpose, and what they are made of."""
    patients: Sequence[Mapping[str, Any]] = fmt.listed(record.explanation.get("illustrative"))
    survival = not is_competing(record)
    days = record.evaluation["horizons_days"]
    header = ("Composite", *(f"Day {day:g}" for day in days), "Median, days")
    rows = tuple(
        row(
            fmt.plain(one["title"]),
            *(f"{fmt.percentage(at['risk'], 0)} ({_limits(at)})" for at in one["horizons"]),
            fmt.integer(one["median_days"]) if one.get("median_days") is not None else fmt.absent("not reached"),
        )
        for one in patients
    )
    note = "Risks with 95% limits of the model's own instability and of missing inputs, not of how a person will fare."
    table = Table("Risks of the composites", header, rows, notes=(note,))
    scale = fmt.plain(record.explanation.get("scale"))
    blocks: list[Block] = [
        composites_note(),
        Figure(
            key="patient-curves",
            title="Predicted curves of the composites",
            svg=patient_curves_plot(patients, "patient-curves", survival=survival),
            caption="Lines: predictions; bands: 95% limits of the model's own instability and of missing inputs.",
            alternative=f"Curves of {fmt.plural(len(patients), 'composite patient')}, lowest to highest risk.",
            table=footnoted(table),
        ),
    ]
    served = f"{fmt.sentence(scale)} at day {record.explanation['day']:g}"
    for one in patients:
        blocks += [Heading(fmt.plain(one["title"])), contributions_table(one, served)]
    return Section("patients", "Illustrative patients", tuple(blocks))


def _limits(at: Mapping[str, Any]) -> str:
    return f"{fmt.percentage(at['lower'], 0)} to {fmt.percentage(at['upper'], 0)}"


def _by_horizon(horizons: Sequence[Mapping[str, Any]], names: Sequence[str], caption: str) -> Table:
    header = ("Day", "Events", *(TIMED_MEASURES[name].short for name in names))
    rows = tuple(
        row(
            f"{one['day']:g}",
            fmt.integer(one.get("events")),
            *(measured(one["measures"], name) for name in names),
        )
        for one in horizons
    )
    return footnoted(Table(caption, header, rows, notes=("95% intervals.",), numeric=tuple(range(len(header)))))
