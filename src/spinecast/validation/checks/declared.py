"""Checks of what is declared of a model's making: selection by p values, weighed classes, apparent performance."""

from __future__ import annotations

from typing import Protocol

from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result

__all__ = ["Declared", "check_apparent", "check_classes", "check_predictor_choice"]


class Declared(Protocol):
    """What is declared of how a model was made; None is not stated."""

    @property
    def predictor_choice(self) -> str | None:
        """How predictors were chosen."""

    @property
    def classes(self) -> str | None:
        """Whether one side of the outcome was weighted or resampled."""

    @property
    def recalibrated(self) -> bool | None:
        """Whether risks were recalibrated afterwards."""


def check_predictor_choice(choice: str | None, *, undeclared: str) -> Result:
    """SC009: predictors chosen by their univariable p values.

    Parameters
    ----------
    choice : str, optional
        As declared.
    undeclared : str
        Where it could have been declared.
    """
    if choice is None:
        return NotApplicable("SC009", f"how the predictors were chosen is not stated: {undeclared}")
    words = choice.replace("_", " ")
    if choice not in ("univariable_p", "stepwise"):
        return NotFound("SC009", f"declared: {words}")
    by_p = choice == "univariable_p"
    return Check(
        "SC009",
        "warning",
        f"declared: predictors were chosen {'by their p values one at a time' if by_p else 'stepwise'}",
        "choose predictors on clinical grounds or from the literature before looking at the outcome, or let a penalty "
        "choose inside the resampling",
        "What to ask of a patient was picked by what happened to go with the outcome in these very patients. Some of "
        "it is chance, and what matters only together with other facts was thrown away: expect the model to do worse "
        "in new patients than in these.",
    )


def check_classes(declared: Declared | None, *, undeclared: str) -> Result:
    """SC010: one side of the outcome weighted or resampled, and the risks not recalibrated.

    Parameters
    ----------
    declared : Declared, optional
    undeclared : str
        Why nothing is declared, or where it could have been.
    """
    if declared is None or declared.classes is None:
        return NotApplicable("SC010", undeclared)
    if declared.classes == "as_they_are":
        return NotFound("SC010", "declared: patients counted in their natural proportion")
    how = f"one side of the outcome was {declared.classes}"
    if declared.recalibrated:
        return NotFound("SC010", f"declared: {how}, and the risks were recalibrated afterwards")
    stated = "it is not stated that they were" if declared.recalibrated is None else "they were not"
    return Check(
        "SC010",
        "warning",
        f"declared: {how}; risks must then be recalibrated, and {stated}",
        "recalibrate the risks on patients in their natural proportion, or fit again without weights",
        "The model was shown a world with more events than there are: its risks are too high by design, whatever its "
        "ranking. Do not read them as risks.",
    )


def check_apparent(basis: str | None, *, undeclared: str = "") -> Result:
    """SC011: performance in the patients a model was made from, and nothing beside it.

    Parameters
    ----------
    basis : str, optional
        How the predictions that are judged came about; None where nobody says.
    undeclared : str
        Where it could have been declared.
    """
    if basis is None:
        return NotApplicable("SC011", f"whether the model had seen these patients is not stated: {undeclared}")
    if basis != "apparent":
        return NotFound("SC011", f"the basis is {basis}: the model had not seen the patients it is judged on")
    return Check(
        "SC011",
        "error",
        "the predictions are apparent: made for the very patients the model was made from, with nothing beside them",
        "give out-of-fold predictions, or those of other patients",
        "Any model looks good in the patients it was made from. Nothing here says how it does in others.",
    )
