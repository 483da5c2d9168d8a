"""The frozen block and the scalars that guess nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import pytest
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from spinecast.documents import (
    Block,
    Cell,
    Flag,
    Identifier,
    Names,
    Number,
    Probability,
    Real,
    Seed,
    Text,
    Whole,
    named_kind,
)


class Round(Block):
    kind: Literal["round"]
    radius: Real = 1.0


class Square(Block):
    kind: Literal["square"]


Shape = Annotated[Annotated[Round | Square, Field(discriminator="kind")], BeforeValidator(named_kind)]
NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("scalar", "good", "bad"),
    [
        (Identifier, ["a", "age_2", "a" * 80], ["", "Age", "2a", "a b", "_a", "a\n", "a" * 81, 1, True, None]),
        (Text, ["x", " "], ["", 1, True, None]),
        (Seed, [0, 2**32 - 1], [-1, 2**32, 1.0, "1", True]),
        (Flag, [True, False], [0, 1, "yes", None]),
        (Whole, [-1, 0, 10**30], [1.0, "1", True, None]),
        (Real, [1, -0.5], ["1", True, NAN, INFINITE, None]),
        (Probability, [0.001, 0.999], [0, 1, 0.0, 1.0, -1, "0.5", NAN]),
        (Number, [1, 0.5], ["1", True, NAN, -INFINITE, None]),
        (Cell, ["", "NK", -9, 0.5], [True, NAN, None, []]),
        (Names, [["a", "b"], []], ["a", ["A"], [1], {"a": 1}]),
    ],
    ids=["Identifier", "Text", "Seed", "Flag", "Whole", "Real", "Probability", "Number", "Cell", "Names"],
)
def test_scalars_take_what_they_say_and_nothing_like_it(scalar: Any, good: list[Any], bad: list[Any]) -> None:
    adapter = TypeAdapter(scalar)
    for value in good:
        read = adapter.validate_python(value)
        assert read == (tuple(value) if isinstance(value, list) else value)
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_a_number_stays_whole_or_not() -> None:
    assert [type(TypeAdapter(Number).validate_python(value)) for value in (2, 2.0)] == [int, float]


def test_a_block_refuses_unknown_keys_and_never_changes() -> None:
    with pytest.raises(ValidationError, match="radios"):
        Round.model_validate({"kind": "round", "radios": 1.0})
    with pytest.raises(ValidationError, match="frozen"):
        Round(kind="round").radius = 2.0  # type: ignore[misc]


def test_a_bare_word_is_the_block_of_that_kind() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Shape)
    assert adapter.validate_python("round") == adapter.validate_python({"kind": "round"}) == Round(kind="round")


def test_the_room_imports_no_library_of_numbers_or_models() -> None:
    heavy = ("numpy", "scipy", "pandas", "sklearn", "xgboost", "numba", "mlflow", "optuna", "matplotlib")
    code = f"import sys, spinecast.documents; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
