"""How often somebody may ask: counted in this process, by account, key or address."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from spinecast.serving.problems import Problem

__all__ = ["Rates"]

# Of one address: answers that somebody was not let in, and sign-in pages. A browser needs a handful.
_STRANGERS = 120


class Rates:
    """Counters of one server.

    Parameters
    ----------
    per_minute : int
        Requests of one account, or of one key.
    strangers : int
        Requests a minute of one address from which nobody is known.
    """

    def __init__(self, per_minute: int, strangers: int = _STRANGERS) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._known = RateLimitItemPerMinute(per_minute)
        self._strangers = RateLimitItemPerMinute(strangers)

    def count(self, who: str) -> None:
        """Count a request of somebody who is known.

        Raises
        ------
        Problem
            429, with the seconds to wait, if there were too many.
        """
        self._hit(self._known, "known", who)

    def count_stranger(self, address: str) -> None:
        """Count a request of somebody who is not.

        Raises
        ------
        Problem
            As :meth:`count`.
        """
        self._hit(self._strangers, "stranger", address)

    def _hit(self, limit: RateLimitItemPerMinute, kind: str, who: str) -> None:
        if self._limiter.hit(limit, kind, who):
            return
        stats = self._limiter.get_window_stats(limit, kind, who)
        wait = str(max(1, math.ceil(stats.reset_time - time.time())))
        raise Problem(
            429, "too-many-requests", f"more than {limit.amount} requests in a minute", headers={"Retry-After": wait}
        )
