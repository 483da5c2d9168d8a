"""Reports without their figures, where only what they say is looked at: drawing is most of the time a report takes."""

from __future__ import annotations

import io

import pytest
from matplotlib.figure import Figure


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Make every figure an empty one until the patch is undone."""
    patch.setattr(Figure, "savefig", _save_nothing)


def _save_nothing(_: Figure, buffer: io.BytesIO, **__: object) -> None:
    buffer.write(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
