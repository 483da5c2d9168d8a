"""What a server does not wait for at its start: tables, fits and rates, of which some models and settings need none."""

from __future__ import annotations

import subprocess
import sys

LATER = ("pandas", "scipy.stats", "scipy.optimize", "scipy.sparse", "sklearn", "xgboost", "numba", "mlflow", "optuna")
WITH_SIGN_IN = ("limits", "authlib")


def test_what_takes_long_to_load_is_loaded_when_it_is_used() -> None:
    code = (
        f"import sys; import spinecast.serving.server; print([m for m in {LATER + WITH_SIGN_IN!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
