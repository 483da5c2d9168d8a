"""What is particular to the external validation of ordered levels: first page, and other models beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Bullets, KeyFigures, Paragraph, Section, Table
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.sections.common import footnoted, outcome_label, row
from spinecast.reporting.sections.external_opening import callouts, miscalibrated, rival_verdicts
from spinecast.reporting.sections.model_parts import key_figure
from spinecast.reporting.sections.ordinal import within

__all__ = ["external_ordinal_summary", "levels_beside_section", "ordinal_tiles", "what_levels_hold"]


def external_ordinal_summary(record: ExternalRecord) -> Section:
    """Open the report with what was judged, on whom, the headline numbers and what they mean."""
    run, evaluation = record.as_run_record(), record.evaluation
    people = "synthetic patients" if record.is_synthetic else "patients"
    levels = fmt.joined([fmt.plain(one["short"]) for one in evaluation["outcome"]["levels"]])
    lead = (
        f"{fmt.plain(evaluation['label'])} was applied, as it is, to {fmt.integer(evaluation['n'])} {people}. "
        f"Outcome: {outcome_label(run)} ({levels})."
    )
    blocks: list[Block] = [
        Paragraph(lead, lead=True),
        ordinal_tiles(record),
        Bullets((*what_levels_hold(evaluation), *_rivals(evaluation))),
    ]
    return Section("summary", "Summary", (*blocks, *callouts(record)))


def ordinal_tiles(record: ExternalRecord) -> KeyFigures:
    """Show ranking, skill, and the level of the chances of reaching each level."""
    run, evaluation = record.as_run_record(), record.evaluation
    tiles = [
        key_figure(run, ORDINAL_MEASURES[name].label, evaluation["measures"].get(name), ORDINAL_MEASURES[name])
        for name in ("ordinal_concordance", "ranked_probability_skill")
    ]
    tiles += [
        key_figure(run, f"{words}, {within(one['label'])}", one["measures"][name], ORDINAL_MEASURES[name])
        for one in evaluation["thresholds"]
        for name, words in (("observed_expected_ratio", "Observed:expected"), ("calibration_slope", "Slope"))
    ]
    return KeyFigures(tuple(tiles))


def what_levels_hold(evaluation: Mapping[str, Any]) -> list[str]:
    """Say which levels are reached more or less often than predicted, beyond chance, and where slopes are off."""
    places = [(f"“{within(one['label'])}”", one["measures"]) for one in evaluation["thresholds"]]
    found = miscalibrated(places, "observed_expected_ratio")
    if not found:
        return ["Calibration: at no level do these data speak against the level or the spread of the chances."]
    words = "; ".join(f"{verdict} of {fmt.joined(levels)}" for verdict, levels in found.items())
    return [f"Calibration: chances are {words} (95% intervals)."]


def _rivals(evaluation: Mapping[str, Any]) -> list[str]:
    """Word the paired differences in the ranked probability score by their intervals."""
    beside = fmt.listed(evaluation.get("comparators"))
    text = rival_verdicts(
        ((one["label"], one["ranked_probability_difference"]) for one in beside), lower_is_better=True
    )
    return [f"By the ranked probability score in these patients: {text}."] if text else []


def levels_beside_section(record: ExternalRecord) -> Section:
    """Set the other models of the same levels beside it."""
    found = fmt.listed(record.evaluation.get("comparators"))
    title = "Side by side"
    if not found:
        text = "Nothing was compared with it: whether it improves on what exists is not known from this report."
        return Section("comparators", title, (Paragraph(text),))
    columns = ("ordinal_concordance", "ranked_probability_score", "ranked_probability_skill")

    def cells(measures: Mapping[str, Any]) -> list[str]:
        return [fmt.estimate(measures.get(name), ORDINAL_MEASURES[name].decimals) for name in columns]

    rows = [row(record.evaluation["label"], *cells(record.evaluation["measures"]), "–", "–", strong=True)]
    rows += [
        row(
            one["label"],
            *cells(one["measures"]),
            fmt.estimate(one["concordance_difference"], 3),
            fmt.estimate(one["ranked_probability_difference"], 4),
        )
        for one in found
    ]
    header = (
        "Model",
        *(ORDINAL_MEASURES[name].short for name in columns),
        "C, judged less this",
        "Ranked probability, judged less this",
    )
    table = Table(
        "Models of the same levels in these patients",
        header,
        tuple(rows),
        notes=(
            "95% intervals. Differences are paired by patient: the judged model is better where that of C lies above "
            "0, and where that of the ranked probability score lies below.",
        ),
        numeric=tuple(range(1, len(header))),
    )
    return Section("comparators", title, (footnoted(table),))
