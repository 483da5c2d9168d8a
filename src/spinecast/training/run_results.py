"""A finished run as its folder holds it: the record, and the out-of-fold risks of its patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import ArtifactError, ContractError
from spinecast.reporting.record import RunRecord
from spinecast.statistics import Absent, auc, horizon_auc
from spinecast.training.out_of_fold import OutOfFold, read_out_of_fold
from spinecast.training.output import OUT_OF_FOLD, RECORD
from spinecast.validation.comparison.comparing_levels import RunLevels
from spinecast.validation.comparison.pairing import RunRisks
from spinecast.validation.evaluation import CohortIdentity

__all__ = ["RunResults", "levels_of_run", "read_run_results", "risks_of"]

FloatArray = NDArray[np.float64]

ONE_DAY = ("horizon", "landmark", "competing_horizon", "binary", "threshold")
"""Kinds of outcome that a patient has or does not have."""
TIMES = ("time_to_event", "competing_risks")
ORDINAL = "ordinal"
# Numbers in the table are written in full; the two ways to sum them may differ in the last digits.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class RunResults:
    """Record and out-of-fold table of a run.

    Parameters
    ----------
    folder : pathlib.Path
    record : RunRecord
    table : OutOfFold
    """

    folder: Path
    record: RunRecord
    table: OutOfFold

    @property
    def outcome(self) -> Mapping[str, Any]:
        """The outcome of the study."""
        return dict(self.record.study.get("outcome") or {})

    @property
    def is_timed(self) -> bool:
        """Whether it predicts a time, and so risks by several days."""
        return self.outcome.get("kind") in TIMES

    @property
    def is_ordinal(self) -> bool:
        """Whether it predicts ordered levels."""
        return self.outcome.get("kind") == ORDINAL

    @property
    def days(self) -> tuple[float, ...]:
        """Days whose risks stand in the table of a study of times; of a study of one day, that day; else none."""
        if self.is_timed:
            return tuple(float(day) for day in self.outcome["horizons_days"])
        day = self.outcome.get("horizon_days")
        return () if day is None else (float(day),)

    @property
    def candidates(self) -> dict[str, str]:
        """Labels of the candidates by name."""
        found = self.record.evaluation.get("candidates") or ()
        return {str(one["name"]): str(one["label"]) for one in found}

    @property
    def identity(self) -> str:
        """Identity of the model; the key of the run where it is not recorded."""
        return str((self.record.run.get("model") or {}).get("identity") or self.record.run["run_key"])


def read_run_results(folder: Path) -> RunResults:
    """Read the results of a training.

    Raises
    ------
    ArtifactError
        If record or table are missing or cannot be read.
    ContractError
        If the study predicts neither an event nor a time nor ordered levels.
    """
    record = RunRecord.load(folder / RECORD)
    kind = dict(record.study.get("outcome") or {}).get("kind")
    if kind not in (*ONE_DAY, *TIMES, ORDINAL):
        raise ContractError(
            f"{record.study.get('study')} predicts no event: its outcome is {str(kind).replace('_', ' ')}",
            where=str(folder),
            expected="a study of an event that is had or not, of the time to one, or of ordered levels",
            remedy="its own report holds its candidates side by side",
        )
    return RunResults(folder, record, read_out_of_fold(folder))


def risks_of(
    results: RunResults, name: str, label: str, *, day: float | None = None, candidate: str | None = None
) -> RunRisks:
    """Return out-of-fold risks of a run with their outcomes, checked against the record.

    Parameters
    ----------
    results : RunResults
    name, label : str
        What they are called beside others.
    day : float, optional
        For a run of times: by which day. Ignored where the study has a day of its own.
    candidate : str, optional
        One candidate's alone; of the whole procedure when left out.

    Raises
    ------
    ContractError
        If a run of times holds no risks by that day.
    ArtifactError
        If the table lacks a column, or its AUC is not the one on record: it is not the table of this run.
    """
    read = _timed if results.is_timed else _by_one_day
    found = read(results, name, label, day, candidate)
    if candidate is None:
        _require_recorded(results, found)
    return found


def levels_of_run(results: RunResults, name: str, label: str, *, candidate: str | None = None) -> RunLevels:
    """Return out-of-fold chances of reaching each level with what was reached, checked against the record.

    Parameters
    ----------
    results : RunResults
        Of a study of ordered levels.
    name, label, candidate
        As :func:`risks_of`.

    Raises
    ------
    ArtifactError
        As :func:`risks_of`.
    """
    described = results.record.evaluation["outcome"]["levels"]
    place = {str(one["level"]): number for number, one in enumerate(described)}
    seen = results.table.level
    if seen is None:
        raise _another_table(results, "lacks the column level")
    strange = sorted({str(one) for one in seen} - set(place))
    if strange:
        raise _another_table(results, f"names levels that the record does not: {', '.join(strange)}")
    observed = np.array([place[str(one)] for one in seen])
    above = described[1:]
    # All levels, so that runs of one variable that combine levels otherwise are told apart.
    variable = f"{results.outcome['variable']} ({' < '.join(place)})"
    risks = []
    for number, one in enumerate(above, start=1):
        column = f"at_least_{one['level']}" if candidate is None else f"at_least_{one['level']}_{candidate}"
        risk = RunRisks(
            name=name,
            label=label,
            patients=results.table.patients,
            risk=_column(results, column),
            outcome=(observed >= number).astype(np.float64),
            fold=_column(results, "fold").astype(np.int64),
            event=f"{variable} at least {one['level']}",
            cohort=_cohort(results.record),
        )
        if candidate is None:
            recorded = results.record.evaluation["measures"].get(f"auc_at_{number}") or {}
            here = auc(risk.outcome, risk.risk)
            if isinstance(here, Absent) or abs(here.estimate - float(recorded.get("estimate", np.nan))) > TOLERANCE:
                raise _another_table(results, "gives another AUC than the record: it is not the table of this run")
        risks.append(risk)
    levels, labels = (tuple(str(one[key]) for one in above) for key in ("level", "reached"))
    return RunLevels(levels, labels, tuple(risks))


def _by_one_day(results: RunResults, name: str, label: str, _day: float | None, candidate: str | None) -> RunRisks:
    weights = results.table.numbers.get("weight")
    return RunRisks(
        name=name,
        label=label,
        patients=results.table.patients,
        risk=_column(results, "risk" if candidate is None else f"risk_{candidate}"),
        outcome=_column(results, "outcome"),
        fold=_column(results, "fold").astype(np.int64),
        event=_event(results.outcome),
        cohort=_cohort(results.record),
        day=results.days[0] if results.days else None,
        weights=weights,
    )


def _timed(results: RunResults, name: str, label: str, day: float | None, candidate: str | None) -> RunRisks:
    days = results.days
    if day is None or day not in days:
        named = "" if day is None else f" by day {day:g}"
        raise ContractError(
            f"{label} holds no out-of-fold risks{named}" if named else f"{label} predicts at several days",
            where=str(results.folder / OUT_OF_FOLD),
            expected=f"--horizon with one of {', '.join(f'{one:g}' for one in days)}",
        )
    time, cause = _column(results, "time"), _causes(results)
    ended = (cause > 0) & (time <= day)
    return RunRisks(
        name=name,
        label=label,
        patients=results.table.patients,
        risk=_column(results, f"risk_{day:g}" if candidate is None else f"risk_{day:g}_{candidate}"),
        outcome=np.where(ended, (cause == 1).astype(np.float64), np.where(time >= day, 0.0, np.nan)),
        fold=_column(results, "fold").astype(np.int64),
        event=_event(results.outcome),
        cohort=_cohort(results.record),
        day=day,
        time=time,
        cause=cause,
    )


def _causes(results: RunResults) -> FloatArray:
    """What ended each follow-up, numbered as in the outcome: 0 nothing, 1 the event of interest, 2 another."""
    words = results.table.cause
    if words is None:
        raise _another_table(results, "lacks the column cause")
    first = results.outcome["causes"][0] if "causes" in results.outcome else "present"
    return np.where(words == "", 0.0, np.where(words == first, 1.0, 2.0))


def _event(outcome: Mapping[str, Any]) -> str:
    """Name the event so that two studies of the same one name it alike."""
    kind = outcome["kind"]
    if kind in ("horizon", "time_to_event"):
        return str(outcome["event"])
    if kind == "landmark":
        return f"{outcome['event']} after day {outcome['landmark_days']:g}"
    if kind == "competing_risks":
        return f"{outcome['status']} {outcome['causes'][0]}"
    if kind == "competing_horizon":
        named = f"{outcome['status']} {' or '.join(outcome['event_levels'])}"
        # What competes may count as the event's absence, as the event, or leave the study: three outcomes, not one.
        other = {"competing": "", "composite": "counted as the event", "exclude": "left out"}[outcome["handling"]]
        return f"{named} ({' or '.join(outcome['competing_levels'])} {other})" if other else named
    if kind == "binary":
        return f"{outcome['variable']} {' or '.join(outcome['event_levels'])}"
    unit = outcome.get("unit") or ""
    comparison = str(outcome["comparison"]).replace("_", " ")
    return f"{outcome['variable']} {comparison} {outcome['threshold']:g} {unit}".rstrip()


def _cohort(record: RunRecord) -> CohortIdentity:
    described = record.cohort
    return CohortIdentity(
        name=str(described["name"]), kind=described["kind"], fingerprint=str(described.get("fingerprint", ""))
    )


def _column(results: RunResults, name: str) -> FloatArray:
    found = results.table.numbers.get(name)
    if found is None:
        raise _another_table(results, f"lacks the column {name}")
    return found


def _require_recorded(results: RunResults, found: RunRisks) -> None:
    """Refuse a table that is not the one the record was made from, such as one that was edited or copied there."""
    recorded = _recorded_auc(results, found.day)
    if recorded is None:
        return
    if found.time is not None and found.cause is not None and found.day is not None:
        here = horizon_auc(found.time, found.cause, found.risk, found.day)
    else:
        here = auc(found.predictions().outcome, found.risk, found.weights, bootstrap=0)
    if isinstance(here, Absent) or abs(here.estimate - recorded) > TOLERANCE:
        raise _another_table(results, "gives another AUC than the record: it is not the table of this run")


def _recorded_auc(results: RunResults, day: float | None) -> float | None:
    evaluation = results.record.evaluation
    if not results.is_timed:
        recorded = evaluation["measures"].get("auc") or {}
    else:
        here = next((one for one in evaluation["horizons"] if float(one["day"]) == day), None) or {}
        recorded = (here.get("measures") or {}).get("horizon_auc") or {}
    found = recorded.get("estimate")
    return None if found is None else float(found)


def _another_table(results: RunResults, problem: str) -> ArtifactError:
    return ArtifactError(
        f"{OUT_OF_FOLD} {problem}",
        where=str(results.folder / OUT_OF_FOLD),
        expected="the table that `spinecast train` left beside this record",
        remedy="train the study again, or put the table back",
    )
