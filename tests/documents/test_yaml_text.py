"""YAML read with its places and written back: numbers, text, keys and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spinecast.documents import DocumentKind, KeyPath, Place, read_yaml, write_yaml
from spinecast.errors import DocumentError


class MappingError(DocumentError):
    """The error of the kind of document used here."""


KIND = DocumentKind("column mapping", MappingError)


def read(text: str) -> tuple[Any, dict[KeyPath, Place]]:
    return read_yaml(text, "here.yaml", lambda line, column: f"here.yaml:{line}:{column}", KIND)


def refused(text: str) -> MappingError:
    with pytest.raises(MappingError) as caught:
        read(text)
    return caught.value


def test_every_value_has_its_place() -> None:
    content, places = read("a: 1\nb:\n  - x\n  - {c: }\n")
    assert content == {"a": 1, "b": ["x", {"c": None}]}
    assert {key: (place.where.removeprefix("here.yaml:"), place.text) for key, place in places.items()} == {
        (): ("1:1", None),
        ("a",): ("1:1", "1"),
        ("b",): ("2:1", None),
        ("b", 0): ("3:5", "x"),
        ("b", 1): ("4:5", None),
        ("b", 1, "c"): ("4:6", ""),
    }


def test_an_empty_document_is_nothing() -> None:
    assert read("# nothing\n") == (None, {})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("010", "010"),
        ("2026-11-24", "2026-11-24"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("'5'", "5"),
        ("0x1F", "0x1F"),
        ("'#5'", "#5"),
        ("1e-3", 0.001),
        ("1E-03", 0.001),
        (".001", 0.001),
        ("1.", 1.0),
        ("-7", -7),
        ("0", 0),
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_and_text_are_told_apart_as_in_yaml_1_2_and_booleans_as_in_1_1(written: str, value: object) -> None:
    content, _ = read(f"a: {written}")
    assert content["a"] == value
    assert type(content["a"]) is type(value)


def test_anchors_are_read() -> None:
    assert read("a: &p [x, y]\nb: *p\n")[0] == {"a": ["x", "y"], "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("key", "read_as"),
    [("on", "a true-or-false value"), ("No", "a true-or-false value"), ("1", "a number"), ("~", "an empty value")],
)
def test_keys_that_yaml_does_not_read_as_text_are_explained(key: str, read_as: str) -> None:
    error = refused(f"a:\n  {key}: x\n")
    assert error.what == f"a: YAML reads the key {key} as {read_as}"
    assert (error.where, error.remedy) == ("here.yaml:2:3", f'write it in quotes: "{key}"')
    assert refused(f"{key}: x").what == f"the column mapping: YAML reads the key {key} as {read_as}"


def test_repeated_keys_are_refused_with_both_lines() -> None:
    error = refused("a: 1\nb: 2\na: 3\n")
    assert (error.where, error.what) == ("here.yaml:3:1", "a: the key stands twice, first at here.yaml:1:1")


def test_all_refusals_of_one_document_are_listed() -> None:
    message = str(refused("<<: {a: 1}\n? [a, b]\n: 1\nc: !!binary aGk=\n"))
    assert message.startswith("here.yaml has 3 problems\n")
    assert "here.yaml:1:1: merge keys (<<) are not read" in message
    assert "here.yaml:2:3: a key is a list or a mapping" in message
    assert "here.yaml:4:4: c: a column mapping file cannot hold tag:yaml.org,2002:binary" in message


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("a: b: c\n", "mapping values are not allowed here", "1:5"),
        ("a:\n\tb: 1\n", "cannot start any token", "2:1"),
        ("a: [b\n", "is not YAML", "2:1"),
        ("a: *b\n", "undefined alias", "1:4"),
        ("a: &a [*a]\n", "an alias repeats too much", "1:4"),
        ("a: !!python/object/apply:os.getcwd []\n", "cannot hold", "1:4"),
        ("a: !!float .inf\n", "cannot hold", "1:4"),
        ('a: "\\ud800"\n', "half a character", "1:4"),
        ("a: b\x00\n", "a character that text files do not have", "1:5"),
    ],
)
def test_what_is_not_read_is_refused_at_its_place(text: str, what: str, place: str) -> None:
    error = refused(text)
    assert what in error.what
    assert error.where == f"here.yaml:{place}"


def test_a_second_document_is_refused_by_the_noun() -> None:
    remedy = refused("a: 1\n---\nb: 1\n").remedy
    assert remedy == "keep one column mapping in one file: a line of `---` starts another document"


def test_deep_and_multiplying_documents_are_refused() -> None:
    deep = refused("[" * 3000)
    assert "nested too deeply" in deep.what
    assert deep.expected == "the few levels of a column mapping file"
    rounds = zip("abcdefg", "bcdefgh", strict=True)
    bomb = "a: &a [x]\n" + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in rounds)
    assert "repeats too much" in refused(bomb).what


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["yes", "No", "on", "1e-3", "1.", "010", "1:30", "2026-11-24", "~", "null", " x ", "- a", "#", "<<"]
    ),
)
keys = st.one_of(st.text(max_size=8), st.sampled_from(["yes", "1", "null", "<<", "="]))
contents = st.recursive(
    plain, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)), max_leaves=12
)


@given(content=st.dictionaries(keys, contents, min_size=1, max_size=4))
@example(content={"next\x85line": "line\u2028 or paragraph\u2029 separator"})
@example(content={"a": 1e16, "b": 1e-05, "c": 5e-324})
@settings(max_examples=200, deadline=None)
def test_what_is_written_reads_back_the_same(content: dict[str, Any]) -> None:
    again, _ = read(write_yaml(content))
    assert again == content
    assert repr(again) == repr(content)  # 1, 1.0 and True are equal, and written differently
