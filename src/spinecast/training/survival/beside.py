"""Studies of one day beside a model of times: their out-of-fold risks at their day, in the same patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from spinecast.errors import ArtifactError
from spinecast.statistics import Absent
from spinecast.training.out_of_fold import read_out_of_fold
from spinecast.training.output import OUT_OF_FOLD, RECORD
from spinecast.training.survival.fitting import TrainedTimes
from spinecast.validation.timed import TimedJudge

__all__ = ["horizon_studies"]

FloatArray = NDArray[np.float64]


def horizon_studies(trained: TrainedTimes, judge: TimedJudge, results: Path) -> list[dict[str, Any]]:
    """Judge each named study of one day and the model of times at that day, both out of fold.

    Patients are told apart by their identifiers, and taken only where the two studies agree on what happened to them.

    Parameters
    ----------
    trained : TrainedTimes
    judge : TimedJudge
    results : pathlib.Path
        Folder in which the studies' results stand.

    Returns
    -------
    list of dict
        JSON values; a study whose results are not there, or are of other patients, is absent with the reason.
    """
    return [{"study": name} | _compared(trained, judge, results / name) for name in trained.study.horizon_studies]


def _compared(trained: TrainedTimes, judge: TimedJudge, folder: Path) -> dict[str, Any]:
    found = _results(folder)
    if isinstance(found, Absent):
        return found.to_dict()
    day, risks, outcomes = found
    if not day <= judge.days[-1]:
        return Absent(f"its day, {day:g}, lies past the last horizon").to_dict()
    labelled = trained.labelled
    names = [str(name) for name in trained.cohort.patient_ids.to_numpy()[labelled.rows]]
    risk = np.array([risks.get(name, np.nan) for name in names])
    shared = np.isfinite(risk)
    if not shared.any():
        return Absent("none of its patients is one of these").to_dict()
    happened = (labelled.cause == 1) & (labelled.time <= day)
    recorded = np.array([outcomes.get(name, np.nan) for name in names])
    differ = int((shared & np.isfinite(recorded) & (recorded != happened)).sum())
    if differ:
        return Absent(f"{differ} patients have another outcome in it: these are not the same people").to_dict()
    here = judge.restricted(shared)
    own = trained.risk([day])[shared, 0]
    return {
        "day": day,
        "n": int(shared.sum()),
        "study_measures": here.at(day).brief(risk[shared])["measures"],
        "model_measures": here.at(day).brief(own)["measures"],
        "difference": here.at(day).compare(own, risk[shared]).to_dict(),
    }


def _results(folder: Path) -> tuple[float, dict[str, float], dict[str, float]] | Absent:
    """Day, risks and outcomes by patient."""
    record = folder / RECORD / "study.yaml"
    if not ((folder / OUT_OF_FOLD).is_file() and record.is_file()):
        return Absent(f"no results stand in {folder.name}: train it into the same folder first")
    outcome = (yaml.safe_load(record.read_text(encoding="utf-8")) or {}).get("outcome") or {}
    if outcome.get("kind") != "horizon":
        return Absent("it does not predict an event by one day")
    try:
        read = read_out_of_fold(folder)
        risks, outcomes = (read.numbers[name].tolist() for name in ("risk", "outcome"))
    except ArtifactError as error:
        return Absent(error.what)
    except KeyError as error:
        return Absent(f"its {OUT_OF_FOLD} lacks the column {error}")
    names = read.patients.tolist()
    return (
        float(outcome["horizon_days"]),
        dict(zip(names, risks, strict=True)),
        dict(zip(names, outcomes, strict=True)),
    )
