"""What was fitted again to judge a model, in words: bootstrap, repeats, one site left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.known_measures import HEADLINE, WORDS
from spinecast.reporting.records.recorded import Recorded, Said

__all__ = ["fitted_again", "sites"]

TUNING = {"repeated": "tuning repeated in each", "fixed": "tuning not repeated in them"}


def fitted_again(record: Recorded) -> Said | None:
    """Say what was fitted again and what it gives; None where nothing was."""
    parts, evidence = [], []
    boot = record.get("internal.json", "bootstrap")
    if boot:
        corrected = {name: found["optimism_corrected"] for name, found in boot["measures"].items()}
        parts.append(
            f"The procedure was fitted again in {fmt.integer(boot['usable'])} of "
            f"{fmt.plural(boot['resamples'], 'bootstrap resample')}, {_tuning(boot)}"
            f"{_values(corrected, 'optimism-corrected')}."
        )
        evidence.append("internal.json#/bootstrap")
    repeated = record.get("internal.json", "repeated_cross_validation")
    if repeated:
        parts.append(
            f"Cross-validation was repeated {fmt.plural(repeated['repeats'], 'time')}, {_tuning(repeated)}"
            f"{_values(repeated['measures'], 'out-of-fold')}."
        )
        evidence.append("internal.json#/repeated_cross_validation")
    return Said(" ".join(parts), tuple(evidence)) if parts else None


def sites(record: Recorded) -> Said | None:
    """Say how performance differs between sites, each left out in turn; None where it was not examined."""
    found = record.get("internal.json", "internal_external")
    if not found:
        return None
    pooled = found["pooled"]
    between = [
        f"{WORDS[name].label}: I² {fmt.percentage(pooled[name]['i2'], 0)}"
        for name in HEADLINE
        if fmt.absence(pooled.get(name)) is None and pooled[name].get("i2") is not None
    ]
    spread = f" Heterogeneity: {'; '.join(between)}." if between else ""
    judged = [site for site in found["sites"] if site.get("n") is not None]  # those too small stand together as others
    text = (
        f"Each of {len(judged)} groups of {fmt.plain(found['label'])} was left out in turn, the model fitted "
        f"to the others and the results pooled by random effects, {_tuning(found)}"
        f"{_values(pooled, 'internal-external')}.{spread}"
    )
    return Said(text, ("internal.json#/internal_external",))


def _tuning(part: Mapping[str, Any]) -> str:
    return TUNING.get(str(part.get("tuning")), "whether tuning was repeated is not recorded")


def _values(measures: Mapping[str, Any], basis: str) -> str:
    known = [name for name in HEADLINE if fmt.absence(measures.get(name)) is None]
    values = "; ".join(f"{WORDS[name].label} {fmt.estimate(measures[name], WORDS[name].decimals)}" for name in known)
    return f"; {basis}: {values}" if known else ""
