"""Optimism of the whole procedure by bootstrap: apparent, optimism-corrected, out-of-bag and .632+ performance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    NO_INFORMATION_AUC,
    Absent,
    Estimate,
    Measure,
    Resampled,
    auc,
    brier,
    brier_no_information,
    brier_null,
    calibration_in_the_large,
    calibration_slope,
    harrell_optimism,
    measure_from_dict,
    optimism_corrected,
    performance_in_resamples,
    scaled_brier,
    validated_632_plus,
    validated_out_of_bag,
)
from spinecast.statistics.foundations.inputs import NORMAL_975
from spinecast.validation.predictions import Predictions

__all__ = [
    "INTERNAL_MEASURES",
    "BootstrapValidation",
    "CorrectedMeasure",
    "Drawn",
    "Tuning",
    "corrected_measure",
    "validate_by_bootstrap",
]

FloatArray = NDArray[np.float64]
Tuning = Literal["fixed", "repeated"]

_STATISTICS: Mapping[str, Callable[..., Measure]] = {
    "auc": auc,
    "brier": brier,
    "scaled_brier": scaled_brier,
    "calibration_in_the_large": calibration_in_the_large,
    "calibration_slope": calibration_slope,
}
INTERNAL_MEASURES = tuple(_STATISTICS)
"""What is corrected for optimism, and followed over repeats and shares of patients."""
CALIBRATION = ("calibration_in_the_large", "calibration_slope")
"""Measures that fitting itself brings near their ideal: their spread over resamples is none of the sampling error.

