"""Measures that read the whole follow-up of an outcome in time, the censored patients among it."""

from __future__ import annotations

from collections.abc import Mapping

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.measures import Measure
from spinecast.reporting.sections.common import footnoted, row, sized

__all__ = ["FOLLOW_UP_MEASURES", "follow_up_section"]

FOLLOW_UP_MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "harrell_c",
            "Harrell's C",
            "Harrell's C",
            3,
            "1; 0.5 is chance",
            "The chance that, of two people whose order is known, the one with the earlier event has the higher risk. "
            "It changes with how long people were followed.",
            "Harrell 1982",
        ),
        Measure(
            "uno_c",
            "Uno's C",
            "Uno's C",
            3,
            "1; 0.5 is chance",
            "Harrell's C for events before the horizon, weighted so that it does not depend on the censoring.",
            "Uno 2011",
        ),
        Measure(
            "horizon_auc",
            "AUC at the horizon",
            "AUC at horizon",
            3,
            "1; 0.5 is chance",
            "The chance that, of one person with the event by the horizon and one without, the first has the higher "
            "risk; weighted for censoring, the error of the weights in the interval.",
            "Blanche 2013",
        ),
        Measure(
            "horizon_brier",
            "Brier score at the horizon",
            "Brier at horizon",
            3,
            "0",
            "Mean squared distance between the predicted risk and what happened by the horizon, weighted for "
            "censoring.",
            "Graf 1999; Gerds 2006",
        ),
        Measure(
            "ipa",
            "Index of prediction accuracy",
            "IPA",
            3,
            "1; 0 is the null model",
            "Share of the Brier score at the horizon of giving everybody the observed risk that the model removes.",
            "Kattan and Gerds 2018",
        ),
        Measure(
            "horizon_observed_expected_ratio",
            "Observed to expected events at the horizon",
            "O:E at horizon",
            2,
            "1",
            "Observed risk by the horizon (Kaplan-Meier; Aalen-Johansen where another event competes) over the mean "
            "predicted one.",
            "Debray 2017",
        ),
    )
}


def follow_up_section(record: ExternalRecord) -> Section | None:
    """Show the measures of the whole follow-up; None where the outcome has none."""
    found = record.findings.get("survival")
    if not found:
        return None
    rows = tuple(
        row(
            entry.label,
            fmt.estimate(found.get(name), entry.decimals),
            entry.ideal,
            "–" if fmt.absence(found.get(name)) is not None else sized(found[name]["n"], found[name]["events"]),
        )
        for name, entry in FOLLOW_UP_MEASURES.items()
    )
    table = Table(
        "Measures of the whole follow-up (95% intervals)",
        ("Measure", "Estimate", "Ideal", "Rests on"),
        rows,
        notes=("Events of the two concordances are those whose order counts; of the others those by the horizon.",),
        numeric=(1,),
    )
    text = (
        "Everything above asks who has the event by the horizon. These measures use when it came, and count everybody "
        "who was followed, the people censored before the horizon too."
    )
    return Section("follow-up", "Over the follow-up", (Paragraph(text), footnoted(table)))
