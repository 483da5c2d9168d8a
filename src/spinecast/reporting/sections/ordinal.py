"""How good predicted levels are: summary, all levels together, each threshold, candidates, composite patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Block,
    Callout,
    Facts,
    Figure,
    Heading,
    KeyFigures,
    Paragraph,
    Section,
    Table,
)
from spinecast.reporting.figures.ordinal import stacked_levels_plot
from spinecast.reporting.figures.timed import horizon_panels_plot
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import basis, footnoted, outcome_label, row
from spinecast.reporting.sections.model_parts import (
    candidates_section,
    composites_note,
    contributions_table,
    key_figure,
    net_benefit_rows,
    out_of_fold_blocks,
)
from spinecast.reporting.sections.outcome import death_before_assessment

__all__ = [
    "ordinal_candidates_section",
    "ordinal_decision_section",
    "ordinal_levels_section",
    "ordinal_outcome_section",
    "ordinal_patients_section",
    "ordinal_slopes_section",
    "ordinal_summary_section",
    "ordinal_thresholds_section",
    "within",
]

OVERALL = ("ordinal_concordance", "somers_dxy", "ranked_probability_score", "ranked_probability_skill")
THRESHOLD = ("auc", "brier", "scaled_brier", "observed_expected_ratio", "calibration_slope")
FIFTHS = ("Lowest fifth", "Second fifth", "Third fifth", "Fourth fifth", "Highest fifth")
# Of a test of proportional odds; a convention, and the slopes are shown beside.
SUSPECT = 0.05
# The step of the cohort's attrition that leaves the dead out.
DIED_STEP = "died before the assessment"


def _levels(record: RunRecord) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = record.evaluation["outcome"]["levels"]
    return found


def _shorts(record: RunRecord) -> list[str]:
    return [fmt.plain(one["short"]) for one in _levels(record)]


def within(label: object) -> str:
    """Write a label within a sentence: "at least 3"."""
    text = fmt.plain(label)
    return text[:1].lower() + text[1:]


def _measured(measures: Mapping[str, Any], name: str) -> str:
    return fmt.estimate(measures.get(name), ORDINAL_MEASURES[name].decimals)


def ordinal_summary_section(record: RunRecord) -> Section:
    """Open the report with the question, the people, the headline numbers and what they mean."""
    evaluation = record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    lead = (
        f"{fmt.plain(evaluation['label'])} predicts: {outcome_label(record)}, the chance of each of "
        f"{len(_levels(record))} levels ({fmt.joined(_shorts(record))}) and of reaching each. It was developed and "
        f"internally validated on {fmt.integer(evaluation['n'])} {people}."
    )
    tiles = [
        key_figure(record, ORDINAL_MEASURES[name].label, evaluation["measures"].get(name), ORDINAL_MEASURES[name])
        for name in ("ordinal_concordance", "ranked_probability_skill")
    ]
    tiles += [
        key_figure(record, f"AUC, {within(one['label'])}", one["measures"]["auc"], ORDINAL_MEASURES["auc"])
        for one in evaluation["thresholds"]
    ]
    judged = (
        "a patient's chances were computed by models that had not seen that patient, and imputation, tuning, the "
        "choice of candidate and recalibration were all learned again inside each outer fold"
    )
    blocks = (Paragraph(lead, lead=True), *out_of_fold_blocks(record, KeyFigures(tuple(tiles)), judged))
    return Section("summary", "Summary", blocks)


def ordinal_outcome_section(record: RunRecord) -> Section:
    """Define the levels, count them, and say what became of people who died before they could be assessed."""
    evaluation, outcome = record.evaluation, record.study.get("outcome") or {}
    n = evaluation["n"]
    facts = [("Outcome", outcome_label(record)), ("Drawn from", fmt.plain(outcome.get("variable")))]
    left_out = [fmt.plain(level) for level in fmt.listed(outcome.get("excluded_levels"))]
    facts.append(("Levels left out", fmt.joined(left_out) if left_out else "none"))
    how = (
        "Learned are the log-odds of reaching each level above the lowest, so that levels are ordered and nothing is "
        "said of how far apart they are: no expected level is computed. Scores are mapped to log-odds threshold by "
        "threshold on held-out patients, and thresholds that cross are put in order: nobody reaches a higher level "
        "more surely than a lower one."
    )
    table = Table(
        "Levels, lowest first",
        ("Level", "Patients", "At it or above is called"),
        tuple(
            row(fmt.plain(one["label"]), fmt.n_of_n(one["count"], n), fmt.plain(one["reached"]) or "–")
            for one in _levels(record)
        ),
        numeric=(1,),
    )
    blocks: list[Block] = [Facts(tuple(facts)), table]
    if (said := death_before_assessment({**outcome, "kind": "ordinal"})) is not None:
        title, text = said
        blocks.append(Callout("note", title, f"{_dead(record)}{text}"))
    return Section("outcome", "The outcome", (*blocks, Paragraph(how)))


def _dead(record: RunRecord) -> str:
    """Count those who died before the assessment, wherever the study has put them."""
    if (record.study.get("outcome") or {}).get("death") == "excluded":
        steps = [step for step in fmt.listed(record.cohort.get("attrition")) if step["step"] == DIED_STEP]
        gone = sum(step["excluded"] for step in steps)
        return f"{fmt.integer(gone)} of {fmt.integer(record.evaluation['n'] + gone)} had died. "
    ends = (_levels(record)[0], _levels(record)[-1])
    died = next((one for one in ends if one.get("died_before")), None)
    return "" if died is None else f"{fmt.n_of_n(died['count'], record.evaluation['n'])} had died. "


def ordinal_candidates_section(record: RunRecord) -> Section:
    """Set the final model and its candidates side by side."""
    thresholds = record.evaluation["thresholds"]
    columns = ("ordinal_concordance", "ranked_probability_skill")
    header = (
        *(ORDINAL_MEASURES[name].short for name in columns),
        *(f"AUC, {within(one['label'])}" for one in thresholds),
    )

    def cells(judged: Mapping[str, Any]) -> list[str]:
        measures = judged["measures"]
        at_thresholds = (measures.get(f"auc_at_{number}") or {} for number in range(1, len(thresholds) + 1))
        return [
            *(_measured(measures, name) for name in columns),
            *(fmt.number(auc.get("estimate")) for auc in at_thresholds),
        ]

    return candidates_section(record, header, cells, note="95% intervals.")


def ordinal_levels_section(record: RunRecord) -> Section:
    """Show predicted and observed shares of every level, and the measures of all levels together."""
    evaluation, shorts = record.evaluation, _shorts(record)
    groups = fmt.listed(evaluation["levels_by_prediction"])
    bars, rows = [], []
    for name, group in zip(FIFTHS, groups, strict=False):  # of fewer than five patients there are fewer
        for kind in ("predicted", "observed"):
            bars.append((f"{name}, {kind}", group[kind]))
            counted = fmt.integer(group["n"]) if kind == "observed" else ""
            rows.append(row(f"{name}, {kind}", counted, *(fmt.percentage(share) for share in group[kind])))
    figure = Figure(
        key="levels",
        title="Predicted and observed levels",
        svg=stacked_levels_plot(bars, shorts, "levels", pairs=True),
        caption=(
            f"{basis(record).capitalize()}, n = {fmt.integer(evaluation['n'])}, in fifths of the mean probability of "
            "reaching a level, which ranks patients and is not shown."
        ),
        alternative="Bars divided among the levels: mean prediction and observed shares in fifths of the patients.",
        table=Table(
            "Shares of the levels by fifth of the prediction",
            ("Fifth", "Patients", *shorts),
            tuple(rows),
            numeric=tuple(range(1, len(shorts) + 2)),
        ),
    )
    measures = tuple(
        row(ORDINAL_MEASURES[name].label, _measured(evaluation["measures"], name), ORDINAL_MEASURES[name].ideal)
        for name in OVERALL
    )
    overall = Table("All levels together", ("Measure", "Estimate (95% interval)", "Ideal"), measures, numeric=(1,))
    return Section("accuracy", "All levels together", (figure, footnoted(overall)))


def ordinal_thresholds_section(record: RunRecord) -> Section:
    """Show how good the probability of reaching each level is."""
    judged = record.evaluation["thresholds"]
    table = footnoted(
        Table(
            "Probability of reaching each level",
            ("Reached", "Patients", *(ORDINAL_MEASURES[name].short for name in THRESHOLD)),
            tuple(
                row(
                    fmt.plain(one["label"]),
                    fmt.integer(one["events"]),
                    *(_measured(one["measures"], name) for name in THRESHOLD),
                )
                for one in judged
            ),
            notes=("95% intervals.",),
            numeric=tuple(range(1, 2 + len(THRESHOLD))),
        )
    )
    drawn = [one for one in judged if "calibration_curve" in one]
    if not drawn:
        return Section("calibration", "Reaching each level", (table,))
    figure = Figure(
        key="threshold-calibration",
        title="Predicted and observed probability of reaching each level",
        svg=horizon_panels_plot(
            drawn, "threshold-calibration", what="calibration", titles=[fmt.plain(one["label"]) for one in drawn]
        ),
        caption=f"{basis(record).capitalize()}. Line: loess with its 95% band; points: tenths; dashed: agreement.",
        alternative=f"Calibration curves at {fmt.plural(len(drawn), 'threshold')}.",
        table=table,
    )
    return Section("calibration", "Reaching each level", (figure,))


def ordinal_slopes_section(record: RunRecord) -> Section:
    """Say whether one slope serves every threshold."""
    found = record.evaluation["parallel_slopes"]
    title = "Proportional odds"
    what = (
        "Proportional odds hold where what moves a patient's odds of one level moves those of every other by the same "
        f"factor. Tested is the mean of the {basis(record)} cumulative log-odds, as one predictor: its slope in a "
        "logistic regression at each threshold."
    )
    reason = fmt.absence(found)
    if reason is not None:
        return Section("slopes", title, (Paragraph(f"{what} {fmt.absent(fmt.plain(reason))}."),))
    rows = tuple(
        row(
            fmt.plain(one["label"]),
            f"{fmt.number(slope[0])} ({fmt.interval(slope[0] - 1.96 * error[0], slope[0] + 1.96 * error[0])})",
        )
        for one, slope, error in zip(
            record.evaluation["thresholds"], found["slopes"], found["standard_errors"], strict=True
        )
    )
    differ = found["p_value"] < SUSPECT
    verdict = (
        "the slopes differ by more than chance: one slope for all thresholds would be wrong somewhere, and candidates "
        "fitted at each threshold have reason to be there"
        if differ
        else "no sign that the slopes differ; a test of few patients at a level finds only large differences"
    )
    table = Table(
        "Slope of the mean cumulative log-odds at each threshold",
        ("Reached", "Slope (95% interval)"),
        rows,
        notes=(
            f"Brant's test: chi-squared {fmt.number(found['statistic'], 2)} with "
            f"{fmt.plural(found['degrees'], 'degree')} of freedom, p {fmt.p_value(found['p_value'])}: {verdict}.",
        ),
        numeric=(1,),
    )
    return Section("slopes", title, (Paragraph(what), table))


def ordinal_decision_section(record: RunRecord) -> Section:
    """Show net benefit of acting on the probability of reaching each level."""
    judged = record.evaluation["thresholds"]
    labels = [fmt.plain(one["label"]) for one in judged]
    table = Table(
        "Net benefit at the study's thresholds",
        ("Reached", "Threshold", "Net benefit (95% interval)", "Acting on everybody"),
        net_benefit_rows(list(zip(labels, judged, strict=True))),
        notes=("Acting on nobody has net benefit 0.",),
        numeric=(1, 2, 3),
    )
    figure = Figure(
        key="threshold-decision",
        title="Decision curves",
        svg=horizon_panels_plot(judged, "threshold-decision", what="decision", titles=labels),
        caption=(
            f"{basis(record).capitalize()}. The event is having reached the level. Blue: acting on the model, 95% "
            "band; dashed: acting on everybody; black: on nobody."
        ),
        alternative=f"Decision curves at {fmt.plural(len(judged), 'threshold')}.",
        table=footnoted(table),
    )
    return Section("usefulness", "Clinical usefulness", (figure,))


def ordinal_patients_section(record: RunRecord) -> Section:
    """Show the levels predicted for four patients made for the purpose, and what moves them."""
    patients: Sequence[Mapping[str, Any]] = fmt.listed(record.explanation.get("illustrative"))
    shorts = _shorts(record)
    levels = Table(
        "Chances of the levels",
        ("Composite", *shorts),
        tuple(
            row(fmt.plain(one["title"]), *(fmt.percentage(share) for share in one["probabilities"])) for one in patients
        ),
        numeric=tuple(range(1, len(shorts) + 1)),
    )
    reached = Table(
        "Chances of reaching each level",
        ("Composite", *(fmt.plain(one["label"]) for one in record.evaluation["thresholds"])),
        tuple(
            row(
                fmt.plain(one["title"]),
                *(
                    f"{fmt.percentage(at['probability'], 0)} ({fmt.percentage(at['lower'], 0)} to "
                    f"{fmt.percentage(at['upper'], 0)})"
                    for at in one["thresholds"]
                ),
            )
            for one in patients
        ),
        notes=("95% limits of the model's own instability and of missing inputs, not of how a person will fare.",),
        numeric=tuple(range(1, len(shorts))),
    )
    blocks: list[Block] = [
        composites_note(),
        Figure(
            key="composites",
            title="Predicted levels of the composites",
            svg=stacked_levels_plot(
                [(fmt.plain(one["title"]), one["probabilities"]) for one in patients], shorts, "composites"
            ),
            caption="Chance of every level; a bar adds up to 100%.",
            alternative=f"Bars divided among the levels of {fmt.plural(len(patients), 'composite patient')}.",
            table=levels,
        ),
        reached,
    ]
    served = fmt.sentence(fmt.plain(record.explanation["scale"]))
    for one in patients:
        blocks += [
            Heading(fmt.plain(one["title"])),
            contributions_table(one, served, "Putting crossing thresholds in order"),
        ]
    return Section("patients", "Illustrative patients", tuple(blocks))
