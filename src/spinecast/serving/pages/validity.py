"""How a model was validated and on whom: read from the record of the run that made it, nothing computed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from spinecast.explanation.answering import Kind
from spinecast.reporting import formatting as fmt
from spinecast.reporting.measures import MEASURES, Measure
from spinecast.reporting.ordinal_measures import ORDINAL_MEASURES
from spinecast.reporting.quantity_measures import QUANTITY_MEASURES
from spinecast.reporting.timed_measures import TIMED_MEASURES
from spinecast.serving.pages.words import labelled_days
from spinecast.serving.served_model import ServedModel

__all__ = ["Validity", "validity_of"]

_KNOWN: Mapping[str, Measure] = {**MEASURES, **TIMED_MEASURES, **ORDINAL_MEASURES, **QUANTITY_MEASURES}
_SHOWN: Mapping[Kind, tuple[str, ...]] = {
    "event": ("auc", "calibration_slope", "observed_expected_ratio"),
    "times": ("harrell_c", "integrated_brier"),
    "levels": ("ordinal_concordance", "ranked_probability_skill"),
    "quantity": ("pinball_skill", "coverage_80", "coverage_90"),
}


@dataclass(frozen=True)
class Validity:
    """What a record says of a model's performance.

    Parameters
    ----------
    absent : str
        Why nothing is said; empty where something is.
    basis : str
        How predictions and outcomes came together, such as ``out-of-fold``.
    patients : str
        How many, and how many with the event.
    cohort : str
    source, citation : str
        Where the patients come from.
    rows : tuple of (str, str, str)
        Measure, value with interval, and what would be ideal.
    checks : tuple of str
        Warnings that the run's coded checks left.
    observed : float or None
        Share of these patients with the event, where everybody's outcome is known.
    """

    absent: str = ""
    basis: str = ""
    patients: str = ""
    cohort: str = ""
    source: str = ""
    citation: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()
    checks: tuple[str, ...] = ()
    observed: float | None = None


def validity_of(served: ServedModel) -> Validity:
    """Return what stands in the record of a served model's run.

    Parameters
    ----------
    served : ServedModel
    """
    weighted = served.model.about["outcome"].get("censored") == "ipcw"
    try:
        if served.version.record is None:
            raise FileNotFoundError
        return _read(served.version.record, served.identity, served.kind, weighted)
    except (OSError, ValueError, KeyError, TypeError):
        return Validity(absent="the record of its run cannot be read here: how it was validated is not known")


@lru_cache(maxsize=256)
def _read(folder: Path, _identity: str, kind: Kind, weighted: bool) -> Validity:
    """Read once for each version: a run's record is never written again under the same identity.

    What cannot be read now may be there the next time: an error is not kept.
    """
    evaluation, cohort, run = (_json(folder / f"{name}.json") for name in ("evaluation", "cohort", "run"))
    return _validity(evaluation, cohort, run, kind, weighted=weighted)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _validity(
    evaluation: Mapping[str, Any], cohort: Mapping[str, Any], run: Mapping[str, Any], kind: Kind, *, weighted: bool
) -> Validity:
    n, events = int(evaluation["n"]), evaluation.get("events")
    patients = fmt.plural(n, "patient")
    if kind in ("event", "times") and events is not None:
        patients += f", {fmt.plural(int(events), 'with the event', 'with the event')}"
    provenance = cohort.get("provenance") or {}
    return Validity(
        basis=str(evaluation["basis"]),
        patients=patients,
        cohort=str(cohort["name"]),
        source=fmt.plain(provenance.get("description") or provenance.get("source") or ""),
        citation=fmt.plain(provenance.get("citation") or ""),
        rows=(*_rows(evaluation["measures"], _SHOWN[kind], ""), *_parts(evaluation, kind)),
        checks=tuple(
            f"{one['title']}: {one['finding']}" for one in run.get("checks") or () if one["severity"] == "warning"
        ),
        observed=int(events) / n if kind == "event" and events is not None and not weighted else None,
    )


def _rows(measures: Mapping[str, Any], names: tuple[str, ...], at: str) -> list[tuple[str, str, str]]:
    return [
        (f"{_KNOWN[name].label}{at}", fmt.estimate(measures[name], _KNOWN[name].decimals), _KNOWN[name].ideal)
        for name in names
        if name in measures and fmt.absence(measures[name]) is None
    ]


def _parts(evaluation: Mapping[str, Any], kind: Kind) -> list[tuple[str, str, str]]:
    """Measures by day of a model of times, by threshold of one of levels."""
    if kind == "times":
        return [
            row
            for one in fmt.listed(evaluation.get("horizons"))
            for row in _rows(
                fmt_measures(one), ("horizon_auc", "calibration_slope"), f", {labelled_days(float(one['day']))}"
            )
        ]
    if kind == "levels":
        return [
            row
            for one in fmt.listed(evaluation.get("thresholds"))
            for row in _rows(fmt_measures(one), ("auc", "calibration_slope"), f", {one['label']}")
        ]
    return []


def fmt_measures(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the measures of a part, none where they are absent."""
    found: Mapping[str, Any] = one.get("measures") or {}
    return {} if fmt.absence(found) is not None else found
