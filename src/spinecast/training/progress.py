"""Progress of long work, with the time that remains."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["say", "watched"]

LOOK_EVERY_SECONDS = 1.0
PLAIN_LINE_EVERY_SECONDS = 15.0


def say(text: str) -> None:
    """Write one line for the person who waits; results go to standard output, this does not."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def watched(what: str, total: int, count_done: Callable[[], int]) -> Iterator[None]:
    """Show progress while the block runs: a bar on a terminal, a plain line now and then elsewhere.

    Parameters
    ----------
    what : str
        What is counted.
    total : int
        When it is done.
    count_done : callable
        How many are done; called from a thread of its own.
    """
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(what, total, count_done, stop), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def _watch(what: str, total: int, count_done: Callable[[], int], stop: threading.Event) -> None:
    live = sys.stderr.isatty()
    began, at_start = time.monotonic(), count_done()
    last_line = began
    while not stop.wait(LOOK_EVERY_SECONDS):
        done, now = count_done(), time.monotonic()
        text = _line(what, done, total, now - began, done - at_start)
        if live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif now - last_line >= PLAIN_LINE_EVERY_SECONDS:
            say(text)
            last_line = now
    if live:
        sys.stderr.write("\r\x1b[K")
    say(_line(what, count_done(), total, time.monotonic() - began, count_done() - at_start))


def _line(what: str, done: int, total: int, elapsed: float, fresh: int) -> str:
    share = done / total if total else 1.0
    line = f"{what}: {done} of {total} ({share:.0%}) after {_duration(elapsed)}"
    if fresh and done < total:
        line += f", about {_duration(elapsed / fresh * (total - done))} left"
    return line


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
