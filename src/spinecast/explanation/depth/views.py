"""One number a patient from a model of any kind, and the scale on which its contributions add up.

Models of one event give a risk; models of times one by one day; models of ordered levels one of reaching a level;
models of a quantity their median. What is asked in depth (curves of dependence, interactions, local fits,
counterfactuals) is asked of that one number, so that no kind of model needs a reading of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.variable import format_number
from spinecast.cohorts.patient import patient_row
from spinecast.explanation.answering import Question, asked_inputs, require_fits
from spinecast.explanation.compiled_curves import compiled_model
from spinecast.explanation.contributions import explain
from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.curve_prediction import asked_days
from spinecast.explanation.ordinal_contributions import explain_threshold, reached_words, scale_of_threshold
from spinecast.explanation.ordinal_prediction import threshold_asked
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.models.loading import AnyModel, TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import from_scale
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import risk_of
from spinecast.models.survival.time_grid import read_at

__all__ = ["Explained", "View", "answer_text", "patient_matrix", "view_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explained:
    """Contributions to the one number.

    Parameters
    ----------
    values : ndarray, shape (n, predictors)
    base : ndarray, shape (n,)
        Before any predictor is looked at.
    served : ndarray, shape (n,)
        What the model serves on the scale.
    added : ndarray, shape (n,)
        What keeping a curve from falling, or putting crossing levels in order, added: no predictor's, 0 in most.
    methods : tuple of (str, str)
        How each part was taken apart.
    """

    values: FloatArray
    base: FloatArray
    served: FloatArray
    added: FloatArray
    methods: tuple[tuple[str, str], ...]

    @property
    def residual(self) -> FloatArray:
        """What contributions leave unexplained, shape (n,)."""
        return np.asarray(self.served - self.added - self.base - self.values.sum(axis=1), dtype=np.float64)


class View(Protocol):
    """One number a patient from a model."""

    @property
    def model(self) -> AnyModel:
        """The model that is asked."""
        ...

    @property
    def answered(self) -> str:
        """What the number is, in words: "risk of death within 90 days"."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the number; empty for a risk."""
        ...

    @property
    def scale(self) -> str:
        """What contributions add up to."""
        ...

    def answer(self, matrix: FloatArray) -> FloatArray:
        """Return what is served, shape (n,), from predictor values, shape (n, predictors)."""
        ...

    def on_scale(self, matrix: FloatArray) -> FloatArray:
        """Return what is served on the scale of the contributions, shape (n,)."""
        ...

    def answer_of(self, served: FloatArray) -> FloatArray:
        """Return the answer that is served where so much is served on the scale, shape (n,)."""
        ...

    def summed(self, matrix: FloatArray) -> FloatArray:
        """Return what contributions add up to, shape (n,): on the scale, before crossing curves are put in order."""
        ...

    def explained(self, matrix: FloatArray) -> Explained:
        """Take what is served on the scale apart.

        Raises
        ------
        AdditivityError
            If the contributions do not add up.
        """
        ...


@dataclass(frozen=True, eq=False)
class _Event:
    model: PrognosisModel
    scale: str = "log-odds"
    unit: str = ""

    @property
    def answered(self) -> str:
        return f"risk of {_outcome(self.model)}"

    def answer(self, matrix: FloatArray) -> FloatArray:
        return self.model.predict(matrix)

    def on_scale(self, matrix: FloatArray) -> FloatArray:
        return self.model.log_odds(matrix)

    def answer_of(self, served: FloatArray) -> FloatArray:
        return np.asarray(expit(served), dtype=np.float64)

    def summed(self, matrix: FloatArray) -> FloatArray:
        return self.on_scale(matrix)

    def explained(self, matrix: FloatArray) -> Explained:
        found = explain(self.model, matrix)
        return Explained(found.values, found.base_value, found.log_odds, np.zeros(len(matrix)), found.methods)


