"""An ordinal model on disk: data only, under the same manifest of hashes as every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spinecast.files import readable_json
from spinecast.models.member_arrays import arrays_from_bytes, arrays_to_bytes
from spinecast.models.model_folder import (
    MODEL,
    described_part,
    members_contents,
    part_fields,
    read_contents,
    standing_contents,
    standing_of,
    write_contents,
)
from spinecast.models.ordinal.model import OrdinalModel, OrdinalPart
from spinecast.models.ordinal.thresholds import ThresholdLines
from spinecast.models.several_scorers import several_scorers_from_bytes, several_scorers_to_bytes

__all__ = ["ORDINAL_FORMAT", "load_ordinal_model", "save_ordinal_model"]

ORDINAL_FORMAT = "spinecast ordinal model"
FORMAT_VERSION = 1
TABLES = "tables.npz"


def save_ordinal_model(model: OrdinalModel, folder: Path) -> str:
    """Write a model folder, whole or not at all, and return its identity: the SHA-256 of its manifest.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    described = {
        "name": model.name,
        "predictors": list(model.predictors),
        "parts": [
            described_part(
                part, model.predictors, intercepts=part.lines.intercepts.tolist(), slopes=part.lines.slopes.tolist()
            )
            for part in model.parts
        ],
        "intercepts": model.lines.intercepts.tolist(),
        "slopes": model.lines.slopes.tolist(),
        "about": dict(model.about),
    }
    contents = {
        MODEL: readable_json(described).encode(),
        TABLES: arrays_to_bytes({"quantiles": model.marginals}),
    }
    contents |= standing_contents(model.development, model.missing)
    for part in model.parts:
        contents |= members_contents(part.name, part.members, several_scorers_to_bytes)
    return write_contents(folder, contents, ORDINAL_FORMAT, FORMAT_VERSION)


def load_ordinal_model(folder: Path) -> tuple[OrdinalModel, str]:
    """Read a model folder after checking every byte against its manifest.

    Returns
    -------
    model : OrdinalModel
    identity : str

    Raises
    ------
    ArtifactError
        As :func:`spinecast.models.artifact.load_model`.
    """
    return read_contents(folder, ORDINAL_FORMAT, (FORMAT_VERSION,), _rebuilt)


def _rebuilt(contents: Mapping[str, bytes]) -> OrdinalModel:
    described = json.loads(contents[MODEL])
    predictors = tuple(described["predictors"])
    parts = tuple(
        OrdinalPart(
            **part_fields(contents, part, described["predictors"], several_scorers_from_bytes),
            lines=_lines(part),
        )
        for part in described["parts"]
    )
    return OrdinalModel(
        name=described["name"],
        predictors=predictors,
        parts=parts,
        lines=_lines(described),
        marginals=arrays_from_bytes(contents[TABLES])["quantiles"],
        about=described["about"],
        **standing_of(contents),
    )


def _lines(described: Mapping[str, list[float]]) -> ThresholdLines:
    return ThresholdLines(
        np.array(described["intercepts"], dtype=np.float64), np.array(described["slopes"], dtype=np.float64)
    )
