"""The model of a study of ordered levels: what was chosen on all patients, with what missing inputs cost it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.encoding import all_knowing
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.ordinal.thresholds import in_order
from spinecast.models.prognosis_model import development_marginals
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import by_held_out_member, measure_final_model, missing_loss
from spinecast.training.model_facts import about_model, chosen_predictors
from spinecast.training.ordinal.assembly import choose_levels, ordinal_parts
from spinecast.training.ordinal.fitting import TrainedLevels
from spinecast.training.plan import ensemble_names, ordinal_definition
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds
from spinecast.training.tuning_unit import TunedCandidate
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.ordinal import described_levels
from spinecast.validation.removing_inputs import Reading
from spinecast.validation.threshold import CERTAIN

__all__ = ["measured_ordinal_model", "ordinal_model", "resample_ordinal_model"]

FloatArray = NDArray[np.float64]


def measured_ordinal_model(trained: TrainedLevels) -> tuple[OrdinalModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost it at each threshold; return that too as it was measured.

    Performance is that of the probability of reaching the level that divides the patients most evenly.
    """
    model, at = ordinal_model(trained), trained.checked_threshold
    reached = trained.labelled.reached_labels[at]

    def chance(log_odds: FloatArray) -> FloatArray:
        return np.clip(expit(in_order(log_odds)[:, at]), CERTAIN, 1 - CERTAIN)

    found = measure_final_model(
        trained,
        model.predictors,
        by_held_out_member(model.predictors, model.unordered),
        trained.passing,
        Reading(
            risk=chance,
            scaled=lambda log_odds: log_odds,
            scale=model.served_scale,
            column=at,
            judged=f"probability of {reached[0].lower()}{reached[1:]}",
        ),
    )
    return replace(model, missing=missing_loss(model.predictors, found, model.lines.slopes)), found


def ordinal_model(trained: TrainedLevels) -> OrdinalModel:
    """Make the study's model of what was chosen on all patients."""
    study, choice = trained.study, trained.choices[ALL_PATIENTS]
    plans = {plan.name: plan for plan in trained.plans}
    predictors = chosen_predictors(study, plans, choice.chosen)
    matrix = trained.cohort.matrix(predictors)[trained.labelled.rows]
    schema = predictor_schema(study, predictors)
    tuned = {name: trained.tuned[ALL_PATIENTS, name] for name in plans}
    outcome = {
        "label": trained.labelled.label,
        "levels": described_levels(trained.labelled, ordinal_definition(study).variable),
        "explained_threshold": trained.checked_threshold,
    }
    return OrdinalModel(
        name=study.study,
        predictors=predictors,
        parts=all_knowing(ordinal_parts(choice, tuned, plans, predictors), matrix),
        lines=choice.last,
        marginals=development_marginals(schema.on_common_scale(matrix), schema.levels),
        about=about_model(study, trained.cohort, predictors, outcome, {"n": len(trained.labelled)}),
        # Image features of several scanners have no one distribution: each member brings them onto a scale of its own.
        development=None
        if schema.fit_harmonisers(matrix)
        else learn_development_distribution(matrix, schema, inner_folds(trained.splits)),
    )


def resample_ordinal_model(
    trained: TrainedLevels, model: OrdinalModel, split: Split, tuned: Sequence[Mapping[str, TunedCandidate]]
) -> OrdinalModel:
    """Return what the study's rule makes of one resample; as :func:`spinecast.training.final_model.resample_model`."""
    levels, thresholds = trained.labelled.values, len(trained.labelled.levels) - 1
    (own,) = tuned
    choice = choose_levels(split, own, ensemble_names(trained.study), levels, thresholds)
    parts = ordinal_parts(choice, own, {plan.name: plan for plan in trained.plans}, model.predictors)
    return replace(model, parts=parts, lines=choice.last)
