"""The model of a study of times: what was chosen on all patients, with what missing inputs cost it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import read_by_day
from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.encoding import all_knowing
from spinecast.models.loading import TimedModel
from spinecast.models.predictor_schema import applied
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.survival.competing import CompetingRisksModel, cloglog_incidence
from spinecast.models.survival.correction import never_falling
from spinecast.models.survival.model import TimeToEventModel, risk_of
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import by_held_out_member, measure_final_model, missing_loss
from spinecast.training.model_facts import about_model, chosen_predictors
from spinecast.training.plan import ensemble_names
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds
from spinecast.training.survival.assembly import CauseResult, choose_curves, final_hazard, survival_parts
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.training.tuning_unit import TunedCandidate
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.removing_inputs import Reading

__all__ = ["final_timed_model", "held_out_curves", "measured_timed_model", "resample_timed_model"]

FloatArray = NDArray[np.float64]


def measured_timed_model(trained: TrainedTimes) -> tuple[TimedModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost it on each day; return that too as it was measured.

    Performance is that of the risk by the day that was checked.
    """
    model, day = final_timed_model(trained), trained.checked_day
    at = int(np.flatnonzero(trained.grid == day)[0])  # horizons are days of the grid
    found = measure_final_model(
        trained,
        model.predictors,
        by_held_out_member(model.predictors, lambda matrix, fold: held_out_curves(model, matrix, fold)),
        read_by_day(trained.labelled, day),
        Reading(
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
    # Whichever cause they were chosen for.
    chosen = {name for cause in trained.causes for name in cause.choices[ALL_PATIENTS].chosen}
    predictors = chosen_predictors(study, plans, chosen)
    matrix = trained.cohort.matrix(predictors)[labelled.rows]
    schema = predictor_schema(study, predictors)
    harmonisers = schema.fit_harmonisers(matrix)
    marginals = development_marginals(applied(harmonisers, matrix), schema.levels)
    counted = {"n": len(labelled), "events": labelled.events[0]}
    about = about_model(study, trained.cohort, predictors, {"label": labelled.label}, counted)
    made = (
        final_hazard(cause, plans, name=study.study, predictors=predictors, marginals=marginals, about=about)
        for cause in trained.causes
    )
    hazards = tuple(replace(hazard, parts=all_knowing(hazard.parts, matrix)) for hazard in made)
    # Image features of several scanners have no one distribution: each member brings them onto a scale of its own.
    development = None if harmonisers else learn_development_distribution(matrix, schema, inner_folds(trained.splits))
    if len(hazards) == 1:
        return replace(hazards[0], development=development)
    return CompetingRisksModel(
        causes=labelled.causes, labels=labelled.cause_labels, hazards=hazards, development=development
    )


def resample_timed_model(
    trained: TrainedTimes, model: TimedModel, split: Split, tuned: Sequence[Mapping[str, TunedCandidate]]
) -> TimedModel:
    """Return what the study's rule makes of one resample; as :func:`spinecast.training.final_model.resample_model`.

    Parameters
    ----------
    trained : TrainedTimes
    model : TimeToEventModel or CompetingRisksModel
    split : Split
    tuned : sequence of mapping of str to TunedCandidate
        One a cause.
    """
    plans, ensemble = {plan.name: plan for plan in trained.plans}, ensemble_names(trained.study)

    def again(hazard: TimeToEventModel, cause: CauseResult, own: Mapping[str, TunedCandidate]) -> TimeToEventModel:
        choice = choose_curves(split, own, ensemble, cause.task)
        parts = survival_parts(choice, own, plans, hazard.predictors)
        return replace(hazard, parts=parts, correction=choice.correction)

    hazards = model.hazards if isinstance(model, CompetingRisksModel) else (model,)
    made = tuple(again(*one) for one in zip(hazards, trained.causes, tuned, strict=True))
    return replace(model, hazards=made) if isinstance(model, CompetingRisksModel) else made[0]
