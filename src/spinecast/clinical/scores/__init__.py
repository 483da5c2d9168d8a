"""Published scores: one module each, gathered here.

A new score is one module here with a function and its `Score` in ``SCORES``; it is found by that. What a score reads
are matrix columns of the dictionary's variables; what is missing gives the range of what the score can be, never a
guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from spinecast.clinical.scores.batch import compute_scores
from spinecast.clinical.scores.columns import one_patient
from spinecast.clinical.scores.score import Columns, Direction, Score, ScoreResult, Stratum
from spinecast.errors import ContractError, nearest

__all__ = [
    "Columns",
    "Direction",
    "Score",
    "ScoreResult",
    "Stratum",
    "compute_scores",
    "one_patient",
    "score",
    "scores",
]


@cache
def scores() -> Mapping[str, Score]:
    """Return every score by name, in the order of the modules' names.

    Raises
    ------
    ValueError
        If two share a name.
    """
    gathered: dict[str, Score] = {}
    for module in iter_modules(__path__, prefix=f"{__name__}."):
        for entry in getattr(import_module(module.name), "SCORES", ()):
            if entry.name in gathered:
                raise ValueError(f"two scores are called {entry.name}")
            gathered[entry.name] = entry
    return MappingProxyType(gathered)


def score(name: str) -> Score:
    """Return one score.

    Raises
    ------
    ContractError
        If there is none of that name; names the nearest.
    """
    entries = scores()
    if name in entries:
        return entries[name]
    close = nearest(name, entries)
    raise ContractError(
        f"there is no score {name!r}",
        expected=f"one of {', '.join(entries)}",
        remedy=f"did you mean {close}?" if close else None,
    )
