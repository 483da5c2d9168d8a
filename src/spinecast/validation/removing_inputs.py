"""Taking inputs away from patients, each one alone and several at random, and judging what is then predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from spinecast.clinical.dictionary import variable
from spinecast.clinical.features import block_of, is_batch
from spinecast.clinical.sorg import SORG_INPUTS, SORG_SOURCES
from spinecast.cohorts.patient import missing_labels
from spinecast.statistics import (
    Absent,
    Estimate,
    Measure,
    auc,
    brier,
    calibration_in_the_large,
    calibration_slope,
    compare_auc,
    scaled_brier,
)
from spinecast.validation.missing_inputs import InputMissing, MissingInputs, SeveralMissing
from spinecast.validation.predictions import Predictions

__all__ = ["MOST_PATIENTS", "OF_RISKS", "Reading", "evaluate_missing_inputs", "following_inputs", "missing_counts"]

FloatArray = NDArray[np.float64]
Columns = Mapping[str, FloatArray]

MOST_PATIENTS = 2_000
"""Patients on whom missing inputs are tried; of a larger cohort as many are drawn at random."""

MEASURED: Mapping[str, Callable[..., Measure]] = {
    "auc": auc,
    "brier": brier,
    "scaled_brier": scaled_brier,
    "calibration_in_the_large": calibration_in_the_large,
    "calibration_slope": calibration_slope,
}
# As many steps from one missing input to all but one.
_STEPS = 8


def _log_odds(risk: FloatArray) -> FloatArray:
    """Log-odds of risks, which arithmetic may have rounded to 0 or 1."""
    return np.asarray(logit(np.clip(risk, 1e-15, 1 - 1e-15)), dtype=np.float64)


def _itself(risk: FloatArray) -> FloatArray:
    return risk


@dataclass(frozen=True)
class Reading:
    """How the answers of a model are read: as risks that are judged, and on the scale that changes are measured on.

    Parameters
    ----------
    risk : callable
        Maps answers, shape (n, ...), to the risk that performance is of, shape (n,).
    scaled : callable
        Maps them to what is served on its scale, shape (n,) or (n, k).
    scale : str
        Its name.
    column : int
        Which of the k columns is the judged one.
    judged : str
        What the risk is of.
    """

    risk: Callable[[FloatArray], FloatArray] = _itself
    scaled: Callable[[FloatArray], FloatArray] = _log_odds
    scale: str = "log-odds"
    column: int = 0
    judged: str = ""


OF_RISKS = Reading()
"""Of a model whose answers are risks."""


def evaluate_missing_inputs(
    predict: Callable[[Columns], FloatArray],
    columns: Columns,
    inputs: Sequence[str],
    predictions: Predictions,
    *,
    draws: int,
    bootstrap: int,
    seed: int,
    reading: Reading = OF_RISKS,
    say: Callable[[str], None] = lambda _: None,
) -> MissingInputs:
    """Take inputs away from every patient and evaluate what the model then predicts.

    An input is taken away as a patient would lack it: it is missing, what follows from it is missing too, and the model
    meets the gap as it was built to. What was missing anyway stays missing.

    Parameters
    ----------
    predict : callable
        Maps matrix columns of n patients to their risks, shape (n,), or to what `reading` reads.
    columns : mapping of variable to ndarray, shape (n,)
        The patients, in the order of `predictions`.
    inputs : sequence of str
        Inputs to take away: those known of somebody.
    predictions : Predictions
        With all inputs.
    draws : int
        Random choices for each number of missing inputs.
    bootstrap, seed : int
        Resamples, used with weights only, and the seed of every draw.
    reading : Reading
        How the answers are read; as the risks themselves and their log-odds if not given.
    say : callable
        Told what is going on.
    """
    generator = np.random.default_rng(seed)
    size = predictions.risk.size
    rows = np.sort(generator.choice(size, MOST_PATIENTS, replace=False)) if size > MOST_PATIENTS else np.arange(size)
    some = predictions.subset(rows)
    here = {name: np.asarray(columns[name][rows]) for name in columns}

    def without(names: Sequence[str]) -> tuple[Predictions, FloatArray]:
        nothing = np.full(rows.size, np.nan)
        gone = [each for name in names for each in (name, *following_inputs(name, inputs))]
        answers = predict({**here, **dict.fromkeys(gone, nothing)})
        less = Predictions(reading.risk(answers), some.outcome, some.weights, None, some.basis)
        return less, (_columns(reading.scaled(answers)) - full) ** 2

    # Nothing is taken away first: what changes is measured against.
    full = _columns(reading.scaled(predict(here)))
    had = {name: ~np.isnan(here[name]) for name in inputs}

    say(f"each of {len(inputs)} inputs missing")
    each, single = [], dict.fromkeys(inputs, 0.0)
    for name in inputs:
        less, squared = without([name])
        changed = squared[had[name]].mean(axis=0) if had[name].any() else None
        single[name] = 0.0 if changed is None else float(changed[reading.column])
        one = _one(name, here, some, less, following_inputs(name, inputs), bootstrap, seed)
        each.append(one if changed is None else replace(one, change=float(changed[reading.column]), by_column=changed))
    each.sort(key=lambda one: _cost(one.auc_difference))

    def several(among: Sequence[str], counts: Sequence[int], words: str) -> tuple[SeveralMissing, ...]:
        found = []
        for count in counts:
            say(f"{count} of {len(among)} {words} missing")
            # All of them can be missing in one way only.
            times = 1 if count == len(among) else draws
            chosen = [generator.choice(len(among), count, replace=False) for _ in range(times)]
            taken = [[among[place] for place in places] for places in chosen]
            less = [without(names) for names in taken]
            together = sum(float(squared[:, reading.column].sum()) for _, squared in less)
            apart = sum(single[name] * int(had[name].sum()) for names in taken for name in _leading(names))
            found.append(
                SeveralMissing(count, times, _spread([one for one, _ in less]), together / apart if apart > 0 else None)
            )
        return tuple(found)

    of_sorg = tuple(name for name in inputs if name in SORG_INPUTS or name in SORG_SOURCES)
    counts = _steps(1, len(of_sorg)) if len(of_sorg) > 1 else ()
    return MissingInputs(
        n=some.n,
        events=some.events,
        of=predictions.n,
        with_all=_all(some, bootstrap, seed),
        each=tuple(each),
        several=several(inputs, missing_counts(len(inputs)), "inputs"),
        sorg_inputs=tuple(variable(name).label for name in of_sorg),
        sorg=several(of_sorg, counts, "inputs of the SORG model"),
        scale=reading.scale,
        judged=reading.judged,
    )


def _columns(scaled: FloatArray) -> FloatArray:
    return scaled.reshape(len(scaled), -1)


def following_inputs(name: str, inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the other inputs that follow from one, directly or through others.

    Image features that are harmonised follow from their scanner: without it they cannot be brought onto one scale.
    """

    def follows(other: str) -> bool:
        if is_batch(name):
            return block_of(other) == block_of(name)
        sources = variable(other).derived_from
        return name in sources or any(follows(source) for source in sources)

    return tuple(other for other in inputs if other != name and follows(other))


