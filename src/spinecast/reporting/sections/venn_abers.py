"""Venn-Abers probabilities: how far apart they stand, and whether what was observed lies between them."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Paragraph, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import row, sized

__all__ = ["venn_abers_section"]


def venn_abers_section(record: RunRecord) -> Section | None:
    """Show the out-of-fold Venn-Abers probabilities; None where the study did not ask for them."""
    found = record.evaluation.get("venn_abers")
    if found is None:
        return None
    width = found["width"]
    return Section(
        "venn-abers",
        "Venn-Abers probabilities",
        (
            Paragraph(
                "Each risk comes with two probabilities: the share with the event at such a risk when the patient is "
                "added to held-out patients once without the event and once with it (Vovk, Petej and Fedorova 2015). "
                "For patients like those, one of the two is calibrated, whatever the model. They stand close together "
                "where many held-out patients had such a risk. They know the risk alone: unlike the interval, they do "
                "not widen when inputs are missing."
            ),
            Paragraph(
                f"Out of fold, {sized(found['n'], found['events'])}, they are {fmt.percentage(width['mean'])} apart on "
                f"average, {fmt.percentage(width['median'])} in the median and {fmt.percentage(width['largest'])} at "
                f"most. Held-out patients are taken in groups of at least {found['fewest_patients']}, so that no step "
                "is that of a few people."
            ),
            _groups(record),
            _accuracy(record),
        ),
    )


def _groups(record: RunRecord) -> Table:
    rows = tuple(
        row(
            fmt.integer(number),
            fmt.integer(group["n"]),
            fmt.percentage(group["risk"]),
            fmt.percentage(group["lower"]),
            fmt.percentage(group["upper"]),
            f"{fmt.percentage(group['observed']['estimate'])} "
            f"({fmt.percentage(group['observed']['lower'])} to {fmt.percentage(group['observed']['upper'])})",
        )
        for number, group in enumerate(record.evaluation["venn_abers"]["groups"], start=1)
    )
    header = ("Fifth of risk", "Patients", "Mean risk", "Mean lower", "Mean upper", "Observed (95% interval)")
    return Table(
        "Venn-Abers probabilities and what was observed, by fifth of the out-of-fold risk",
        header,
        rows,
        notes=("Observed shares lie between the two means, but for chance: compare with the interval beside them.",),
        numeric=tuple(range(len(header))),
    )


def _accuracy(record: RunRecord) -> Table:
    brier = record.evaluation["venn_abers"]["brier"]
    rows = (
        row("The served risk", fmt.estimate(brier["risk"], 4)),
        row("One probability made of both", fmt.estimate(brier["venn_abers"], 4)),
    )
    note = "Of lower p and upper q, q / (1 - p + q): the one with the least regret in log loss. It is not served."
    return Table("Brier score (95% interval)", ("Probability", "Brier score"), rows, notes=(note,), numeric=(1,))
