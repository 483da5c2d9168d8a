"""What a served model answers about one patient: all of it, as JSON values, the same whenever it is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.patient import patient_row
from spinecast.documents.json_text import MalformedError, escaped
from spinecast.errors import DeclinedError
from spinecast.explanation.answering import predict_any
from spinecast.explanation.ordinal_prediction import threshold_asked
from spinecast.explanation.prediction import Known, notices
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.serving.narrowing import narrowing
from spinecast.serving.reading import PatientQuestion
from spinecast.serving.scores_beside import score_inputs, scores_of
from spinecast.serving.served_model import ServedModel

__all__ = ["answer"]


def answer(served: ServedModel, asked: PatientQuestion, *, explain: bool = False) -> dict[str, Any]:
    """Answer one question; nothing in it depends on when or by whom it is asked.

    Parameters
    ----------
    served : ServedModel
    asked : PatientQuestion
    explain : bool
        Whether to say which missing input would narrow the answer most, which takes longer.

    Returns
    -------
    dict
        ``model``, then either ``prediction`` or the reason why it is ``declined``; ``complement`` of an event,
        ``missing``, ``scores``, ``notices``.

    Raises
    ------
    ContractError
        If an input or the question cannot be.
    """
    _require_score_inputs(asked)
    said: dict[str, Any] = {"model": served.to_dict(), "prediction": None, "declined": None, "complement": None}
    try:
        answered = predict_any(served.model, served.identity, asked.inputs, asked.question)
        known, prediction = answered.known, answered.to_dict()
        said |= {"prediction": prediction, "complement": _complement(served, prediction)}
    except DeclinedError as error:
        said["declined"], known = error.what, _known(served, asked)
    said["missing"] = _missing(served, asked, known, explain=explain and said["prediction"] is not None)
    scored = {name: value for name, value in asked.inputs.items() if name in score_inputs()}
    said["scores"] = scores_of(scored | dict(asked.for_scores))
    said["notices"] = list(notices(served.model))
    return said


def _require_score_inputs(asked: PatientQuestion) -> None:
    known = score_inputs()
    for name, value in asked.for_scores.items():
        if asked.inputs.get(name, value) != value:
            raise MalformedError(
                f"{name[:100]} is given twice, with two values",
                pointer=f"/for_scores/{escaped(name[:100])}",
                expected="one value of a patient: risk and scores are of the same one",
            )
        if name not in known:
            raise MalformedError(
                f"no published score reads {name[:100]!r}",
                pointer=f"/for_scores/{escaped(name[:100])}",
                expected="a variable that a published score reads",
            )


def _complement(served: ServedModel, prediction: Mapping[str, Any]) -> dict[str, Any] | None:
    """Name and give the chance that the event does not happen: survival beside death."""
    outcome = served.model.about["outcome"]
    label = _without(outcome)
    if isinstance(served.model, PrognosisModel):
        return {"label": label, **_turned(prediction)}
    if isinstance(served.model, QuantityModel) or "horizons" not in prediction:
        return None
    if prediction.get("other_causes"):
        label = f"{label}, other events included"
    horizons = [one if "absent" in one else {"day": one["day"], **_turned(one)} for one in prediction["horizons"]]
    return {"label": label, "horizons": horizons}


def _turned(risk: Mapping[str, Any]) -> dict[str, float]:
    return {"probability": 1 - risk["risk"], "lower": 1 - risk["upper"], "upper": 1 - risk["lower"]}


def _without(outcome: Mapping[str, Any]) -> str:
    """Word the absence of the event: the event variable's own word, or that it is not had."""
    event = outcome.get("event")
    if (
        isinstance(event, str)
        and variable(event).levels[0].value == "absent"
        and variable(event).levels[0].label != "No"
    ):
        word, day = variable(event).levels[0].label, outcome.get("horizon_days")
        return word if day is None else f"{word} at day {day:g}"
    return f"Not: {outcome['label']}"


def _known(served: ServedModel, asked: PatientQuestion) -> Known:
    """Say what was known of a patient about whom nothing was answered."""
    model, level = served.model, asked.question.level
    row, _ = patient_row(asked.inputs, served.inputs)
    # What goes missing with an unknown scanner is missing here too.
    matrix = np.ascontiguousarray(model.with_gaps(row[:, : len(model.predictors)]))
    added = (
        model.missing_deviation(matrix, threshold_asked(model, level))
        if isinstance(model, OrdinalModel)
        else model.missing_deviation(matrix)
    )
    return Known(matrix, float(added[0]))


def _missing(served: ServedModel, asked: PatientQuestion, known: Known, *, explain: bool) -> dict[str, Any]:
    """Say what was not known, and what that cost."""
    model = served.model
    absent = [name for name, value in zip(model.predictors, known.matrix[0], strict=True) if np.isnan(value)]
    said: dict[str, Any] = {
        "count": len(absent),
        "of": len(model.predictors),
        "inputs": [{"variable": name, "label": variable(name).label} for name in absent],
        # The standard deviation by which they widen the limits, on the scale of the contributions.
        "added_deviation": known.added_deviation,
        "scale": model.served_scale,
    }
    if explain:
        said["narrowing"] = narrowing(model, known.matrix, asked.question.level)
    return said
