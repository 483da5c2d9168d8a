"""A model in use, watched: calibration, performance and inputs by quarter, what was raised, and what might be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.statistics import Absent, closed_update_test
from spinecast.validation.monitoring.alarms import Alarm, AlarmRule, InputShifts, watch_inputs
from spinecast.validation.monitoring.calibration_watch import CalibrationWatch, watch_calibration
from spinecast.validation.monitoring.measured import doubts_of, measures_of, part_of
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.periods import Quarter, quarters_of
from spinecast.validation.monitoring.reference import InputReference
from spinecast.validation.monitoring.watched import Followed, Watched, follow

__all__ = ["Monitoring", "monitor"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Monitoring:
    """What watching a model found.

    Parameters
    ----------
    watched : Watched
    followed : Followed
    risk : OneRisk
    until : datetime64
    rule : AlarmRule
    quarters : tuple of Quarter
    place : ndarray of int, shape (n,)
        Quarter of each patient.
    measured : tuple of dict
        One a quarter: see `monitor`.
    calibration : CalibrationWatch or Absent
    inputs : tuple of InputShifts
        One a quarter.
    reference : tuple of InputReference
    overall : dict
        Measures of all quarters together, or ``absent`` with the reason.
    """

    watched: Watched
    followed: Followed
    risk: OneRisk
    until: np.datetime64
    rule: AlarmRule
    quarters: tuple[Quarter, ...]
    place: NDArray[np.int64]
    measured: tuple[dict[str, Any], ...]
    calibration: CalibrationWatch | Absent
    inputs: tuple[InputShifts, ...]
    reference: tuple[InputReference, ...]
    overall: dict[str, Any]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Everything that was raised, in the order in which it could be known."""
        raised = [alarm for one in self.inputs for alarm in one.alarms]
        raised += () if isinstance(self.calibration, Absent) else self.calibration.alarms
        return tuple(sorted(raised, key=lambda one: (one.known_on, one.kind, one.variable)))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: numbers of quarters, and of no patient."""
        waiting = int((~self.followed.due).sum())
        return {
            "outcome": {
                "label": self.risk.label,
                "positive_label": self.followed.positive_label,
                "negative_label": self.followed.negative_label,
                "horizon_days": self.risk.horizon_days,
            },
            "counts": {
                "patients": len(self.watched),
                "waiting": waiting,
                "due": len(self.watched) - waiting,
                "without_return": int((self.followed.due & ~self.followed.returned).sum()),
                "left_out": dict(self.watched.left_out),
                "untimely": self.watched.untimely,
            },
            "first": str(self.watched.predicted_on[0]),
            "last": str(self.watched.predicted_on[-1]),
            "until": str(self.until),
            "rule": self.rule.to_dict(),
            "overall": self.overall,
            "doubts": doubts_of(self.overall),
            "quarters": [dict(one) for one in self.measured],
            "calibration": self._sums(),
            "inputs": [self._input(place, one) for place, one in enumerate(self.reference)],
            "alarms": [one.to_dict() for one in self.alarms],
            "update": self._update(),
        }

    def _sums(self) -> dict[str, Any]:
        """The highest each sum stood in each month, and the events of that month: of no patient alone."""
        watch = self.calibration
        if isinstance(watch, Absent):
            return watch.to_dict()
        months = watch.known_on.astype("datetime64[M]")
        found = []
        for month in np.unique(months):
            own = months == month
            sums = {name: float(watch.cusum.path(name)[own].max()) for name in ("more", "fewer", "flatter")}
            events = {name: float(getattr(watch, name)[own].sum()) for name in ("observed", "expected")}
            found.append({"month": str(month), **events, **sums})
        return {
            "limit": watch.cusum.limits.level,
            "spread_limit": watch.cusum.limits.spread,
            "planned_events": watch.planned_events,
            "waiting": watch.waiting,
            "known_to": str(watch.known_on[-1]),
            "months": found,
            "since": None if watch.since is None else str(watch.since),
        }

    def _input(self, place: int, reference: InputReference) -> dict[str, Any]:
        entry = variable(reference.name)
        by_quarter = []
        for quarter, one in zip(self.quarters, self.inputs, strict=True):
            by_quarter.append(
                {
                    "quarter": quarter.label,
                    "distribution": one.distribution[place].to_dict(),
                    "missing": one.missing[place].to_dict(),
                    "missing_share": self.measured[quarter.number - self.quarters[0].number]["missing"][place],
                    "adjusted": one.adjusted[place],
                    "adjusted_missing": one.adjusted_missing[place],
                }
            )
        missing = None if reference.missing is None else reference.missing[0] / max(reference.missing[1], 1)
        return {
            "variable": reference.name,
            "label": entry.label,
            "reference": reference.kept,
            "reference_n": reference.n,
            "reference_missing": missing,
            "quarters": by_quarter,
        }

    def _update(self) -> dict[str, Any] | None:
        """What a closed test says of the patients since calibration began to change; None where nothing was raised.

        They were chosen because they raised: the test does not hold its level in them.
        """
        watch, found = self.calibration, self.followed.predictions
        if isinstance(watch, Absent) or isinstance(found, Absent) or watch.since is None:
            return None
        since = self.watched.predicted_on[self.followed.rows] >= watch.since
        if not since.any():
            nobody = Absent("the outcome of nobody predicted since is due yet")
            return {"since": str(watch.since), "n": 0, "events": 0, "test": nobody.to_dict()}
        changed = found.subset(since)
        said = {"since": str(watch.since), "n": changed.n, "events": changed.events}
        certain = (changed.risk <= 0) | (changed.risk >= 1)
        if certain.any():
            return {**said, "test": Absent(f"{int(certain.sum())} risks are 0 or 1 and have no log-odds").to_dict()}
        odds = np.log(changed.risk) - np.log1p(-changed.risk)
        return {**said, "test": closed_update_test(changed.outcome, odds, changed.weights).to_dict()}


def monitor(
    watched: Watched,
    risk: OneRisk,
    reference: Sequence[InputReference],
    inputs: FloatArray,
    *,
    until: np.datetime64,
    today: np.datetime64 | None = None,
    rule: AlarmRule | None = None,
    development: int | None = None,
    bootstrap: int = 200,
    measure: bool = True,
) -> Monitoring:
    """Watch a model over the quarters in which it was asked.

    Parameters
    ----------
    watched : Watched
    risk : OneRisk
    reference : sequence of InputReference
        One a column of `inputs`.
    inputs : ndarray, shape (n, inputs)
        Of the watched, on the scale of the reference.
    until : datetime64
        Outcomes are complete up to this day; what is due later is waited for.
    today : datetime64, optional
        A quarter that does not end before it goes on: on its last day patients may still be asked about.
    rule : AlarmRule, optional
    development : int, optional
        Patients the model was made from; see `watch_calibration`.
    bootstrap : int
        Resamples of intervals that have no formula: where patients are weighted for those lost.
    measure : bool
        Whether performance by quarter is measured, and not only looked for alarms.

    Returns
    -------
    Monitoring
        Of each quarter: its label and days, whether it is over, patients, those due, judged and lost, events, mean
        risk, measures with intervals, and the control limits of observed over expected, slope and AUC.
    """
    rule = rule or AlarmRule()
    followed = follow(watched, risk, until)
    quarters, place = quarters_of(watched.predicted_on)
    judged = place[followed.rows]
    shifts, measured = [], []
    for number, quarter in enumerate(quarters):
        own, complete = place == number, bool(quarter.last <= until and (today is None or quarter.last < today))
        shifts.append(watch_inputs(reference, inputs[own], quarter, rule, complete=complete))
        found = followed.predictions
        part = found if isinstance(found, Absent) else part_of(found, judged == number)
        measured.append(
            {
                "quarter": quarter.label,
                "first": str(quarter.start),
                "last": str(quarter.last),
                "complete": complete,
                "patients": int(own.sum()),
                "due": int(followed.due[own].sum()),
                "without_return": int((followed.due & ~followed.returned)[own].sum()),
                "mean_risk": float(watched.risk[own].mean()) if own.any() else None,
                "missing": [float(np.isnan(values).mean()) if values.size else None for values in inputs[own].T],
                **(measures_of(part, bootstrap, rule.seed) if measure else {}),
            }
        )
    whole = followed.predictions
    return Monitoring(
        watched=watched,
        followed=followed,
        risk=risk,
        until=until,
        rule=rule,
        quarters=quarters,
        place=place,
        measured=tuple(measured),
        calibration=watch_calibration(watched, followed, risk, until, rule, development),
        inputs=tuple(shifts),
        reference=tuple(reference),
        overall=measures_of(whole, bootstrap, rule.seed) if measure else {},
    )
