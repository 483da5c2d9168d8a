"""How measures are called whose names end in a day, a threshold or a level: ``horizon_auc_90``, ``auc_at_1000``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.reporting import formatting as fmt
from spinecast.reporting.measures import MEASURES, Measure

__all__ = ["OF_ONE_EVENT", "MeasureWords"]


@dataclass(frozen=True)
class MeasureWords:
    """How the measures of a kind of model are called.

    Parameters
    ----------
    measures : mapping of str to Measure
        By their name without what it ends in.
    at : callable
        Words of what a name ends in: ``"90"`` to ``"day 90"``.
    """

    measures: Mapping[str, Measure]
    at: Callable[[str], str]

    def short(self, name: str) -> str:
        """Name a measure in a heading."""
        measure, end = self._parted(name)
        return self._with_end(self.measures[measure].short, end)

    def label(self, name: str) -> str:
        """Name a measure in full."""
        measure, end = self._parted(name)
        return self._with_end(self.measures[measure].label, end)

    def decimals(self, name: str) -> int:
        """How many decimals a measure is shown with."""
        return self.measures[self._parted(name)[0]].decimals

    def shown(self, measures: Mapping[str, Any], name: str) -> str:
        """Write a measure with its interval, or why it is absent."""
        return fmt.estimate(measures.get(name), self.decimals(name))

    def _parted(self, name: str) -> tuple[str, str]:
        if name in self.measures:
            return name, ""
        measure, _, end = name.rpartition("_")
        return measure.removesuffix("_at"), end

    def _with_end(self, words: str, end: str) -> str:
        return f"{words}, {self.at(end)}" if end else words


OF_ONE_EVENT = MeasureWords(MEASURES, str)
"""Of a model of one event, whose measures end in nothing."""
