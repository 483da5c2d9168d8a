"""One patient's answer questioned: do the model's fits give the same reasons, does a straight line, how came a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from spinecast.clinical.dictionary import variable
from spinecast.explanation.depth.decision_paths import DecisionPath, decision_paths
from spinecast.explanation.depth.folds import each_fold
from spinecast.explanation.depth.local_fit import local_fits
from spinecast.explanation.depth.stability import jackknife_deviation
from spinecast.explanation.depth.views import View, answer_text, patient_matrix
from spinecast.explanation.prediction import notices, require_answerable
from spinecast.explanation.summary import value_text

__all__ = ["PatientReasons", "Reason", "question_patient"]

FloatArray = NDArray[np.float64]

# Neighbours are the same in every answer, so that the same patient has the same local fit.
SEED = 20160813
_Z = float(ndtri(0.975))
SHOWN = 0.005


@dataclass(frozen=True)
class Reason:
    """What one input adds.

    Parameters
    ----------
    variable, label, value_text : str
    contribution : float
    lower, upper : float
        Its limits for the instability of the fits.
    local_effect : float or None
        By the local fit; None for an image feature.
    """

    variable: str
    label: str
    value_text: str
    contribution: float
    lower: float
    upper: float
    local_effect: float | None

    @property
    def firm(self) -> bool:
        """Whether the limits leave 0 out: the fits agree that it raises, or lowers, the answer."""
        return self.lower > 0 or self.upper < 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "variable": self.variable,
            "label": self.label,
            "value_text": self.value_text,
            "contribution": self.contribution,
            "lower": self.lower,
            "upper": self.upper,
            "firm": self.firm,
            "local_effect": self.local_effect,
        }


@dataclass(frozen=True)
class PatientReasons:
    """The answer and its reasons, largest first.

    Parameters
    ----------
    model, identity, answered, unit, scale : str
    answer, served, base_value, residual : float
        The answer, what is served on the scale, what it is before any input, and what contributions leave unexplained.
    reasons : tuple of Reason
    local_r_squared : float
        How well the local fit describes the model near the patient.
    paths : tuple of DecisionPath
    notices : tuple of str
    """

    model: str
    identity: str
    answered: str
    unit: str
    scale: str
    answer: float
    served: float
    base_value: float
    residual: float
    reasons: tuple[Reason, ...]
    local_r_squared: float
    paths: tuple[DecisionPath, ...]
    notices: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "model": self.model,
            "identity": self.identity,
            "answered": self.answered,
            "unit": self.unit,
            "answer": self.answer,
            "scale": self.scale,
            "served": self.served,
            "base_value": self.base_value,
            "residual": self.residual,
            "reasons": [one.to_dict() for one in self.reasons],
            "local_fit": {"r_squared": self.local_r_squared},
            "decision_paths": [path.to_dict() for path in self.paths],
            "notices": list(self.notices),
        }

    def to_text(self) -> str:
        """Return lines for a person to read."""
        shown = [one for one in self.reasons if abs(one.contribution) >= SHOWN]
        width = max((len(one.label) for one in shown), default=0)
        lines = [
            f"{self.answered}: {answer_text(self.unit, self.answer)}",
            f"model {self.model} ({self.identity[:12]})",
            "",
            f"contributions to the {self.scale}, with limits over the model's own fits, and the local fit's effects",
            f"  {'adds':5} {'(95% of such fits)':18} {'LIME':>6}  {'input':{width}}  value",
            *(self._line(one, width) for one in shown),
            "not firm: the limits hold 0, so that whether it raises or lowers the answer is open",
            "",
            f"a straight line (LIME) explains {self.local_r_squared:.0%} of what the model says near this patient",
        ]
        if self.paths:
            lines += ["", "the way through each single tree:", *(f"  {path.to_text()}" for path in self.paths)]
        return "\n".join([*lines, "", *self.notices])

    @staticmethod
    def _line(one: Reason, width: int) -> str:
        limits = f"({_signed(one.lower)} to {_signed(one.upper)})"
        effect = "none" if one.local_effect is None else _signed(one.local_effect)
        firm = "" if one.firm else "  (not firm)"
        return f"  {_signed(one.contribution)} {limits:18} {effect:>6}  {one.label:{width}}  {one.value_text}{firm}"


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"  # none is -0.00


def question_patient(view: View, identity: str, given: Mapping[str, Any]) -> PatientReasons:
    """Question what a model says of one patient.

    Parameters
    ----------
    view : View
    identity : str
    given : mapping of str to value

    Raises
    ------
    ContractError
        If the patient breaks the contract or nothing is known.
    DeclinedError
        If the model gives no answer of this patient.
    """
    model = view.model
    row = patient_matrix(model, given)
    require_answerable(model, row)
    found = view.explained(row)
    folds = np.stack([one.explained(row).values[0] for one in each_fold(view)])
    reach = _Z * jackknife_deviation(folds)
    fit = local_fits(view, row, seed=SEED)
    reasons = []
    for place in np.argsort(-np.abs(found.values[0]), kind="stable"):
        entry = variable(model.predictors[place])
        if entry.is_label:
            continue
        value, effect = float(found.values[0, place]), float(fit.effects[0, place])
        reasons.append(
            Reason(
                variable=entry.name,
                label=entry.label,
                value_text=value_text(entry, row[0, place]),
                contribution=value,
                lower=value - float(reach[place]),
                upper=value + float(reach[place]),
                local_effect=None if np.isnan(effect) else effect,
            )
        )
    return PatientReasons(
        model=model.name,
        identity=identity,
        answered=view.answered,
        unit=view.unit,
        scale=view.scale,
        answer=float(view.answer(row)[0]),
        served=float(found.served[0]),
        base_value=float(found.base[0]),
        residual=float(found.residual[0]),
        reasons=tuple(reasons),
        local_r_squared=float(fit.r_squared[0]),
        paths=decision_paths(model, row),
        notices=notices(model),
    )
