"""Reading study files: every mistake is named with its line, what was expected and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spinecast.errors import StudyError, nearest
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.training.study import Study, resolved_yaml, study_hash
from spinecast.training.study_blocks import Block, TableSource
from spinecast.training.study_problems import (
    KeyPath,
    Place,
    Problem,
    StudyOrigin,
    did_you_mean,
    dotted,
    study_error,
)
from spinecast.training.study_rules import catalogue_problems, dictionary_problems
from spinecast.training.study_yaml import read_yaml

__all__ = ["load_study", "resolved_yaml", "study_schema", "summary"]

# A study is a few kilobytes; a table given by mistake is refused before it is parsed.
LARGEST_FILE_BYTES = 1_000_000

_ONLY_XGBOOST = "only xgboost takes missing values as they are; leave imputation out or name another"
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


def load_study(path: Path | str, overrides: Sequence[str] = ()) -> Study:
    """Read a study file, apply overrides, and check it against the dictionary and the catalogue of algorithms.

    Parameters
    ----------
    path : pathlib.Path or str
        The YAML file. Paths to tables inside it are relative to its folder.
    overrides : sequence of str
        Changes as ``--set`` takes them: ``tuning.trials=3``, ``candidates.0.name=first``; values are YAML.

    Raises
    ------
    StudyError
        If the file cannot be read or is not YAML, or the study is wrong: one error that lists every problem with its
        file and line (or its ``--set``), the dotted key, what was expected and the nearest right word.
    """
    path = Path(path)
    content, places = _read(path)
    for assignment in overrides:
        _override(content, places, assignment)
    origin = StudyOrigin(file=str(path), folder=path.parent, places=places)
    try:
        study = Study.model_validate(content).with_origin(origin)
    except ValidationError as error:
        raise study_error(_problems(error, origin), origin) from None
    if problems := [*dictionary_problems(study), *catalogue_problems(study)]:
        raise study_error(problems, origin)
    return study


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of study files, with a description of every key."""
    schema = Study.model_json_schema()
    for block in schema["$defs"].values():
        if kind := block.get("properties", {}).get("kind"):
            kind["description"] = block["description"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:spinecast:study",
        **schema,
        "title": "spinecast study",
    }


def summary(study: Study) -> str:
    """Describe a study in a few lines for a person who checks it."""
    trials = [candidate.trials or study.tuning.trials for candidate in study.candidates]
    folds = study.resampling
    candidates = [
        f"{candidate.name} ({count} trials, missing values: {candidate.imputation.kind})"
        for candidate, count in zip(study.candidates, trials, strict=True)
    ]
    final = "the winner" if study.final.kind == "winner" else f"mean log-odds of {', '.join(study.final.of)}"
    lines = [
        ("study", f"{study.study}: {study.title}"),
        ("patients", _patients(study)),
        ("outcome", _outcome(study)),
        ("predictors", f"{len(study.predictors)}: {', '.join(study.predictors)}"),
        ("candidates", "\n".join(candidates)),
        ("final", final),
        ("comparators", ", ".join(entry.name for entry in study.comparators) or "none"),
        (
            "resampling",
            f"{folds.outer_folds} outer x {folds.inner_folds} inner folds"
            f"{f', {folds.group} kept together' if folds.group else ''}; seed {study.seed}",
        ),
        ("work", f"{(folds.outer_folds + 1) * folds.inner_folds * sum(trials):,} fits"),
        ("hash", study_hash(study)),
    ]
    text = "\n".join(f"{name + ':':<13}{value.replace(chr(10), chr(10) + ' ' * 13)}" for name, value in lines)
    return f"{text}\n{RESEARCH_USE}"


def _patients(study: Study) -> str:
    source = study.cohort.source
    values = f"; impossible values: {study.cohort.impossible_values.replace('_', ' ')}"
    if isinstance(source, TableSource):
        return f"{study.resolve_path(source.path)} ({source.kind}){values}" + (
            f"\n{SYNTHETIC}" if source.synthetic else ""
        )
    return f"SUPPORT, {source.subset}{values}"


def _outcome(study: Study) -> str:
    outcome = study.outcome
    label = f"{outcome.label}: " if outcome.label else ""
    if outcome.kind == "horizon":
        return f"{label}{outcome.event} by day {outcome.horizon_days} of {outcome.time}; censored: {outcome.censored}"
    excluded = f"; left out: {', '.join(outcome.excluded_levels)}" if outcome.excluded_levels else ""
    return f"{label}{outcome.variable} is {' or '.join(outcome.event_levels)}{excluded}"


