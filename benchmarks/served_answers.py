"""One patient a request: `spinecast serve` beside `mlflow models serve` of the same model, both on this machine.

Ours answers with risk, limits, contributions, published scores and the number of a record that is on the disk; MLflow's
server with risk and limits, or, in the rows that say so, with contributions too: by the shap package, as its users
explain, or by our own code. It records nothing.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas
from protocol import Benchmark, other_peoples_warnings_ignored
from synthetic import fitted_part, measured_model, outcome_of, patients, prognosis_model

from spinecast.cohorts.patient import patient_row
from spinecast.explanation.contributions import explain
from spinecast.explanation.prediction import predict_patient
from spinecast.models.artifact import load_model, save_model
from spinecast.tracking.pyfunc import signature
from spinecast.tracking.store import quiet_mlflow

__all__ = ["BENCHMARKS"]

PREDICTORS = ("age", "sex", "tumour_group", "albumin", "creatinine", "sodium", "heart_rate", "bilirubin")
PATIENT = {"sex": "female", "tumour_group": "lung", "albumin": 2.9, "sodium": 134.0, "heart_rate": 96.0}
NAME = "synthetic_benchmark"
TWO = ("elastic_net", "xgboost")
FIVE = (*TWO, "random_forest", "support_vector_machine", "neural_network")
REQUESTS, ROUNDS, CLIENTS = 40, 3, 4
Risk = tuple[float, float, float]
PEERS = Path(__file__).with_name("peers")
sys.path.append(str(PEERS))  # modules that MLflow loads a model by


@dataclass
class Servers:
    """Both sides: each asks of a patient of an age of their own, so that nobody is answered from memory."""

    root: Path
    ask_ours: Callable[[float], Risk]
    ask_peer: Callable[[float], Risk]
    started: dict[str, float] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    ours_port: int = 0
    ages: Any = field(default_factory=lambda: count(1))

    def age(self) -> float:
        """One nobody was asked about yet."""
        return 40 + next(self.ages) % 4000 / 100


def setup(small: bool, families: tuple[str, ...], loader: str) -> Servers:
    root = Path(tempfile.mkdtemp(prefix="spinecast-benchmark-"))
    matrix = patients(300 if small else 1500, PREDICTORS, seed=11)
    outcome = outcome_of(matrix, seed=12)
    rounds = {"xgboost": {"rounds": 30 if small else 150}}
    parts = tuple(
        fitted_part(family, matrix, outcome, PREDICTORS, members=5, **rounds.get(family, {}))
        for family in (TWO if small else families)
    )
    # With what a training measures: without it every answer would score the model anew for each missing input.
    model = measured_model(prognosis_model(parts, matrix, PREDICTORS), matrix, outcome)
    identity = save_model(model, root / "model")
    return _in_this_process(root, loader) if small else _in_theirs(root, identity, loader)


def _in_this_process(root: Path, loader: str) -> Servers:
    """For tests: the same models and answers, without servers."""
    model, identity = load_model(root / "model")
    served = import_module(loader)._load_pyfunc(str(root / "model"))

    def ask_ours(age: float) -> Risk:
        found = predict_patient(model, identity, {"age": age, **PATIENT})
        return found.risk, found.lower, found.upper

    def ask_peer(age: float) -> Risk:
        row = served.predict(pandas.DataFrame([{"age": age, **PATIENT}])).iloc[0]
        return float(row["risk"]), float(row["lower"]), float(row["upper"])

    return Servers(root, ask_ours, ask_peer)


def _in_theirs(root: Path, identity: str, loader: str) -> Servers:
    registered = _register(root, identity, loader)
    environment = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
        "SPINECAST_STORE": str(root),
        "SPINECAST_AUDIT": str(root / "audit"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(PEERS), os.environ.get("PYTHONPATH", "")]),
    }
    ours_port, peer_port = _free_port(), _free_port()
    ask_ours = partial(_ask_ours, Door(ours_port, f"/api/v1/models/{NAME}/predict"))
    ask_peer = partial(_ask_peer, Door(peer_port, "/invocations"))
    servers = Servers(root, ask_ours, ask_peer, ours_port=ours_port)
    commands = {
        "ours": [sys.executable, "-m", "spinecast", "serve", "--port", str(ours_port)],
        "peer": ["mlflow", "models", "serve", "-m", registered, "-p", str(peer_port), "--env-manager", "local"],
    }
    try:
        for side, ask in (("ours", ask_ours), ("peer", ask_peer)):
            began = time.perf_counter()
            servers.processes[side] = _started(root / f"{side}.log", environment, commands[side])
            _wait_for_answer(servers.processes[side], ask, root / f"{side}.log")
            servers.started[f"{side}_start_seconds"] = time.perf_counter() - began
    except BaseException:
        cleanup(servers)
        raise
    return servers


def _register(root: Path, identity: str, loader: str) -> str:
    with other_peoples_warnings_ignored():
        mlflow = quiet_mlflow()
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(f"sqlite:///{root / 'mlflow.db'}")
        try:
            experiment = mlflow.create_experiment("benchmark", artifact_location=(root / "artifacts").as_uri())
            with mlflow.start_run(experiment_id=experiment):
                logged = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module=loader,
                    data_path=str(root / "model"),
                    signature=signature(PREDICTORS),
                    pip_requirements=["spinecast"],
                    registered_model_name=NAME,
                )
            client = mlflow.MlflowClient()
            client.set_model_version_tag(NAME, "1", "spinecast.model_identity", identity)
            client.set_registered_model_alias(NAME, "candidate", "1")
            return str(mlflow.artifacts.download_artifacts(logged.model_uri))
        finally:
            mlflow.set_tracking_uri(before)


def _started(log: Path, environment: Mapping[str, str], command: list[str]) -> subprocess.Popen[str]:
    """Start a server in a process group of its own."""
    with log.open("w") as said:
        return subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=said, stderr=said, text=True, start_new_session=True
        )


def _wait_for_answer(process: subprocess.Popen[str], ask: Callable[[float], Risk], log: Path) -> None:
    """Ask until it answers."""
    began = time.perf_counter()
    while time.perf_counter() - began < 180:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            ask(50.0)
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server gave no answer: {log.read_text()[-2000:]}")


def cleanup(servers: Servers) -> None:
    for process in servers.processes.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    shutil.rmtree(servers.root)


def ours(servers: Servers) -> Risk:
    return servers.ask_ours(servers.age())


def peer(servers: Servers) -> Risk:
    return servers.ask_peer(servers.age())


def agree(servers: Servers, ours: Risk, peer: Risk) -> None:
    assert 0 < ours[1] < ours[0] < ours[2] < 1
    assert peer[0] != ours[0]  # of another patient
    age = servers.age()
    assert servers.ask_ours(age) == servers.ask_peer(age)


def facts(servers: Servers, ours: Risk, peer: Risk) -> dict[str, float]:  # noqa: ARG001
    """Start, memory, latencies of one client in turn, throughput of several, and where our time goes."""
    if not servers.processes:
        return {}
    sides = {"ours": servers.ask_ours, "peer": servers.ask_peer}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    rates: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, ask in sides.items():
            seconds[side] += [_timed(ask, servers.age()) for _ in range(REQUESTS)]
            rates[side].append(_rate(ask, [servers.age() for _ in range(REQUESTS)]))
    found: dict[str, float] = dict(servers.started)
    for side, process in servers.processes.items():
        found |= {
            f"{side}_median_seconds": median(seconds[side]),
            f"{side}_p99_seconds": float(np.quantile(seconds[side], 0.99)),
            f"{side}_requests_a_second": median(rates[side]),
            f"{side}_resident_bytes": _resident_bytes(process.pid),
        }
    found["throughput_ratio"] = found["ours_requests_a_second"] / found["peer_requests_a_second"]
    found["ours_p99_over_median"] = found["ours_p99_seconds"] / found["ours_median_seconds"]
    return found | _split(servers)


def _timed(ask: Callable[[float], Risk], age: float) -> float:
    began = time.perf_counter()
    ask(age)
    return time.perf_counter() - began


def _rate(ask: Callable[[float], Risk], ages: list[float]) -> float:
    """Answers a second to several clients at once."""

    def run(own: list[float]) -> None:
        for age in own:
            ask(age)

    threads = [threading.Thread(target=run, args=(ages[start::CLIENTS],)) for start in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(ages) / (time.perf_counter() - began)


def _split(servers: Servers) -> dict[str, float]:
    """Seconds of an answer's stages: of the answer in this process, of the record as the server measured it.

    Explaining scores the patient in the same walks, and may take less than scoring alone: no part of it is only one of
    the two. Scoring alone stands beside it.
    """
    model, identity = load_model(servers.root / "model")
    given = {"age": 50.0, **PATIENT}
    row, _ = patient_row(given, model.predictors)
    stages: dict[str, Callable[[], Any]] = {
        "validate": lambda: patient_row(given, model.predictors),
        "predict": lambda: model.interval(row),
        "explain": lambda: model.limits(explain(model, row).member_log_odds, row),
        "whole": lambda: predict_patient(model, identity, given),
    }
    taken = np.array([[_timed(lambda _: act(), 0.0) for act in stages.values()] for _ in range(REQUESTS + 10)])[10:]  # noqa: B023
    seconds = dict(zip(stages, taken.T, strict=True))
    before = _server_seconds(servers)
    for _ in range(REQUESTS):
        servers.ask_ours(servers.age())
    after = _server_seconds(servers)
    return {
        "split_validate_seconds": float(np.median(seconds["validate"])),
        "split_predict_alone_seconds": float(np.median(seconds["predict"])),
        "split_predict_and_explain_seconds": float(np.median(seconds["explain"])),
        "split_words_and_standing_seconds": float(
            np.median(seconds["whole"] - seconds["explain"] - seconds["validate"])
        ),
        "server_answer_mean_seconds": (after["answer"] - before["answer"]) / REQUESTS,
        "server_record_mean_seconds": (after["record"] - before["record"]) / REQUESTS,
    }


def _server_seconds(servers: Servers) -> dict[str, float]:
    """Seconds our server says it has spent so far on answers and on records."""
    connection = http.client.HTTPConnection("127.0.0.1", servers.ours_port)
    connection.request("GET", "/api/v1/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    measured = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if not line.startswith("#")}
    return {name: measured[f'spinecast_stage_seconds_sum{{stage="{name}"}}'] for name in ("answer", "record")}


def _resident_bytes(group: int) -> int:
    """Memory of all processes of a group, in bytes; 0 where the system does not tell."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if os.getpgid(int(status.parent.name)) == group:
                held = next((line for line in status.read_text().splitlines() if line.startswith("VmRSS:")), "x 0")
                total += int(held.split()[1]) * 1024
        except (OSError, ProcessLookupError):  # it has ended meanwhile
            continue
    return total


