"""Training proper of a study of ordered levels: its patients, splits, search and choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledLevels, label_outcome, most_even_level, read_by_level
from spinecast.errors import CohortError
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.training.features import cohort_with_features
from spinecast.training.ordinal.assembly import LevelChoice, choose_levels
from spinecast.training.ordinal.tuning import OrdinalSearchData
from spinecast.training.patients import FEWEST_EVENTS
from spinecast.training.plan import cohort_source, cohort_variables, ensemble_names, ordinal_definition
from spinecast.training.progress import say
from spinecast.training.resampling import Split
from spinecast.training.study import Study
from spinecast.training.threshold_training import Searched, search_study
from spinecast.training.tuning_unit import TunedCandidate

__all__ = ["TrainedLevels", "fit_ordinal_study", "ordinal_patients"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrainedLevels(Searched):
    """All that training computed, before it is judged, explained and written.

    Parameters
    ----------
    labelled : LabelledLevels
    choices : mapping of split to LevelChoice
    final : ndarray, shape (n, thresholds)
        Out-of-fold cumulative log-odds of the whole procedure, in order.
    candidates : mapping of str to ndarray, shape (n, thresholds)
        Out-of-fold cumulative log-odds of each candidate alone.
    checked_threshold : int
        Position of the threshold that `passing` reads.
    """

    labelled: LabelledLevels
    choices: Mapping[str, LevelChoice]
    final: FloatArray
    candidates: Mapping[str, FloatArray]
    checked_threshold: int


def ordinal_patients(study: Study) -> tuple[Cohort, LabelledLevels, int]:
    """Read the patients of a study of ordered levels, and the threshold that divides them most evenly, from 0.

    Raises
    ------
    ContractError
        If the table breaks the contract.
    CohortError
        If there is no table or nobody in it, or a level has too few patients to learn from, or none.
    """
    cohort = cohort_with_features(study, cohort_source(study), cohort_variables(study))
    labelled = label_outcome(cohort, ordinal_definition(study))
    fewest = max(FEWEST_EVENTS, 2 * study.resampling.outer_folds)
    few = [
        f"{name} ({count})"
        for name, count in zip(labelled.short_labels, labelled.counts, strict=True)
        if count < fewest
    ]
    if few:
        raise CohortError(
            f"levels with too few patients to learn from: {', '.join(few)}",
            where=f"outcome.variable ({labelled.label}), {len(labelled)} patients with a known level",
            expected=f"at least {fewest} at every level",
            remedy="count neighbours as one (combined_levels), leave a level out (excluded_levels), or gather more "
            "patients",
        )
    return cohort, labelled, most_even_level(labelled) - 1


def fit_ordinal_study(study: Study, *, checkpoints: Path, workers: int, started: datetime) -> TrainedLevels:
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
    cohort, labelled, checked = ordinal_patients(study)
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    counted = ", ".join(f"{name} {count}" for name, count in zip(labelled.short_labels, labelled.counts, strict=True))
    say(f"{cohort.name}: {len(labelled)} patients, by level {counted} ({kind})")
    levels, thresholds = labelled.values, len(labelled.levels) - 1

    def data(matrix: FloatArray, schema: PredictorSchema) -> OrdinalSearchData:
        return OrdinalSearchData.of(matrix, schema, levels, thresholds)

    ensemble = ensemble_names(study)

    def chosen(split: Split, tuned: Mapping[str, TunedCandidate]) -> LevelChoice:
        return choose_levels(split, tuned, ensemble, levels, thresholds)

    searched = search_study(
        study,
        cohort,
        read_by_level(labelled, checked + 1),
        levels.astype(np.float64),
        data,
        lambda split, tuned: chosen(split, tuned).test,
        checkpoints=checkpoints,
        workers=workers,
        started=started,
    )
    tuned, names = searched.tuned, [plan.name for plan in searched.plans]
    choices = {
        split.name: chosen(split, {name: tuned[split.name, name] for name in names}) for split in searched.splits
    }
    shape = (len(labelled), thresholds)
    final, candidates = np.empty(shape), {name: np.empty(shape) for name in names}
    for split in searched.splits:
        final[split.test] = choices[split.name].test
        for name, log_odds in candidates.items():
            alone = choose_levels(split, {name: tuned[split.name, name]}, None, levels, thresholds)
            log_odds[split.test] = alone.test
    return TrainedLevels(
        **searched.found(),
        labelled=labelled,
        choices=choices,
        final=final,
        candidates=candidates,
        checked_threshold=checked,
    )
