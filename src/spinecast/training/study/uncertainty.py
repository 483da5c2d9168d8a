"""The block of a study file that asks for more than the interval every risk has."""

from __future__ import annotations

from pydantic import Field

from spinecast.documents import Block, Flag

__all__ = ["UncertaintySpec"]


class UncertaintySpec(Block):
    """What is said of a risk's uncertainty beside its interval."""

    venn_abers: Flag = Field(
        default=False,
        description="Whether every risk comes with its two Venn-Abers probabilities, of which one is calibrated for "
        "patients like the held-out ones whatever the model. For a study of one event that is known of everybody.",
    )
