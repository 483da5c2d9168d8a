"""Where fetched artifacts lie: MLflow copies them to folders that it never clears away."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

__all__ = ["folder_for_fetched"]


def folder_for_fetched() -> Path:
    """Return a new empty folder, which goes when this process ends."""
    return Path(tempfile.mkdtemp(dir=_all_of_this_process().name))


@cache
def _all_of_this_process() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="spinecast-fetched-")
