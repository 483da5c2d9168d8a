"""The one risk by which a model of whatever kind is watched, and how its outcome is read of patients who came back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spinecast.clinical.assessment import assessments_end
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.cohort import Cohort, Provenance
from spinecast.cohorts.columns import level_series
from spinecast.cohorts.outcomes import (
    BinaryRisk,
    CompetingHorizonOutcome,
    CompetingRisksOutcome,
    HorizonOutcome,
    LabelledOutcome,
    LandmarkOutcome,
    OrdinalOutcome,
    QuantityOutcome,
    ThresholdOutcome,
    TimeToEventOutcome,
    label_outcome,
    read_by_level,
)
from spinecast.errors import ContractError
from spinecast.models.loading import AnyModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.validation.recorded_outcome import outcome_from_record

__all__ = ["OneRisk", "one_risk"]

FloatArray = NDArray[np.float64]
Choice = TypeVar("Choice", float, str)


@dataclass(frozen=True)
class OneRisk:
    """A risk, and the outcome it is of.

    Parameters
    ----------
    label : str
        In words.
    outcome : BinaryRisk or OrdinalOutcome
        Follow-up is counted from the prediction; who is lost is weighted for.
    level : int
        Of ordered levels, the number of the one that is reached; 0 of anything else.
    path : str
        Where an answer holds the risk: ``risk``, or the list with one risk for each day, threshold or level.
    key, at : str, float or str
        Which of that list.
    """

    label: str
    outcome: BinaryRisk | OrdinalOutcome
    level: int = 0
    path: str = "risk"
    key: str = ""
    at: float | str = ""

    @property
    def time(self) -> str | None:
        """Variable with the days from the prediction; None where the outcome has none."""
        return getattr(self.outcome, "time", None)

    @property
    def state(self) -> str:
        """Variable that says what happened."""
        return str(
            next(getattr(self.outcome, key) for key in ("event", "status", "variable") if hasattr(self.outcome, key))
        )

    @property
    def horizon_days(self) -> float | None:
        """Days from the prediction until the outcome is known of everybody who is followed."""
        return getattr(self.outcome, "horizon_days", None)

    @property
    def waiting_days(self) -> int:
        """Whole days that must have passed since a prediction for its outcome to count.

        Of an assessment on a day, so many that it is over for everybody: who died before it is known sooner.
        """
        return math.ceil(self.horizon_days or assessments_end(self.state) or 0)

    def of_answer(self, prediction: Mapping[str, Any]) -> float | None:
        """Return the risk that an answer gave; None where it gave none of this."""
        if self.path == "risk":
            return float(prediction["risk"])
        for one in prediction[self.path]:
            if one[self.key] == self.at:
                found = one.get("risk", one.get("probability"))
                return None if found is None else float(found)
        return None

    def predict(self, model: AnyModel, matrix: FloatArray) -> FloatArray:
        """Return the risks, shape (n,), that the model itself gives of rows as recorded, shape (n, predictors)."""
        matrix = model.with_gaps(matrix)
        if isinstance(model, PrognosisModel):
            return model.predict(matrix)
        if isinstance(model, QuantityModel):
            return np.asarray(model.distribution(matrix).exceedance([float(self.at)])[:, 0], dtype=np.float64)
        if isinstance(model, OrdinalModel):
            return np.asarray(model.reached(matrix)[:, self.level - 1], dtype=np.float64)
        return np.asarray(model.risk(matrix, [float(self.at)])[:, 0], dtype=np.float64)

    def coded(self, value: str | float) -> float:
        """Return a state as the cohort's matrices code it."""
        entry = variable(self.state)
        if not entry.is_levelled:
            return float(value)
        return float(entry.level_values.index(str(value)))

    @property
    def not_yet(self) -> float:
        """Code of the state that says that nothing has happened so far, of an outcome with follow-up."""
        entry = variable(self.state)
        if isinstance(self.outcome, CompetingHorizonOutcome):
            ended = (*self.outcome.event_levels, *self.outcome.competing_levels)
            return float(next(place for place, level in enumerate(entry.level_values) if level not in ended))
        return 0.0

    def ended(self, time: FloatArray, state: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]] | None:
        """Return how long each was followed without the event, and whether it ended that; None without follow-up.

        What competes with the event keeps it from coming: whoever had that is known to the horizon not to have it, for
        the risk is the cumulative incidence. Where such patients are left out afterwards, no day can be said of them.

        Parameters
        ----------
        time, state : ndarray, shape (n,)
            As `label_patients`.
        """
        if isinstance(self.outcome, HorizonOutcome):
            return time, state == 1
        if not isinstance(self.outcome, CompetingHorizonOutcome) or self.outcome.handling == "exclude":
            return None
        ended = [self.coded(level) for level in self.outcome.event_levels]
        competing = [self.coded(level) for level in self.outcome.competing_levels]
        if self.outcome.handling == "composite":
            return time, np.isin(state, [*ended, *competing])
        return np.where(np.isin(state, competing), np.maximum(time, self.outcome.horizon_days), time), np.isin(
            state, ended
        )

    def label_patients(self, time: FloatArray, state: FloatArray) -> LabelledOutcome:
        """Say who had the outcome, and weigh those of whom it is known.

        Parameters
        ----------
        time : ndarray, shape (n,)
            Days followed since the prediction; NaN where the outcome has no follow-up.
        state : ndarray, shape (n,)
            What was found, coded; NaN where nothing was.

        Raises
        ------
        CohortError
            If all have it or none, or nobody was followed to the horizon.
        """
        entry = variable(self.state)
        values: Any = state
        if entry.is_levelled:
            values = level_series(entry, np.where(np.isnan(state), -1, state).astype(np.int64))
        frame = pd.DataFrame({self.state: values} | ({} if self.time is None else {self.time: time}))
        nobody = pd.Series([str(number) for number in range(len(frame))], dtype=object)
        cohort = Cohort("monitored", "real", frame, nobody, Provenance("monitored", "patients who came back"))
        if isinstance(self.outcome, OrdinalOutcome):
            return read_by_level(label_outcome(cohort, self.outcome), self.level)
        return label_outcome(cohort, self.outcome)


