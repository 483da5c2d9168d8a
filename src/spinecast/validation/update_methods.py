"""What each way to update a model does, in words: of one risk, of times, of a quantity, of ordered levels."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CHANGES", "LEVELS_METHODS", "METHODS", "QUANTITY_METHODS", "TIMES_METHODS"]

METHODS: Mapping[str, str] = {
    "intercept": "a new intercept",
    "logistic": "a new intercept and slope",
    "refit": "the model's own algorithms fitted again",
    "closed-test": "the smallest of these changes that the closed test does not reject",
}
TIMES_METHODS: Mapping[str, str] = {
    "level": "a new level of the hazard",
    "level-and-slope": "a new level and slope of the hazard",
    "by-day": "a new level and slope of the hazard at each day",
    "closed-test": METHODS["closed-test"],
}
QUANTITY_METHODS: Mapping[str, str] = {
    "shift": "one shift of all quantiles",
    "scale": "one shift, and another spread about the median",
    "per-level": "a shift of each level by itself",
    "closed-test": "the smallest of these changes that the largest does not beat in patients held out",
}
LEVELS_METHODS: Mapping[str, str] = {
    "common-intercept": "one new intercept for all levels",
    "intercepts": "a new intercept for each level",
    "intercepts-and-slope": "a new intercept for each level, and one slope",
    "lines": "a new intercept and slope for each level",
    "closed-test": METHODS["closed-test"],
}
# A closed test is no change but a choice, and ends in one of the others.
CHANGES: Mapping[str, str] = {
    "original": "no change: the model is kept as it was",
    **METHODS,
    **TIMES_METHODS,
    **QUANTITY_METHODS,
    **LEVELS_METHODS,
}
"""What a report calls a change that was made."""
