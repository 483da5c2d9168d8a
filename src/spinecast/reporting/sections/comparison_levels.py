"""The sections of a comparison of runs of ordered levels: all levels together, and reaching each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import LEVEL, ComparisonRecord
from spinecast.reporting.document import Bullets, Callout, Figure, Paragraph, Section, Table
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.sections.common import footnoted, row, sized
from spinecast.reporting.sections.comparison_curves import calibration_curves_section, decision_curves_section
from spinecast.reporting.sections.comparison_pairs import FIRST_LESS_SECOND, pair_rows
from spinecast.reporting.sections.comparison_summary import verdicts
from spinecast.reporting.sections.external_ordinal import what_levels_hold

__all__ = ["LEVELS_WORDS", "level_sections", "levels_summary_section", "levels_tests_section", "levels_verdicts"]

# Which way is better, and what a shown difference means, by measure.
LEVELS_WORDS = {
    "ordinal_concordance": (True, "ranks better than", "in ranking", "C"),
    "ranked_probability": (False, "fits better than", "in fit", "ranked probability score"),
}
MEASURED = ("ordinal_concordance", "ranked_probability_score", "ranked_probability_skill")
FINE = 4


def levels_verdicts(record: ComparisonRecord) -> Iterator[str]:
    """Yield in words which differences are shown, and whether each run's chances can be taken at face value."""
    yield from verdicts(record, LEVELS_WORDS)
    for run in record.about["runs"]:
        judged = [
            {"label": level["reached"], "measures": one["measures"]}
            for level in record.found["by_level"]
            for one in level["runs"]
            if one["name"] == run["name"]
        ]
        yield from (f"{run['label']}. {said}" for said in what_levels_hold({"thresholds": judged}))


def levels_summary_section(record: ComparisonRecord) -> Section:
    """Say what is shown and what is not."""
    found, about = record.found, record.about
    people = "synthetic patients" if record.is_synthetic else "patients"
    lead = (
        f"{fmt.plural(len(found['runs']), 'model')} of one outcome, {about['outcome']}, judged out of fold, in the "
        f"{fmt.integer(found['runs'][0]['n'])} {people} whom all of them hold."
    )
    searched = [
        Callout("warning", f"{one['label']}: {one['search'][0]}", one["search"][1])
        for one in about["runs"]
        if one["search"]
    ]
    notes = [Callout("note", "About the pairing", fmt.ended(note)) for note in about["notes"]]
    caution = (
        "A higher estimate is no ranking: only a difference that the test, in these patients, tells from none is "
        "called shown. What is not shown may still be there."
    )
    opening = (Paragraph(lead, lead=True), Bullets(tuple(levels_verdicts(record))))
    return Section("summary", "Summary", (*opening, *searched, *notes, Paragraph(caution)))


def levels_tests_section(record: ComparisonRecord) -> Section:
    """Set the measures of all levels together side by side, and the tests of every two models."""
    runs = record.found["runs"]
    table = footnoted(
        Table(
            "Measures of every model, all levels together",
            ("Model", *(ORDINAL_MEASURES[name].short for name in MEASURED)),
            tuple(row(one["label"], *(fmt.estimate(one["measures"][name], 3) for name in MEASURED)) for one in runs),
            notes=("Estimates with 95% intervals, out of fold; models in the order given, which is no ranking.",),
            numeric=tuple(range(1, len(MEASURED) + 1)),
        )
    )
    rows = [
        figures.ComparisonRow(one["label"], one["measures"], "final" if at == 0 else "candidate")
        for at, one in enumerate(runs)
    ]
    names = ("ordinal_concordance", "ranked_probability_skill")
    figure = Figure(
        key="comparison",
        title="Models side by side",
        svg=figures.comparison_plot(rows, names, "comparison", ORDINAL_MEASURES),
        caption=(
            f"Estimates and 95% intervals, {sized(runs[0]['n'], None)}. Diamond and dotted line: the first model; "
            "circles: the others. Intervals that overlap may still differ: see the paired tests."
        ),
        alternative=f"Dot plot of {fmt.plural(len(runs), 'model')}.",
        table=table,
    )
    adjusted = (
        f"; p-values adjusted for {fmt.plural(len(record.found['pairs']), 'pair')}, each measure by itself (Holm 1979)"
        if record.several
        else ""
    )
    p_words = "p, adjusted" if record.several else "p"
    tests = Table(
        "Differences of every two models, paired by patient",
        (FIRST_LESS_SECOND, "C", p_words, "Ranked probability score", p_words),
        pair_rows(record, _cells),
        notes=(
            "Paired: the influence of each patient on both C, the mean of each patient's difference for the score; 95% "
            f"intervals, not adjusted{adjusted}. A p below {LEVEL:g} is called shown.",
            "C: above 0 the first ranks better. Score: below 0 the first fits better.",
        ),
        numeric=(1, 2, 3, 4),
    )
    text = (
        "The same patients judge both models of a pair, so that what is hard about them cancels out. The intervals "
        "take the chances as given: other folds, or another seed, would give others."
    )
    return Section("tests", "All levels together", (figure, Paragraph(text), footnoted(tests)))


def _cells(pair: Mapping[str, Any]) -> tuple[str, ...]:
    cells: list[str] = []
    for name in LEVELS_WORDS:
        p = pair["adjusted_p_values"][name]
        cells += [fmt.estimate(pair["differences"][name], FINE), "–" if p is None else fmt.p_value(p)]
    return tuple(cells)


def level_sections(record: ComparisonRecord) -> Iterator[Section]:
    """Yield for each level the calibration and usefulness of the chances of reaching it, each on one axis."""
    for number, one in enumerate(record.found["by_level"], start=1):
        here, suffix = _at(record, one), f"-{number}"
        calibration = calibration_curves_section(here, suffix)
        decisions = decision_curves_section(here, suffix)
        blocks = (*calibration.blocks, *decisions.blocks)
        yield Section(f"level-{number}", f"Reaching a level: {fmt.plain(one['reached'])}", blocks)


def _at(record: ComparisonRecord, level: dict[str, Any]) -> ComparisonRecord:
    """The comparison at one level, as one of risks."""
    return replace(record, found=level)
