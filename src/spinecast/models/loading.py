"""Loading a model of any kind from its folder, by the format its manifest states."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from spinecast.models.artifact import load_model, stored_format
from spinecast.models.ordinal.artifact import ORDINAL_FORMAT, load_ordinal_model
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.artifact import QUANTITY_FORMAT, load_quantity_model
from spinecast.models.quantiles.model import QuantityModel
from spinecast.models.survival.artifact import (
    COMPETING_FORMAT,
    FORMAT,
    load_competing_model,
    load_survival_model,
)
from spinecast.models.survival.competing import CompetingRisksModel
from spinecast.models.survival.model import TimeToEventModel

__all__ = ["AnyModel", "TimedModel", "ValidatedModel", "load_any_model"]

TimedModel: TypeAlias = TimeToEventModel | CompetingRisksModel
ValidatedModel: TypeAlias = PrognosisModel | TimedModel | QuantityModel
"""What `validate` and `update` know how to judge on other patients."""

AnyModel: TypeAlias = ValidatedModel | OrdinalModel


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
