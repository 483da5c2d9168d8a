"""One seed in the study, a separate stream for each thing that draws."""

from __future__ import annotations

import hashlib

__all__ = ["derive_seed"]


def derive_seed(base: int, *names: str | int) -> int:
    """Derive the seed of one named use from the study's seed.

    The names, not the order of calls, decide, so the number of workers and a resumed run change nothing.

    Parameters
    ----------
    base : int
        The study's seed.
    *names : str or int
        What the stream is for, for instance ``"fold 1", "xgboost", 12``.

    Returns
    -------
    int
        In [0, 2**32).
    """
    text = "\x1f".join(str(part) for part in (base, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
