"""Ways to update a model on patients of elsewhere: what each needs, and the model that comes of it.

The methods are those of Steyerberg et al. (2004, Stat Med 23:2567), the choice between them the closed test of
Vergouwe et al. (2017, Stat Med 36:4529). A new intercept and a new slope are affine on the log-odds scale, so that an
updated model is explained as exactly as the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import CohortError, ContractError, nearest
from spinecast.models.loading import AnyModel
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel
from spinecast.statistics import UpdateLine
from spinecast.validation.checks.design import EVENTS_PER_PARAMETER
from spinecast.validation.update_methods import LEVELS_METHODS, METHODS, QUANTITY_METHODS, TIMES_METHODS
from spinecast.validation.updating_ordinal import LevelsMethod
from spinecast.validation.updating_quantity import QuantityMethod
from spinecast.validation.updating_times import TimesMethod

__all__ = [
    "AnyMethod",
    "Method",
    "methods_of",
    "predictor_parameters",
    "read_method",
    "recalibrated",
    "require_update_events",
    "risk_method",
    "too_few_for",
]

Method = Literal["intercept", "logistic", "refit", "closed-test"]
AnyMethod = Method | TimesMethod | QuantityMethod | LevelsMethod


@dataclass(frozen=True)
class _Need:
    """What a method estimates, and the next lesser method."""

    parameters: int
    lesser: str | None


def methods_of(model: AnyModel) -> Mapping[str, str]:
    """Return the ways a model can be updated, with their words."""
    if isinstance(model, PrognosisModel):
        return METHODS
    if isinstance(model, OrdinalModel):
        return LEVELS_METHODS
    return QUANTITY_METHODS if isinstance(model, QuantityModel) else TIMES_METHODS


def read_method(text: str, model: AnyModel) -> AnyMethod:
    """Read the name of a method of updating a model.

    Raises
    ------
    ContractError
        If there is none of that name; names the nearest.
    """
    known = methods_of(model)
    if text in known:
        method: Any = text
        checked: AnyMethod = method
        return checked
    if text == "refit":
        raise ContractError(
            "a model of times, of a quantity or of ordered levels is not fitted again by an update",
            where="--method",
            expected=f"one of {', '.join(known)}",
            remedy="train the study on these patients: `spinecast train`",
        )
    close = nearest(text, known)
    raise ContractError(
        f"there is no way of updating {model.name} called {text!r}",
        where="--method",
        expected=f"one of {', '.join(known)}",
        remedy=f"did you mean {close}?" if close else None,
    )


def risk_method(method: AnyMethod) -> Method:
    """Return a method that was read for a model of an event as what it is.

    Raises
    ------
    ValueError
        If it is one for models of another kind.
    """
    for known in get_args(Method):
        if method == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"{method} is no way of updating a model of an event")


def predictor_parameters(predictors: Sequence[str]) -> int:
    """Count candidate parameters: one a continuous or binary predictor, levels less one for others."""
    return sum(max(len(variable(name).levels) - 1, 1) for name in predictors)


def too_few_for(labelled: LabelledOutcome, parameters: int) -> str | None:
    """Say that there are fewer than ten patients of the rarer outcome for each parameter; None where there are enough.

    (Peduzzi et al. 1996, J Clin Epidemiol 49:1373: a floor and no sign of enough.)

    Parameters
    ----------
    labelled : LabelledOutcome
    parameters : int
        That are estimated.
    """
    known = int(labelled.known.sum())
    rarer = min(labelled.events, known - labelled.events)
    needed = EVENTS_PER_PARAMETER * parameters
    if rarer >= needed:
        return None
    side = "with" if labelled.events <= known - labelled.events else "without"
    many = "1 parameter" if parameters == 1 else f"{parameters} parameters"
    return f"{rarer} patients {side} the outcome; to estimate {many} needs {needed}"


def require_update_events(labelled: LabelledOutcome, method: Method, predictors: Sequence[str]) -> None:
    """Refuse a method that estimates more than the updating patients can carry, and name a lesser one.

    Parameters
    ----------
    labelled : LabelledOutcome
        Of the updating patients.
    method : Method
        The closed test needs what a new intercept and slope need; refitting joins it where there are enough.
    predictors : sequence of str
        Of the model: what refitting estimates.

    Raises
    ------
    CohortError
        If there are fewer than ten events, or ten patients without one, for each parameter.
    """
    needs = {
        "intercept": _Need(1, None),
        "logistic": _Need(2, "intercept"),
        "closed-test": _Need(2, "intercept"),
        "refit": _Need(predictor_parameters(predictors), "logistic"),
    }
    need = needs[method]
    problem = too_few_for(labelled, need.parameters)
    while problem and need.lesser and too_few_for(labelled, needs[need.lesser].parameters):
        need = needs[need.lesser]
    if problem is None:
        return
    remedy = (
        f"--method {need.lesser} needs fewer"
        if need.lesser
        else "gather more patients; `spinecast validate` shows how the model does in these, and changes nothing"
    )
    raise CohortError(
        f"too few events to update by {method}: {problem}",
        where=f"{labelled.label}: {labelled.events} of {int(labelled.known.sum())} updating patients have it",
        expected=f"{EVENTS_PER_PARAMETER} patients of each outcome for each parameter",
        remedy=remedy,
    )


def recalibrated(model: PrognosisModel, line: UpdateLine) -> PrognosisModel:
    """Return the model with a line put after its log-odds; everything before it stays as it is.

    Parameters
    ----------
    model : PrognosisModel
    line : UpdateLine

    Raises
    ------
    CohortError
        If the slope is not above 0: the updated model would turn the ranking of the patients around.
    """
    intercept, slope = line.intercept.estimate, line.slope.estimate
    if slope <= 0:
        raise CohortError(
            f"the model ranks these patients the wrong way round: the slope is {slope:.2f}",
            expected="risks that rise with what happens, so that a straight line can bring them to their level",
            remedy="look at `spinecast validate` on these patients; another model is needed, or --method refit",
        )
    # Venn-Abers probabilities were learned where the model was made; these patients have others.
    return replace(model, intercept=intercept + slope * model.intercept, slope=slope * model.slope, venn_abers=None)
