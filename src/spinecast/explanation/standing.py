"""Where a patient stands among those the model was made from, and when a study wants no risk given at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.summary import value_text
from spinecast.models.development_distribution import OUTSIDE, Distances
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import PrognosisModel

__all__ = ["Standing", "decline_reasons", "declined_limits", "given_only", "outside_rows", "patient_standing"]

FloatArray = NDArray[np.float64]

# Reasons named: variables that make up half of the distance, but no more than so many.
MOST_REASONS = 3
EXPLAINED_SHARE = 0.5


@dataclass(frozen=True)
class Standing:
    """How far a patient is from the development patients, all known inputs together.

    Parameters
    ----------
    outside : bool
        Farther than 99 % of the development patients were when held out.
    percentile : float
        Share of development patients who are nearer; .99 stands for that and more.
    reasons : tuple of mapping
        The variables that make up most of the distance, largest first: ``variable``, ``label``, ``value_text``,
        ``share`` of the squared distance, and ``direction``, "higher" or "lower" than the other values lead to expect
        ("rarer" for levels without an order).
    """

    outside: bool
    percentile: float
    reasons: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "outside": self.outside,
            "percentile": self.percentile,
            "reasons": [dict(reason) for reason in self.reasons],
        }

    def sentence(self) -> str:
        """Say in one sentence that the patient is outside, and why."""
        named = "; ".join(
            f"{one['label']} {one['value_text']}, {one['direction']} than the other values lead to expect "
            f"({one['share']:.0%})"
            for one in self.reasons
        )
        return (
            f"outside the development range: with all inputs together farther from the development patients than "
            f"{OUTSIDE:.0%} of them were. Of the distance: {named}"
        )


def patient_standing(model: AnyModel, matrix: FloatArray) -> Standing | None:
    """Say where one patient stands; None for a model that keeps no joint distribution.

    Parameters
    ----------
    model : AnyModel
    matrix : ndarray, shape (1, predictors)
    """
    if model.development is None:
        return None
    found = model.development.distances(_comparable(model, matrix))
    return Standing(
        outside=bool(model.development.outside(found)[0]),
        percentile=float(found.percentile[0]),
        reasons=tuple(_reason(model, matrix[0], found, place) for place in _leading(found.contributions[0])),
    )


def outside_rows(model: AnyModel, matrix: FloatArray) -> list[str]:
    """Name, for each patient outside the development range, the variables that put them there; "" for others.

    Parameters
    ----------
    model : AnyModel
        With a joint distribution.
    matrix : ndarray, shape (n, predictors)
    """
    assert model.development is not None
    found = model.development.distances(_comparable(model, matrix))
    return [
        "; ".join(model.predictors[place] for place in _leading(contributions)) if outside else ""
        for outside, contributions in zip(model.development.outside(found), found.contributions, strict=True)
    ]


def decline_reasons(model: AnyModel, matrix: FloatArray) -> list[str]:
    """Say for each patient why the study wants no risk given; "" where one is given.

    Parameters
    ----------
    model : AnyModel
        Its limits stand under ``decline`` in what it says about itself, as the study's ``missing.decline`` has them.
    matrix : ndarray, shape (n, predictors)
    """
    return ["; ".join(one.text for one in found) for found in _declined(model, matrix)]


def declined_limits(model: AnyModel, matrix: FloatArray) -> list[tuple[str, ...]]:
    """Name for each patient the limits of the study that they pass, in words that are the same for all who do.

    Parameters
    ----------
    model, matrix
        As :func:`decline_reasons`.
    """
    return [tuple(one.limit for one in found) for found in _declined(model, matrix)]


@dataclass(frozen=True)
class _Passed:
    """A limit of the study that a patient passes: for all who do, and with the patient's own numbers."""

    row: int
    limit: str
    text: str


def _declined(model: AnyModel, matrix: FloatArray) -> list[list[_Passed]]:
    limits: Mapping[str, Any] = model.about.get("decline") or {}
    passed: list[list[_Passed]] = [[] for _ in matrix]
    for one in chain(_too_little_known(model, matrix, limits), _too_uncertain(model, matrix, limits)):
        passed[one.row].append(one)
    return passed


def _too_little_known(model: AnyModel, matrix: FloatArray, limits: Mapping[str, Any]) -> Iterator[_Passed]:
    missing = np.isnan(matrix)
    for name in limits.get("without") or ():
        # What moves no risk of the final model is not asked for.
        if name in model.predictors:
            unknown = f"{variable(name).label} is not known"
            for row in np.flatnonzero(missing[:, model.predictors.index(name)]):
                yield _Passed(int(row), unknown, unknown)
    most = limits.get("missing_share")
    if most is not None:
        for row in np.flatnonzero(missing.mean(axis=1) > most):
            count = f"{missing[row].sum()} of {len(model.predictors)}"
            limit = f"more than {most:.0%} of the inputs are not known"
            yield _Passed(int(row), limit, f"{count} inputs are not known, more than {most:.0%}")


def _too_uncertain(model: AnyModel, matrix: FloatArray, limits: Mapping[str, Any]) -> Iterator[_Passed]:
    widest = limits.get("added_deviation")
    if widest is not None:
        added = model.missing_deviation(matrix)
        limit = f"what is not known adds a standard deviation of more than {widest:g} to the {model.served_scale}"
        for row in np.flatnonzero(added > widest):
            spread = f"a standard deviation of {added[row]:.2f}"
            text = f"what is not known adds {spread} to the {model.served_scale}, more than {widest:g}"
            yield _Passed(int(row), limit, text)
    if limits.get("outside_development") and model.development is not None:
        for place, names in enumerate(outside_rows(model, matrix)):
            if names:
                labels = ", ".join(variable(name).label for name in names.split("; "))
                outside = "outside the development range"
                yield _Passed(place, outside, f"{outside}, mostly by {labels}")


def given_only(model: AnyModel, matrix: FloatArray, answers: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Blank answers, each of shape (n,), about patients of whom the study wants none given: NaN, or "" for texts."""
    given = np.array([not reason for reason in decline_reasons(model, matrix)], dtype=bool)
    return {name: np.where(given, one, "" if one.dtype == object else np.nan) for name, one in answers.items()}


def _comparable(model: AnyModel, matrix: FloatArray) -> FloatArray:
    """Rows as the development distribution was learned: image features of whatever scanner on one scale.

    Models of times, of quantities and of levels keep no distribution where they have harmonised image features.
    """
    return model.on_common_scale(matrix) if isinstance(model, PrognosisModel) else matrix


def _leading(contributions: FloatArray) -> list[int]:
    total = contributions.sum()
    if total <= 0:
        return []
    order = np.argsort(-contributions, kind="stable")[:MOST_REASONS]
    before = np.cumsum(contributions[order]) - contributions[order]
    return [int(place) for place in order[before < EXPLAINED_SHARE * total]]


def _reason(model: AnyModel, values: FloatArray, found: Distances, place: int) -> dict[str, Any]:
    entry = variable(model.predictors[place])
    contributions = found.contributions[0]
    higher = found.surprise[0, place] > 0
    unordered = entry.kind == "nominal" and len(entry.levels) > 2
    return {
        "variable": entry.name,
        "label": entry.label,
        "value_text": value_text(entry, values[place]),
        "share": float(contributions[place] / contributions.sum()),
        # Levels without an order are scored from the commonest to the rarest.
        "direction": ("rarer" if higher else "commoner") if unordered else ("higher" if higher else "lower"),
    }
