"""What a person waits for before anything happens: our help beside importing MLflow."""

from __future__ import annotations

import os
import subprocess
import sys

from protocol import Benchmark

__all__ = ["BENCHMARKS"]

# Processor time of both is counted; MLflow sends nothing home meanwhile.
ENVIRONMENT = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def setup(small: bool) -> None:  # noqa: ARG001 - there is nothing to make smaller
    return None


def ours(_: None) -> str:
    return _printed("-m", "spinecast", "--help")


def peer(_: None) -> str:
    return _printed("-c", "import mlflow; print(mlflow.__version__)")


def agree(_: None, ours: str, peer: str) -> None:
    # Nothing to compare but that both did what they are timed for.
    assert "Usage:" in ours
    assert peer.strip()[:1].isdigit()


def _printed(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout


BENCHMARKS = (
    Benchmark(
        name="import_help",
        peer_name='python -c "import mlflow"',
        what="processor seconds of `spinecast --help`",
        setup=setup,
        ours=ours,
        peer=peer,
        agree=agree,
        clock="children",
        packages=("typer", "mlflow"),
        repeats=3,
    ),
)
