"""Gates that hold measures of external validations against declared bounds, whatever kind of model they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spinecast.promotion.evidence import Validated
from spinecast.promotion.gates_file import Bound, GroupBound, MeasuredGate, SubgroupGate
from spinecast.promotion.results import Finding, GateResult, Status
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.known_measures import passing_words, words_of
from spinecast.reporting.records.recorded import Recorded

__all__ = ["judge_measures", "judge_subgroups"]

NOBODY = "no validation on other patients is recorded"


@dataclass(frozen=True)
class _Part:
    """Measures of one day, threshold or level, or of everything."""

    of: str
    measures: Mapping[str, Any]
    checked: bool


def judge_measures(gate: str, asked: MeasuredGate, kind: str, validations: Sequence[Validated]) -> GateResult:
    """Hold the measures of every validation against their bounds.

    A model of times must keep them on each day that was judged, one of a quantity or of levels at each threshold. What
    decides whether they are known is the day or threshold that coded checks read: a level that nobody reached is shown
    and decides nothing.

    Parameters
    ----------
    gate : str
    asked : MeasuredGate
    kind : str
        What the model predicts.
    validations : sequence of Validated
        Those that decide.
    """
    findings: list[Finding] = []
    for bound in asked.bounds:
        if kind not in bound.kinds:
            continue
        label = words_of(kind)[bound.measure].label
        if not validations:
            findings.append(Finding(label, NOBODY, _bounds(bound), bound.source, "not assessed"))
        for validated in validations:
            found = [part for part in _parts(validated.recorded) if bound.measure in part.measures]
            findings += [_held(bound, part, label, validated, kind) for part in found]
            if not found:
                what = f"{label} in {validated.cohort}"
                findings.append(Finding(what, "not in its record", _bounds(bound), bound.source, "not assessed"))
    if not findings:
        none = f"the gates declare no measure of it for a model of the kind {kind}"
        findings.append(Finding(gate.replace("_", " "), none, "declared", "the file of gates", "not assessed"))
    return GateResult(gate, findings, asked.not_assessed == "fails")


def _parts(recorded: Recorded) -> Iterator[_Part]:
    evaluation = recorded.files["evaluation.json"]
    if "horizons" in evaluation:
        for one in evaluation["horizons"]:
            yield _Part(f", day {one['day']:g}", one["measures"], one["day"] == evaluation.get("one_day"))
        return
    yield _Part("", evaluation["measures"], checked=True)
    if recorded.predicts in ("quantity", "ordinal"):
        for place, one in enumerate(evaluation["thresholds"]):
            words = f", {passing_words(recorded, one)}"
            yield _Part(words, one["measures"], place == recorded.checked_threshold)


def _held(bound: Bound, part: _Part, label: str, validated: Validated, kind: str) -> Finding:
    what, measure = f"{label}{part.of} in {validated.cohort}", part.measures[bound.measure]
    reason = fmt.absence(measure)
    if reason is not None:
        return Finding(what, f"not known: {reason}", _bounds(bound), bound.source, "not assessed", part.checked)
    text = fmt.estimate(measure, words_of(kind)[bound.measure].decimals)
    return Finding(what, text, _bounds(bound), bound.source, _within(bound, measure))


def _within(bound: Bound, measure: Mapping[str, Any]) -> Status:
    low, high = bound.estimate
    if not low <= measure["estimate"] <= high:
        return "failed"
    if bound.interval is None:
        return "passed"
    if measure.get("lower") is None or measure.get("upper") is None:
        return "not assessed"
    low, high = bound.interval
    return "passed" if low <= measure["lower"] and measure["upper"] <= high else "failed"


def _bounds(bound: Bound) -> str:
    text = _between(bound.estimate)
    return text if bound.interval is None else f"{text}, its 95 % interval within {_between(bound.interval)}"


def _between(limits: Sequence[float]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}".replace("-", "−")


def judge_subgroups(asked: SubgroupGate, kind: str, validations: Sequence[Validated]) -> GateResult:
    """Say whether any group of patients is harmed: its calibration surely out of bounds, or its net benefit below none.

    Parameters
    ----------
    asked : SubgroupGate
    kind : str
        What the model predicts.
    validations : sequence of Validated
        Those that decide.
    """
    findings: list[Finding] = []
    for validated in validations:
        for bound in asked.bounds:
            if kind in bound.kinds:
                findings += _groups(bound, validated, asked.fewest_patients, words_of(kind)[bound.measure].label)
        findings.append(_net_benefit(asked, validated))
    if not findings:
        findings.append(Finding("Groups of patients", NOBODY, "judged", asked.net_benefit_source, "not assessed"))
    return GateResult("subgroup_harm", findings, asked.not_assessed == "fails")


def _groups(bound: GroupBound, validated: Validated, fewest: int, label: str) -> Iterator[Finding]:
    """Yield each group that is harmed, then how many were judged."""
    words = f"not surely outside {_between(bound.tolerated)}"
    judged = left_out = harmed = 0
    for grouping in validated.recorded.listed("findings.json", "subgroups"):
        for group in fmt.listed(grouping.get("groups")):
            measure = (group.get("measures") or {}).get(bound.measure)
            lower, upper = _limits(measure)
            if (group.get("n") or 0) < fewest or lower is None or upper is None:
                left_out += 1
                continue
            judged += 1
            if upper < bound.tolerated[0] or lower > bound.tolerated[1]:
                harmed += 1
                what = f"{label}, {fmt.plain(grouping['label'])}: {fmt.plain(group['label'])}, in {validated.cohort}"
                found = f"{fmt.estimate(measure, 2)} in {fmt.plural(group['n'], 'patient')}"
                yield Finding(what, found, words, bound.source, "failed")
    found = f"{harmed} of {judged} groups outside, {left_out} not assessed (too small, or the measure is not known)"
    status: Status = "not assessed" if not judged else "passed" if not harmed else "failed"
    yield Finding(f"{label} by group in {validated.cohort}", found, words, bound.source, status)


def _limits(measure: Any) -> tuple[float | None, float | None]:
    if not isinstance(measure, Mapping) or fmt.absence(measure) is not None:
        return None, None
    return measure.get("lower"), measure.get("upper")


def _net_benefit(asked: SubgroupGate, validated: Validated) -> Finding:
    code, recorded = asked.net_benefit_check, validated.recorded
    what = f"Net benefit by group in {validated.cohort} ({code})"
    bound = "in no group below the better of acting on everybody and on nobody"
    listed = recorded.listed("findings.json", "checks_made")
    made: Mapping[str, Any] = next((one for one in listed if one.get("code") == code), {})
    found = recorded.finding(code)
    status: Status = "failed" if found else "passed" if made.get("status") == "not found" else "not assessed"
    text = found.text if found else fmt.plain(made.get("reason") or "the check is not in its record")
    return Finding(what, text, bound, asked.net_benefit_source, status)
