"""What was fitted again: optimism, other folds, one site left out, fewer patients, and how far risks scatter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Paragraph, Section, Table
from spinecast.reporting.measures import MEASURES, measure_text, value_of
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import footnoted, row, sized, unavailable
from spinecast.reporting.sections.internal_parts import (
    CORRECTED,
    instability_blocks,
    learning_curve_blocks,
    site_blocks,
)

__all__ = ["about_resamples", "corrected_too_little", "internal_validation_section", "not_tuned_again"]

PARTS = {
    "bootstrap": "bootstrap",
    "repeated_cross_validation": "repeated cross-validation",
    "internal_external": "internal-external validation",
    "learning_curve": "learning curve",
}
# Optimism of an AUC settles at a hundred resamples or more (Steyerberg 2001, J Clin Epidemiol 54:774), the tails of an
# instability plot at several hundred (Riley & Collins 2023).
FEW_RESAMPLES = 100


def internal_validation_section(record: RunRecord) -> Section:
    """Set what the model shows of itself beside what it can be expected to show in patients like these."""
    title = "Internal validation"
    reason = fmt.absence(record.internal)
    if reason is not None:
        return Section("internal", title, (unavailable(title, reason),))
    there = [name for name in PARTS if fmt.absence(record.internal.get(name)) is None]
    if not there:
        return Section("internal", title, (unavailable(title, "the study asks for none"),))
    blocks: list[Block] = []
    if tuned := not_tuned_again(record):
        blocks.append(Callout("note", "Tuning was not repeated", tuned))
    if warned := corrected_too_little("AUC", "auc", record.internal.get("bootstrap"), record.evaluation["measures"]):
        blocks.append(Callout("warning", "Too little optimism is taken off", warned))
    if "bootstrap" in there or "repeated_cross_validation" in there:
        blocks.append(_side_by_side(record))
    for name, write in (
        ("instability", instability_blocks),
        ("internal_external", site_blocks),
        ("learning_curve", learning_curve_blocks),
    ):
        part = record.internal.get(name)
        if fmt.absence(part) is None and part is not None:
            blocks += write(part)
    left = [(name, fmt.absence(record.internal.get(name))) for name in PARTS if name not in there]
    if left:
        said = fmt.joined([f"{PARTS[name]} ({reason})" for name, reason in left])
        blocks.append(Paragraph(f"{fmt.sentence(fmt.ABSENT)}: {said}."))
    return Section("internal", title, tuple(blocks))


def not_tuned_again(record: RunRecord) -> str:
    """Say which estimates took parameters that had been found on all patients; empty where none did."""
    if fmt.absence(record.internal) is not None:
        return ""
    fixed = [
        words
        for name, words in PARTS.items()
        if fmt.absence(part := record.internal.get(name)) is None and part and part["tuning"] == "fixed"
    ]
    if not fixed:
        return ""
    return (
        f"Tuning was not repeated inside the resamples and folds of: {fmt.joined(fixed)}. They take the parameters "
        "found on all patients; imputation, encoding, recalibration, censoring weights and the rule that chooses are "
        "learned again. What tuning itself overfits is not in these estimates: they are optimistic to that degree. The "
        "nested out-of-fold figures are not."
    )


def corrected_too_little(
    label: str, name: str, boot: Mapping[str, Any] | None, nested_measures: Mapping[str, Any]
) -> str:
    """Warn where a corrected measure, higher being better, lies above the interval of the nested out-of-fold one.

    Parameters
    ----------
    label, name : str
        Words for the measure, and its name in the record.
    boot : mapping or None
        The bootstrap of a record.
    nested_measures : mapping
        The nested out-of-fold measures, by the same names.
    """
    nested = value_of(nested_measures, name)
    if fmt.absence(boot) is not None or boot is None or nested is None or nested[2] is None:
        return ""
    corrected = value_of(boot["measures"].get(name, {}), "optimism_corrected")
    if corrected is None or corrected[0] <= nested[2]:
        return ""
    known = "estimate" in boot["measures"][name].get("bootstrap_632_plus", {})
    partly = " .632+ makes up for a part of it (Efron and Tibshirani 1997)." if known else ""
    return (
        f"The optimism-corrected {label}, {fmt.number(corrected[0])}, lies above the interval of the nested "
        f"out-of-fold one, {fmt.interval(nested[1], nested[2])}. A resample's model is judged on all patients, 63% of "
        "whom it has seen; for models that fit their patients closely, as tree ensembles do, the correction is too "
        f"small.{partly} Go by the nested out-of-fold figures."
    )


def _side_by_side(record: RunRecord) -> Table:
    """Put every basis of the same measures in one row."""
    boot, repeated = (record.internal.get(name) for name in ("bootstrap", "repeated_cross_validation"))
    columns: list[tuple[str, Mapping[str, Any]]] = []
    notes = []
    if fmt.absence(boot) is None and boot:
        for form, words in (
            ("apparent", "Apparent"),
            ("optimism", "Optimism"),
            ("optimism_corrected", "Optimism-corrected"),
            ("bootstrap_632_plus", ".632+"),
        ):
            columns.append((words, {name: found[form] for name, found in boot["measures"].items()}))
        notes += list(about_resamples(boot))
    evaluation = record.evaluation
    columns.append((f"{fmt.sentence(evaluation['basis'])}, nested", evaluation["measures"]))
    if fmt.absence(repeated) is None and repeated:
        times = fmt.plural(repeated["repeats"], "repeat")
        columns.append((f"Out-of-fold, {times}", repeated["measures"]))
        notes += list(_about_repeats(repeated))
    rows = tuple(
        row(MEASURES[name].label, *(measure_text(measures, name) for _, measures in columns)) for name in CORRECTED
    )
    return footnoted(
        Table(
            "The same measures on every basis, with 95% intervals",
            ("Measure", *(words for words, _ in columns)),
            rows,
            notes=(f"All rest on {sized(evaluation['n'], evaluation['events'])}.", *notes),
            numeric=tuple(range(1, len(columns) + 1)),
        )
    )


def about_resamples(boot: Mapping[str, Any]) -> Iterator[str]:
    """Say what was drawn, what optimism is, and what could not be used."""
    yield (
        f"{fmt.plural(boot['resamples'], 'bootstrap resample')} of {fmt.plain(boot['drawn'])}, "
        f"{fmt.integer(boot['usable'])} usable. Optimism: performance of each resample's model in its resample less "
        "that in all patients, with the Monte-Carlo error of its mean. Apparent performance: the final model in "
        "the patients it was made from: never quote it alone."
    )
    if boot["resamples"] < FEW_RESAMPLES:
        yield f"Fewer than {FEW_RESAMPLES} resamples: another seed would move the corrected figures within that error."
    yield from (f"Not usable: {fmt.ended(note)}" for note in boot["notes"])


def _about_repeats(repeated: Mapping[str, Any]) -> Iterator[str]:
    auc = repeated["measures"]["auc"]
    if fmt.absence(auc.get("spread")) is None and repeated["repeats"] > 1:
        spread = auc["spread"]
        yield (
            f"Over the repeats the AUC ran from {fmt.number(spread['lowest'])} to {fmt.number(spread['highest'])}: the "
            "division into folds alone."
        )
    yield from (f"Not usable: {fmt.ended(note)}" for note in repeated["notes"])
