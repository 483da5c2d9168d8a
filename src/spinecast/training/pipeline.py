"""The main job: a study becomes a validated, explained, reported and registered model.

Everything is computed into a staging folder, which takes its place at once; the tracking store is written last,
also whole or not at all; only then is the checkpoint of finished trials removed. A run killed at any moment
leaves either nothing or something complete, and the same command goes on from the finished trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
from threadpoolctl import threadpool_limits

from spinecast.files import staged_directory
from spinecast.notices import RESEARCH_USE
from spinecast.tracking.store import open_store
from spinecast.training.checkpoint import clear, exclusive
from spinecast.training.fitting import fit_study
from spinecast.training.ordinal.fitting import fit_ordinal_study
from spinecast.training.ordinal.publication import publish_levels
from spinecast.training.output import MODEL, REPORT, require_own_output, require_place
from spinecast.training.publication import publish
from spinecast.training.quantity.fitting import fit_quantity_study
from spinecast.training.quantity.publication import publish_quantity
from spinecast.training.study import Study
from spinecast.training.study.file import check_study
from spinecast.training.study.ordinal import OrdinalOutcome
from spinecast.training.study.quantity import QuantityOutcome
from spinecast.training.survival.fitting import fit_timed_study
from spinecast.training.survival.publication import publish_times
from spinecast.training.written_run import WrittenRun

__all__ = ["TrainingResult", "train_study"]


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
    model_folder : pathlib.Path
        The model alone, as `spinecast predict` takes it.
    identity : str
        Of the model: the SHA-256 of its manifest.
    report : pathlib.Path
    evaluation : mapping
        The out-of-fold evaluation, as in ``evaluation.json``.
    internal : mapping
        The internal validation, as in ``internal.json``.
    """

    run_id: str
    model: str
    folder: Path
    model_folder: Path
    identity: str
    report: Path
    evaluation: Mapping[str, Any]
    internal: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, as ``spinecast train --json`` ends with them."""
        return {
            "run_id": self.run_id,
            "model": self.model,
            "folder": str(self.folder),
            "model_folder": str(self.model_folder),
            "identity": self.identity,
            "report": str(self.report),
            "evaluation": dict(self.evaluation),
        }

    def summary(self) -> str:
        """Say the result in a few lines."""
        measures, several = self.evaluation["measures"], self.evaluation.get("kind") in ("quantity", "ordinal")
        counted = "" if several else f", {self.evaluation['events']} events"
        lines = [
            f"{self.evaluation['outcome']['label']}: {self.evaluation['n']} patients{counted}, "
            f"judged {self.evaluation['basis']}"
        ]
        if several:
            lines += [_measure_line(name, measures[name]) for name in measures]
        elif "horizons" in self.evaluation:
            lines += [_measure_line(name, measures[name]) for name in ("harrell_c", "integrated_brier")]
            for one in self.evaluation["horizons"]:
                shown = (("AUC", "horizon_auc"), ("slope", "calibration_slope"))
                lines += [_measure_line(f"day {one['day']:g} {word}", one["measures"][name]) for word, name in shown]
        else:
            names = ("auc", "calibration_slope", "calibration_in_the_large", "scaled_brier")
            lines += [_measure_line(name, measures[name]) for name in names]
        if (corrected := self._optimism_corrected()) is not None:
            lines.append(corrected)
        lines += [
            f"  {'report':26} {self.report}",
            f"  {'model':26} {self.model_folder}  (registered as {self.model})",
            f"  {'run':26} {self.run_id}",
            RESEARCH_USE,
        ]
        return "\n".join(lines)

    def _optimism_corrected(self) -> str | None:
        found = self.internal.get("bootstrap", {"absent": "not asked for"})
        name = _HEADLINE.get(self.evaluation.get("kind", ""), "auc")
        auc = {} if "absent" in found else found["measures"].get(name, {}).get("optimism_corrected", {})
        if "estimate" not in auc:
            return None
        again = "tuning repeated" if found["tuning"] == "repeated" else "tuning not repeated"
        limits = "" if auc["lower"] is None else f"({auc['lower']:.3f} to {auc['upper']:.3f})"
        nested = self.evaluation["measures"][name]
        # Models that fit closely: a resample's model has seen most of the patients it is judged on (decision 0009).
        above = auc["estimate"] > (nested.get("upper") or 1.0)
        caution = "; above the out-of-fold interval: go by that" if above else ""
        said = f"{found['usable']} resamples, {again}{caution}"
        label = f"{name.replace('_', ' ')}, optimism-corrected"
        return f"  {label:26} {auc['estimate']:.3f} {limits}, {said}"


# What is said of the bootstrap in one line, by the kind of outcome: of one event, the AUC.
_HEADLINE = {"time_to_event": "harrell_c", "quantity": "pinball_skill", "ordinal": "ordinal_concordance"}


def _measure_line(name: str, entry: Mapping[str, Any]) -> str:
    label = name.replace("_", " ")
    if "absent" in entry:
        return f"  {label:26} not available: {entry['absent']}"
    limits = f" ({entry['lower']:.3f} to {entry['upper']:.3f})" if entry["lower"] is not None else ""
    return f"  {label:26} {entry['estimate']:.3f}{limits}"


def train_study(
    study: Study, *, output: Path, workers: int | None = None, overrides: Sequence[str] = ()
) -> TrainingResult:
    """Run a study from its patients to a registered model.

    Parameters
    ----------
    study : Study
    output : pathlib.Path
        Folder of the results; replaced if it holds an earlier run of this study, refused if it holds anything else.
    workers : int, optional
        Processes that fit side by side; every core this process may use if not given.
    overrides : sequence of str
        What was changed on the command line; stands in the report.

    Raises
    ------
    StudyError
        If the study does not pass `check_study`.
    ContractError
        If the cohort breaks the contract.
    CohortError
        If the cohort cannot carry the study.
    OutputError
        If the output cannot be written or belongs to something else.
    """
    started = datetime.now(UTC)
    check_study(study)
    require_place(output)
    team = workers or joblib.cpu_count()  # what this process may use, in a container too
    with threadpool_limits(limits=1), exclusive(_checkpoints(output)) as checkpoints:
        require_own_output(output, study.study)
        store = open_store()
        store.prove(study.tracking.experiment or study.study)
        written = _written(study, output, checkpoints, team, started, overrides)
        tracked = written.track(store, output)
        clear(checkpoints, study.study)
    return TrainingResult(
        run_id=tracked.run_id,
        model=f"{tracked.model_name}/{tracked.version}",
        folder=output,
        model_folder=output / MODEL,
        identity=written.identity,
        report=output / REPORT,
        evaluation=written.evaluation,
        internal=written.record.internal,
    )


def _written(
    study: Study, output: Path, checkpoints: Path, workers: int, started: datetime, overrides: Sequence[str]
) -> WrittenRun[Any]:
    """Train what the study predicts, an event, a time, a quantity or a level, and put its results in their place."""
    if isinstance(study.outcome, QuantityOutcome):
        quantity = fit_quantity_study(study, checkpoints=checkpoints, workers=workers, started=started)
        with staged_directory(output) as staging:
            return publish_quantity(quantity, staging, overrides=overrides)
    if isinstance(study.outcome, OrdinalOutcome):
        levels = fit_ordinal_study(study, checkpoints=checkpoints, workers=workers, started=started)
        with staged_directory(output) as staging:
            return publish_levels(levels, staging, overrides=overrides)
    if study.timed_outcome is None:
        trained = fit_study(study, checkpoints=checkpoints, workers=workers, started=started)
        with staged_directory(output) as staging:
            return publish(trained, staging, overrides=overrides)
    curves = fit_timed_study(study, checkpoints=checkpoints, workers=workers, started=started)
    with staged_directory(output) as staging:
        return publish_times(curves, staging, output.resolve().parent, overrides=overrides)


def _checkpoints(output: Path) -> Path:
    """Where finished trials are kept: beside the output."""
    place = output.resolve()
    return place.parent / f".{place.name}.checkpoint"
