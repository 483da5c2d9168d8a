"""Every kind of outcome and of candidate a study file may name, and which candidates learn which outcome."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from spinecast.training.study.candidates import BinaryCandidate
from spinecast.training.study.ordinal import OrdinalCandidate, OrdinalOutcome
from spinecast.training.study.outcomes import BinaryOutcomeSpec
from spinecast.training.study.quantity import QuantityCandidate, QuantityOutcome
from spinecast.training.study.times import TimedCandidate, TimedOutcomeSpec

__all__ = [
    "BINARY_KINDS",
    "NOTHING_FITTED_AGAIN_UNASKED",
    "ORDINAL_KINDS",
    "QUANTITY_KINDS",
    "TIMED_KINDS",
    "Candidate",
    "OutcomeSpec",
]

OutcomeSpec = Annotated[
    BinaryOutcomeSpec | TimedOutcomeSpec | QuantityOutcome | OrdinalOutcome, Field(discriminator="kind")
]
Candidate = Annotated[
    BinaryCandidate | TimedCandidate | QuantityCandidate | OrdinalCandidate, Field(discriminator="kind")
]

NOTHING_FITTED_AGAIN_UNASKED = ("time_to_event", "competing_risks", "quantity", "ordinal")
BINARY_KINDS, TIMED_KINDS, QUANTITY_KINDS, ORDINAL_KINDS = (
    tuple(get_args(block.model_fields["kind"].annotation)[0] for block in get_args(union))
    for union in (BinaryCandidate, TimedCandidate, QuantityCandidate, OrdinalCandidate)
)
