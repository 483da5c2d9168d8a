"""A registry with a model of each kind, and a server on it."""

from __future__ import annotations

import http.client
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import made_levels
import made_models
import made_survival
import numpy as np
import uvicorn
from fastapi import FastAPI

from spinecast.clinical.blood_order import ORDERED_LOSS
from spinecast.models.artifact import save_model
from spinecast.models.encoder_fitting import fit_encoder
from spinecast.models.imputation import Imputation
from spinecast.models.ordinal.artifact import save_ordinal_model
from spinecast.models.predictor_schema import PredictorSchema
from spinecast.models.prognosis_model import PrognosisModel, development_marginals
from spinecast.models.quantiles.artifact import save_quantity_model
from spinecast.models.quantiles.catalogue import QUANTILE_FAMILIES
from spinecast.models.quantiles.model import QuantilePart, QuantityModel
from spinecast.models.several_scorers import SeveralScorers
from spinecast.models.survival.artifact import save_competing_model, save_survival_model
from spinecast.tracking.store import Store

EVENT, DECLINING, TIMES, COMPETING, LOSS, GRADE = (
    "simulated_mortality",
    "careful_mortality",
    "simulated_survival",
    "simulated_progression",
    "simulated_loss",
    "simulated_levels",
)
PATIENT: dict[str, Any] = {"age": 63, "sex": "female", "albumin": {"value": 29, "unit": "g/L"}, "sodium": 134}


def event_model(seed: int = 0) -> PrognosisModel:
    made = made_models.model_of("elastic_net", "xgboost", seed=seed)
    outcome = {"kind": "horizon", "event": "death", "horizon_days": 90, "label": "Death within 90 days"}
    return replace(made, about={**made.about, "outcome": outcome})


def loss_model() -> QuantityModel:
    names = ("age", "hemoglobin")
    schema = PredictorSchema(names, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))
    generator = np.random.default_rng(3)
    matrix = generator.normal(0, 1, (120, 2)) * [10, 1.8] + [60, 12]
    values = 6 + 0.03 * (matrix[:, 0] - 60) + 0.5 * generator.normal(0, 1, 120)
    encoder = fit_encoder(matrix, schema, Imputation(), seed=1)
    family, levels = "linear_quantile", np.array([0.1, 0.5, 0.9])
    settings = dict(QUANTILE_FAMILIES[family].defaults)
    fits = tuple(
        QUANTILE_FAMILIES[family].fit(encoder.transform(matrix), values, float(level), settings, 5) for level in levels
    )
    label = QUANTILE_FAMILIES[family].label
    part = QuantilePart(family, family, label, np.arange(2), (SeveralScorers(encoder, fits),))
    outcome = {"label": "Blood loss", "variable": ORDERED_LOSS, "thresholds": [500.0], "unit": "mL"}
    return QuantityModel(
        name=LOSS,
        predictors=names,
        parts=(part,),
        levels=levels,
        shifts=np.zeros(3),
        scale="logarithm",
        marginals=development_marginals(matrix, [0, 0]),
        always_known=np.array([True, True]),
        about={"title": "Blood loss", "outcome": outcome, "cohort": {"kind": "real", "name": "simulated"}},
    )


# The columns of MLflow's tables that serving reads; tests/tracking compares what is read with a store of MLflow's own.
TABLES = """
    CREATE TABLE model_versions (name, version INTEGER, run_id, source, storage_location, current_stage);
    CREATE TABLE registered_model_aliases (name, alias, version INTEGER);
    CREATE TABLE model_version_tags (name, version INTEGER, key, value);
    CREATE TABLE logged_models (model_id, artifact_location);
    CREATE TABLE runs (run_uuid, artifact_uri);
"""


def new_store(folder: Path) -> Store:
    """An empty registry."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        database.executescript(TABLES)
    return Store(uri=f"sqlite:///{folder / 'mlflow.db'}", artifacts=None)


def register(store: Store, name: str, version: int, model: Path, identity: str, alias: str = "candidate") -> None:
    """Register a model folder as a version and give it an alias."""
    run = model.parent
    (run / "record" / "reporting").mkdir(parents=True, exist_ok=True)
    (run / "record" / "reporting" / "model_card.json").write_text('{"title": "What it is"}')
    with closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database, database:
        row = (name, version, f"run-{name}-{version}", f"models:/{name}-{version}", None, "None")
        database.execute("INSERT INTO model_versions VALUES (?, ?, ?, ?, ?, ?)", row)
        database.execute("INSERT INTO logged_models VALUES (?, ?)", (f"{name}-{version}", model.as_uri()))
        database.execute("INSERT INTO runs VALUES (?, ?)", (f"run-{name}-{version}", run.as_uri()))
        tag = (name, version, "spinecast.model_identity", identity)
        database.execute("INSERT INTO model_version_tags VALUES (?, ?, ?, ?)", tag)
    name_alias(store, name, version, alias)


def name_alias(store: Store, name: str, version: int, alias: str) -> None:
    """Give a version an alias, as whoever promotes it does."""
    with closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database, database:
        database.execute("DELETE FROM registered_model_aliases WHERE name = ? AND alias = ?", (name, alias))
        database.execute("INSERT INTO registered_model_aliases VALUES (?, ?, ?)", (name, alias, version))


def fill(folder: Path) -> Store:
    """A registry with a model of each kind, each a candidate."""
    store = new_store(folder)
    event = event_model()
    careful = replace(event, name=DECLINING, about={**event.about, "decline": {"without": ["albumin"]}})
    survival, competing = made_survival.survival_model_of("cox"), made_survival.competing_model()
    about = {**competing.about, "title": "Progression"}
    competing = replace(competing, hazards=tuple(replace(one, about=about) for one in competing.hazards))
    saved = {
        EVENT: lambda at: save_model(event, at),
        DECLINING: lambda at: save_model(careful, at),
        TIMES: lambda at: save_survival_model(survival, at),
        COMPETING: lambda at: save_competing_model(competing, at),
        LOSS: lambda at: save_quantity_model(loss_model(), at),
        GRADE: lambda at: save_ordinal_model(made_levels.ordinal_model("proportional_odds"), at),
    }
    for name, save in saved.items():
        model = folder / name / "model"
        register(store, name, 1, model, save(model))
    return store


@dataclass(frozen=True)
class Said:
    """A response."""

    status: int
    headers: dict[str, str]
    content: bytes
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.content.splitlines()]


@dataclass(frozen=True)
class Address:
    """Where a server answers."""

    port: int
    seconds: float = 60

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        kind: str = "application/json",
    ) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.seconds)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        stated = {"Content-Type": kind} if content is not None else {}
        try:
            path = path if path.startswith("/") else f"/api/v1/{path}"
            connection.request(method, path, content, stated | (headers or {}))
            response = connection.getresponse()
            cookies = tuple(response.headers.get_all("set-cookie") or ())
            return Said(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read(), cookies)
        finally:
            connection.close()

    def get(self, path: str) -> Said:
        return self.ask("GET", path)

    def predict(self, inputs: dict[str, Any], model: str = EVENT, **more: Any) -> Said:
        return self.ask("POST", f"models/{model}/predict", {"inputs": inputs, **more})


@contextmanager
def running(app: FastAPI) -> Iterator[Address]:
    """Serve an application from a thread of this process."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Address(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(timeout=20)
