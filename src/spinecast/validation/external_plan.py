"""What an external validation is made of: the settings, and the plan for each kind of model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.checking.findings import FileFinding
from spinecast.cohorts.checking.findings import NotApplicable as FileNotApplicable
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledLevels, LabelledOutcome, LabelledQuantity, LabelledTimes, Outcome
from spinecast.models.loading import AnyModel, TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.validation.comparing import Comparator
from spinecast.validation.development import Development, Overlap
from spinecast.validation.risk_sources import RiskSource
from spinecast.validation.subgroups import FEWEST

__all__ = ["OrdinalPlan", "QuantityPlan", "TimesPlan", "ValidationPlan", "ValidationSettings"]


@dataclass(frozen=True)
class ValidationSettings:
    """What a validation shows beyond its fixed measures.

    Parameters
    ----------
    thresholds : tuple of float
        Risks at which classification and net benefit are given.
    decision_range : tuple of float
        First and last threshold of the decision curve.
    bootstrap, seed : int
        Resamples of intervals without a formula, and the start of every random draw.
    fewest : int
        Fewest events, and fewest patients without one, of a group or a comparator that is shown.
    draws : int
        Random choices for each number of missing inputs.
    subgroups : tuple of str
        Variables whose groups are evaluated where the cohort holds them.
    """

    thresholds: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5)
    decision_range: tuple[float, float] = (0.05, 0.95)
    bootstrap: int = 200
    seed: int = 1
    fewest: int = FEWEST
    draws: int = 10
    subgroups: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "thresholds": list(self.thresholds),
            "decision_range": list(self.decision_range),
            "bootstrap": self.bootstrap,
            "seed": self.seed,
            "fewest": self.fewest,
            "draws": self.draws,
            "subgroups": list(self.subgroups),
        }


@dataclass(frozen=True, eq=False)
class ValidationPlan:
    """Everything a validation is made of.

    Parameters
    ----------
    source : RiskSource
        What is validated.
    cohort : Cohort
    outcome : Outcome
    labelled : LabelledOutcome
        Its outcome in the cohort.
    development : Development
    comparators : tuple of RiskSource
        What else can be computed from the cohort.
    barred : tuple of (str, str)
        What was asked for and must not be compared, and why.
    recorded : tuple of Comparator
        Predictions that stand in the cohort, shape (n labelled,) each.
    model : AnyModel, optional
        The model behind `source`.
    lacking : tuple of str
        Predictors that nobody has.
    overlap : Overlap, optional
        People in both cohorts, where they were looked for already.
    dated : tuple of results of the file checks, optional
        What the days on which variables were measured say (CC057), where a mapping names them.
    settings : ValidationSettings
    """

    source: RiskSource
    cohort: Cohort
    outcome: Outcome
    labelled: LabelledOutcome
    development: Development
    comparators: tuple[RiskSource, ...] = ()
    barred: tuple[tuple[str, str], ...] = ()
    recorded: tuple[Comparator, ...] = ()
    model: AnyModel | None = None
    lacking: tuple[str, ...] = ()
    overlap: Overlap | None = None
    dated: tuple[FileFinding | FileNotApplicable, ...] | None = None
    settings: ValidationSettings = ValidationSettings()


@dataclass(frozen=True, eq=False)
class TimesPlan:
    """What a validation of curves is made of.

    Parameters
    ----------
    at_day : ValidationPlan
        The same at one of the days, where the model gives a risk as any other does: its source and its outcome are of
        that day. Case mix, missing inputs, subgroups and the checks are looked at there.
    times : LabelledTimes
    model : TimeToEventModel or CompetingRisksModel
    horizons : tuple of float
        Days that are judged, that of `at_day` among them.
    sources_at : callable
        Maps a day to what else gives a risk, or a ranking, by it.
    recorded : tuple of Comparator
        Predictions that stand in the cohort, of one day each.
    """

    at_day: ValidationPlan
    times: LabelledTimes
    model: TimedModel
    horizons: tuple[float, ...]
    sources_at: Callable[[float], tuple[RiskSource, ...]] = lambda _: ()
    recorded: tuple[Comparator, ...] = ()

    def of_those(self, scored: NDArray[np.intp]) -> Self:
        """Plan it of the patients who are scored, by position: whom the model would decline is not judged."""
        times = self.times
        chosen = replace(times, time=times.time[scored], cause=times.cause[scored], rows=times.rows[scored])
        recorded = tuple(replace(one, risk=np.asarray(one.risk)[scored]) for one in self.recorded)
        return replace(self, times=chosen, recorded=recorded)


@dataclass(frozen=True, eq=False)
class QuantityPlan:
    """What a validation of quantiles is made of.

    Parameters
    ----------
    at_threshold : ValidationPlan
        The same at one threshold, as in :class:`TimesPlan`.
    quantity : LabelledQuantity
    model : QuantityModel
    thresholds : tuple of float
        In the canonical unit.
    checked : float
        The threshold of `at_threshold`.
    others : tuple of (str, QuantityModel)
        Models of the same quantity to set beside it, with what reports call them.
    """

    at_threshold: ValidationPlan
    quantity: LabelledQuantity
    model: QuantityModel
    thresholds: tuple[float, ...]
    checked: float
    others: tuple[tuple[str, QuantityModel], ...] = ()

    def of_those(self, scored: NDArray[np.intp]) -> Self:
        """As :meth:`TimesPlan.of_those`."""
        quantity = self.quantity
        return replace(self, quantity=replace(quantity, values=quantity.values[scored], rows=quantity.rows[scored]))


@dataclass(frozen=True, eq=False)
class OrdinalPlan:
    """What a validation of ordered levels is made of.

    Parameters
    ----------
    at_level : ValidationPlan
        The same at reaching one level, as in :class:`TimesPlan`.
    levels : LabelledLevels
    model : OrdinalModel
    checked : int
        Position of the threshold of `at_level`, from 0.
    others : tuple of (str, OrdinalModel)
        Models of the same levels to set beside it, with what reports call them.
    """

    at_level: ValidationPlan
    levels: LabelledLevels
    model: OrdinalModel
    checked: int
    others: tuple[tuple[str, OrdinalModel], ...] = ()

    def of_those(self, scored: NDArray[np.intp]) -> Self:
        """As :meth:`TimesPlan.of_those`."""
        levels = self.levels
        return replace(self, levels=replace(levels, values=levels.values[scored], rows=levels.rows[scored]))
