"""What documents are made of: the frozen block and the strict scalars.

A block that comes in several kinds is a union told apart by the key ``kind``; messages rely on that name. Lists are
tuples, so that a document never changes after reading; mappings are dictionaries.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, StringConstraints
from pydantic_core import PydanticCustomError

__all__ = [
    "Block",
    "Cell",
    "Flag",
    "Identifier",
    "Names",
    "Number",
    "Probability",
    "Real",
    "Seed",
    "Text",
    "Whole",
    "named_kind",
]


class Block(BaseModel):
    """A mapping of a document: unknown keys are refused and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def named_kind(value: object) -> object:
    """Read a bare word as the block of that kind: ``imputation: forest`` for ``imputation: {kind: forest}``.

    For a ``BeforeValidator`` around a union told apart by ``kind``.
    """
    return {"kind": value} if isinstance(value, str) else value


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PydanticCustomError("number", "Input should be a finite number")
    return value


def _cell(value: object) -> str | int | float:
    if isinstance(value, str):
        return value
    try:
        return _number(value)
    except PydanticCustomError:
        raise PydanticCustomError("cell", "Input should be text or a finite number") from None


# Strict scalars: a document that says "5" or yes where a number belongs is refused, not guessed at.
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Text = Annotated[str, StringConstraints(min_length=1)]
Seed = Annotated[int, Strict(), Field(ge=0, lt=2**32)]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Probability = Annotated[Real, Field(gt=0, lt=1)]
Number = Annotated[int | float, PlainValidator(_number, json_schema_input_type=float)]
Cell = Annotated[str | int | float, PlainValidator(_cell, json_schema_input_type=str | float)]
Names = tuple[Identifier, ...]
