"""Answers to signalling questions on participants, predictors and outcome: what a record can tell, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.answers import Signal
from spinecast.reporting.records.recorded import Recorded

__all__ = [
    "Judged",
    "data_source",
    "eligibility",
    "outcome_alike",
    "outcome_blind",
    "outcome_determined",
    "outcome_interval",
    "outcome_standard",
    "outcome_without_predictors",
    "predictors_alike",
    "predictors_blind",
    "predictors_in_time",
    "preprocessing_alike",
    "study_design",
    "to_be_judged",
]

# Checks of ``spinecast.validation`` by what they look for.
LEAKING, BEYOND_FOLLOW_UP, TELLS_ALONE, DATED_AFTER = "SC001", "SC004", "SC007", "SC008"
NOBODY_HAS, CODED_DIFFERENTLY = "SC022", "SC026"
HARD = (
    "Whether somebody died calls for no judgement that knowing the predictors could sway (Moons 2019); how completely "
    "deaths were found is for a reader to judge."
)


@dataclass(frozen=True)
class Judged:
    """An answer with its reason and where the reason stands."""

    answer: Signal
    reason: str
    evidence: tuple[str, ...] = ()


def to_be_judged(text: str, *evidence: str) -> Judged:
    """Leave a question to a reader, with what the record holds on it."""
    return Judged("NI", f"To be judged by a reader. {text}".strip(), evidence)


def data_source(record: Recorded) -> Judged:
    """Whether the source suits."""
    provenance = record.get("cohort.json", "provenance") or {}
    if not provenance.get("source"):
        return to_be_judged("The record does not say where the patients come from.")
    said = f"{fmt.ended(provenance['source'])} {fmt.ended(provenance.get('description') or '')}".strip()
    return to_be_judged(f"The patients come from: {said}", "cohort.json#/provenance")


def study_design(record: Recorded) -> Judged:
    """Whether the design suits the question."""
    text = "The record does not say whether the data were gathered as a cohort, a trial or a register."
    return to_be_judged(text, *(("cohort.json#/provenance",) if record.get("cohort.json", "provenance") else ()))


def eligibility(record: Recorded) -> Judged:
    """Whether inclusions and exclusions were sensible."""
    steps = record.listed("cohort.json", "attrition")
    if not steps:
        return to_be_judged("The record holds no steps of exclusion.")
    out = [
        f"{fmt.integer(step['excluded'])} ({fmt.plain(step['reason'] or step['step'])})"
        for step in steps
        if step["excluded"]
    ]
    return to_be_judged(f"Left out: {'; '.join(out) or 'nobody'}.", "cohort.json#/attrition")


def predictors_alike(record: Recorded) -> Judged:
    """Whether predictors were defined and measured alike."""
    coded = record.finding(CODED_DIFFERENTLY)
    if coded is not None:
        return Judged("PN", coded.text, coded.evidence)
    text = (
        "One unit and coding was enforced for each predictor; how each was measured in each patient is not in the "
        "record."
    )
    return to_be_judged(text, *_predictors(record))


def preprocessing_alike(record: Recorded) -> Judged:
    """Whether predictors were prepared alike."""
    if record.design == "development" and record.candidates:
        text = "One pipeline, learned on training patients, prepared every patient's predictors."
        return Judged("Y", text, ("study.yaml#/candidates",))
    if record.get("about.json", "source", "kind") == "model":
        text = "The stored model prepared every patient's predictors; nothing was learned from these patients."
        return Judged("Y", text, ("about.json#/source",))
    return to_be_judged("Preparation before the values came to spinecast is not in the record.")


def predictors_blind(record: Recorded) -> Judged:
    """Whether predictors were assessed blind to the outcome."""
    return to_be_judged("Who assessed the predictors, and when, is not in the record.", *_predictors(record))


def predictors_in_time(record: Recorded) -> Judged:
    """Whether predictors are known in time."""
    answers: tuple[tuple[str, Signal], ...] = (
        (LEAKING, "N"),
        (DATED_AFTER, "N"),
        (TELLS_ALONE, "PN"),
        (NOBODY_HAS, "PN"),
    )
    for code, answer in answers:
        found = record.finding(code)
        if found is not None:
            return Judged(answer, found.text, found.evidence)
    if record.check(LEAKING) == "not found":
        text = (
            "The dictionary calls every predictor known when the prediction is made (SC001 found nothing); whether it "
            "was so in these patients is for a reader to check."
        )
        return Judged("PY", text, ("run.json#/checks_made", *_predictors(record)))
    return to_be_judged("The record does not say when the predictors become known.", *_predictors(record))


def outcome_determined(record: Recorded) -> Judged:
    """Whether the outcome was determined suitably."""
    if record.is_death:
        return Judged("PY", HARD, (record.outcome_at,))
    return to_be_judged("How the outcome was assessed is not in the record.", *_outcome(record))


def outcome_standard(record: Recorded) -> Judged:
    """Whether the definition was prespecified or standard."""
    if record.is_death:
        return Judged("PY", "Death by a fixed day is a standard definition.", (record.outcome_at,))
    named = [record.authors[key] for key in ("registration", "protocol") if key in record.authors]
    said = f"The authors name: {' '.join(named)}" if named else "No protocol or registration is named."
    return to_be_judged(f"The definition stands in the record. {said}", *_outcome(record))


def outcome_without_predictors(record: Recorded) -> Judged:
    """Whether predictors were kept out of the outcome."""
    outcome = record.outcome
    read = {outcome[key] for key in ("time", "event", "status", "variable") if isinstance(outcome.get(key), str)}
    if not read or not record.predictors:
        return to_be_judged("The record does not name both predictors and what the outcome is read from.")
    shared = sorted(read & set(record.predictors))
    where = (record.outcome_at, *_predictors(record))
    if shared:
        return Judged("N", f"The outcome is read from the predictors {fmt.joined(shared)}.", where)
    named = fmt.joined(sorted(fmt.plain(name) for name in read))
    return Judged("Y", f"The outcome is read from {named} alone, which are no predictors.", where)


def outcome_alike(record: Recorded) -> Judged:
    """Whether the outcome was determined alike for everybody."""
    if record.is_death:
        text = f"One definition was applied to every patient. {HARD}"
        return Judged("PY", text, (record.outcome_at,))
    text = "One definition was applied to every patient; how each was assessed is not in the record."
    return to_be_judged(text, *_outcome(record))


def outcome_blind(record: Recorded) -> Judged:
    """Whether the outcome was determined blind to predictors."""
    if record.is_death:
        return Judged("PY", HARD, (record.outcome_at,))
    return to_be_judged("Whether the outcome was assessed blind is not in the record.", *_outcome(record))


def outcome_interval(record: Recorded) -> Judged:
    """Whether the time between predictors and outcome was right."""
    beyond = record.finding(BEYOND_FOLLOW_UP)
    if beyond is not None:
        return Judged("N", beyond.text, beyond.evidence)
    days = record.outcome.get("horizon_days") or record.outcome.get("horizons_days")
    if not days:
        return to_be_judged("The time between predictors and outcome is not in the record.", *_outcome(record))
    if record.check(BEYOND_FOLLOW_UP) == "not found":
        file = "run.json" if record.design == "development" else "findings.json"
        text = (
            f"The outcome is read at a fixed horizon of {fmt.setting(days)} days, within the follow-up (SC004 found "
            "nothing); whether that day suits the question is for a reader to judge."
        )
        return Judged("PY", text, (record.outcome_at, f"{file}#/checks_made"))
    return to_be_judged(f"The horizon is {fmt.setting(days)} days.", *_outcome(record))


def _predictors(record: Recorded) -> tuple[str, ...]:
    return (record.predictors_at,) if record.predictors else ()


def _outcome(record: Recorded) -> tuple[str, ...]:
    return (record.outcome_at,) if record.outcome.get("kind") else ()
