"""Pydantic's errors in the words of a document: the dotted key, what was expected, the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from spinecast.documents.blocks import Block
from spinecast.documents.problems import KeyPath, Origin, Problem, did_you_mean, dotted
from spinecast.errors import nearest

__all__ = ["broken_rules", "shortened", "translate_validation_error"]

_MAPPING = "a mapping: keys with their values, indented or in braces"
_EXPECTED = {
    "string_pattern_mismatch": "lower-case letters, digits and underscores, a letter first",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "number": "a number",
    "tuple_type": "a list: [first, second]",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
}
_NUMERAL = re.compile(r"[-+]?[0-9.]+")


def broken_rules(title: str, problems: Iterable[Problem]) -> ValidationError:
    """Return the error by which a validator of a block refuses what contradicts itself.

    Parameters
    ----------
    title : str
        Name of the block.
    problems : iterable of Problem
        At least one; keys start from the block whose validator raises the error.
    """
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(
                type=PydanticCustomError(
                    "rule", "{what}", {"what": p.what, "expected": p.expected, "remedy": p.remedy}
                ),
                loc=p.key,
                input=None,
            )
            for p in problems
        ],
    )


def translate_validation_error(error: ValidationError, model: type[Block], origin: Origin) -> list[Problem]:
    """List pydantic's errors in the words of a document and in the order of its file.

    Parameters
    ----------
    error : pydantic.ValidationError
        Raised by ``model.model_validate``.
    model : type of Block
    origin : Origin
    """
    order = {place.where: i for i, place in reversed(list(enumerate(origin.places.values())))}
    # A list with refused entries is also reported as too short for its refused entries: said once is enough.
    kept = [
        details
        for details in error.errors(include_url=False)
        if details["type"] != "too_short" or len(details["input"]) < details["ctx"]["min_length"]
    ]
    problems = (_problem(details, model, origin) for details in kept)
    return sorted(problems, key=lambda p: order.get(origin.where(p.key), 0))


def shortened(text: str) -> str:
    """Return a text as it fits into a message."""
    return text if len(text) <= 80 else f"{text[:77]}..."


def _problem(details: ErrorDetails, model: type[Block], origin: Origin) -> Problem:
    """Put one of pydantic's errors into the words of a document."""
    kind, context = details["type"], details.get("ctx", {})
    key, block, here = _trace(details["loc"], model)
    place = dotted(key) or f"the {origin.kind.noun}"
    if kind == "rule":
        return Problem(key, context["what"], context["expected"], context["remedy"])
    if kind == "extra_forbidden" and block:
        known = tuple(block.model_fields)
        return Problem(key, f"{place}: unknown key", f"one of {', '.join(known)}", did_you_mean(str(key[-1]), known))
    if kind == "missing":
        field = block.model_fields.get(str(key[-1])) if block else None
        return Problem(key, f"{place} is missing", field.description if field else "one value more")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        kinds = [name for member in _blocks(here) for name in _kinds(member)]
        key = (*key, "kind")
        expected = f"one of {', '.join(kinds)}"
        if kind == "union_tag_not_found":
            written = nearest("kind", details["input"])
            remedy = f"did you mean kind where it says {written}?" if written else None
            return Problem(key, f"{place}.kind is missing", expected, remedy)
        tag = str(context["tag"])
        remedy = origin.kind.kinds_elsewhere.get(tag) or did_you_mean(tag, kinds)
        return Problem(key, f"{place}: unknown kind {tag!r}", expected, remedy)
    return _value_problem(key, place, details, origin)


def _value_problem(key: KeyPath, place: str, details: ErrorDetails, origin: Origin) -> Problem:
    given, expected = details["input"], _expected(details)
    written = origin.places[key].text if key in origin.places else None
    shown = f"`{shortened(repr(given) if written is None else written)}` will not do"
    if given is None:
        shown = "there is nothing after the colon" if written == "" else f"`{written}` will not do"
    remedy = None
    if details["type"] == "literal_error":
        remedy = did_you_mean(str(given), re.findall(r"'([^']*)'", expected))
    elif isinstance(given, bool) and written is not None and written.lower() not in {"true", "false"}:
        remedy = f'YAML reads {written} as {str(given).lower()}; if the word is meant, write it in quotes: "{written}"'
    elif isinstance(given, str) and expected in {"a number", "a whole number"} and _NUMERAL.fullmatch(given):
        remedy = "write it without quotes"
    return Problem(key, f"{place}: {shown}", expected, remedy)


def _expected(details: ErrorDetails) -> str:
    """Say in the words of a document what would have been right."""
    kind = details["type"]
    if kind in {"too_short", "too_long"}:
        least, most = (details["ctx"].get(bound) for bound in ("min_length", "max_length"))
        return f"at least {least} of them" if kind == "too_short" else f"at most {most} of them"
    return _EXPECTED.get(kind) or details["msg"].removeprefix("Input should be ").removeprefix("a valid ")


def _trace(steps: Iterable[int | str], model: type[Block]) -> tuple[KeyPath, type[Block] | None, Any]:
    """Follow a pydantic location through the blocks.

    Returns
    -------
    KeyPath
        The location without the kinds pydantic writes between the keys.
    type of Block, optional
        The block the last key belongs to.
    type
        What the document holds there.
    """
    key: KeyPath = ()
    here: Any = model
    block: type[Block] | None = None
    for step in steps:
        members = _blocks(here)
        chosen = [member for member in members if step in _kinds(member)]
        if len(members) > 1 and chosen:
            here = chosen[0]
        elif step != "[key]":
            key, block = (*key, step), members[0] if len(members) == 1 else None
            field = block.model_fields.get(str(step)) if block else None
            here = (field.annotation if field else None) if block else _entries(here)
    return key, block, here


def _blocks(annotation: Any) -> list[type[Block]]:
    """List the blocks a type allows, without looking inside lists and mappings."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return [annotation]
    if get_origin(annotation) is Annotated:
        return _blocks(get_args(annotation)[0])
    if get_origin(annotation) in {tuple, dict}:
        return []
    return [block for member in get_args(annotation) for block in _blocks(member)]


def _entries(annotation: Any) -> Any:
    """Return what a list or a mapping holds."""
    if get_origin(annotation) in {tuple, dict}:
        return [argument for argument in get_args(annotation) if argument is not Ellipsis][-1]
    inside = (_entries(member) for member in get_args(annotation))
    return next((found for found in inside if found is not None), None)


def _kinds(block: type[Block]) -> tuple[Any, ...]:
    """Return the values of ``kind`` that select a block in its union; none for a block that comes in one kind."""
    field = block.model_fields.get("kind")
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