class Door:
    """A server at a port, with a connection that stays open for each thread.

    Parameters
    ----------
    port : int
    path : str
    """

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path = port, path
        self._kept = threading.local()

    def post(self, body: object) -> Any:
        """Ask, and return the answer's JSON."""
        if not hasattr(self._kept, "connection"):
            self._kept.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            status, content = self._exchange(json.dumps(body))
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            status, content = self._exchange(json.dumps(body))  # a server ends what was quiet for some seconds
        if status != 200:
            raise RuntimeError(f"{self.path} answered {status}: {content[:500]!r}")
        return json.loads(content)

    def _exchange(self, text: str) -> tuple[int, bytes]:
        connection = self._kept.connection
        try:
            connection.request("POST", self.path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # opened again by the next request
            raise


def _ask_ours(door: Door, age: float) -> Risk:
    found = door.post({"inputs": {"age": age, **PATIENT}})
    assert found["audit_id"]
    assert found["prediction"]["contributions"]
    return tuple(found["prediction"][name] for name in ("risk", "lower", "upper"))  # type: ignore[return-value]


def _ask_peer(door: Door, age: float) -> Risk:
    found = door.post({"dataframe_records": [{"age": age, **PATIENT}]})["predictions"][0]
    return tuple(found[name] for name in ("risk", "lower", "upper"))  # type: ignore[return-value]


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


# What the peer answers with, and the loader module that makes it.
RISK_ALONE = ("risk and limits", "spinecast.tracking.pyfunc")
BY_SHAP = ("risk and limits, and contributions by the shap package", "shap_explaining_model")
BY_OUR_CODE = ("risk and limits, and contributions by our code", "explaining_model")

BENCHMARKS = tuple(
    Benchmark(
        name=f"serving_{label}",
        peer_name=f"mlflow models serve, {words}",
        what=(
            f"one patient a request, {len(families)} parts of 5 fold fits; ours explained, beside published scores, "
            "and recorded durably before it is sent"
        ),
        setup=partial(setup, families=families, loader=loader),
        ours=ours,
        peer=peer,
        agree=agree,
        facts=facts,
        packages=("numpy", "xgboost", "numba", "shap", "fastapi", "uvicorn", "sqlalchemy", "mlflow"),
        aim={"ratio_at_least": 5},
        cleanup=cleanup,
    )
    for label, families, (words, loader) in (
        ("two_parts", TWO, RISK_ALONE),
        ("two_parts_shap", TWO, BY_SHAP),
        ("five_parts", FIVE, RISK_ALONE),
        ("five_parts_shap", FIVE, BY_SHAP),
        ("five_parts_explained", FIVE, BY_OUR_CODE),
    )
)
