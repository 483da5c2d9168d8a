"""A quantity model on disk: data only, under the same manifest of hashes as every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

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
from spinecast.models.quantiles.model import QuantilePart, QuantityModel
from spinecast.models.several_scorers import several_scorers_from_bytes, several_scorers_to_bytes

__all__ = [
    "QUANTITY_FORMAT",
    "load_quantity_model",
    "save_quantity_model",
]

QUANTITY_FORMAT = "spinecast quantity model"
FORMAT_VERSION = 1
TABLES = "tables.npz"


def save_quantity_model(model: QuantityModel, folder: Path) -> str:
    """Write a model folder, whole or not at all, and return its identity: the SHA-256 of its manifest.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    described = {
        "name": model.name,
        "scale": model.scale,
        "spread": model.spread,
        "predictors": list(model.predictors),
        "parts": [described_part(part, model.predictors) for part in model.parts],
        "about": dict(model.about),
    }
    tables = {
        "levels": model.levels,
        "shifts": model.shifts,
        "quantiles": model.marginals,
        "always_known": model.always_known,
    }
    contents = {MODEL: readable_json(described).encode(), TABLES: arrays_to_bytes(tables)}
    contents |= standing_contents(model.development, model.missing)
    for part in model.parts:
        contents |= members_contents(part.name, part.members, several_scorers_to_bytes)
    return write_contents(folder, contents, QUANTITY_FORMAT, FORMAT_VERSION)


def load_quantity_model(folder: Path) -> tuple[QuantityModel, str]:
    """Read a model folder after checking every byte against its manifest.

    Returns
    -------
    model : QuantityModel
    identity : str

    Raises
    ------
    ArtifactError
        As :func:`spinecast.models.artifact.load_model`.
    """
    return read_contents(folder, QUANTITY_FORMAT, (FORMAT_VERSION,), _rebuilt)


def _rebuilt(contents: Mapping[str, bytes]) -> QuantityModel:
    described = json.loads(contents[MODEL])
    tables = arrays_from_bytes(contents[TABLES])
    predictors = tuple(described["predictors"])
    parts = tuple(
        QuantilePart(
            **part_fields(contents, part, described["predictors"], several_scorers_from_bytes),
        )
        for part in described["parts"]
    )
    return QuantityModel(
        name=described["name"],
        predictors=predictors,
        parts=parts,
        levels=tables["levels"],
        shifts=tables["shifts"],
        scale=described["scale"],
        marginals=tables["quantiles"],
        always_known=tables["always_known"],
        about=described["about"],
        spread=described.get("spread", 1.0),  # models of before updating changed it
        **standing_of(contents),
    )
