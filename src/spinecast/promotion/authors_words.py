"""Which of the authors' words say nothing: a place held open is no answer, whatever stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

__all__ = ["saying_something"]

# What people write where they mean to write later. A machine judges no prose: only the obvious is told.
_HELD_OPEN = {
    "fixme", "lorem ipsum", "na", "placeholder", "tba", "tbc", "tbd", "to be determined", "to be done", "todo",
}  # fmt: skip
_NO_LETTERS = re.compile(r"[\W_]+")
# More keys than this, and more than half of them, in the same words: nobody wrote them for the question.
_FEWEST_ALIKE = 3


def saying_something(words: Mapping[str, str]) -> dict[str, str]:
    """Leave out words that say nothing: a single letter or sign, "to do", or the same for most of the keys.

    Parameters
    ----------
    words : mapping of str to str
        By the keys of a study's ``reporting:``.
    """
    read = {key: _NO_LETTERS.sub(" ", text).strip().casefold() for key, text in words.items()}
    times = Counter(read.values())
    alike = {text for text, count in times.items() if count > max(_FEWEST_ALIKE, len(words) / 2)}
    return {key: text for key, text in words.items() if not (_is_held_open(read[key]) or read[key] in alike)}


def _is_held_open(text: str) -> bool:
    letters = text.replace(" ", "")
    one_sign = letters.isascii() and len(set(letters)) < 2  # in other scripts one sign may be a word
    return one_sign or text in _HELD_OPEN or letters in _HELD_OPEN
