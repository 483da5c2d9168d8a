"""Sections of the report of an update where the model predicts ordered levels."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Figure, Row, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.figures.updating import calibration_pairs_plot
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.sections.common import footnoted, row, sized
from spinecast.reporting.sections.updating import closed_test_blocks
from spinecast.validation.update_methods import CHANGES

__all__ = ["ordinal_before_after_section", "ordinal_update_section"]

OVERALL = ("ordinal_concordance", "ranked_probability_score", "ranked_probability_skill")
OF_LEVELS = ("auc", "scaled_brier", "observed_expected_ratio", "calibration_in_the_large", "calibration_slope")


def ordinal_update_section(record: ExternalRecord) -> Section:
    """Show every change of the cumulative log-odds that was fitted, and the steps of the choice between them."""
    found = record.findings["updating"]
    rows: list[Row] = []
    for name, line in found["lines"].items():
        chosen = name == found["method"]
        rows.append(Row((fmt.sentence(CHANGES[name]) + (" (chosen)" if chosen else ""),), heading=True))
        reason = fmt.absence(line)
        for number, label in enumerate(found["reached"]):
            cells = [fmt.absent(reason or "")] * 2
            if reason is None:
                cells = [fmt.estimate(line[part][number]) for part in ("intercepts", "slopes")]
            rows.append(row(label, *cells, level=1, strong=chosen))
    header = ("Reached", "Intercept", "Slope")
    table = Table(
        "What the updating patients say of the chances of reaching each level",
        header,
        tuple(rows),
        notes=(
            "95% intervals. Updated log-odds of reaching a level are its intercept plus its slope times the model's: "
            "intercepts 0 and slope 1 change nothing. Where updated thresholds cross in a patient they are put in "
            "order.",
        ),
        numeric=tuple(range(1, len(header))),
    )
    return Section("update", "The update", (footnoted(table), *closed_test_blocks(found["closed_test"])))


def ordinal_before_after_section(record: ExternalRecord) -> Section:
    """Set every measure of the levels before and after side by side, and the paired differences."""
    before, after = record.findings["before"], record.evaluation
    pairs = list(zip(before["thresholds"], after["thresholds"], strict=True))
    rows = [("All levels", name, before["measures"], after["measures"]) for name in OVERALL]
    rows += [(new["label"], name, old["measures"], new["measures"]) for old, new in pairs for name in OF_LEVELS]
    table = footnoted(
        Table(
            "Measures of all levels, and of reaching each, before and after the update, in the same patients",
            ("Reached", "Measure", "Before (95% interval)", "After (95% interval)", "Ideal"),
            tuple(
                row(
                    what,
                    ORDINAL_MEASURES[name].label,
                    fmt.estimate(old.get(name), ORDINAL_MEASURES[name].decimals),
                    fmt.estimate(new.get(name), ORDINAL_MEASURES[name].decimals),
                    ORDINAL_MEASURES[name].ideal,
                )
                for what, name, old, new in rows
            ),
            numeric=(2, 3),
        )
    )
    drawn = [(old, new) for old, new in pairs if "calibration_curve" in new]
    blocks: list[Block] = [table]
    if drawn:
        titles = [fmt.plain(new["label"]) for _, new in drawn]
        blocks = [
            Figure(
                key="calibration-pairs",
                title="Predicted and observed chance of reaching each level, before and after",
                svg=calibration_pairs_plot(drawn, "calibration-pairs", titles),
                caption=(f"Loess with 95% bands, {sized(after['n'], None)}. Dashed: before the update; thick: after."),
                alternative=f"Calibration curves before and after at {fmt.plural(len(drawn), 'level')}.",
                table=table,
            )
        ]
    whole, *by_level = record.findings["differences"]
    names = {one["level"]: fmt.plain(one["reached"]) for one in after["outcome"]["levels"][1:]}
    together = Table(
        "All levels together, after less before, paired by patient",
        ("C", "Ranked probability score"),
        (row(fmt.estimate(whole["concordance"], 4), fmt.estimate(whole["ranked_probability"], 4)),),
        notes=("95% intervals. Above 0 is better for C, below 0 for the score.",),
        numeric=(0, 1),
    )
    apart = Table(
        "Reaching each level, after less before, paired by patient",
        ("Reached", "AUC", "Brier score", "Logarithmic loss"),
        tuple(
            row(names[one["reached"]], *(fmt.estimate(one[name], 4) for name in ("auc", "brier", "log_loss")))
            for one in by_level
        ),
        notes=("95% intervals. Above 0 is better for the AUC, below 0 for the others.",),
        numeric=(1, 2, 3),
    )
    return Section("before-after", "Before and after", (*blocks, footnoted(together), footnoted(apart)))
