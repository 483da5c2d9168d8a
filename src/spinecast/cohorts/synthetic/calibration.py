"""Solving for what a recipe leaves open, so that the cohort shows what was published.

The unknowns (Weibull scale and shape, the common factor of design effects, intercepts, cut-points, residual spread)
are solved for on a fixed reference population of 131,072 patients of the recipe without any site (the common factor on
the first 32,768 of them), with exact expectations in place of drawn outcomes. The same recipe gives the same numbers
every time; what is left is the sampling error of the reference population, below 0.1 percentage points of mortality.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spinecast.cohorts.synthetic.effects import Predictor
from spinecast.cohorts.synthetic.hazards import Hazard, cumulative_incidence, expected_auc, solve_increasing
from spinecast.cohorts.synthetic.marginals import UnattainableError
from spinecast.cohorts.synthetic.population import Columns, Patients, Population
from spinecast.cohorts.synthetic.recipe_blocks import (
    Anchor,
    Discrimination,
    Drift,
    Event,
    OrdinalOutcome,
    QuantityOutcome,
    Recipe,
    Site,
    StateOutcome,
)
from spinecast.cohorts.synthetic.streams import CHUNK, Streams
from spinecast.documents import KeyPath, Problem, dotted

__all__ = [
    "CalibratedEvent",
    "Calibration",
    "CalibrationError",
    "OrdinalFit",
    "QuantityFit",
    "StateFit",
    "baseline_shift",
    "calibrate",
]

FloatArray = NDArray[np.float64]
Predictors = Mapping[str, FloatArray | float]
Competing = Mapping[str, tuple[Hazard, FloatArray]]

_REFERENCE_CHUNKS = 4
_LARGEST_FACTOR = 8.0
_LOG_BOUNDS = (-60.0, 60.0)


class CalibrationError(UnattainableError):
    """What a recipe states cannot be had.

    Parameters
    ----------
    problem : Problem
        The key it concerns and why.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


@dataclass(frozen=True, eq=False)
class CalibratedEvent:
    """An event with everything known: its baseline, and its linear predictor with the factor of design effects."""

    hazard: Hazard
    predictor: Predictor


@dataclass(frozen=True)
class StateFit:
    """Log-odds of a state where the linear predictor is 0."""

    intercept: float


@dataclass(frozen=True)
class OrdinalFit:
    """Cut-points: the log-odds of level j or higher is the linear predictor minus cuts[j - 1]."""

    cuts: tuple[float, ...]


@dataclass(frozen=True)
class QuantityFit:
    """Mean of the logarithm where the linear predictor is 0, and its unexplained standard deviation."""

    intercept: float
    log_sd: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """A recipe with everything solved for.

    Parameters
    ----------
    events : mapping of event to CalibratedEvent
    outcomes : mapping of outcome variable to StateFit, OrdinalFit or QuantityFit
    missing : mapping of variable to float
        Log-odds that it is missing where the drivers' linear predictor is 0.
    """

    events: Mapping[str, CalibratedEvent]
    outcomes: Mapping[str, StateFit | OrdinalFit | QuantityFit]
    missing: Mapping[str, float]


def calibrate(recipe: Recipe) -> Calibration:
    """Solve a recipe's unknowns.

    Parameters
    ----------
    recipe : Recipe
        Checked against the dictionary.

    Raises
    ------
    CalibrationError
        If what it states cannot be had; names the key.
    """
    patients = _reference(recipe)
    events: dict[str, CalibratedEvent] = {}
    predictors: dict[str, FloatArray | float] = {}
    # Anchors of cumulative incidence need the competing events first.
    for name in sorted(recipe.events, key=lambda each: bool(recipe.events[each].competing)):
        drift = baseline_shift(name, patients, None, recipe.drift)
        events[name], predictors[name] = _event(name, recipe.events[name], patients.columns, drift, events, predictors)
    outcomes: dict[str, StateFit | OrdinalFit | QuantityFit] = {}
    for position, block in enumerate(recipe.outcomes):
        if isinstance(block, StateOutcome | OrdinalOutcome | QuantityOutcome):
            predictor = Predictor.of(block.effects).value(patients.columns)
            predictor = predictor + baseline_shift(block.variable, patients, None, recipe.drift)
            key: KeyPath = ("outcomes", position)
            if isinstance(block, QuantityOutcome):
                outcomes[block.variable] = _quantity(key, block, predictor)
            else:
                assessed = _assessed(block, events, predictors, len(patients.index_day))
                outcomes[block.variable] = _levels(key, block, predictor, assessed)
    return Calibration(events, outcomes, _missing(recipe, patients.columns))


