"""Training proper of a study of a quantity: its patients, splits, search and choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledQuantity, label_outcome, read_by_threshold
from spinecast.errors import CohortError
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.quantiles.quantile_function import QuantileFunction, Scale, to_scale
from spinecast.training.features import cohort_with_features
from spinecast.training.patients import FEWEST_EVENTS
from spinecast.training.plan import (
    cohort_source,
    cohort_variables,
    ensemble_names,
    quantity_definition,
    quantity_thresholds,
)
from spinecast.training.progress import say
from spinecast.training.quantity.assembly import QuantileChoice, choose_quantiles, shifted_test
from spinecast.training.quantity.tuning import QuantitySearchData
from spinecast.training.resampling import Split
from spinecast.training.study import Study
from spinecast.training.study.quantity import QuantityOutcome
from spinecast.training.threshold_training import Searched, search_study
from spinecast.training.tuning_unit import TunedCandidate

__all__ = ["TrainedQuantity", "fit_quantity_study", "quantity_patients"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedQuantity(Searched):
    """All that training computed, before it is judged, explained and written.

    Parameters
    ----------
    labelled : LabelledQuantity
    levels : ndarray, shape (m,)
    scale : {"logarithm", "as_measured"}
    thresholds : tuple of float
        In the canonical unit.
    choices : mapping of split to QuantileChoice
    final : ndarray, shape (n, m)
        Out-of-fold quantiles of the whole procedure, on the scale.
    candidates : mapping of str to ndarray, shape (n, m)
        Out-of-fold quantiles of each candidate alone.
    checked_threshold : float
        The threshold of `passing`.
    """

    labelled: LabelledQuantity
    levels: FloatArray
    scale: Scale
    thresholds: tuple[float, ...]
    choices: Mapping[str, QuantileChoice]
    final: FloatArray
    candidates: Mapping[str, FloatArray]
    checked_threshold: float

    def distribution(self, candidate: str | None = None) -> QuantileFunction:
        """Out-of-fold distributions of all patients, by one candidate alone or by the whole procedure."""
        values = self.final if candidate is None else self.candidates[candidate]
        return QuantileFunction(self.levels, values, self.scale)


def quantity_patients(study: Study) -> tuple[Cohort, LabelledQuantity, float]:
    """Read the patients of a study of a quantity, and the threshold that divides them most evenly.

    Raises
    ------
    ContractError
        If the table breaks the contract.
    CohortError
        If there is no table or nobody in it, a value cannot be on the scale, or every threshold leaves too few patients
        on one side to learn from.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    labelled = label_outcome(cohort, quantity_definition(study))
    outcome = study.outcome
    if isinstance(outcome, QuantityOutcome) and outcome.scale == "logarithm" and labelled.values.min() < 0:
        raise CohortError(
            f"{labelled.label} is negative in {int((labelled.values < 0).sum())} patients: it has no logarithm",
            where="outcome.scale",
            expected="values of 0 and more",
            remedy="set scale: as_measured",
        )
    thresholds = quantity_thresholds(study)
    shares = [float((labelled.values >= one).mean()) for one in thresholds]
    threshold, share = min(zip(thresholds, shares, strict=True), key=lambda one: abs(one[1] - 0.5))
    fewest = max(FEWEST_EVENTS, 2 * study.resampling.outer_folds)
    reached = round(share * len(labelled))
    if min(reached, len(labelled) - reached) < fewest:
        raise CohortError(
            f"no threshold divides the patients: {threshold:g} {labelled.unit}, the nearest to it, is reached by "
            f"{reached} of {len(labelled)}",
            where="outcome.thresholds",
            expected=f"a threshold with at least {fewest} patients on either side",
            remedy="name another threshold, or gather more patients",
        )
    return cohort, labelled, threshold


def fit_quantity_study(study: Study, *, checkpoints: Path, workers: int, started: datetime) -> TrainedQuantity:
    """Tune every candidate in every split and let the study's rule choose.

    Parameters
    ----------
    study, checkpoints, workers, started
        As :func:`spinecast.training.fitting.fit_study`.

    Raises
    ------
    ContractError
        If the cohort breaks the contract.
    CohortError
        If the cohort cannot carry the study.
    """
    cohort, labelled, threshold = quantity_patients(study)
    outcome = study.outcome
    assert isinstance(outcome, QuantityOutcome)  # quantity_patients has read it as one
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    middle = float(np.median(labelled.values))
    say(f"{cohort.name}: {len(labelled)} patients, median {middle:g} {labelled.unit} ({kind})")
    passing = read_by_threshold(labelled, threshold)
    values, levels = to_scale(labelled.values, outcome.scale), np.array(outcome.quantiles, dtype=np.float64)

    def data(matrix: FloatArray, schema: PredictorSchema) -> QuantitySearchData:
        return QuantitySearchData.of(matrix, schema, values, levels)

    ensemble = ensemble_names(study)

    def chosen(split: Split, tuned: Mapping[str, TunedCandidate]) -> QuantileChoice:
        return choose_quantiles(split, tuned, ensemble, values, levels)

    searched = search_study(
        study,
        cohort,
        passing,
        passing.values,
        data,
        lambda split, tuned: chosen(split, tuned).test,
        checkpoints=checkpoints,
        workers=workers,
        started=started,
    )
    plans, splits, tuned = searched.plans, searched.splits, searched.tuned
    choices = {
        split.name: chosen(split, {plan.name: tuned[split.name, plan.name] for plan in plans}) for split in splits
    }
    shape = (len(values), len(levels))
    final, candidates = np.empty(shape), {plan.name: np.empty(shape) for plan in plans}
    for split in splits:
        final[split.test] = choices[split.name].test
        for name, quantiles in candidates.items():
            quantiles[split.test] = shifted_test(split, tuned[split.name, name], values, levels)
    return TrainedQuantity(
        **searched.found(),
        labelled=labelled,
        levels=levels,
        scale=outcome.scale,
        thresholds=quantity_thresholds(study),
        choices=choices,
        final=final,
        candidates=candidates,
        checked_threshold=threshold,
    )
