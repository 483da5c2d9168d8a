"""Drawings of one answer, as SVG that the style sheet colours: no colour and no style stands in them.

Each is named for those who cannot see it, and each shows what also stands beside it as text or in a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from spinecast.reporting.document import Figure
from spinecast.serving.pages.words import days_words, of_hundred, percent

__all__ = ["bar", "drawn", "icon_array", "interval_bars", "levels_bar", "quantity_bars", "risk_curve"]

# One person: a head and shoulders, 10 wide and 18 high.
_PERSON = "a2.5 2.5 0 1 0 .01 0zm-3.4 14.6v-4.6a3.4 3.4 0 0 1 6.8 0v4.6z"
_COLUMNS = 20
_STYLE = re.compile(r' style="([^"]*)"')


def icon_array(risk: float, event: str, otherwise: str) -> Markup:
    """Draw 100 people, those with the event filled.

    Parameters
    ----------
    risk : float
    event, otherwise : str
        What happens to whom.
    """
    filled = round(100 * risk)
    having, others = of_hundred(risk)
    said = f"Of 100 such patients, {having}: {event}; {others}: {otherwise}"
    shapes = [
        f'<path class="{kind}" d="{"".join(_person(place) for place in places)}"/>'
        for kind, places in (("person event", range(filled)), ("person", range(filled, 100)))
        if places
    ]
    return _svg(200, 96, said, "".join(shapes), kind="icons")


def _person(place: int) -> str:
    row, column = divmod(place, _COLUMNS)
    return f"M{10 * column + 5} {19 * row + 1}{_PERSON}"


def interval_bars(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw probabilities with their limits on one axis from 0 to 100 %.

    Parameters
    ----------
    rows : sequence of mapping
        ``label``, ``risk``, ``lower``, ``upper``; ``other`` where it is a what-if.
    """
    height = 30 * len(rows) + 20
    parts = [_axis(height - 18)]
    for number, row in enumerate(rows):
        y, kind = 30 * number + 22, " other" if row.get("other") else ""
        lower, upper, at = (_x(row[name]) for name in ("lower", "upper", "risk"))
        parts.append(
            f'<text class="row" x="{_LEFT}" y="{y - 9}">{escape(row["label"])}</text>'
            f'<rect class="limits{kind}" x="{lower:.2f}" y="{y - 4}" width="{max(upper - lower, 0.5):.2f}" height="8"/>'
            f'<path class="point{kind}" d="M{at:.2f} {y - 7}v14"/>'
        )
    said = "; ".join(
        f"{row['label']}: {percent(row['risk'])}, 95 % limits {percent(row['lower'])} to {percent(row['upper'])}"
        for row in rows
    )
    return _svg(300, height, said, "".join(parts), kind="intervals")


_LEFT, _WIDTH = 8, 284


def _x(share: float) -> float:
    return _LEFT + _WIDTH * share


def _axis(y: float) -> str:
    ticks = "".join(
        f'<path class="tick" d="M{_x(share):.1f} 10V{y}"/>'
        f'<text class="tick" x="{_x(share):.1f}" y="{y + 13}" text-anchor="{anchor}">{round(100 * share)}%</text>'
        for share, anchor in ((0, "start"), (0.25, "middle"), (0.5, "middle"), (0.75, "middle"), (1, "end"))
    )
    return f'{ticks}<path class="axis" d="M{_LEFT} {y}H{_LEFT + _WIDTH}"/>'


def bar(value: float, lowest: float, highest: float) -> Markup:
    """Draw one signed contribution beside its number, from the zero that all of them share.

    Parameters
    ----------
    value, lowest, highest : float
        The contribution, and the ends of all of them; zero lies between.
    """
    span = highest - lowest or 1.0
    zero, end = 100 * -lowest / span, 100 * (value - lowest) / span
    kind = "up" if value > 0 else "down"
    left, width = min(zero, end), abs(end - zero)
    return Markup(
        '<svg class="signed" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="{kind}" x="{left:.2f}" y="1" width="{width:.2f}" height="8"/>'
        f'<path class="zero" d="M{zero:.2f} 0v10"/></svg>'
    )


