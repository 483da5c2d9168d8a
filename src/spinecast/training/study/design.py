"""Blocks of a study that state its design before it is run."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from spinecast.documents import Block, Probability, Problem, broken_rules

__all__ = ["SampleSizeSpec"]


class SampleSizeSpec(Block):
    """What is anticipated of the model, by which the record says whether the patients suffice; one of them, or none."""

    c_statistic: Probability | None = Field(
        default=None,
        gt=0.5,
        description="C statistic (AUC) anticipated in new patients, such as that of a published model. Stated before "
        "the study is run: taken from its result it would be circular.",
    )
    r2_nagelkerke: Probability | None = Field(
        default=None, description="Anticipated Nagelkerke R2 instead; 0.15 by custom when neither is given."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.c_statistic is not None and self.r2_nagelkerke is not None:
            what = "sample_size: the anticipated performance is given twice"
            raise broken_rules("SampleSizeSpec", [Problem(("sample_size",), what, "c_statistic or r2_nagelkerke")])
        return self
