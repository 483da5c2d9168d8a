"""One patient's curve with everything that must be kept of it, and the risks of a table, a column a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.patient import patient_row
from spinecast.errors import QuestionError
from spinecast.explanation.curve_contributions import explain_at
from spinecast.explanation.image_features import scanner_sentences, scanners_given, used_texts
from spinecast.explanation.prediction import Known, answering_submodels, notices, require_answerable
from spinecast.explanation.standing import Standing
from spinecast.explanation.summary import contribution_rows
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import CompetingRisksModel

if TYPE_CHECKING:
    import pandas as pd

    from spinecast.explanation.table_prediction import Figures, TablePrediction

__all__ = ["CurvePrediction", "asked_days", "predict_curve", "predict_curve_table"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CurvePrediction:
    """What was asked, what was answered over time and why.

    Parameters
    ----------
    model, identity, outcome : str
        The model's name, the hash of its manifest, and the event.
    given : mapping
        The inputs as they came.
    used : mapping of str to str
        Each predictor as the model read it; "not recorded" where missing.
    horizons : tuple of mapping
        ``{"day", "risk", "lower", "upper"}`` of each day asked for; ``{"day", "absent"}`` past the last one answered.
    curve : mapping
        ``days``, ``risk``, ``lower``, ``upper`` on the model's grid.
    other_causes : mapping of str to list
        Risk of each competing cause by the same days.
    median_days : mapping
        ``{"estimate"}`` in days, or ``{"absent"}`` with the reason.
    scale, explained_day : str, float
        What contributions add up to, and the day they are of.
    served, base_value, held, residual : float
        On that scale; ``held`` is what keeping the curve from falling added, nearly always 0.
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
    given: Mapping[str, Any]
    used: Mapping[str, str]
    horizons: tuple[Mapping[str, Any], ...]
    curve: Mapping[str, Any]
    other_causes: Mapping[str, list[float | None]]
    median_days: Mapping[str, Any]
    scale: str
    explained_day: float
    served: float
    base_value: float
    held: float
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
            "horizons": [dict(one) for one in self.horizons],
            "median_days": dict(self.median_days),
            "other_causes": {name: list(risks) for name, risks in self.other_causes.items()},
            "curve": dict(self.curve),
            **({"answered_by": list(self.answered_by)} if self.answered_by else {}),
            "explained_day": self.explained_day,
            "scale": self.scale,
            "served": self.served,
            "base_value": self.base_value,
            "held": self.held,
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
        shown = [row for row in self.contributions if abs(row["contribution"]) >= 0.005]
        width = max((len(row["label"]) for row in shown), default=0)
        rest = self.served - self.base_value - sum(row["contribution"] for row in shown)
        others = [
            f"  {name} by day {one['day']:g}: {risk:.1%}"
            for name, risks in self.other_causes.items()
            for one, risk in zip(self.horizons, risks, strict=True)
            if risk is not None
        ]
        median = self.median_days
        middle = median["absent"] if "absent" in median else f"day {median['estimate']:.0f}"
        lines = [
            f"{self.outcome}: risk by day, with 95 % limits",
            *(_horizon_line(one) for one in self.horizons),
            *(["other events, which keep this one from happening:", *others] if others else []),
            f"median time to the event: {middle}",
            f"model {self.model} ({self.identity[:12]})",
            *(f"answered by {which}" for which in self.answered_by),
            "",
            f"what raises (+) or lowers (-) the {self.scale} at day {self.explained_day:g}, largest first:",
            f"  {self.base_value:+.2f}  before any input is known",
            *(f"  {row['contribution']:+.2f}  {row['label']:{width}}  {row['value_text']}" for row in shown),
            f"  {rest:+z.2f}  all others together",
            f"  {self.served:+.2f}  sum: the {self.scale} of {-np.expm1(-np.exp(self.served)):.1%}",
            "",
            *(f"note: {warning}" for warning in self.warnings),
            *self.notices,
        ]
        return "\n".join(lines)


def _horizon_line(one: Mapping[str, Any]) -> str:
    if "absent" in one:
        return f"  day {one['day']:g}: not available: {one['absent']}"
    return f"  day {one['day']:g}: {one['risk']:.1%} ({one['lower']:.1%} to {one['upper']:.1%})"


def asked_days(model: TimedModel, days: Sequence[float]) -> tuple[float, ...]:
    """Return the days asked for, or those of the model's study.

    Raises
    ------
    QuestionError
        If a day is before the first, no number, or asked for twice.
    """
    chosen = tuple(days) or model.horizons_days
    for day in chosen:
        if not 1 <= day < np.inf:  # follow-up is recorded in days: of a part of the first one nothing is known
            raise QuestionError(
                "days", f"no risk can be given by day {day:g}", expected="days after the start, from 1 on"
            )
    if len(set(chosen)) != len(chosen):
        raise QuestionError("days", "a day is asked for twice", expected="each day once")
    return chosen


