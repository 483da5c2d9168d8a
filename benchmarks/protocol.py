"""What every benchmark is: two ways to the same answer, checked to agree before either is timed."""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

__all__ = ["Benchmark", "Checked", "Timing", "checked", "other_peoples_warnings_ignored", "time_side_by_side"]

# A single call shorter than this is repeated inside one timing: the clock and the cache are noise below it.
SHORTEST_TIMING_SECONDS = 0.05


@dataclass(frozen=True)
class Benchmark:
    """One row: our way and a peer's way to the same answer.

    Parameters
    ----------
    name : str
        Unique among all benchmarks.
    peer_name : str
        What we are beside, as a person would name it.
    what : str
        What both do, with its size, and what one does that the other does not.
    setup : callable
        ``setup(small) -> data``; ``small`` is for tests. Never timed.
    ours, peer : callable
        ``ours(data) -> answer``.
    agree : callable
        ``agree(data, ours_answer, peer_answer)`` raises AssertionError unless the answers agree.
    facts : callable, optional
        ``facts(data, ours_answer, peer_answer) -> {name: number}``: what is compared besides time.
    clock : {"wall", "children"}
        Wall time, or the processor time of child processes (for what starts a process).
    packages : tuple of str
        Distributions whose versions belong to the result.
    cleanup : callable, optional
        ``cleanup(data)`` removes what setup left on disk.
    repeats : int
        Alternating runs unless the command line says otherwise; fewer where one run takes seconds.
    """

    name: str
    peer_name: str
    what: str
    setup: Callable[[bool], Any]
    ours: Callable[[Any], Any]
    peer: Callable[[Any], Any]
    agree: Callable[[Any, Any, Any], None]
    facts: Callable[[Any, Any, Any], Mapping[str, float]] | None = None
    clock: Literal["wall", "children"] = "wall"
    packages: tuple[str, ...] = ("numpy",)
    cleanup: Callable[[Any], None] | None = None
    repeats: int = 11


@dataclass(frozen=True)
class Timing:
    """Seconds a call over alternating runs, ours first.

    Parameters
    ----------
    ours, peer : tuple of float
        One entry a run; run ``k`` of both stood side by side in time.
    """

    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of the peer over our median: above 1, ours is faster."""
        return median(self.peer) / median(self.ours)

    @property
    def ratio_range(self) -> tuple[float, float]:
        """Smallest and largest ratio of two neighbouring runs: how far to trust the ratio."""
        pairs = [peer / ours for ours, peer in zip(self.ours, self.peer, strict=True)]
        return min(pairs), max(pairs)


@dataclass(frozen=True)
class Checked:
    """A benchmark whose two answers agree.

    Parameters
    ----------
    data : object
    facts : mapping of str to number
        What is compared besides time.
    calls : (int, int)
        How many of our calls and of the peer's fill one timing.
    """

    data: Any
    facts: Mapping[str, float]
    calls: tuple[int, int]


@contextmanager
def checked(benchmark: Benchmark, *, small: bool = False) -> Iterator[Checked]:
    """Answer once in both ways, compare, and hold the data for timing.

    Raises
    ------
    AssertionError
        If the answers do not agree: then there is nothing to time.
    """
    data = benchmark.setup(small)
    try:
        yield _check(benchmark, data)
    finally:
        if benchmark.cleanup:
            benchmark.cleanup(data)


@contextmanager
def other_peoples_warnings_ignored() -> Iterator[None]:
    """Let libraries warn of themselves while they are imported; it is not about what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check(benchmark: Benchmark, data: Any) -> Checked:
    clock = _clock(benchmark)
    answers, calls = [], []
    for side in (benchmark.ours, benchmark.peer):
        began = clock()
        answers.append(side(data))
        once = clock() - began
        if once < 10 * SHORTEST_TIMING_SECONDS:  # the first call of a short one also paid for imports and caches
            began = clock()
            side(data)
            once = clock() - began
        calls.append(max(1, round(SHORTEST_TIMING_SECONDS / max(once, 1e-7))))
    ours, peer = answers
    benchmark.agree(data, ours, peer)
    facts = benchmark.facts(data, ours, peer) if benchmark.facts else {}
    return Checked(data=data, facts=facts, calls=(calls[0], calls[1]))


def time_side_by_side(benchmark: Benchmark, ready: Checked, repeats: int) -> Timing:
    """Time A B A B: a slow minute of the machine falls on both."""
    clock = _clock(benchmark)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, count, taken in zip((benchmark.ours, benchmark.peer), ready.calls, seconds, strict=True):
            began = clock()
            for _ in range(count):
                side(ready.data)
            taken.append((clock() - began) / count)
    return Timing(ours=tuple(seconds[0]), peer=tuple(seconds[1]))


def _clock(benchmark: Benchmark) -> Callable[[], float]:
    return _children_seconds if benchmark.clock == "children" else time.perf_counter


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
