"""Runs of ordered levels side by side: all levels together in pairs, and reaching each as any risk is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import ContractError
from spinecast.statistics import (
    Measure,
    compare_ordinal_concordance,
    compare_ranked_probability,
    holm_adjusted,
    ordinal_concordance,
    p_value_of_difference,
    ranked_probability_score,
    ranked_probability_skill,
)
from spinecast.validation.comparison.compared_runs import Comparison
from spinecast.validation.comparison.comparing_runs import ComparisonSettings, compare_paired_runs
from spinecast.validation.comparison.pairing import RunRisks, pair

__all__ = ["LEVELS_TESTED", "LevelsComparison", "RunLevels", "compare_levels"]

FloatArray = NDArray[np.float64]

LEVELS_TESTED = ("ordinal_concordance", "ranked_probability")
"""Differences that are tested, each adjusted for the number of pairs."""


@dataclass(frozen=True, eq=False)
class RunLevels:
    """Out-of-fold chances of one run, or of one of its candidates, of reaching each level.

    Parameters
    ----------
    levels, labels : tuple of str
        The levels above the lowest, and what reaching each is called.
    risks : tuple of RunRisks
        Of reaching each, lowest first.
    """

    levels: tuple[str, ...]
    labels: tuple[str, ...]
    risks: tuple[RunRisks, ...]


@dataclass(frozen=True, eq=False)
class LevelsComparison:
    """Runs of ordered levels side by side.

    Parameters
    ----------
    runs : tuple of dict
        For each run, in the order given, its ``name``, ``label``, ``n``, ``left_out`` and ``measures``.
    pairs : tuple of dict
        For every two, ``first`` less ``second``: ``differences``, ``p_values`` and ``adjusted_p_values``.
    levels, labels : tuple of str
        The levels above the lowest, and what reaching each is called.
    by_level : tuple of Comparison
        Of the chances of reaching each.
    """

    runs: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]
    levels: tuple[str, ...]
    labels: tuple[str, ...]
    by_level: tuple[Comparison, ...]

    @property
    def paired(self) -> bool:
        """Whether all were judged in the same patients."""
        return self.by_level[0].paired

    @property
    def same_cohort(self) -> bool:
        """Whether the runs share a fingerprint."""
        return self.by_level[0].same_cohort

    @property
    def left_out(self) -> tuple[int, ...]:
        """Of each run's patients, those whom another run does not have."""
        return tuple(one["left_out"] for one in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready values: no patient stands in it."""
        first = self.by_level[0]
        return {
            "outcome_kind": "ordinal",
            "paired": first.paired,
            "same_cohort": first.same_cohort,
            "same_folds": first.same_folds,
            "weighted": first.weighted,
            "runs": list(self.runs),
            "pairs": list(self.pairs),
            "by_level": [
                {"level": level, "reached": label, **one.to_dict()}
                for level, label, one in zip(self.levels, self.labels, self.by_level, strict=True)
            ],
        }


def compare_levels(runs: Sequence[RunLevels], settings: ComparisonSettings) -> LevelsComparison:
    """Judge runs of ordered levels in the patients they share, and test every two of them in pairs.

    Parameters
    ----------
    runs : sequence of RunLevels
        Two or more, of the same levels.
    settings : ComparisonSettings

    Raises
    ------
    ContractError
        As :func:`spinecast.validation.comparison.pairing.pair`; or if the levels differ.
    CohortError
        If the patients all reached a level, or none did.
    """
    first = runs[0]
    for other in runs[1:]:
        if other.levels != first.levels:
            raise ContractError(
                "these runs predict different levels",
                where="; ".join(f"{one.risks[0].label}: {', '.join(one.levels)}" for one in runs),
                expected="the same levels above the lowest",
                remedy="combine the same levels in both studies",
            )
    paired = [pair([one.risks[k] for one in runs]) for k in range(len(first.levels))]
    # Who reached a level reached those below it: the number reached is the level.
    observed = np.sum([one.runs[0].outcome for one in paired], axis=0).astype(np.intp)
    chances = [np.column_stack([one.runs[at].risk for one in paired]) for at in range(len(runs))]
    every = tuple(combinations(range(len(runs)), 2))
    found = [_differences(observed, chances[a], chances[b]) for a, b in every]
    plain = {name: [p_value_of_difference(one[name]) for one in found] for name in LEVELS_TESTED}
    adjusted = {name: holm_adjusted(values) for name, values in plain.items()}
    return LevelsComparison(
        runs=tuple(
            {
                "name": one.risks[0].name,
                "label": one.risks[0].label,
                "n": len(observed),
                "events": None,
                "left_out": left_out,
                "measures": _measures(observed, own),
            }
            for one, own, left_out in zip(runs, chances, paired[0].left_out, strict=True)
        ),
        pairs=tuple(
            {
                "first": runs[a].risks[0].name,
                "second": runs[b].risks[0].name,
                "differences": {name: one.to_dict() for name, one in found[at].items()},
                "p_values": {name: plain[name][at] for name in LEVELS_TESTED},
                "adjusted_p_values": {name: adjusted[name][at] for name in LEVELS_TESTED},
            }
            for at, (a, b) in enumerate(every)
        ),
        levels=first.levels,
        labels=first.labels,
        by_level=tuple(compare_paired_runs(one, settings) for one in paired),
    )


def _differences(observed: NDArray[np.intp], first: FloatArray, second: FloatArray) -> dict[str, Measure]:
    return {
        "ordinal_concordance": compare_ordinal_concordance(observed, first.mean(axis=1), second.mean(axis=1)),
        "ranked_probability": compare_ranked_probability(observed, first, second),
    }


def _measures(observed: NDArray[np.intp], chances: FloatArray) -> dict[str, Any]:
    return {
        "ordinal_concordance": ordinal_concordance(observed, chances.mean(axis=1)).to_dict(),
        "ranked_probability_score": ranked_probability_score(observed, chances).to_dict(),
        "ranked_probability_skill": ranked_probability_skill(observed, chances).to_dict(),
    }
