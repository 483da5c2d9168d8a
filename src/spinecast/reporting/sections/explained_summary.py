"""The first page of an explanation in depth: what drives the answers, and what of it is not firm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Bullets, Callout, Paragraph, Section

__all__ = ["explained_summary_section", "findings", "labels_of", "unstable_leading"]

NAMED = 3
# An interaction that is a tenth of the joint effect's variance or more (H of .32) is worth naming.
WORTH_NAMING = 0.1**0.5
LEAST_CORRELATION = 0.7
LEAST_FIT = 0.7


def labels_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the label of every input by its name."""
    return {name: fmt.plain(label) for name, label in record["about"]["labels"].items()}


def explained_summary_section(record: Mapping[str, Any]) -> Section:
    """Say the findings in sentences."""
    about, found = record["about"], record["found"]
    text = (
        f"Explained is the {fmt.plain(about['answered'])}, on the scale of the {fmt.plain(about['scale'])}, in "
        f"{fmt.plural(found['patients'], 'patient')} of {fmt.plain(about['cohort']['name'])}."
    )
    unstable = unstable_leading(record)
    blocks: list[Paragraph | Bullets | Callout] = [Paragraph(text, lead=True), Bullets(tuple(findings(record)))]
    if unstable:
        why = "The model's own fits disagree about what it does. Do not rest a conclusion on it."
        blocks.append(Callout("warning", f"Not firm among the leading inputs: {fmt.joined(unstable)}", why))
    return Section("summary", "What was found", tuple(blocks))


def unstable_leading(record: Mapping[str, Any]) -> list[str]:
    """Return the labels of leading inputs about which the fits of the model disagree."""
    drivers = record["found"]["stability"]["drivers"][: 2 * NAMED]
    return [labels_of(record)[one["variable"]] for one in drivers if not one["stable"]]


def findings(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was found, a sentence each."""
    found, labels = record["found"], labels_of(record)
    leading = [labels[one["variable"]] for one in found["importance"][:NAMED]]
    yield f"The answers are driven most by {fmt.joined(leading)}."
    for one in found["importance"][:NAMED]:
        if one.get("tells_apart") is False:
            yield (
                f"{labels[one['variable']]} is the same in all of these patients: it sets their answers apart from "
                "those of the development patients, and tells none of them apart."
            )
    yield from _changed(record)
    strong = [
        one
        for one in found["interactions"]["pairs"]
        if fmt.absence(one["strength"]) is None and one["strength"]["estimate"] >= WORTH_NAMING
    ]
    if strong:
        first, second = (labels[name] for name in strong[0]["inputs"])
        yield f"What {first} does depends most on {second} (H {fmt.estimate(strong[0]['strength'], 2)})."
    else:
        yield "No two of the leading inputs interact by a tenth or more of what they do together."
    yield from _agreement(found["agreement"])


def _changed(record: Mapping[str, Any]) -> Iterator[str]:
    versions = record["found"].get("versions")
    if versions is None:
        return
    changed = [labels_of(record)[one["variable"]] for one in versions["shares"] if one["changed"]]
    other = fmt.plain(versions["against"])
    if changed:
        yield f"Against {other}, another share in the answers than before have {fmt.joined(changed)}."
    else:
        yield f"That any input has another share in the answers than in those of {other} is not shown."


def _agreement(agreement: Mapping[str, Any]) -> Iterator[str]:
    for one in agreement["pairs"]:
        measure = one["rank_correlation"]
        if fmt.absence(measure) is None and measure["estimate"] < LEAST_CORRELATION:
            yield (
                f"{fmt.sentence(one['ways'][0])} and {one['ways'][1]} rank the inputs differently (rank correlation "
                f"{fmt.estimate(measure, 2)}): which input matters more has more than one answer."
            )
    if agreement["r_squared"][1] < LEAST_FIT:
        yield (
            "Near half of the patients a straight line explains less than "
            f"{fmt.percentage(agreement['r_squared'][1], 0)} of what the model says: read local fits with that in mind."
        )
