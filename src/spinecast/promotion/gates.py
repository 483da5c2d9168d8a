"""All gates put to a version: each says passed, failed or not assessed, and what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.promotion.cards import card_of
from spinecast.promotion.deciding import Deciding, deciding_of
from spinecast.promotion.development_size import judge_development_size
from spinecast.promotion.evidence import Evidence, Validated
from spinecast.promotion.gates_file import Gates
from spinecast.promotion.measured import judge_measures, judge_subgroups
from spinecast.promotion.results import Finding, GateResult, Status
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.model_card import owed
from spinecast.reporting.records.recorded import Recorded

__all__ = ["assess"]


def assess(evidence: Evidence, gates: Gates, *, allow_synthetic: bool = False) -> list[GateResult]:
    """Put every gate to a version, in the order of the file.

    Parameters
    ----------
    evidence : Evidence
    gates : Gates
    allow_synthetic : bool
        Whether a model of made-up patients may pass; it stays marked as one wherever it shows.
    """
    deciding = deciding_of(evidence, gates.sample_size)
    return [
        _external_validation(evidence, gates, deciding),
        judge_measures("calibration_slope", gates.calibration_slope, evidence.kind, deciding),
        judge_measures("calibration_in_the_large", gates.calibration_in_the_large, evidence.kind, deciding),
        judge_subgroups(gates.subgroup_harm, evidence.kind, deciding.anywhere),
        _sample_size(evidence, gates, deciding),
        _checks(evidence, gates),
        _model_card(evidence, gates),
        _synthetic(evidence, gates, allowed=allow_synthetic),
    ]


def _external_validation(evidence: Evidence, gates: Gates, deciding: Deciding) -> GateResult:
    asked = gates.external_validation
    bound = f"validated on at least {fmt.plural(asked.fewest, 'cohort')} of other patients"
    cohorts = len({one.fingerprint for one in evidence.counted})
    status: Status = "passed" if cohorts >= asked.fewest else "failed"
    counted = f"{fmt.plural(cohorts, 'cohort')} in {fmt.plural(len(evidence.counted), 'validation')}"
    findings = [Finding("External validation", counted, bound, asked.source, status)]
    anywhere = deciding.anywhere
    for one in evidence.validations:
        size = f"{fmt.plural(one.recorded.n, 'patient')}, {fmt.plural(one.recorded.events, 'event')}"
        part = "decides" if one in anywhere else "too few patients to decide beside larger ones"
        judged = f"does not count: {one.refused}" if one.refused else part
        found = f"{size}; run {one.run_id}{_in_the_log(one, evidence)}; {judged}"
        shown: Status = "not assessed" if one.refused else "passed"
        findings.append(Finding(f"Validation on {one.cohort}", found, bound, asked.source, shown, counts=False))
        if not one.refused:
            counts = one in anywhere
            findings += [
                _looked_for(what, found, asked.overlap_source, counts=counts) for what, found in _found(one, evidence)
            ]
    return GateResult("external_validation", findings, asked.not_assessed == "fails")


def _in_the_log(validated: Validated, evidence: Evidence) -> str:
    """Say whether the log knows a validation; nothing where no log was asked."""
    if evidence.logged is None:
        return ""
    number = evidence.logged.get(validated.run_id)
    return f", record {number} of the audit log" if number else ", not in the audit log: known by the run's tag alone"


def _found(validated: Validated, evidence: Evidence) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield as :func:`_met`; what one validation could not look for, another of the very same patients may have."""
    same = [one for one in evidence.counted if one.fingerprint == validated.fingerprint and one is not validated]
    for ways in zip(*(_met(one, evidence) for one in (validated, *same)), strict=True):
        what, own = ways[0]
        yield what, next((found for _, found in ways if found.get("searched")), own)