def _read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    try:
        with path.open("rb") as handle:
            raw = handle.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        beside = path.parent.glob("*.y*ml") if path.parent.is_dir() else ()
        close = nearest(path.name, (other.name for other in beside))
        remedy = f"did you mean {path.parent / close}?" if close else None
        raise StudyError(f"there is no study file {path}", where=str(path), remedy=remedy) from None
    except IsADirectoryError:
        raise StudyError(f"{path} is a folder", where=str(path), expected="one YAML file") from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}", where=str(path)) from None
    if len(raw) > LARGEST_FILE_BYTES:
        raise StudyError(f"{path} is too large for a study file", where=str(path), expected="a YAML file of kilobytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise StudyError(f"{path} is not UTF-8 text", where=f"{path}:{line}", remedy="save it as UTF-8") from None
    content, places = read_yaml(text, str(path), lambda line, column: f"{path}:{line}:{column}")
    if content is None:
        raise StudyError(f"{path} is empty", where=f"{path}:1", expected="a study: `study: name` and its other keys")
    if not isinstance(content, dict):
        raise StudyError(
            f"{path} is not a study", where=places[()].where, expected="a mapping that begins with `study: name`"
        )
    return content, places


def _override(content: dict[str, Any], places: dict[KeyPath, Place], assignment: str) -> None:
    """Write one ``--set`` into the content and remember that it came from there."""
    name = _short(f"--set {assignment}")
    dotted_key, equals, text = assignment.partition("=")
    steps = dotted_key.strip().split(".")
    if not equals or not all(steps):
        raise StudyError(f"{name} changes nothing", where=name, expected="a key and a value: --set tuning.trials=10")
    value, new_places = read_yaml(text, name, lambda _line, _column: name)
    holder: Any = content
    key: KeyPath = ()
    for i, step in enumerate(steps):
        own = _position(holder, step, key, name)
        key = (*key, own)
        if i == len(steps) - 1:
            holder[own] = value
        else:
            if isinstance(holder, dict) and holder.get(own) is None:
                holder[own] = {}
                places[key] = Place(name)
            holder = holder[own]
    for stale in [known for known in places if known[: len(key)] == key]:
        del places[stale]
    places[key] = Place(name, text)
    places.update({(*key, *inner): place for inner, place in new_places.items()})


def _position(holder: Any, step: str, key: KeyPath, name: str) -> str | int:
    """Return a step of an override as the key or the index it means."""
    if isinstance(holder, dict):
        return step
    if not isinstance(holder, list):
        raise StudyError(f"{dotted(key)} is the value {holder!r} and has no key {step!r} to set", where=name)
    if re.fullmatch(r"[0-9]{1,6}", step) and int(step) < len(holder):
        return int(step)
    raise StudyError(
        f"{dotted(key)} is a list without an entry {step!r}",
        where=name,
        expected=f"a number from 0 to {len(holder) - 1}",
    )


def _problems(error: ValidationError, origin: StudyOrigin) -> list[Problem]:
    """List pydantic's errors in the words of a study file and in the order of the file."""
    order = {place.where: i for i, place in reversed(list(enumerate(origin.places.values())))}
    # A list with refused entries is also reported as too short for its refused entries: said once is enough.
    kept = [
        details
        for details in error.errors(include_url=False)
        if details["type"] != "too_short" or len(details["input"]) < details["ctx"]["min_length"]
    ]
    return sorted((_problem(details, origin) for details in kept), key=lambda p: order.get(origin.where(p.key), 0))


def _problem(details: ErrorDetails, origin: StudyOrigin) -> Problem:
    """Put one of pydantic's errors into the words of a study file."""
    kind, context = details["type"], details.get("ctx", {})
    key, block, here = _trace(details["loc"])
    place = dotted(key) or "the study"
    if kind == "rule":
        return Problem(key, context["what"], context["expected"], context["remedy"])
    if kind == "extra_forbidden" and block:
        known = tuple(block.model_fields)
        return Problem(key, f"{place}: unknown key", f"one of {', '.join(known)}", did_you_mean(str(key[-1]), known))
    if kind == "missing":
        field = block.model_fields.get(str(key[-1])) if block else None
        return Problem(key, f"{place} is missing", field.description if field else "one value more")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        kinds = [_kind(member) for member in _blocks(here)]
        key = (*key, "kind")
        expected = f"one of {', '.join(kinds)}"
        if kind == "union_tag_not_found":
            written = nearest("kind", details["input"])
            remedy = f"did you mean kind where it says {written}?" if written else None
            return Problem(key, f"{place}.kind is missing", expected, remedy)
        tag = str(context["tag"])
        remedy = _ONLY_XGBOOST if tag == "native" else did_you_mean(tag, kinds)
        return Problem(key, f"{place}: unknown kind {tag!r}", expected, remedy)
    return _value_problem(key, place, details, origin)


def _value_problem(key: KeyPath, place: str, details: ErrorDetails, origin: StudyOrigin) -> Problem:
    given, expected = details["input"], _expected(details)
    written = origin.places[key].text if key in origin.places else None
    shown = f"`{_short(repr(given) if written is None else written)}` will not do"
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
    """Say in the words of a study file what would have been right."""
    kind = details["type"]
    if kind in {"too_short", "too_long"}:
        least, most = (details["ctx"].get(bound) for bound in ("min_length", "max_length"))
        return f"at least {least} of them" if kind == "too_short" else f"at most {most} of them"
    return _EXPECTED.get(kind) or details["msg"].removeprefix("Input should be ").removeprefix("a valid ")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _trace(steps: Iterable[int | str]) -> tuple[KeyPath, type[Block] | None, Any]:
    """Follow a pydantic location through the blocks.

    Returns
    -------
    KeyPath
        The location without the kinds pydantic writes between the keys.
    type of Block, optional
        The block the last key belongs to.
    type
        What the study file holds there.
    """
    key: KeyPath = ()
    here: Any = Study
    block: type[Block] | None = None
    for step in steps:
        members = _blocks(here)
        chosen = [member for member in members if _kind(member) == step]
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


def _kind(block: type[Block]) -> str:
    """Return the ``kind`` that selects a block in its union; empty for a block that comes in one kind."""
    field = block.model_fields.get("kind")
    return str(get_args(field.annotation)[0]) if field else ""
