"""JSON read strictly: what is written comes back, and what would be lost or has no end is refused where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinecast.documents.json_text import MalformedError, escaped, read_json

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    LEAVES | WORDS, lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3), max_leaves=6
)


def depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, below), default=0)


@given(VALUES)
@settings(deadline=None, max_examples=60)
def test_what_json_writes_is_read_again(value: Any) -> None:
    content = json.dumps(value).encode()
    if depth(value) > 8:
        with pytest.raises(MalformedError, match="deeply"):
            read_json(content)
    else:
        assert read_json(content) == value


@pytest.mark.parametrize(
    ("content", "pointer", "words"),
    [
        (b'{"a": 1, "a": 1}', "", "'a' is given more than once"),
        (b'{"a": [1, NaN]}', "/a/1", "1: nan is no number of JSON"),
        (b'{"a": {"b~/c": -Infinity}}', "/a/b~0~1c", "no number"),
        (b'{"a": "\\ud800"}', "/a", "half of a character"),
        (b'{"\\udfff": 1}', "", "half of a character"),
        (b"\xff", "", "it is not UTF-8"),
        (b'{"a": 1', "", "it is not JSON"),
        (b"[" * 100_000, "", "it is nested too deeply"),
        (b"[[[[[[[[[]]]]]]]]]", "/0/0/0/0/0/0/0/0", "it is nested too deeply"),
    ],
)
def test_what_is_no_json_we_read_is_refused_where_it_stands(content: bytes, pointer: str, words: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read_json(content, "it")
    assert words in caught.value.what
    assert caught.value.pointer == pointer


def test_a_name_in_a_pointer_is_escaped_as_rfc_6901_does() -> None:
    assert escaped("m~n/o") == "m~0n~1o"
