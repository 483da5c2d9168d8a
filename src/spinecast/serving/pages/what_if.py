"""Which fields a what-if may change (docs/decisions/0035)."""

from __future__ import annotations

from collections.abc import Iterable

from spinecast.clinical.actionable import ACTIONABLE
from spinecast.serving.pages.fields import Field

__all__ = ["actionable"]


def actionable(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return those fields that a what-if may change."""
    return tuple(one for one in fields if one.name in ACTIONABLE)