Names of one day begin with them."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One resample and what its model predicts.

    Parameters
    ----------
    rows : ndarray of int
        Patients drawn, as often as they were drawn.
    risk : ndarray, shape (n,), or None
        Risk of all n patients by the model of those drawn; None where it could not be fitted.
    """

    rows: NDArray[np.int64]
    risk: FloatArray | None


@dataclass(frozen=True)
class CorrectedMeasure:
    """One measure, from what the model shows of itself to what it can be expected to show.

    Parameters
    ----------
    apparent : Estimate or Absent
        Of the final model in the patients it was made from.
    optimism : Estimate or Absent
        Mean over resamples of the performance of each model in its resample less that in all patients; its interval is
        the Monte-Carlo error of that mean.
    optimism_corrected : Estimate or Absent
        Apparent less optimism; without an interval for the measures of :data:`CALIBRATION`.
    out_of_bag : Estimate or Absent
        In the patients left out of the resamples.
    bootstrap_632_plus : Estimate or Absent
        Between the two, by how much the model overfits; absent for measures without a no-information value.
    """

    apparent: Measure
    optimism: Measure
    optimism_corrected: Measure
    out_of_bag: Measure
    bootstrap_632_plus: Measure

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as JSON-ready values."""
        return {name: getattr(self, name).to_dict() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> CorrectedMeasure:
        """Rebuild a measure from :meth:`to_dict`."""
        return cls(**{name: measure_from_dict(value[name]) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class BootstrapValidation:
    """Performance corrected for optimism.

    Parameters
    ----------
    resamples, usable : int
        Resamples drawn, and those whose model could be fitted.
    tuning : {"fixed", "repeated"}
        Whether the search over parameters was repeated in each resample.
    drawn : str
        What was drawn with replacement: "patients", or whole groups.
    measures : dict of str to CorrectedMeasure
        By :data:`INTERNAL_MEASURES`.
    notes : tuple of str
        Why resamples could not be used.
    """

    resamples: int
    usable: int
    tuning: Tuning
    drawn: str
    measures: dict[str, CorrectedMeasure]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the validation as JSON-ready values."""
        return {
            "basis": "optimism-corrected",
            "resamples": self.resamples,
            "usable": self.usable,
            "tuning": self.tuning,
            "drawn": self.drawn,
            "measures": {name: measure.to_dict() for name, measure in self.measures.items()},
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> BootstrapValidation:
        """Rebuild a validation from :meth:`to_dict`."""
        return cls(
            resamples=value["resamples"],
            usable=value["usable"],
            tuning=value["tuning"],
            drawn=value["drawn"],
            measures={name: CorrectedMeasure.from_dict(one) for name, one in value["measures"].items()},
            notes=tuple(value["notes"]),
        )


def validate_by_bootstrap(
    apparent: Predictions,
    resamples: Sequence[Drawn],
    *,
    tuning: Tuning,
    drawn: str = "patients",
    notes: Sequence[str] = (),
    bootstrap: int,
    seed: int,
) -> BootstrapValidation:
    """Correct the apparent performance of a model by that of the models of resamples.

    (Harrell, Lee & Mark 1996, Stat Med 15:361; Efron & Tibshirani 1997, J Am Stat Assoc 92:548.)

    Parameters
    ----------
    apparent : Predictions
        Of the final model for the patients it was made from.
    resamples : sequence of Drawn
    tuning, drawn, notes
        As in :class:`BootstrapValidation`.
    bootstrap, seed : int
        Resamples, and their seed, of apparent intervals that have no formula.

    Raises
    ------
    ValueError
        If the predictions are not apparent, or there is no resample.
    """
    if apparent.basis != "apparent":
        raise ValueError(f"optimism is taken off apparent performance; the basis of these is {apparent.basis!r}")
    if not resamples:
        raise ValueError("there is no resample")
    shown = {
        name: statistic(apparent.outcome, apparent.risk, apparent.weights, bootstrap=bootstrap, seed=seed)
        for name, statistic in _STATISTICS.items()
    }
    there = [name for name, measure in shown.items() if isinstance(measure, Estimate)]
    found = performance_in_resamples(
        apparent.outcome,
        apparent.risk,
        [(one.rows, one.risk) for one in resamples],
        {name: _point(_STATISTICS[name]) for name in there if name != "brier"},
        # The Brier score is a mean over patients, so that its out-of-bag form can be Efron's leave-one-out bootstrap.
        {"brier": lambda outcome, risk: (outcome - risk) ** 2} if "brier" in there else None,
        weights=apparent.weights,
    )
    nothing = _no_information(apparent)
    spread = _out_of_bag_limits(apparent, resamples, bootstrap, seed)
    return BootstrapValidation(
        resamples=len(resamples),
        usable=sum(one.risk is not None for one in resamples),
        tuning=tuning,
        drawn=drawn,
        measures={
            name: corrected_measure(name, measure, found[name], nothing.get(name), spread.get(name))
            if name in found
            else CorrectedMeasure(*(measure,) * 5)
            for name, measure in shown.items()
        },
        notes=tuple(notes),
    )


def _point(statistic: Callable[..., Measure]) -> Callable[[FloatArray, FloatArray, FloatArray | None], float | None]:
    def value(outcome: FloatArray, risk: FloatArray, weights: FloatArray | None) -> float | None:
        found = statistic(outcome, risk, weights, bootstrap=0)
        return found.estimate if isinstance(found, Estimate) else None

    return value


def _no_information(apparent: Predictions) -> dict[str, float]:
    """Return what predictions unrelated to the outcome reach, for the measures where that is defined."""
    of_brier = brier_no_information(apparent.outcome, apparent.risk, apparent.weights)
    known = {"auc": NO_INFORMATION_AUC, "brier": of_brier}
    null = brier_null(apparent.outcome, apparent.weights, bootstrap=0)
    if isinstance(null, Estimate) and null.estimate > 0:
        known["scaled_brier"] = 1 - of_brier / null.estimate
    return known


def corrected_measure(
    name: str, apparent: Measure, resampled: Resampled, nothing: float | None, spread: tuple[float, float] | None
) -> CorrectedMeasure:
    """Every form of one measure from its values over resamples.

    Parameters
    ----------
    name : str
    apparent : Measure
    resampled : Resampled
    nothing : float or None
        What predictions unrelated to the outcome reach, where that is defined.
    spread : (float, float) or None
        How far the interval reaches below and above the estimate.
    """
    return CorrectedMeasure(
        apparent=apparent,
        optimism=_optimism(resampled),
        optimism_corrected=_with_limits(name, optimism_corrected(resampled), spread),
        out_of_bag=_with_limits(name, validated_out_of_bag(resampled), spread),
        bootstrap_632_plus=Absent("what predictions without information reach is not defined for it")
        if nothing is None
        else _with_limits(name, validated_632_plus(resampled, nothing, higher_is_better=name != "brier"), spread),
    )


def _out_of_bag_limits(
    apparent: Predictions, resamples: Sequence[Drawn], bootstrap: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return how far the interval of each measure reaches below and above, in out-of-bag predictions.

    They are the mean risks of each patient by the models that did not see them. Performance in the resamples
    themselves, which Noma et al. (2021) take, has too little spread where models fit closely (docs/decisions/0009).
    """
    total, times = np.zeros(apparent.risk.size), np.zeros(apparent.risk.size)
    for one in resamples:
        if one.risk is not None:
            left_out = np.bincount(one.rows, minlength=total.size) == 0
            total[left_out] += one.risk[left_out]
            times += left_out
    seen = times > 0
    if not seen.any() or (apparent.weights is not None and not apparent.weights[seen].any()):
        return {}
    weights = None if apparent.weights is None else apparent.weights[seen]
    reach = {}
    for name in INTERNAL_MEASURES:
        if name not in CALIBRATION:
            found = _STATISTICS[name](
                apparent.outcome[seen], total[seen] / times[seen], weights, bootstrap=bootstrap, seed=seed
            )
            if isinstance(found, Estimate) and found.lower is not None and found.upper is not None:
                reach[name] = (found.estimate - found.lower, found.upper - found.estimate)
    return reach


def _with_limits(name: str, measure: Measure, reach: tuple[float, float] | None) -> Measure:
    if isinstance(measure, Absent):
        return measure
    method = measure.method.partition(";")[0]
    if name.startswith(CALIBRATION):
        reason = "no interval: a model is calibrated in its own resample, whoever was drawn"
    elif reach is None:
        reason = "no interval: none for the out-of-bag predictions"
    else:
        return replace(
            measure,
            lower=measure.estimate - reach[0],
            upper=measure.estimate + reach[1],
            method=f"{method}; interval as wide as that of the out-of-bag predictions",
        )
    return replace(measure, lower=None, upper=None, method=f"{method}; {reason}")


def _optimism(resampled: Resampled) -> Measure:
    mean = harrell_optimism(resampled.in_resample, resampled.in_original)
    if isinstance(mean, Absent):
        return mean
    differences = resampled.in_resample - resampled.in_original
    usable = differences[np.isfinite(differences)]
    half = NORMAL_975 * float(usable.std(ddof=1)) / np.sqrt(usable.size)
    method = f"mean over {usable.size} resamples; interval: its Monte-Carlo error, which more resamples make smaller"
    return Estimate(mean, float(mean - half), float(mean + half), resampled.n, resampled.events, method)
