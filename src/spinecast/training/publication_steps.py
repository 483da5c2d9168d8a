"""What publication shares of whatever has several answers: the same steps, each taken by the kind's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.describing.by_outcome import describe
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.models.loading import AnyModel
from spinecast.reporting import RunRecord
from spinecast.training.described_features import described_features
from spinecast.training.explanation_stability import explanation_stability
from spinecast.training.features import predictor_schema
from spinecast.training.missing_loss import recorded_missing
from spinecast.training.output import MODEL
from spinecast.training.plan import model_predictors
from spinecast.training.progress import say
from spinecast.training.refitting import RefittedSplits
from spinecast.training.resampling import Split
from spinecast.training.run_facts import Clock, Finished, run_facts
from spinecast.training.seeds import derive_seed
from spinecast.training.study import resolved_yaml
from spinecast.training.tracked_run import internal_metrics
from spinecast.training.tuning_unit import CandidatePlan, TunedCandidate
from spinecast.training.written_run import WrittenRun, write_results
from spinecast.validation.checks import Checklist
from spinecast.validation.internal.result import InternalValidation
from spinecast.validation.missing_inputs import MissingInputs

if TYPE_CHECKING:
    import pandas

__all__ = ["PublicationSteps", "explain_development", "publish_in_steps"]

FloatArray = NDArray[np.float64]


class Publishable(Finished, Protocol):
    """A training that is done, with its candidates."""

    @property
    def plans(self) -> Sequence[CandidatePlan]: ...


TrainedT = TypeVar("TrainedT", bound=Publishable)
ModelT = TypeVar("ModelT", bound=AnyModel)


@dataclass(frozen=True)
class PublicationSteps(Generic[TrainedT, ModelT]):
    """How one kind of model is made, judged, explained and described.

    Parameters
    ----------
    measured_model : callable
        Makes the model, and what missing inputs cost it.
    save : callable
        Writes the model into a folder and returns its identity.
    judged : str
        What is judged, in a word or two.
    judge : callable
        Makes the out-of-fold evaluation, JSON values, and the checks.
    judge_internally : callable
    explain : callable
        Summarises the model's contributions in its development patients, JSON values.
    bootstraps : callable
        What was fitted again in resamples, one a search.
    resample_model : callable
        Makes what the study's rule makes of one resample, of the model, the split and its candidates, one mapping a
        search.
    event : callable
        The outcome read as one event: what the cohort is described by.
    tuning : callable
        Describes the search, JSON values.
    out_of_fold : callable
        The out-of-fold predictions, one row a patient.
    metrics : callable
        Flattens an evaluation into numbers by name.
    candidate_metrics : callable
        Flattens the evaluation of one candidate.
    """

    measured_model: Callable[[TrainedT], tuple[ModelT, MissingInputs]]
    save: Callable[[ModelT, Path], str]
    judged: str
    judge: Callable[[TrainedT], tuple[dict[str, Any], Checklist]]
    judge_internally: Callable[[TrainedT, ModelT], InternalValidation]
    explain: Callable[[TrainedT, ModelT], dict[str, Any]]
    bootstraps: Callable[[TrainedT], Sequence[RefittedSplits | None]]
    resample_model: Callable[[TrainedT, ModelT, Split, Sequence[Mapping[str, TunedCandidate]]], ModelT]
    event: Callable[[TrainedT], LabelledOutcome]
    tuning: Callable[[TrainedT], dict[str, Any]]
    out_of_fold: Callable[[TrainedT], pandas.DataFrame]
    metrics: Callable[[Mapping[str, Any]], dict[str, float]]
    candidate_metrics: Callable[[Mapping[str, Any]], dict[str, float]]


def publish_in_steps(
    trained: TrainedT, staging: Path, steps: PublicationSteps[TrainedT, ModelT], *, overrides: Sequence[str]
) -> WrittenRun[ModelT]:
    """Compute what is shown of a run and write it into a folder.

    Parameters
    ----------
    trained, staging, overrides
        As :func:`spinecast.training.publication.publish`.
    steps : PublicationSteps

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    clock = Clock()
    say("measuring what missing inputs cost")
    model, missing = clock.timed("missing_inputs_seconds", lambda: steps.measured_model(trained))
    identity = steps.save(model, staging / MODEL)
    say(f"judging out-of-fold {steps.judged}")
    evaluation, checklist = clock.timed("evaluation_seconds", lambda: steps.judge(trained))
    say("judging what was fitted again")
    internal = clock.timed("internal_validation_seconds", lambda: steps.judge_internally(trained, model))
    say("explaining the final model")
    explanation = clock.timed("explanation_seconds", lambda: steps.explain(trained, model))
    say("explaining models of resamples")
    again = partial(steps.resample_model, trained)
    explanation["stability"] = clock.timed(
        "stability_seconds", lambda: explanation_stability(trained, model, steps.bootstraps(trained), again)
    )
    event = steps.event(trained)
    record = RunRecord(
        study=trained.study.model_dump(mode="json"),
        study_yaml=resolved_yaml(trained.study),
        cohort=describe(trained.cohort, event, model_predictors(trained.study))
        | described_features(trained.study, trained.cohort, event, model),
        evaluation=evaluation | {"missing_inputs": recorded_missing(missing, model, trained, trained.labelled.rows)},
        tuning=steps.tuning(trained),
        explanation=explanation,
        run=run_facts(trained, identity, clock, overrides) | checklist.to_dict(),
        internal=internal.to_dict(),
    )
    write_results(trained, record, steps.out_of_fold(trained), staging)
    return WrittenRun(
        trained,
        model,
        identity,
        record,
        steps.metrics(evaluation) | internal_metrics(record.internal),
        {one["name"]: ({"label": one["label"]}, steps.candidate_metrics(one)) for one in evaluation["candidates"]},
    )


def explain_development(
    summarise: Callable[..., dict[str, Any]], trained: Publishable, model: AnyModel, answer: FloatArray
) -> dict[str, Any]:
    """Summarise a model's contributions in the patients it was made from, JSON values.

    Parameters
    ----------
    summarise : callable
        Of the model's kind, in :mod:`spinecast.explanation`.
    trained : Publishable
    model : AnyModel
    answer : ndarray, shape (n,)
        Out of fold, by which patients are put in order.
    """
    patients = trained.cohort.matrix(model.predictors)[trained.labelled.rows]
    return summarise(
        model,
        predictor_schema(trained.study, model.predictors).on_common_scale(patients),
        answer,
        [variable(name) for name in model.predictors],
        patients=trained.study.explanation.patients,
        seed=derive_seed(trained.study.seed, "explanation"),
    )
