"""Whether models of resamples give the reasons of the final one: what internal validation fitted again, explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.depth.stability import refitted_stability
from spinecast.explanation.depth.views import view_of
from spinecast.models.encoder_fitting import FEWEST_MISSING
from spinecast.models.loading import AnyModel
from spinecast.models.prognosis_model import development_marginals
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import TimeToEventModel
from spinecast.statistics import Absent
from spinecast.training.features import predictor_schema
from spinecast.training.internal_splits import EXPLAINED_RESAMPLES, resample_name
from spinecast.training.plan import model_predictors
from spinecast.training.refitting import RefittedSplits
from spinecast.training.resampling import Split
from spinecast.training.run_facts import Finished
from spinecast.training.seeds import derive_seed
from spinecast.training.tuning_unit import TunedCandidate

__all__ = ["MOST_PATIENTS", "MOST_PATIENTS_OF_TIMES", "explanation_stability"]

FloatArray = NDArray[np.float64]
ModelT = TypeVar("ModelT", bound=AnyModel)

# Explaining is the dear part: so many patients tell a rank or a sign that changes from one that does not.
MOST_PATIENTS = 50
# A curve that is no single score is walked through the model from each reference patient: twenty times as dear.
MOST_PATIENTS_OF_TIMES = 20


def explanation_stability(
    trained: Finished,
    model: ModelT,
    bootstraps: Sequence[RefittedSplits | None],
    again: Callable[[ModelT, Split, Sequence[Mapping[str, TunedCandidate]]], ModelT],
) -> dict[str, Any]:
    """Explain some development patients by the models of resamples: JSON values, as a run's record keeps them.

    Explained is the one number of a model of its kind (:mod:`spinecast.explanation.depth.views`), which the report's
    other contributions are of.

    Parameters
    ----------
    trained : Finished
    model : AnyModel
        The final one.
    bootstraps : sequence of RefittedSplits or None
        What was fitted again, one a search: of competing causes, one a cause.
    again : callable
        Maps the final model, with every predictor of the study, a split and its candidates, one mapping a search, to
        what the study's rule makes of them.
    """
    found = [one for one in bootstraps if one is not None]
    if not found:
        return Absent("it needs the bootstrap, which the study does not ask for").to_dict()
    names = {resample_name(number) for number in range(1, EXPLAINED_RESAMPLES + 1)}
    splits = [split for split in found[0].splits if split.name in names]
    if not splits:
        return Absent("no resample could be used").to_dict()
    every = model_predictors(trained.study)
    matrix = trained.cohort.matrix(every)[trained.labelled.rows]
    schema = predictor_schema(trained.study, every)
    if schema.fit_harmonisers(matrix):
        return Absent("image features stand on another scale in each resample").to_dict()
    if not all(_kept(one, split) for one in found for split in splits):
        return Absent("its fits were resumed from an earlier version, which kept less of them").to_dict()
    most = MOST_PATIENTS_OF_TIMES if isinstance(model, TimeToEventModel | CompetingRisksModel) else MOST_PATIENTS
    draw = np.random.default_rng(derive_seed(trained.study.seed, "explanation stability"))
    rows = matrix[np.sort(draw.choice(len(matrix), size=min(most, len(matrix)), replace=False))]
    places = [every.index(name) for name in model.predictors]
    own = view_of(model).explained(np.ascontiguousarray(rows[:, places])).values
    wide = _asked_of_everything(model, every, matrix, development_marginals(matrix, schema.levels))
    models = (again(wide, split, [one.tuned[split.name] for one in found]) for split in splits)
    refits = [view_of(one).explained(rows).values[:, places] for one in models]
    return {
        "refits": len(refits),
        "tuning": found[0].tuning,
        "patients": len(rows),
        "drivers": [
            one.to_dict(model.predictors) | {"label": variable(model.predictors[one.place]).label}
            for one in refitted_stability(own, np.stack(refits))
        ],
    }


def _kept(found: RefittedSplits, split: Split) -> bool:
    return all(one.has_members for one in found.tuned[split.name].values())


def _asked_of_everything(
    model: ModelT, predictors: tuple[str, ...], matrix: FloatArray, marginals: FloatArray
) -> ModelT:
    """Return the model with every predictor of the study: a resample may choose candidates that need others.

    What it carries of its own patients' joint distribution and of missing inputs is of its own predictors, and goes.
    """
    changed: dict[str, Any] = {"development": None, "missing": None}
    if isinstance(model, CompetingRisksModel):
        hazards = [_asked_of_everything(hazard, predictors, matrix, marginals) for hazard in model.hazards]
        return replace(model, hazards=tuple(hazards), **changed)
    if isinstance(model, QuantityModel):
        changed["always_known"] = np.isnan(matrix).sum(axis=0) < FEWEST_MISSING
    return replace(model, predictors=predictors, marginals=marginals, **changed)
