"""The outcome a model was made for, read back from what the model says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, get_args

from spinecast.cohorts.outcomes import (
    BinaryOutcome,
    BinaryRisk,
    CompetingHorizonOutcome,
    HorizonOutcome,
    LandmarkOutcome,
    ThresholdOutcome,
)
from spinecast.cohorts.outcomes.by_horizon import Censoring
from spinecast.errors import ArtifactError, ContractError, nearest

__all__ = ["outcome_from_record", "outcome_variables", "with_censoring"]

_KINDS: Mapping[str, Any] = {
    "horizon": HorizonOutcome,
    "landmark": LandmarkOutcome,
    "competing_horizon": CompetingHorizonOutcome,
    "binary": BinaryOutcome,
    "threshold": ThresholdOutcome,
}


def outcome_from_record(recorded: Mapping[str, Any] | None) -> BinaryRisk:
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
            expected=f"an outcome of a kind that is a risk: {', '.join(_KINDS)}",
            remedy="name the study with --study, or the outcome with --outcome-time, --outcome-event and --horizon",
        )
    known = {field.name for field in fields(kind)}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in recorded.items()}
    made: BinaryRisk = kind(**{name: value for name, value in given.items() if name in known})
    return made


def outcome_variables(outcome: BinaryRisk) -> tuple[str, ...]:
    """Return the dictionary variables an outcome is read from."""
    return tuple(str(getattr(outcome, key)) for key in ("time", "event", "status", "variable") if hasattr(outcome, key))


def with_censoring(outcome: BinaryRisk, censored: str | None) -> BinaryRisk:
    """Return the outcome with another way to meet patients whose follow-up ends early.

    Parameters
    ----------
    outcome : BinaryRisk
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
    if isinstance(outcome, BinaryOutcome | ThresholdOutcome):
        raise ContractError("the outcome has no follow-up that could be censored", where="--censored")
    way: Censoring = "ipcw" if censored == "ipcw" else "exclude"
    return replace(outcome, censored=way)
