"""Gates that hold measures of external validations against declared bounds, whatever kind of model they are of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from spinecast.promotion.deciding import Day, Deciding
from spinecast.promotion.evidence import Validated
from spinecast.promotion.gates_file import Bound, GroupBound, MeasuredGate, SubgroupGate
from spinecast.promotion.results import Finding, GateResult, Status
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.known_measures import passing_words, words_of
from spinecast.reporting.records.recorded import Recorded
from spinecast.validation.subgroups import default_subgroup_variables

__all__ = ["judge_measures", "judge_subgroups"]

NOBODY = "no validation on other patients is recorded"


@dataclass(frozen=True)
class _Part:
    """Measures of one day, threshold or level, or of everything."""

    of: str
    measures: Mapping[str, Any]
    checked: bool
    day: Day = None


def judge_measures(gate: str, asked: MeasuredGate, kind: str, deciding: Deciding) -> GateResult:
    """Hold the measures of every validation against their bounds.

    A model of times must keep them on each day that was judged, and be judged on each that it predicts, whoever named
    the days of a validation. One of a quantity or of levels must keep them at each threshold; whether they are known
    there is decided by the threshold that coded checks read: a level that nobody reached is shown and decides nothing.

    Parameters
    ----------
    gate : str
    asked : MeasuredGate
    kind : str
        What the model predicts.
    deciding : Deciding
    """
    findings: list[Finding] = []
    for bound in asked.bounds:
        if kind not in bound.kinds:
            continue
        label = words_of(kind)[bound.measure].label
        if not deciding.counted:
            findings.append(Finding(label, NOBODY, _bounds(bound), bound.source, "not assessed"))
        missing = {}
        for validated in deciding.anywhere:
            parts = [part for part in _parts(validated.recorded, deciding.days) if validated in deciding.at(part.day)]
            found = [part for part in parts if bound.measure in part.measures or part.day is not None]
            findings += [_held(bound, part, label, validated, kind) for part in found]
            if not found:
                what = f"{label} in {validated.cohort}"
                findings.append(Finding(what, "not in its record", _bounds(bound), bound.source, "not assessed"))
            for day in deciding.missing(validated):  # once for the same patients
                missing[validated.question, day] = f"{label}, day {day:g} in {validated.cohort}"
        unjudged = "the model predicts this day, and nobody judged it"
        findings += [Finding(what, unjudged, _bounds(bound), bound.source, "not assessed") for what in missing.values()]
    if not findings:
        none = f"the gates declare no measure of it for a model of the kind {kind}"
        findings.append(Finding(gate.replace("_", " "), none, "declared", "the file of gates", "not assessed"))
    return GateResult(gate, findings, asked.not_assessed == "fails")


def _parts(recorded: Recorded, days: Sequence[float]) -> Iterator[_Part]:
    evaluation = recorded.files["evaluation.json"]
    if "horizons" in evaluation:
        for one in evaluation["horizons"]:
            counts = one["day"] in days or one["day"] == evaluation.get("one_day")
            yield _Part(f", day {one['day']:g}", one["measures"], counts, float(one["day"]))
        return
    yield _Part("", evaluation["measures"], checked=True)
    if recorded.predicts in ("quantity", "ordinal"):
        for place, one in enumerate(evaluation["thresholds"]):
            words = f", {passing_words(recorded, one)}"
            yield _Part(words, one["measures"], place == recorded.checked_threshold)


def _held(bound: Bound, part: _Part, label: str, validated: Validated, kind: str) -> Finding:
    what = f"{label}{part.of} in {validated.cohort}"
    measure = part.measures.get(bound.measure) or {"absent": "not in its record"}
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
    findings += _groups_seen(asked, validations)
    if not findings:
        findings.append(Finding("Groups of patients", NOBODY, "judged", asked.net_benefit_source, "not assessed"))
    return GateResult("subgroup_harm", findings, asked.not_assessed == "fails")


def _groups_seen(asked: SubgroupGate, validations: Sequence[Validated]) -> Iterator[Finding]:
    """Say of each cohort whether one validation showed the groups that are asked for, and none beside them.

    Whoever validates chooses groups: by many events few are shown, and by many more groups chance is allowed more.
    """
    usual = set(default_subgroup_variables())
    bound = (
        "in one validation of these patients, those that are always looked at and no others, from "
        f"{asked.fewest_events} with the event and as many without on, at risks of {_risks(asked.thresholds)}"
    )
    by_cohort: dict[tuple[str, str], list[Validated]] = {}
    for one in validations:
        by_cohort.setdefault(one.question, []).append(one)
    for same in by_cohort.values():
        found = [_chosen_groups(one.recorded, asked, usual) for one in same]
        status: Status = "not assessed" if all(found) else "passed"
        text = found[-1] if all(found) else "as asked for"
        yield Finding(f"Groups shown in {same[0].cohort}", text, bound, asked.fewest_source, status)


def _risks(thresholds: Sequence[float]) -> str:
    return fmt.joined([fmt.percentage(one, 0) for one in thresholds])


def _chosen_groups(recorded: Recorded, asked: SubgroupGate, usual: AbstractSet[str]) -> str:
    """Say how the groups of a validation differ from those asked for; empty where they do not."""
    fewest, chosen = (recorded.get("about.json", "settings", key) for key in ("fewest", "subgroups"))
    judged: Sequence[float] = recorded.get("about.json", "settings", "thresholds") or ()
    if fewest is None or chosen is None:
        return "which groups are shown is not in its record"
    added, lacking = sorted(set(chosen) - usual), sorted(usual - set(chosen))
    differences = (
        f"only from {fewest} with the event and as many without on" if fewest > asked.fewest_events else "",
        f"at risks of {_risks(judged)}" if set(judged) != set(asked.thresholds) else "",
        f"also by {', '.join(added)}" if added else "",
        f"not by {', '.join(lacking)}" if lacking else "",
    )
    return "; ".join(one for one in differences if one)


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
