"""The predictors of two cohorts side by side: what is recorded of the one, what is found in the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.cohorts.standardised_differences import moments, standardised
from spinecast.models.prognosis_model import MARGINAL_QUANTILES
from spinecast.validation.development import Development

__all__ = ["compare_predictors"]


def compare_predictors(
    cohort: Cohort, labelled: LabelledOutcome, names: Sequence[str], development: Development
) -> list[dict[str, Any]]:
    """Describe each predictor in both cohorts, as table one does.

    Parameters
    ----------
    cohort : Cohort
    labelled : LabelledOutcome
        Of this cohort: its patients are described.
    names : sequence of str
        Predictors that the cohort holds.
    development : Development
        What is recorded of it, else the quartiles that the model holds; differences need the patients themselves.

    Returns
    -------
    list of dict
        JSON values, one a predictor. Differences beside a count that is not shown are not shown either.
    """
    mine = describe(cohort, labelled, names)
    recorded = development.description or {}
    theirs = {entry["variable"]: entry for entry in recorded.get("table_one") or ()}
    gaps = {entry["variable"]: entry["proportion"] for entry in recorded.get("missingness") or ()}
    rows = []
    for entry, gap in zip(mine["table_one"], mine["missingness"], strict=True):
        name = entry["variable"]
        there = {row["level"]: row["overall"] for row in theirs.get(name, {}).get("rows", ())}
        if not there and name in development.quantiles:
            there = {None: _quartiles(name, development.quantiles[name])}
        levels = [
            {"level": row["level"], "development": there.get(row["level"]), "validation": row["overall"]}
            for row in entry["rows"]
        ]
        # A difference beside a count that is not shown would give it away.
        hidden = any(str(row[side]).startswith("<") for row in levels for side in ("development", "validation"))
        rows.append(
            {
                "variable": name,
                "label": entry["label"],
                "unit": entry["unit"],
                "rows": levels,
                "missing_development": gaps.get(name),
                "missing_validation": gap["proportion"],
                "standardised_difference": None if hidden else _difference(cohort, labelled, name, development),
            }
        )
    return rows


def _quartiles(name: str, quantiles: Sequence[float]) -> str | None:
    """Write the quartiles a model holds of a measured predictor, as table one does; None for levels."""
    entry = variable(name)
    if entry.is_levelled:
        return None
    lower, middle, upper = (
        f"{quantiles[MARGINAL_QUANTILES.index(level)]:.{entry.decimals}f}" for level in (0.25, 0.5, 0.75)
    )
    return f"{middle} [{lower}–{upper}]"


def _difference(cohort: Cohort, labelled: LabelledOutcome, name: str, development: Development) -> float | None:
    theirs = development.labelled
    if development.cohort is None or theirs is None or name not in development.cohort.frame:
        return None
    levels = len(variable(name).levels)
    here, there = cohort.matrix([name])[labelled.rows, 0], development.cohort.matrix([name])[theirs.rows, 0]
    return standardised(moments(here, levels), moments(there, levels))
