"""One prediction with everything that must be kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError, DeclinedError
from spinecast.explanation.contributions import explain
from spinecast.explanation.image_features import scanner_sentences, scanners_given, used_texts
from spinecast.explanation.standing import Standing, decline_reasons, patient_standing
from spinecast.explanation.summary import contribution_rows, together_rows
from spinecast.models.loading import AnyModel, named_parts
from spinecast.models.members import PatternMember
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.notices import RESEARCH_USE, SYNTHETIC

__all__ = ["Known", "Prediction", "answering_submodels", "notices", "predict_patient", "require_answerable"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Known:
    """What was known of one patient, for who goes on asking about the same one; no part of the answer.

    Parameters
    ----------
    matrix : ndarray, shape (1, predictors)
        As the model read it, NaN where missing.
    added_deviation : float
        Standard deviation that what is missing adds, on the scale of the contributions.
    """

    matrix: FloatArray
    added_deviation: float


@dataclass(frozen=True)
class Prediction:
    """What was asked, what was answered and why.

    Parameters
    ----------
    model, identity : str
        The model's name and the hash of its manifest.
    outcome : str
    given : mapping
        The inputs as they came.
    used : mapping of str to str
        Each predictor as the model read it, in the canonical unit; "not recorded" where missing.
    risk, lower, upper : float
        Risk and its 95 % limits.
    log_odds, base_value, residual : float
        The served log-odds, what it is before any input, and what contributions leave unexplained.
    contributions : tuple of mapping
        Largest first.
    warnings : tuple of str
    notices : tuple of str
    development : Standing or None
        Where the patient stands among the development patients; None for a model that does not keep it.
    venn_abers : tuple of float or None
        Both Venn-Abers probabilities, the lower first, where the study asked for them.
    answered_by : tuple of str
        Of each part made of pattern submodels, which one answered.
    together : tuple of mapping
        Contribution of each block of image features as a whole: the sum of its features' contributions.
    known : Known
    """

    model: str
    identity: str
    outcome: str
    given: Mapping[str, Any]
    used: Mapping[str, str]
    risk: float
    lower: float
    upper: float
    log_odds: float
    base_value: float
    residual: float
    contributions: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    notices: tuple[str, ...]
    development: Standing | None = None
    venn_abers: tuple[float, float] | None = None
    answered_by: tuple[str, ...] = ()
    together: tuple[Mapping[str, Any], ...] = ()
    known: Known = field(kw_only=True, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "model": self.model,
            "identity": self.identity,
            "outcome": self.outcome,
            "risk": self.risk,
            "lower": self.lower,
            "upper": self.upper,
            "venn_abers": None
            if self.venn_abers is None
            else {"lower": self.venn_abers[0], "upper": self.venn_abers[1], "meaning": VENN_ABERS_MEANING},
            "answered_by": list(self.answered_by),
            "scale": "log-odds",
            "log_odds": self.log_odds,
            "base_value": self.base_value,
            "residual": self.residual,
            "contributions": [dict(row) for row in self.contributions],
            **({"together": [dict(row) for row in self.together]} if self.together else {}),
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
        rest = self.log_odds - self.base_value - sum(row["contribution"] for row in shown)
        lines = [
            f"{self.outcome}: {self.risk:.1%} (95 % limits {self.lower:.1%} to {self.upper:.1%})",
            *self._venn_abers_lines(),
            f"model {self.model} ({self.identity[:12]})",
            *(f"answered by {which}" for which in self.answered_by),
            "",
            "what raises (+) or lowers (-) the log-odds, largest first:",
            f"  {self.base_value:+.2f}  before any input is known",
            *(f"  {row['contribution']:+.2f}  {row['label']:{width}}  {row['value_text']}" for row in shown),
            f"  {rest:+z.2f}  all others together",
            f"  {self.log_odds:+.2f}  sum: the log-odds of {self.risk:.1%}",
            *(f"        of which {row['contribution']:+.2f} by {row['label']}" for row in self.together),
            "",
            *(f"note: {warning}" for warning in self.warnings),
            *self.notices,
        ]
        return "\n".join(lines)

    def _venn_abers_lines(self) -> tuple[str, ...]:
        if self.venn_abers is None:
            return ()
        lower, upper = self.venn_abers
        return (f"Venn-Abers: {lower:.1%} and {upper:.1%}: {VENN_ABERS_MEANING}",)


VENN_ABERS_MEANING = (
    "the share with the event at such a risk, recalibrated on held-out development patients with this patient added "
    "once without the event and once with it. For patients like those, one of the two is calibrated. It knows the risk "
    "alone: what is not known of the patient does not widen it"
)


def answering_submodels(model: AnyModel, matrix: FloatArray) -> list[tuple[str, ...]]:
    """Name, for each patient, the submodel that answered in each part made of pattern submodels."""
    named: list[tuple[str, ...]] = [()] * len(matrix)
    for label, part in named_parts(model):
        member = part.members[0]  # patterns are the same in all members of a part
        if not isinstance(member, PatternMember):
            continue
        inputs = [variable(model.predictors[place]).label for place in part.positions]
        found = member.patterns.of(matrix[:, part.positions])
        named = [
            (*so_far, f"{label}: {member.patterns.words(n, inputs)}") for so_far, n in zip(named, found, strict=True)
        ]
    return named


def predict_patient(model: PrognosisModel, identity: str, given: Mapping[str, Any]) -> Prediction:
    """Predict and explain one patient.

    Parameters
    ----------
    model : PrognosisModel
    identity : str
    given : mapping of str to value
        Dictionary variables; a number in the canonical unit, ``{"value": 37, "unit": "g/L"}``, or a level.

    Raises
    ------
    ContractError
        If a field is unknown or a value impossible, or nothing at all is known.
    DeclinedError
        If the model's study wants no risk given of such a patient.
    """
    row, warnings = patient_row(given, model.predictors)
    warnings = [*warnings, *scanner_sentences(model, row, scanners_given(given))]
    matrix = model.with_gaps(row)
    standing, outside = require_answerable(model, matrix)
    found = explain(model, matrix)
    missing = model.missing_variance(matrix)
    lower, upper = model.limits(found.member_log_odds, matrix, missing=missing)
    variables = [variable(name) for name in model.predictors]
    return Prediction(
        model=model.name,
        identity=identity,
        outcome=str(model.about["outcome"]["label"]),
        given=dict(given),
        used=used_texts(variables, matrix[0], given),
        risk=float(expit(found.log_odds)[0]),
        lower=float(lower[0]),
        upper=float(upper[0]),
        log_odds=float(found.log_odds[0]),
        base_value=float(found.base_value[0]),
        residual=float(found.residual[0]),
        contributions=tuple(contribution_rows(variables, matrix[0], found.values[0])),
        warnings=(*warnings, *outside),
        notices=notices(model),
        development=standing,
        venn_abers=_venn_abers(model, found.log_odds),
        answered_by=answering_submodels(model, matrix)[0],
        together=tuple(together_rows(variables, found.values[0])),
        known=Known(matrix, float(np.sqrt(missing[0]))),
    )


def _venn_abers(model: PrognosisModel, log_odds: FloatArray) -> tuple[float, float] | None:
    if model.venn_abers is None:
        return None
    lower, upper = model.venn_abers.interval(log_odds)
    return float(lower[0]), float(upper[0])


def require_answerable(model: AnyModel, matrix: FloatArray) -> tuple[Standing | None, tuple[str, ...]]:
    """Where one patient stands, and the warning of it, where a model of any kind may answer.

    Parameters
    ----------
    model : AnyModel
    matrix : ndarray, shape (1, predictors)

    Raises
    ------
    ContractError
        If nothing at all is known.
    DeclinedError
        If the model's study wants no answer given of such a patient.
    """
    if np.isnan(matrix).all():
        raise ContractError(
            "nothing is known of the patient", expected=f"at least one of {', '.join(model.predictors)}"
        )
    reason = decline_reasons(model, matrix)[0]
    if reason:
        raise DeclinedError(reason)
    standing = patient_standing(model, matrix)
    return standing, (standing.sentence(),) if standing is not None and standing.outside else ()


def notices(model: AnyModel) -> tuple[str, ...]:
    """Return what every answer of a model says: research use, and that its patients were made up where they were."""
    return (RESEARCH_USE, *((SYNTHETIC,) if model.is_synthetic else ()))
