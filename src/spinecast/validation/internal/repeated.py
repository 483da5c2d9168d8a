"""Cross-validation repeated: what another division into folds, and fewer patients to learn from, do to the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from spinecast.statistics import Absent, Estimate, Measure, measure_from_dict
from spinecast.validation.internal.optimism import INTERNAL_MEASURES, Tuning
from spinecast.validation.measures import fold_measures
from spinecast.validation.predictions import Predictions

__all__ = [
    "LearningCurve",
    "LearningPoint",
    "RepeatedMeasure",
    "RepeatedValidation",
    "Spread",
    "learning_curve",
    "learning_points",
    "mean_of_repeats",
    "validate_repeatedly",
]

Answers = TypeVar("Answers")


@dataclass(frozen=True)
class Spread:
    """How a measure differs between repeats: divisions into folds alone, the patients are the same."""

    lowest: float
    highest: float
    standard_deviation: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return the spread as JSON-ready values."""
        return {
            "lowest": self.lowest,
            "highest": self.highest,
            "standard_deviation": self.standard_deviation,
        }


@dataclass(frozen=True)
class RepeatedMeasure:
    """One measure over repeats.

    Parameters
    ----------
    mean : Estimate or Absent
        Mean of the repeats' estimates. Its interval has the means of the repeats' limits: repeats share their patients,
        so that more of them do not make it narrower.
    spread : Spread or Absent
    """

    mean: Measure
    spread: Spread | Absent

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as JSON-ready values: those of the mean, and the spread."""
        return self.mean.to_dict() | {"spread": self.spread.to_dict()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> RepeatedMeasure:
        """Rebuild a measure from :meth:`to_dict`."""
        spread = value["spread"]
        return cls(measure_from_dict(value), Absent.from_dict(spread) if "absent" in spread else Spread(**spread))


@dataclass(frozen=True)
class RepeatedValidation:
    """Out-of-fold performance over repeated divisions into folds.

    Parameters
    ----------
    repeats : int
        Divisions that could be used.
    folds : int
    tuning : {"fixed", "repeated"}
        Whether the search over parameters was repeated in each fold.
    measures : dict of str to RepeatedMeasure
    notes : tuple of str
        Why further divisions could not be used.
    """

    repeats: int
    folds: int
    tuning: Tuning
    measures: dict[str, RepeatedMeasure]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the validation as JSON-ready values."""
        return {
            "basis": "out-of-fold, repeated",
            "repeats": self.repeats,
            "folds": self.folds,
            "tuning": self.tuning,
            "measures": {name: measure.to_dict() for name, measure in self.measures.items()},
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> RepeatedValidation:
        """Rebuild a validation from :meth:`to_dict`."""
        measures = {name: RepeatedMeasure.from_dict(one) for name, one in value["measures"].items()}
        return cls(value["repeats"], value["folds"], value["tuning"], measures, tuple(value["notes"]))


@dataclass(frozen=True)
class LearningPoint:
    """Out-of-fold performance of models of a share of the training patients.

    Parameters
    ----------
    share : float
    n_train, events_train : float
        Training patients whose outcome is known and events among them, means over folds.
    measures : dict of str to RepeatedMeasure, or Absent
        Absent where so few patients could not be trained on.
    """

    share: float
    n_train: float
    events_train: float
    measures: dict[str, RepeatedMeasure] | Absent

    def to_dict(self) -> dict[str, Any]:
        """Return the point as JSON-ready values."""
        return {
            "share": self.share,
            "n_train": self.n_train,
            "events_train": self.events_train,
            "measures": self.measures.to_dict()
            if isinstance(self.measures, Absent)
            else {name: measure.to_dict() for name, measure in self.measures.items()},
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> LearningPoint:
        """Rebuild a point from :meth:`to_dict`."""
        found = value["measures"]
        measures = (
            Absent.from_dict(found)
            if "absent" in found
            else {name: RepeatedMeasure.from_dict(one) for name, one in found.items()}
        )
        return cls(value["share"], value["n_train"], value["events_train"], measures)


@dataclass(frozen=True)
class LearningCurve:
    """Performance by the number of patients trained on.

    Parameters
    ----------
    repeats, folds : int
    tuning : {"fixed", "repeated"}
        Whether the search was repeated for each share; fixed parameters were found on all patients.
    points : tuple of LearningPoint
        By share, ascending.
    """

    repeats: int
    folds: int
    tuning: Tuning
    points: tuple[LearningPoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON-ready values."""
        return {
            "basis": "out-of-fold",
            "repeats": self.repeats,
            "folds": self.folds,
            "tuning": self.tuning,
            "points": [point.to_dict() for point in self.points],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> LearningCurve:
        """Rebuild a curve from :meth:`to_dict`."""
        points = tuple(LearningPoint.from_dict(point) for point in value["points"])
        return cls(value["repeats"], value["folds"], value["tuning"], points)


def validate_repeatedly(
    repeats: Sequence[Predictions],
    *,
    folds: int,
    tuning: Tuning,
    notes: Sequence[str] = (),
    bootstrap: int,
    seed: int,
) -> RepeatedValidation | Absent:
    """Average measures of out-of-fold predictions over divisions into folds.

    Parameters
    ----------
    repeats : sequence of Predictions
        Of all patients, out-of-fold, one a division.
    folds, tuning, notes
        As in :class:`RepeatedValidation`.
    bootstrap, seed : int
        Resamples, and their seed, of intervals that have no formula.

    Returns
    -------
    RepeatedValidation or Absent
        Absent without a repeat.
    """
    if not repeats:
        return Absent("; ".join(notes) or "no division into folds could be used")
    return RepeatedValidation(len(repeats), folds, tuning, _over_repeats(repeats, bootstrap, seed), tuple(notes))


def learning_curve(
    shares: Mapping[float, tuple[float, float, Sequence[Predictions] | Absent]],
    *,
    repeats: int,
    folds: int,
    tuning: Tuning,
    bootstrap: int,
    seed: int,
) -> LearningCurve:
    """Follow out-of-fold performance over shares of the training patients.

    Parameters
    ----------
    shares : mapping of float to (float, float, sequence of Predictions or Absent)
        For each share: training patients and events, and the out-of-fold predictions of each repeat.
    repeats, folds, tuning, bootstrap, seed
        As in :func:`validate_repeatedly`.
    """
    points = learning_points(shares, lambda found: _over_repeats(found, bootstrap, seed))
    return LearningCurve(repeats, folds, tuning, points)


def learning_points(
    shares: Mapping[float, tuple[float, float, Sequence[Answers] | Absent]],
    judged: Callable[[Sequence[Answers]], dict[str, RepeatedMeasure]],
) -> tuple[LearningPoint, ...]:
    """Judge what models of each share of the training patients answered, by share, ascending.

    Parameters
    ----------
    shares : mapping of float to (float, float, sequence or Absent)
        For each share: training patients and events, and the out-of-fold answers of each repeat.
    judged : callable
        Maps the answers of all repeats to their measures.
    """
    return tuple(
        LearningPoint(share, n, events, found if isinstance(found, Absent) else judged(found))
        for share, (n, events, found) in sorted(shares.items(), key=lambda item: item[0])
    )


def _over_repeats(repeats: Sequence[Predictions], bootstrap: int, seed: int) -> dict[str, RepeatedMeasure]:
    found = [fold_measures(one, bootstrap=bootstrap, seed=seed) for one in repeats]
    return {name: mean_of_repeats([measures[name] for measures in found]) for name in INTERNAL_MEASURES}


def mean_of_repeats(measures: Sequence[Measure]) -> RepeatedMeasure:
    """Mean and spread of one measure over repeats; absent where one of them has no value."""
    missing = [measure for measure in measures if isinstance(measure, Absent)]
    if missing:
        return RepeatedMeasure(missing[0], missing[0])
    there = [measure for measure in measures if isinstance(measure, Estimate)]
    values = np.array([measure.estimate for measure in there])
    limits = [(measure.lower, measure.upper) for measure in there]
    lower, upper = (
        None if any(pair[end] is None for pair in limits) else float(np.mean([pair[end] for pair in limits]))
        for end in (0, 1)
    )
    once = len(there) == 1
    method = there[0].method if once else f"mean of {len(there)} repeats, each: {there[0].method}"
    mean = Estimate(float(values.mean()), lower, upper, there[0].n, there[0].events, method)
    deviation = None if once else float(values.std(ddof=1))
    return RepeatedMeasure(mean, Spread(float(values.min()), float(values.max()), deviation))
