"""Sections of the report of an update: what was changed and why, and the model before and after side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, Callout, Facts, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.updating import calibration_pair_plot
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row, sized
from spinecast.reporting.sections.summary import checks_callout, headline_tiles, readings
from spinecast.validation.update_methods import CHANGES

__all__ = [
    "before_after_section",
    "closed_test_blocks",
    "lines_table",
    "nothing_changed",
    "pair_section",
    "update_section",
    "update_summary_section",
    "updated_section",
]

DIFFERENCES = {"auc": "AUC", "brier": "Brier score", "log_loss": "Logarithmic loss"}


def update_summary_section(record: ExternalRecord) -> Section:
    """Open the report with what was done and how the model does after it."""
    run, update = record.as_run_record(), record.about["update"]
    evaluation = record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    changed = CHANGES[update["method"]]
    lead = (
        f"{fmt.plain(update['title'])} was updated on {fmt.integer(update['cohort']['n'])} {people}, of whom "
        f"{fmt.integer(update['cohort']['events'])} had the event ({changed}), and is judged on "
        f"{fmt.integer(evaluation['n'])} others, of whom {fmt.integer(evaluation['events'])} had it. "
        f"Outcome: {fmt.plain(evaluation['outcome']['label'])}."
    )
    before, after = record.findings["before"]["measures"], evaluation["measures"]
    moved = [
        f"{MEASURES[name].label}: {measure_text(before, name)} before, {measure_text(after, name)} after."
        for name in ("calibration_in_the_large", "calibration_slope", "log_loss")
    ]
    blocks: list[Block] = [
        Paragraph(lead, lead=True),
        headline_tiles(run),
        Bullets((*moved, *readings(run))),
        Callout("note", "Whom this is about", fmt.plain(update["apart"])),
    ]
    blocks += nothing_changed(update)
    notes = [fmt.ended(fmt.plain(note)) for note in fmt.listed(record.about.get("notes"))]
    if notes:
        blocks.append(Callout("note", "About these patients", " ".join(notes)))
    blocks.append(checks_callout(run))
    return Section("summary", "Summary", tuple(blocks))


def nothing_changed(update: Mapping[str, Any]) -> tuple[Callout, ...]:
    """Say that the model was kept, where it was."""
    if update["method"] != "original":
        return ()
    text = "The updating patients do not speak against the model as it is: no new version was made."
    return (Callout("note", "Nothing was changed", text),)


def updated_section(record: ExternalRecord) -> Section:
    """Say which model was updated, on whom, and where the result went."""
    update, development = record.about["update"], record.about["development"]
    cohort = update["cohort"]
    events = None if record.evaluation.get("kind") in ("quantity", "ordinal") else cohort["events"]
    facts = (
        ("Model", fmt.plain(update["title"])),
        ("Parent", f"{fmt.plain(update['parent']['version'])}, identity {fmt.plain(update['parent']['identity'])}"),
        ("Development cohort", fmt.plain(development["name"])),
        ("Updated on", f"{fmt.plain(cohort['name'])}: {sized(cohort['n'], events)}"),
        ("Judged on", fmt.plain(update["apart"])),
        ("Asked for", fmt.plain(update["asked"])),
        ("Done", CHANGES[update["method"]]),
        ("New identity", fmt.plain(update["identity"] or "none: nothing was changed")),
    )
    return Section("updated", "What was updated", (Facts(facts),))


def update_section(record: ExternalRecord) -> Section:
    """Show every change that was fitted, and the steps of the choice between them."""
    found = record.findings["updating"]
    note = (
        "Updated log-odds are the intercept plus the slope times the model's log-odds: intercept 0 and slope 1 change "
        "nothing."
    )
    return Section("update", "The update", (lines_table(found, note), *_choice(found)))


def lines_table(found: Mapping[str, Any], note: str) -> Table:
    """List every line that was fitted, the one that was taken in bold."""
    rows = tuple(
        row(
            fmt.sentence(CHANGES[name]),
            _coefficient(line, "intercept"),
            _coefficient(line, "slope"),
            strong=name == found["method"],
        )
        for name, line in found["lines"].items()
    )
    lines = Table(
        "What the updating patients say of intercept and slope",
        ("Change", "Intercept (95% interval)", "Slope (95% interval)"),
        rows,
        notes=(note,),
        numeric=(1, 2),
    )
    return footnoted(lines)


def _coefficient(line: Mapping[str, Any], name: str) -> str:
    reason = fmt.absence(line)
    return fmt.absent(reason) if reason is not None else fmt.estimate(line[name])


def _choice(found: Mapping[str, Any]) -> tuple[Block, ...]:
    refit = found["refit_against_logistic"]
    blocks = closed_test_blocks(found["closed_test"])
    if refit is not None:
        blocks.append(Paragraph(_refit_text(refit)))
    return tuple(blocks)


def closed_test_blocks(tested: Mapping[str, Any] | None) -> list[Block]:
    """Show the steps of a closed test; nothing where none was made."""
    blocks: list[Block] = []
    if tested is not None and fmt.absence(tested) is None:
        steps = tuple(
            row(
                f"{fmt.sentence(CHANGES[step['larger']])} against {_against(step['smaller'])}",
                fmt.number(step["statistic"], 2),
                fmt.count(step["degrees_of_freedom"]),
                fmt.p_value(step["p_value"]),
                "rejected" if step["p_value"] < tested["level"] else "kept",
                step["method"],
            )
            for step in tested["steps"]
        )
        text = (
            "The largest change is tested against smaller ones, the smallest first; the first that is not rejected at "
            f"the {fmt.percentage(tested['level'], 0)} level is taken (Vergouwe 2017). It says what these patients can "
            "tell, not that the model is right: with few patients nothing is rejected."
        )
        header = ("Step", "Chi-squared", "Degrees of freedom", "p", "The smaller change is", "Test")
        table = Table("Steps of the closed test", header, steps, numeric=(1, 2, 3))
        blocks += [Heading("The choice"), Paragraph(text), table]
    return blocks


def _against(method: str) -> str:
    return "the model as it is" if method == "original" else CHANGES[method]


def _refit_text(refit: Mapping[str, Any]) -> str:
    reason = fmt.absence(refit)
    if reason is not None:
        return f"Fitting the model again was not among the choices: {fmt.ended(reason)}"
    verdict = "was taken" if refit["prefers"] else "was not taken: it is not better beyond chance"
    return (
        "These algorithms are no plain regressions and have no degrees of freedom to test a refit by. It was set "
        f"against a new intercept and slope by the logarithmic loss in {fmt.count(refit['folds'])} parts of the "
        "updating patients, each held out of both: refit less recalibrated "
        f"{fmt.estimate(refit['log_loss_difference'], 4)}; below 0 the refit is better. It {verdict}."
    )


def before_after_section(record: ExternalRecord) -> Section:
    """Set every measure before and after side by side, and the paired differences."""
    evaluation, findings = record.evaluation, record.findings
    before, after = findings["before"], evaluation
    rows = [
        figures.ComparisonRow("After the update", after["measures"], "final"),
        figures.ComparisonRow("Before", before["measures"], "comparator"),
    ]
    table = Table(
        "Every measure before and after the update, in the same patients",
        ("Measure", "Before (95% interval)", "After (95% interval)", "Ideal"),
        tuple(
            row(
                measure.label,
                measure_text(before["measures"], name),
                measure_text(after["measures"], name),
                measure.ideal,
            )
            for name, measure in MEASURES.items()
        ),
        numeric=(1, 2),
    )
    figure = Figure(
        key="before-after",
        title="Calibration before and after",
        svg=figures.comparison_plot(rows, ("calibration_in_the_large", "calibration_slope"), "before-after"),
        caption=f"Estimates and 95% intervals, {sized(after['n'], after['events'])}. Diamond: after the update.",
        alternative=(
            f"Calibration-in-the-large {measure_text(before['measures'], 'calibration_in_the_large')} before and "
            f"{measure_text(after['measures'], 'calibration_in_the_large')} after; slope "
            f"{measure_text(before['measures'], 'calibration_slope')} before and "
            f"{measure_text(after['measures'], 'calibration_slope')} after."
        ),
        table=footnoted(table),
    )
    return Section("before-after", "Before and after", (figure, _differences(findings)))


def _differences(findings: Mapping[str, Any]) -> Table:
    rows = [row(label, fmt.estimate(findings["differences"][name], 4)) for name, label in DIFFERENCES.items()]
    rows += [
        row(f"Net benefit at {fmt.percentage(one['threshold'], 0)}", fmt.estimate(one, 4))
        for one in fmt.listed(findings["net_benefit_differences"])
    ]
    return Table(
        "Differences, after less before, paired by patient",
        ("Measure", "Difference (95% interval)"),
        tuple(rows),
        notes=(
            "Above 0 is better for AUC and net benefit, below 0 for the others. A new intercept, or a slope above 0, "
            "leaves the ranking of patients and so the AUC as it was.",
        ),
        numeric=(1,),
    )


def pair_section(record: ExternalRecord) -> Section:
    """Show the calibration curves before and after on one axis."""
    before, after = record.findings["before"], record.evaluation
    title = "Calibration curves"
    reasons = [fmt.absence(one["calibration_curve"]) for one in (before, after)]
    if all(reasons):
        return Section("calibration", title, (Callout("note", title, fmt.absent(str(reasons[1]))),))
    groups = zip(before["calibration_groups"], after["calibration_groups"], strict=False)
    table = Table(
        "Observed and predicted risk in groups of equal size",
        ("Group", "Predicted before", "Observed", "Predicted after", "Observed"),
        tuple(
            row(
                place,
                fmt.percentage(old["predicted"]),
                fmt.percentage(old["observed"]),
                fmt.percentage(new["predicted"]),
                fmt.percentage(new["observed"]),
            )
            for place, (old, new) in enumerate(groups, start=1)
        ),
        notes=("Groups are cut by the risks of each model of its own.",),
        numeric=(0, 1, 2, 3, 4),
    )
    text = "; ".join(
        f"{word} the update slope {measure_text(one['measures'], 'calibration_slope')}"
        for word, one in (("before", before), ("after", after))
    )
    figure = Figure(
        key="calibration-pair",
        title="Predicted and observed risk, before and after",
        svg=calibration_pair_plot(before, after, "calibration-pair"),
        caption=(
            f"Flexible calibration curves with 95% bands, {sized(after['n'], after['events'])}. Upper number before, "
            "lower after the update."
        ),
        alternative=f"Two calibration curves: {text}.",
        table=table,
    )
    return Section("calibration", title, (figure,))
