"""Runs side by side as data: what was compared, every number, what the runs' own records add. No patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

__all__ = ["LEVEL", "ComparisonRecord"]

LEVEL = 0.05
"""A difference whose p-value, adjusted where there are several, is below this is called shown."""


@dataclass(frozen=True)
class ComparisonRecord:
    """A finished comparison of runs.

    Parameters
    ----------
    about : dict
        Title, notices, cohort, outcome, what each run is, settings, times, versions.
    found : dict
        Every number; see :class:`spinecast.validation.comparison.compared_runs.Comparison`, and of ordered levels
        :class:`spinecast.validation.comparison.comparing_levels.LevelsComparison`.
    recorded : list of dict
        One a run: what its record says of its models of resamples, of its candidates and of published comparators.
    """

    about: dict[str, Any]
    found: dict[str, Any]
    recorded: list[dict[str, Any]]

    @property
    def is_synthetic(self) -> bool:
        """Whether the patients are anything but real."""
        return bool(self.about["cohort"]["kind"] != "real")

    @property
    def of_levels(self) -> bool:
        """Whether runs of ordered levels are compared."""
        return self.found.get("outcome_kind") == "ordinal"

    @property
    def labels(self) -> dict[str, str]:
        """Label of each run by its name, in the order given."""
        return {one["name"]: one["label"] for one in self.found["runs"]}

    @property
    def several(self) -> bool:
        """Whether more than one pair was tested, so that p-values are adjusted."""
        return len(self.found["pairs"]) > 1

    def with_first(self) -> list[dict[str, Any]]:
        """Return the pairs of the first run with each other, in their order."""
        first = self.found["runs"][0]["name"]
        return [pair for pair in self.found["pairs"] if pair["first"] == first]

    def standing(self, measure: str, *, higher_is_better: bool) -> dict[str, dict[str, list[str]]]:
        """Sort the others, for each run, into those it is shown to be better than, worse than, and neither.

        Parameters
        ----------
        measure : str
            One of the differences that are tested.
        higher_is_better : bool

        Returns
        -------
        dict
            By name of the run: ``better``, ``worse`` and ``neither``, labels of the others.
        """
        labels = self.labels
        found: dict[str, dict[str, list[str]]] = {name: {"better": [], "worse": [], "neither": []} for name in labels}
        pairs = {(one["first"], one["second"]): one for one in self.found["pairs"]}
        for first, second in combinations(labels, 2):
            winner = self.winner(pairs[first, second], measure, higher_is_better=higher_is_better)
            for own, other in ((first, second), (second, first)):
                place = "neither" if winner is None else "better" if winner == own else "worse"
                found[own][place].append(labels[other])
        return found

    def winner(self, pair: Mapping[str, Any], measure: str, *, higher_is_better: bool) -> str | None:
        """Return the name of the run of a pair that is shown to be better, None where neither is."""
        p = pair["adjusted_p_values"][measure]
        difference = pair["differences"][measure].get("estimate")
        if p is None or difference is None or p >= LEVEL:
            return None
        return str(pair["first"] if (difference > 0) == higher_is_better else pair["second"])

    def to_dict(self) -> dict[str, Any]:
        """Return the whole comparison as one JSON object."""
        return {"kind": "comparison", "about": self.about, **self.found, "recorded": self.recorded}
