"""A card for a hospital's record system: a call by CDS Hooks with thirty observations, answered over HTTP.

The server runs in a thread of this process, with a real audit log. Nobody else does the same, so it is timed alone.
"""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import uvicorn
from protocol import Benchmark
from synthetic import fitted_part, measured_model, outcome_of, patients, prognosis_model

from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import audit_places
from spinecast.audit.writer import AuditWriter
from spinecast.clinical.dictionary import variable
from spinecast.explanation.prediction import predict_patient
from spinecast.models.artifact import load_model, save_model
from spinecast.serving.app import make_app
from spinecast.serving.hospital.cards import number_of_card
from spinecast.serving.hospital.routes import Hospital
from spinecast.serving.metrics import Metrics
from spinecast.serving.served_model import ServedModel
from spinecast.serving.state import State
from spinecast.tracking.serving_versions import ServingVersion

__all__ = ["BENCHMARKS"]

PREDICTORS = ("age", "sex", "tumour_group", "albumin", "creatinine", "sodium", "heart_rate", "bilirubin")
NEWEST = {"albumin": 29.0, "creatinine": 97.0, "sodium": 134.0, "heart_rate": 96.0, "bilirubin": 12.0}
UNITS = {"albumin": "g/L", "creatinine": "umol/L", "sodium": "mmol/L", "heart_rate": "/min", "bilirubin": "umol/L"}
FAMILIES = ("elastic_net", "xgboost", "random_forest", "support_vector_machine", "neural_network")
NAME, PATIENT_ID = "synthetic_benchmark", "1288992"
OBSERVATIONS, REQUESTS = 30, 100
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


@dataclass(frozen=True)
class OneModel:
    """What a state asks of its models, without a registry to read them from."""

    served: ServedModel
    refused: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def current(self) -> Mapping[str, ServedModel]:
        return {NAME: self.served}

    def get(self, _: str) -> ServedModel:
        return self.served


@dataclass
class Running:
    """A server, and days of birth that no call before has had: an age is read to a tenth of a year."""

    root: Path
    state: State
    server: uvicorn.Server
    thread: threading.Thread
    days: Any = field(default_factory=lambda: count(1))

    def call(self) -> dict[str, Any]:
        """A call about a patient of a day of birth of their own."""
        born = (datetime(1950, 1, 1, tzinfo=UTC) + timedelta(days=37 * (next(self.days) % 300))).date().isoformat()
        patient = {"resourceType": "Patient", "id": PATIENT_ID, "gender": "female", "birthDate": born}
        prefetch: dict[str, Any] = {"patient": patient, "observations_2_days": [], "observations_30_days": []}
        rounds = OBSERVATIONS // len(NEWEST)
        for name, value in NEWEST.items():
            key = "observations_2_days" if name == "heart_rate" else "observations_30_days"
            prefetch[key] += [observation(name, value * (1 + place / 50), place) for place in range(rounds)]
        for key in ("observations_2_days", "observations_30_days"):
            entries = [{"resource": one} for one in prefetch[key]]
            prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        context = {"userId": "Practitioner/17", "patientId": PATIENT_ID}
        return {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "context": context, "prefetch": prefetch}

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the card."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.servers[0].sockets[0].getsockname()[1])
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/cds-services/{NAME}", json.dumps(body), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, said
        (card,) = said["cards"]
        return dict(card)


def observation(name: str, value: float, hours: int) -> dict[str, Any]:
    """One of thirty, with what a record system sends beside what is read."""
    unit, (code, *_) = UNITS[name], variable(name).codes
    return {
        "resourceType": "Observation",
        "id": uuid.uuid4().hex,
        "meta": {"versionId": "1", "lastUpdated": NOW.isoformat()},
        "status": "final",
        "category": [{"coding": [{"system": "http://example.org/category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": code.uri, "code": code.code, "display": code.display}], "text": name},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "encounter": {"reference": "Encounter/89284"},
        "effectiveDateTime": (NOW - timedelta(hours=hours + 1)).isoformat(),
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        "referenceRange": [{"low": {"value": 0.5 * value, "unit": unit}, "high": {"value": 2 * value, "unit": unit}}],
    }


def setup(small: bool) -> Running:
    root = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-"))
    matrix = patients(300 if small else 1500, PREDICTORS, seed=11)
    outcome = outcome_of(matrix, seed=12)
    parts = tuple(
        fitted_part(family, matrix, outcome, PREDICTORS, members=5) for family in (FAMILIES[:1] if small else FAMILIES)
    )
    save_model(measured_model(prognosis_model(parts, matrix, PREDICTORS), matrix, outcome), root / "model")
    model, identity = load_model(root / "model")
    version = ServingVersion(NAME, "1", "candidate", identity, "synthetic", "run", "", root / "model", None)
    places = audit_places({"SPINECAST_AUDIT": str(root / "audit")})
    upgrade(places)
    log = open_log(places)
    models: Any = OneModel(ServedModel(version, model, identity))
    state = State(models, log, AuditWriter(log), Metrics())
    app = make_app(state, hospital=Hospital(clock=lambda: NOW))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return Running(root, state, server, thread)


def cleanup(running: Running) -> None:
    running.server.should_exit = True
    running.thread.join(timeout=20)
    running.state.writer.close()
    shutil.rmtree(running.root)


def ours(running: Running) -> dict[str, Any]:
    return running.ask(running.call())


def agree(running: Running, ours: dict[str, Any], _: None) -> None:
    """The card's record holds the risk that the model gives without any record system."""
    number = number_of_card(running.state.log.key, ours["uuid"])
    assert number is not None
    record = running.state.log.get(number)
    assert record is not None
    assert record.body is not None
    prediction = record.body["answer"]["prediction"]
    newest = {name: {"value": value, "unit": UNITS[name]} for name, value in NEWEST.items()}
    known = {**newest, "age": prediction["given"]["age"], "sex": "female"}
    served = running.state.models.get(NAME)
    assert predict_patient(served.model, served.identity, known).risk == prediction["risk"]  # type: ignore[arg-type]


def facts(running: Running, ours: dict[str, Any], _: None) -> dict[str, float]:  # noqa: ARG001
    seconds = []
    bodies = [running.call() for _ in range(REQUESTS)]
    for body in bodies:
        began = time.perf_counter()
        running.ask(body)
        seconds.append(time.perf_counter() - began)
    return {
        "ours_median_seconds": median(seconds),
        "ours_p99_seconds": float(np.quantile(seconds, 0.99)),
        "request_bytes": float(len(json.dumps(bodies[0]))),
    }


BENCHMARKS = (
    Benchmark(
        name="hospital_card",
        peer_name="nobody",
        what=(
            f"a card by CDS Hooks from {OBSERVATIONS} prefetched observations, 5 parts of 5 fold fits, explained and "
            "recorded durably before it is sent; client and server in one process"
        ),
        setup=setup,
        ours=ours,
        peer=None,
        agree=agree,
        facts=facts,
        packages=("numpy", "pydantic", "fastapi", "uvicorn", "sqlalchemy"),
        aim={"seconds_at_most": 0.15},
        cleanup=cleanup,
    ),
)
