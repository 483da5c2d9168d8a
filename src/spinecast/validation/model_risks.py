"""Risks of models of ours: of an event, by one day, of reaching a threshold or a level."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from spinecast.clinical.declared import DevelopmentDeclared
from spinecast.explanation.standing import declined_limits
from spinecast.models.loading import AnyModel, TimedModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.validation.risk_sources import AskedOutcome, Columns, FloatArray, RiskSource

__all__ = ["level_source", "model_source", "predict_columns", "predictor_blocks", "threshold_source", "timed_source"]

# Rows predicted at once: bounds the memory of a cohort of any size.
ROWS_AT_ONCE = 20_000
# A chance on the log-odds must be no certainty.
CERTAIN = 1e-6


def model_source(model: PrognosisModel, identity: str, asked: AskedOutcome, *, label: str = "") -> RiskSource:
    """Take risks from a model of ours.

    Parameters
    ----------
    model : PrognosisModel
    identity : str
    asked : AskedOutcome
        A model of another outcome or another horizon ranks patients only.
    label : str
        What reports call it; the model's title when empty.
    """

    def compute(columns: Columns) -> FloatArray:
        return predict_columns(model, columns)

    recorded = dict(model.about.get("outcome") or {})
    return _own_source(model, identity, compute, _other_outcome(recorded, asked), label)


def predict_columns(model: PrognosisModel, columns: Columns) -> FloatArray:
    """Predict from matrix columns, shape (n,); a predictor without a column is missing for everyone."""
    return np.concatenate([model.predict(block) for block in predictor_blocks(model.predictors, columns)])


def predictor_blocks(predictors: Sequence[str], columns: Columns) -> Iterator[FloatArray]:
    """Yield the patients' predictors some rows at a time, shape (rows, predictors); what has no column is missing."""
    count = len(next(iter(columns.values())))
    for start in range(0, count, ROWS_AT_ONCE):
        length = min(ROWS_AT_ONCE, count - start)
        nothing = np.full(length, np.nan)
        block = [columns[name][start : start + length] if name in columns else nothing for name in predictors]
        yield np.ascontiguousarray(np.column_stack(block))


def timed_source(model: TimedModel, identity: str, asked: AskedOutcome, *, label: str = "") -> RiskSource:
    """Take risks by one day from a model of times.

    Parameters
    ----------
    model : TimeToEventModel or CompetingRisksModel
    identity : str
    asked : AskedOutcome
        Of another outcome, or past the last day it answers for, it ranks patients by its risk on a day it does.
    label : str
        As :func:`model_source`.
    """
    day = asked.horizon_days
    event = str(model.about["outcome"].get("event") or model.about["outcome"].get("status"))
    if event != asked.event:
        why = f"the model predicts {model.about['outcome'].get('label') or event}, not {asked.words}"
    elif day is None:
        why = "the model predicts a risk by a day, and the outcome has none"
    else:
        why = "" if day <= model.last_day else f"the model answers up to day {model.last_day:g}, not {asked.words}"
    read = model.last_day if day is None else min(day, model.last_day)

    def compute(columns: Columns) -> FloatArray:
        return np.concatenate(
            [model.risk(block, [read])[:, 0] for block in predictor_blocks(model.predictors, columns)]
        )

    return _own_source(model, identity, compute, why, label)


def threshold_source(
    model: QuantityModel, identity: str, variable: str, threshold: float, *, label: str = ""
) -> RiskSource:
    """Take the chance of reaching a threshold from a model of a quantity.

    Parameters
    ----------
    model : QuantityModel
    identity : str
    variable : str
        The quantity that is measured; a model of another one ranks patients only.
    threshold : float
        In the canonical unit.
    label : str
        As :func:`model_source`.
    """

    def chance(block: FloatArray) -> FloatArray:
        return model.distribution(block).exceedance([threshold])[:, 0]

    return _reaching_source(model, identity, variable, chance, label)


def level_source(model: OrdinalModel, identity: str, variable: str, number: int, *, label: str = "") -> RiskSource:
    """Take the chance of reaching one level from a model of ordered levels.

    Parameters
    ----------
    model : OrdinalModel
    identity : str
    variable : str
        The variable whose levels are read; a model of another one ranks patients only.
    number : int
        Position of the threshold, from 0.
    label : str
        As :func:`model_source`.
    """

    def chance(block: FloatArray) -> FloatArray:
        return model.reached(block)[:, number]

    return _reaching_source(model, identity, variable, chance, label)


def _reaching_source(
    model: QuantityModel | OrdinalModel,
    identity: str,
    variable: str,
    chance: Callable[[FloatArray], FloatArray],
    label: str,
) -> RiskSource:
    theirs = str(model.about["outcome"]["variable"])
    why = "" if theirs == variable else f"the model predicts {theirs}, not {variable}"

    def compute(columns: Columns) -> FloatArray:
        risk = np.concatenate([chance(block) for block in predictor_blocks(model.predictors, columns)])
        return np.asarray(np.clip(risk, CERTAIN, 1 - CERTAIN), dtype=np.float64)

    return _own_source(model, identity, compute, why, label)


def _own_source(
    model: AnyModel, identity: str, compute: Callable[[Columns], FloatArray], why: str, label: str
) -> RiskSource:
    """A model of ours, with the limits of its study where it has any: whom it would decline, nobody judges."""

    def declines(columns: Columns) -> list[tuple[str, ...]]:
        return [one for block in predictor_blocks(model.predictors, columns) for one in declined_limits(model, block)]

    return RiskSource(
        name=model.name,
        label=label or str(model.about.get("title") or model.name),
        kind="model",
        inputs=model.predictors,
        identity=identity,
        compute=compute,
        ranks_only=why,
        note=f"Model {model.name}, identity {identity[:12]}.",
        declared=DevelopmentDeclared.model_validate(model.about.get("development") or {}),
        declines=declines if model.about.get("decline") else None,
    )


def _other_outcome(recorded: Mapping[str, Any], asked: AskedOutcome) -> str:
    event = next((recorded[key] for key in ("event", "status", "variable") if recorded.get(key)), None)
    if event is not None and event != asked.event:
        return f"the model predicts {recorded.get('label') or event}, not {asked.words}"
    horizon = recorded.get("horizon_days")
    if event is not None and horizon != asked.horizon_days:
        theirs = "without a horizon" if horizon is None else f"by day {horizon:g}"
        return f"the model predicts {event} {theirs}, not {asked.words}"
    return ""
