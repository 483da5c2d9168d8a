"""Whether there were patients enough, by the criteria of Riley et al., and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Facts, Paragraph, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import row, unavailable

__all__ = ["sample_size_section"]

TITLE = "Sample size"
ASSUMED = {
    "proportion": "proportion with the outcome",
    "cox_snell_r2": "Cox-Snell R²",
    "largest_cox_snell_r2": "largest possible Cox-Snell R²",
    "nagelkerke_r2": "Nagelkerke R²",
    "c_statistic_if_normal": "C statistic, if log-odds are normal",
    "c_statistic": "C statistic",
    "observed_expected": "observed/expected",
    "linear_predictor": "log-odds from",
}
# Said already: the parameters at hand, and what follows from the very risks that are named.
SAID = ("parameters", "linear_predictor_proportion", "linear_predictor_c_statistic")


def sample_size_section(record: RunRecord) -> Section:
    """Say how many patients the criteria ask for, of how many, and on what assumption."""
    found = record.run.get("sample_size")
    if not isinstance(found, Mapping):
        return Section("sample-size", TITLE, (unavailable(TITLE, "not recorded in this run"),))
    assumed = Paragraph(f"Assumed: {fmt.ended(fmt.plain(found['assumed']))}")
    if "absent" in found:
        return Section("sample-size", TITLE, (assumed, unavailable("The criteria", fmt.plain(found["absent"]))))
    adequacy, required = found["adequacy"], found["required"]
    blocks: list[Block] = [
        Callout(
            "good" if adequacy["suffices"] else "warning",
            "These patients suffice" if adequacy["suffices"] else "Too few patients",
            f"{fmt.plural(adequacy['n'], 'patient')} here; the criteria ask for {fmt.integer(adequacy['required'])}, "
            f"the most for this one: {fmt.plain(_binding(required)['label'])}.",
        ),
        assumed,
        _criteria(required, adequacy["n"]),
        Facts(tuple(_facts(found))),
    ]
    blocks += [Paragraph(fmt.plain(note)) for note in required["notes"]]
    return Section("sample-size", TITLE, tuple(blocks))


def _binding(required: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(one for one in required["criteria"] if one["name"] == required["binding"])


def _criteria(required: Mapping[str, Any], n: int) -> Table:
    rows = tuple(
        row(
            fmt.sentence(one["label"]),
            fmt.absent(one["reason"]) if one["n"] is None else fmt.integer(one["n"]),
            "–" if one["n"] is None else "met" if one["n"] <= n else "not met",
            fmt.plain(one["source"]),
            strong=one["name"] == required["binding"],
        )
        for one in required["criteria"]
    )
    return Table(
        f"Patients each criterion asks for; here {fmt.integer(n)}",
        ("Criterion", "Patients", "Here", "Source"),
        rows,
        notes=("The criterion in bold asks for most.",),
        numeric=(1,),
    )


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    at_hand = found["at_hand"]
    facts = [("Patients with a known outcome", fmt.integer(at_hand["n"])), ("Events", fmt.integer(at_hand["events"]))]
    if "parameters" in at_hand:
        facts += [
            ("Candidate predictor parameters", fmt.integer(at_hand["parameters"])),
            ("Patients of the rarer outcome for each", fmt.number(at_hand["events_per_parameter"], 1)),
        ]
    for name, value in (found.get("expected") or {}).items():
        facts.append((f"Expected {name.replace('_', ' ')}", fmt.number(value, 3)))
    facts += [
        (
            f"Assumed {ASSUMED.get(name, name.replace('_', ' '))}",
            fmt.plain(value) if isinstance(value, str) else fmt.number(value, 3),
        )
        for name, value in found["required"]["assumptions"].items()
        if name not in SAID
    ]
    reached = found.get("as_reached")
    if isinstance(reached, Mapping):
        said = reached.get("absent") or f"{reached['adequacy']['statement']} Assumed: {reached['assumed']}"
        facts.append(("At what was reached, which is no proof", fmt.ended(fmt.plain(said))))
    return facts
