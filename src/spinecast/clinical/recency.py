"""How long a recorded value speaks for a patient: what a record system holds from before that is not known today.

The limits are choices of ours (docs/decisions/0043): no publication gives them. They stand here alone; what is asked of
a record system and what is accepted from it both read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spinecast.clinical.variable import Domain, Variable

__all__ = ["REFUTED", "Recency", "recency"]


@dataclass(frozen=True)
class Recency:
    """How old a value may be.

    Parameters
    ----------
    days : int or None
        An older value counts as missing; None where age takes nothing from it.
    reason : str
        One sentence.
    """

    days: int | None
    reason: str


REFUTED = 365
"""Days for which an illness that was looked for and refuted counts as absent; before that nobody knows. Ours, too."""

_FOR_GOOD = Recency(None, "What was once found stays true until the record takes it back.")
_STATE = Recency(2, "It describes the state of the day, and changes within hours.")
_BODY = Recency(90, "It is lost or gained within months of illness.")

_BY_DOMAIN: Mapping[Domain, Recency] = MappingProxyType(
    {
        "laboratory": Recency(30, "Blood changes within weeks under a tumour and its treatment."),
        "vital_sign": _STATE,
        "function": Recency(30, "What a patient can do may be lost within weeks."),
        "nutrition": _BODY,
        "treatment": Recency(180, "An order that nobody has renewed for half a year was perhaps never closed."),
        "surgery": Recency(90, "It is judged before an operation, and anew before the next."),
        "course": _STATE,
    }
)
"""Where nothing is said, age takes nothing from a value: diagnoses, spread, what is known of a tumour."""

_BY_NAME: Mapping[str, Recency] = MappingProxyType(
    {
        "arterial_ph": _STATE,
        "urine_output": _STATE,
        "body_weight": _BODY,
        "body_height": Recency(None, "An adult's height stays."),
        "ideal_body_weight": Recency(None, "It follows from height and sex, which stay."),
        "smoking_status": Recency(365, "People stop and begin; a year is what most records renew it in."),
    }
)


def recency(entry: Variable) -> Recency:
    """Return how old a recorded value of a variable may be."""
    return _BY_NAME.get(entry.name) or _BY_DOMAIN.get(entry.domain, _FOR_GOOD)
