"""External validation of curves: the whole curve, every horizon, events expected over the follow-up, and all else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.clinical.dictionary import variable
from spinecast.cohorts.outcomes import LabelledTimes
from spinecast.models.loading import TimedModel
from spinecast.models.survival.competing import CompetingRisksModel, risk_by_days
from spinecast.models.survival.time_grid import read_own
from spinecast.statistics import Estimate, Measure, measure_from_dict, observed_expected_events
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.comparing import Comparator
from spinecast.validation.external_checks import checked_first
from spinecast.validation.external_plan import TimesPlan, ValidationSettings
from spinecast.validation.external_result import ExternalJudgement
from spinecast.validation.model_risks import predictor_blocks
from spinecast.validation.scored_patients import CheckedRisk, Say, ScoredPatients, chosen_patients
from spinecast.validation.subgroups import SUBGROUP_MEASURES, evaluate_groups
from spinecast.validation.timed import TimedJudge, mean_time_lost
from spinecast.validation.timed_horizon import JudgedRisk, TimedSettings, one_day_measures

__all__ = ["PredictedCurves", "judge_curves", "validate_times"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PredictedCurves:
    """Curves of some patients, computed once and read on any day.

    Parameters
    ----------
    grid : ndarray, shape (k,)
    log_hazards : ndarray, shape (causes, n, k)
        Log cumulative hazard of each cause, first the one of interest.
    """

    grid: FloatArray
    log_hazards: FloatArray

    @classmethod
    def of(cls, model: TimedModel, columns: Mapping[str, FloatArray]) -> PredictedCurves:
        """Predict patients given by matrix columns; a predictor without a column is missing for everyone."""
        hazards = model.hazards if isinstance(model, CompetingRisksModel) else (model,)
        blocks = list(predictor_blocks(model.predictors, columns))
        found = [np.concatenate([one.log_hazards(block) for block in blocks]) for one in hazards]
        return cls(hazards[0].grid, np.stack(found))

    def risk(self, days: ArrayLike) -> FloatArray:
        """Risk of the event of interest by each day, shape (n, m)."""
        return risk_by_days(self.grid, self.log_hazards, days)

    def own_hazard(self, until: FloatArray, cause: int = 1) -> FloatArray:
        """Cumulative hazard of a cause up to a day of each patient's own, shape (n,)."""
        return np.asarray(np.exp(read_own(self.grid, self.log_hazards[cause - 1], until)), dtype=np.float64)


def validate_times(plan: TimesPlan, say: Say = lambda _: None) -> ExternalJudgement:
    """Run an external validation of a model of times.

    Parameters
    ----------
    plan : TimesPlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        If the cohort is the development cohort.
    CheckError
        As :func:`spinecast.validation.external.validate_externally`.
    """
    at, everyone = plan.at_day, len(plan.times)
    overlap, first = checked_first(at)
    say(f"predicting {everyone:,} patients")
    work = ScoredPatients.of(at)
    plan, columns = plan.of_those(work.scored), work.columns
    times = plan.times
    curves = PredictedCurves.of(plan.model, columns)
    judge = judge_of(times, curves, plan.horizons, at.settings)
    say("judging the curves")
    evaluation = judge_curves(judge, curves, times, label=at.source.label, day=checked_day(plan), say=say)
    say("comparing with what else can be computed")
    compared, not_compared = _comparators(plan, judge, curves, columns, say)
    say("comparing the patients with those of the development")
    measures = {name: measure_from_dict(found) for name, found in evaluation["measures"].items()}
    case_mix = work.case_mix(measures)
    missing = work.missing_inputs(say)
    found = checked_horizon(evaluation)
    checked = checked_risk(evaluation, judge, curves)
    return ExternalJudgement(
        evaluation={
            **evaluation,
            "cohort": {"name": at.cohort.name, "kind": at.cohort.kind, "fingerprint": at.cohort.fingerprint},
            "comparators": compared,
        },
        findings={
            "net_benefit": [],
            "checked_day": found["day"],
            "case_mix": case_mix.to_dict(),
            "subgroups": _subgroups(plan, judge, curves, work),
            "missing_inputs": missing.to_dict(),
            "strata": [],
            "overlap": overlap.to_dict(),
            "not_compared": [{"label": label, "reason": reason} for label, reason in not_compared],
            **work.left_out(everyone),
            **work.checklist(checked, first).to_dict(),
            "sample_size": judge_validation(work.predictions, at.settings.thresholds),
        },
    )


