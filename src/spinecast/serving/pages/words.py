"""How the page writes numbers: as few digits as a decision can use, and never a certainty that nobody has."""

from __future__ import annotations

from spinecast.reporting import formatting as fmt

__all__ = ["days_words", "labelled_days", "of_hundred", "percent", "points", "quantity", "signed"]

_DAYS = {30.0: "30 days", 42.0: "6 weeks", 90.0: "90 days", 180.0: "6 months", 365.0: "1 year", 730.0: "2 years"}


def percent(share: float) -> str:
    """Write a probability in whole percent; nearer than 1 % to an end, in tenths; never as 0 or 100 %.

    Examples
    --------
    >>> percent(0.4799), percent(0.004), percent(0.00001), percent(0.9999)
    ('48%', '0.4%', '<0.1%', '>99.9%')
    """
    if share < 0.0005:
        return "<0.1%"
    text = fmt.percentage(share, 1 if share < 0.00995 or share > 0.99005 else 0)
    # Asked of the text: which side of a half the last bit of a product falls on is not known beforehand.
    return ">99.9%" if text == "100.0%" else text


def of_hundred(risk: float) -> tuple[str, str]:
    """Say of how many of 100 such patients something is true, and of how many not; never of none, never of all.

    Examples
    --------
    >>> of_hundred(0.48), of_hundred(0.004)
    (('48', '52'), ('fewer than 1', 'more than 99'))
    """
    return _whole(round(100 * risk)), _whole(100 - round(100 * risk))


def _whole(of_100: int) -> str:
    return {0: "fewer than 1", 100: "more than 99"}.get(of_100, str(of_100))


def points(width: float) -> str:
    """Write a difference of probabilities in percentage points."""
    return f"{100 * width:.0f} percentage points" if round(100 * width) != 1 else "1 percentage point"


def signed(value: float) -> str:
    """Write a contribution with its sign."""
    return fmt.number(value, 2, signed=True)


def quantity(value: float) -> str:
    """Write an amount in three significant digits: more would feign a precision that no quantile has."""
    return fmt.significant(float(f"{value:.3g}"))


def days_words(day: float) -> str:
    """Name a time as a clinician does."""
    return _DAYS.get(day, f"{day:g} day" if day == 1 else f"{day:g} days")


def labelled_days(day: float) -> str:
    """Name a time, and its day where the name does not say it."""
    return f"{_DAYS[day]} (day {day:g})" if day in _DAYS and "days" not in _DAYS[day] else days_words(day)
