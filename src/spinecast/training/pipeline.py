"""The main job: a study becomes a validated, explained, reported and registered model.

Everything is computed into a staging folder, which takes its place at once; the tracking store is written last,
also whole or not at all; only then is the checkpoint of finished trials removed. A run killed at any moment
leaves either nothing or something complete, and the same command goes on from the finished trials.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledOutcome, label_outcome, require_events
from spinecast.cohorts.sources import build_cohort
from spinecast.errors import CohortError, OutputError
from spinecast.files import canonical_json, ensure_writable_directory, sha256_bytes, staged_directory
from spinecast.models.encoding import PredictorSchema
from spinecast.training.assembly import OutOfFold, SplitChoice, choose, collect_out_of_fold
from spinecast.training.checkpoint import clear, count_finished, exclusive
from spinecast.training.environment import ARITHMETIC_PACKAGES, package_versions
from spinecast.training.plan import (
    candidate_plans,
    cohort_source,
    cohort_variables,
    ensemble_names,
    model_predictors,
    outcome_definition,
)
from spinecast.training.progress import say
from spinecast.training.resampling import Split, nested_splits
from spinecast.training.search import SearchData, SearchResult, search
from spinecast.training.study import Study, study_hash
from spinecast.training.tuning import CandidatePlan

if TYPE_CHECKING:
    from spinecast.cohorts.cohort import Cohort

__all__ = ["TrainingResult", "train_study"]

# Ten events cannot carry even one predictor (Peduzzi 1996, doi:10.1016/S0895-4356(96)00236-3). A floor below which
# nothing is fitted, far from a sufficient size.
FEWEST_EVENTS = 10


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
    run_key : str
    started : datetime
    workers : int
    training_seconds : float
        Wall time from the first tuning unit to the last choice.
    trials_resumed : int
        Finished trials that an earlier, interrupted call had left.
    """

    study: Study
    cohort: Cohort
    labelled: LabelledOutcome
    plans: tuple[CandidatePlan, ...]
    splits: list[Split]
    found: SearchResult
    choices: Mapping[str, SplitChoice]
    out_of_fold: OutOfFold
    run_key: str
    started: datetime
    workers: int
    training_seconds: float
    trials_resumed: int


