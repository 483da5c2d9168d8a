"""YAML for documents: read with the place of every value, written so that it reads back the same.

Numbers and text are told apart as in YAML 1.2 (``010`` and ``2026-11-24`` are text, ``1e-3`` is a number). ``yes``,
``no``, ``on`` and ``off`` stay the booleans of YAML 1.1 and are refused with an explanation where text is meant, so
that nobody's meaning is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from spinecast.documents.problems import DocumentKind, KeyPath, Origin, Place, Problem, dotted, problems_error

__all__ = ["read_yaml", "write_yaml"]

# Aliases can multiply a small text into a huge one; no document comes near this.
MOST_VALUES = 50_000

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$")
_BOOLEAN = re.compile(r"(?:yes|no|on|off|true|false)$", re.IGNORECASE)
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")
_RARE_LINE_END = re.compile("[\x85\u2028\u2029]")
_TRUE = frozenset({"yes", "on", "true"})
_READ_AS = {"bool": "a true-or-false value", "int": "a number", "float": "a number", "null": "an empty value"}


class _Loader(yaml.SafeLoader):
    """PyYAML's safe parser with the kinds of value above."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(_TAG + "bool", _BOOLEAN, list("yYnNoOtTfF"))
_Loader.add_implicit_resolver(_TAG + "int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+.0123456789"))
_Loader.add_implicit_resolver(_TAG + "null", _NULL, ["~", "n", "N", ""])
_Loader.add_implicit_resolver(_TAG + "merge", re.compile("<<$"), ["<"])


class _Dumper(yaml.SafeDumper):
    """Writes every value out in full and puts quotes around text that any YAML reader could take for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _written_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Escape the rarer line ends, which PyYAML writes as they are and reads back as spaces or other line ends."""
    return dumper.represent_scalar(_TAG + "str", text, style='"' if _RARE_LINE_END.search(text) else None)


_Dumper.add_representer(str, _written_text)
_Dumper.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+.0123456789"))
_Dumper.add_implicit_resolver(_TAG + "bool", _BOOLEAN, list("yYnNoOtTfF"))


def write_yaml(content: Any) -> str:
    """Return plain data (mappings, lists, text, numbers, booleans, None) as YAML, in the order it has."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def read_yaml(
    text: str, name: str, where: Callable[[int, int], str], kind: DocumentKind
) -> tuple[Any, dict[KeyPath, Place]]:
    """Read one YAML document and remember where each value stands.

    Parameters
    ----------
    text : str
    name : str
        What the text is called when it is wrong as a whole.
    where : callable
        Turns a line and a column, both from 1, into the place shown to the user.
    kind : DocumentKind

    Returns
    -------
    object
        Dictionaries with text keys, lists and plain values; None for an empty document.
    dict of KeyPath to Place
        The place of each key and list entry.

    Raises
    ------
    DocumentError
        The kind's own error, for a syntax error, a repeated key, a key that is not text, a tag or a merge
        key; lists all of the last four.
    """
    try:
        node = _compose(text)
        if node is None:
            return None, {}
        builder = _Builder(where, kind.noun)
        content = builder.value(node, ())
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = where(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise kind.error(f"{name} holds a character that text files do not have", where=place) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = where(mark.line + 1, mark.column + 1) if mark else name
        what = f"{name} is not YAML: {error.problem or error.context}"
        raise kind.error(what, where=place, remedy=_hint(error, kind.noun)) from None
    except RecursionError:
        expected = f"the few levels of a {kind.noun} file"
        raise kind.error(f"{name} is nested too deeply", expected=expected) from None
    if builder.problems:
        raise problems_error(builder.problems, Origin(kind, file=name, places=builder.places))
    return content, builder.places


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _hint(error: yaml.MarkedYAMLError, noun: str) -> str | None:
    problem = error.problem or ""
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "put quotes around text that holds a colon, and line up the keys of one block"
    if "but found another document" in problem:
        return f"keep one {noun} in one file: a line of `---` starts another document"
    return None


def _broken(text: str) -> bool:
    """Say whether a text holds a lone surrogate, which no file can be written with."""
    return any("\ud800" <= character <= "\udfff" for character in text)


class _Builder:
    """Turns nodes into plain data; keeps places and everything it had to refuse."""

    def __init__(self, where: Callable[[int, int], str], noun: str) -> None:
        self.where = where
        self.noun = noun
        self.places: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self.count = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, key: KeyPath) -> Any:
        """Build the value of a node and note its place unless its key has noted one."""
        self.count += 1
        text = node.value if isinstance(node, yaml.ScalarNode) else None
        noted = self.places.get(key)
        self.places[key] = Place(noted.where if noted else self.mark(node), text)
        if id(node) in self.open or self.count > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem="an alias repeats too much", problem_mark=node.start_mark)
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
                return self.mapping(node, key)
            if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
                return [self.value(item, (*key, i)) for i, item in enumerate(node.value)]
            return self.scalar(node, key)
        finally:
            self.open.discard(id(node))

    def mapping(self, node: yaml.MappingNode, key: KeyPath) -> dict[str, Any]:
        """Build a mapping whose keys are text, each once."""
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse((*key, "?"), key_node, "a key is a list or a mapping", "text as a key")
                continue
            if _broken(key_node.value):
                self.refuse((*key, "?"), key_node, "a key holds half a character", remedy="write the character itself")
                continue
            own: KeyPath = (*key, key_node.value)
            kind = key_node.tag.removeprefix(_TAG)
            if kind == "merge":
                self.refuse(own, key_node, "merge keys (<<) are not read", remedy="write the keys out")
            elif kind != "str":
                place = dotted(key) or f"the {self.noun}"
                self.refuse(
                    own,
                    key_node,
                    f"{place}: YAML reads the key {key_node.value} as {_READ_AS.get(kind, kind)}",
                    "text as a key",
                    f'write it in quotes: "{key_node.value}"',
                )
            elif key_node.value in built:
                first = self.places[own].where
                self.refuse(own, key_node, f"{dotted(own)}: the key stands twice, first at {first}", remedy="keep one")
            else:
                self.places[own] = Place(self.mark(key_node))
                built[key_node.value] = self.value(value_node, own)
        return built

    def scalar(self, node: yaml.Node, key: KeyPath) -> Any:
        """Build a plain value."""
        kind, text = node.tag.removeprefix(_TAG), node.value
        if isinstance(node, yaml.ScalarNode):
            if kind == "str" and not _broken(text):
                return text
            if kind == "null":
                return None
            if kind == "bool" and _BOOLEAN.match(text):
                return text.lower() in _TRUE
            if kind == "int" and _INTEGER.match(text) and len(text) < 100:
                return int(text)
            if kind in {"int", "float"} and (_FLOAT.match(text) or _INTEGER.match(text)):
                return float(text)
        what = "half a character (an escape \\ud800 to \\udfff)" if kind == "str" else node.tag
        refused = f"{dotted(key)}: a {self.noun} file cannot hold {what}"
        self.refuse(key, node, refused, "text, a number, a list or a mapping")
        return None

    def mark(self, node: yaml.Node) -> str:
        """Say where a node begins."""
        return self.where(node.start_mark.line + 1, node.start_mark.column + 1)

    def refuse(
        self, key: KeyPath, node: yaml.Node, what: str, expected: str | None = None, remedy: str | None = None
    ) -> None:
        """Note a problem at a node."""
        noted = (*key, f"#{len(self.problems)}")  # a place of its own: the key may stand elsewhere too
        self.places[noted] = Place(self.mark(node))
        self.problems.append(Problem(noted, what, expected, remedy))
