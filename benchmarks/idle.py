"""Wait for a quiet machine: a time measured among other work says little, and how quiet it was belongs to it."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["busy_share", "wait_until_idle"]

STAT = Path("/proc/stat")
QUIET = 0.10  # share of all processors that others may use
LOOK_SECONDS = 0.5


def busy_share() -> float | None:
    """Share of all processors in use while we sleep for a moment; None where the system does not tell."""
    if not STAT.exists():
        return None
    idle, total = _ticks()
    time.sleep(LOOK_SECONDS)
    idle_after, total_after = _ticks()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def wait_until_idle(longest: float) -> float | None:
    """Wait until others use less than a tenth of the processors, or for so many seconds.

    Returns
    -------
    float or None
        The share in use when the waiting ended.
    """
    end = time.perf_counter() + longest
    share = busy_share()
    while share is not None and share > QUIET and time.perf_counter() < end:
        share = busy_share()
    return share


def _ticks() -> tuple[int, int]:
    """Ticks of all processors since start: idle or waiting for a disk (fields 4 and 5, proc_stat(5)), and in all."""
    fields = [int(value) for value in STAT.read_text().splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)