def checked_day(plan: TimesPlan) -> float:
    """Return the day of the plan's one-day part."""
    day = plan.at_day.labelled.horizon_days
    if day is None:
        raise ValueError("the outcome at one day says which day")
    return day


def judge_of(
    times: LabelledTimes, curves: PredictedCurves, horizons: tuple[float, ...], settings: ValidationSettings
) -> TimedJudge:
    """Make the judge of some patients' curves: on the days of the grid and the horizons, up to the last of these."""
    days = np.union1d(curves.grid[curves.grid <= max(horizons)], np.asarray(horizons, dtype=np.float64))
    return TimedJudge(
        time=times.time,
        cause=times.cause.astype(np.float64),
        days=days,
        settings=TimedSettings(
            horizons=horizons,
            thresholds=settings.thresholds,
            decision_range=settings.decision_range,
            bootstrap=settings.bootstrap,
            seed=settings.seed,
        ),
    )


def judge_curves(
    judge: TimedJudge, curves: PredictedCurves, times: LabelledTimes, *, label: str, day: float, say: Say
) -> dict[str, Any]:
    """Judge curves as a training's evaluation does, comparators apart: JSON values.

    Parameters
    ----------
    judge : TimedJudge
    curves : PredictedCurves
    times : LabelledTimes
    label : str
        Words for the model.
    day : float
        The horizon whose measures stand for one risk.
    say : callable
        Told what is going on.
    """
    at = curves.risk(judge.settings.horizons)
    horizons = []
    for place, horizon in enumerate(judge.settings.horizons):
        say(f"day {horizon:g}")
        horizons.append(judge.at(horizon).whole(JudgedRisk(at[:, place])))
    one = next(found for found in horizons if found["day"] == day)
    kind = "time_to_event" if len(curves.log_hazards) == 1 else "competing_risks"
    return {
        "kind": kind,
        "label": label,
        "basis": "external",
        "n": len(times),
        "events": times.events[0],
        "outcome": {
            "label": times.label,
            "positive_label": times.cause_labels[0],
            "negative_label": "Without the event",
            "causes": [
                {"cause": cause, "label": words, "events": count}
                for cause, words, count in zip(times.causes, times.cause_labels, times.events, strict=True)
            ],
        },
        "horizons_days": list(judge.settings.horizons),
        "last_day": float(curves.grid[-1]),
        "measures": {name: measure.to_dict() for name, measure in judge.curve(curves.risk).items()}
        | one_day_measures(one),
        "one_day": day,
        "calibration_curve": one["calibration_curve"],
        "decision_curve": one["decision_curve"],
        "horizons": horizons,
        "auc_over_time": judge.auc_over_time(curves.risk),
        "observed": judge.observed(curves.risk),
        "expected_events": _expected(judge, curves, times),
        "candidates": [],
    }


