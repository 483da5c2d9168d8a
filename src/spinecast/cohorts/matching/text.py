"""A matching in a few lines for a terminal."""

from __future__ import annotations

from spinecast.cohorts.matching.matched import MatchedCohort
from spinecast.cohorts.standardised_differences import effective_size

__all__ = ["matching_text"]

_LONGEST = 46


def matching_text(matched: MatchedCohort) -> str:
    """Say who was matched, and list the standardised differences before and after."""
    treated = int(matched.treated.sum())
    weights = matched.control_weights
    lines = [
        f"treated ({matched.plan.treated_label}): {matched.matched_treated:,} of {treated:,} matched",
        f"controls: {len(weights):,} of {len(matched.treated) - treated:,} used, "
        f"worth {effective_size(weights):,.1f} of equal weight",
        f"caliper: {matched.width:.4g} on the log-odds of the propensity",
        "",
    ]
    rows = [("standardised difference", "before", "after")]
    rows += [(_cut(row.label), _number(row.before), _number(row.after)) for row in matched.balance]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines += [f"{name.ljust(widths[0])}  {one.rjust(widths[1])}  {two.rjust(widths[2])}" for name, one, two in rows]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "not estimable" if value is None else f"{value:.3f}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
