"""Fitted learners of times as data: each turns encoded columns into log cumulative hazards on the days of a grid.

Like the scorers of :mod:`spinecast.models.scorers`, which they are made of, they hold arrays and nothing that executes,
and a patient's curve is the same to the last bit whoever is computed beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr

from spinecast.errors import ArtifactError
from spinecast.models.scorers import SCORERS, Scorer
from spinecast.models.trees import Forest

__all__ = [
    "CURVES",
    "AcceleratedTimes",
    "Curves",
    "HazardForest",
    "IntervalHazards",
    "ProportionalHazards",
    "curves_from_arrays",
    "curves_to_arrays",
]

FloatArray = NDArray[np.float64]

# What an accelerated failure time model supposes of the logarithm of time around its location.
DISTRIBUTIONS = ("normal", "logistic", "extreme")
ROWS_AT_ONCE = 2048


class Curves(Protocol):
    """A fitted learner of times that is nothing but arrays."""

    kind: ClassVar[str]

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, days of the grid), from encoded columns, shape (n, columns)."""
        ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything it holds as named arrays."""
        ...


@dataclass(frozen=True)
class ProportionalHazards:
    """A score that raises or lowers one baseline curve: Cox's model, whoever fitted the score.

    Parameters
    ----------
    scorer : Scorer
        Log relative hazard.
    log_baseline : ndarray, shape (k,)
        Log cumulative hazard at score 0 on the grid.
    """

    kind: ClassVar[str] = "proportional_hazards"
    scorer: Scorer
    log_baseline: FloatArray

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k)."""
        return np.asarray(self.log_baseline + self.scorer.score(columns)[:, None], dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the score's arrays and the baseline."""
        return {**_nested(self.scorer), "log_baseline": self.log_baseline}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ProportionalHazards:
        """Rebuild from :meth:`to_arrays`."""
        return cls(scorer=_scorer(arrays), log_baseline=arrays["log_baseline"])


@dataclass(frozen=True)
class AcceleratedTimes:
    """A location of the logarithm of time, around which it has one distribution for everybody.

    Parameters
    ----------
    scorer : Scorer
        Location: higher for those who live longer.
    scale : float
        Of the distribution.
    distribution : int
        Position in `DISTRIBUTIONS`: normal, logistic, or extreme value (a Weibull time).
    log_grid : ndarray, shape (k,)
        Logarithm of the grid's days.
    """

    kind: ClassVar[str] = "accelerated_times"
    scorer: Scorer
    scale: float
    distribution: int
    log_grid: FloatArray

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k)."""
        return self.from_location(self.scorer.score(columns))

    def from_location(self, location: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k), from locations, shape (n,)."""
        z = (self.log_grid - location[:, None]) / self.scale
        match DISTRIBUTIONS[self.distribution]:
            case "extreme":  # S = exp(-exp(z))
                return np.asarray(z, dtype=np.float64)
            case "logistic":  # S = 1 / (1 + exp(z))
                return np.asarray(np.log(np.logaddexp(0.0, z)), dtype=np.float64)
            case _:  # S = Phi(-z)
                return np.asarray(np.log(-log_ndtr(-z)), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the score's arrays, the distribution and the grid."""
        return {
            **_nested(self.scorer),
            "scale": np.array(self.scale),
            "distribution": np.array(self.distribution),
            "log_grid": self.log_grid,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> AcceleratedTimes:
        """Rebuild from :meth:`to_arrays`."""
        return cls(
            scorer=_scorer(arrays),
            scale=float(arrays["scale"]),
            distribution=int(arrays["distribution"]),
            log_grid=arrays["log_grid"],
        )


@dataclass(frozen=True)
class HazardForest:
    """Mean over trees of the cumulative hazard in the leaf reached (Ishwaran et al. 2008, Ann Appl Stat 2:841).

    Parameters
    ----------
    forest : Forest
        With one output a day of the grid.
    smallest : float
        Cumulative hazard that stands for none: half an event among the patients fitted to. Where no tree saw an event
        so early, the logarithm would be infinite and the risk a certainty.
    """

    kind: ClassVar[str] = "hazard_forest"
    forest: Forest
    smallest: float

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k)."""
        result = np.empty((len(columns), self.forest.value.shape[1]))
        for start in range(0, len(columns), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            result[rows] = np.log(np.maximum(self.forest.predict(columns[rows]), self.smallest))
        return result

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the forest's arrays and the floor."""
        return {**self.forest.to_arrays(), "smallest": np.array(self.smallest)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> HazardForest:
        """Rebuild from :meth:`to_arrays`."""
        return cls(forest=Forest.from_arrays(arrays), smallest=float(arrays["smallest"]))


@dataclass(frozen=True)
class IntervalHazards:
    """A probability of the event in each interval among those who reach it (Singer & Willett 1993, J Educ Stat 18:155).

    Parameters
    ----------
    scorer : Scorer
        Fitted to rows of a patient and an interval, whose own columns come last.
    log_odds : bool
        Whether its score is a log-odds; otherwise it is a probability.
    intervals : ndarray, shape (j, q)
        The columns of each interval.
    passed : ndarray, shape (j, k)
        Share of each interval that has passed by each day of the grid.
    smallest : float
        Probability of an interval that stands for none, and one less it for certainty.
    """

    kind: ClassVar[str] = "interval_hazards"
    scorer: Scorer
    log_odds: bool
    intervals: FloatArray
    passed: FloatArray
    smallest: float

    def log_hazards(self, columns: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k): inside an interval the hazard is constant."""
        steps = np.empty((len(columns), len(self.intervals)))
        for position, interval in enumerate(self.intervals):
            repeated = np.broadcast_to(interval, (len(columns), len(interval)))
            steps[:, position] = self.scorer.score(np.ascontiguousarray(np.hstack([columns, repeated])))
        return self.from_scores(steps)

    def from_scores(self, steps: FloatArray) -> FloatArray:
        """Log cumulative hazards, shape (n, k), from the score of each interval, shape (n, j)."""
        chance = expit(steps) if self.log_odds else steps
        hazards = -np.log1p(-np.clip(chance, self.smallest, 1 - self.smallest))
        # numpy's own loops and not BLAS: the same bits for one patient and for many.
        total = np.einsum("ij,jk->ik", hazards, self.passed, optimize=False)
        return np.asarray(np.log(total), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the score's arrays and the intervals."""
        return {
            **_nested(self.scorer),
            "log_odds": np.array(self.log_odds),
            "intervals": self.intervals,
            "passed": self.passed,
            "smallest": np.array(self.smallest),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> IntervalHazards:
        """Rebuild from :meth:`to_arrays`."""
        return cls(
            scorer=_scorer(arrays),
            log_odds=bool(arrays["log_odds"]),
            intervals=arrays["intervals"],
            passed=arrays["passed"],
            smallest=float(arrays["smallest"]),
        )


CURVES: Mapping[str, Any] = {
    curves.kind: curves for curves in (ProportionalHazards, AcceleratedTimes, HazardForest, IntervalHazards)
}


def curves_to_arrays(curves: Curves) -> dict[str, NDArray[Any]]:
    """Everything a fitted learner holds, its kind among it."""
    return {**curves.to_arrays(), "kind": np.array(curves.kind)}


def curves_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Curves:
    """Rebuild a learner from :func:`curves_to_arrays`.

    Raises
    ------
    ArtifactError
        If it is of a kind this version does not know.
    """
    rebuilt: Curves = _known(str(arrays["kind"]), CURVES).from_arrays(arrays)
    return rebuilt


def _nested(scorer: Scorer) -> dict[str, NDArray[Any]]:
    return {f"scorer.{name}": array for name, array in scorer.to_arrays().items()} | {
        "scorer": np.array(scorer.kind),
    }


def _scorer(arrays: Mapping[str, NDArray[Any]]) -> Scorer:
    prefix = "scorer."
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    rebuilt: Scorer = _known(str(arrays["scorer"]), SCORERS).from_arrays(own)
    return rebuilt


def _known(kind: str, kinds: Mapping[str, Any]) -> Any:
    if kind not in kinds:
        raise ArtifactError(f"the stored learner is of an unknown kind: {kind}", expected=", ".join(sorted(kinds)))
    return kinds[kind]
