"""Worker processes that live no longer than the run they work for."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import TypeVar

__all__ = ["dismiss_workers", "live_only_with", "side_by_side"]

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_LOOK_EVERY_SECONDS = 0.5


def side_by_side(work: Callable[[Task], Answer], tasks: Iterable[Task], workers: int) -> list[Answer]:
    """Do tasks in so many processes and return their answers in the tasks' order; 1 works in this process."""
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=workers, backend="loky", batch_size=1, pre_dispatch="all")
    bound = partial(_bound, work, os.getpid())
    answers: list[Answer] = parallel(delayed(bound)(task) for task in tasks)
    return answers


def _bound(work: Callable[[Task], Answer], owner: int, task: Task) -> Answer:
    live_only_with(owner)
    return work(task)


@cache
def live_only_with(owner: int) -> None:
    """Tie this process, once, to the run that started it.

    A run that is killed cannot end its workers. Left alone they would finish their units into the journals that the
    next run reads, and keep their memory for minutes; so each looks whether its parent is still there.

    Parameters
    ----------
    owner : int
        Process id of the run. The run's own process may call this too: it then does nothing.
    """
    if os.getpid() == owner:
        return
    # Ctrl-C reaches every process of the terminal; the run's own process answers it and ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(owner,), daemon=True).start()


def _watch(owner: int) -> None:
    while os.getppid() == owner:
        time.sleep(_LOOK_EVERY_SECONDS)
    os._exit(1)


def dismiss_workers() -> None:
    """End the worker processes: joblib would keep them, and their memory, for five minutes."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
