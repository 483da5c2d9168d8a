"""One patient from a model folder: our risk, limits and explanation beside MLflow's risk and limits."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
from protocol import Benchmark, other_peoples_warnings_ignored
from synthetic import fitted_part, outcome_of, patients, prognosis_model

from spinecast.explanation.prediction import predict_patient
from spinecast.models.artifact import load_model, save_model
from spinecast.models.prognosis_model import PrognosisModel
from spinecast.tracking.pyfunc import signature
from spinecast.tracking.store import quiet_mlflow

__all__ = ["BENCHMARKS"]

PREDICTORS = ("age", "sex", "tumour_group", "albumin", "creatinine", "sodium", "heart_rate", "bilirubin")
PATIENT = {"age": 63.0, "sex": "female", "tumour_group": "lung", "albumin": 2.9, "sodium": 134.0, "heart_rate": 96.0}
Risk = tuple[float, float, float]


@dataclass(frozen=True)
class Stored:
    """One model folder, bare and in MLflow's wrapping; loaded from both as well."""

    root: Path
    model: PrognosisModel
    identity: str
    wrapped: Any

    @property
    def bare(self) -> Path:
        return self.root / "model"

    @property
    def mlflow(self) -> str:
        return str(self.root / "mlflow")


def setup(small: bool) -> Stored:
    matrix = patients(300 if small else 1500, PREDICTORS, seed=11)
    outcome = outcome_of(matrix, seed=12)
    parts = (
        fitted_part("elastic_net", matrix, outcome, PREDICTORS, members=5),
        fitted_part("xgboost", matrix, outcome, PREDICTORS, members=5, rounds=30 if small else 150),
    )
    root = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-"))
    save_model(prognosis_model(parts, matrix, PREDICTORS), root / "model")
    with other_peoples_warnings_ignored():
        pyfunc = quiet_mlflow().pyfunc
        pyfunc.save_model(
            path=str(root / "mlflow"),
            loader_module="spinecast.tracking.pyfunc",
            data_path=str(root / "model"),
            signature=signature(PREDICTORS),
            pip_requirements=["spinecast"],
        )
        wrapped = pyfunc.load_model(str(root / "mlflow"))
    model, identity = load_model(root / "model")
    return Stored(root, model, identity, wrapped)


def cleanup(stored: Stored) -> None:
    shutil.rmtree(stored.root)


def ours_from_folder(stored: Stored) -> Risk:
    return _ours(*load_model(stored.bare))


def peer_from_folder(stored: Stored) -> Risk:
    import mlflow

    return _peer(mlflow.pyfunc.load_model(stored.mlflow))


def ours_loaded(stored: Stored) -> Risk:
    return _ours(stored.model, stored.identity)


def peer_loaded(stored: Stored) -> Risk:
    return _peer(stored.wrapped)


def _ours(model: PrognosisModel, identity: str) -> Risk:
    found = predict_patient(model, identity, PATIENT)
    return found.risk, found.lower, found.upper


def _peer(wrapped: Any) -> Risk:
    row = wrapped.predict(pandas.DataFrame([PATIENT])).iloc[0]
    return float(row["risk"]), float(row["lower"]), float(row["upper"])


def agree(_: Stored, ours: Risk, peer: Risk) -> None:
    assert ours == peer
    assert 0 < ours[1] < ours[0] < ours[2] < 1


BENCHMARKS = (
    Benchmark(
        name="one_prediction",
        peer_name="mlflow.pyfunc.load_model and predict (risk and limits)",
        what="load a model folder (2 parts of 5 fold fits), then risk, limits and explanation of one patient",
        setup=setup,
        ours=ours_from_folder,
        peer=peer_from_folder,
        agree=agree,
        packages=("numpy", "pandas", "xgboost", "mlflow"),
        cleanup=cleanup,
    ),
    Benchmark(
        name="one_prediction_loaded",
        peer_name="mlflow.pyfunc predict (risk and limits)",
        what="risk, limits and explanation of one patient with the model already in memory",
        setup=setup,
        ours=ours_loaded,
        peer=peer_loaded,
        agree=agree,
        packages=("numpy", "pandas", "xgboost", "mlflow"),
        cleanup=cleanup,
    ),
)