def checked_horizon(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was found at the day that is checked."""
    return next(one for one in evaluation["horizons"] if one["day"] == evaluation["one_day"])


def checked_risk(evaluation: Mapping[str, Any], judge: TimedJudge, curves: PredictedCurves) -> CheckedRisk:
    """Return what the checks read of an evaluation of curves."""
    found = checked_horizon(evaluation)
    risk = curves.risk([found["day"]])[:, 0]
    return CheckedRisk(
        slope=measure_from_dict(found["measures"]["calibration_slope"]),
        ratio=measure_from_dict(found["measures"]["horizon_observed_expected_ratio"]),
        curve=judge.at(found["day"]).calibration_curve(risk),
        basis="external",
        n=found["n"],
        events=found["events"],
    )


def _expected(judge: TimedJudge, curves: PredictedCurves, times: LabelledTimes) -> list[dict[str, Any]]:
    """Events of each cause observed and expected, everybody followed up to each horizon at the most."""
    found = []
    for number, (cause, words) in enumerate(zip(times.causes, times.cause_labels, strict=True), start=1):
        until = []
        for day in judge.settings.horizons:
            hazard = curves.own_hazard(np.minimum(judge.time, day), number)
            happened = ((judge.cause == number) & (judge.time <= day)).astype(np.float64)
            ratio = observed_expected_events(happened, hazard)
            sums = {"observed": int(happened.sum()), "expected": float(hazard.sum())}
            until.append({"day": day, **sums, "ratio": ratio.to_dict()})
        days = [float(day) for day in judge.days]
        expected = [float(curves.own_hazard(np.minimum(judge.time, day), number).sum()) for day in days]
        observed = [int(((judge.cause == number) & (judge.time <= day)).sum()) for day in days]
        over = {"days": days, "observed": observed, "expected": expected}
        found.append({"cause": cause, "label": words, "horizons": until, "over_time": over})
    return found


def _subgroups(
    plan: TimesPlan, judge: TimedJudge, curves: PredictedCurves, work: ScoredPatients
) -> list[dict[str, Any]]:
    day = checked_day(plan)
    risk, lost = curves.risk([day])[:, 0], mean_time_lost(judge.days, curves.risk(judge.days))
    labelled = chosen_patients(plan.at_day.labelled, work.scored)

    def measure(members: NDArray[np.bool_]) -> dict[str, Measure]:
        return judge.restricted(members).at(day).group(risk[members], lost[members])

    found = evaluate_groups(
        work.groupings,
        labelled.known & (labelled.values == 1),
        labelled.known & (labelled.values == 0),
        measure,
        names=(*SUBGROUP_MEASURES, "harrell_c"),
        fewest=plan.at_day.settings.fewest,
    )
    return [one.to_dict() for one in found]


def _comparators(
    plan: TimesPlan, judge: TimedJudge, curves: PredictedCurves, columns: Mapping[str, FloatArray], say: Say
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Return what could be compared at any horizon, best ranking at the checked day first, and what could not."""
    refused = list(plan.at_day.barred)
    own = dict(zip(plan.horizons, curves.risk(plan.horizons).T, strict=True))
    found: dict[str, dict[str, Any]] = {}
    for day in plan.horizons:
        for source in plan.sources_at(day):
            if source.label in {label for label, _ in refused}:
                continue
            values = source.compute(columns)
            reason = _why_not(plan, source.inputs, values, columns)
            if reason:
                refused.append((source.label, reason))
                continue
            if source.name not in found:
                say(f"comparing with {source.label}")
                described = {"label": source.label, "note": source.note, "identity": source.identity}
                found[source.name] = {"name": source.name, **described, "kind": source.kind, "horizons": []}
            found[source.name]["horizons"].append(judge.at(day).beside(own[day], JudgedRisk(values, source.ranks_only)))
    everything = [*(_recorded(plan, one, judge, own) for one in plan.recorded), *found.values()]
    return sorted(everything, key=lambda one: _by_ranking(one, checked_day(plan))), refused


def _recorded(
    plan: TimesPlan, comparator: Comparator, judge: TimedJudge, own: Mapping[float, FloatArray]
) -> dict[str, Any]:
    """Judge another model's output that stands in the cohort, at its own day or the horizon nearest to it."""
    theirs = comparator.horizon_days
    day = min(plan.horizons, key=lambda one: abs(np.log(one / (theirs or one))))
    mismatch = f"it predicts day {theirs:g}, not day {day:g}" if theirs is not None and theirs != day else ""
    values = np.asarray(comparator.risk, dtype=np.float64)
    entry = judge.at(day).beside(own[day], JudgedRisk(values, comparator.ranks_only or mismatch))
    told = {"label": comparator.label, "note": comparator.note, "identity": "stands in the cohort"}
    return {"name": comparator.name, **told, "kind": "recorded", "horizons": [entry]}


def _why_not(plan: TimesPlan, inputs: tuple[str, ...], values: FloatArray, columns: Mapping[str, FloatArray]) -> str:
    lacking = [variable(name).label for name in inputs if name not in columns]
    has_it = np.isfinite(values)
    if not has_it.any():
        named = "; ".join([*lacking[:4], *([f"{len(lacking) - 4} more"] if len(lacking) > 4 else [])])
        return f"the cohort lacks {named}" if lacking else "its inputs are missing for everyone"
    fewest, happened = plan.at_day.settings.fewest, plan.times.cause == 1
    if min((has_it & happened).sum(), (has_it & ~happened).sum()) < fewest:
        return f"known for fewer than {fewest} patients with the event, or fewer than {fewest} without"
    return ""


def _by_ranking(compared: Mapping[str, Any], day: float) -> tuple[float, str]:
    at = next((one for one in compared["horizons"] if one["day"] == day), compared["horizons"][0])
    found = measure_from_dict(at["measures"]["horizon_auc"])
    return (-found.estimate if isinstance(found, Estimate) else 1.0, str(compared["name"]))
