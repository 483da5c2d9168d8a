"""A loader module of MLflow whose answer has contributions too: what `mlflow models serve` takes to explain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas

from spinecast.explanation.answering import Question, predict_any_table
from spinecast.models.loading import load_any_model


class _Explaining:
    def __init__(self, path: str) -> None:
        self.model, self.identity = load_any_model(Path(path))

    def predict(self, model_input: pandas.DataFrame, params: dict[str, Any] | None = None) -> pandas.DataFrame:  # noqa: ARG002
        found = predict_any_table(self.model, self.identity, model_input, Question(), contributions=True).table
        return found[["risk", "lower", "upper", *(name for name in found if name.startswith("contribution_"))]]


def _load_pyfunc(path: str) -> _Explaining:
    return _Explaining(path)