def _met(validated: Validated, evidence: Evidence) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each cohort that the model was made from, and how its people were looked for among those validated on."""
    recorded, people = validated.recorded, f"People in {validated.cohort} who stand in"
    met = [one for one in recorded.listed("findings.json", "met_before") if isinstance(one, Mapping)]
    yield f"{people} the development cohort too", recorded.get("findings.json", "overlap") or {}
    for update in evidence.updates:
        parent = update.get("about.json", "update", "parent", "identity")
        name = fmt.plain(update.get("about.json", "update", "cohort", "name"))
        found = next((one for one in met if one.get("role") == "updating" and one.get("parent") == parent), {})
        yield f"{people} {name} too, on which the model was updated", found
    if evidence.borrowed:
        found = next((one for one in met if one.get("role") == "borrowed"), {})
        yield f"{people} the cohort that the model borrowed patients from too", found


def _looked_for(what: str, found: Mapping[str, Any], source: str, *, counts: bool) -> Finding:
    """Say whether people in both cohorts were looked for: none found is no answer where nobody could look."""
    looked = fmt.plain(found.get("looked") or "not recorded")
    searched = bool(found.get("searched"))
    text = f"looked for by {looked}: none" if searched else f"not looked for: {looked}"
    status: Status = "passed" if searched else "not assessed"
    return Finding(what, text, "looked for, and none found", source, status, counts)


def _sample_size(evidence: Evidence, gates: Gates, deciding: Deciding) -> GateResult:
    asked = gates.sample_size
    findings = [judge_development_size(evidence, asked, deciding)]
    bound = f"{asked.fewest_events} events and {asked.fewest_without} patients without one, in one validation at least"
    status: Status = "failed"
    found = "no validation on other patients is recorded"
    if deciding.smallest is not None:
        largest, day, size = deciding.smallest
        by = "without" if day is None else f"followed without one by day {day:g}"
        found = f"{size.events:,} events and {size.without:,} {by} in {largest.cohort}"
        status = "passed" if deciding.large(size) else "failed"
    findings.append(Finding("Patients of the validation", found, bound, asked.validation_source, status))
    return GateResult("sample_size", findings, asked.not_assessed == "fails")


def _checks(evidence: Evidence, gates: Gates) -> GateResult:
    asked = gates.checks
    places: list[tuple[str, Recorded]] = [(f"{evidence.version.name}/{evidence.version.version}", evidence.own)]
    if evidence.development is not None and evidence.development is not evidence.own:
        places.append(("the training it goes back to", evidence.development))
    places += [(f"the validation on {one.cohort}", one.recorded) for one in evidence.counted]
    findings = []
    bound = f"no {' and no '.join(asked.refused)}"
    for words, recorded in places:
        file = "run.json" if recorded.design == "development" else "findings.json"
        made, found = recorded.listed(file, "checks_made"), recorded.listed(file, "checks")
        what = f"Checks of {words}"
        bad = [one for one in found if one.get("severity") in asked.refused]
        for one in bad:
            text = f"{one['code']} {one['title']} ({one['severity']}): {one['finding']}"
            findings.append(Finding(what, text, bound, asked.source, "failed"))
        if not bad:
            codes = ", ".join(f"{one['code']} {one['severity']}" for one in found) or "none"
            text = f"{len(made)} made; found: {codes}" if made else "its record holds none"
            findings.append(Finding(what, text, bound, asked.source, "passed" if made else "not assessed"))
    return GateResult("checks", findings, asked.not_assessed == "fails")


def _model_card(evidence: Evidence, gates: Gates) -> GateResult:
    lacking = owed(card_of(evidence))
    found = f"{len(lacking)} still to be written: {', '.join(lacking)}" if lacking else "complete"
    status: Status = "failed" if lacking else "passed"
    finding = Finding("Model card", found, "without a word still to be written", gates.model_card.source, status)
    return GateResult("model_card", [finding])


def _synthetic(evidence: Evidence, gates: Gates, *, allowed: bool) -> GateResult:
    kind = "SYNTHETIC: made of patients who do not exist" if evidence.synthetic else "real"
    found = f"{kind}; allowed by --allow-synthetic, and marked" if evidence.synthetic and allowed else kind
    bound = "real, or --allow-synthetic, which marks the version wherever it shows"
    status: Status = "failed" if evidence.synthetic and not allowed else "passed"
    what = "Patients the model was made from"
    return GateResult("synthetic_patients", [Finding(what, found, bound, gates.synthetic_patients.source, status)])
