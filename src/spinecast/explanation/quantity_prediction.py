"""One patient's quantity with everything that must be kept of it, and the quantiles of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.blood_order import LEAST_HEMOGLOBIN, ORDER_INPUTS, order_text
from spinecast.clinical.dictionary import variable
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError
from spinecast.explanation.image_features import scanner_sentences, scanners_given, used_texts
from spinecast.explanation.ordered_blood import blood_order, orders_blood
from spinecast.explanation.prediction import Known, answering_submodels, notices, require_answerable
from spinecast.explanation.quantity_contributions import explain_median
from spinecast.explanation.standing import Standing
from spinecast.explanation.summary import contribution_rows
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import QuantileFunction

if TYPE_CHECKING:
    import pandas as pd

    from spinecast.explanation.table_prediction import Figures, TablePrediction

__all__ = [
    "QuantityPrediction",
    "intervals_of",
    "predict_quantity",
    "predict_quantity_table",
    "quantity_columns",
]

FloatArray = NDArray[np.float64]

STATED = (0.5, 0.8, 0.9)


@dataclass(frozen=True)
class QuantityPrediction:
    """What was asked, what was answered and why.

    Parameters
    ----------
    model, identity, outcome, unit : str
    given : mapping
        The inputs as they came.
    used : mapping of str to str
        Each predictor as the model read it; "not recorded" where missing.
    median : float
    quantiles : tuple of mapping
        ``{"level", "value"}`` of each level that was learned.
    intervals : tuple of mapping
        ``{"stated", "lower", "upper"}``: central intervals said to hold the quantity in that share of such patients.
    at_least : tuple of mapping
        ``{"threshold", "probability"}``.
    blood_order : mapping, optional
        Units to cross-match by the rule that is named; of a model of intraoperative blood loss.
    scale : str
        What contributions add up to.
    served, base_value, reordered, residual : float
        On that scale.
    contributions : tuple of mapping
        Largest first.
    warnings, notices : tuple of str
    development : Standing or None
        Where the patient stands among the development patients; None for a model that does not keep it.
    answered_by : tuple of str
        The pattern submodel that answered in each part made of them.
    known : Known
    """

    model: str
    identity: str
    outcome: str
    unit: str
    given: Mapping[str, Any]
    used: Mapping[str, str]
    median: float
    quantiles: tuple[Mapping[str, float], ...]
    intervals: tuple[Mapping[str, float], ...]
    at_least: tuple[Mapping[str, float], ...]
    blood_order: Mapping[str, Any] | None
    scale: str
    served: float
    base_value: float
    reordered: float
    residual: float
    contributions: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    notices: tuple[str, ...]
    development: Standing | None = None
    answered_by: tuple[str, ...] = ()
    known: Known = field(kw_only=True, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "model": self.model,
            "identity": self.identity,
            "outcome": self.outcome,
            "unit": self.unit,
            "median": self.median,
            "quantiles": [dict(one) for one in self.quantiles],
            "intervals": [dict(one) for one in self.intervals],
            "at_least": [dict(one) for one in self.at_least],
            **({} if self.blood_order is None else {"blood_order": dict(self.blood_order)}),
            **({"answered_by": list(self.answered_by)} if self.answered_by else {}),
            "scale": self.scale,
            "served": self.served,
            "base_value": self.base_value,
            "reordered": self.reordered,
            "residual": self.residual,
            "contributions": [dict(row) for row in self.contributions],
            "given": dict(self.given),
            "used": dict(self.used),
            "development": None if self.development is None else self.development.to_dict(),
            "warnings": list(self.warnings),
            "notices": list(self.notices),
        }

    def to_text(self) -> str:
        """Return lines for a person to read."""
        unit = f" {self.unit}".rstrip()
        shown = [row for row in self.contributions if abs(row["contribution"]) >= 0.005]
        width = max((len(row["label"]) for row in shown), default=0)
        rest = self.served - self.base_value - sum(row["contribution"] for row in shown)
        lines = [
            f"{self.outcome}: half of such patients stay below {self.median:,.0f}{unit}",
            *(
                f"  {one['stated']:.0%} lie between {one['lower']:,.0f} and {one['upper']:,.0f}{unit}"
                for one in self.intervals
            ),
            "probability of",
            *(f"  {one['threshold']:,.0f}{unit} and more: {one['probability']:.1%}" for one in self.at_least),
            *self._order_lines(),
            f"model {self.model} ({self.identity[:12]})",
            *(f"answered by {which}" for which in self.answered_by),
            "",
            f"what raises (+) or lowers (-) the median on the scale {self.scale}, largest first:",
            f"  {self.base_value:+.2f}  before any input is known",
            *(f"  {row['contribution']:+.2f}  {row['label']:{width}}  {row['value_text']}" for row in shown),
            f"  {rest:+z.2f}  all others together",
            f"  {self.served:+.2f}  sum: the {self.scale} of {self.median:,.0f}{unit}",
            "",
            *(f"note: {warning}" for warning in self.warnings),
            *self.notices,
        ]
        return "\n".join(lines)

    def _order_lines(self) -> list[str]:
        order = self.blood_order
        if order is None:
            return []
        if "absent" in order:
            return [f"blood to cross-match: not estimable: {order['absent']}"]
        said = [
            f"  for a loss of {one['loss']:,.0f} mL ({one['level']:.0%} of such patients lose less): "
            + (one["absent"] if "absent" in one else order_text(one["units"]))
            for one in order["orders"]
        ]
        return ["blood to cross-match", *said, f"  {order['rule']}; lowest {order['least_hemoglobin']:g} g/dL"]


def predict_quantity(
    model: QuantityModel, identity: str, given: Mapping[str, Any], least_hemoglobin: float = LEAST_HEMOGLOBIN
) -> QuantityPrediction:
    """Predict and explain one patient.

    Parameters
    ----------
    model : QuantityModel
    identity : str
    given : mapping of str to value
        As :func:`spinecast.explanation.prediction.predict_patient`; of a blood loss `ORDER_INPUTS` too.
    least_hemoglobin : float
        Lowest haemoglobin accepted when blood is ordered, g/dL.

    Raises
    ------
    ContractError
        If a field is unknown or a value impossible, or nothing at all is known.
    DeclinedError
        If the model's study wants no answer given of such a patient.
    """
    if not 0 < least_hemoglobin < np.inf:
        raise ContractError(f"no haemoglobin of {least_hemoglobin:g} g/dL can be kept", expected="a value above 0")
    asked = tuple(dict.fromkeys((*model.predictors, *(ORDER_INPUTS if orders_blood(model) else ()))))
    row, warnings = patient_row(given, asked)
    matrix = row[:, : len(model.predictors)]
    warnings = [*warnings, *scanner_sentences(model, matrix, scanners_given(given))]
    matrix = model.with_gaps(matrix)
    standing, outside = require_answerable(model, matrix)
    found, why = model.distribution(matrix), explain_median(model, matrix)
    variables = [variable(name) for name in model.predictors]
    order = None
    if orders_blood(model):
        known = dict(zip(asked, row[0].tolist(), strict=True))
        order = blood_order(found, {name: known[name] for name in ORDER_INPUTS}, least_hemoglobin)
    return QuantityPrediction(
        model=model.name,
        identity=identity,
        outcome=str(model.about["outcome"]["label"]),
        unit=model.unit,
        given=dict(given),
        used=used_texts(variables, matrix[0], given),
        median=float(found.median()[0]),
        quantiles=tuple(
            {"level": float(level), "value": float(value)}
            for level, value in zip(model.levels, found.quantiles()[0], strict=True)
        ),
        intervals=intervals_of(found, 0),
        at_least=tuple(
            {"threshold": threshold, "probability": float(chance)}
            for threshold, chance in zip(model.thresholds, found.exceedance(model.thresholds)[0], strict=True)
        ),
        blood_order=order,
        scale=why.scale,
        served=float(why.served[0]),
        base_value=float(why.base_value[0]),
        reordered=float(why.reordered[0]),
        residual=float(why.residual[0]),
        contributions=tuple(contribution_rows(variables, matrix[0], why.values[0])),
        warnings=(*warnings, *outside),
        notices=notices(model),
        development=standing,
        answered_by=answering_submodels(model, matrix)[0],
        known=Known(matrix, float(model.missing_deviation(matrix)[0])),
    )


def intervals_of(found: QuantileFunction, row: int) -> tuple[dict[str, float], ...]:
    """Central intervals of one patient."""
    ends = [(stated, *found.interval(stated)) for stated in STATED]
    return tuple(
        {"stated": stated, "lower": float(lower[row]), "upper": float(upper[row])} for stated, lower, upper in ends
    )


def quantity_columns(model: QuantityModel, matrix: FloatArray) -> dict[str, FloatArray]:
    """Columns of a table of predictions: ``quantile_0.5`` and so on, and ``at_least_1000``."""
    found = model.distribution(matrix)
    named = dict(zip((f"quantile_{level:g}" for level in model.levels), found.quantiles().T, strict=True))
    chances = found.exceedance(model.thresholds).T
    return named | dict(zip((f"at_least_{one:g}" for one in model.thresholds), chances, strict=True))


def predict_quantity_table(
    model: QuantityModel,
    identity: str,
    table: pd.DataFrame,
    *,
    allow_similar: bool = False,
    beside: Figures | None = None,
) -> TablePrediction:
    """Predict a table of patients: the columns of :func:`quantity_columns`.

    Parameters
    ----------
    model, identity, table, allow_similar, beside
        As :func:`spinecast.explanation.table_prediction.predict_table`.

    Raises
    ------
    ContractError
        As :func:`spinecast.explanation.table_prediction.predict_table`.
    """
    from spinecast.explanation.table_prediction import predicted_table, with_contributions  # tables alone need pandas

    def columns(matrix: FloatArray) -> dict[str, FloatArray]:
        return quantity_columns(model, matrix)

    return predicted_table(model, identity, table, with_contributions(columns, beside), allow_similar=allow_similar)
