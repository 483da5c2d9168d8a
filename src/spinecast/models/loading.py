"""Loading and saving a model of any kind: by the format its manifest states, by what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from spinecast.models.artifact import load_model, save_model
from spinecast.models.image_gaps import PartOfMembers
from spinecast.models.model_folder import stored_format
from spinecast.models.ordinal.artifact import ORDINAL_FORMAT, load_ordinal_model, save_ordinal_model
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.artifact import QUANTITY_FORMAT, load_quantity_model, save_quantity_model
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.survival.artifact import (
    COMPETING_FORMAT,
    FORMAT,
    load_competing_model,
    load_survival_model,
    save_competing_model,
    save_survival_model,
)
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import TimeToEventModel

__all__ = ["AnyModel", "TimedModel", "load_any_model", "named_parts", "save_any_model", "with_about"]

TimedModel: TypeAlias = TimeToEventModel | CompetingRisksModel
AnyModel: TypeAlias = PrognosisModel | TimedModel | QuantityModel | OrdinalModel


def with_about(model: AnyModel, about: Mapping[str, Any]) -> AnyModel:
    """Return a model that says something else of itself; one of competing causes says it of every cause."""
    if isinstance(model, CompetingRisksModel):
        return replace(model, hazards=tuple(replace(one, about=about) for one in model.hazards))
    return replace(model, about=about)


def named_parts(model: AnyModel) -> list[tuple[str, PartOfMembers]]:
    """Parts of a model of any kind, each with what reports call it: of competing causes with its cause."""
    if isinstance(model, CompetingRisksModel):
        return [
            (f"{part.label}, {cause.lower()}", part)
            for cause, hazard in zip(model.labels, model.hazards, strict=True)
            for part in hazard.parts
        ]
    return [(part.label, part) for part in model.parts]


def save_any_model(model: AnyModel, folder: Path) -> str:
    """Write a model folder of any kind, whole or not at all, and return its identity.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    match model:
        case CompetingRisksModel():
            return save_competing_model(model, folder)
        case TimeToEventModel():
            return save_survival_model(model, folder)
        case QuantityModel():
            return save_quantity_model(model, folder)
        case OrdinalModel():
            return save_ordinal_model(model, folder)
        case _:
            return save_model(model, folder)


def load_any_model(folder: Path) -> tuple[AnyModel, str]:
    """Read a model folder after checking every byte against its manifest.

    Returns
    -------
    model : PrognosisModel, TimeToEventModel, CompetingRisksModel, QuantityModel or OrdinalModel
    identity : str

    Raises
    ------
    ArtifactError
        If the folder is not a model, or is altered, or of a format this version does not read.
    """
    match stored_format(folder):
        case str(form) if form == FORMAT:
            return load_survival_model(folder)
        case str(form) if form == COMPETING_FORMAT:
            return load_competing_model(folder)
        case str(form) if form == QUANTITY_FORMAT:
            return load_quantity_model(folder)
        case str(form) if form == ORDINAL_FORMAT:
            return load_ordinal_model(folder)
        case _:
            return load_model(folder)
