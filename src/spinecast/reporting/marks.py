"""What every section of a report on made-up patients is marked with."""

from __future__ import annotations

from spinecast.notices import SYNTHETIC
from spinecast.reporting.document import Banner

__all__ = ["SYNTHETIC_MARK"]

SYNTHETIC_MARK = Banner(SYNTHETIC, "Nothing in this section is evidence about patients.")
