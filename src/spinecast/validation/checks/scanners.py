"""Checks of what stands behind image features: scanners with few patients, and scanners with other outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scipy.stats import chi2_contingency

from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result

__all__ = ["FEWEST_OF_A_SCANNER", "check_scanner_outcomes", "check_scanner_patients"]

FEWEST_OF_A_SCANNER = 20
_SIGNIFICANT = 0.05

Counts = Mapping[str, Mapping[str, tuple[int, int]]]
"""{block: {scanner: (patients, events among those with a known outcome)}}."""


def check_scanner_patients(patients: Mapping[str, Mapping[str, int]], *, none: str) -> Result:
    """SC050: scanners behind image features with few patients.

    Parameters
    ----------
    patients : mapping of block to mapping of scanner to int
        Patients with an image.
    none : str
        Why there is nothing to look at, where there is not.
    """
    if not patients:
        return NotApplicable("SC050", none)
    few = [
        f"{scanner} of {block}"
        for block, own in patients.items()
        for scanner, count in own.items()
        if count < FEWEST_OF_A_SCANNER
    ]
    if not few:
        fewest = min(count for own in patients.values() for count in own.values())
        return NotFound("SC050", f"the scanner with the fewest has {fewest} patients")
    return Check(
        code="SC050",
        severity="warning",
        finding=f"fewer than {FEWEST_OF_A_SCANNER} patients: {', '.join(few)}",
        remedy="gather more patients of that scanner, join protocols that are alike, or leave its patients out",
        meaning="What such a scanner does to the features is hardly known: its patients' features are moved by chance, "
        "or not used.",
    )


def check_scanner_outcomes(counts: Counts, *, none: str) -> Result:
    """SC051: the outcome is commoner with one scanner than with another.

    Parameters
    ----------
    counts : mapping of block to mapping of scanner to (int, int)
        Patients with an image and a known outcome, and those of them with the event.
    none : str
        As in :func:`check_scanner_patients`.
    """
    tested = {
        block: large
        for block, own in counts.items()
        if len(large := {name: pair for name, pair in own.items() if pair[0] >= FEWEST_OF_A_SCANNER}) > 1
    }
    if not tested:
        return NotApplicable("SC051", none if not counts else f"no two scanners have {FEWEST_OF_A_SCANNER} patients")
    said, found = [], False
    for block, own in tested.items():
        p = _p_value(list(own.values()))
        rates = [events / patients for patients, events in own.values()]
        said.append(
            f"{min(rates):.0%} to {max(rates):.0%} of the patients of {len(own)} scanners of {block} (p = {p:.2g})"
        )
        found = found or p < _SIGNIFICANT
    finding = f"the outcome was seen in {'; '.join(said)}"
    if not found:
        return NotFound("SC051", finding)
    return Check(
        code="SC051",
        severity="warning",
        finding=finding,
        remedy="name the predictors that make the difference under harmonisation.keep; judge the model with one "
        "scanner left out",
        meaning="Scanner and outcome go together here. Harmonisation may take away some of what the features tell of "
        "the outcome, and unharmonised features may recognise the scanner.",
    )


def _p_value(pairs: Sequence[tuple[int, int]]) -> float:
    table = [[events, patients - events] for patients, events in pairs]
    if any(sum(column) == 0 for column in zip(*table, strict=True)):
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)
