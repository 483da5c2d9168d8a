"""Runs side by side: whose patients may be paired, and what can be said of the risks they were given."""

from __future__ import annotations
