"""What every benchmark is: two ways to the same answer, checked to agree before either is timed on a quiet machine."""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from idle import wait_until_idle

__all__ = ["Benchmark", "Checked", "Timing", "checked", "other_peoples_warnings_ignored", "time_side_by_side"]

# A single call shorter than this is repeated inside one timing: the clock and the cache are noise below it.
SHORTEST_TIMING_SECONDS = 0.05
# All pairs of runs of a row together wait so long for the machine to be quiet; then they run among what else there is.
LONGEST_WAIT_SECONDS = 60.0


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
        ``ours(data) -> answer``. The peer is None where nobody else does the same: then ours is timed alone.
    agree : callable
        ``agree(data, ours_answer, peer_answer)`` raises AssertionError unless the answers agree; without a peer, unless
        ours is what it should be.
    facts : callable, optional
        ``facts(data, ours_answer, peer_answer) -> {name: number}``: what is compared besides time.
    clock : {"wall", "process", "children"}
        Wall time; the processor time of this process (for what is timed alone, so that no ratio takes other work out of
        it); or that of child processes (for what starts them).
    packages : tuple of str
        Distributions whose versions belong to the result.
    missing : callable
        ``missing() -> str or None``: why the peer cannot be run here and what brings it. Then the row is absent.
    peer_versions : callable, optional
        ``peer_versions(data, peer_answer) -> {name: version}`` of a peer that is no package of this Python.
    aim : mapping of str to number
        What the project has set out to reach: ``ratio_at_least``, ``seconds_at_most``, ``peak_bytes_at_most`` (of the
        fact ``ours_peak_bytes``). Shown beside what was reached; missing it is no error.
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
    peer: Callable[[Any], Any] | None
    agree: Callable[[Any, Any, Any], None]
    facts: Callable[[Any, Any, Any], Mapping[str, float]] | None = None
    clock: Literal["wall", "process", "children"] = "wall"
    packages: tuple[str, ...] = ("numpy",)
    missing: Callable[[], str | None] = lambda: None
    peer_versions: Callable[[Any, Any], Mapping[str, str]] | None = None
    aim: Mapping[str, float] = field(default_factory=dict)
    cleanup: Callable[[Any], None] | None = None
    repeats: int = 11


@dataclass(frozen=True)
class Timing:
    """Seconds a call over alternating runs, ours first.

    Parameters
    ----------
    ours, peer : tuple of float
        One entry a run; run ``k`` of both stood side by side in time.
    busy : tuple of float
        Share of the processors that others used before each pair of runs; empty where the system does not tell.
    """

    ours: tuple[float, ...]
    peer: tuple[float, ...]
    busy: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Median of the peer over our median: above 1, ours is faster. None without a peer."""
        return median(self.peer) / median(self.ours) if self.peer else None

    @property
    def ratio_range(self) -> tuple[float, float] | None:
        """Smallest and largest ratio of two neighbouring runs: how far to trust the ratio."""
        if not self.peer:
            return None
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
    calls : tuple of int
        How many of our calls and of the peer's fill one timing.
    peer_versions : mapping of str to str
        Of a peer that is no package of this Python.
    """

    data: Any
    facts: Mapping[str, float]
    calls: tuple[int, ...]
    peer_versions: Mapping[str, str]


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
    for side in _sides(benchmark):
        began = clock()
        answers.append(side(data))
        once = clock() - began
        if once < 10 * SHORTEST_TIMING_SECONDS:  # the first call of a short one also paid for imports and caches
            began = clock()
            side(data)
            once = clock() - began
        calls.append(max(1, round(SHORTEST_TIMING_SECONDS / max(once, 1e-7))))
    ours, peer = answers[0], answers[1] if len(answers) > 1 else None
    benchmark.agree(data, ours, peer)
    facts = benchmark.facts(data, ours, peer) if benchmark.facts else {}
    versions = benchmark.peer_versions(data, peer) if benchmark.peer_versions else {}
    return Checked(data=data, facts=facts, calls=tuple(calls), peer_versions=versions)


def _sides(benchmark: Benchmark) -> tuple[Callable[[Any], Any], ...]:
    return (benchmark.ours,) if benchmark.peer is None else (benchmark.ours, benchmark.peer)


def time_side_by_side(benchmark: Benchmark, ready: Checked, repeats: int, *, patience: float = 0.0) -> Timing:
    """Time A B A B, each pair once the machine is quiet: what is left of a slow minute falls on both.

    Parameters
    ----------
    benchmark : Benchmark
    ready : Checked
    repeats : int
        Pairs of runs.
    patience : float
        Seconds that all pairs together may wait for a quiet machine; 0 not to look.
    """
    clock = _clock(benchmark)
    seconds: tuple[list[float], list[float]] = ([], [])
    busy: list[float] = []
    left = patience
    for _ in range(repeats):
        if patience:
            began = time.perf_counter()
            share = wait_until_idle(left)
            left = max(0.0, left - (time.perf_counter() - began))
            busy += [] if share is None else [share]
        for side, count, taken in zip(_sides(benchmark), ready.calls, seconds, strict=False):
            began = clock()
            for _ in range(count):
                side(ready.data)
            taken.append((clock() - began) / count)
    return Timing(ours=tuple(seconds[0]), peer=tuple(seconds[1]), busy=tuple(busy))


def _clock(benchmark: Benchmark) -> Callable[[], float]:
    clocks = {"wall": time.perf_counter, "process": time.process_time, "children": _children_seconds}
    return clocks[benchmark.clock]


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