def one_risk(
    model: AnyModel, *, day: float | None = None, threshold: float | None = None, level: str | None = None
) -> OneRisk:
    """Choose the risk a model is watched by: its own, or that by a day, of a threshold, or of reaching a level.

    Parameters
    ----------
    model : AnyModel
    day, threshold, level : optional
        Of a model of times, of a quantity, or of ordered levels; the first its study names, and the level it explains,
        when left out.

    Raises
    ------
    ContractError
        If the model gives no such risk.
    """
    outcome = outcome_from_record(model.about.get("outcome"))
    label = str((model.about.get("outcome") or {}).get("label") or model.name)
    timed, quantity = TimeToEventOutcome | CompetingRisksOutcome, QuantityOutcome
    for option, given, kind in (
        ("--day", day, timed),
        ("--threshold", threshold, quantity),
        ("--level", level, OrdinalOutcome),
    ):
        if given is not None and not isinstance(outcome, kind):
            raise ContractError(f"{model.name} answers nothing that {option} could choose from", where=option)
    if isinstance(outcome, TimeToEventOutcome | CompetingRisksOutcome):
        return _by_day(outcome, label, day)
    if isinstance(outcome, QuantityOutcome) and isinstance(model, QuantityModel):
        at = _chosen(threshold, model.thresholds, "--threshold")
        reached = ThresholdOutcome(outcome.variable, at, label=label)
        words = f"{label}: at least {at:g} {variable(outcome.variable).unit_symbol}".rstrip()
        return OneRisk(words, reached, 0, "at_least", "threshold", at)
    if isinstance(outcome, OrdinalOutcome) and isinstance(model, OrdinalModel):
        return _by_level(outcome, model, label, level)
    if isinstance(outcome, LandmarkOutcome):  # predictions are made at the landmark
        outcome = HorizonOutcome(outcome.time, outcome.event, outcome.horizon_days, "ipcw", outcome.label)
    if isinstance(outcome, HorizonOutcome | CompetingHorizonOutcome) and getattr(outcome, "handling", "") != "exclude":
        outcome = replace(outcome, censored="ipcw")
    if not isinstance(model, PrognosisModel) or isinstance(outcome, OrdinalOutcome | QuantityOutcome):
        raise ContractError(f"{model.name} says of itself that it predicts something of another kind than it is")
    return OneRisk(label, outcome)


def _by_day(outcome: TimeToEventOutcome | CompetingRisksOutcome, label: str, day: float | None) -> OneRisk:
    at = _chosen(day, tuple(float(one) for one in outcome.horizons_days), "--day")
    words = f"{label} by day {at:g}"
    if isinstance(outcome, TimeToEventOutcome):
        return OneRisk(words, HorizonOutcome(outcome.time, outcome.event, at, "ipcw", label), 0, "horizons", "day", at)
    by_day = CompetingHorizonOutcome(
        outcome.time, outcome.status, outcome.causes[:1], at, outcome.causes[1:], censored="ipcw", label=label
    )
    return OneRisk(words, by_day, 0, "horizons", "day", at)


def _by_level(outcome: OrdinalOutcome, model: OrdinalModel, label: str, level: str | None) -> OneRisk:
    names = [str(one["level"]) for one in model.levels]
    chosen = names[model.explained_threshold + 1] if level is None else _chosen(level, tuple(names[1:]), "--level")
    number = names.index(chosen)
    words = f"{label}: {model.levels[number]['label']} reached"
    return OneRisk(words, outcome, number, "thresholds", "level", chosen)


def _chosen(given: Choice | None, known: tuple[Choice, ...], option: str) -> Choice:
    if given is None:
        return known[0]
    if given not in known:
        raise ContractError(
            f"{given} is none of the model's own",
            where=option,
            expected=f"one of {', '.join(str(one) for one in known)}",
        )
    return given
