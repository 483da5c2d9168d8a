"""Times as FHIR writes them: to the day or finer, with the offset of where they were written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from spinecast.documents.json_text import MalformedError

__all__ = ["Moment", "newest_of", "read_moment", "years_between"]

_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_DAYS_OF_A_YEAR = 365.25

# What is taken where only the year, or year and month, are known.
_MIDDLE = {1: (7, 1), 2: (15,), 3: ()}

# By how much a record system's clock, or a day that has begun further east, may be ahead of ours.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Moment:
    """When something was so.

    Parameters
    ----------
    at : datetime
        UTC; of a day, month or year its beginning.
    exact : bool
        Whether more than a day is known of it.
    written : str
        Its date as it was written there, to the day or coarser: in UTC it may be the day before or after.
    """

    at: datetime
    exact: bool
    written: str

    def days_before(self, now: datetime) -> int:
        """Return for how many whole days it has been so; 0 on the day itself."""
        return max(0, (now - self.at).days)

    def is_ahead_of(self, now: datetime) -> bool:
        """Say whether it is still to come."""
        return self.at - now > _AHEAD

    def is_same_as(self, other: Moment) -> bool:
        """Say whether both may be the same time: of a day nobody knows the hour, of a month nobody the day."""
        if self.exact and other.exact:
            return self.at == other.at
        return self.written.startswith(other.written) or other.written.startswith(self.written)

    def text(self) -> str:
        """Return its date."""
        return self.written


def newest_of(moments: Sequence[Moment]) -> Moment:
    """Return the newest: of two with their hours the later, otherwise that of the later date as it was written."""
    exact = max((one for one in moments if one.exact), key=lambda one: one.at, default=None)
    coarse = max((one for one in moments if not one.exact), key=lambda one: one.written, default=None)
    if exact is None or coarse is None:
        found = exact or coarse
        assert found is not None
        return found
    return coarse if coarse.written > exact.written else exact


def read_moment(text: str, pointer: str) -> Moment:
    """Read a FHIR date, dateTime or instant.

    Raises
    ------
    MalformedError
        If it is none, or a time without an offset, which nobody could place.
    """
    expected = "a date or time of FHIR, such as 2026-03-02T08:15:00+01:00"
    try:
        partial = _PARTIAL.fullmatch(text)
        if partial is not None:
            year, month, day = (int(part or 1) for part in partial.groups())
            return Moment(datetime(year, month, day, tzinfo=UTC), exact=False, written=text)
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise MalformedError("a time without an offset", pointer=pointer, expected=expected)
        return Moment(found.astimezone(UTC), exact=True, written=found.date().isoformat())
    except (ValueError, OverflowError) as error:
        raise MalformedError(f"{text[:40]!r} is no time", pointer=pointer, expected=expected) from error


def years_between(born: str, now: datetime, pointer: str) -> tuple[float, bool]:
    """Return somebody's age in years, and whether the day of their birth is known.

    Of a month or a year alone its middle is taken, which is wrong by half of it at most.

    Raises
    ------
    MalformedError
        If the date is none, or is still to come.
    """
    parts = [int(part) for part in born.split("-")]
    year, month, day = [*parts, *_MIDDLE[len(parts)]]
    try:
        since = date(year, month, day)
    except ValueError as error:
        raise MalformedError(f"{born!r} is no date", pointer=pointer, expected="a date such as 1962-05-17") from error
    days = (now.date() - since).days
    if days < 0 and len(parts) < 3:
        days = 0
    if days < -_AHEAD.days:
        raise MalformedError("a date of birth that is still to come", pointer=pointer, expected="a date in the past")
    return max(0, days) / _DAYS_OF_A_YEAR, len(parts) == 3
