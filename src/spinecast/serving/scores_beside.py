"""Published scores of one patient: value or range, stratum, and what the publication expects of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import Score, ScoreResult, compute_scores, scores
from spinecast.cohorts.derived_values import closure
from spinecast.cohorts.patient import patient_row

__all__ = ["score_inputs", "scores_of"]


@cache
def score_inputs() -> frozenset[str]:
    """Name every dictionary variable that a published score reads, and what derived ones among them follow from."""
    return frozenset(name for given in _sources().values() for name in given)


@cache
def _sources() -> Mapping[str, frozenset[str]]:
    """For each variable that a score reads: itself and what it follows from."""
    read = dict.fromkeys(name for entry in scores().values() for name in entry.read_variables)
    return {name: frozenset(closure((name,))) for name in read}


def scores_of(known: Mapping[str, Any], wanted: Sequence[Score] | None = None) -> list[dict[str, Any]]:
    """Compute the scores of one patient.

    Parameters
    ----------
    known : mapping of str to value
        Variables of `score_inputs`. All are read whether a score looks at them or not: a value that cannot be is never
        passed over.
    wanted : sequence of Score, optional
        When left out, those of which at least half of the inputs are known: the range of others says little.

    Returns
    -------
    list of dict
        JSON values: ``lower`` and ``upper`` over everything not known, ``value`` where they agree, ``stratum``, the
        ``expected_survival`` by day with its source, and the labels of inputs that are not known.

    Raises
    ------
    ContractError
        If a value cannot be, or no score reads its variable.
    """
    if not known and wanted is None:
        return []
    touched = [name for name, sources in _sources().items() if not sources.isdisjoint(known)]
    asked = [name for entry in wanted or () for name in entry.read_variables]
    names = tuple(dict.fromkeys([*touched, *asked])) or tuple(_sources())
    row, _ = patient_row(known, names)
    columns = {name: row[:, place] for place, name in enumerate(names)}
    chosen = [entry for entry in scores().values() if _told(entry, columns)] if wanted is None else list(wanted)
    if not chosen:
        return []
    found = compute_scores(chosen, columns)
    return [_shown(entry, found[entry.name], columns) for entry in chosen]


def _told(entry: Score, columns: Mapping[str, Any]) -> bool:
    given = sum(name in columns and not np.isnan(columns[name][0]) for name in entry.read_variables)
    return 2 * given >= len(entry.inputs)


def _shown(entry: Score, result: ScoreResult, columns: Mapping[str, Any]) -> dict[str, Any]:
    lower, upper = float(result.lower[0]), float(result.upper[0])
    band = int(result.stratum()[0])
    said: dict[str, Any] = {
        "name": entry.name,
        "label": entry.label,
        "direction": entry.direction,
        "minimum": entry.minimum,
        "maximum": entry.maximum,
        "missing": [variable(name).label for name in entry.inputs if name not in columns or np.isnan(columns[name][0])],
        "source": entry.source,
    }
    if math.isnan(lower) or math.isnan(upper):
        return said | {"absent": "the formula does not hold for this patient"}
    said |= {"lower": lower, "upper": upper, "value": lower if lower == upper else None}
    if result.strata:
        stratum = None if band < 0 else result.strata[band]
        said["stratum"] = None if stratum is None else stratum.label
        if entry.survival_source:
            expected = {} if stratum is None else stratum.expected_survival
            said["expected_survival"] = {str(day): share for day, share in expected.items()}
            said["survival_source"] = entry.survival_source
    return said
