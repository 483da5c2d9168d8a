"""The numbers of a record in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spinecast.reporting.external_record import ExternalRecord

__all__ = ["check_lines", "measure_lines", "thresholds_of"]

# Measures of a whole curve, and those of each horizon with their words.
CURVE = ("harrell_c", "uno_c", "integrated_brier", "integrated_ipa")
DAY_LINES = {
    "horizon_auc": "AUC",
    "ipa": "scaled Brier",
    "horizon_observed_expected_ratio": "observed to expected",
    "calibration_in_the_large": "calibration in the large",
    "calibration_slope": "calibration slope",
}


def measure_lines(record: ExternalRecord) -> list[str]:
    """Write the measures and the comparisons in lines for a terminal, what is absent for one reason in one of them."""
    findings, evaluation = record.findings, record.evaluation
    shown: list[tuple[str, dict[str, Any]]] = [
        *((name.replace("_", " "), found) for name, found in _overall(evaluation).items()),
        *_of_days(evaluation),
        *_of_thresholds(evaluation),
        *((f"net benefit at {entry['threshold']:g}", entry) for entry in findings.get("net_benefit") or ()),
        *((name.replace("_", " "), found) for name, found in (findings.get("survival") or {}).items()),
        *_differences(evaluation),
    ]
    known = [(name, found) for name, found in shown if "absent" not in found]
    width = max((len(name) for name, _ in known), default=0)
    absent: dict[str, list[str]] = {}
    for name, found in shown:
        if "absent" in found:
            absent.setdefault(found["absent"], []).append(name)
    return [
        *(f"  {name:{width}}  {_interval(found)}" for name, found in known),
        *(f"  not available: {', '.join(names)} ({reason})" for reason, names in absent.items()),
    ]


def _overall(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the measures that are of no one day: of a model of times those of each horizon follow by themselves."""
    measures: dict[str, Any] = evaluation["measures"]
    if "horizons" not in evaluation:
        return measures
    return {name: found for name, found in measures.items() if name in CURVE}


def _of_days(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is found at each horizon of a model of times, and the events expected by it."""
    for one in evaluation.get("horizons") or ():
        for name, words in DAY_LINES.items():
            yield f"{words}, day {one['day']:g}", one["measures"][name]
    for cause in evaluation.get("expected_events") or ():
        last = cause["horizons"][-1]
        yield f"observed to expected events ({cause['label'].lower()})", last["ratio"]


def _of_thresholds(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is found at each threshold of a quantity or of levels, beyond what stands among its measures."""
    for at, one in thresholds_of(evaluation):
        for name in ("observed_expected_ratio", "calibration_slope"):
            yield f"{name.replace('_', ' ')} at {at}", one["measures"][name]


def thresholds_of(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is found at each threshold by what the threshold is: a value of a quantity, or the level reached."""
    found = evaluation.get("thresholds") or ()
    if evaluation.get("kind") == "ordinal":
        levels = evaluation["outcome"]["levels"][1:]
        yield from ((str(level["level"]), one) for level, one in zip(levels, found, strict=True))
    else:
        yield from ((f"{one['threshold']:g}", one) for one in found)


def _differences(evaluation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the paired differences from what stands beside."""
    for one in evaluation["comparators"]:
        if "auc_difference" in one:
            yield f"AUC less that of {one['label']}", one["auc_difference"]
        elif "pinball_difference" in one:
            yield f"pinball loss less that of {one['label']}", one["pinball_difference"]
        elif "ranked_probability_difference" in one:
            yield f"ranked probability score less that of {one['label']}", one["ranked_probability_difference"]
            yield f"concordance less that of {one['label']}", one["concordance_difference"]
        for at in one.get("horizons") or ():
            yield f"AUC less that of {one['label']}, day {at['day']:g}", at["difference"]


def check_lines(record: ExternalRecord) -> list[str]:
    """Write what the checks found, and whether there are patients enough, in lines for a terminal."""
    found = [f"  {check['code']} {check['title']}: {check['finding']}" for check in record.findings["checks"]]
    judged = (record.findings.get("sample_size") or {}).get("adequacy")
    if not judged:
        return found
    enough = "enough" if judged["suffices"] else "too few"
    return [*found, f"  sample size: {judged['n']:,} patients, {enough}: the criteria ask for {judged['required']:,}"]


def _interval(found: dict[str, Any]) -> str:
    if found.get("lower") is None:
        return f"{found['estimate']:.3f}"
    return f"{found['estimate']:.3f} ({found['lower']:.3f} to {found['upper']:.3f})"
