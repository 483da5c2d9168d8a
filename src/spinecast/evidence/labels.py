"""Short names that tell results apart."""

from __future__ import annotations

from collections.abc import Sequence

from spinecast.evidence.results import PublishedResult, outcome_label

__all__ = ["letters", "result_labels"]

_TELLING = ("outcome_name", "model", "population", "method", "stage")


def result_labels(results: Sequence[PublishedResult]) -> list[str]:
    """Name results by their study, and where a study has several, by what tells them apart; else by their id.

    Parameters
    ----------
    results : sequence of PublishedResult

    Returns
    -------
    list of str
        In the order of the results, each once.
    """
    labels = []
    for result in results:
        same = [one for one in results if one.study == result.study]
        parts = [result.study]
        for name in _TELLING:
            if len(same) == 1:
                break
            value = getattr(result, name)
            fewer = [one for one in same if getattr(one, name) == value]
            if len(fewer) < len(same) and value:
                parts.append(outcome_label(value) if name == "outcome_name" else value)
                same = fewer
        labels.append(", ".join(parts) if len(same) == 1 else result.id)
    return labels


def letters(position: int) -> str:
    """Return a, b ... z, aa, ab ... for positions from 0."""
    text = ""
    while position >= 0:
        position, place = divmod(position, 26)
        text = chr(ord("a") + place) + text
        position -= 1
    return text