def _leading(names: Sequence[str]) -> list[str]:
    """Return the inputs that follow from none of the others."""
    return [name for name in names if not any(name in following_inputs(other, names) for other in names)]


def missing_counts(inputs: int) -> tuple[int, ...]:
    """Return how many inputs are taken away at once: 2 to all but one, in at most eight steps."""
    if inputs < 3:
        return ()
    return _steps(2, inputs - 1)


def _steps(first: int, last: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.unique(np.linspace(first, last, min(_STEPS, last - first + 1)).round()))


def _one(
    name: str,
    columns: Columns,
    full: Predictions,
    less: Predictions,
    following: Sequence[str],
    bootstrap: int,
    seed: int,
) -> InputMissing:
    compared = compare_auc(full.outcome, less.risk, full.risk, full.weights, bootstrap=bootstrap, seed=seed)
    return InputMissing(
        variable=name,
        label=variable(name).label,
        already_missing=float(np.isnan(columns[name]).mean()) if name in columns else 1.0,
        measures=_all(less, bootstrap, seed),
        auc_difference=compared if isinstance(compared, Absent) else compared.difference,
        also=tuple(missing_labels(following, following)),
    )


def _cost(difference: Measure) -> float:
    return difference.estimate if isinstance(difference, Estimate) else 0.0


def _all(predictions: Predictions, bootstrap: int, seed: int) -> dict[str, Measure]:
    return {
        name: statistic(predictions.outcome, predictions.risk, predictions.weights, bootstrap=bootstrap, seed=seed)
        for name, statistic in MEASURED.items()
    }


def _spread(found: Sequence[Predictions]) -> dict[str, dict[str, Any]]:
    """Summarise each measure over several predictions of the same patients."""
    summary: dict[str, dict[str, Any]] = {}
    every = [_all(one, 0, 0) for one in found]
    for name in MEASURED:
        known = [one[name].estimate for one in every if isinstance(one[name], Estimate)]  # type: ignore[union-attr]
        if not known:
            reasons = [measure.reason for one in every if isinstance(measure := one[name], Absent)]
            summary[name] = {"absent": reasons[0] if reasons else "no choice was drawn"}
            continue
        summary[name] = {
            "mean": float(np.mean(known)),
            "standard_deviation": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            "lowest": min(known),
            "highest": max(known),
            "draws": len(known),
        }
    return summary
