"""Runs of made-up patients for tests of comparisons."""

from __future__ import annotations

import numpy as np

from spinecast.validation.comparison.pairing import RunRisks
from spinecast.validation.evaluation import CohortIdentity

COHORT = CohortIdentity("a cohort", "real", "f" * 64)
OTHER = CohortIdentity("another cohort", "real", "0" * 64)


def made_run(
    name: str = "one",
    *,
    count: int = 120,
    seed: int = 1,
    noise: float = 0.5,
    first: int = 0,
    day: float | None = 90,
    cohort: CohortIdentity = COHORT,
    timed: bool = False,
    censored: bool = False,
) -> RunRisks:
    """Draw risks whose outcomes depend on the seed alone; ``noise`` is what this run gets wrong about them."""
    generator = np.random.default_rng(seed)
    lean = generator.normal(-0.3, 1.2, count)
    true = 1 / (1 + np.exp(-lean))
    outcome = (generator.random(count) < true).astype(float)
    time = np.where(outcome == 1, generator.uniform(1, 90, count), generator.uniform(91, 400, count)).round()
    cause = outcome.copy()
    if censored:
        early = generator.random(count) < 0.15
        time, cause = np.where(early, np.minimum(time, 40), time), np.where(early, 0.0, cause)
        outcome = np.where(early & (time < 90), np.nan, outcome)
    wrong = np.random.default_rng(sum(map(ord, name))).normal(0, noise, count)
    return RunRisks(
        name=name,
        label=name.capitalize(),
        patients=np.array([f"P{number:04d}" for number in range(first, first + count)], dtype=object),
        risk=1 / (1 + np.exp(-(lean + wrong))),
        outcome=outcome,
        fold=(np.arange(count) % 5 + 1).astype(np.int64),
        event="death",
        cohort=cohort,
        day=day,
        time=time if timed else None,
        cause=cause if timed else None,
    )