def predict_curve(
    model: TimedModel, identity: str, given: Mapping[str, Any], days: Sequence[float] = ()
) -> CurvePrediction:
    """Predict and explain one patient.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    identity : str
    given : mapping of str to value
        As :func:`spinecast.explanation.prediction.predict_patient`.
    days : sequence of float
        Days to answer; the study's when empty. A day past the follow-up is answered by the reason.

    Raises
    ------
    ContractError
        If a field is unknown or a value impossible, nothing at all is known, or a day makes no sense.
    DeclinedError
        If the model's study wants no risk given of such a patient.
    """
    asked = asked_days(model, days)
    row, warnings = patient_row(given, model.predictors)
    warnings = [*warnings, *scanner_sentences(model, row, scanners_given(given))]
    matrix = model.with_gaps(row)
    standing, outside = require_answerable(model, matrix)
    known = [day for day in asked if day <= model.last_day]
    day = known[0] if days and known else model.explained_day
    found = explain_at(model, matrix, day)
    variables = [variable(name) for name in model.predictors]
    grid = _grid(model)
    horizons, curve = _read(model, matrix, asked, grid)
    return CurvePrediction(
        model=model.name,
        identity=identity,
        outcome=str(model.about["outcome"]["label"]),
        given=dict(given),
        used=used_texts(variables, matrix[0], given),
        horizons=horizons,
        curve=curve,
        other_causes=_others(model, matrix, asked),
        median_days=_median(model, matrix),
        scale=found.scale,
        explained_day=day,
        served=float(found.served[0]),
        base_value=float(found.base_value[0]),
        held=float(found.held[0]),
        residual=float(found.residual[0]),
        contributions=tuple(contribution_rows(variables, matrix[0], found.values[0])),
        warnings=(*warnings, *outside),
        notices=notices(model),
        development=standing,
        answered_by=answering_submodels(model, matrix)[0],
        known=Known(matrix, float(model.missing_deviation(matrix)[0])),
    )


def predict_curve_table(
    model: TimedModel,
    identity: str,
    table: pd.DataFrame,
    days: Sequence[float] = (),
    *,
    allow_similar: bool = False,
    beside: Figures | None = None,
) -> TablePrediction:
    """Predict a table of patients: ``risk_DAY``, ``lower_DAY`` and ``upper_DAY`` for each day, and ``median_days``.

    Parameters
    ----------
    model, identity, table, allow_similar, beside
        As :func:`spinecast.explanation.table_prediction.predict_table`.
    days : sequence of float
        The study's when empty.

    Raises
    ------
    ContractError
        As :func:`spinecast.explanation.table_prediction.predict_table`, or if a day cannot be answered.
    """
    asked = asked_days(model, days)

    from spinecast.explanation.table_prediction import predicted_table, with_contributions  # tables alone need pandas

    def columns(matrix: FloatArray) -> dict[str, FloatArray]:
        found = (model.risk(matrix, asked), *model.interval(matrix, asked))
        named = {
            f"{name}_{day:g}": values[:, at]
            for at, day in enumerate(asked)
            for name, values in zip(("risk", "lower", "upper"), found, strict=True)
        }
        return named if isinstance(model, CompetingRisksModel) else named | {"median_days": model.median_days(matrix)}

    return predicted_table(model, identity, table, with_contributions(columns, beside), allow_similar=allow_similar)


def _grid(model: TimedModel) -> FloatArray:
    return model.hazards[0].grid if isinstance(model, CompetingRisksModel) else model.grid


def _read(
    model: TimedModel, matrix: FloatArray, asked: Sequence[float], grid: FloatArray
) -> tuple[tuple[dict[str, Any], ...], dict[str, list[float]]]:
    """Answer the days asked for and the grid in one reading: limits of one day take as long as those of many."""
    inside = [day for day in asked if day <= model.last_day]
    days = [*inside, *grid.tolist()]
    found = {"risk": model.risk(matrix, days)[0]}
    found |= dict(zip(("lower", "upper"), (limit[0] for limit in model.interval(matrix, days)), strict=True))
    reason = f"the development follow-up supports risks up to day {model.last_day:g}"
    horizons = tuple(
        {"day": day, **{name: float(values[inside.index(day)]) for name, values in found.items()}}
        if day in inside
        else {"day": day, "absent": reason}
        for day in asked
    )
    return horizons, {"days": grid.tolist(), **{name: v[len(inside) :].tolist() for name, v in found.items()}}


def _others(model: TimedModel, matrix: FloatArray, asked: Sequence[float]) -> dict[str, list[float | None]]:
    if not isinstance(model, CompetingRisksModel):
        return {}
    inside = [day for day in asked if day <= model.last_day]
    risks = model.risks(matrix, inside)[1:, 0] if inside else np.empty((len(model.causes) - 1, 0))
    found = {}
    for label, row in zip(model.labels[1:], risks, strict=True):
        by_day = dict(zip(inside, row.tolist(), strict=True))
        found[label] = [by_day.get(day) for day in asked]
    return found


def _median(model: TimedModel, matrix: FloatArray) -> dict[str, Any]:
    if isinstance(model, CompetingRisksModel):
        return {"absent": "other events compete: half of the patients need not have it, however long they are followed"}
    days = float(model.median_days(matrix)[0])
    if np.isnan(days):
        return {"absent": f"not reached by day {model.last_day:g}, where the development follow-up ends"}
    return {"estimate": days}
