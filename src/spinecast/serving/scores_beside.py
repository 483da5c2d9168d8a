"""Published scores of one patient: value or range, stratum, and what the publication expects of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import Score, ScoreResult, compute_scores, scores
from spinecast.cohorts.patient import patient_row

__all__ = ["score_inputs", "scores_of"]


@cache
def score_inputs() -> tuple[str, ...]:
    """Name every dictionary variable that a published score reads."""
    return tuple(dict.fromkeys(name for entry in scores().values() for name in entry.read_variables))


def scores_of(known: Mapping[str, Any], wanted: Sequence[Score] | None = None) -> list[dict[str, Any]]:
    """Compute the scores of one patient.

    Parameters
    ----------
    known : mapping of str to value
        Dictionary variables as a request gives them; those that no score reads are passed over.
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
        If a value cannot be.
    """
    chosen = [entry for entry in scores().values() if _told(entry, known)] if wanted is None else list(wanted)
    # What is given is read whether a score looks at it or not: a value that cannot be is never passed over.
    given = {name: value for name, value in known.items() if name in score_inputs()}
    names = tuple(dict.fromkeys([*given, *(name for entry in chosen for name in entry.read_variables)]))
    if not names:
        return []
    row, _ = patient_row(given, names)
    columns = {name: row[:, place] for place, name in enumerate(names)}
    found = compute_scores(chosen, columns)
    return [_shown(entry, found[entry.name], columns) for entry in chosen]


def _told(entry: Score, known: Mapping[str, Any]) -> bool:
    given = sum(known.get(name) is not None for name in entry.read_variables)
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
        "missing": [variable(name).label for name in entry.inputs if np.isnan(columns[name][0])],
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
