"""What a run ran on: versions, commit, platform, memory. Nothing of the person or the patients."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["arithmetic_packages", "describe_environment", "git_commit", "package_versions", "peak_memory_mb"]

# Packages whose version can change a fitted number: they belong to the identity of a run.
ARITHMETIC_PACKAGES = ("spinecast", "numpy", "scipy", "scikit-learn", "xgboost", "optuna")
# The same, for the candidates of one study that need them.
PACKAGES_OF_KINDS = {"lightgbm": "lightgbm", "catboost": "catboost", "random_survival_forest": "scikit-survival"}
REPORTED_PACKAGES = (*ARITHMETIC_PACKAGES, "pandas", "numba", "mlflow", "matplotlib", "pydantic")


def arithmetic_packages(kinds: Iterable[str]) -> tuple[str, ...]:
    """Packages whose version can change a number of a study with these kinds of candidates."""
    return (*ARITHMETIC_PACKAGES, *sorted({PACKAGES_OF_KINDS[kind] for kind in kinds if kind in PACKAGES_OF_KINDS}))


def package_versions(names: tuple[str, ...] = REPORTED_PACKAGES) -> dict[str, str]:
    """Installed versions; XGBoost counts under one name whichever of its two wheels is installed."""
    found = {}
    for name in names:
        for distribution in (name, "xgboost-cpu") if name == "xgboost" else (name,):
            try:
                found[name] = version(distribution)
                break
            except PackageNotFoundError:
                found[name] = "not installed"
    return found


def git_commit(folder: Path) -> str | None:
    """Commit of the repository a folder lies in, with ``+changes`` when files differ from it; None outside one."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return f"{commit}+changes" if _git(folder, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def describe_environment(folder: Path) -> dict[str, Any]:
    """Python, packages, commit and platform for the run record."""
    return {
        "python": platform.python_version(),
        "packages": package_versions(),
        "git_commit": git_commit(folder),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2


def _git(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return answer.stdout.strip()
