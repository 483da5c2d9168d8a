"""The model of a study of a quantity: what was chosen on all patients, with what missing inputs cost it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.encoder_fitting import FEWEST_MISSING
from spinecast.models.encoding import all_knowing
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.quantiles.quantile_function import QuantileFunction, to_scale
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import by_held_out_member, measure_final_model, missing_loss
from spinecast.training.model_facts import about_model, chosen_predictors
from spinecast.training.plan import ensemble_names
from spinecast.training.quantity.assembly import choose_quantiles, quantile_parts
from spinecast.training.quantity.fitting import TrainedQuantity
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds
from spinecast.training.tuning_unit import TunedCandidate
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.removing_inputs import Reading
from spinecast.validation.threshold import CERTAIN

__all__ = ["measured_quantity_model", "quantity_model", "resample_quantity_model"]

FloatArray = NDArray[np.float64]


def measured_quantity_model(trained: TrainedQuantity) -> tuple[QuantityModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost its median; return that too as it was measured.

    Performance is that of the probability of reaching the threshold that divides the patients most evenly.
    """
    model = quantity_model(trained)

    def chance(quantiles: FloatArray) -> FloatArray:
        found = QuantileFunction.rearranged(model.levels, quantiles, model.scale)
        return np.clip(found.exceedance([trained.checked_threshold])[:, 0], CERTAIN, 1 - CERTAIN)

    found = measure_final_model(
        trained,
        model.predictors,
        by_held_out_member(model.predictors, model.shifted),
        trained.passing,
        Reading(
            risk=chance,
            scaled=lambda quantiles: quantiles[:, model.middle],
            scale=f"median, {model.served_scale}",
            judged=f"probability of {trained.checked_threshold:g} {model.unit} and more",
        ),
    )
    return replace(model, missing=missing_loss(model.predictors, found)), found


def quantity_model(trained: TrainedQuantity) -> QuantityModel:
    """Make the study's model of what was chosen on all patients."""
    study, labelled, choice = trained.study, trained.labelled, trained.choices[ALL_PATIENTS]
    plans = {plan.name: plan for plan in trained.plans}
    predictors = chosen_predictors(study, plans, choice.chosen)
    matrix = trained.cohort.matrix(predictors)[labelled.rows]
    schema = predictor_schema(study, predictors)
    tuned = {name: trained.tuned[ALL_PATIENTS, name] for name in plans}
    outcome = {"label": labelled.label, "unit": labelled.unit, "thresholds": list(trained.thresholds)}
    return QuantityModel(
        name=study.study,
        predictors=predictors,
        parts=all_knowing(quantile_parts(choice, tuned, plans, predictors), matrix),
        levels=trained.levels,
        shifts=choice.shifts,
        scale=trained.scale,
        marginals=development_marginals(schema.on_common_scale(matrix), schema.levels),
        always_known=np.isnan(matrix).sum(axis=0) < FEWEST_MISSING,
        about=about_model(study, trained.cohort, predictors, outcome, {"n": len(labelled)}),
        # Image features of several scanners have no one distribution: each member brings them onto a scale of its own.
        development=None
        if schema.fit_harmonisers(matrix)
        else learn_development_distribution(matrix, schema, inner_folds(trained.splits)),
    )


def resample_quantity_model(
    trained: TrainedQuantity, model: QuantityModel, split: Split, tuned: Sequence[Mapping[str, TunedCandidate]]
) -> QuantityModel:
    """Return what the study's rule makes of one resample; as :func:`spinecast.training.final_model.resample_model`."""
    values = to_scale(trained.labelled.values, trained.scale)
    (own,) = tuned
    choice = choose_quantiles(split, own, ensemble_names(trained.study), values, trained.levels)
    parts = quantile_parts(choice, own, {plan.name: plan for plan in trained.plans}, model.predictors)
    return replace(model, parts=parts, shifts=choice.shifts)