@dataclass(frozen=True, eq=False)
class _Day:
    model: TimedModel
    day: float
    unit: str = ""

    @property
    def scale(self) -> str:
        return self.model.served_scale

    @property
    def answered(self) -> str:
        return f"risk of {_outcome(self.model)} by day {self.day:g}"

    def answer(self, matrix: FloatArray) -> FloatArray:
        return self.model.risk(matrix, [self.day])[:, 0]

    def on_scale(self, matrix: FloatArray) -> FloatArray:
        if isinstance(self.model, CompetingRisksModel):
            return self.model.cloglog(matrix, self.day)
        return read_at(self.model.grid, [self.day]).of(self.model.log_hazards(matrix))[:, 0]

    def answer_of(self, served: FloatArray) -> FloatArray:
        return risk_of(served)

    def summed(self, matrix: FloatArray) -> FloatArray:
        if isinstance(self.model, CompetingRisksModel):
            return self.on_scale(matrix)
        return read_at(self.model.grid, [self.day]).of(self.model.corrected(matrix))[:, 0]

    def explained(self, matrix: FloatArray) -> Explained:
        found = explain_at(self.model, matrix, self.day)
        return Explained(found.values, found.base_value, found.served, found.held, found.methods)


@dataclass(frozen=True, eq=False)
class _Median:
    model: QuantityModel

    @property
    def unit(self) -> str:
        return self.model.unit

    @property
    def scale(self) -> str:
        return self.model.served_scale

    @property
    def answered(self) -> str:
        return f"median {_outcome(self.model)}"

    def answer(self, matrix: FloatArray) -> FloatArray:
        return self.model.distribution(matrix).median()

    def on_scale(self, matrix: FloatArray) -> FloatArray:
        return self.model.distribution(matrix).scaled(0.5)[:, 0]

    def answer_of(self, served: FloatArray) -> FloatArray:
        return from_scale(served, self.model.scale)

    def summed(self, matrix: FloatArray) -> FloatArray:
        return self.model.shifted(matrix)[:, self.model.middle]

    def explained(self, matrix: FloatArray) -> Explained:
        found = explain_median(self.model, matrix)
        return Explained(found.values, found.base_value, found.served, found.reordered, found.methods)


@dataclass(frozen=True, eq=False)
class _Level:
    model: OrdinalModel
    threshold: int
    unit: str = ""

    @property
    def scale(self) -> str:
        return scale_of_threshold(self.model, self.threshold)

    @property
    def answered(self) -> str:
        return f"chance of {reached_words(self.model, self.threshold)} of {_outcome(self.model)}"

    def answer(self, matrix: FloatArray) -> FloatArray:
        return self.model.reached(matrix)[:, self.threshold]

    def on_scale(self, matrix: FloatArray) -> FloatArray:
        return self.model.log_odds(matrix)[:, self.threshold]

    def answer_of(self, served: FloatArray) -> FloatArray:
        return np.asarray(expit(served), dtype=np.float64)

    def summed(self, matrix: FloatArray) -> FloatArray:
        return self.model.unordered(matrix)[:, self.threshold]

    def explained(self, matrix: FloatArray) -> Explained:
        found = explain_threshold(self.model, matrix, self.threshold)
        return Explained(found.values, found.base_value, found.served, found.reordered, found.methods)


def view_of(model: AnyModel, question: Question | None = None) -> View:
    """Return the one number that is asked of a model.

    Parameters
    ----------
    model : AnyModel
    question : Question, optional
        A day of a model of times (by default the one its own explanation is shown at), a level of one of levels.

    Raises
    ------
    QuestionError
        If it is none for this model.
    """
    asked = question or Question()
    require_fits(model, asked)
    if isinstance(model, PrognosisModel):
        return _Event(model)
    if isinstance(model, QuantityModel):
        return _Median(model)
    if isinstance(model, OrdinalModel):
        return _Level(model, threshold_asked(model, asked.level))
    # Asked of thousands of patients who do not exist.
    return _Day(compiled_model(model), asked_days(model, asked.days)[0] if asked.days else model.explained_day)


def _outcome(model: AnyModel) -> str:
    label = str(model.about["outcome"]["label"])
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def patient_matrix(model: AnyModel, given: Mapping[str, Any]) -> FloatArray:
    """Read one patient as a prediction does, shape (1, predictors).

    Parameters
    ----------
    model : AnyModel
    given : mapping of str to value
        What the model may be asked with: its predictors, what these follow from, and what an order of blood needs.

    Raises
    ------
    ContractError
        If the patient breaks the contract.
    """
    row, _ = patient_row(given, asked_inputs(model))
    return model.with_gaps(np.ascontiguousarray(row[:, : len(model.predictors)]))


def answer_text(unit: str, value: float) -> str:
    """Write the number as a person would: with its unit, or a risk as "31.4%"."""
    return f"{format_number(value)} {unit}" if unit else f"{value:.1%}"
