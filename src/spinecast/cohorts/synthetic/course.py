"""What happens to a chunk of patients: their outcomes, and the true chances behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import format_number
from spinecast.cohorts.synthetic.calibration import (
    Calibration,
    OrdinalFit,
    QuantityFit,
    StateFit,
    baseline_shift,
)
from spinecast.cohorts.synthetic.effects import Predictor
from spinecast.cohorts.synthetic.hazards import Hazard, cumulative_incidence
from spinecast.cohorts.synthetic.population import Patients, recording_of
from spinecast.cohorts.synthetic.recipe_blocks import (
    CompetingOutcome,
    DeathBefore,
    OrdinalOutcome,
    QuantityOutcome,
    Recipe,
    Site,
    StateOutcome,
    SurvivalOutcome,
    Years,
)
from spinecast.cohorts.synthetic.streams import Streams

__all__ = ["Course", "CourseOfPatients"]

FloatArray = NDArray[np.float64]
Named = dict[str, FloatArray]


@dataclass(frozen=True, eq=False)
class CourseOfPatients:
    """What happened to a chunk of patients, and what was bound to happen.

    Parameters
    ----------
    outcomes : dict of str to ndarray, shape (n,)
        Outcome variables in the coding of `Cohort.matrix`.
    truth : dict of str to ndarray, shape (n,)
        Linear predictors and true chances, by column of the truth file.
    """

    outcomes: Named
    truth: Named


@dataclass(frozen=True, eq=False)
class Course:
    """What a calibrated recipe does to patients at one site.

    Parameters
    ----------
    recipe : Recipe
    calibration : Calibration
    site : Site, optional
        None for the recipe as it stands.
    years : Years
        When the patients are treated; follow-up closes some years after the last one.
    """

    recipe: Recipe
    calibration: Calibration
    site: Site | None
    years: Years

    def follow(self, patients: Patients, streams: Streams) -> CourseOfPatients:
        """Draw what happens to a chunk of patients."""
        hazards = {
            name: (event.hazard, event.predictor.value(patients.columns) + self._shift(name, patients))
            for name, event in self.calibration.events.items()
        }
        size = len(patients.index_day)
        times = {
            name: hazard.times(streams.exponential(f"time to {name}"), predictor)
            for name, (hazard, predictor) in hazards.items()
        }
        followed = self._followed(patients, streams)
        outcomes: Named = {}
        truth: Named = {
            f"{name}_linear_predictor": np.broadcast_to(np.asarray(predictor, dtype=np.float64), size)
            for name, (_, predictor) in hazards.items()
        }
        for block in self.recipe.outcomes:
            if isinstance(block, SurvivalOutcome | CompetingOutcome):
                outcomes |= _observed(block, times, followed, self.site)
                truth |= _time_truth(block, hazards, self.recipe.horizons, size)
                continue
            predictor = Predictor.of(block.effects).value(patients.columns) + self._shift(block.variable, patients)
            predictor = np.broadcast_to(np.asarray(predictor, dtype=np.float64), size)
            fit = self.calibration.outcomes[block.variable]
            truth[f"{block.variable}_linear_predictor"] = predictor
            drawn, chances = self._assessment(block, fit, predictor, streams)
            outcomes[block.variable] = drawn
            truth |= dict(chances)
            if not isinstance(block, QuantityOutcome) and block.died is not None:
                outcomes[block.variable], lost = _with_death(block.variable, block.died, drawn, times, hazards)
                truth |= {name: np.broadcast_to(values, size) for name, values in lost.items()}
        return CourseOfPatients(outcomes, truth)

    def _shift(self, name: str, patients: Patients) -> FloatArray | float:
        return baseline_shift(name, patients, self.site, self.recipe.drift)

    def _followed(self, patients: Patients, streams: Streams) -> FloatArray:
        """Return the day on which follow-up would end were nothing to happen, shape (n,)."""
        rules = self.recipe.follow_up
        closes = (date(self.years.last + rules.years_after_last, 12, 31) - date(1970, 1, 1)).days
        followed = (closes - patients.index_day).astype(np.float64)
        if rules.lost is None:
            return followed
        rate = -math.log1p(-rules.lost.proportion) / rules.lost.days
        lost: FloatArray = np.ceil(streams.exponential("loss to follow-up") / rate)
        return np.minimum(followed, lost)

    def _assessment(
        self,
        block: StateOutcome | OrdinalOutcome | QuantityOutcome,
        fit: StateFit | OrdinalFit | QuantityFit,
        predictor: FloatArray,
        streams: Streams,
    ) -> tuple[FloatArray, Iterator[tuple[str, FloatArray]]]:
        """Draw a state, a grade or a quantity; return it with its true chances."""
        if isinstance(block, StateOutcome) and isinstance(fit, StateFit):
            return _state(block, fit, predictor, streams)
        if isinstance(block, OrdinalOutcome) and isinstance(fit, OrdinalFit):
            return _grade(block, fit, predictor, streams)
        if isinstance(block, QuantityOutcome) and isinstance(fit, QuantityFit):
            return _amount(block, fit, predictor, streams, self.site)
        raise TypeError(f"{type(block).__name__} with {type(fit).__name__}")


def _observed(
    block: SurvivalOutcome | CompetingOutcome,
    times: Mapping[str, FloatArray],
    followed: FloatArray,
    site: Site | None,
) -> Named:
    """Return time and status as recorded: begun days counted whole, until the first event or the end of follow-up."""
    names = (block.event,) if isinstance(block, SurvivalOutcome) else tuple(block.events.values())
    all_times = np.stack([times[name] for name in names])
    day = np.maximum(np.ceil(all_times.min(axis=0)), 1.0)
    happened = day <= followed
    if isinstance(block, SurvivalOutcome):
        codes, none = np.array([1.0]), 0.0
    else:
        levels = variable(block.status).level_values
        codes = np.array([float(levels.index(level)) for level in block.events])
        none = float(levels.index(block.none))
    recorded = recording_of(block.time, None, site).recorded_not_below(np.where(happened, day, followed))
    return {block.time: recorded, block.status: np.where(happened, codes[all_times.argmin(axis=0)], none)}


def _time_truth(
    block: SurvivalOutcome | CompetingOutcome,
    hazards: Mapping[str, tuple[Hazard, FloatArray | float]],
    horizons: tuple[int, ...],
    size: int,
) -> Named:
    """Return true survival, or true incidence of each competing event, at every horizon."""
    truth: Named = {}
    for days in horizons:
        if isinstance(block, SurvivalOutcome):
            hazard, predictor = hazards[block.event]
            truth[f"{block.event}_survival_{days}d"] = np.broadcast_to(hazard.survival(days, predictor), size)
            continue
        racing = {name: hazards[name] for name in block.events.values()}
        for level, name in block.events.items():
            column = f"{block.status}_{level}_by_{days}d"
            truth[column] = np.broadcast_to(cumulative_incidence(name, days, racing), size)
    return truth


def _state(
    block: StateOutcome, fit: StateFit, predictor: FloatArray, streams: Streams
) -> tuple[FloatArray, Iterator[tuple[str, FloatArray]]]:
    levels = variable(block.variable).level_values
    chance = np.asarray(special.expit(fit.intercept + predictor), dtype=np.float64)
    present = streams.uniform(f"outcome {block.draw or block.variable}") < chance
    drawn = np.where(present, float(levels.index(block.level)), float(levels.index(block.otherwise)))
    return drawn, iter([(f"{block.variable}_{block.level}_probability", chance)])


def _grade(
    block: OrdinalOutcome, fit: OrdinalFit, predictor: FloatArray, streams: Streams
) -> tuple[FloatArray, Iterator[tuple[str, FloatArray]]]:
    levels = [variable(block.variable).level_values.index(level) for level in block.probabilities]
    reached = np.stack([special.expit(predictor - cut) for cut in fit.cuts])
    steps = (streams.uniform(f"outcome {block.variable}") < reached).sum(axis=0)
    ends = np.concatenate([np.ones((1, predictor.size)), reached, np.zeros((1, predictor.size))])
    chances = (
        (f"{block.variable}_{level}_probability", ends[j] - ends[j + 1]) for j, level in enumerate(block.probabilities)
    )
    return np.array(levels, dtype=np.float64)[steps], chances


def _amount(
    block: QuantityOutcome, fit: QuantityFit, predictor: FloatArray, streams: Streams, site: Site | None
) -> tuple[FloatArray, Iterator[tuple[str, FloatArray]]]:
    centre = fit.intercept + predictor
    values = np.exp(centre + fit.log_sd * streams.normal(f"outcome {block.variable}"))
    limits = None if block.limits is None else (float(block.limits[0]), float(block.limits[1]))
    drawn = recording_of(block.variable, None, site).recorded(values, limits)
    chances = [(f"{block.variable}_median", np.exp(centre))]
    if block.at_least is not None:
        above = special.ndtr((centre - np.log(block.at_least.value)) / fit.log_sd)
        column = f"{block.variable}_at_least_{format_number(block.at_least.value)}_probability"
        chances.append((column, np.asarray(above, dtype=np.float64)))
    return drawn, iter(chances)


def _with_death(
    name: str,
    died: DeathBefore,
    drawn: FloatArray,
    times: Mapping[str, FloatArray],
    hazards: Mapping[str, tuple[Hazard, FloatArray | float]],
) -> tuple[FloatArray, Named]:
    """Give people who did not live to be assessed their own level; return it with their true chance."""
    level = float(variable(name).level_values.index(died.level))
    hazard, predictor = hazards[died.event]
    before = np.ceil(times[died.event]) <= died.days
    column = f"{name}_{died.level}_probability"
    return np.where(before, level, drawn), {column: 1 - hazard.survival(died.days, predictor)}
