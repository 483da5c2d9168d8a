"""What a reader of a prediction must know of its image features: their scanner, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.features import batch_code, is_batch
from spinecast.clinical.variable import Variable
from spinecast.cohorts.patient import label_text
from spinecast.explanation.summary import value_text
from spinecast.models.loading import AnyModel
from spinecast.models.scanners import scanner_gaps

__all__ = ["scanner_sentences", "scanners_given", "used_texts"]

FloatArray = NDArray[np.float64]


def scanner_sentences(model: AnyModel, matrix: FloatArray, names: Mapping[float, str]) -> list[str]:
    """Say which image features could not be brought onto a model's scale, and what became of them.

    Parameters
    ----------
    model : AnyModel
    matrix : ndarray, shape (n, predictors)
        As the patients were recorded.
    names : mapping of code to str
        What each scanner is called.
    """
    said = []
    for block, scanner in scanner_gaps(model.about, model.predictors, matrix, names):
        which = "no scanner is given" if scanner is None else f"the model does not know the scanner {scanner}"
        missing = block["harmonisation"]["unseen"] == "missing"
        became = "they count as missing" if missing else "they are used as they are, which may mislead"
        known = ", ".join(block["scanners"]) or "none"
        said.append(f"image features {block['name']}: {which} (it knows {known}); {became}")
    return said


def scanners_given(given: Mapping[str, Any]) -> dict[float, str]:
    """Name the scanners of one patient by their codes."""
    texts = (label_text(value) for name, value in given.items() if is_batch(name))
    return {batch_code(text): text for text in texts if text is not None}


def used_texts(variables: Sequence[Variable], values: FloatArray, given: Mapping[str, Any]) -> dict[str, str]:
    """Each value of one patient as the model read it; a text as it was given."""
    return {
        entry.name: str(given[entry.name]) if entry.is_label and not np.isnan(value) else value_text(entry, value)
        for entry, value in zip(variables, values, strict=True)
    }
