"""When an outcome of one assessment says what its name says: a state on a day, or the worst until a day.

Walking on the second day is no walking after 30; no thrombosis by then is no 30 days without one. No standard says how
far from its day a visit may lie: a third of the time to either side is ours.
"""

from __future__ import annotations

from spinecast.clinical.dictionary import variable

__all__ = ["STATE_ON", "WORST_UNTIL", "assessed_in_time", "assessments_end"]

STATE_ON = {
    "ambulation_30d": 30,
    "ambulation_90d": 90,
    "ambulation_180d": 180,
    "nurick_grade_30d": 30,
    "frankel_grade_30d": 30,
    "ecog_30d": 30,
    "functional_outcome_2m": 61,
}
"""Outcomes that are how a patient is on a day after the prediction."""

WORST_UNTIL = {
    "thromboembolism_30d": 30,
    "thromboembolism_90d": 90,
    "complication_grade": 30,
    "any_complication": 30,
    "surgical_site_infection": 90,
}
"""Outcomes that are whatever came by a day: no more than what has come so far is known before it."""

# Parts of the time: whole numbers, so that the last day counts.
_EITHER_SIDE = 3
# A visit a few days before the end misses little of what comes by it.
_BEFORE_THE_END = 10


def assessments_end(name: str) -> int | None:
    """Return the last day on which an outcome is assessed; None where it has no day."""
    day = STATE_ON.get(name, WORST_UNTIL.get(name))
    return None if day is None else day + day // _EITHER_SIDE


def assessed_in_time(name: str, value: str | float, days: float) -> bool:
    """Say whether what was found so many days after a prediction is the outcome by that name.

    Who died before the day is known not to be assessed on it, and the worst that can be found is the worst, whenever.
    That nothing came, or no worse, is known from the end of the time on. An event has its own date: one of long after
    the time did not come in it.

    Parameters
    ----------
    name : str
        An outcome of the dictionary; those without a day of their own are always in time.
    value : str or float
        What was found.
    days : float
        After the prediction.
    """
    end = assessments_end(name)
    if end is None:
        return True
    levels = {level.value: level for level in variable(name).levels}
    if name in STATE_ON:
        begin = 0 if levels[str(value)].died_before else STATE_ON[name] - STATE_ON[name] // _EITHER_SIDE
        return begin <= days <= end
    if str(value) == list(levels)[-1]:
        return days <= end or variable(name).kind != "binary"
    return days >= WORST_UNTIL[name] - WORST_UNTIL[name] // _BEFORE_THE_END
