"""Words that hold a place open are no words: told where it is obvious, and nowhere else."""

from __future__ import annotations

import pytest
from promotion import made_versions as made

from spinecast.promotion.authors_words import saying_something


@pytest.mark.parametrize(
    "text", ["x", "xxx", "-", "...", "?", "TBD", "t.b.d.", "To do!", "TODO", "n/a", "N.A.", "to be determined", "___"]
)
def test_a_place_held_open_is_no_answer(text: str) -> None:
    assert saying_something({"users": text, "setting": "Two hospitals."}) == {"setting": "Two hospitals."}


@pytest.mark.parametrize("text", ["No.", "None is recorded.", "Not assessed.", "無", "Es ist n/a zu Beginn.", "WHO II"])
def test_a_short_answer_is_one(text: str) -> None:
    kept = {"users": text, "setting": "Two hospitals."}
    assert saying_something(kept) == kept


def test_the_same_words_for_most_keys_were_written_for_none() -> None:
    assert saying_something(made.WORDS) == made.WORDS
    assert not saying_something(dict.fromkeys(made.WORDS, "As in the protocol."))
    some = dict.fromkeys(list(made.WORDS)[:10], "Not assessed yet.")
    assert saying_something({**made.WORDS, **some}) == {**made.WORDS, **some}  # of a few things that is an answer
