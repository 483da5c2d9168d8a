"""One prediction of ordered levels with everything that must be kept of it; and a table of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.patient import patient_row
from spinecast.errors import QuestionError, nearest
from spinecast.explanation.image_features import scanner_sentences, scanners_given, used_texts
from spinecast.explanation.ordinal_contributions import explain_threshold, scale_of_threshold
from spinecast.explanation.ordinal_summary import threshold_rows
from spinecast.explanation.prediction import Known, answering_submodels, notices, require_answerable
from spinecast.explanation.standing import Standing
from spinecast.explanation.summary import contribution_rows
from spinecast.models.ordinal.model import OrdinalModel

if TYPE_CHECKING:
    import pandas as pd

    from spinecast.explanation.table_prediction import Figures, TablePrediction

__all__ = ["LevelPrediction", "level_columns", "predict_level_table", "predict_levels", "threshold_asked"]

FloatArray = NDArray[np.float64]

BAR = 40


@dataclass(frozen=True)
class LevelPrediction:
    """What was asked, what was answered and why.

    Parameters
    ----------
    model, identity, outcome : str
    given : mapping
        The inputs as they came.
    used : mapping of str to str
        Each predictor as the model read it; "not recorded" where missing.
    levels : tuple of mapping
        ``{"level", "label", "probability"}``, lowest first; they add up to 1.
    thresholds : tuple of mapping
        ``{"level", "label", "probability", "lower", "upper"}`` of reaching each level but the lowest.
    explained : str
        The level whose reaching is explained.
    scale : str
        What contributions add up to.
    served, base_value, reordered, residual : float
        On that scale.
    contributions : tuple of mapping
        Largest first.
    warnings, notices : tuple of str
    development : Standing, optional
        Where the patient stands among the development patients; None where the model keeps no distribution of them.
    answered_by : tuple of str
        The pattern submodel that answered in each part made of them.
    known : Known
    """

    model: str
    identity: str
    outcome: str
    given: Mapping[str, Any]
    used: Mapping[str, str]
    levels: tuple[Mapping[str, Any], ...]
    thresholds: tuple[Mapping[str, Any], ...]
    explained: str
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
            "levels": [dict(one) for one in self.levels],
            "thresholds": [dict(one) for one in self.thresholds],
            **({"answered_by": list(self.answered_by)} if self.answered_by else {}),
            "explained": self.explained,
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
        shown = [row for row in self.contributions if abs(row["contribution"]) >= 0.005]
        width = max((len(row["label"]) for row in shown), default=0)
        rest = self.served - self.base_value - sum(row["contribution"] for row in shown)
        words = max(len(one["label"]) for one in (*self.levels, *self.thresholds))
        lines = [
            f"{self.outcome}: of such patients",
            *(
                f"  {one['probability']:6.1%}  {one['label']:{words}}  {'#' * round(BAR * one['probability'])}".rstrip()
                for one in self.levels
            ),
            "probability of reaching a level (95 % limits)",
            *(
                f"  {one['probability']:6.1%}  {one['label']:{words}}  {one['lower']:.1%} to {one['upper']:.1%}"
                for one in self.thresholds
            ),
            f"model {self.model} ({self.identity[:12]})",
            *(f"answered by {which}" for which in self.answered_by),
            "",
            f"what raises (+) or lowers (-) the {self.scale}, largest first:",
            f"  {self.base_value:+.2f}  before any input is known",
            *(f"  {row['contribution']:+.2f}  {row['label']:{width}}  {row['value_text']}" for row in shown),
            f"  {rest:+z.2f}  all others together",
            f"  {self.served:+.2f}  sum",
            "",
            *(f"note: {warning}" for warning in self.warnings),
            *self.notices,
        ]
        return "\n".join(lines)


def predict_levels(
    model: OrdinalModel, identity: str, given: Mapping[str, Any], level: str | None = None
) -> LevelPrediction:
    """Predict and explain one patient.

    Parameters
    ----------
    model : OrdinalModel
    identity : str
    given : mapping of str to value
        As :func:`spinecast.explanation.prediction.predict_patient`.
    level : str, optional
        The level whose reaching is explained; the one the study's patients were divided by most evenly if not named.

    Raises
    ------
    ContractError
        If a field is unknown or a value impossible, or nothing at all is known.
    QuestionError
        If no such level can be reached.
    DeclinedError
        If the model's study wants no answer given of such a patient.
    """
    threshold = threshold_asked(model, level)
    matrix, warnings = patient_row(given, model.predictors)
    warnings = [*warnings, *scanner_sentences(model, matrix, scanners_given(given))]
    matrix = model.with_gaps(matrix)
    standing, outside = require_answerable(model, matrix)
    why = explain_threshold(model, matrix, threshold)
    variables = [variable(name) for name in model.predictors]
    return LevelPrediction(
        model=model.name,
        identity=identity,
        outcome=str(model.about["outcome"]["label"]),
        given=dict(given),
        used=used_texts(variables, matrix[0], given),
        levels=tuple(
            {"level": one["level"], "label": one["label"], "probability": float(chance)}
            for one, chance in zip(model.levels, model.probabilities(matrix)[0], strict=True)
        ),
        thresholds=tuple(threshold_rows(model, matrix)[0]),
        explained=str(model.levels[threshold + 1]["level"]),
        scale=scale_of_threshold(model, threshold),
        served=float(why.served[0]),
        base_value=float(why.base_value[0]),
        reordered=float(why.reordered[0]),
        residual=float(why.residual[0]),
        contributions=tuple(contribution_rows(variables, matrix[0], why.values[0])),
        warnings=(*warnings, *outside),
        notices=notices(model),
        development=standing,
        answered_by=answering_submodels(model, matrix)[0],
        known=Known(matrix, float(model.missing_deviation(matrix, threshold)[0])),
    )


def threshold_asked(model: OrdinalModel, level: str | None) -> int:
    """Return the position of a level's threshold; that of the explained one for None.

    Raises
    ------
    QuestionError
        If no such level can be reached.
    """
    if level is None:
        return model.explained_threshold
    known = [str(one["level"]) for one in model.levels[1:]]
    if level not in known:
        close = nearest(level, known)
        raise QuestionError(
            "level",
            f"{model.name} knows no level {level!r} that is reached",
            expected=f"one of {', '.join(known)}",
            remedy=f"did you mean {close}?" if close else None,
        )
    return known.index(level)


def level_columns(model: OrdinalModel, matrix: FloatArray) -> dict[str, FloatArray]:
    """Columns of a table of predictions: ``level_0`` and so on, and ``at_least_1`` with ``_lower`` and ``_upper``."""
    names = [str(one["level"]) for one in model.levels]
    found = dict(zip((f"level_{name}" for name in names), model.probabilities(matrix).T, strict=True))
    reached = model.reached(matrix)
    lower, upper = model.interval(matrix)
    for number, name in enumerate(names[1:]):
        found |= {
            f"at_least_{name}": reached[:, number],
            f"at_least_{name}_lower": lower[:, number],
            f"at_least_{name}_upper": upper[:, number],
        }
    return found


def predict_level_table(
    model: OrdinalModel,
    identity: str,
    table: pd.DataFrame,
    *,
    allow_similar: bool = False,
    beside: Figures | None = None,
) -> TablePrediction:
    """Predict a table of patients: the columns of :func:`level_columns`.

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
        return level_columns(model, matrix)

    return predicted_table(model, identity, table, with_contributions(columns, beside), allow_similar=allow_similar)
