"""Explanations on disk: named arrays and JSON under a schema version, never live objects.

A folder holds ``explanation.npz`` (numpy reads it with pickling off) and ``explanation.json``: the schema's version,
the hash of the arrays, the shape and type of each, and everything a report is written from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinecast.errors import ArtifactError
from spinecast.explanation.contributions import require_additive
from spinecast.files import atomic_write, readable_json, sha256_bytes
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes

__all__ = ["SCHEMA_VERSION", "StoredExplanation", "load_explanation", "save_explanation"]

FORMAT = "spinecast explanation"
SCHEMA_VERSION = 1
RECORD, ARRAYS = "explanation.json", "explanation.npz"
# What must add up: served - added = base + the sum of contributions.
_ADDING = ("contributions", "base", "served", "added")


@dataclass(frozen=True, eq=False)
class StoredExplanation:
    """An explanation of a model on a cohort.

    Parameters
    ----------
    record : mapping
        JSON values: about what it is, and what was found.
    arrays : mapping of str to ndarray
        ``contributions`` (n, predictors), ``base``, ``served`` and ``added`` (n,), ``fold_contributions`` (folds, n,
        predictors), and ``curve.NAME.grid``, ``.answers`` and ``.on_scale`` of each input with curves.
    """

    record: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def save_explanation(found: StoredExplanation, folder: Path) -> None:
    """Write both files; equal explanations give equal bytes.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    AdditivityError
        If the contributions do not add up.
    """
    _require_sums(found.arrays)
    content = arrays_to_bytes(found.arrays)
    described = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "sha256": sha256_bytes(content),
        "arrays": {name: _described(array) for name, array in found.arrays.items()},
        **found.record,
    }
    atomic_write(folder / ARRAYS, content)
    atomic_write(folder / RECORD, readable_json(described))


def load_explanation(folder: Path) -> StoredExplanation:
    """Read what :func:`save_explanation` wrote, after checking every array against what is said of it.

    Raises
    ------
    ArtifactError
        If the folder holds no explanation, one of another schema version, or one that was altered.
    AdditivityError
        If the contributions do not add up.
    """
    try:
        described = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        content = (folder / ARRAYS).read_bytes()
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{folder} holds no explanation that can be read: {error}",
            where=str(folder),
            expected=f"{RECORD} and {ARRAYS}, as spinecast explain --output writes them",
        ) from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ArtifactError(f"{folder / RECORD} is no explanation of ours", where=str(folder), expected=FORMAT)
    if described.get("schema_version") != SCHEMA_VERSION:
        raise ArtifactError(
            f"the explanation has schema version {described.get('schema_version')!r}",
            where=str(folder / RECORD),
            expected=f"schema version {SCHEMA_VERSION}",
            remedy="make it again with spinecast explain",
        )
    if sha256_bytes(content) != described.get("sha256"):
        raise _altered(folder)
    arrays = arrays_from_bytes(content)
    if {name: _described(array) for name, array in arrays.items()} != described.get("arrays"):
        raise _altered(folder)
    _require_sums(arrays)
    kept = {name: value for name, value in described.items() if name not in _OF_THE_FORMAT}
    return StoredExplanation(kept, arrays)


_OF_THE_FORMAT = frozenset({"format", "schema_version", "sha256", "arrays"})


def _altered(folder: Path) -> ArtifactError:
    return ArtifactError(
        "the arrays of the explanation are not those it was written with",
        where=str(folder / ARRAYS),
        remedy="make it again with spinecast explain",
    )


def _described(array: NDArray[Any]) -> dict[str, Any]:
    return {"shape": list(array.shape), "type": array.dtype.name}


def _require_sums(arrays: Mapping[str, NDArray[np.float64]]) -> None:
    values, base, served, added = (arrays[name] for name in _ADDING)
    require_additive(served - added - base - values.sum(axis=1), "answers")
