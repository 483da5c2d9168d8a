"""A prognosis model on disk: data only, under the same manifest of hashes as every model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spinecast.files import readable_json
from spinecast.models.feature_blocks import harmonisers_from_arrays, harmonisers_to_arrays
from spinecast.models.member_arrays import (
    arrays_from_bytes,
    arrays_to_bytes,
    member_from_bytes,
    member_to_bytes,
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
from spinecast.models.prognosis_model import Part, PrognosisModel
from spinecast.statistics import VennAbers

__all__ = ["load_model", "save_model"]


FORMAT = "spinecast prognosis model"
FORMAT_VERSION = 1
MARGINALS = "marginals.npz"
# Parts that came later: a model without them is read as it was saved.
VENN_ABERS, HARMONISATION = "venn_abers.npz", "harmonisation.npz"


def save_model(model: PrognosisModel, folder: Path) -> str:
    """Write a model folder, whole or not at all, and return its identity.

    Parameters
    ----------
    model : PrognosisModel
    folder : pathlib.Path
        Replaced if it exists.

    Returns
    -------
    str
        SHA-256 of the manifest.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    contents: dict[str, bytes] = {
        MODEL: readable_json(_description(model)).encode(),
        MARGINALS: arrays_to_bytes({"quantiles": model.marginals}),
    }
    contents |= standing_contents(model.development, model.missing)
    if model.venn_abers is not None:
        contents[VENN_ABERS] = arrays_to_bytes(asdict(model.venn_abers))
    if model.harmonisers:
        contents[HARMONISATION] = arrays_to_bytes(harmonisers_to_arrays(model.harmonisers))
    for part in model.parts:
        contents |= members_contents(part.name, part.members, member_to_bytes)
    return write_contents(folder, contents, FORMAT, FORMAT_VERSION)


def load_model(folder: Path) -> tuple[PrognosisModel, str]:
    """Read a model folder after checking every byte against its manifest.

    Returns
    -------
    model : PrognosisModel
    identity : str
        SHA-256 of the manifest.

    Raises
    ------
    ArtifactError
        If the folder is not a model, a file is missing, added or altered, or the format is another version's.
    """
    return read_contents(folder, FORMAT, (FORMAT_VERSION,), _rebuilt)


def _rebuilt(contents: Mapping[str, bytes]) -> PrognosisModel:
    described = json.loads(contents[MODEL])
    parts = tuple(
        Part(
            **part_fields(contents, part, described["predictors"], member_from_bytes),
            intercept=part["intercept"],
            slope=part["slope"],
        )
        for part in described["parts"]
    )
    return PrognosisModel(
        name=described["name"],
        predictors=tuple(described["predictors"]),
        parts=parts,
        intercept=described["intercept"],
        slope=described["slope"],
        marginals=arrays_from_bytes(contents[MARGINALS])["quantiles"],
        about=described["about"],
        **standing_of(contents),
        venn_abers=VennAbers(**arrays_from_bytes(contents[VENN_ABERS])) if VENN_ABERS in contents else None,
        harmonisers=harmonisers_from_arrays(arrays_from_bytes(contents[HARMONISATION]))
        if HARMONISATION in contents
        else (),
    )


def _description(model: PrognosisModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "intercept": model.intercept,
        "slope": model.slope,
        "predictors": list(model.predictors),
        "parts": [
            described_part(part, model.predictors, intercept=part.intercept, slope=part.slope) for part in model.parts
        ],
        "about": dict(model.about),
    }
