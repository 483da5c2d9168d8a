"""Every model's measures side by side, and the paired tests of every two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import LEVEL, ComparisonRecord
from spinecast.reporting.document import Block, Figure, Paragraph, Section, Table
from spinecast.reporting.measures import MEASURES, measure_text
from spinecast.reporting.sections.common import footnoted, row
from spinecast.reporting.sections.comparison_pairs import FIRST_LESS_SECOND, pair_rows
from spinecast.reporting.sections.comparison_summary import WORDS

__all__ = ["measures_section", "tests_section"]

COMPARED = ("auc", "scaled_brier", "log_loss", "calibration_in_the_large", "calibration_slope", "ici")
# Decimals of differences, which are smaller than what they are differences of.
FINE = 4


def measures_section(record: ComparisonRecord) -> Section:
    """Set every model's measures side by side, published comparators on record below them."""
    runs = record.found["runs"]
    rows = [
        figures.ComparisonRow(one["label"], one["measures"], "final" if at == 0 else "candidate")
        for at, one in enumerate(runs)
    ]
    rows += [
        figures.ComparisonRow(f"{one['label']} ({of['label']})", one["measures"], "comparator")
        for of in record.recorded
        for one in of["comparators"]
    ]
    table = footnoted(
        Table(
            "Measures of every model",
            ("Model", *(MEASURES[name].short for name in COMPARED)),
            tuple(row(one.label, *(measure_text(one.measures, name) for name in COMPARED)) for one in rows),
            notes=(
                "Estimates with 95% intervals, out of fold; models in the order given, which is no ranking.",
                *(
                    ("Comparators stand as the record of the run in brackets holds them.",)
                    if len(rows) > len(runs)
                    else ()
                ),
            ),
            numeric=tuple(range(1, len(COMPARED) + 1)),
        )
    )
    overall = (
        "log_loss"
        if any(fmt.absence(one.measures.get("scaled_brier")) for one in rows[: len(runs)])
        else ("scaled_brier")
    )
    figure = Figure(
        key="comparison",
        title="Models side by side",
        svg=figures.comparison_plot(rows, ("auc", overall), "comparison"),
        caption=(
            "Estimates and 95% intervals. Diamond and dotted line: the first model; circles: the others; squares: "
            "published comparators as recorded. Intervals that overlap may still differ: see the paired tests."
            if record.found["paired"]
            else "Estimates and 95% intervals, each in patients of its own. Diamond and dotted line: the first model."
        ),
        alternative=f"Dot plot. {_spoken(runs)}.",
        table=table,
    )
    return Section("measures", "Side by side", (figure,))


def _spoken(runs: Any) -> str:
    return "; ".join(f"{one['label']}: AUC {measure_text(one['measures'], 'auc')}" for one in runs)


def tests_section(record: ComparisonRecord) -> Section:
    """Show the tests of every two models."""
    paired = record.found["paired"]
    p_words = "p, adjusted" if record.several else "p"
    losses = ("Log-loss", p_words, "Brier score") if paired else ()
    header = (FIRST_LESS_SECOND, "AUC", p_words, *losses)
    table = Table(
        f"Differences of every two models, {'paired by patient' if paired else 'in patients of their own'}",
        header,
        pair_rows(record, _cells if paired else _ranking_cells),
        notes=(
            _method(record),
            "AUC: above 0 the first ranks better."
            + (" Log-loss and Brier score: below 0 the first fits better." if paired else ""),
        ),
        numeric=tuple(range(1, len(header))),
    )
    blocks: list[Block] = [Paragraph(_caution(record)), footnoted(table)]
    if record.several:
        blocks += [_standing(record, "auc"), _standing(record, "log_loss")] if paired else [_standing(record, "auc")]
    return Section("tests", "Tests of every two", tuple(blocks))


def _standing(record: ComparisonRecord, measure: str) -> Table:
    """Say for each model which others it is shown to be better and worse than: what these patients rank, no more."""
    higher, better, what, _ = WORDS[measure]
    standing = record.standing(measure, higher_is_better=higher)
    number = {label: str(at) for at, label in enumerate(record.labels.values(), start=1)}
    return Table(
        f"What is shown {what}",
        ("", "Model", better.capitalize(), "Does worse than", "Not shown to differ from"),
        tuple(
            row(
                number[label],
                label,
                *(_numbers(standing[name][side], number) for side in ("better", "worse", "neither")),
            )
            for name, label in record.labels.items()
        ),
        notes=(f"By the adjusted p-value, below {LEVEL:g}; models by their number, in the order given.",),
        numeric=(0,),
    )


def _numbers(labels: Sequence[str], number: Mapping[str, str]) -> str:
    return ", ".join(number[label] for label in labels) or "–"


def _ranking_cells(pair: Mapping[str, Any]) -> tuple[str, ...]:
    return _tested(pair, "auc")


def _cells(pair: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_tested(pair, "auc"), *_tested(pair, "log_loss"), _tested(pair, "brier")[0])


def _tested(pair: Mapping[str, Any], name: str) -> tuple[str, str]:
    p = pair["adjusted_p_values"][name]
    return fmt.estimate(pair["differences"][name], FINE), "–" if p is None else fmt.p_value(p)


def _method(record: ComparisonRecord) -> str:
    if not record.found["paired"]:
        how = "Unpaired DeLong variances"
    elif record.found["weighted"]:
        how = "Paired, weighted for censoring"
    else:
        how = "Paired: DeLong 1988 for the AUC, the mean of each patient's difference for the losses"
    adjusted = (
        f"; p-values adjusted for {fmt.plural(len(record.found['pairs']), 'pair')}, each measure by itself (Holm 1979)"
        if record.several
        else ""
    )
    return f"{how}; 95% intervals, not adjusted{adjusted}. A p below {LEVEL:g} is called shown."


def _caution(record: ComparisonRecord) -> str:
    if not record.found["paired"]:
        return (
            "Every interval holds the chance of who was in each cohort. It does not tell the model from the patients: "
            "for that, validate both models on the same patients."
        )
    return (
        "The same patients judge both models of a pair, so that what is hard about them cancels out. The intervals "
        "hold the chance of who the patients are and take the risks as given: other folds, or another seed, would give "
        "other risks, and no interval from one set of folds can hold that (Bengio and Grandvalet 2004)."
    )
