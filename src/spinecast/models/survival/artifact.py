"""A time-to-event model on disk: data only, under the same manifest of hashes as every model.

One file of arrays a member, one of the grid and the development quantiles, and a description; a model of competing
causes holds one such set a cause. Nothing in it executes on load.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spinecast.files import readable_json
from spinecast.models.encoding import Encoder
from spinecast.models.member_arrays import (
    arrays_from_bytes,
    arrays_to_bytes,
    fits_from_bytes,
    fits_to_bytes,
    with_prefix,
)
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
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.correction import CurveCorrection
from spinecast.models.survival.curves import curves_from_arrays, curves_to_arrays
from spinecast.models.survival.model import AnySurvivalMember, SurvivalMember, SurvivalPart, TimeToEventModel

__all__ = [
    "COMPETING_FORMAT",
    "FORMAT",
    "load_competing_model",
    "load_survival_model",
    "save_competing_model",
    "save_survival_model",
    "survival_member_from_bytes",
    "survival_member_to_bytes",
]

FORMAT = "spinecast time-to-event model"
COMPETING_FORMAT = "spinecast competing-risks model"
FORMAT_VERSION = 2
# Of the first format a correction was one slope at one day, and stood in the description.
READ_VERSIONS = (1, 2)
TABLES, CORRECTION = "tables.npz", "correction.npz"


def save_survival_model(model: TimeToEventModel, folder: Path) -> str:
    """Write a model folder, whole or not at all, and return its identity: the SHA-256 of its manifest.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    return write_contents(folder, _contents(model), FORMAT, FORMAT_VERSION)


def load_survival_model(folder: Path) -> tuple[TimeToEventModel, str]:
    """Read a model folder after checking every byte against its manifest.

    Returns
    -------
    model : TimeToEventModel
    identity : str

    Raises
    ------
    ArtifactError
        As :func:`spinecast.models.artifact.load_model`.
    """
    return read_contents(folder, FORMAT, READ_VERSIONS, _rebuilt)


def save_competing_model(model: CompetingRisksModel, folder: Path) -> str:
    """Write a model of competing causes; as :func:`save_survival_model`."""
    contents = {MODEL: readable_json({"causes": list(model.causes), "labels": list(model.labels)}).encode()}
    contents |= standing_contents(model.development, model.missing)
    for number, hazard in enumerate(model.hazards, start=1):
        contents |= {f"cause_{number}/{name}": content for name, content in _contents(hazard).items()}
    return write_contents(folder, contents, COMPETING_FORMAT, FORMAT_VERSION)


def load_competing_model(folder: Path) -> tuple[CompetingRisksModel, str]:
    """Read a model of competing causes; as :func:`load_survival_model`."""
    return read_contents(folder, COMPETING_FORMAT, READ_VERSIONS, _competing)


def survival_member_to_bytes(member: AnySurvivalMember) -> bytes:
    """One member as the bytes of an ``.npz``; equal members give equal bytes."""
    return fits_to_bytes(member, _member_arrays)


def survival_member_from_bytes(content: bytes) -> AnySurvivalMember:
    """Rebuild a member from :func:`survival_member_to_bytes`.

    Raises
    ------
    ArtifactError
        If it is of a kind this version does not know.
    """
    return fits_from_bytes(content, _member_from_arrays)


def _member_arrays(member: SurvivalMember) -> dict[str, NDArray[Any]]:
    arrays = {f"encoder.{name}": array for name, array in member.encoder.to_arrays().items()}
    return arrays | {f"curves.{name}": array for name, array in curves_to_arrays(member.curves).items()}


def _member_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> SurvivalMember:
    return SurvivalMember(
        encoder=Encoder.from_arrays(with_prefix(arrays, "encoder.")),
        curves=curves_from_arrays(with_prefix(arrays, "curves.")),
    )


def _contents(model: TimeToEventModel) -> dict[str, bytes]:
    contents = {
        MODEL: readable_json(_description(model)).encode(),
        TABLES: arrays_to_bytes({"quantiles": model.marginals, "grid": model.grid}),
        CORRECTION: arrays_to_bytes(model.correction.to_arrays()),
        **standing_contents(model.development, model.missing),
    }
    for part in model.parts:
        contents[_correction_file(part.name)] = arrays_to_bytes(part.correction.to_arrays())
        contents |= members_contents(part.name, part.members, survival_member_to_bytes)
    return contents


def _description(model: TimeToEventModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "reference": model.reference,
        "predictors": list(model.predictors),
        "parts": [described_part(part, model.predictors) for part in model.parts],
        "about": dict(model.about),
    }


def _rebuilt(contents: Mapping[str, bytes]) -> TimeToEventModel:
    described = json.loads(contents[MODEL])
    tables = arrays_from_bytes(contents[TABLES])
    days = len(tables["grid"])
    parts = tuple(
        SurvivalPart(
            **part_fields(contents, part, described["predictors"], survival_member_from_bytes),
            correction=_correction(contents, _correction_file(part["name"]), part, days),
        )
        for part in described["parts"]
    )
    return TimeToEventModel(
        name=described["name"],
        predictors=tuple(described["predictors"]),
        parts=parts,
        correction=_correction(contents, CORRECTION, described, days),
        grid=tables["grid"],
        reference=described["reference"],
        marginals=tables["quantiles"],
        about=described["about"],
        **standing_of(contents),
    )


def _correction(contents: Mapping[str, bytes], file: str, described: Mapping[str, Any], days: int) -> CurveCorrection:
    if file in contents:
        return CurveCorrection.from_arrays(arrays_from_bytes(contents[file]))
    return CurveCorrection.of_one_day(described["intercept"], described["slope"], days)


def _competing(contents: Mapping[str, bytes]) -> CompetingRisksModel:
    described = json.loads(contents[MODEL])
    hazards = []
    for number in range(1, len(described["causes"]) + 1):
        prefix = f"cause_{number}/"
        own = {name.removeprefix(prefix): content for name, content in contents.items() if name.startswith(prefix)}
        hazards.append(_rebuilt(own))
    return CompetingRisksModel(
        causes=tuple(described["causes"]),
        labels=tuple(described["labels"]),
        hazards=tuple(hazards),
        **standing_of(contents),
    )


def _correction_file(part: str) -> str:
    return f"parts/{part}/correction.npz"
