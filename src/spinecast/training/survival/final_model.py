"""The model of a study of times: what was chosen on all patients, with what missing inputs cost it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import read_by_day
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.loading import TimedModel
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.survival.competing import CompetingRisksModel, cloglog_incidence
from spinecast.models.survival.correction import never_falling
from spinecast.models.survival.model import risk_of
from spinecast.notices import RESEARCH_USE
from spinecast.training.environment import package_versions
from spinecast.training.missing_loss import by_held_out_member, measure_missing_inputs, missing_loss
from spinecast.training.plan import model_predictors
from spinecast.training.resampling import ALL_PATIENTS, inner_folds
from spinecast.training.study import study_hash
from spinecast.training.survival.assembly import final_hazard
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.validation.missing_inputs import MissingInputs, Reading

__all__ = ["final_timed_model", "held_out_curves", "measured_timed_model"]

FloatArray = NDArray[np.float64]


def measured_timed_model(trained: TrainedTimes) -> tuple[TimedModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost it on each day; return that too as it was measured.

    Performance is that of the risk by the day that was checked.
    """
    model, day = final_timed_model(trained), trained.checked_day
    at = int(np.flatnonzero(trained.grid == day)[0])  # horizons are days of the grid
    found = measure_missing_inputs(
        by_held_out_member(model.predictors, lambda matrix, fold: held_out_curves(model, matrix, fold)),
        model.predictors,
        trained.cohort.matrix(model.predictors)[trained.labelled.rows],
        inner_folds(trained.splits),
        read_by_day(trained.labelled, day),
        bootstrap=trained.study.evaluation.bootstrap,
        seed=trained.study.seed,
        reading=Reading(
            risk=lambda curves: risk_of(curves[:, at]),
            scaled=lambda curves: curves,
            scale=model.served_scale,
            column=at,
            judged=f"risk by day {day:g}",
        ),
    )
    slope = 1.0 if isinstance(model, CompetingRisksModel) else model.correction.slope
    return replace(model, missing=missing_loss(model.predictors, found, slope)), found


def held_out_curves(model: TimedModel, matrix: FloatArray, fold: int) -> FloatArray:
    """What the members fitted without one fold serve on the grid, shape (n, k), on the scale contributions are on."""
    hazards = model.hazards if isinstance(model, CompetingRisksModel) else (model,)
    curves = np.stack([never_falling(one.member_log_hazards(matrix, fold)[0]) for one in hazards])
    return curves[0] if len(hazards) == 1 else cloglog_incidence(hazards[0].grid, curves, hazards[0].grid)


def final_timed_model(trained: TrainedTimes) -> TimedModel:
    """Make the study's model of what was chosen on all patients."""
    study, labelled = trained.study, trained.labelled
    plans = {plan.name: plan for plan in trained.plans}
    # Those of the chosen candidates alone, whichever cause they were chosen for: nothing else is asked for.
    chosen = {name for cause in trained.causes for name in cause.choices[ALL_PATIENTS].chosen}
    used = {predictor for name in chosen for predictor in plans[name].predictors}
    predictors = tuple(name for name in model_predictors(study) if name in used)
    matrix = trained.cohort.matrix(predictors)[labelled.rows]
    schema = PredictorSchema.from_variables([variable(name) for name in predictors])
    marginals = development_marginals(matrix, schema.levels)
    decline = study.missing.decline.model_dump(mode="json", exclude_defaults=True)
    about = {
        "title": study.title,
        "use": RESEARCH_USE,
        "outcome": {**study.outcome.model_dump(mode="json"), "label": labelled.label},
        "cohort": {
            "name": trained.cohort.name,
            "kind": trained.cohort.kind,
            "fingerprint": trained.cohort.fingerprint,
            "n": len(labelled),
            "events": labelled.events[0],
        },
        **({"decline": decline} if decline else {}),
        "study_hash": study_hash(study),
        "seed": study.seed,
        "versions": package_versions(),
    }
    hazards = tuple(
        final_hazard(cause, plans, name=study.study, predictors=predictors, marginals=marginals, about=about)
        for cause in trained.causes
    )
    development = learn_development_distribution(matrix, schema, inner_folds(trained.splits))
    if len(hazards) == 1:
        return replace(hazards[0], development=development)
    return CompetingRisksModel(
        causes=labelled.causes, labels=labelled.cause_labels, hazards=hazards, development=development
    )
