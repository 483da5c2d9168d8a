"""One question to a model of whatever kind: who knows a model and a patient asks here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from spinecast.clinical.blood_order import LEAST_HEMOGLOBIN, ORDER_INPUTS
from spinecast.errors import QuestionError
from spinecast.explanation.curve_prediction import predict_curve, predict_curve_table
from spinecast.explanation.ordered_blood import orders_blood
from spinecast.explanation.ordinal_prediction import predict_level_table, predict_levels
from spinecast.explanation.prediction import Known, predict_patient
from spinecast.explanation.quantity_prediction import predict_quantity, predict_quantity_table
from spinecast.models.loading import AnyModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel

if TYPE_CHECKING:
    import pandas as pd

    from spinecast.explanation.table_prediction import Figures, TablePrediction

__all__ = ["Answer", "Kind", "Question", "asked_inputs", "kind_of", "predict_any", "predict_any_table", "require_fits"]

Kind = Literal["event", "times", "quantity", "levels"]

_PREDICTED: Mapping[Kind, str] = {"event": "one event", "quantity": "a quantity", "levels": "ordered levels"}


class Answer(Protocol):
    """One patient's prediction, of any kind of model."""

    @property
    def known(self) -> Known:
        """What was known of the patient."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        ...

    def to_text(self) -> str:
        """Return lines for a person to read."""
        ...


@dataclass(frozen=True)
class Question:
    """What is asked beside the patient.

    Parameters
    ----------
    days : tuple of float
        Of a model of times: the days to answer; its study's when empty.
    minimum_hemoglobin : float, optional
        Of a model of blood loss: lowest haemoglobin accepted when blood is ordered, g/dL.
    level : str, optional
        Of a model of ordered levels: the one whose reaching is explained.
    """

    days: tuple[float, ...] = ()
    minimum_hemoglobin: float | None = None
    level: str | None = None


def kind_of(model: AnyModel) -> Kind:
    """Name what a model answers with."""
    if isinstance(model, PrognosisModel):
        return "event"
    if isinstance(model, OrdinalModel):
        return "levels"
    return "quantity" if isinstance(model, QuantityModel) else "times"


def asked_inputs(model: AnyModel) -> tuple[str, ...]:
    """Name the dictionary variables a patient may be described by: predictors, and what else the answer needs."""
    if isinstance(model, QuantityModel) and orders_blood(model):
        return tuple(dict.fromkeys((*model.predictors, *ORDER_INPUTS)))
    return model.predictors


def require_fits(model: AnyModel, question: Question) -> None:
    """Refuse what a model of this kind cannot be asked.

    Raises
    ------
    QuestionError
        If days are asked of a model that is none of times, blood of one that predicts no blood loss, or a level of one
        that predicts none.
    """
    kind = kind_of(model)
    if question.days and kind != "times":
        raise QuestionError(
            "days",
            f"{model.name} predicts {_PREDICTED[kind]}: it answers no other day",
            expected="days of a model of times alone",
            remedy="leave the days out",
        )
    ordering = isinstance(model, QuantityModel) and orders_blood(model)
    if question.minimum_hemoglobin is not None and not ordering:
        raise QuestionError(
            "minimum_hemoglobin",
            f"{model.name} predicts no blood loss: no blood is ordered",
            expected="a minimum haemoglobin of a model of intraoperative blood loss alone",
            remedy="leave the minimum haemoglobin out",
        )
    if question.level is not None and kind != "levels":
        raise QuestionError(
            "level",
            f"{model.name} predicts no ordered levels: none is reached",
            expected="a level of a model of ordered levels alone",
            remedy="leave the level out",
        )


def predict_any(model: AnyModel, identity: str, given: Mapping[str, Any], question: Question) -> Answer:
    """Predict and explain one patient.

    Parameters
    ----------
    model : AnyModel
    identity : str
    given : mapping of str to value
        As :func:`spinecast.explanation.prediction.predict_patient`.
    question : Question

    Raises
    ------
    ContractError
        If a field is unknown or a value impossible, nothing is known, or the question is not one for this model.
    DeclinedError
        If the model's study wants no risk given of such a patient.
    """
    require_fits(model, question)
    if isinstance(model, PrognosisModel):
        return predict_patient(model, identity, given)
    if isinstance(model, QuantityModel):
        least = question.minimum_hemoglobin
        return predict_quantity(model, identity, given, LEAST_HEMOGLOBIN if least is None else least)
    if isinstance(model, OrdinalModel):
        return predict_levels(model, identity, given, question.level)
    return predict_curve(model, identity, given, question.days)


class _TableOptions(TypedDict):
    allow_similar: bool
    beside: Figures | None


def predict_any_table(
    model: AnyModel,
    identity: str,
    table: pd.DataFrame,
    question: Question,
    *,
    allow_similar: bool = False,
    contributions: bool = False,
) -> TablePrediction:
    """Predict a table of patients.

    Parameters
    ----------
    model, identity
        As :func:`predict_any`.
    table, allow_similar
        As :func:`spinecast.explanation.table_prediction.predict_table`.
    question : Question
    contributions : bool
        Whether they are added as columns, as :func:`spinecast.explanation.table_prediction.columns_of_contributions`
        names them.

    Raises
    ------
    ContractError
        As :func:`spinecast.explanation.table_prediction.predict_table`, or if the question is not one for this model.
    """
    # Tables alone need pandas, which takes part of a second to load.
    from spinecast.explanation.table_contributions import contribution_columns
    from spinecast.explanation.table_prediction import predict_table

    require_fits(model, question)
    if isinstance(model, PrognosisModel):
        return predict_table(model, identity, table, allow_similar=allow_similar, contributions=contributions)
    beside = contribution_columns(model, question.days, question.level) if contributions else None
    how: _TableOptions = {"allow_similar": allow_similar, "beside": beside}
    if isinstance(model, QuantityModel):
        return predict_quantity_table(model, identity, table, **how)
    if isinstance(model, OrdinalModel):
        return predict_level_table(model, identity, table, **how)
    return predict_curve_table(model, identity, table, question.days, **how)
