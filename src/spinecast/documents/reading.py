"""Reading documents: every mistake is named with its line, what was expected and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from spinecast.documents.blocks import Block
from spinecast.documents.problems import DocumentKind, KeyPath, Origin, Place, dotted, problems_error
from spinecast.documents.translation import shortened, translate_validation_error
from spinecast.documents.yaml_text import read_yaml
from spinecast.errors import nearest

__all__ = ["read_document"]

Document = TypeVar("Document", bound=Block)


def read_document(
    path: Path | str, model: type[Document], kind: DocumentKind, overrides: Sequence[str] = ()
) -> tuple[Document, Origin]:
    """Read a document from a file, apply overrides and check it against its model.

    Parameters
    ----------
    path : pathlib.Path or str
        The YAML file.
    model : type of Block
        What the whole document is.
    kind : DocumentKind
    overrides : sequence of str
        Changes as ``--set`` takes them: ``tuning.trials=3``, ``candidates.0.name=first``; values are YAML.

    Returns
    -------
    Block
        The document, an instance of `model`.
    Origin
        Where it was read, for errors that are found later.

    Raises
    ------
    DocumentError
        The kind's own error, if the file cannot be read or is not YAML, or the document is wrong: one error that
        lists every problem with its file and line (or its ``--set``), the dotted key, what was expected and the
        nearest right word.
    """
    path = Path(path)
    content, places = _content(path, model, kind)
    for assignment in overrides:
        _override(content, places, assignment, kind)
    origin = Origin(kind, file=str(path), folder=path.parent, places=places)
    try:
        return model.model_validate(content), origin
    except ValidationError as error:
        raise problems_error(translate_validation_error(error, model, origin), origin) from None


def _content(path: Path, model: type[Block], kind: DocumentKind) -> tuple[dict[str, Any], dict[KeyPath, Place]]:
    """Return the mapping a file holds and where each of its keys stands."""
    text = _text(path, kind)
    content, places = read_yaml(text, str(path), lambda line, column: f"{path}:{line}:{column}", kind)
    if content is None:
        expected = f"a {kind.noun}: {_opening(model)} and its other keys"
        raise kind.error(f"{path} is empty", where=f"{path}:1", expected=expected)
    if not isinstance(content, dict):
        expected = f"a mapping that begins with {_opening(model)}"
        raise kind.error(f"{path} is not a {kind.noun}", where=places[()].where, expected=expected)
    return content, places


def _text(path: Path, kind: DocumentKind) -> str:
    """Return the text of a file."""
    try:
        with path.open("rb") as handle:
            raw = handle.read(kind.largest_bytes + 1)
    except FileNotFoundError:
        beside = path.parent.glob("*.y*ml") if path.parent.is_dir() else ()
        close = nearest(path.name, (other.name for other in beside))
        remedy = f"did you mean {path.parent / close}?" if close else None
        raise kind.error(f"there is no {kind.noun} file {path}", where=str(path), remedy=remedy) from None
    except IsADirectoryError:
        raise kind.error(f"{path} is a folder", where=str(path), expected="one YAML file") from None
    except OSError as error:
        raise kind.error(f"{path} cannot be read: {error.strerror}", where=str(path)) from None
    if len(raw) > kind.largest_bytes:
        what = f"{path} is too large for a {kind.noun} file"
        raise kind.error(what, where=str(path), expected="a YAML file of kilobytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise kind.error(f"{path} is not UTF-8 text", where=f"{path}:{line}", remedy="save it as UTF-8") from None


def _opening(model: type[Block]) -> str:
    """Say how a document begins: with the first key of its model."""
    name, field = next(iter(model.model_fields.items()))
    return f"`{name}: name`" if field.annotation is str else f"`{name}:`"


def _override(content: dict[str, Any], places: dict[KeyPath, Place], assignment: str, kind: DocumentKind) -> None:
    """Write one ``--set`` into the content and remember that it came from there."""
    name = shortened(f"--set {assignment}")
    dotted_key, equals, text = assignment.partition("=")
    steps = dotted_key.strip().split(".")
    if not equals or not all(steps):
        expected = f"a key and a value: --set {kind.override_example}"
        raise kind.error(f"{name} changes nothing", where=name, expected=expected)
    value, new_places = read_yaml(text, name, lambda _line, _column: name, kind)
    holder: Any = content
    key: KeyPath = ()
    for i, step in enumerate(steps):
        own = _position(holder, step, key, name, kind)
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


def _position(holder: Any, step: str, key: KeyPath, name: str, kind: DocumentKind) -> str | int:
    """Return a step of an override as the key or the index it means."""
    if isinstance(holder, dict):
        return step
    if not isinstance(holder, list):
        raise kind.error(f"{dotted(key)} is the value {holder!r} and has no key {step!r} to set", where=name)
    if re.fullmatch(r"[0-9]{1,6}", step) and int(step) < len(holder):
        return int(step)
    expected = f"a number from 0 to {len(holder) - 1}"
    raise kind.error(f"{dotted(key)} is a list without an entry {step!r}", where=name, expected=expected)
