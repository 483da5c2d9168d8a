"""What the first pages of all external validations share: verdicts beyond chance, and the notes that end them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Callout
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.sections.external_case_mix import case_mix_reading
from spinecast.reporting.sections.summary import checks_callout

__all__ = ["callouts", "miscalibrated", "rival_verdicts"]


def callouts(record: ExternalRecord) -> list[Callout]:
    """Say whether case mix or model explains what was found, what to know of the patients, what checks found."""
    blocks = []
    mix = case_mix_reading(record.findings.get("case_mix"))
    if mix:
        blocks.append(Callout("note", "Case mix, or the model?", mix))
    notes = [fmt.ended(fmt.plain(note)) for note in fmt.listed(record.about.get("notes"))]
    if notes:
        blocks.append(Callout("note", "About these patients", " ".join(notes)))
    return [*blocks, checks_callout(record.as_run_record())]


def miscalibrated(places: Iterable[tuple[str, Mapping[str, Any]]], ratio: str) -> dict[str, list[str]]:
    """Name the places where risks are too high or too low, too extreme or too moderate, beyond chance.

    Parameters
    ----------
    places : iterable of (str, mapping)
        Words for a place (a day, a level) and its measures.
    ratio : str
        What its observed to expected ratio is called among them.

    Returns
    -------
    dict
        Places by verdict, in the order they were found.
    """
    found: dict[str, list[str]] = {}
    for place, measures in places:
        for name, below, above in (
            (ratio, "too high", "too low"),
            ("calibration_slope", "too extreme", "too moderate"),
        ):
            measure = measures.get(name) or {}
            if measure.get("lower") is None:
                continue
            if measure["upper"] < 1:
                found.setdefault(below, []).append(place)
            elif measure["lower"] > 1:
                found.setdefault(above, []).append(place)
    return found


def rival_verdicts(
    differences: Iterable[tuple[object, Mapping[str, Any] | None]], *, lower_is_better: bool = False
) -> str:
    """Word paired differences, the judged model less the other, by their intervals; empty where there are none.

    Parameters
    ----------
    differences : iterable of (object, mapping)
        Label of the other model, and the difference.
    lower_is_better : bool
        Whether what is compared is a loss.
    """
    verdicts: dict[str, list[str]] = {"better than": [], "worse than": [], "not told apart from": []}
    for label, difference in differences:
        if not difference or difference.get("lower") is None:
            continue
        higher, lower = difference["lower"] > 0, difference["upper"] < 0
        better, worse = (lower, higher) if lower_is_better else (higher, lower)
        verdict = "better than" if better else "worse than" if worse else "not told apart from"
        verdicts[verdict].append(fmt.plain(label))
    return "; ".join(f"{verdict} {fmt.joined(names)}" for verdict, names in verdicts.items() if names)
