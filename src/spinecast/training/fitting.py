"""Training proper: a study's patients, splits, tuning and choices; nothing is judged or written yet."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.files import canonical_json, sha256_bytes
from spinecast.training.assembly import OutOfFold, SplitChoice, choose, collect_out_of_fold
from spinecast.training.borrowing import Lenders, find_lenders
from spinecast.training.checkpoint import count_finished, study_checkpoint
from spinecast.training.environment import arithmetic_packages, package_versions
from spinecast.training.features import predictor_schema
from spinecast.training.first_checks import first_checks
from spinecast.training.patients import patient_groups, study_patients
from spinecast.training.plan import candidate_plans, ensemble_names, model_predictors
from spinecast.training.progress import say
from spinecast.training.refitting import Refitted, count_refitted, further_splits, refit
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.search import SearchData, SearchResult, search
from spinecast.training.study import Study, study_hash
from spinecast.training.tuning_unit import CandidatePlan
from spinecast.validation.checks import Result, stop_at_errors

__all__ = ["Trained", "fit_study", "run_key_of"]


@dataclass(frozen=True)
class Trained:
    """All that training computed, before it is judged, explained and written.

    Parameters
    ----------
    study : Study
    cohort : Cohort
    labelled : LabelledOutcome
    plans : tuple of CandidatePlan
    splits : list of Split
    found : SearchResult
    choices : mapping of split name to SplitChoice
    out_of_fold : OutOfFold
    refitted : Refitted
        The same procedure in the further splits of the study's internal validation.
    run_key : str
    started : datetime
    workers : int
    training_seconds : float
        Wall time from the first tuning unit to the last choice, internal validation included.
    trials_resumed : int
        Finished trials that an earlier, interrupted call had left.
    first_checks : tuple of Result
        What became of the checks that were made before anything was fitted.
    lenders : Lenders or None
        The related patients the study borrows.
    """

    study: Study
    cohort: Cohort
    labelled: LabelledOutcome
    plans: tuple[CandidatePlan, ...]
    splits: list[Split]
    found: SearchResult
    choices: Mapping[str, SplitChoice]
    out_of_fold: OutOfFold
    refitted: Refitted
    run_key: str
    started: datetime
    workers: int
    training_seconds: float
    trials_resumed: int
    first_checks: tuple[Result, ...]
    lenders: Lenders | None = None

    @property
    def fit_seconds(self) -> float:
        """Time inside the learners' fits in this call, summed over workers."""
        return self.found.fit_seconds + self.refitted.fit_seconds

    @property
    def workers_peak_mb(self) -> float:
        """Largest resident memory of the worker processes together, in MB."""
        return max(self.found.workers_peak_mb, self.refitted.workers_peak_mb)


def fit_study(study: Study, *, checkpoints: Path, workers: int, started: datetime) -> Trained:
    """Tune every candidate in every split, let the study's rule choose, and do so again for internal validation.

    Parameters
    ----------
    study : Study
    checkpoints : pathlib.Path
        Folder of finished trials; what an interrupted call on the same patients left there is not fitted again.
    workers : int
        Processes that fit side by side; 1 works in this one.
    started : datetime
        When the whole run began.

    Raises
    ------
    ContractError
        If the cohort breaks the contract.
    CohortError
        If the cohort cannot carry the study.
    CheckError
        If a check finds what would make the results wrong.
    """
    cohort, labelled = study_patients(study)
    _say_whom(cohort, labelled)
    plans = candidate_plans(study)
    splits = nested_splits(
        labelled.values,
        patient_groups(study, cohort, labelled),
        known=labelled.known,
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    checked = first_checks(study, cohort, labelled, splits)
    stop_at_errors(checked)
    further = further_splits(study, cohort, labelled)
    lenders = find_lenders(study, cohort, labelled)
    run_key = run_key_of(study, cohort, lenders)
    checkpoint = study_checkpoint(checkpoints, study.study, run_key)
    resumed = count_finished(checkpoint) + count_refitted(checkpoint)
    if resumed:
        say(f"going on from {resumed} finished trials")
    data = _search_data(study, cohort, labelled, splits)
    if lenders is not None:
        say(f"{lenders.sentence()}")
        data = replace(data, borrowed=lenders.patients)
    began = time.perf_counter()
    found = search(data, splits, plans, seed=study.seed, checkpoint=checkpoint, workers=workers)
    choices = _choices(study, splits, plans, found, data)
    refitted = refit(further, study, labelled, plans, data, found.tuned, checkpoint=checkpoint, workers=workers)
    names = [plan.name for plan in plans]
    return Trained(
        study=study,
        cohort=cohort,
        labelled=labelled,
        plans=plans,
        splits=splits,
        found=found,
        choices=choices,
        out_of_fold=collect_out_of_fold(splits, found.tuned, choices, names, len(labelled.values)),
        refitted=refitted,
        run_key=run_key,
        started=started,
        workers=workers,
        training_seconds=time.perf_counter() - began,
        trials_resumed=resumed,
        first_checks=checked,
        lenders=lenders,
    )


def _say_whom(cohort: Cohort, labelled: LabelledOutcome) -> None:
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    unknown = len(labelled) - int(labelled.known.sum())
    censored = f", {unknown} with follow-up too short to know" if unknown else ""
    say(f"{cohort.name}: {len(labelled)} patients, {labelled.events} with the event{censored} ({kind})")


def _search_data(study: Study, cohort: Cohort, labelled: LabelledOutcome, splits: Sequence[Split]) -> SearchData:
    predictors = model_predictors(study)
    return SearchData(
        matrix=cohort.matrix(predictors)[labelled.rows],
        schema=predictor_schema(study, predictors),
        outcome=labelled.values,
        weights={}
        if labelled.weights is None
        else {split.name: labelled.ipcw_weights_for(split.train) for split in splits},
    )


def _choices(
    study: Study, splits: Sequence[Split], plans: Sequence[CandidatePlan], found: SearchResult, data: SearchData
) -> dict[str, SplitChoice]:
    ensemble = ensemble_names(study)
    return {
        split.name: choose(
            split,
            {plan.name: found.tuned[split.name, plan.name] for plan in plans},
            ensemble,
            data.outcome,
            # Learned on the split's own training patients: weights of everybody would let the test patients'
            # follow-up into the recalibration they are judged by.
            data.weights.get(split.name),
        )
        for split in splits
    }


def run_key_of(study: Study, cohort: Cohort, lenders: Lenders | None = None) -> str:
    """What decides every number of the run: the study, the patients, and the versions that compute."""
    identity = {
        "study": study_hash(study),
        "cohort": cohort.fingerprint,
        **({} if lenders is None else {"borrowed": lenders.fingerprint}),
        "versions": package_versions(arithmetic_packages(candidate.kind for candidate in study.candidates)),
    }
    return sha256_bytes(canonical_json(identity).encode())
