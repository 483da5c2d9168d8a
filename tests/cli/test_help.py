from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = ("pandas", "numpy", "scipy", "sklearn", "xgboost", "numba", "mlflow", "optuna", "matplotlib", "pydantic")


def test_help_takes_less_than_three_tenths_of_a_second_of_processor_time() -> None:
    def processor_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "spinecast", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)

    assert min(processor_seconds() for _ in range(3)) < 0.3


@pytest.mark.parametrize("command", ["import spinecast", "from spinecast.cli import app"])
def test_nothing_heavy_is_imported_before_a_command_runs(command: str) -> None:
    code = f"import sys; {command}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [[], ["train"], ["predict"], ["report"], ["models"], ["study"], ["study", "check"]])
def test_every_command_says_what_it_does(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spinecast", *command, "--help"], check=True, capture_output=True, text=True
    )
    assert "Usage: " in done.stdout
