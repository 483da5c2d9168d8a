"""One published result: what a paper printed about one model, one outcome and one group of patients."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["ALL", "Flag", "PublishedResult", "horizon_days", "outcome_label", "outcome_name"]

ALL = "all"
"""Said of outcomes and stages: whatever it is."""

MAIN_OUTCOME = "mortality"
"""What a bare horizon such as ``90d`` means."""

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_HORIZON = re.compile(r"(\d{1,4})([dwmy])")
_UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}


@dataclass(frozen=True)
class Flag:
    """Something known to be wrong or doubtful with a printed value, which stands uncorrected beside it.

    Parameters
    ----------
    code : str
        Such as ``pooled_at_imputed_value``.
    why : str
        What is wrong.
    """

    code: str
    why: str


@dataclass(frozen=True)
class PublishedResult:
    """One row of a table of published results; numbers are as printed, absent ones are None, absent texts empty.

    Parameters
    ----------
    id : str
        Unique in its table.
    study : str
        First author and year, as shown.
    place : str
        File and line.
    alternative_to : str
        The row of the same patients that this one can stand for, such as an analysis of complete cases.
    year : int or None
        Of the paper.
    reference : str
        Its number in the review.
    stage : str
        ``training``, ``internal`` or ``external``.
    outcome, horizon : str
        What was predicted, such as ``mortality``, and by when, such as ``90d``, ``6w`` or ``1y``. Survival by a horizon
        counts as mortality: an AUC is the same for an event and its complement.
    population, model, method : str
        Whose outcome, predicted by what, and how it was validated (``k-fold``, ``split``, ``bootstrap``) or computed.
    n, events : int or None
        Patients, and those with the outcome.
    event_proportion : float or None
        Share with the outcome, as printed.
    auc, lower, upper : float or None
        AUC with the limits of its 95 % interval.
    ratio, ratio_lower, ratio_upper : float or None
        Observed to expected ratio with the limits of its 95 % interval.
    expected : float or None
        Number of events the model expected.
    intercept, intercept_lower, intercept_upper : float or None
        Calibration-in-the-large with the limits of its 95 % interval.
    printed : str
        The AUC with its interval as the source writes it.
    flags : tuple of Flag
        Known errors and doubts.
    cohort, centre : str
        The patients, and where they were treated, where another row may hold the same ones.
    source, table, citation : str
        Where the row was read, and the paper that reports it.
    """

    id: str
    study: str
    place: str
    alternative_to: str = ""
    year: int | None = None
    reference: str = ""
    stage: str = ""
    outcome: str = ""
    horizon: str = ""
    population: str = ""
    model: str = ""
    method: str = ""
    n: int | None = None
    events: int | None = None
    event_proportion: float | None = None
    auc: float | None = None
    lower: float | None = None
    upper: float | None = None
    ratio: float | None = None
    ratio_lower: float | None = None
    ratio_upper: float | None = None
    expected: float | None = None
    intercept: float | None = None
    intercept_lower: float | None = None
    intercept_upper: float | None = None
    printed: str = ""
    flags: tuple[Flag, ...] = field(default=())
    cohort: str = ""
    centre: str = ""
    source: str = ""
    table: str = ""
    citation: str = ""

    @property
    def outcome_name(self) -> str:
        """Outcome and horizon as one name, such as ``mortality_90d``."""
        return outcome_name(self.outcome, self.horizon)

    @property
    def patients(self) -> str:
        """What the row shares with rows of the same patients: its cohort, else its paper."""
        return self.cohort or (f"reference {self.reference}" if self.reference else self.study)

    @property
    def excludes_itself(self) -> bool:
        """Whether the printed interval does not hold its own estimate."""
        if self.auc is None or self.lower is None or self.upper is None:
            return False
        return not self.lower <= self.auc <= self.upper


def outcome_name(outcome: str, horizon: str) -> str:
    """Join an outcome and its horizon."""
    return f"{outcome}_{horizon}" if horizon and outcome else outcome or horizon


def outcome_label(name: str) -> str:
    """Write the name of an outcome as a person does: ``mortality_90d`` becomes "90-day mortality".

    Examples
    --------
    >>> outcome_label("mortality_90d"), outcome_label("massive_blood_loss"), outcome_label("all")
    ('90-day mortality', 'massive blood loss', 'all outcomes')
    """
    if name == ALL:
        return "all outcomes"
    outcome, _, last = name.rpartition("_")
    found = _HORIZON.fullmatch(last)
    if not found:
        return name.replace("_", " ")
    return f"{found[1]}-{_UNITS[found[2]]} {outcome.replace('_', ' ') or MAIN_OUTCOME}"


def horizon_days(horizon: str) -> int | None:
    """Return a horizon in days, a month as 30 and a year as 365, or None when it is not written as one.

    Examples
    --------
    >>> horizon_days("6w"), horizon_days("1y"), horizon_days("soon")
    (42, 365, None)
    """
    found = _HORIZON.fullmatch(horizon)
    return int(found[1]) * _DAYS[found[2]] if found else None
