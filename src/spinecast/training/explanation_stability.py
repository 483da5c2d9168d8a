"""Whether models of resamples give the reasons of the final one: what internal validation fitted again, explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.contributions import explain
from spinecast.explanation.depth.stability import refitted_stability
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.statistics import Absent
from spinecast.training.assembly import choose, final_parts
from spinecast.training.features import predictor_schema
from spinecast.training.fitting import Trained
from spinecast.training.internal_splits import EXPLAINED_RESAMPLES, resample_name
from spinecast.training.plan import ensemble_names, model_predictors
from spinecast.training.resampling import Split
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning_unit import TunedCandidate

__all__ = ["MOST_PATIENTS", "explanation_stability", "resample_model"]

FloatArray = NDArray[np.float64]

# Explaining is the dear part: so many patients tell a rank or a sign that changes from one that does not.
MOST_PATIENTS = 50


def explanation_stability(trained: Trained, model: PrognosisModel) -> dict[str, Any]:
    """Explain some development patients by the models of resamples: JSON values, as a run's record keeps them.

    Parameters
    ----------
    trained : Trained
    model : PrognosisModel
        The final one.
    """
    found = trained.refitted.bootstrap
    if found is None:
        return Absent("it needs the bootstrap, which the study does not ask for").to_dict()
    names = {resample_name(number) for number in range(1, EXPLAINED_RESAMPLES + 1)}
    splits = [split for split in found.splits if split.name in names]
    if not splits:
        return Absent("no resample could be used").to_dict()
    if model.harmonisers:
        return Absent("image features stand on another scale in each resample").to_dict()
    every = model_predictors(trained.study)
    matrix = trained.cohort.matrix(every)[trained.labelled.rows]
    draw = np.random.default_rng(derive_seed(trained.study.seed, "explanation stability"))
    rows = np.sort(draw.choice(len(matrix), size=min(MOST_PATIENTS, len(matrix)), replace=False))
    places = [every.index(name) for name in model.predictors]
    marginals = development_marginals(matrix, predictor_schema(trained.study, every).levels)
    refits = []
    for split in splits:
        again = resample_model(
            trained, replace(model, predictors=every, marginals=marginals), split, found.tuned[split.name]
        )
        if not all(part.members for part in again.parts):
            return Absent("its fits were resumed from an earlier version, which kept less of them").to_dict()
        refits.append(explain(again, matrix[rows]).values[:, places])
    drivers = refitted_stability(explain(model, np.ascontiguousarray(matrix[rows][:, places])).values, np.stack(refits))
    return {
        "refits": len(refits),
        "tuning": found.tuning,
        "patients": len(rows),
        "drivers": [
            one.to_dict(model.predictors) | {"label": variable(model.predictors[one.place]).label} for one in drivers
        ],
    }


def resample_model(
    trained: Trained, model: PrognosisModel, split: Split, tuned: Mapping[str, TunedCandidate]
) -> PrognosisModel:
    """Return what the study's rule makes of one resample, as the final model is made of all patients."""
    labelled = trained.labelled
    weights = None if labelled.weights is None else labelled.ipcw_weights_for(split.train)
    choice = choose(split, tuned, ensemble_names(trained.study), labelled.values, weights)
    plans = {plan.name: plan for plan in trained.plans}
    parts = final_parts(choice, tuned, plans, model.predictors)
    return replace(model, parts=parts, intercept=choice.intercept, slope=choice.slope)
