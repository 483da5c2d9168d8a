"""The MLflow form of a prognosis model: its folder as data, read by this module.

MLflow's usual Python models are pickles, or scripts that run on load. A loader module is neither: the store holds
the model folder as it was saved, hashes and all, and names this module, which is part of the installed package.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.explanation.ordinal_prediction import level_columns
from spinecast.explanation.quantity_prediction import quantity_columns
from spinecast.explanation.standing import given_only
from spinecast.models.loading import AnyModel, load_any_model
from spinecast.models.ordinal.model import OrdinalModel
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.models.quantiles.model import QuantityModel

if TYPE_CHECKING:
    import pandas

__all__ = ["OUTPUTS", "ServedModel", "output_names", "signature"]

OUTPUTS = ("risk", "lower", "upper")


class ServedModel:
    """What ``mlflow.pyfunc.load_model`` returns inside its wrapper.

    Parameters
    ----------
    model : PrognosisModel, TimeToEventModel, CompetingRisksModel, QuantityModel or OrdinalModel
    """

    def __init__(self, model: AnyModel) -> None:
        self.model = model

    def predict(self, model_input: pandas.DataFrame, params: dict[str, Any] | None = None) -> pandas.DataFrame:  # noqa: ARG002
        """Risk with limits for a table of patients.

        Parameters
        ----------
        model_input : DataFrame
            Predictors in canonical units, levels as the dictionary's words; a missing value or column is allowed.
        params : dict, optional
            Not used; part of MLflow's form.

        Returns
        -------
        DataFrame
            Columns ``risk``, ``lower`` and ``upper``; of a model of times
            one of each a horizon, ``risk_90`` and so on; of a quantity ``quantile_0.5`` and the other levels,
            ``at_least_1000`` and the other thresholds; of ordered levels ``level_0`` and the others, ``at_least_1`` and
            the others with their limits. Missing where the study wants no answer given.

        Raises
        ------
        ContractError
            If a value breaks the contract: impossible, text in a number, an unknown level.
        """
        import pandas

        from spinecast.cohorts.contract import check_predictors

        checked = check_predictors(model_input, self.model.predictors)
        matrix = self.model.matrix(checked)
        return pandas.DataFrame(given_only(self.model, matrix, self._figures(matrix)), index=model_input.index)

    def _figures(self, matrix: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        if isinstance(self.model, PrognosisModel):
            return dict(zip(OUTPUTS, (self.model.predict(matrix), *self.model.interval(matrix)), strict=True))
        if isinstance(self.model, QuantityModel):
            return quantity_columns(self.model, matrix)
        if isinstance(self.model, OrdinalModel):
            return level_columns(self.model, matrix)
        days = self.model.horizons_days
        found = (self.model.risk(matrix, days), *self.model.interval(matrix, days))
        return {
            f"{name}_{day:g}": values[:, at]
            for at, day in enumerate(days)
            for name, values in zip(OUTPUTS, found, strict=True)
        }


def signature(predictors: tuple[str, ...], outputs: tuple[str, ...] = OUTPUTS) -> Any:
    """The MLflow signature: every predictor optional, numbers as double, levels as string.

    Parameters
    ----------
    predictors : tuple of str
    outputs : tuple of str
        Columns of the answer.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    inputs: list[Any] = [
        ColSpec(DataType.string if variable(name).is_levelled else DataType.double, name, required=False)
        for name in predictors
    ]
    answered: list[Any] = [ColSpec(DataType.double, name) for name in outputs]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(answered))


def output_names(model: AnyModel) -> tuple[str, ...]:
    """Name the columns a model answers with."""
    if isinstance(model, PrognosisModel):
        return OUTPUTS
    if isinstance(model, QuantityModel):
        return (
            *(f"quantile_{level:g}" for level in model.levels),
            *(f"at_least_{threshold:g}" for threshold in model.thresholds),
        )
    if isinstance(model, OrdinalModel):
        names = [str(one["level"]) for one in model.levels]
        ends = ("", "_lower", "_upper")
        return (
            *(f"level_{name}" for name in names),
            *(f"at_least_{name}{end}" for name in names[1:] for end in ends),
        )
    return tuple(f"{name}_{day:g}" for day in model.horizons_days for name in OUTPUTS)


def _load_pyfunc(path: str) -> ServedModel:
    model, _ = load_any_model(Path(path))
    return ServedModel(model)
