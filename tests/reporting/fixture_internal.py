"""The internal validation of the test fixture: computed from seeded random risks. TEST FIXTURE: nobody's data."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from spinecast.statistics import Absent
from spinecast.validation.internal import (
    Drawn,
    InternalValidation,
    SitePredictions,
    instability,
    learning_curve,
    validate_by_bootstrap,
    validate_by_site,
    validate_repeatedly,
)
from spinecast.validation.predictions import Basis, Predictions

SETTINGS = {"bootstrap": 20, "seed": 1}


def make_internal(n: int = 600, models: int = 12) -> dict[str, Any]:
    generator = np.random.default_rng(20261125)
    odds = generator.normal(-0.2, 1.1, n)
    outcome = (generator.random(n) < expit(odds)).astype(float)

    def noisy(spread: float, basis: Basis, members: np.ndarray | None = None) -> Predictions:
        rows = np.arange(n) if members is None else members
        return Predictions(expit(odds + generator.normal(0, spread, n))[rows], outcome[rows], None, None, basis)

    apparent = noisy(0.2, "apparent")
    drawn = [Drawn(generator.integers(0, n, n), noisy(0.5, "apparent").risk) for _ in range(models)]
    repeats = [noisy(0.6, "out-of-fold") for _ in range(3)]
    sites = [
        SitePredictions(f"Hospital {name}", noisy(0.7, "internal-external", np.arange(n)[place::6]))
        for place, name in enumerate("ABCDEF")
    ]
    sites.append(SitePredictions("Hospital G", Absent("fewer than 10 events, or fewer than 10 patients without one")))
    shares = {
        0.1: (48.0, 22.0, Absent("in share 0.1 repeat 1 fold 1, 2 training patients of the rarer outcome are few")),
        **{share: (480 * share, 216 * share, [noisy(1.2 - share, "out-of-fold")]) for share in (0.25, 0.5, 1.0)},
    }
    return InternalValidation(
        bootstrap=validate_by_bootstrap(apparent, drawn, tuning="fixed", **SETTINGS),
        repeated_cross_validation=validate_repeatedly(repeats, folds=5, tuning="repeated", **SETTINGS),
        internal_external=validate_by_site(sites, by="site", label="Site", tuning="fixed", **SETTINGS),
        learning_curve=learning_curve(shares, repeats=1, folds=5, tuning="fixed", **SETTINGS),
        instability=instability(apparent, [one.risk for one in drawn], (0.1, 0.3, 0.5), tuning="fixed"),
    ).to_dict()
