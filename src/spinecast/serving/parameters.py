"""What is wrong with a parameter of an address, in words of ours: which one, what is expected, and never its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

from spinecast.serving.problems import Problem

__all__ = ["problem_of_parameters"]

_WORDS = {
    "missing": ("is not given", "a value"),
    "int_parsing": ("is no whole number", "a whole number"),
    "greater_than_equal": ("is too small", "a whole number, {ge} or more"),
    "less_than_equal": ("is too large", "a whole number, {le} or less"),
    "literal_error": ("is none of those there are", "{expected}"),
    "string_pattern_mismatch": ("is not of the form that is expected", "{pattern}"),
    "string_too_long": ("is too long", "{max_length} characters at most"),
}


def problem_of_parameters(error: RequestValidationError) -> Problem:
    """Say of each parameter that cannot be what is wrong with it.

    Parameters
    ----------
    error : RequestValidationError
        As FastAPI found them, before the route was called.
    """
    found = [_said(one) for one in error.errors()]
    return Problem(422, "parameters", "the address asks for something that cannot be", found)


def _said(one: Mapping[str, Any]) -> dict[str, Any]:
    name = str(one["loc"][-1])
    # What the framework finds and is not worded here is said in its own words.
    what, expected = _WORDS.get(str(one["type"]), (str(one["msg"]), ""))
    said = {"parameter": ".".join(map(str, one["loc"])), "detail": f"{name} {what}"}
    return said | ({"expected": expected.format_map(one.get("ctx") or {})} if expected else {})
