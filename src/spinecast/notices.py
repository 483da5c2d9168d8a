"""What every surface says: what this is for, and whether its patients exist."""

from __future__ import annotations

__all__ = ["RESEARCH_USE", "SYNTHETIC"]

RESEARCH_USE = "Research use only. Not for decisions about the care of a person."
SYNTHETIC = "SYNTHETIC COHORT: no real patients."
