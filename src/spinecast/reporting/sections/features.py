"""Image features: how they were made, what scanners do to them, and which were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.reporting import figures
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Facts, Figure, Heading, Paragraph, Section, Table
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import SMALLEST_SHOWN, row, unavailable

__all__ = ["features_section"]

IN_FIGURE = 30
ACQUISITION = {
    "modality": "Modality",
    "scanners": "Scanners",
    "protocol": "Protocol",
    "timing": "When the images were made",
    "contrast": "Contrast",
    "slice_thickness_mm": "Slice thickness, mm",
    "pixel_spacing_mm": "Pixel spacing, mm",
    "voltage_kv": "Tube voltage, kV",
    "kernel": "Reconstruction kernel",
    "field_strength_t": "Field strength, T",
    "segmentation": "Segmentation",
    "preprocessing": "Preprocessing",
    "software": "Software",
    "ibsi_compliant": "Agrees with the IBSI's reference values",
    "repeatability": "Repeatability",
}
"""What CLEAR, the radiomics quality score and the IBSI ask for."""


def features_section(record: RunRecord) -> Section | None:
    """Describe the image features of a study; None of one that has none."""
    described = fmt.listed(record.cohort.get("features"))
    if not described:
        return None
    blocks: list[Block] = []
    for entry in described:
        blocks += _block(entry)
    return Section("features", "Image features", tuple(blocks))


def _block(entry: Mapping[str, Any]) -> list[Block]:
    label = fmt.plain(entry["label"])
    blocks: list[Block] = [
        Heading(label),
        Paragraph(
            f"{fmt.plural(entry['features'], 'feature')} named {fmt.plain(entry['name'])} for "
            f"{fmt.integer(entry['imaged'])} of {fmt.plural(entry['patients'], 'patient')}. {_harmonisation(entry)} "
            f"{_reduction(entry)}"
        ),
        _acquisition(entry, label),
    ]
    if "by_scanner" in entry:
        blocks.append(_scanners(entry))
        blocks.append(_shares(entry))
    if entry["kept"]:
        blocks.append(_kept(entry))
    else:
        blocks.append(unavailable("Features kept", "no part of the final model uses them"))
    return blocks


def _harmonisation(entry: Mapping[str, Any]) -> str:
    asked = entry["harmonisation"]
    if asked["kind"] == "none":
        return "They were used as the scanners gave them."
    kept = fmt.joined([fmt.plain(name) for name in entry["kept_effects"]])
    keep = f", leaving in them what goes with {kept}" if kept else ""
    home = f" to {fmt.plain(asked['reference'])}" if asked.get("reference") else " to their common mean"
    prior = "parametric" if asked["parametric"] else "non-parametric"
    unseen = (
        "count as missing" if asked["unseen"] == "missing" else "are used as they are, which the prediction then says"
    )
    return (
        f"Scanners were brought{home} by ComBat ({prior} empirical Bayes; Johnson 2007, "
        f"doi:10.1093/biostatistics/kxj037){keep}. It was learned on the training patients of each fold and never from "
        f"the outcome. Features of a scanner the model does not know {unseen}; in a fold, a validation or an update it "
        f"is learned first from its own patients' features where there are {fmt.integer(asked['fewest_patients'])} or "
        "more."
    )


def _reduction(entry: Mapping[str, Any]) -> str:
    reduction = entry["reduction"]
    said = []
    if reduction["correlation"] < 1:
        said.append(f"of two with a Spearman correlation beyond {fmt.number(reduction['correlation'], 2)} one was kept")
    if reduction["most"] is not None:
        most = fmt.integer(reduction["most"])
        said.append(f"at most {most} were kept, by their mutual information with the outcome")
    return f"Inside each fold, {fmt.joined(said)}." if said else "None was left out, unless it did not vary in a fold."


def _acquisition(entry: Mapping[str, Any], label: str) -> Facts | Table:
    given = entry["acquisition"]
    rows = tuple(row(words, _said(given.get(key))) for key, words in ACQUISITION.items())
    return Table(
        f"Acquisition and computation: {label}",
        ("Item", "As the study states it"),
        rows,
        notes=(
            "Items of CLEAR (doi:10.1186/s13244-023-01415-8), the radiomics quality score "
            "(doi:10.1038/nrclinonc.2017.141) and the IBSI (doi:10.1148/radiol.2020191145).",
        ),
    )


def _said(value: object) -> str:
    if value is None:
        return fmt.absent("not stated")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return fmt.number(value, 2).rstrip("0").rstrip(".") if isinstance(value, float) else fmt.plain(value)


def _scanners(entry: Mapping[str, Any]) -> Table:
    rows = []
    for one in entry["by_scanner"]:
        few = one["patients"] is None
        known = "yes" if one["scanner"] in entry["scanners"] else "no, too few patients"
        rows.append(
            row(
                one["scanner"],
                f"<{SMALLEST_SHOWN}" if few else fmt.integer(one["patients"]),
                "not shown" if one["events"] is None else fmt.integer(one["events"]),
                known,
            )
        )
    header = ("Scanner or protocol", "Patients with features", "With the event", "Known to the model")
    return Table("Patients by scanner", header, tuple(rows), numeric=(1, 2))


def _shares(entry: Mapping[str, Any]) -> Block:
    rows = [one for one in entry["scanner_share"] if one["before"] is not None]
    if not rows or len(entry["scanners"]) < 2:
        return unavailable("What scanners do to the features", "fewer than two scanners with enough patients")
    ordered = sorted(rows, key=lambda one: (-one["before"], one["feature"]))
    harmonised = ordered[0]["after"] is not None
    cells = tuple(
        row(one["feature"], fmt.percentage(one["before"]), *((fmt.percentage(one["after"]),) if harmonised else ()))
        for one in ordered
    )
    key = f"scanner-share-{fmt.plain(entry['name'])}"
    return Figure(
        key=key,
        title="What scanners do to the features",
        svg=figures.scanner_share_plot(ordered[:IN_FIGURE], key),
        caption=(
            "Share of each feature's variance that lies between scanners (eta squared)"
            + (", as measured and after ComBat" if harmonised else "")
            + f"; the {fmt.integer(min(len(ordered), IN_FIGURE))} features that differ most between scanners. "
            + (
                "ComBat was learned here from the very patients it is shown in: this describes what it does and is no "
                "measure of the model, whose folds learned it from their training patients alone."
                if harmonised
                else ""
            )
        ).strip(),
        alternative=(
            f"Dots of {fmt.plural(len(ordered), 'feature')}: up to {fmt.percentage(ordered[0]['before'])} of a "
            "feature's variance lies between scanners"
            + (f", at most {fmt.percentage(max(one['after'] for one in ordered))} after ComBat." if harmonised else ".")
        ),
        table=Table(
            "Share of the variance between scanners",
            ("Feature", "As measured", *(("Harmonised",) if harmonised else ())),
            cells,
            numeric=(1, 2) if harmonised else (1,),
        ),
    )


def _kept(entry: Mapping[str, Any]) -> Table:
    rows = []
    for one in entry["kept"]:
        counts: Sequence[int] = one["counts"]
        low, high = min(counts), max(counts)
        kept = fmt.integer(low) if low == high else f"{fmt.integer(low)} to {fmt.integer(high)}"
        rows.append(row(one["part"], fmt.integer(one["members"]), kept, fmt.integer(one["always"])))
    return Table(
        f"Features kept, of {fmt.integer(entry['features'])}",
        ("Part of the final model", "Fold fits", "Features in a fit", "In every fit"),
        tuple(rows),
        numeric=(1, 2, 3),
    )
