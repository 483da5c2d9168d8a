"""Events observed over the follow-up beside those that cumulative hazards expect: calibration at no single day."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.survival.follow_up import check_values

__all__ = ["observed_expected_events"]

EXACT = "Poisson count over its expectation, exact interval"


def observed_expected_events(event: ArrayLike, cumulative_hazard: ArrayLike) -> Measure:
    """Events observed over events expected during everybody's own follow-up; 1 is perfect, above 1 risks are too low.

    Expected is the sum of each patient's predicted cumulative hazard up to the end of their own follow-up (Crowson,
    Atkinson & Therneau 2016, Stat Methods Med Res 25:1692; Berry 1983, Biometrics 39:173): a standardised ratio, which
    needs no estimate of the censoring. Of competing events it is the ratio of one, with its own cause-specific hazard.
    The count is Poisson around what is expected: exact interval (Garwood 1936, Biometrika 28:437).

    Parameters
    ----------
    event : array-like of shape (n,)
        1 where the event ended the follow-up, else 0.
    cumulative_hazard : array-like of shape (n,)
        Predicted up to the end of each patient's own follow-up; not negative.

    Returns
    -------
    Estimate or Absent
        Absent where no event was expected.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, an event is neither 0 nor 1, or a hazard is negative.
    """
    happened = np.asarray(event, dtype=np.float64)
    hazard = check_values(cumulative_hazard, "cumulative_hazard", happened.size)
    if not np.isin(happened, (0, 1)).all():
        raise ValueError("an event is neither 0 nor 1")
    if hazard.min(initial=0.0) < 0:
        raise ValueError("a cumulative hazard is negative")
    expected, count = float(hazard.sum()), int(happened.sum())
    if not expected > 0:
        return Absent("no event was expected: all cumulative hazards are 0")
    lower = float(gammaincinv(count, 0.025)) if count else 0.0
    upper = float(gammaincinv(count + 1, 0.975))
    return Estimate(count / expected, lower / expected, upper / expected, happened.size, count, EXACT)
