"""Whether an external validation counts: of this very model, on other and real patients, of what the model predicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from spinecast.cohorts.outcomes import Outcome
from spinecast.errors import ArtifactError, ContractError
from spinecast.reporting import formatting as fmt
from spinecast.reporting.records.recorded import Recorded
from spinecast.validation.recorded_outcome import outcome_from_record

__all__ = ["why_not_counted"]

# How patients whose follow-up ended early are met is a method, not another question; days of a model of times are
# judged one by one.
_NO_PART_OF_THE_QUESTION = ("label", "censored", "horizons_days")
_DAY = "horizon_days"


def why_not_counted(
    recorded: Recorded, identity: str, own: Recorded, development: Recorded | None, *, made_up_allowed: bool
) -> str:
    """Say why a validation does not count; empty where it does.

    Parameters
    ----------
    recorded : Recorded
        The validation.
    identity : str
        Hash of the manifest of the model that is asked about.
    own : Recorded
        The record of the run that model came from.
    development : Recorded or None
        The record of the training it goes back to, where it is known.
    made_up_allowed : bool
        Whether patients who do not exist will do, because the model was made from such.
    """
    about: Mapping[str, Any] = recorded.files.get("about.json") or {}
    if about.get("kind") != "validation" or about["source"].get("identity") != identity:
        return "it is of another model"
    if about["cohort"].get("kind") != "real" and not made_up_allowed:
        return "its patients are made up, and those of the model are real"
    if about["cohort"].get("fingerprint") in _fingerprints(about, own, development):
        return "its patients are those the model was made from"
    shared = recorded.get("findings.json", "overlap", "shared")
    if shared is None:
        return "whether its patients stand in the development cohort too is not in its record"
    if shared != 0:
        return f"{shared} of its patients stand in the development cohort too"
    for one in recorded.listed("findings.json", "met_before"):
        if one.get("shared") != 0:
            return f"{one.get('shared')} of its patients stand in the {one.get('role')} cohort too"
    if recorded.get("about.json", "source", "ranks_only"):
        return "only the ranking was judged"
    return _other_question(recorded, own)


def _fingerprints(about: Mapping[str, Any], *records: Recorded | None) -> Collection[str | None]:
    """Return the cohorts the model has seen: as the validation knew them, and as the registry's records do."""
    known = {(about.get("development") or {}).get("fingerprint")}
    for one in filter(None, records):
        known |= {one.get("cohort.json", "fingerprint"), one.get("about.json", "cohort", "fingerprint")}
    return known


def _other_question(recorded: Recorded, own: Recorded) -> str:
    """Say what a validation judged that the model does not predict; empty where it is what the model predicts."""
    try:
        judged, predicted = (outcome_from_record(one.outcome) for one in (recorded, own))
    except (ArtifactError, ContractError, TypeError):
        return "which outcome it judges, or the model predicts, cannot be read in its record"
    kinds = [str(one.outcome.get("kind")).replace("_", " ") for one in (recorded, own)]
    if type(judged) is not type(predicted):
        return f"it judges another outcome: {kinds[0]}, and the model predicts {kinds[1]}"
    names = [one.name for one in fields(predicted) if one.name not in _NO_PART_OF_THE_QUESTION]
    differing = [name for name in names if _asked(judged, name) != _asked(predicted, name)]
    if differing == [_DAY]:
        return f"it judges day {getattr(judged, _DAY):g}, and the model predicts day {getattr(predicted, _DAY):g}"
    said = [
        f"{name.replace('_', ' ')} {_words(getattr(judged, name))} and not {_words(getattr(predicted, name))}"
        for name in differing
    ]
    return f"it judges another outcome than the model predicts: {'; '.join(said)}" if said else ""


def _asked(outcome: Outcome, name: str) -> Any:
    """Return a part of a definition; which of several levels is named first changes nothing."""
    value = getattr(outcome, name)
    if not isinstance(value, tuple):
        return value
    return frozenset(frozenset(one) if isinstance(one, tuple) else one for one in value)


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return fmt.joined([" with ".join(one) if isinstance(one, tuple) else str(one) for one in value]) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
