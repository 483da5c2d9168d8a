"""The model of a study: what was chosen on all patients, with what missing inputs cost it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from spinecast.models.development_distribution import learn_development_distribution
from spinecast.models.predictor_schema import applied
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.notices import RESEARCH_USE
from spinecast.training.assembly import choose, final_parts
from spinecast.training.environment import package_versions
from spinecast.training.features import described_blocks, predictor_schema
from spinecast.training.fitting import Trained
from spinecast.training.missing_loss import held_out_risk, measure_final_model, missing_loss
from spinecast.training.model_facts import chosen_predictors
from spinecast.training.plan import ensemble_names
from spinecast.training.resampling import ALL_PATIENTS, Split, inner_folds
from spinecast.training.study import study_hash
from spinecast.training.tuning_unit import TunedCandidate
from spinecast.training.venn_abers import study_venn_abers
from spinecast.validation.missing_inputs import MissingInputs

__all__ = ["final_model", "measured_model", "resample_model"]


def measured_model(trained: Trained) -> tuple[PrognosisModel, MissingInputs]:
    """Make the study's model, with what missing inputs cost it; return that too as it was measured."""
    model = final_model(trained)
    found = measure_final_model(trained, model.predictors, held_out_risk(model), trained.labelled)
    return replace(model, missing=missing_loss(model.predictors, found, model.slope)), found


def final_model(trained: Trained) -> PrognosisModel:
    """Make the study's model of what was chosen on all patients."""
    study, choice = trained.study, trained.choices[ALL_PATIENTS]
    plans = {plan.name: plan for plan in trained.plans}
    predictors = chosen_predictors(study, plans, choice.chosen)
    tuned = {name: trained.found.tuned[ALL_PATIENTS, name] for name in plans}
    matrix = trained.cohort.matrix(predictors)[trained.labelled.rows]
    schema = predictor_schema(study, predictors)
    harmonisers = schema.fit_harmonisers(matrix)
    common = applied(harmonisers, matrix)
    decline = study.missing.decline.model_dump(mode="json", exclude_defaults=True)
    model = PrognosisModel(
        name=study.study,
        predictors=predictors,
        parts=final_parts(choice, tuned, plans, predictors),
        intercept=choice.intercept,
        slope=choice.slope,
        marginals=development_marginals(common, schema.levels),
        about={
            "title": study.title,
            "use": RESEARCH_USE,
            "outcome": {**study.outcome.model_dump(mode="json"), "label": trained.labelled.label},
            "cohort": {
                "name": trained.cohort.name,
                "kind": trained.cohort.kind,
                "fingerprint": trained.cohort.fingerprint,
                "n": int(trained.labelled.known.sum()),
                "events": trained.labelled.events,
            },
            # No algorithm of the catalogue weighs classes, and every score is recalibrated.
            "development": {
                **({"predictor_choice": study.predictor_choice} if study.predictor_choice else {}),
                "classes": "as_they_are",
                "recalibrated": True,
            },
            **({"decline": decline} if decline else {}),
            **({"features": described} if (described := described_blocks(study, trained.cohort, predictors)) else {}),
            **({} if trained.lenders is None else {"borrowed": trained.lenders.to_dict()}),
            "study_hash": study_hash(study),
            "seed": study.seed,
            "versions": package_versions(),
        },
        venn_abers=study_venn_abers(trained),
        development=learn_development_distribution(common, schema, inner_folds(trained.splits)),
        harmonisers=harmonisers,
    )
    return model.knowing(matrix)


def resample_model(
    trained: Trained, model: PrognosisModel, split: Split, tuned: Sequence[Mapping[str, TunedCandidate]]
) -> PrognosisModel:
    """Return what the study's rule makes of one resample, as the final model is made of all patients.

    Parameters
    ----------
    trained : Trained
    model : PrognosisModel
        The final one, with every predictor of the study: a resample may choose candidates that need others.
    split : Split
    tuned : sequence of mapping of str to TunedCandidate
        Of that split, whose members were kept: one a search, of which there is one.
    """
    labelled = trained.labelled
    weights = None if labelled.weights is None else labelled.ipcw_weights_for(split.train)
    (own,) = tuned
    choice = choose(split, own, ensemble_names(trained.study), labelled.values, weights)
    parts = final_parts(choice, own, {plan.name: plan for plan in trained.plans}, model.predictors)
    return replace(model, parts=parts, intercept=choice.intercept, slope=choice.slope)