def baseline_shift(name: str, patients: Patients, site: Site | None, drift: Drift | None) -> FloatArray | float:
    """Return the log ratio by which an event or outcome differs at a site and in each patient's year, shape (n,)."""
    moved: FloatArray | float = math.log(site.baseline.get(name, 1.0)) if site else 0.0
    if drift is not None and name in drift.baseline:
        moved = moved + math.log(drift.baseline[name]) * (patients.year - drift.reference_year)
    return moved


def _reference(recipe: Recipe) -> Patients:
    population = Population(recipe)
    chunks = [
        population.draw(Streams(0, f"reference population of {recipe.recipe}", chunk, CHUNK))
        for chunk in range(_REFERENCE_CHUNKS)
    ]
    columns = {name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in chunks[0].columns}
    return Patients(np.concatenate([chunk.index_day for chunk in chunks]), Columns(columns))


def _event(
    name: str,
    event: Event,
    columns: Columns,
    drift: FloatArray | float,
    others: Mapping[str, CalibratedEvent],
    predictors: Predictors,
) -> tuple[CalibratedEvent, FloatArray | float]:
    """Solve an event's baseline and, where a discrimination is asked for, the factor of its design effects."""
    predictor = Predictor.of(event.effects)
    published, design = predictor.parts(columns)
    size = len(next(iter(columns.values())))

    def total(factor: float) -> FloatArray:
        return np.broadcast_to(np.asarray(published + factor * design + drift, dtype=np.float64), size)

    competing = {each: (others[each].hazard, np.broadcast_to(predictors[each], size)) for each in event.competing}
    factor = 1.0
    if event.discrimination is not None:
        first = {each: (hazard, values[:CHUNK]) for each, (hazard, values) in competing.items()}
        factor = _factor(name, event, event.discrimination, lambda x: total(x)[:CHUNK], first)
    hazard = _hazard(name, event, total(factor), competing)
    return CalibratedEvent(hazard, Predictor.of(event.effects, factor)), total(factor)


def _factor(
    name: str, event: Event, wanted: Discrimination, total: Callable[[float], FloatArray], competing: Competing
) -> float:
    """Return the common factor of design effects that brings the true risk to the area wanted."""
    key: KeyPath = ("events", name, "discrimination", "auc")

    def area(factor: float) -> float:
        predictor = total(factor)
        hazard = _hazard(name, event, predictor, competing)
        areas = [expected_auc(1 - hazard.survival(days, predictor)) for days in wanted.days]
        return float(np.mean(areas))

    found = solve_increasing(area, wanted.auc, 0.0, _LARGEST_FACTOR)
    if found is None:
        lowest, highest = area(0.0), area(_LARGEST_FACTOR)
        raise CalibrationError(
            Problem(
                key,
                f"{dotted(key)}: the effects of {name} cannot tell patients apart with an area of {wanted.auc:g}",
                f"an area from {lowest:.3f} (published effects alone) to {highest:.3f} (design effects times "
                f"{_LARGEST_FACTOR:g})",
                "change the area, or add or drop design effects",
            )
        )
    return found


def _hazard(name: str, event: Event, predictor: FloatArray, competing: Competing) -> Hazard:
    """Return the Weibull baseline through an event's anchors."""
    key: KeyPath = ("events", name, "anchors")
    if len(event.anchors) == 2:
        points = sorted(event.anchors, key=lambda anchor: anchor.days)
        logs = [_log_hazard(key, anchor, predictor) for anchor in points]
        shape = (logs[1] - logs[0]) / math.log(points[1].days / points[0].days)
        if not 0.05 < shape < 20:
            what = f"{dotted(key)}: no hazard goes through both points (its shape would be {shape:.3g})"
            raise CalibrationError(Problem(key, what, "fewer patients without the event at the later day"))
        return Hazard(logs[0] - shape * math.log(points[0].days), shape)
    anchor, shape = event.anchors[0], float(event.shape or 1.0)
    if anchor.event_free is not None:
        return Hazard(_log_hazard(key, anchor, predictor) - shape * math.log(anchor.days), shape)

    def incidence(log_rate: float) -> float:
        hazards = {**competing, name: (Hazard(log_rate, shape), predictor)}
        return float(cumulative_incidence(name, anchor.days, hazards).mean())

    wanted = float(anchor.cumulative_incidence or 0)
    spread = float(np.abs(predictor).max())
    found = solve_increasing(incidence, wanted, _LOG_BOUNDS[0] - spread, _LOG_BOUNDS[1])
    if found is None:
        what = f"{dotted(key)}: {anchor.days} days are too few for {wanted:.1%} when others come first"
        raise CalibrationError(Problem((*key, 0), what, "a lower incidence or a later day"))
    return Hazard(found, shape)


