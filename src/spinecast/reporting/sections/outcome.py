"""What is predicted, how many had it, and what became of people who died before it could be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.clinical.dictionary import variables
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Facts, Section
from spinecast.reporting.record import RunRecord
from spinecast.reporting.sections.common import negative_label, outcome_label, positive_label

__all__ = ["death_before_assessment", "outcome_section"]

Outcome = Mapping[str, Any]


def outcome_section(record: RunRecord) -> Section:
    """Define the outcome and count it."""
    outcome = record.study.get("outcome") or {}
    n, events = record.evaluation["n"], record.evaluation["events"]
    facts = [("Outcome", outcome_label(record)), ("Event", positive_label(record)), *_defined(outcome)]
    facts.append((positive_label(record), fmt.n_of_n(events, n)))
    facts.append((negative_label(record), fmt.n_of_n(n - events, n)))
    blocks: list[Block] = [Facts(tuple(facts))]
    if (said := death_before_assessment(outcome)) is not None:
        blocks.append(Callout("note", *said))
    return Section("outcome", "The outcome", tuple(blocks))


def death_before_assessment(outcome: Outcome) -> tuple[str, str] | None:
    """Say how death before the outcome could be seen was counted, and what that does to the risk.

    Returns
    -------
    tuple of str or None
        Title and text; None where the outcome knows no such death.
    """
    role = _role_of_death(outcome)
    if role is None:
        return None
    texts = {
        "event": (
            "Death counts as the event (composite)",
            "Whoever died first counts as having had the event. The risk is that of either; where deaths are common, "
            "what predicts death predicts it.",
        ),
        "worst": (
            "Death is a level of its own, the worst",
            "Nobody is left out for having died, and what predicts death predicts the worst level: the chance of any "
            "bad level or worse includes death. A patient likely to die has a low chance of every better level, "
            "whatever they could do if they lived; to read function apart from death, set the chance of a level "
            "against that of being alive.",
        ),
        "excluded": (
            "People who died first are left out (excluded)",
            "The risk holds for people who will live to be assessed. Who that is is not known when the prediction is "
            "made: it is no risk of the patient in front of the reader, and it is too favourable where those who die "
            "would have done badly.",
        ),
        "without": (
            "Death before it counts as not having the event (competing)",
            "Whoever died first does not have the event and stays in the study. The risk is the chance to have it in "
            "a world in which people also die: where the event is a bad one, a patient likely to die first has a low "
            "risk, and it must be read beside the risk of death; where it is a good one, death and failure count "
            "alike.",
        ),
    }
    return texts[role]


def _role_of_death(outcome: Outcome) -> str | None:
    """Return where the dead stand: ``event``, ``excluded``, ``without`` it, at the ``worst`` level, or None."""
    if outcome.get("kind") == "ordinal":
        return {"worst_level": "worst", "excluded": "excluded"}.get(str(outcome.get("death")))
    if outcome.get("kind") == "competing_horizon":
        return {"composite": "event", "exclude": "excluded", "competing": "without"}.get(str(outcome.get("handling")))
    entry = variables().get(str(outcome.get("variable")))
    if outcome.get("kind") != "binary" or entry is None:
        return None
    died = set(entry.died_before_levels)
    if not died:
        return None
    for role, key in (("event", "event_levels"), ("excluded", "excluded_levels")):
        if died & set(fmt.listed(outcome.get(key))):
            return role
    return "without"


def _defined(outcome: Outcome) -> list[tuple[str, str]]:
    """Say what the outcome is drawn from, key by key of its kind."""
    kind = outcome.get("kind")
    if kind == "binary":
        left_out = [fmt.plain(level) for level in fmt.listed(outcome.get("excluded_levels"))]
        return [
            ("Drawn from", f"{fmt.plain(outcome.get('variable'))}: {_either(outcome, 'event_levels')}"),
            ("Levels left out", fmt.joined(left_out) if left_out else "none"),
        ]
    if kind == "threshold":
        side = str(outcome.get("comparison")).replace("_", " ")
        unit = fmt.plain(outcome["unit"]) if outcome.get("unit") else "in its usual unit"
        limit = f"{outcome['threshold']:g} {unit}" if "threshold" in outcome else fmt.absent("not stated")
        return [("Drawn from", f"{fmt.plain(outcome.get('variable'))}: {side} {limit}")]
    if kind not in ("horizon", "landmark", "competing_horizon"):
        return []
    days, landmark = outcome.get("horizon_days"), outcome.get("landmark_days")
    begin = f"day {landmark:g}, among patients under observation then" if landmark else "study entry"
    facts = [("Horizon", f"{days:g} days from {begin}" if days else fmt.absent("not stated"))]
    if kind == "competing_horizon":
        facts += [
            ("Drawn from", f"{fmt.plain(outcome.get('time'))} and {fmt.plain(outcome.get('status'))}"),
            ("Counts as the event", _either(outcome, "event_levels")),
            ("Competes with it", _either(outcome, "competing_levels")),
        ]
    else:
        facts.append(("Drawn from", f"{fmt.plain(outcome.get('time'))} and {fmt.plain(outcome.get('event'))}"))
    return [*facts, ("Censored before the horizon", _censoring(outcome.get("censored")))]


def _either(outcome: Outcome, key: str) -> str:
    return fmt.joined([fmt.plain(level) for level in fmt.listed(outcome.get(key))], "or")


def _censoring(rule: object) -> str:
    said = {
        "exclude": "left out of the study",
        "ipcw": "not counted; the others are weighted by the inverse of their probability of not being censored",
    }
    return said.get(str(rule), fmt.absent("not stated"))
