"""Whether a run has patients enough: Riley's criteria at its own numbers, and what they assume.

A criterion needs a performance that is anticipated. Taking the one the run reached would let the run judge itself, and
a lucky result ask for fewer patients: a development is judged by what its study declares beforehand or, where that is
nothing, by the custom of Riley et al. (2020, BMJ 368:m441), a Nagelkerke R2 of 0.15; what follows from the out-of-fold
result stands beside it. A validation is judged by its predicted risks alone, as if they were right, and by no outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spinecast.statistics import (
    Absent,
    LinearPredictor,
    Measure,
    SampleSize,
    cox_snell_from_c_statistic,
    cox_snell_from_nagelkerke,
    development_size_binary,
    empirical_linear_predictor,
    expected_of_development,
    largest_cox_snell_r2,
    validation_size_binary,
)
from spinecast.validation.predictions import Predictions

__all__ = ["CUSTOMARY_NAGELKERKE", "Anticipated", "judge_development", "judge_validation"]

CUSTOMARY_NAGELKERKE = 0.15


@dataclass(frozen=True)
class Anticipated:
    """The performance a study expects of its model in new patients, stated before it is run; one of them, or neither.

    Parameters
    ----------
    c_statistic, r2_nagelkerke : float, optional
    """

    c_statistic: float | None = None
    r2_nagelkerke: float | None = None


def judge_development(
    n: int, events: int, proportion: float, parameters: int, anticipated: Anticipated, reached: Measure
) -> dict[str, Any]:
    """Say whether a development has patients enough.

    Parameters
    ----------
    n, events : int
        Patients with a known outcome, and events.
    proportion : float
        Share with the outcome, weighted for censoring where patients are.
    parameters : int
        Candidate predictor parameters.
    anticipated : Anticipated
    reached : Estimate or Absent
        Out-of-fold AUC, for what stands beside the judgement.

    Returns
    -------
    dict
        JSON values: ``at_hand``, ``assumed`` in words, ``required`` with every criterion, ``adequacy``, ``expected``
        overfitting, and ``as_reached``, the same at the out-of-fold AUC; or ``absent`` with the reason.
    """
    at_hand = {
        "n": n,
        "events": events,
        "parameters": parameters,
        "events_per_parameter": min(events, n - events) / parameters,
    }

    def explained() -> float:
        if anticipated.c_statistic is not None:
            return cox_snell_from_c_statistic(anticipated.c_statistic, proportion)
        nagelkerke = anticipated.r2_nagelkerke or CUSTOMARY_NAGELKERKE
        return cox_snell_from_nagelkerke(nagelkerke, largest_cox_snell_r2(proportion))

    if anticipated.c_statistic is not None:
        words = f"a C statistic of {anticipated.c_statistic:g}, as the study declares"
    elif anticipated.r2_nagelkerke is not None:
        words = f"a Nagelkerke R2 of {anticipated.r2_nagelkerke:g}, as the study declares"
    else:
        words = (
            f"a Nagelkerke R2 of {CUSTOMARY_NAGELKERKE:g}: the study declares nothing, and this is the custom then "
            "(Riley et al. 2020, BMJ 368:m441)"
        )

    def judged(r2: float) -> dict[str, Any]:
        size = development_size_binary(parameters=parameters, proportion=proportion, cox_snell_r2=r2)
        return _judged(size, n)

    found = _or_absent(lambda: judged(explained()))
    return {
        "purpose": "development",
        "at_hand": at_hand,
        "assumed": words,
        **found,
        "as_reached": _as_reached(reached, proportion, judged),
    }


def _as_reached(reached: Measure, proportion: float, judged: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
    if isinstance(reached, Absent):
        return reached.to_dict()
    if not 0.5 < reached.estimate < 1:
        return {"absent": f"an AUC of {reached.estimate:.3f} explains nothing that could be counted on"}
    found = _or_absent(lambda: judged(cox_snell_from_c_statistic(reached.estimate, proportion)))
    return {"assumed": f"the out-of-fold AUC of {reached.estimate:.3f}, which this run reached itself", **found}


def judge_validation(predictions: Predictions, thresholds: Sequence[float], *, ranks_only: str = "") -> dict[str, Any]:
    """Say whether a validation has patients enough for precise O/E, C statistic, slope and net benefit.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample; patients whose outcome is not known tell of the risks too.
    thresholds : sequence of float
        For the net benefit.
    ranks_only : str
        Why the predictions are no risks, where they are not.

    Returns
    -------
    dict
        As of :func:`judge_development`, without what is expected and reached.
    """
    at_hand = {"n": predictions.n, "events": predictions.events}
    words = (
        "the predicted risks of these patients, as if they were right: expected proportion, C statistic and, at each "
        "threshold, sensitivity and specificity follow from them, and no outcome is used"
    )
    told = {"purpose": "validation", "at_hand": at_hand, "assumed": words}
    if ranks_only:
        return {**told, "absent": f"only the ranking is judged: {ranks_only}"}

    def judged() -> dict[str, Any]:
        risks = empirical_linear_predictor(predictions.risk)
        size = _validation_size(risks, None)
        for threshold in thresholds:
            at_it = _validation_size(risks, threshold)
            size = replace(
                size,
                criteria=(*size.criteria, replace(at_it.criteria[-1], name=f"standardised_net_benefit_{threshold:g}")),
                assumptions=size.assumptions
                | {f"{name}_at_{threshold:g}": at_it.assumptions[name] for name in ("sensitivity", "specificity")},
            )
        notes = size.notes
        if predictions.weights is not None:
            notes = (*notes, "Patients are weighted: the criteria know nothing of weights, and ask for too few.")
        return _judged(replace(size, notes=notes), predictions.n)

    return {**told, **_or_absent(judged)}


def _validation_size(risks: LinearPredictor, threshold: float | None) -> SampleSize:
    return validation_size_binary(
        proportion=risks.proportion, c_statistic=risks.c_statistic, linear_predictor=risks, threshold=threshold
    )


def _judged(size: SampleSize, n: int) -> dict[str, Any]:
    return {
        "required": size.to_dict(),
        "adequacy": size.judge(n).to_dict(),
        **({"expected": expected_of_development(size, n)} if size.purpose == "development" else {}),
    }


def _or_absent(judged: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a judgement, or why the criteria cannot be computed with these numbers."""
    try:
        return judged()
    except (ValueError, ArithmeticError) as error:
        return {"absent": str(error)}