def risk_curve(
    curve: Mapping[str, Sequence[float]], marks: Sequence[Mapping[str, Any]], *, survival: bool, last: float
) -> Markup:
    """Draw the chance over time with its band.

    Parameters
    ----------
    curve : mapping
        ``days``, ``risk``, ``lower``, ``upper``.
    marks : sequence of mapping
        The days that stand in the table beside it: ``day``, ``risk``.
    survival : bool
        Whether the share without the event is drawn, as survival is, or the share with it.
    last : float
        Last day shown.
    """

    def y(risk: float) -> float:
        return 12 + 130 * (risk if survival else 1 - risk)

    def x(day: float) -> float:
        return 34 + 258 * day / last

    days = [0.0, *(day for day in curve["days"] if day <= last)]
    rows = {name: [0.0, *curve[name]][: len(days)] for name in ("risk", "lower", "upper")}
    line = "M" + "L".join(f"{x(day):.1f} {y(risk):.1f}" for day, risk in zip(days, rows["risk"], strict=True))
    outward = [f"{x(day):.1f} {y(risk):.1f}" for day, risk in zip(days, rows["lower"], strict=True)]
    back = [f"{x(day):.1f} {y(risk):.1f}" for day, risk in zip(days, rows["upper"], strict=True)][::-1]
    grid = "".join(
        f'<path class="tick" d="M34 {12 + 130 * (1 - share):.1f}H292"/>'
        f'<text class="tick" x="30" y="{16 + 130 * (1 - share):.1f}" text-anchor="end">{round(100 * share)}%</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    dots = "".join(f'<circle class="dot" cx="{x(one["day"]):.1f}" cy="{y(one["risk"]):.1f}" r="3"/>' for one in marks)
    ticks = "".join(
        f'<path class="axis" d="M{x(day):.1f} 142v4"/>'
        f'<text class="tick" x="{x(day):.1f}" y="158" text-anchor="{"end" if day == last else "middle"}">{text}</text>'
        for day, text in _time_ticks(last)
    )
    what = "without the event" if survival else "with the event"
    said = f"Share {what} over time: " + "; ".join(
        f"{days_words(one['day'])} {percent(1 - one['risk'] if survival else one['risk'])}" for one in marks
    )
    return _svg(
        300,
        164,
        said,
        f'{grid}<path class="band" d="M{"L".join([*outward, *back])}z"/><path class="axis" d="M34 142H292"/>{ticks}'
        f'<path class="line" d="{line}"/>{dots}',
        kind="curve",
    )


def _time_ticks(last: float) -> list[tuple[float, str]]:
    step = next(one for one in (7, 14, 30.4375, 91.3125, 182.625, 365.25, 730.5, 1e9) if last / one <= 5)
    unit, size = ("weeks", 7) if step < 30 else ("months", 30.4375) if step < 365 else ("years", 365.25)
    days = [step * number for number in range(int(last / step) + 1)]
    return [(day, f"{day / size:.0f}" if day < days[-1] else f"{day / size:.0f} {unit}") for day in days]


def levels_bar(levels: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the chances of ordered levels as one bar; the table beside it names them.

    Parameters
    ----------
    levels : sequence of mapping
        ``label``, ``probability``, lowest level first.
    """
    parts, left = [], 0.0
    for number, one in enumerate(levels):
        width = 300 * one["probability"]
        shade = round(6 * number / max(len(levels) - 1, 1))
        parts.append(f'<rect class="level shade-{shade}" x="{left:.2f}" y="2" width="{width:.2f}" height="26"/>')
        grade = str(one["label"]).partition(":")[0]
        if width > 7 * len(grade) + 6:
            middle = f'x="{left + width / 2:.1f}" y="20" text-anchor="middle"'
            parts.append(f'<text class="level shade-{shade}" {middle}>{escape(grade)}</text>')
        left += width
    said = "; ".join(f"{one['label']}: {percent(one['probability'])}" for one in levels)
    return _svg(300, 30, said, "".join(parts), kind="levels")


def quantity_bars(intervals: Sequence[Mapping[str, float]], median: float, unit: str, words: Any) -> Markup:
    """Draw the intervals of a quantity, the widest lightest, and its median.

    Parameters
    ----------
    intervals : sequence of mapping
        ``stated``, ``lower``, ``upper``.
    median : float
    unit : str
    words : callable
        Writes a number of that unit.
    """
    # From zero, or from below where a quantity may be negative.
    least, most = min(0.0, *(one["lower"] for one in intervals)), max(one["upper"] for one in intervals)

    def x(value: float) -> float:
        return _LEFT + _WIDTH * (value - least) / (most - least or 1.0)

    parts = [
        f'<rect class="limits share-{number}" x="{x(one["lower"]):.2f}" y="{12 - 3 * number}" '
        f'width="{x(one["upper"]) - x(one["lower"]):.2f}" height="{8 + 6 * number}"/>'
        for number, one in enumerate(sorted(intervals, key=lambda one: -one["stated"]))
    ]
    ends = "".join(
        f'<text class="tick" x="{x(value):.1f}" y="46" text-anchor="{anchor}">{escape(words(value))}</text>'
        for value, anchor in ((least, "start"), ((least + most) / 2, "middle"), (most, "end"))
    )
    said = f"Median {words(median)} {unit}; " + "; ".join(
        f"{percent(one['stated'])} of such patients from {words(one['lower'])} to {words(one['upper'])} {unit}"
        for one in intervals
    )
    drawn = (
        f'{"".join(parts)}<path class="point" d="M{x(median):.2f} 3v26"/><path class="axis" d="M{_LEFT} 33H292"/>{ends}'
    )
    return _svg(300, 50, said, drawn, kind="intervals")


def drawn(figure: Figure) -> Markup:
    """Put a figure of a report into a page, whose policy allows no styles: each becomes an attribute of the same name.

    Colours are those of paper; the style sheet lays paper under them.
    """
    opening = figure.svg.index(">")
    box = re.search(r'viewBox="[^"]*"', figure.svg[:opening])
    if box is None:
        raise ValueError(f"figure {figure.key!r} holds no SVG element with a viewBox")
    fonts = re.search(r'font-family="[^"]*"', figure.svg[:opening])
    named = f'role="img" aria-label="{escape(figure.alternative)}" focusable="false"'
    inside = _STYLE.sub(lambda found: "".join(_attributes(found[1])), figure.svg[opening + 1 :])
    return Markup(f'<svg class="report" {box[0]} {fonts[0] if fonts else ""} {named}>{inside}')


def _attributes(style: str) -> Iterator[str]:
    for declaration in filter(None, map(str.strip, style.split(";"))):
        name, _, value = declaration.partition(":")
        yield f' {name.strip()}="{value.strip()}"'


def _svg(width: int, height: int, said: str, inside: str, *, kind: str) -> Markup:
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(said)}" focusable="false">'
        f"{inside}</svg>"
    )
