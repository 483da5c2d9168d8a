"""The outcome a model was made for, read back from what the model says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_args

import numpy as np

from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.outcomes import (
    BinaryOutcome,
    CompetingHorizonOutcome,
    CompetingRisksOutcome,
    HorizonOutcome,
    LabelledOutcome,
    LandmarkOutcome,
    OrdinalOutcome,
    Outcome,
    QuantityOutcome,
    ThresholdOutcome,
    TimeToEventOutcome,
    label_outcome,
    most_even_level,
    read_as_seen,
    read_by_level,
    read_by_threshold,
)
from spinecast.cohorts.outcomes.by_horizon import Censoring
from spinecast.errors import ArtifactError, ContractError, nearest

__all__ = ["label_as_event", "outcome_from_record", "outcome_variables", "with_censoring"]

_KINDS: Mapping[str, Any] = {
    "horizon": HorizonOutcome,
    "landmark": LandmarkOutcome,
    "competing_horizon": CompetingHorizonOutcome,
    "binary": BinaryOutcome,
    "threshold": ThresholdOutcome,
    "time_to_event": TimeToEventOutcome,
    "competing_risks": CompetingRisksOutcome,
    "quantity": QuantityOutcome,
    "ordinal": OrdinalOutcome,
}


def outcome_from_record(recorded: Mapping[str, Any] | None) -> Outcome:
    """Make the outcome that a model's ``about`` records.

    Parameters
    ----------
    recorded : mapping or None
        ``model.about["outcome"]``.

    Raises
    ------
    ArtifactError
        If the model does not say which outcome it was made for.
    """
    kind = _KINDS.get(str((recorded or {}).get("kind")))
    if kind is None or recorded is None:
        raise ArtifactError(
            "the model does not record which outcome it predicts",
            expected=f"an outcome of one of the kinds {', '.join(_KINDS)}",
            remedy="name the study with --study, or the outcome with --outcome-time, --outcome-event and --horizon",
        )
    known = {field.name for field in fields(kind)}
    given = {name: _frozen(value) for name, value in recorded.items()}
    made: Outcome = kind(**{name: value for name, value in given.items() if name in known})
    return made


def _frozen(value: Any) -> Any:
    """Lists as tuples, those within them too: levels that count as one."""
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def outcome_variables(outcome: Outcome) -> tuple[str, ...]:
    """Return the dictionary variables an outcome is read from."""
    return tuple(str(getattr(outcome, key)) for key in ("time", "event", "status", "variable") if hasattr(outcome, key))


def label_as_event(cohort: Cohort, outcome: Outcome) -> LabelledOutcome:
    """Read any outcome as one that patients have or do not have, to divide or describe them by.

    An event in time is read as seen during the follow-up or not, a quantity as at least its median or not,
    ordered levels at the threshold that divides the patients most evenly.

    Raises
    ------
    CohortError, ContractError
        As `spinecast.cohorts.outcomes.label_outcome`.
    """
    if isinstance(outcome, TimeToEventOutcome | CompetingRisksOutcome):
        return read_as_seen(label_outcome(cohort, outcome))
    if isinstance(outcome, QuantityOutcome):
        labelled = label_outcome(cohort, outcome)
        return read_by_threshold(labelled, float(np.median(labelled.values)))
    if isinstance(outcome, OrdinalOutcome):
        levels = label_outcome(cohort, outcome)
        return read_by_level(levels, most_even_level(levels))
    return label_outcome(cohort, outcome)


def with_censoring(outcome: Outcome, censored: str | None) -> Outcome:
    """Return the outcome with another way to meet patients whose follow-up ends early.

    Parameters
    ----------
    outcome : Outcome
    censored : {"exclude", "ipcw"}, optional
        The outcome's own when None.

    Raises
    ------
    ContractError
        If the way is unknown, or the outcome has no follow-up.
    """
    if censored is None:
        return outcome
    if censored not in get_args(Censoring):
        close = nearest(censored, get_args(Censoring))
        raise ContractError(
            f"{censored!r} is no way to meet censored patients",
            where="--censored",
            expected=f"one of {', '.join(get_args(Censoring))}",
            remedy=f"did you mean {close}?" if close else None,
        )
    if isinstance(outcome, TimeToEventOutcome | CompetingRisksOutcome):
        raise ContractError(
            "of a time, follow-up that ended without the event counts for as long as it lasted", where="--censored"
        )
    if isinstance(outcome, BinaryOutcome | ThresholdOutcome | QuantityOutcome | OrdinalOutcome):
        raise ContractError("the outcome has no follow-up that could be censored", where="--censored")
    way: Censoring = "ipcw" if censored == "ipcw" else "exclude"
    return replace(outcome, censored=way)