@dataclass(frozen=True)
class TrainingResult:
    """Where everything went and how good the model is.

    Parameters
    ----------
    run_id : str
        Of the tracking store.
    model : str
        Registered name and version, ``name/version``.
    folder : pathlib.Path
        Model, record and report.
    report : pathlib.Path
    evaluation : mapping
        The out-of-fold evaluation, as in ``evaluation.json``.
    """

    run_id: str
    model: str
    folder: Path
    report: Path
    evaluation: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as ``spinecast train --json`` ends with them."""
        return {
            "run_id": self.run_id,
            "model": self.model,
            "folder": str(self.folder),
            "report": str(self.report),
            "evaluation": dict(self.evaluation),
        }

    def summary(self) -> str:
        """Say the result in a few lines."""
        from spinecast.notices import RESEARCH_USE

        measures = self.evaluation["measures"]
        lines = [
            f"{self.evaluation['outcome']['label']}: {self.evaluation['n']} patients, "
            f"{self.evaluation['events']} events, judged {self.evaluation['basis']}"
        ]
        for name in ("auc", "calibration_slope", "calibration_in_the_large", "scaled_brier"):
            entry = measures[name]
            if "absent" in entry:
                lines.append(f"  {name.replace('_', ' '):26} not available: {entry['absent']}")
            else:
                limits = f"({entry['lower']:.3f} to {entry['upper']:.3f})"
                lines.append(f"  {name.replace('_', ' '):26} {entry['estimate']:.3f} {limits}")
        lines += [
            f"  {'report':26} {self.report}",
            f"  {'model':26} {self.folder / 'model'}  (registered as {self.model})",
            f"  {'run':26} {self.run_id}",
            RESEARCH_USE,
        ]
        return "\n".join(lines)


def train_study(
    study: Study,
    *,
    study_file: Path,
    output: Path,
    workers: int | None = None,
    overrides: Sequence[str] = (),
) -> TrainingResult:
    """Run a study from its patients to a registered model.

    Parameters
    ----------
    study : Study
    study_file : pathlib.Path
        Where it was read, for the commit it stands at.
    output : pathlib.Path
        Folder of the results; replaced if it holds an earlier run of spinecast, refused if it holds anything else.
    workers : int, optional
        Processes that fit side by side; every core this process may use if not given.
    overrides : sequence of str
        What was changed on the command line; stands in the report.

    Raises
    ------
    ContractError
        If the cohort breaks the contract.
    CohortError
        If the cohort cannot carry the study.
    OutputError
        If the output cannot be written or belongs to something else.
    """
    from threadpoolctl import threadpool_limits

    from spinecast.tracking.store import open_store
    from spinecast.training.publication import publish

    started = datetime.now(UTC)
    _require_own_output(output)
    store = open_store()
    team = workers or joblib.cpu_count()  # what this process may use, in a container too
    with threadpool_limits(limits=1), _checkpoint_folder(output) as checkpoints:
        trained = _train(study, checkpoints, team, started)
        with staged_directory(output) as staging:
            written = publish(trained, staging, study_file=study_file, overrides=overrides)
        tracked = written.track(store, output)
        clear(checkpoints / trained.run_key[:16])
    return TrainingResult(
        run_id=tracked.run_id,
        model=f"{tracked.model_name}/{tracked.version}",
        folder=output,
        report=output / "report.html",
        evaluation=written.evaluation,
    )


def _train(study: Study, checkpoints: Path, workers: int, started: datetime) -> Trained:
    cohort, labelled = _patients(study)
    plans = candidate_plans(study)
    splits = nested_splits(
        labelled.values,
        _groups(study, cohort, labelled),
        outer_folds=study.resampling.outer_folds,
        inner_folds=study.resampling.inner_folds,
        seed=study.seed,
    )
    run_key = _run_key(study, cohort)
    checkpoint = checkpoints / run_key[:16]
    resumed = count_finished(checkpoint)
    if resumed:
        say(f"going on from {resumed} finished trials")
    began = time.perf_counter()
    found = search(
        _search_data(study, cohort, labelled, splits),
        splits,
        plans,
        seed=study.seed,
        checkpoint=checkpoint,
        workers=workers,
    )
    choices = _choices(study, splits, plans, found, labelled)
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
        run_key=run_key,
        started=started,
        workers=workers,
        training_seconds=time.perf_counter() - began,
        trials_resumed=resumed,
    )


def _patients(study: Study) -> tuple[Cohort, LabelledOutcome]:
    cohort = build_cohort(cohort_source(study), cohort_variables(study), study.cohort.impossible_values)
    labelled = label_outcome(cohort, outcome_definition(study))
    require_events(labelled, max(FEWEST_EVENTS, 2 * study.resampling.outer_folds))
    kind = "SYNTHETIC, no real patients" if cohort.kind == "synthetic" else "real patients"
    say(f"{cohort.name}: {len(labelled)} patients, {labelled.events} with the event ({kind})")
    return cohort, labelled


def _search_data(study: Study, cohort: Cohort, labelled: LabelledOutcome, splits: Sequence[Split]) -> SearchData:
    from spinecast.clinical.dictionary import variable

    predictors = model_predictors(study)
    return SearchData(
        matrix=cohort.matrix(predictors)[labelled.rows],
        schema=PredictorSchema.from_variables([variable(name) for name in predictors]),
        outcome=labelled.values,
        weights={}
        if labelled.weights is None
        else {split.name: labelled.ipcw_weights_for(split.train) for split in splits},
    )


def _choices(
    study: Study,
    splits: Sequence[Split],
    plans: Sequence[CandidatePlan],
    found: SearchResult,
    labelled: LabelledOutcome,
) -> dict[str, SplitChoice]:
    ensemble = ensemble_names(study)
    return {
        split.name: choose(
            split,
            {plan.name: found.tuned[split.name, plan.name] for plan in plans},
            ensemble,
            labelled.values,
            labelled.weights,
        )
        for split in splits
    }


def _groups(study: Study, cohort: Cohort, labelled: LabelledOutcome) -> NDArray[np.int64] | None:
    """Codes of the patients who stay together: a variable's values, or the table's group column."""
    import pandas

    group = study.resampling.group
    if group is None:
        return None
    values = cohort.frame.get(group, cohort.groups)
    if values is None:
        raise CohortError(
            f"the cohort holds no {group!r} to keep patients together by",
            where="resampling.group",
            expected="a variable of the study, or cohort.source.group_column",
        )
    codes, _ = pandas.factorize(values.iloc[labelled.rows])
    return np.asarray(codes, dtype=np.int64)


def _run_key(study: Study, cohort: Cohort) -> str:
    """What decides every number of the run: the study, the patients, and the versions that compute."""
    identity = {
        "study": study_hash(study),
        "cohort": cohort.fingerprint,
        "versions": package_versions(ARITHMETIC_PACKAGES),
    }
    return sha256_bytes(canonical_json(identity).encode())


def _require_own_output(output: Path) -> None:
    """Refuse to replace a folder that is not an earlier run's, before hours of work."""
    ensure_writable_directory(output.parent)
    if not output.exists():
        return
    ensure_writable_directory(output)
    if any(output.iterdir()) and not (output / "record" / "run.json").is_file():
        raise OutputError(
            f"{output} holds files that spinecast did not write",
            where=str(output),
            expected="a new or empty folder, or the output of an earlier run",
            remedy="name another with --output",
        )


@contextmanager
def _checkpoint_folder(output: Path) -> Any:
    """The folder of finished trials beside the output, held by this process alone."""
    folder = output.parent / f".{output.name}.checkpoint"
    with exclusive(folder):
        yield folder