def _log_hazard(key: KeyPath, anchor: Anchor, predictor: FloatArray) -> float:
    """Return the log cumulative hazard by an anchor's day at linear predictor 0: mean survival is as published."""
    centre = float(predictor.mean())
    ratios = np.exp(predictor - centre)
    found = solve_increasing(
        lambda log_rate: -float(np.exp(-np.exp(log_rate) * ratios).mean()), -float(anchor.event_free or 0), *_LOG_BOUNDS
    )
    if found is None:
        raise CalibrationError(
            Problem(key, f"{dotted(key)}: no hazard reaches {anchor.event_free} by day {anchor.days}")
        )
    return found - centre


def _assessed(
    block: StateOutcome | OrdinalOutcome,
    events: Mapping[str, CalibratedEvent],
    predictors: Predictors,
    size: int,
) -> FloatArray:
    """Return each patient's chance to live to the assessment, shape (n,)."""
    if block.died is None:
        return np.ones(size)
    event = block.died.event
    return np.broadcast_to(events[event].hazard.survival(block.died.days, predictors[event]), size)


def _levels(
    key: KeyPath, block: StateOutcome | OrdinalOutcome, predictor: FloatArray | float, assessed: FloatArray
) -> StateFit | OrdinalFit:
    """Return the log-odds that give the stated shares among those who could be assessed."""
    logits = np.broadcast_to(np.asarray(predictor, dtype=np.float64), assessed.shape)

    def intercept(proportion: float) -> float:
        found = _solve_share(logits, proportion, assessed)
        if found is None:
            raise CalibrationError(Problem(key, f"{dotted(key)}: a share of {proportion:g} cannot be had"))
        return found

    if isinstance(block, StateOutcome):
        return StateFit(intercept(block.proportion))
    given = np.array(list(block.probabilities.values()))
    higher = 1 - np.cumsum(given / given.sum())[:-1]
    return OrdinalFit(tuple(-intercept(float(proportion)) for proportion in higher))


def _quantity(key: KeyPath, block: QuantityOutcome, predictor: FloatArray | float) -> QuantityFit:
    """Return intercept and residual spread from two of: median, residual spread, share at a threshold."""

    def share_above(log_value: float, centre: float, spread: float) -> float:
        return float(np.mean(special.ndtr((centre + predictor - log_value) / spread)))

    def centre_for(log_value: float, proportion: float, spread: float) -> float:
        found = solve_increasing(lambda centre: share_above(log_value, centre, spread), proportion, *_LOG_BOUNDS)
        return math.nan if found is None else found

    if block.at_least is None:
        spread = float(block.residual_log_sd or 0)
        return QuantityFit(centre_for(math.log(float(block.median or 0)), 0.5, spread), spread)
    threshold, wanted = math.log(block.at_least.value), block.at_least.proportion
    if block.median is None:
        spread = float(block.residual_log_sd or 0)
        return QuantityFit(centre_for(threshold, wanted, spread), spread)
    middle = math.log(block.median)

    def reached(spread: float) -> float:
        return share_above(threshold, centre_for(middle, 0.5, spread), spread)

    narrowest, widest = 1e-3, 10.0
    found = solve_increasing(reached, wanted, narrowest, widest)
    if found is None:
        own = (*key, "at_least", "proportion")
        raise CalibrationError(
            Problem(
                own,
                f"{dotted(own)}: with a median of {block.median:g} the share at or above {block.at_least.value:g} "
                f"cannot be {wanted:g}",
                f"a share from {reached(narrowest):.3f} (effects alone) to {reached(widest):.3f}",
            )
        )
    return QuantityFit(centre_for(middle, 0.5, found), found)


def _missing(recipe: Recipe, columns: Columns) -> dict[str, float]:
    """Return the log-odds that give each variable its stated rate of missing values where it applies."""
    drivers = Predictor.of(recipe.missingness.drivers).value(columns)
    intercepts = {}
    for name, block in recipe.missingness.rates.items():
        applies = ~np.isnan(columns[name])
        logits = np.broadcast_to(drivers, applies.shape)[applies]
        found = _solve_share(logits, block.rate)
        if found is None:
            key: KeyPath = ("missingness", "rates", name)
            raise CalibrationError(Problem(key, f"{dotted(key)}: a rate of {block.rate:g} cannot be had"))
        intercepts[name] = found
    return intercepts


def _solve_share(logits: FloatArray, share: float, weights: FloatArray | None = None) -> float | None:
    """Return what to add to log-odds, shape (n,), to have a mean probability; None if there is nobody."""
    if not logits.size:
        return None

    def mean(intercept: float) -> float:
        return float(np.average(special.expit(intercept + logits), weights=weights))

    return solve_increasing(mean, share, *_LOG_BOUNDS)
