"""What opens the page of a comparison: what is shown, what is not, and what was compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.comparison_record import ComparisonRecord
from spinecast.reporting.document import Block, Bullets, Callout, Paragraph, Section, Table
from spinecast.reporting.sections.common import row, sized
from spinecast.reporting.sections.summary import calibration_words

__all__ = ["WORDS", "calibration_verdicts", "compared_section", "comparison_summary_section", "verdicts"]

# Which way is better, and what a shown difference means, by measure.
WORDS = {
    "auc": (True, "ranks better than", "in ranking", "AUC"),
    "log_loss": (False, "fits better than", "in fit", "log-loss"),
}
# Pairs of more runs than this are many sentences: a table holds them.
SAID = 3
# More names than this in one sentence are not read; the table of what is shown holds them.
NAMED = 5


def comparison_summary_section(record: ComparisonRecord) -> Section:
    """Say what is shown and what is not."""
    found, about = record.found, record.about
    first = found["runs"][0]
    people = "synthetic patients" if record.is_synthetic else "patients"
    whose = (
        f"in the {fmt.integer(first['n'])} {people} whom all of them hold ({sized(first['n'], first['events'])})"
        if found["paired"]
        else f"each in {people} of its own: they share none"
    )
    lead = f"{fmt.plural(len(found['runs']), 'model')} of one outcome, {about['outcome']}, judged out of fold, {whose}."
    blocks: list[Block] = [Paragraph(lead, lead=True)]
    if not found["paired"]:
        blocks.append(
            Callout(
                "warning",
                "Not paired",
                "The patients differ as well as the models. A difference may come from either: a cohort of more varied "
                "patients gives any model a higher AUC.",
            )
        )
    blocks.append(Bullets((*verdicts(record), *calibration_verdicts(record))))
    blocks += [
        Callout("warning", f"{one['label']}: {one['search'][0]}", one["search"][1])
        for one in about["runs"]
        if one["search"]
    ]
    blocks += [Callout("note", "About the pairing", fmt.ended(note)) for note in about["notes"]]
    blocks.append(
        Paragraph(
            "A higher estimate is no ranking: only a difference that the test, in these patients, tells from none is "
            "called shown. What is not shown may still be there."
        )
    )
    return Section("summary", "Summary", tuple(blocks))


def verdicts(record: ComparisonRecord, words: Mapping[str, tuple[bool, str, str, str]] = WORDS) -> Iterator[str]:
    """Yield in words which differences are shown: of every pair of few runs, of the first run among many.

    Parameters
    ----------
    record : ComparisonRecord
    words : mapping of str to (bool, str, str, str)
        By measure whether higher is better, and what a shown difference means.
    """
    pairs = record.found["pairs"]
    if len(record.found["runs"]) <= SAID:
        for pair in pairs:
            for measure in words:
                yield _verdict(record, pair, measure, words)
        return
    first, label = next(iter(record.labels.items()))
    for measure, (higher, better, what, _) in words.items():
        standing = record.standing(measure, higher_is_better=higher)[first]
        parts = [
            *([f"{better} {_named(standing['better'], 'and')}"] if standing["better"] else []),
            *([f"does worse {what} than {_named(standing['worse'], 'and')}"] if standing["worse"] else []),
            *(
                [f"is not shown to differ {what} from {_named(standing['neither'], 'or')}"]
                if standing["neither"]
                else []
            ),
        ]
        shown = sum(record.winner(pair, measure, higher_is_better=higher) is not None for pair in pairs)
        yield f"{label} {'; it '.join(parts)}. Of all {len(pairs)} pairs, {shown} are shown to differ {what}."


def calibration_verdicts(record: ComparisonRecord) -> Iterator[str]:
    """Yield for each run in words whether its risks can be taken at face value; candidates stand in a table."""
    measures = {one["name"]: one["measures"] for one in record.found["runs"]}
    for run in record.about["runs"]:
        said = calibration_words(measures[run["name"]])
        if said:
            yield f"Calibration of {run['label']}: {said}."


def _named(labels: list[str], last: str) -> str:
    return fmt.joined(labels, last) if len(labels) <= NAMED else f"{len(labels)} others"


def _verdict(
    record: ComparisonRecord,
    pair: Mapping[str, Any],
    measure: str,
    words: Mapping[str, tuple[bool, str, str, str]],
) -> str:
    higher, better, what, name = words[measure]
    labels, difference = record.labels, pair["differences"][measure]
    first, second = labels[pair["first"]], labels[pair["second"]]
    reason = fmt.absence(difference)
    if reason is not None:
        return f"{first} and {second}: no comparison {what}: {fmt.ended(reason)}"
    winner = record.winner(pair, measure, higher_is_better=higher)
    shown = f"{name}, {first} less {second}: {_unbracketed(difference)}{_p_text(record, pair, measure)}"
    if winner is None:
        return f"No difference {what} between {first} and {second} is shown ({shown})."
    loser = pair["second"] if winner == pair["first"] else pair["first"]
    return f"{labels[winner]} {better} {labels[loser]} ({shown})."


def _unbracketed(difference: Mapping[str, Any]) -> str:
    return fmt.estimate(difference, 4).replace(" (", ", ").rstrip(")")


def _p_text(record: ComparisonRecord, pair: Mapping[str, Any], measure: str) -> str:
    p = pair["adjusted_p_values"][measure]
    if p is None:
        return "; no test: the difference has no variance"
    adjusted = f", adjusted for {fmt.plural(len(record.found['pairs']), 'pair')}" if record.several else ""
    return f"; p {fmt.p_value(p)}{adjusted}"


def compared_section(record: ComparisonRecord) -> Section:
    """Say what each of the runs is, and whether it was made and judged as the others were."""
    runs = record.about["runs"]
    left_out = {one["name"]: one["left_out"] for one in record.found["runs"]}
    table = Table(
        "The runs compared, in the order given",
        ("Run", "Study", "What it is", "Cohort", "Patients left out", "Outer folds", "Finished"),
        tuple(
            row(
                one["label"],
                one["study"],
                one["made_of"],
                one["cohort"],
                fmt.integer(left_out[one["name"]]),
                fmt.integer(one["folds"]),
                fmt.moment(one["finished"]),
            )
            for one in runs
        ),
        notes=(
            "Left out: patients of the run whom another run does not hold.",
            *(f"{one['label']}: model {one['identity'][:16]}." for one in runs),
        ),
        numeric=(4, 5),
    )
    candidates = len(record.found["runs"]) - len(runs)
    beside = (
        f" Beside them stand {fmt.plural(candidates, 'candidate')} that they were chosen from or are made of, each "
        "judged alone in the same folds."
        if candidates
        else ""
    )
    return Section("compared", "What is compared", (Paragraph(f"{_pairing(record)}{beside}"), table))


def _pairing(record: ComparisonRecord) -> str:
    found = record.found
    if not found["paired"]:
        return "No patient stands in two of the runs, so that each is judged in its own and no test is paired."
    whose = (
        "All runs hold the same cohort to the last value (one fingerprint)"
        if found["same_cohort"]
        else "The cohorts differ (they read other columns, or hold other patients). Patients were paired by "
        "identifier; their recorded outcomes agree in every one, which chance cannot have done"
    )
    folds = (
        "All held out the same patients together."
        if found["same_folds"]
        else "They held out different patients together, which is one more reason for risks to differ."
    )
    weighted = (
        " Patients are weighted for the censoring of the follow-up, whose intervals are bootstraps where there is no "
        "formula."
        if found["weighted"]
        else ""
    )
    return f"{whose}. {folds}{weighted}"
